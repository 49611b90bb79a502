package activities_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/activities"
	"deskbridge/providers"
)

// directory is a desk of which only the users matter.
type directory struct {
	providers.Desk
	users  []providers.User
	race   *providers.User // is there by the time that somebody is created
	create int
	// updates are those that were asked for.
	updates []providers.UserUpdate
	lacks   []providers.Identity
}

func (d *directory) FindUsers(_ context.Context, query providers.UserQuery) ([]providers.User, error) {
	if slices.Contains(d.lacks, query.By) {
		return nil, providers.Unsupported
	}
	var found []providers.User
	for _, user := range d.users {
		value := map[providers.Identity]string{providers.ByEmployeeNumber: user.EmployeeNumber, providers.ByLogin: user.Login, providers.ByEmail: user.Email}[query.By]
		if strings.EqualFold(value, query.Value) {
			found = append(found, user)
		}
	}
	return found, nil
}

func (d *directory) CreateUser(_ context.Context, user providers.NewUser) (providers.User, error) {
	d.create++
	if d.race != nil {
		d.users = append(d.users, *d.race)
		return providers.User{}, providers.Conflict
	}
	created := providers.User{ID: "new", Login: user.Login, Email: user.Email, EmployeeNumber: user.EmployeeNumber, Active: true}
	d.users = append(d.users, created)
	return created, nil
}

func (d *directory) UpdateUser(_ context.Context, update providers.UserUpdate) (providers.User, error) {
	d.updates = append(d.updates, update)
	for i := range d.users {
		if d.users[i].ID == update.UserID {
			if update.Active != nil {
				d.users[i].Active = *update.Active
			}
			return d.users[i], nil
		}
	}
	return providers.User{}, providers.NotFound
}

var joiner = activities.Person{EmployeeNumber: " E1 ", Login: "Anna", Email: "ANNA@example.test", DisplayName: "Anna"}

func ensure(t *testing.T, d *directory, reactivate bool) (activities.EnsuredUser, error) {
	t.Helper()
	desk := &activities.Desk{Desk: d, Match: []providers.Identity{providers.ByEmployeeNumber, providers.ByLogin, providers.ByEmail}, Reactivate: reactivate}
	return desk.EnsureUser(t.Context(), joiner)
}

func TestAUserIsMatchedInTheConfiguredOrder(t *testing.T) {
	user, err := ensure(t, &directory{users: []providers.User{
		{ID: "by-mail", Email: "anna@example.test", Active: true}, {ID: "by-number", EmployeeNumber: "e1", Active: true},
	}}, true)
	require.NoError(t, err)
	require.Equal(t, activities.EnsuredUser{UserID: "by-number"}, user)
}

func TestAUserWhoIsNotThereIsCreatedOnce(t *testing.T) {
	d := &directory{}
	user, err := ensure(t, d, true)
	require.NoError(t, err)
	require.Equal(t, activities.EnsuredUser{UserID: "new", Created: true}, user)
	again, err := ensure(t, d, true)
	require.NoError(t, err)
	require.Equal(t, activities.EnsuredUser{UserID: "new"}, again)
	require.Equal(t, 1, d.create)
}

func TestAUserWhoWasCreatedMeanwhileIsFound(t *testing.T) {
	user, err := ensure(t, &directory{race: &providers.User{ID: "other", Login: "anna", Active: true}}, true)
	require.NoError(t, err)
	require.Equal(t, activities.EnsuredUser{UserID: "other"}, user)
}

func TestMoreThanOneMatchIsAnErrorThatNamesThem(t *testing.T) {
	_, err := ensure(t, &directory{users: []providers.User{{ID: "7", Login: "anna"}, {ID: "8", Login: "ANNA"}}}, true)
	require.ErrorIs(t, err, providers.Ambiguous)
	require.ErrorContains(t, err, "7, 8")
	require.NotContains(t, strings.ToLower(err.Error()), "anna")
	_, err = ensure(t, &directory{race: &providers.User{ID: "9", Login: "x"}}, true)
	require.ErrorIs(t, err, providers.Ambiguous, "the login is taken by somebody who does not match")
}

func TestAnInactiveUserIsReactivatedOrStopsAsConfigured(t *testing.T) {
	d := &directory{users: []providers.User{{ID: "7", Login: "anna"}}}
	_, err := ensure(t, d, false)
	require.ErrorIs(t, err, providers.Misconfigured)
	require.ErrorContains(t, err, "inactive_users")
	user, err := ensure(t, d, true)
	require.NoError(t, err)
	require.Equal(t, activities.EnsuredUser{UserID: "7", Reactivated: true}, user)
	require.True(t, d.users[0].Active)
}

func TestIdentitiesThatTheDeskDoesNotHaveArePassedOverButNotAllOfThem(t *testing.T) {
	d := &directory{lacks: []providers.Identity{providers.ByEmployeeNumber}, users: []providers.User{{ID: "7", Login: "anna", Active: true}}}
	user, err := ensure(t, d, true)
	require.NoError(t, err)
	require.Equal(t, activities.EnsuredUser{UserID: "7"}, user)
	d.lacks = append(d.lacks, providers.ByLogin, providers.ByEmail)
	_, err = ensure(t, d, true)
	require.ErrorIs(t, err, providers.Unsupported)
	require.Zero(t, d.create, "who cannot be found is not created")
}
