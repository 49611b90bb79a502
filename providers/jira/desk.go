package jira

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-resty/resty/v2"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
)

// Desk is a service desk of a Jira site seen through one account.
type Desk struct {
	config Config
	client *rest.Client
}

var _ providers.Full = (*Desk)(nil)

// New makes a desk from its settings; it calls nothing.
func New(config Config) (*Desk, error) {
	config, err := config.normalize()
	if err != nil {
		return nil, err
	}
	return &Desk{config: config, client: rest.New(rest.Options{
		Desk: "jira", BaseURL: config.URL, Timeout: config.Timeout, MaxConns: config.MaxConnections, Classify: classify,
		Authorize: func(request *resty.Request) error {
			token, err := config.Token.Reveal()
			if config.Login == "" {
				request.SetAuthToken(token)
			} else {
				request.SetBasicAuth(config.Login, token)
			}
			return err
		},
	})}, nil
}

// classify tells a customer that exists from other mistakes; Jira answers both with 400.
func classify(status int, body []byte) (providers.Kind, error) {
	if status == http.StatusBadRequest && (bytes.Contains(body, []byte("already exists")) || bytes.Contains(body, []byte("user.exists"))) {
		return providers.Conflict, errors.New("a user with this e-mail address exists")
	}
	return "", nil
}

// list reads all pages of a list of the service desk API; each takes a page's values and returns
// how many they were.
func (d *Desk) list(ctx context.Context, op, path string, params map[string]string, query url.Values, page func() (into any, read func() paged)) error {
	query.Set("limit", strconv.Itoa(d.config.PageSize))
	for start := 0; ; {
		query.Set("start", strconv.Itoa(start))
		into, read := page()
		if _, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: path, Params: params, Query: query, Into: into}); err != nil {
			return err
		}
		at := read()
		if at.Last == nil {
			return d.client.Failf(op, providers.Malformed, "the answer is no page")
		}
		if *at.Last || at.Size == 0 {
			return nil
		}
		start += at.Size
	}
}

// paged is a page of the service desk API, beside its values.
type paged struct {
	Size int   `json:"size"`
	Last *bool `json:"isLastPage"`
}

// serviceDesk looks up the ID of the project's service desk.
func (d *Desk) serviceDesk(ctx context.Context, op string) (string, error) {
	id := ""
	err := d.list(ctx, op, "/rest/servicedeskapi/servicedesk", nil, url.Values{}, func() (any, func() paged) {
		var answer struct {
			paged
			Values []struct{ ID, ProjectKey string }
		}
		return &answer, func() paged {
			for _, desk := range answer.Values {
				if desk.ProjectKey == d.config.Project {
					id = desk.ID
				}
			}
			return answer.paged
		}
	})
	if err == nil && id == "" {
		err = d.client.Failf(op, providers.Misconfigured, "there is no service desk with the project %s, or the account does not see it; correct project, or make the account an agent of it", d.config.Project)
	}
	return id, err
}

// requestType looks up the ID of a request type by its name.
func (d *Desk) requestType(ctx context.Context, op, serviceDesk, name string) (string, error) {
	if name == "" {
		return "", d.client.Failf(op, providers.Invalid, "no queue is given; want the name of a request type")
	}
	id := ""
	err := d.list(ctx, op, "/rest/servicedeskapi/servicedesk/{desk}/requesttype", map[string]string{"desk": serviceDesk}, url.Values{}, func() (any, func() paged) {
		var answer struct {
			paged
			Values []struct{ ID, Name string }
		}
		return &answer, func() paged {
			for _, kind := range answer.Values {
				if kind.Name == name {
					id = kind.ID
				}
			}
			return answer.paged
		}
	})
	if err == nil && id == "" {
		err = d.client.Failf(op, providers.Misconfigured, "request type %q does not exist in project %s; create it or correct its name", name, d.config.Project)
	}
	return id, err
}

// typeFields are the fields of a request type, hidden ones too.
type typeFields struct {
	Fields []typeField `json:"requestTypeFields"`
	Behalf bool        `json:"canRaiseOnBehalfOf"`
}

// fields reads the fields of a request type.
func (d *Desk) fields(ctx context.Context, op, serviceDesk, requestType string) (typeFields, error) {
	var answer typeFields
	_, err := d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/rest/servicedeskapi/servicedesk/{desk}/requesttype/{type}/field", Into: &answer,
		Params: map[string]string{"desk": serviceDesk, "type": requestType}, Query: url.Values{"expand": {"hiddenFields"}},
	})
	return answer, err
}
