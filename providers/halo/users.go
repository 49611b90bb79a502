package halo

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
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
	switch {
	case value == "":
		return nil, d.client.Failf(op, providers.Invalid, "the %s is empty", asked.By)
	case asked.By == providers.ByEmployeeNumber:
		return nil, d.client.Failf(op, providers.Unsupported, "Halo has no employee number that can be searched; match users by login or e-mail address")
	}
	var answer struct{ Users []person }
	_, err := d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/Users", Query: url.Values{"search": {value}, "includeinactive": {"true"}, "count": {"100"}}, Into: &answer,
	})
	if err != nil {
		return nil, d.client.Explain(err, providers.Forbidden, op, "no right to read users; give the application and its agent this permission")
	}
	var matching []providers.User
	for _, row := range answer.Users { // the search finds parts of every field
		has := map[providers.Identity]string{providers.ByEmail: row.Email, providers.ByLogin: row.Login}[asked.By]
		if strings.EqualFold(has, value) {
			matching = append(matching, row.user())
		}
	}
	return matching, nil
}

// attributes are the fields of a user that can be given.
var attributes = []string{"phonenumber", "mobilenumber", "title", "notes", "other1", "other2", "other3", "other4", "other5"}

func (d *Desk) putAttributes(op string, given map[string]string, fields map[string]any) error {
	for name, value := range given {
		if !slices.Contains(attributes, name) {
			return d.client.Failf(op, providers.Invalid, "a user has no field %q to be given; want one of %s", name, strings.Join(attributes, ", "))
		}
		fields[name] = value
	}
	return nil
}

// CreateUser implements [providers.UserCreator].
func (d *Desk) CreateUser(ctx context.Context, user providers.NewUser) (providers.User, error) {
	const op = "create user"
	fields := map[string]any{"name": cmp.Or(text.Line(user.DisplayName), user.Login, user.Email), "emailaddress": user.Email}
	if err := d.putAttributes(op, user.Attributes, fields); err != nil {
		return providers.User{}, err
	}
	if err := unique.Check(ctx, d.client, op, d, "", user.Login, user.Email); err != nil {
		return providers.User{}, err
	}
	site, err := d.findSite(ctx, op)
	if err != nil {
		return providers.User{}, err
	}
	fields["site_id"] = site
	if user.Login != "" {
		fields["login"] = user.Login
	}
	var created person
	if err := d.put(ctx, op, "Users", fields, &created); err != nil {
		return providers.User{}, err
	}
	if created.ID == 0 {
		return providers.User{}, d.client.Failf(op, providers.UnknownOutcome, "the answer names no user")
	}
	return created.user(), nil
}

func (d *Desk) person(ctx context.Context, op, userID string) (person, error) {
	if err := flow.CheckNumber(d.client, op, userID); err != nil {
		return person{}, err
	}
	var found person
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/Users/{id}", Params: map[string]string{"id": userID}, Into: &found})
	return found, err
}

// UpdateUser implements [providers.UserUpdater].
func (d *Desk) UpdateUser(ctx context.Context, update providers.UserUpdate) (providers.User, error) {
	const op = "update user"
	if _, err := d.person(ctx, op, update.UserID); err != nil {
		return providers.User{}, err
	}
	fields := map[string]any{"id": number(update.UserID)}
	if err := d.putAttributes(op, update.Attributes, fields); err != nil {
		return providers.User{}, err
	}
	if err := unique.Check(ctx, d.client, op, d, update.UserID, unique.Given(update.Login), unique.Given(update.Email)); err != nil {
		return providers.User{}, err
	}
	for name, value := range map[string]*string{"login": update.Login, "emailaddress": update.Email, "name": update.DisplayName} {
		if value != nil {
			fields[name] = *value
		}
	}
	if update.Active != nil {
		fields["inactive"] = !*update.Active
	}
	var changed person
	if err := d.put(ctx, op, "Users", fields, &changed); err != nil {
		return providers.User{}, err
	}
	after, err := d.person(ctx, op, update.UserID)
	if err == nil && update.Active != nil && after.Inactive == *update.Active {
		err = d.client.Failf(op, providers.Invalid, "Halo kept the user as it was; a user of a directory is changed there")
	}
	return after.user(), err
}

// DeactivateUser implements [providers.UserDeactivator].
func (d *Desk) DeactivateUser(ctx context.Context, userID string) error {
	return flow.Deactivate(ctx, d, userID)
}
