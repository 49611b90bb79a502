package activities

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"deskbridge/providers"
)

// Person is somebody as Activate knows them.
type Person struct {
	EmployeeNumber string `json:"employee_number,omitempty" yaml:"employee_number"`
	// Login is the AD login: sAMAccountName or user principal name.
	Login       string            `json:"login,omitempty" yaml:"login"`
	Email       string            `json:"email,omitempty" yaml:"email"`
	DisplayName string            `json:"display_name,omitempty" yaml:"display_name"`
	Attributes  map[string]string `json:"attributes,omitempty" yaml:"attributes"`
	// Known are keyed hashes of the identities, made where the request comes in: by them a person
	// is found again without a name or an address in a search attribute or an ID.
	Known []string `json:"known,omitempty" yaml:"-"`
}

func (p Person) identity(by providers.Identity) string {
	switch by {
	case providers.ByEmployeeNumber:
		return strings.TrimSpace(p.EmployeeNumber)
	case providers.ByLogin:
		return strings.TrimSpace(p.Login)
	default:
		return strings.TrimSpace(p.Email)
	}
}

// EnsuredUser is a user who exists at the desk.
type EnsuredUser struct {
	// UserID is the desk's own.
	UserID string
	// Created, Reactivated and Updated say what had to be done.
	Created, Reactivated bool
	Updated              bool `json:",omitempty"`
	// Missing says that nobody matches, and that nothing was done.
	Missing bool `json:",omitempty"`
}

// EnsureUser makes sure that a person exists at the desk: found by the configured identities in
// their order, created if there is none. More than one match is [providers.Ambiguous], never a guess.
func (d *Desk) EnsureUser(ctx context.Context, person Person) (EnsuredUser, error) {
	if err := d.awaitSearch(ctx); err != nil {
		return EnsuredUser{}, err
	}
	ensured, err := d.MatchUser(ctx, person)
	if err != nil || !ensured.Missing {
		return ensured, err
	}
	creator, err := providers.As[providers.UserCreator](d.Desk)
	if err != nil {
		return EnsuredUser{}, err
	}
	created, err := creator.CreateUser(ctx, providers.NewUser{
		Login: strings.TrimSpace(person.Login), Email: strings.TrimSpace(person.Email),
		EmployeeNumber: strings.TrimSpace(person.EmployeeNumber), DisplayName: person.DisplayName, Attributes: person.Attributes,
	})
	if !errors.Is(err, providers.Conflict) {
		return EnsuredUser{UserID: created.ID, Created: err == nil}, err
	}
	// Somebody created the user meanwhile, or a user with this login or address matches otherwise.
	if ensured, err = d.MatchUser(ctx, person); err != nil || !ensured.Missing {
		return ensured, err
	}
	return EnsuredUser{}, fmt.Errorf("ensure user: %w: login or e-mail address belong to a user that none of %v matches; add an identity to match, or mend the user at the desk", providers.Ambiguous, d.Match)
}

// MatchUser finds a person at the desk as [Desk.EnsureUser] does, and creates nobody.
func (d *Desk) MatchUser(ctx context.Context, person Person) (EnsuredUser, error) {
	found, err := d.matchUser(ctx, person)
	if err != nil {
		return EnsuredUser{}, err
	}
	if found == nil {
		return EnsuredUser{Missing: true}, nil
	}
	return d.presentUser(ctx, *found, person, d.Authoritative)
}

// matchUser returns nil if nobody matches. Identities that the desk does not have are passed
// over, but not all of them: then nobody could be found.
func (d *Desk) matchUser(ctx context.Context, person Person) (*providers.User, error) {
	finder, err := providers.As[providers.UserFinder](d.Desk)
	if err != nil {
		return nil, err
	}
	var unsupported error
	asked := false
	for _, by := range d.Match {
		value := person.identity(by)
		if value == "" {
			continue
		}
		users, err := finder.FindUsers(ctx, providers.UserQuery{By: by, Value: value})
		if errors.Is(err, providers.Unsupported) {
			unsupported = err
			continue
		}
		if err != nil {
			return nil, err
		}
		asked = true
		if len(users) > 1 {
			ids := make([]string, len(users))
			for i, user := range users {
				ids[i] = user.ID
			}
			return nil, fmt.Errorf("ensure user: %w: %d users match by %s: IDs %s; merge or correct them at the desk", providers.Ambiguous, len(users), by, strings.Join(ids, ", "))
		}
		if len(users) == 1 {
			return &users[0], nil
		}
	}
	if !asked {
		return nil, unsupported
	}
	return nil, nil
}

// presentUser activates a user who was found, and brings those fields up to date that Activate is
// the authority for.
func (d *Desk) presentUser(ctx context.Context, user providers.User, person Person, authoritative []string) (EnsuredUser, error) {
	update := changesOf(user, person, authoritative)
	ensured := EnsuredUser{UserID: user.ID, Updated: changes(update)}
	if !user.Active {
		if !d.Reactivate {
			return EnsuredUser{}, fmt.Errorf("ensure user: %w: user %s is deactivated; activate the user at the desk, or set inactive_users to reactivate", providers.Misconfigured, user.ID)
		}
		active := true
		update.Active, ensured.Reactivated = &active, true
	}
	if !ensured.Updated && !ensured.Reactivated {
		return ensured, nil
	}
	updater, err := providers.As[providers.UserUpdater](d.Desk)
	if err != nil {
		return EnsuredUser{}, err
	}
	_, err = updater.UpdateUser(ctx, update)
	return ensured, err
}

