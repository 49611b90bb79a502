package providertest

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
)

func (s *suite) userCases() []testCase {
	find := func(t *testing.T, by providers.Identity, value string) []providers.User {
		t.Helper()
		users, err := s.desk.FindUsers(t.Context(), providers.UserQuery{By: by, Value: value})
		require.NoError(t, err)
		return users
	}
	return []testCase{
		{"a user is found by each identity, whatever the letter case and spaces", func(t *testing.T) {
			want := s.newUser()
			created, err := s.desk.CreateUser(t.Context(), want)
			require.NoError(t, err)
			require.True(t, created.Active)
			require.Equal(t, want.DisplayName, created.DisplayName)
			if s.Traits.OwnLogins {
				want.Login = cmp.Or(created.Login, want.Login)
			}
			values := map[providers.Identity]string{
				providers.ByEmail: want.Email, providers.ByLogin: want.Login, providers.ByEmployeeNumber: want.EmployeeNumber,
			}
			for by, value := range values {
				if !slices.Contains(s.Traits.Identities, by) {
					_, err := s.desk.FindUsers(t.Context(), providers.UserQuery{By: by, Value: value})
					s.requireKind(t, providers.Unsupported, err)
					continue
				}
				require.Equal(t, []providers.User{created}, find(t, by, value), by)
				require.Equal(t, []providers.User{created}, find(t, by, " "+strings.ToUpper(value)+" "), by)
			}
		}},
		{"a user that is not there is no error", func(t *testing.T) {
			require.Empty(t, find(t, providers.ByEmail, s.unique("nobody")+"@example.test"))
			if slices.Contains(s.Traits.Identities, providers.ByLogin) {
				require.Empty(t, find(t, providers.ByLogin, s.unique("nobody")))
			}
		}},
		{"a user that exists is not created again", func(t *testing.T) {
			want := s.newUser()
			_, err := s.desk.CreateUser(t.Context(), want)
			require.NoError(t, err)
			_, err = s.desk.CreateUser(t.Context(), want)
			s.requireKind(t, providers.Conflict, err, want.Login)
			other := want
			other.Login = s.unique("other")
			_, err = s.desk.CreateUser(t.Context(), other)
			s.requireKind(t, providers.Conflict, err, want.Login)
			require.Len(t, find(t, providers.ByEmail, want.Email), 1)
		}},
		{"an apostrophe is part of an address, and what looks like a query finds nobody", func(t *testing.T) {
			want := s.newUser()
			want.Email = "o'" + want.Email
			want.DisplayName = "Anna O'Nowak"
			created, err := s.desk.CreateUser(t.Context(), want)
			require.NoError(t, err)
			require.Equal(t, []providers.User{created}, find(t, providers.ByEmail, want.Email))
			for _, value := range []string{"x' OR '1'='1", `x" OR "1"="1`, "x%", want.Email[:len(want.Email)-1] + "%", `x\`, "*", "^"} {
				require.Empty(t, find(t, providers.ByEmail, value), value)
			}
		}},
		{"an update is read back and keeps the ID, a new login too where there can be one", func(t *testing.T) {
			user := s.user(t)
			login, name := user.Login, "Anna Nowak-Kowal"
			if s.Traits.Renames {
				login = s.unique("renamed")
			}
			updated, err := as[providers.UserUpdater](t, s.desk).UpdateUser(t.Context(), providers.UserUpdate{
				UserID: user.ID, Login: &login, DisplayName: &name, Attributes: map[string]string{s.Attribute: "Acme & Söhne"},
			})
			require.NoError(t, err)
			require.Equal(t, user.ID, updated.ID)
			require.Equal(t, login, updated.Login)
			require.Equal(t, name, updated.DisplayName)
			require.Equal(t, user.Email, updated.Email, "what was not given is left alone")
		}},
		{"an update to an address in use is a conflict, whatever the desk answers", func(t *testing.T) {
			first, second := s.user(t), s.user(t)
			_, err := as[providers.UserUpdater](t, s.desk).UpdateUser(t.Context(), providers.UserUpdate{UserID: second.ID, Email: &first.Email})
			s.requireKind(t, providers.Conflict, err)
		}},
		{"an update of a field that the desk does not have is an error", func(t *testing.T) {
			user := s.user(t)
			_, err := as[providers.UserUpdater](t, s.desk).UpdateUser(t.Context(), providers.UserUpdate{UserID: user.ID, Attributes: map[string]string{"NoSuchField": "x"}})
			s.requireKind(t, providers.Invalid, err)
		}},
		{"a deactivated user is found as inactive and can be activated again", func(t *testing.T) {
			deactivator := as[providers.UserDeactivator](t, s.desk)
			user := s.user(t)
			require.NoError(t, deactivator.DeactivateUser(t.Context(), user.ID))
			require.NoError(t, deactivator.DeactivateUser(t.Context(), user.ID), "again is no error")
			users := find(t, providers.ByEmail, user.Email)
			require.Len(t, users, 1)
			require.False(t, users[0].Active)
			active := true
			again, err := as[providers.UserUpdater](t, s.desk).UpdateUser(t.Context(), providers.UserUpdate{UserID: user.ID, Active: &active})
			require.NoError(t, err)
			require.True(t, again.Active)
		}},
		{"a user that never was is not found", func(t *testing.T) {
			s.requireKind(t, providers.NotFound, as[providers.UserDeactivator](t, s.desk).DeactivateUser(t.Context(), s.MissingUserID))
		}},
		{"an empty identity is refused, for it would match anybody", func(t *testing.T) {
			_, err := s.desk.FindUsers(t.Context(), providers.UserQuery{By: providers.ByEmail, Value: " "})
			s.requireKind(t, providers.Invalid, err)
		}},
	}
}
