package zendesk

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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
	if value == "" {
		return nil, d.client.Failf(op, providers.Invalid, "the %s is empty", asked.By)
	}
	query, is := url.Values{}, func(providers.User) string { return "" }
	switch asked.By {
	case providers.ByEmail:
		query.Set("query", "email:"+quote(value))
		is = func(user providers.User) string { return user.Email }
	case providers.ByLogin:
		query.Set("external_id", strings.ToLower(value))
		is = func(user providers.User) string { return user.Login }
	case providers.ByEmployeeNumber:
		if d.config.EmployeeField == "" {
			return nil, d.client.Failf(op, providers.Unsupported, "Zendesk has no employee number; name the user field that holds it in employee_field")
		}
		query.Set("query", d.config.EmployeeField+":"+quote(value))
		is = func(user providers.User) string { return user.EmployeeNumber }
	}
	var answer struct{ Users []person }
	if _, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/api/v2/users/search", Query: query, Into: &answer}); err != nil {
		return nil, d.client.Explain(err, providers.Forbidden, op, "no right to search users; make the account an administrator")
	}
	var matching []providers.User
	for _, found := range answer.Users { // the search matches parts of values too
		if user := d.user(found); strings.EqualFold(is(user), value) {
			matching = append(matching, user)
		}
	}
	return matching, nil
}

// quote makes a value one term of Zendesk's search.
func quote(value string) string { return `"` + strings.ReplaceAll(value, `"`, "") + `"` }

// settable are the fields of a user that may be given as attributes, beside user fields.
var settable = []string{"alias", "details", "locale", "notes", "phone", "signature", "time_zone"}

// fields puts attributes to a user's fields; user fields are known by an existing user's.
func (d *Desk) fields(op string, known person, attributes map[string]string, fields map[string]any) error {
	custom := map[string]any{}
	for name, value := range attributes {
		_, isField := known.field(name)
		switch {
		case slices.Contains(settable, name):
			fields[name] = value
		case isField:
			custom[name] = value
		default:
			return d.client.Failf(op, providers.Invalid, "Zendesk has no user field %q; want one of %s, or the key of a user field", name, strings.Join(settable, ", "))
		}
	}
	if len(custom) > 0 {
		fields["user_fields"] = custom
	}
	return nil
}

// CreateUser implements [providers.UserCreator].
func (d *Desk) CreateUser(ctx context.Context, user providers.NewUser) (providers.User, error) {
	const op = "create user"
	if err := unique.Check(ctx, d.client, op, d, "", user.Login, user.Email); err != nil {
		return providers.User{}, err
	}
	me, err := d.me(ctx, op)
	if err != nil {
		return providers.User{}, err
	}
	fields := map[string]any{"name": cmp.Or(text.Line(user.DisplayName), user.Login, user.Email), "email": user.Email, "role": "end-user"}
	if user.Login != "" {
		fields["external_id"] = strings.ToLower(user.Login)
	}
	attributes := map[string]string{}
	maps.Copy(attributes, user.Attributes)
	if d.config.EmployeeField != "" && user.EmployeeNumber != "" {
		attributes[d.config.EmployeeField] = user.EmployeeNumber
	}
	if err := d.fields(op, me, attributes, fields); err != nil {
		return providers.User{}, err
	}
	var created struct{ User person }
	_, err = d.client.Write(ctx, rest.Call{Op: op, Method: http.MethodPost, Path: "/api/v2/users", JSON: map[string]any{"user": fields}, Into: &created})
	if err != nil {
		return providers.User{}, d.client.Explain(err, providers.Forbidden, op, "no right to create users; make the account an administrator")
	}
	if created.User.id() == "0" {
		return providers.User{}, d.client.Failf(op, providers.UnknownOutcome, "the answer names no user")
	}
	return d.user(created.User), nil
}

// me is the account itself, which has every user field.
func (d *Desk) me(ctx context.Context, op string) (person, error) {
	var answer struct{ User person }
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/api/v2/users/me", Into: &answer})
	if err == nil && answer.User.id() == "0" {
		err = d.client.Failf(op, providers.Unauthenticated, "Zendesk knows nobody by these credentials") // it answers an anonymous user
	}
	return answer.User, err
}

func (d *Desk) person(ctx context.Context, op, userID string) (person, error) {
	if err := flow.CheckNumber(d.client, op, userID); err != nil {
		return nil, err
	}
	var answer struct{ User person }
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/api/v2/users/{id}", Params: map[string]string{"id": userID}, Into: &answer})
	return answer.User, err
}

// UpdateUser implements [providers.UserUpdater].
func (d *Desk) UpdateUser(ctx context.Context, update providers.UserUpdate) (providers.User, error) {
	const op = "update user"
	before, err := d.person(ctx, op, update.UserID)
	if err != nil {
		return providers.User{}, err
	}
	fields := map[string]any{}
	if err := d.fields(op, before, update.Attributes, fields); err != nil {
		return providers.User{}, err
	}
	if err := unique.Check(ctx, d.client, op, d, update.UserID, unique.Given(update.Login), unique.Given(update.Email)); err != nil {
		return providers.User{}, err
	}
	if update.Login != nil {
		fields["external_id"] = strings.ToLower(*update.Login)
	}
	if update.DisplayName != nil {
		fields["name"] = *update.DisplayName
	}
	if update.Active != nil {
		fields["suspended"] = !*update.Active
	}
	if len(fields) > 0 {
		_, err = d.client.Write(ctx, rest.Call{
			Op: op, Method: http.MethodPut, Path: "/api/v2/users/{id}", Params: map[string]string{"id": update.UserID}, JSON: map[string]any{"user": fields},
		})
		if err != nil {
			return providers.User{}, d.client.Explain(err, providers.Forbidden, op, "no right to change this user; make the account an administrator")
		}
	}
	if update.Email != nil && !strings.EqualFold(*update.Email, before.text("email")) {
		if err := d.setEmail(ctx, op, update.UserID, *update.Email); err != nil {
			return providers.User{}, err
		}
	}
	after, err := d.person(ctx, op, update.UserID)
	if err != nil {
		return providers.User{}, err
	}
	return d.user(after), nil
}

// setEmail makes an address the primary one; it is added first unless the user has it.
func (d *Desk) setEmail(ctx context.Context, op, userID, email string) error {
	type identity struct {
		ID    int64
		Type  string
		Value string
	}
	path, params := "/api/v2/users/{id}/identities", map[string]string{"id": userID}
	var all struct{ Identities []identity }
	if _, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: path, Params: params, Into: &all}); err != nil {
		return err
	}
	at := slices.IndexFunc(all.Identities, func(known identity) bool { return known.Type == "email" && strings.EqualFold(known.Value, email) })
	var added struct{ Identity identity }
	if at >= 0 {
		added.Identity = all.Identities[at]
	} else {
		body := map[string]any{"identity": map[string]any{"type": "email", "value": email, "verified": true}}
		if _, err := d.client.Write(ctx, rest.Call{Op: op, Method: http.MethodPost, Path: path, Params: params, JSON: body, Into: &added}); err != nil {
			return err
		}
	}
	_, err := d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPut, Path: path + "/{identity}/make_primary",
		Params: map[string]string{"id": userID, "identity": strconv.FormatInt(added.Identity.ID, 10)},
	})
	return err
}

// DeactivateUser implements [providers.UserDeactivator].
func (d *Desk) DeactivateUser(ctx context.Context, userID string) error {
	return flow.Deactivate(ctx, d, userID)
}
