package ivanti

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
	field := map[providers.Identity]string{
		providers.ByEmail: "PrimaryEmail", providers.ByLogin: "LoginID", providers.ByEmployeeNumber: d.config.EmployeeField,
	}[asked.By]
	switch {
	case value == "":
		return nil, d.client.Failf(op, providers.Invalid, "the %s is empty", asked.By)
	case field == "":
		return nil, d.client.Failf(op, providers.Unsupported, "name the field of employees that holds the employee number in employee_field")
	}
	found, err := d.records(ctx, op, employees, query{where: is(field, value)})
	var matching []providers.User
	for _, row := range found.records {
		if strings.EqualFold(row.text(field), value) {
			matching = append(matching, d.user(row))
		}
	}
	return matching, err
}

// CreateUser implements [providers.UserCreator]. Ivanti refuses fields that it does not have.
func (d *Desk) CreateUser(ctx context.Context, user providers.NewUser) (providers.User, error) {
	const op = "create user"
	if err := unique.Check(ctx, d.client, op, d, "", user.Login, user.Email); err != nil {
		return providers.User{}, err
	}
	fields := map[string]any{"PrimaryEmail": user.Email, "Status": "Active"}
	fields["FirstName"], fields["LastName"] = text.Names(user.DisplayName, user.Login)
	if user.Login != "" {
		fields["LoginID"] = user.Login
	}
	if user.EmployeeNumber != "" && d.config.EmployeeField != "" {
		fields[d.config.EmployeeField] = user.EmployeeNumber
	}
	for name, value := range user.Attributes {
		fields[name] = value
	}
	created, err := d.create(ctx, op, employees, fields)
	if err == nil && created.text("RecId") == "" {
		err = d.client.Failf(op, providers.UnknownOutcome, "the answer names no employee")
	}
	if err != nil {
		return providers.User{}, err
	}
	return d.user(created), nil
}

// UpdateUser implements [providers.UserUpdater].
func (d *Desk) UpdateUser(ctx context.Context, update providers.UserUpdate) (providers.User, error) {
	const op = "update user"
	before, err := d.one(ctx, op, employees, update.UserID)
	if err != nil {
		return providers.User{}, err
	}
	if err := unique.Check(ctx, d.client, op, d, update.UserID, unique.Given(update.Login), unique.Given(update.Email)); err != nil {
		return providers.User{}, err
	}
	fields := map[string]any{}
	for name, value := range update.Attributes {
		fields[name] = value
	}
	for name, value := range map[string]*string{"LoginID": update.Login, "PrimaryEmail": update.Email} {
		if value != nil {
			fields[name] = *value
		}
	}
	if update.DisplayName != nil {
		fields["FirstName"], fields["LastName"] = text.Names(*update.DisplayName, before.text("LoginID"))
	}
	if update.Active != nil {
		fields["Status"] = map[bool]string{true: "Active", false: d.config.InactiveStatus}[*update.Active]
	}
	if len(fields) > 0 {
		if err := d.update(ctx, op, employees, update.UserID, fields); err != nil {
			return providers.User{}, err
		}
	}
	row, err := d.one(ctx, op, employees, update.UserID)
	if err != nil {
		return providers.User{}, err
	}
	after := d.user(row)
	if update.Active != nil && after.Active != *update.Active {
		return providers.User{}, d.client.Failf(op, providers.Invalid, "Ivanti kept the employee's status; a business rule may not allow the change, or inactive_status names none")
	}
	return after, nil
}

// DeactivateUser implements [providers.UserDeactivator].
func (d *Desk) DeactivateUser(ctx context.Context, userID string) error {
	return flow.Deactivate(ctx, d, userID)
}
