package servicedeskplus

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/unique"
)

// FindUsers implements [providers.UserFinder].
func (d *Desk) FindUsers(ctx context.Context, asked providers.UserQuery) ([]providers.User, error) {
	const op = "find users"
	value := strings.TrimSpace(asked.Value)
	field := map[providers.Identity]string{
		providers.ByEmail: "email_id", providers.ByLogin: "login_name", providers.ByEmployeeNumber: "employee_id",
	}[asked.By]
	if value == "" || field == "" {
		return nil, d.client.Failf(op, providers.Invalid, "the %s is empty", asked.By)
	}
	var answer struct{ Users []person }
	_, err := d.run(ctx, d.client.Read, rest.Call{Op: op, Method: http.MethodGet, Path: "/users"}, listed(listInfo{
		Criteria: []criterion{{Field: field, Condition: "is", Values: []string{value}}}, Rows: d.config.PageSize, Start: 1,
	}), &answer)
	if err != nil {
		return nil, d.client.Explain(err, providers.Forbidden, op, "no right to read users; give the technician a role that may")
	}
	var matching []providers.User
	for _, row := range answer.Users {
		user := row.user()
		has := map[providers.Identity]string{providers.ByEmail: user.Email, providers.ByLogin: user.Login, providers.ByEmployeeNumber: user.EmployeeNumber}[asked.By]
		if strings.EqualFold(has, value) {
			matching = append(matching, user)
		}
	}
	return matching, nil
}

// CreateUser implements [providers.UserCreator]. The desk refuses fields that it does not have.
func (d *Desk) CreateUser(ctx context.Context, user providers.NewUser) (providers.User, error) {
	const op = "create user"
	if err := unique.Check(ctx, d.client, op, d, "", user.Login, user.Email); err != nil {
		return providers.User{}, err
	}
	fields := map[string]any{"name": cmp.Or(text.Line(user.DisplayName), user.Login, user.Email), "email_id": user.Email}
	if user.Login != "" {
		fields["login_name"] = user.Login
	}
	if user.EmployeeNumber != "" {
		fields["employee_id"] = user.EmployeeNumber
	}
	for name, value := range user.Attributes {
		fields[name] = value
	}
	return d.writeUser(ctx, rest.Call{Op: op, Method: http.MethodPost, Path: "/users"}, fields)
}

func (d *Desk) writeUser(ctx context.Context, call rest.Call, fields map[string]any) (providers.User, error) {
	var answer struct{ User person }
	_, err := d.run(ctx, d.client.Write, call, map[string]any{"user": fields}, &answer)
	if err == nil && answer.User.ID == "" {
		err = d.client.Failf(call.Op, providers.UnknownOutcome, "the answer names no user")
	}
	if err != nil {
		return providers.User{}, d.client.Explain(err, providers.Forbidden, call.Op, "no right to write users; give the technician a role that may")
	}
	return answer.User.user(), nil
}

// UpdateUser implements [providers.UserUpdater]. How a user is activated is not known.
func (d *Desk) UpdateUser(ctx context.Context, update providers.UserUpdate) (providers.User, error) {
	const op = "update user"
	if err := flow.CheckNumber(d.client, op, update.UserID); err != nil {
		return providers.User{}, err
	}
	if update.Active != nil && !*update.Active {
		return providers.User{}, d.client.Failf(op, providers.Unsupported, "users are deactivated in ServiceDesk Plus only")
	}
	if err := unique.Check(ctx, d.client, op, d, update.UserID, unique.Given(update.Login), unique.Given(update.Email)); err != nil {
		return providers.User{}, err
	}
	fields := map[string]any{}
	for name, value := range update.Attributes {
		fields[name] = value
	}
	for name, value := range map[string]*string{"login_name": update.Login, "email_id": update.Email, "name": update.DisplayName} {
		if value != nil {
			fields[name] = *value
		}
	}
	return d.writeUser(ctx, rest.Call{Op: op, Method: http.MethodPut, Path: "/users/{id}", Params: map[string]string{"id": update.UserID}}, fields)
}
