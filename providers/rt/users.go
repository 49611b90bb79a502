package rt

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
)

// condition is one row of a search by JSON; rows with different fields are joined by AND.
type condition struct {
	Field    string `json:"field"`
	Operator string `json:"operator,omitempty"`
	Value    string `json:"value"`
}

// FindUsers implements [providers.UserFinder]. RT ignores a condition on a field that it does
// not know and then lists everybody, so each row is compared again.
func (d *Desk) FindUsers(ctx context.Context, query providers.UserQuery) ([]providers.User, error) {
	const op = "find users"
	value := strings.TrimSpace(query.Value)
	field := map[providers.Identity]string{
		providers.ByEmail: "EmailAddress", providers.ByLogin: "Name",
		providers.ByEmployeeNumber: "CustomField.{" + d.config.EmployeeField + "}",
	}[query.By]
	switch {
	case field == "" || query.By == providers.ByEmployeeNumber && d.config.EmployeeField == "":
		return nil, d.client.Failf(op, providers.Unsupported, "this connection does not match users by %s; see employee_field", query.By)
	case value == "":
		return nil, d.client.Failf(op, providers.Invalid, "the %s is empty", query.By)
	}
	rows, err := d.searchUsers(ctx, op, condition{Field: field, Value: value})
	if err != nil {
		return nil, err
	}
	var users []providers.User
	for _, row := range rows {
		if !strings.EqualFold(d.identity(row, query.By), value) {
			continue
		}
		user, err := d.fetchUser(ctx, op, string(row.ID))
		if err != nil {
			return nil, err
		}
		users = append(users, user)
	}
	if len(users) == 0 && len(rows) > 0 {
		return nil, d.client.Failf(op, providers.Misconfigured, "RT ignored the condition on %s; create that field, or grant the account SeeCustomField and AdminUsers", field)
	}
	return users, nil
}

func (d *Desk) identity(row wireUser, by providers.Identity) string {
	switch by {
	case providers.ByEmail:
		return row.EmailAddress
	case providers.ByLogin:
		return row.Name
	default:
		return row.CustomFields.value(d.config.EmployeeField)
	}
}

func (d *Desk) searchUsers(ctx context.Context, op string, where condition) ([]wireUser, error) {
	var found page[wireUser]
	_, err := d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/users", JSON: []condition{where}, Into: &found,
		Query: url.Values{
			"fields": {"id,Name,EmailAddress,CustomFields"}, "find_disabled_rows": {"1"},
			"per_page": {strconv.Itoa(maxPageSize)},
		},
	})
	return found.Items, err
}

func (d *Desk) fetchUser(ctx context.Context, op, id string) (providers.User, error) {
	var wire wireUser
	if err := d.get(ctx, op, "/user/{id}", id, &wire); err != nil {
		return providers.User{}, err
	}
	if wire.Disabled == nil {
		return providers.User{}, d.client.Failf(op, providers.Forbidden, "RT shows only a part of users; grant the account AdminUsers")
	}
	return d.user(wire), nil
}

// CreateUser implements [providers.UserCreator]. The login is the e-mail address if none is given.
func (d *Desk) CreateUser(ctx context.Context, user providers.NewUser) (providers.User, error) {
	const op = "create user"
	body := map[string]any{"Name": user.Login, "EmailAddress": user.Email, "RealName": user.DisplayName, "Privileged": 0}
	if user.Login == "" {
		body["Name"] = user.Email
	}
	for name, value := range user.Attributes {
		body[name] = value
	}
	if user.EmployeeNumber != "" && d.config.EmployeeField != "" {
		body["CustomFields"] = map[string]string{d.config.EmployeeField: user.EmployeeNumber}
	}
	var created reference
	answer, err := d.client.Write(ctx, rest.Call{Op: op, Method: http.MethodPost, Path: "/user", JSON: body, Into: &created})
	if err != nil {
		return providers.User{}, d.client.Explain(err, providers.Forbidden, op, "no right to create users; grant the account AdminUsers")
	}
	return d.readBack(ctx, op, answer.CreatedID(), user.Attributes)
}

// UpdateUser implements [providers.UserUpdater].
func (d *Desk) UpdateUser(ctx context.Context, update providers.UserUpdate) (providers.User, error) {
	const op = "update user"
	want := maps.Clone(update.Attributes)
	if want == nil {
		want = map[string]string{}
	}
	for name, value := range map[string]*string{"Name": update.Login, "EmailAddress": update.Email, "RealName": update.DisplayName} {
		if value != nil {
			want[name] = *value
		}
	}
	if update.Active != nil {
		want["Disabled"] = map[bool]string{true: "0", false: "1"}[*update.Active]
	}
	if _, err := d.fetchUser(ctx, op, update.UserID); err != nil {
		return providers.User{}, err
	}
	if err := d.putUser(ctx, op, update.UserID, want); err != nil {
		return providers.User{}, err
	}
	return d.readBack(ctx, op, update.UserID, want)
}

func (d *Desk) putUser(ctx context.Context, op, id string, fields map[string]string) error {
	var messages []string
	_, err := d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPut, Path: "/user/{id}", JSON: fields, Into: &messages,
		Params: map[string]string{"id": id},
	})
	if err == nil && written(messages, "in use") {
		return d.client.Failf(op, providers.Conflict, "login or e-mail address are in use")
	}
	return err
}

// readBack returns a user after a write and tells which fields RT did not take.
func (d *Desk) readBack(ctx context.Context, op, id string, want map[string]string) (providers.User, error) {
	var raw json.RawMessage
	if err := d.get(ctx, op, "/user/{id}", id, &raw); err != nil {
		return providers.User{}, err
	}
	var fields map[string]any
	var wire wireUser
	if json.Unmarshal(raw, &fields) != nil || json.Unmarshal(raw, &wire) != nil {
		return providers.User{}, d.client.Failf(op, providers.Malformed, "the user is not the JSON that was expected")
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got, _ := fields[name].(string); got != want[name] {
			return providers.User{}, d.client.Failf(op, providers.Invalid, "RT did not take field %s; it has no such field, or the account lacks AdminUsers", name)
		}
	}
	return d.user(wire), nil
}

// DeactivateUser implements [providers.UserDeactivator].
func (d *Desk) DeactivateUser(ctx context.Context, userID string) error {
	return flow.Deactivate(ctx, d, userID)
}
