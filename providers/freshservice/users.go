package freshservice

import (
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

// FindUsers implements [providers.UserFinder]; agents are users, too.
func (d *Desk) FindUsers(ctx context.Context, asked providers.UserQuery) ([]providers.User, error) {
	const op = "find users"
	value := strings.TrimSpace(asked.Value)
	query, is := url.Values{"email": {value}}, func(user providers.User) string { return user.Email }
	switch {
	case value == "":
		return nil, d.client.Failf(op, providers.Invalid, "the %s is empty", asked.By)
	case asked.By == providers.ByEmployeeNumber:
		return nil, d.client.Failf(op, providers.Unsupported, "Freshservice has no employee number; match users by login (external_id) or e-mail address")
	case asked.By == providers.ByLogin:
		query = url.Values{"query": {`"external_id:'` + strings.ToLower(strings.ReplaceAll(value, "'", "")) + `'"`}}
		is = func(user providers.User) string { return user.Login }
	}
	var answer struct{ Requesters, Agents []person }
	if _, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/requesters", Query: query, Into: &answer}); err != nil {
		return nil, d.client.Explain(err, providers.Forbidden, op, "no right to list requesters; give the agent a role that may")
	}
	if asked.By == providers.ByEmail {
		if _, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/agents", Query: query, Into: &answer}); err != nil {
			return nil, d.client.Explain(err, providers.Forbidden, op, "no right to list agents; give the agent a role that may")
		}
	}
	var matching []providers.User
	for _, found := range slices.Concat(answer.Requesters, answer.Agents) {
		known := func(user providers.User) bool { return user.ID == found.user().ID }
		if strings.EqualFold(is(found.user()), value) && !slices.ContainsFunc(matching, known) {
			matching = append(matching, found.user())
		}
	}
	return matching, nil
}

// CreateUser implements [providers.UserCreator].
func (d *Desk) CreateUser(ctx context.Context, user providers.NewUser) (providers.User, error) {
	const op = "create user"
	if err := unique.Check(ctx, d.client, op, d, "", user.Login, user.Email); err != nil {
		return providers.User{}, err
	}
	fields := map[string]any{"primary_email": user.Email}
	fields["first_name"], fields["last_name"] = text.Names(user.DisplayName, user.Login)
	if user.Login != "" {
		fields["external_id"] = strings.ToLower(user.Login)
	}
	for name, value := range user.Attributes {
		fields[name] = value // Freshservice refuses what it does not have
	}
	var created struct{ Requester person }
	_, err := d.client.Write(ctx, rest.Call{Op: op, Method: http.MethodPost, Path: "/requesters", JSON: fields, Into: &created})
	if err != nil {
		return providers.User{}, d.client.Explain(err, providers.Forbidden, op, "no right to create requesters; give the agent a role that may")
	}
	if created.Requester.ID == 0 {
		return providers.User{}, d.client.Failf(op, providers.UnknownOutcome, "the answer names no requester")
	}
	return created.Requester.user(), nil
}

func (d *Desk) requester(ctx context.Context, op, userID string) (person, error) {
	if err := flow.CheckNumber(d.client, op, userID); err != nil {
		return person{}, err
	}
	var answer struct{ Requester person }
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/requesters/{id}", Params: map[string]string{"id": userID}, Into: &answer})
	if err == nil && strconv.FormatInt(answer.Requester.ID, 10) != userID {
		err = d.client.Failf(op, providers.Malformed, "Freshservice answers with another requester")
	}
	return answer.Requester, err
}

// UpdateUser implements [providers.UserUpdater].
func (d *Desk) UpdateUser(ctx context.Context, update providers.UserUpdate) (providers.User, error) {
	const op = "update user"
	before, err := d.requester(ctx, op, update.UserID)
	if err != nil {
		return providers.User{}, d.client.Explain(err, providers.NotFound, op, "there is no such requester; an agent is changed in Freshservice only")
	}
	if err := unique.Check(ctx, d.client, op, d, update.UserID, unique.Given(update.Login), unique.Given(update.Email)); err != nil {
		return providers.User{}, err
	}
	fields := map[string]any{"first_name": before.FirstName, "last_name": before.LastName, "primary_email": before.Primary} // demanded each time
	unchanged := maps.Clone(fields)
	for name, value := range update.Attributes {
		if _, known := before.all[name]; !known {
			return providers.User{}, d.client.Failf(op, providers.Invalid, "a requester has no field %q", name)
		}
		fields[name] = value
	}
	if update.Login != nil {
		fields["external_id"] = strings.ToLower(*update.Login)
	}
	if update.Email != nil {
		fields["primary_email"] = *update.Email
	}
	if update.DisplayName != nil {
		fields["first_name"], fields["last_name"] = text.Names(*update.DisplayName, before.Primary)
	}
	if update.Active != nil && *update.Active != before.Active {
		if _, err := d.client.Write(ctx, activation(op, update)); err != nil {
			return providers.User{}, d.client.Explain(err, providers.Forbidden, op, "no right to deactivate requesters; give the agent a role that may")
		}
	}
	if !maps.Equal(fields, unchanged) {
		_, err := d.client.Write(ctx, rest.Call{Op: op, Method: http.MethodPut, Path: "/requesters/{id}", Params: map[string]string{"id": update.UserID}, JSON: fields})
		if err != nil {
			return providers.User{}, d.client.Explain(err, providers.Forbidden, op, "no right to change requesters; give the agent a role that may")
		}
	}
	after, err := d.requester(ctx, op, update.UserID)
	if err == nil && update.Active != nil && after.Active != *update.Active {
		err = d.client.Failf(op, providers.Invalid, "Freshservice kept the requester as it was; let the agent deactivate and reactivate requesters")
	}
	return after.user(), err
}

// activation is the call that deactivates a requester, which is what DELETE does, or reactivates it.
func activation(op string, update providers.UserUpdate) rest.Call {
	call := rest.Call{Op: op, Method: http.MethodDelete, Path: "/requesters/{id}", Params: map[string]string{"id": update.UserID}}
	if *update.Active {
		call.Method, call.Path = http.MethodPut, "/requesters/{id}/reactivate"
	}
	return call
}

// DeactivateUser implements [providers.UserDeactivator].
func (d *Desk) DeactivateUser(ctx context.Context, userID string) error {
	return flow.Deactivate(ctx, d, userID)
}

// name is that of a requester or agent; the ID where there is none.
func (d *Desk) name(ctx context.Context, op string, id int64, known map[int64]string) (string, error) {
	if name, ok := known[id]; ok {
		return name, nil
	}
	number := strconv.FormatInt(id, 10)
	known[id] = number
	for _, kind := range []string{"agents", "requesters"} {
		var answer struct{ Agent, Requester person }
		_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/{kind}/{id}", Params: map[string]string{"kind": kind, "id": number}, Into: &answer})
		if err != nil && providers.KindOf(err) != providers.NotFound {
			return "", err
		}
		if name := answer.Agent.user().DisplayName + answer.Requester.user().DisplayName; err == nil && name != "" {
			known[id] = name
			break
		}
	}
	return known[id], nil
}
