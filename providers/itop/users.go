package itop

import (
	"context"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/unique"
)

// FindUsers implements [providers.UserFinder].
func (d *Desk) FindUsers(ctx context.Context, asked providers.UserQuery) ([]providers.User, error) {
	const op = "find users"
	value := strings.TrimSpace(asked.Value)
	field := map[providers.Identity]string{providers.ByEmail: "email", providers.ByEmployeeNumber: "employee_number"}[asked.By]
	switch {
	case value == "":
		return nil, d.client.Failf(op, providers.Invalid, "the %s is empty", asked.By)
	case field == "":
		return nil, d.client.Failf(op, providers.Unsupported, "a person of iTop has no %s; match users by employee number or e-mail address", asked.By)
	}
	found, _, err := d.find(ctx, op, "Person", field+" = "+quote(value), personFields)
	var matching []providers.User
	for _, row := range found {
		if strings.EqualFold(row.text(field), value) {
			matching = append(matching, user(row))
		}
	}
	return matching, err
}

// CreateUser implements [providers.UserCreator]. iTop refuses attributes that it does not have.
func (d *Desk) CreateUser(ctx context.Context, user providers.NewUser) (providers.User, error) {
	const op = "create user"
	if err := unique.Check(ctx, d.client, op, d, "", "", user.Email); err != nil {
		return providers.User{}, err
	}
	organization, err := d.findOrganization(ctx, op)
	if err != nil {
		return providers.User{}, err
	}
	fields := map[string]any{"org_id": organization, "email": user.Email, "status": "active"}
	fields["first_name"], fields["name"] = text.Names(user.DisplayName, user.Login)
	if user.EmployeeNumber != "" {
		fields["employee_number"] = user.EmployeeNumber
	}
	for name, value := range user.Attributes {
		fields[name] = value
	}
	return d.writePerson(ctx, op, operation{Operation: "core/create", Fields: fields})
}

// findOrganization looks up the organization of new persons.
func (d *Desk) findOrganization(ctx context.Context, op string) (string, error) {
	found, _, err := d.find(ctx, op, "Organization", "name = "+quote(d.config.Organization), "name")
	if err == nil && len(found) == 0 {
		err = d.client.Failf(op, providers.Misconfigured, "organization %q does not exist, or the account does not see it; correct organization", d.config.Organization)
	}
	if err != nil {
		return "", err
	}
	return found[0].Key, nil
}

func (d *Desk) writePerson(ctx context.Context, op string, change operation) (providers.User, error) {
	change.Class, change.Output, change.Comment = "Person", personFields, "Deskbridge"
	said, err := d.run(ctx, d.client.Write, op, change)
	if err != nil {
		return providers.User{}, err
	}
	if len(said.Objects) != 1 {
		return providers.User{}, d.client.Failf(op, providers.UnknownOutcome, "the answer names no person")
	}
	return user(said.sorted()[0]), nil
}

func (d *Desk) person(ctx context.Context, op, userID string) (object, error) {
	if err := d.checkID(op, userID); err != nil {
		return object{}, err
	}
	found, _, err := d.find(ctx, op, "Person", "id = "+userID, personFields)
	if err == nil && len(found) == 0 {
		err = d.client.Failf(op, providers.NotFound, "no such person, or the account may not read it")
	}
	if err != nil {
		return object{}, err
	}
	return found[0], nil
}

// UpdateUser implements [providers.UserUpdater].
func (d *Desk) UpdateUser(ctx context.Context, update providers.UserUpdate) (providers.User, error) {
	const op = "update user"
	before, err := d.person(ctx, op, update.UserID)
	if err != nil {
		return providers.User{}, err
	}
	if update.Login != nil && *update.Login != "" {
		return providers.User{}, d.client.Failf(op, providers.Unsupported, "a person of iTop has no login")
	}
	if err := unique.Check(ctx, d.client, op, d, update.UserID, "", unique.Given(update.Email)); err != nil {
		return providers.User{}, err
	}
	fields := map[string]any{}
	for name, value := range update.Attributes {
		fields[name] = value
	}
	if update.Email != nil {
		fields["email"] = *update.Email
	}
	if update.DisplayName != nil {
		fields["first_name"], fields["name"] = text.Names(*update.DisplayName, before.text("email"))
	}
	if update.Active != nil {
		fields["status"] = map[bool]string{true: "active", false: "inactive"}[*update.Active]
	}
	if len(fields) == 0 {
		return user(before), nil
	}
	after, err := d.writePerson(ctx, op, operation{Operation: "core/update", Key: update.UserID, Fields: fields})
	if err == nil && update.Active != nil && after.Active != *update.Active {
		err = d.client.Failf(op, providers.Invalid, "iTop kept the person's status")
	}
	return after, err
}

// DeactivateUser implements [providers.UserDeactivator].
func (d *Desk) DeactivateUser(ctx context.Context, userID string) error {
	return flow.Deactivate(ctx, d, userID)
}
