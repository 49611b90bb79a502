package servicenow

import (
	"context"
	"maps"
	"slices"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/unique"
)

const users = "sys_user"

var userFields = []string{"sys_id", "user_name", "email", "employee_number", "first_name", "last_name", "active"}

// FindUsers implements [providers.UserFinder].
func (d *Desk) FindUsers(ctx context.Context, asked providers.UserQuery) ([]providers.User, error) {
	const op = "find users"
	field := map[providers.Identity]string{
		providers.ByEmail: "email", providers.ByLogin: "user_name", providers.ByEmployeeNumber: "employee_number",
	}[asked.By]
	value := strings.TrimSpace(asked.Value)
	if field == "" || value == "" {
		return nil, d.client.Failf(op, providers.Invalid, "the %s is empty", asked.By)
	}
	found, err := d.tables.records(ctx, op, query{table: users, where: field + "=" + quote(value) + "^ORDERBYsys_created_on", fields: userFields, limit: maxPageSize})
	if err != nil {
		return nil, d.client.Explain(err, providers.Forbidden, op, "no right to read users; let the account read sys_user")
	}
	var matching []providers.User
	for _, row := range found.records {
		if strings.EqualFold(row.value(field), value) {
			matching = append(matching, user(row))
		}
	}
	if len(matching) == 0 && len(found.records) > 0 {
		return nil, d.client.Failf(op, providers.Misconfigured, "ServiceNow ignored the condition on %s; let the account read that field of sys_user", field)
	}
	return matching, nil
}

// CreateUser implements [providers.UserCreator]. The login is the e-mail address if none is given.
func (d *Desk) CreateUser(ctx context.Context, user providers.NewUser) (providers.User, error) {
	const op = "create user"
	if user.Login == "" {
		user.Login = user.Email
	}
	fields := map[string]string{"user_name": user.Login, "email": user.Email}
	fields["first_name"], fields["last_name"] = text.Names(user.DisplayName, user.Login)
	if user.EmployeeNumber != "" {
		fields["employee_number"] = user.EmployeeNumber
	}
	if err := d.checkFields(ctx, op, users, user.Attributes); err != nil {
		return providers.User{}, err
	}
	maps.Copy(fields, user.Attributes)
	if err := unique.Check(ctx, d.client, op, d, "", user.Login, user.Email); err != nil {
		return providers.User{}, err
	}
	sysID, err := d.tables.insert(ctx, op, users, fields)
	if err != nil {
		return providers.User{}, d.client.Explain(err, providers.Forbidden, op, "no right to create users; grant the account user_admin or an ACL on sys_user")
	}
	if sysID == "" {
		return providers.User{}, d.client.Failf(op, providers.UnknownOutcome, "the answer names no user")
	}
	return d.readBack(ctx, op, sysID, fields)
}

// UpdateUser implements [providers.UserUpdater].
func (d *Desk) UpdateUser(ctx context.Context, update providers.UserUpdate) (providers.User, error) {
	const op = "update user"
	before, err := d.one(ctx, op, users, update.UserID, nil)
	if err != nil {
		return providers.User{}, err
	}
	fields := map[string]string{}
	for name, value := range update.Attributes {
		if _, known := before[name]; !known {
			return providers.User{}, d.client.Failf(op, providers.Invalid, "sys_user has no field %q, or the account may not see it", name)
		}
		fields[name] = value
	}
	if update.Login != nil {
		fields["user_name"] = *update.Login
	}
	if update.Email != nil {
		fields["email"] = *update.Email
	}
	if update.DisplayName != nil {
		fields["first_name"], fields["last_name"] = text.Names(*update.DisplayName, before.value("user_name"))
	}
	if update.Active != nil {
		fields["active"] = map[bool]string{true: "true", false: "false"}[*update.Active]
	}
	if err := unique.Check(ctx, d.client, op, d, update.UserID, unique.Given(update.Login), unique.Given(update.Email)); err != nil {
		return providers.User{}, err
	}
	if err := d.tables.update(ctx, op, users, update.UserID, fields); err != nil {
		return providers.User{}, d.client.Explain(err, providers.Forbidden, op, "no right to change users; grant the account user_admin or an ACL on sys_user")
	}
	return d.readBack(ctx, op, update.UserID, fields)
}

// readBack returns a user after a write and tells which fields ServiceNow did not take.
func (d *Desk) readBack(ctx context.Context, op, sysID string, want map[string]string) (providers.User, error) {
	row, err := d.one(ctx, op, users, sysID, append(slices.Sorted(maps.Keys(want)), userFields...))
	if err != nil {
		return providers.User{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		took := row.value(name) == want[name] || row.display(name) == want[name]
		if name == "active" { // true, or 1 by SOAP
			took = user(row).Active == (want[name] == "true")
		}
		if !took {
			return providers.User{}, d.client.Failf(op, providers.Invalid, "ServiceNow did not take field %s of the user; it has no such field, or the account may not write it", name)
		}
	}
	return user(row), nil
}

// DeactivateUser implements [providers.UserDeactivator].
func (d *Desk) DeactivateUser(ctx context.Context, userID string) error {
	return flow.Deactivate(ctx, d, userID)
}