// The fields that Activate can be the authority for.
const (
	FieldDisplayName = "display_name"
	FieldEmail       = "email"
	FieldLogin       = "login"
	FieldAttributes  = "attributes"
)

// UserFields lists the fields that Activate can be the authority for.
func UserFields() []string {
	return []string{FieldDisplayName, FieldEmail, FieldLogin, FieldAttributes}
}

// changesOf tells which of these fields differ at the desk. Attributes cannot be read there, so
// that they are written whenever they are given.
func changesOf(user providers.User, person Person, fields []string) providers.UserUpdate {
	update := providers.UserUpdate{UserID: user.ID}
	set := func(field string, into **string, known, wanted string, equal func(a, b string) bool) {
		wanted = strings.TrimSpace(wanted)
		if slices.Contains(fields, field) && wanted != "" && !equal(strings.TrimSpace(known), wanted) {
			*into = &wanted
		}
	}
	same := func(a, b string) bool { return a == b }
	set(FieldDisplayName, &update.DisplayName, user.DisplayName, person.DisplayName, same)
	set(FieldEmail, &update.Email, user.Email, person.Email, strings.EqualFold)
	set(FieldLogin, &update.Login, user.Login, person.Login, strings.EqualFold)
	if slices.Contains(fields, FieldAttributes) && len(person.Attributes) > 0 {
		update.Attributes = person.Attributes
	}
	return update
}

func changes(update providers.UserUpdate) bool {
	return update.Login != nil || update.Email != nil || update.DisplayName != nil || len(update.Attributes) > 0
}

// Account is what became of a leaver's account at the desk.
type Account string

// What became of a leaver's account.
const (
	AccountDeactivated Account = "deactivated"
	// AccountAbsent: nobody at the desk matches.
	AccountAbsent Account = "absent"
	// AccountProtected: the account is one of those that are never deactivated.
	AccountProtected Account = "protected"
	// AccountUnsupported: this desk lets nobody deactivate; a person must.
	AccountUnsupported Account = "unsupported"
	// AccountRefused: the desk refuses to deactivate it; a person must.
	AccountRefused Account = "refused"
)

// LeftUser is a leaver at the desk.
type LeftUser struct {
	UserID  string `json:",omitempty"`
	Account Account
}

// DeactivateUser deactivates a person's account, unless it is protected. Again is no error.
func (d *Desk) DeactivateUser(ctx context.Context, person Person) (LeftUser, error) {
	left, deactivator, err := d.leaver(ctx, person)
	if err != nil || deactivator == nil {
		return left, err
	}
	return left, deactivator.DeactivateUser(ctx, left.UserID)
}

// leaver finds a person's account and says what becomes of it; the deactivator is nil where there
// is nothing to do.
func (d *Desk) leaver(ctx context.Context, person Person) (LeftUser, providers.UserDeactivator, error) {
	if d.isProtected(person.Login, person.Email, person.EmployeeNumber) {
		return LeftUser{Account: AccountProtected}, nil, nil
	}
	found, err := d.matchUser(ctx, person)
	switch {
	case err != nil:
		return LeftUser{}, nil, err
	case found == nil:
		return LeftUser{Account: AccountAbsent}, nil, nil
	case d.isProtected(found.Login, found.Email, found.EmployeeNumber):
		return LeftUser{UserID: found.ID, Account: AccountProtected}, nil, nil
	case !found.Active:
		return LeftUser{UserID: found.ID, Account: AccountDeactivated}, nil, nil
	}
	deactivator, err := providers.As[providers.UserDeactivator](d.Desk)
	if err != nil {
		return LeftUser{UserID: found.ID, Account: AccountUnsupported}, nil, nil //nolint:nilerr // it is the answer
	}
	return LeftUser{UserID: found.ID, Account: AccountDeactivated}, deactivator, nil
}

// isProtected holds an account's identities against the connection's patterns.
func (d *Desk) isProtected(identities ...string) bool {
	for _, pattern := range d.Protected {
		for _, identity := range identities {
			if matched, _ := path.Match(strings.ToLower(pattern), strings.ToLower(strings.TrimSpace(identity))); matched && identity != "" {
				return true
			}
		}
	}
	return false
}

// FindUsers finds users at the desk by one identity.
func (d *Desk) FindUsers(ctx context.Context, query providers.UserQuery) ([]providers.User, error) {
	finder, err := providers.As[providers.UserFinder](d.Desk)
	if err != nil {
		return nil, err
	}
	return finder.FindUsers(ctx, query)
}

// UpdateUser changes the fields of a user that are given.
func (d *Desk) UpdateUser(ctx context.Context, update providers.UserUpdate) (providers.User, error) {
	updater, err := providers.As[providers.UserUpdater](d.Desk)
	if err != nil {
		return providers.User{}, err
	}
	return updater.UpdateUser(ctx, update)
}
