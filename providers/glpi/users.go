package glpi

import (
	"context"
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
	field := map[providers.Identity]int{providers.ByEmail: userEmail, providers.ByLogin: fieldName, providers.ByEmployeeNumber: userNumber}[asked.By]
	if value == "" || field == 0 {
		return nil, d.client.Failf(op, providers.Invalid, "the %s is empty", asked.By)
	}
	found, _, err := d.search(ctx, op, "User", userFields, criterion{field: field, how: "contains", with: anchored(value)})
	if err != nil {
		return nil, err
	}
	var matching []providers.User
	for _, row := range found {
		is := func(has string) bool { return strings.EqualFold(has, value) }
		if slices.ContainsFunc(row.texts(field), is) {
			matching = append(matching, user(row))
		}
	}
	return matching, nil
}

// settable are the fields of a user that can be given as attributes.
var settable = []string{"phone", "phone2", "mobile", "comment", "usertitles_id", "usercategories_id", "locations_id"}

func (d *Desk) putAttributes(op string, attributes map[string]string, input map[string]any) error {
	for name, value := range attributes {
		if !slices.Contains(settable, name) {
			return d.client.Failf(op, providers.Invalid, "a user has no field %q to be given; want one of %s", name, strings.Join(settable, ", "))
		}
		input[name] = value
	}
	return nil
}

// CreateUser implements [providers.UserCreator]. The login is the e-mail address if none is given.
func (d *Desk) CreateUser(ctx context.Context, user providers.NewUser) (providers.User, error) {
	const op = "create user"
	if user.Login == "" {
		user.Login = user.Email
	}
	input := map[string]any{"name": user.Login, "entities_id": d.config.Entity, "_useremails": map[string]string{"-1": user.Email}}
	if err := d.putAttributes(op, user.Attributes, input); err != nil {
		return providers.User{}, err
	}
	if err := unique.Check(ctx, d.client, op, d, "", user.Login, user.Email); err != nil {
		return providers.User{}, err
	}
	input["firstname"], input["realname"] = text.Names(user.DisplayName, user.Login)
	if user.EmployeeNumber != "" {
		input["registration_number"] = user.EmployeeNumber
	}
	id, err := d.add(ctx, op, "User", input)
	if err != nil {
		return providers.User{}, err
	}
	return d.fetchUser(ctx, op, id)
}

func (d *Desk) fetchUser(ctx context.Context, op, userID string) (providers.User, error) {
	if err := flow.CheckNumber(d.client, op, userID); err != nil {
		return providers.User{}, err
	}
	found, _, err := d.search(ctx, op, "User", userFields, criterion{field: fieldID, how: "equals", with: userID})
	if err != nil {
		return providers.User{}, err
	}
	for _, row := range found {
		if row.text(fieldID) == userID {
			return user(row), nil
		}
	}
	return providers.User{}, d.client.Failf(op, providers.NotFound, "no such user, or the account may not see it")
}

// UpdateUser implements [providers.UserUpdater].
func (d *Desk) UpdateUser(ctx context.Context, update providers.UserUpdate) (providers.User, error) {
	const op = "update user"
	before, err := d.fetchUser(ctx, op, update.UserID)
	if err != nil {
		return providers.User{}, err
	}
	input := map[string]any{}
	if err := d.putAttributes(op, update.Attributes, input); err != nil {
		return providers.User{}, err
	}
	if err := unique.Check(ctx, d.client, op, d, update.UserID, unique.Given(update.Login), unique.Given(update.Email)); err != nil {
		return providers.User{}, err
	}
	if update.Login != nil {
		input["name"] = *update.Login
	}
	if update.DisplayName != nil {
		input["firstname"], input["realname"] = text.Names(*update.DisplayName, before.Login)
	}
	if update.Active != nil {
		input["is_active"] = map[bool]int{true: 1, false: 0}[*update.Active]
	}
	if len(input) > 0 {
		if err := d.change(ctx, op, "User", update.UserID, input); err != nil {
			return providers.User{}, err
		}
	}
	if update.Email != nil && !strings.EqualFold(*update.Email, before.Email) {
		if err := d.setEmail(ctx, op, update.UserID, *update.Email); err != nil {
			return providers.User{}, err
		}
	}
	after, err := d.fetchUser(ctx, op, update.UserID)
	if err == nil && (update.Login != nil && after.Login != *update.Login || update.Active != nil && after.Active != *update.Active) {
		err = d.client.Failf(op, providers.Invalid, "GLPI kept the user as it was; a user of a directory is changed there, or the profile lacks the right")
	}
	return after, err
}

// setEmail changes a user's first address, or adds one.
func (d *Desk) setEmail(ctx context.Context, op, userID, email string) error {
	type address struct {
		ID      int64 `json:"id"`
		Default int   `json:"is_default"`
	}
	all, err := items[address](ctx, d, op, "/User/{id}/UserEmail", map[string]string{"id": userID}, url.Values{})
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b address) int { return b.Default - a.Default })
	if len(all) > 0 {
		return d.change(ctx, op, "UserEmail", strconv.FormatInt(all[0].ID, 10), map[string]any{"email": email})
	}
	_, err = d.add(ctx, op, "UserEmail", map[string]any{"users_id": number(userID), "email": email, "is_default": 1})
	return err
}

// DeactivateUser implements [providers.UserDeactivator].
func (d *Desk) DeactivateUser(ctx context.Context, userID string) error {
	return flow.Deactivate(ctx, d, userID)
}

// version is what GLPI calls itself, where it tells.
func (d *Desk) version(ctx context.Context, op string) (string, error) {
	var answer struct {
		Config struct {
			Version string `json:"version"`
		} `json:"cfg_glpi"`
	}
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/getGlpiConfig", Into: &answer})
	return strings.TrimSpace("GLPI " + answer.Config.Version), err
}
