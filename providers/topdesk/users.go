package topdesk

import (
	"context"
	"maps"
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

// Version 2 of the endpoints of persons is chosen by these types.
const (
	personType  = "application/x.topdesk-person-v2+json"
	personsType = "application/x.topdesk-collection-person-v2+json"
)

// FindUsers implements [providers.UserFinder].
func (d *Desk) FindUsers(ctx context.Context, asked providers.UserQuery) ([]providers.User, error) {
	const op = "find users"
	value := strings.ToLower(strings.TrimSpace(asked.Value))
	if value == "" {
		return nil, d.client.Failf(op, providers.Invalid, "the %s is empty", asked.By)
	}
	field := map[providers.Identity]string{
		providers.ByEmail: "email", providers.ByLogin: d.config.LoginField, providers.ByEmployeeNumber: "employeeNumber",
	}[asked.By]
	if asked.By == providers.ByEmployeeNumber {
		value = strings.TrimSpace(asked.Value)
	}
	var answer struct {
		Items []person `json:"item"`
	}
	_, err := d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/persons", Header: map[string]string{"Accept": personsType}, Into: &answer,
		Query: url.Values{"query": {is(field, "==", value)}, "fields": {"*"}, "pageSize": {"100"}},
	})
	if err != nil {
		return nil, d.client.Explain(err, providers.Forbidden, op, "no right to read persons; grant it to the operator's permission group")
	}
	var matching []providers.User
	for _, row := range answer.Items {
		user := d.user(row)
		has := map[providers.Identity]string{providers.ByEmail: user.Email, providers.ByLogin: user.Login, providers.ByEmployeeNumber: user.EmployeeNumber}[asked.By]
		if strings.EqualFold(has, value) {
			matching = append(matching, user)
		}
	}
	return matching, nil
}

// fields are those of a person that can be given as attributes.
var fields = []string{"firstInitials", "prefixes", "birthName", "title", "jobTitle", "phoneNumber", "mobileNumber", "fax", "mainframeLoginName"}

func (d *Desk) checkAttributes(op string, attributes map[string]string) error {
	for name := range attributes {
		if !slices.Contains(fields, name) {
			return d.client.Failf(op, providers.Invalid, "a person has no field %q to be given; want one of %s", name, strings.Join(fields, ", "))
		}
	}
	return nil
}

// CreateUser implements [providers.UserCreator].
func (d *Desk) CreateUser(ctx context.Context, user providers.NewUser) (providers.User, error) {
	const op = "create user"
	if err := d.checkAttributes(op, user.Attributes); err != nil {
		return providers.User{}, err
	}
	if err := unique.Check(ctx, d.client, op, d, "", user.Login, user.Email); err != nil {
		return providers.User{}, err
	}
	branch, err := d.findBranch(ctx, op)
	if err != nil {
		return providers.User{}, err
	}
	body := map[string]any{"email": strings.ToLower(user.Email), "branch": map[string]string{"id": branch}}
	body["firstName"], body["surName"] = text.Names(user.DisplayName, user.Login)
	if user.Login != "" {
		body[d.config.LoginField] = strings.ToLower(user.Login)
	}
	if user.EmployeeNumber != "" {
		body["employeeNumber"] = user.EmployeeNumber
	}
	for name, value := range user.Attributes {
		body[name] = value
	}
	var created person
	_, err = d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/persons", Header: map[string]string{"Accept": personType}, JSON: body, Into: &created,
	})
	if err != nil {
		return providers.User{}, d.client.Explain(err, providers.Forbidden, op, "no right to create persons; grant it to the operator's permission group, with login data if login_field is tasLoginName")
	}
	if created.ID == "" {
		return providers.User{}, d.client.Failf(op, providers.UnknownOutcome, "the answer names no person")
	}
	return d.user(created), nil
}

func (d *Desk) person(ctx context.Context, op, userID string) (person, error) {
	if err := d.checkID(op, userID); err != nil {
		return person{}, err
	}
	var found person
	_, err := d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/persons/{id}", Params: map[string]string{"id": userID}, Header: map[string]string{"Accept": personType}, Into: &found,
	})
	return found, err
}

// UpdateUser implements [providers.UserUpdater].
func (d *Desk) UpdateUser(ctx context.Context, update providers.UserUpdate) (providers.User, error) {
	const op = "update user"
	before, err := d.person(ctx, op, update.UserID)
	if err != nil {
		return providers.User{}, err
	}
	if err := d.checkAttributes(op, update.Attributes); err != nil {
		return providers.User{}, err
	}
	if err := unique.Check(ctx, d.client, op, d, update.UserID, unique.Given(update.Login), unique.Given(update.Email)); err != nil {
		return providers.User{}, err
	}
	changed := map[string]string{}
	maps.Copy(changed, update.Attributes)
	if update.Login != nil {
		changed[d.config.LoginField] = strings.ToLower(*update.Login)
	}
	if update.Email != nil {
		changed["email"] = strings.ToLower(*update.Email)
	}
	if update.DisplayName != nil {
		changed["firstName"], changed["surName"] = text.Names(*update.DisplayName, before.Email)
	}
	if update.Active != nil && *update.Active == before.Archived {
		if err := d.archive(ctx, op, update); err != nil {
			return providers.User{}, err
		}
	}
	if len(changed) > 0 {
		_, err := d.client.Write(ctx, rest.Call{
			Op: op, Method: http.MethodPatch, Path: "/persons/{id}", Params: map[string]string{"id": update.UserID}, Header: map[string]string{"Accept": personType}, JSON: changed,
		})
		if err != nil {
			return providers.User{}, d.client.Explain(err, providers.Forbidden, op, "no right to change persons; grant it to the operator's permission group")
		}
	}
	after, err := d.person(ctx, op, update.UserID)
	if err != nil {
		return providers.User{}, err
	}
	return d.user(after), nil
}

// archive archives a person, with the reason of the settings, or takes it back.
func (d *Desk) archive(ctx context.Context, op string, update providers.UserUpdate) error {
	call := rest.Call{Op: op, Method: http.MethodPatch, Path: "/persons/id/{id}/unarchive", Params: map[string]string{"id": update.UserID}}
	if !*update.Active {
		reason := map[string]string{}
		if d.config.ArchivingReason != "" {
			id, err := d.findReason(ctx, op)
			if err != nil {
				return err
			}
			reason["id"] = id
		}
		call.Path, call.JSON = "/persons/id/{id}/archive", reason
	}
	_, err := d.client.Write(ctx, call)
	err = d.client.Explain(err, providers.Invalid, op, "TOPdesk refuses to archive; name a reason in archiving_reason if it demands one")
	return d.client.Explain(err, providers.Forbidden, op, "no right to archive persons; grant it to the operator's permission group")
}

// findReason looks up the archiving reason.
func (d *Desk) findReason(ctx context.Context, op string) (string, error) {
	var all []named
	if _, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/archiving-reasons", Into: &all}); err != nil {
		return "", err
	}
	for _, reason := range all {
		if strings.EqualFold(reason.Name, d.config.ArchivingReason) {
			return reason.ID, nil
		}
	}
	return "", d.client.Failf(op, providers.Misconfigured, "there is no archiving reason %q; correct archiving_reason", d.config.ArchivingReason)
}

// DeactivateUser implements [providers.UserDeactivator].
func (d *Desk) DeactivateUser(ctx context.Context, userID string) error {
	return flow.Deactivate(ctx, d, userID)
}
