package jira

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/unique"
)

// FindUsers implements [providers.UserFinder]. Cloud finds active users only.
func (d *Desk) FindUsers(ctx context.Context, asked providers.UserQuery) ([]providers.User, error) {
	const op = "find users"
	value := strings.TrimSpace(asked.Value)
	switch {
	case value == "":
		return nil, d.client.Failf(op, providers.Invalid, "the %s is empty", asked.By)
	case asked.By == providers.ByEmployeeNumber:
		return nil, d.client.Failf(op, providers.Unsupported, "Jira has no employee number; match users by e-mail address")
	case asked.By == providers.ByLogin && d.config.Edition == editionCloud:
		return nil, d.client.Failf(op, providers.Unsupported, "Jira Cloud has no login; match users by e-mail address")
	}
	query := url.Values{"query": {value}, "maxResults": {"100"}}
	if d.config.Edition == editionDataCenter {
		query = url.Values{"username": {value}, "maxResults": {"100"}, "includeInactive": {"true"}}
	}
	var found []account
	if _, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/rest/api/2/user/search", Query: query, Into: &found}); err != nil {
		return nil, d.client.Explain(err, providers.Forbidden, op, "no right to find users; grant the account the global permission Browse users and groups")
	}
	var matching []providers.User
	for _, row := range found {
		user := d.user(row)
		is := user.Email
		if asked.By == providers.ByLogin {
			is = user.Login
		}
		if is == "" && asked.By == providers.ByEmail {
			return nil, d.client.Failf(op, providers.Ambiguous, "a user matches whose e-mail address is hidden by the profile's privacy; let the organization manage the account, or the profile show the address")
		}
		if strings.EqualFold(is, value) {
			matching = append(matching, user)
		}
	}
	return matching, nil
}

// CreateUser implements [providers.UserCreator]. The login is Jira's choice.
func (d *Desk) CreateUser(ctx context.Context, user providers.NewUser) (providers.User, error) {
	const op = "create user"
	for name := range user.Attributes {
		return providers.User{}, d.client.Failf(op, providers.Invalid, "a customer of Jira has no further fields; %q cannot be set", name)
	}
	if err := unique.Check(ctx, d.client, op, d, "", "", user.Email); err != nil {
		return providers.User{}, err
	}
	name := map[string]string{editionCloud: "displayName", editionDataCenter: "fullName"}[d.config.Edition]
	body := map[string]string{"email": user.Email, name: cmp.Or(text.Line(user.DisplayName), user.Login, user.Email)}
	var created account
	_, err := d.client.Write(ctx, rest.Call{Op: op, Method: http.MethodPost, Path: "/rest/servicedeskapi/customer", JSON: body, Into: &created})
	if err != nil {
		return providers.User{}, d.client.Explain(err, providers.Forbidden, op, "no right to create customers; grant the account Jira Administrator, or let agents invite customers")
	}
	if d.userID(created) == "" {
		return providers.User{}, d.client.Failf(op, providers.UnknownOutcome, "the answer names no customer")
	}
	return d.user(created), nil
}

// nameOf is how a request names its customer: by the account ID, or by the login on Data Center.
func (d *Desk) nameOf(ctx context.Context, op, userID string) (string, error) {
	if userID == "" {
		return "", d.client.Failf(op, providers.Invalid, "no requester is given")
	}
	if d.config.Edition == editionCloud {
		return userID, nil
	}
	var found account
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/rest/api/2/user", Query: url.Values{"key": {userID}}, Into: &found})
	return found.Name, err
}
