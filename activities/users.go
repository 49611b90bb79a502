package activities

import (
	"context"
	"errors"
	"fmt"
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
	// Created and Reactivated say what had to be done.
	Created, Reactivated bool
}

// EnsureUser makes sure that a person exists at the desk: found by the configured identities in
// their order, created if there is none. More than one match is [providers.Ambiguous], never a guess.
func (d *Desk) EnsureUser(ctx context.Context, person Person) (EnsuredUser, error) {
	found, err := d.matchUser(ctx, person)
	if err != nil {
		return EnsuredUser{}, err
	}
	if found != nil {
		return d.activeUser(ctx, *found)
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
	if found, lookErr := d.matchUser(ctx, person); lookErr != nil || found != nil {
		if lookErr != nil {
			return EnsuredUser{}, lookErr
		}
		return d.activeUser(ctx, *found)
	}
	return EnsuredUser{}, fmt.Errorf("ensure user: %w: login or e-mail address belong to a user that none of %v matches; add an identity to match, or mend the user at the desk", providers.Ambiguous, d.Match)
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

func (d *Desk) activeUser(ctx context.Context, user providers.User) (EnsuredUser, error) {
	if user.Active {
		return EnsuredUser{UserID: user.ID}, nil
	}
	if !d.Reactivate {
		return EnsuredUser{}, fmt.Errorf("ensure user: %w: user %s is deactivated; activate the user at the desk, or set inactive_users to reactivate", providers.Misconfigured, user.ID)
	}
	updater, err := providers.As[providers.UserUpdater](d.Desk)
	if err != nil {
		return EnsuredUser{}, err
	}
	active := true
	_, err = updater.UpdateUser(ctx, providers.UserUpdate{UserID: user.ID, Active: &active})
	return EnsuredUser{UserID: user.ID, Reactivated: err == nil}, err
}
