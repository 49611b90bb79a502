package bmc

import (
	"context"
	"maps"
	"net/http"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/unique"
)

const (
	statusEnabled = "Enabled"
	statusOffline = "Offline"
	peopleCure    = "give the account the permission Contact People Admin"
)

var peopleFields = []string{"Person ID", "First Name", "Last Name", "Internet E-mail", "Remedy Login ID", "Corporate ID", "Profile Status"}

// identityFields are the fields of a person by which people are known.
var identityFields = map[providers.Identity]string{
	providers.ByEmail: "Internet E-mail", providers.ByLogin: "Remedy Login ID", providers.ByEmployeeNumber: "Corporate ID",
}

// FindUsers implements [providers.UserFinder]. Whether letter case matters is the database's;
// where it does, people have to be kept in the case in which they are asked for.
func (d *Desk) FindUsers(ctx context.Context, asked providers.UserQuery) ([]providers.User, error) {
	const op = "find users"
	field, value := identityFields[asked.By], strings.TrimSpace(asked.Value)
	if field == "" || value == "" {
		return nil, d.client.Failf(op, providers.Invalid, "the %s is empty", asked.By)
	}
	found, _, err := d.entries(ctx, op, query{form: formPeople, where: is(field, "=", value), fields: peopleFields, sort: "Person ID.asc", limit: maxPageSize})
	if err != nil {
		return nil, d.client.Explain(err, providers.Forbidden, op, "no right to read people; %s", peopleCure)
	}
	var users []providers.User
	for _, row := range found {
		if strings.EqualFold(row[field], value) {
			users = append(users, user(row))
		}
	}
	return users, nil
}

// person reads a person by the ID.
func (d *Desk) person(ctx context.Context, op, personID string) (entry, error) {
	if err := d.checkID(op, personID); err != nil {
		return nil, err
	}
	found, _, err := d.entries(ctx, op, query{form: formPeople, where: is("Person ID", "=", personID), fields: peopleFields, sort: "Person ID.asc", limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0]["Person ID"] != personID {
		return nil, d.client.Failf(op, providers.NotFound, "no such person, or the account may not read it")
	}
	return found[0], nil
}

// CreateUser implements [providers.UserCreator]. The login is the e-mail address if none is given.
func (d *Desk) CreateUser(ctx context.Context, user providers.NewUser) (providers.User, error) {
	const op = "create user"
	if user.Login == "" {
		user.Login = user.Email
	}
	fields := map[string]string{
		"Company": d.config.Company, "Client Type": "Office-Based Employee", "Support Staff": "No", "Profile Status": statusEnabled,
		"Internet E-mail": user.Email, "Remedy Login ID": user.Login, "Corporate ID": user.EmployeeNumber,
	}
	fields["First Name"], fields["Last Name"] = text.Names(user.DisplayName, user.Login)
	maps.Copy(fields, user.Attributes)
	if err := unique.Check(ctx, d.client, op, d, "", user.Login, user.Email); err != nil {
		return providers.User{}, err
	}
	answer, err := d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/api/arsys/v1/entry/{form}", Params: map[string]string{"form": formPeople}, JSON: map[string]any{"values": fields},
	})
	if err != nil {
		return providers.User{}, d.client.Explain(err, providers.Forbidden, op, "no right to create people; %s", peopleCure)
	}
	return d.readUser(ctx, op, answer.CreatedID())
}

func (d *Desk) readUser(ctx context.Context, op, personID string) (providers.User, error) {
	row, err := d.person(ctx, op, personID)
	if err != nil {
		return providers.User{}, err
	}
	return user(row), nil
}

// UpdateUser implements [providers.UserUpdater]. AR System refuses fields that it does not have.
func (d *Desk) UpdateUser(ctx context.Context, update providers.UserUpdate) (providers.User, error) {
	const op = "update user"
	if _, err := d.person(ctx, op, update.UserID); err != nil {
		return providers.User{}, err
	}
	fields := maps.Clone(update.Attributes)
	if fields == nil {
		fields = map[string]string{}
	}
	if update.Login != nil {
		fields["Remedy Login ID"] = *update.Login
	}
	if update.Email != nil {
		fields["Internet E-mail"] = *update.Email
	}
	if update.DisplayName != nil {
		fields["First Name"], fields["Last Name"] = text.Names(*update.DisplayName, update.UserID)
	}
	if update.Active != nil {
		fields["Profile Status"] = map[bool]string{true: statusEnabled, false: statusOffline}[*update.Active]
	}
	if err := unique.Check(ctx, d.client, op, d, update.UserID, unique.Given(update.Login), unique.Given(update.Email)); err != nil {
		return providers.User{}, err
	}
	_, err := d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPut, Path: "/api/arsys/v1/entry/{form}/{id}", Params: map[string]string{"form": formPeople, "id": update.UserID}, JSON: map[string]any{"values": fields},
	})
	if err != nil {
		return providers.User{}, d.client.Explain(err, providers.Forbidden, op, "no right to change people; %s", peopleCure)
	}
	after, err := d.readUser(ctx, op, update.UserID)
	if err == nil && update.Active != nil && after.Active != *update.Active {
		return providers.User{}, d.client.Failf(op, providers.Invalid, "BMC kept the person's Profile Status; a rule of the desk does not allow the change")
	}
	return after, err
}

// DeactivateUser implements [providers.UserDeactivator].
func (d *Desk) DeactivateUser(ctx context.Context, userID string) error {
	return flow.Deactivate(ctx, d, userID)
}
