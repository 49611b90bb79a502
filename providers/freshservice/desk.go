package freshservice

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-resty/resty/v2"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
)

// Desk is a Freshservice account seen through one agent.
type Desk struct {
	config Config
	client *rest.Client
}

var (
	_ providers.Full            = (*Desk)(nil)
	_ providers.UserUpdater     = (*Desk)(nil)
	_ providers.UserDeactivator = (*Desk)(nil)
)

// New makes a desk from its settings; it calls nothing.
func New(config Config) (*Desk, error) {
	config, err := config.normalize()
	if err != nil {
		return nil, err
	}
	return &Desk{config: config, client: rest.New(rest.Options{
		Desk: "freshservice", BaseURL: config.URL + "/api/v2", Timeout: config.Timeout, MaxConns: config.MaxConnections, Classify: classify,
		Authorize: func(request *resty.Request) error {
			key, err := config.APIKey.Reveal()
			request.SetBasicAuth(key, "X")
			return err
		},
	})}, nil
}

// classify tells what exists already from other mistakes of a record.
func classify(status int, body []byte) (providers.Kind, error) {
	if status == http.StatusBadRequest && (bytes.Contains(body, []byte("duplicate_value")) || bytes.Contains(body, []byte("already been taken"))) {
		return providers.Conflict, errors.New("a record with the same unique value exists")
	}
	return "", nil
}

// list reads all pages of a list; page takes one and returns the IDs of its rows. A list that
// knows no pages answers the same rows again, which ends it too.
func (d *Desk) list(ctx context.Context, op, path string, params map[string]string, query url.Values, page func() (into any, ids func() []int64)) error {
	query = maps.Clone(query)
	query.Set("per_page", strconv.Itoa(d.config.PageSize))
	seen := map[int64]bool{}
	for number := 1; ; number++ {
		query.Set("page", strconv.Itoa(number))
		into, ids := page()
		if _, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: path, Params: params, Query: query, Into: into}); err != nil {
			return err
		}
		before, rows := len(seen), ids()
		for _, id := range rows {
			seen[id] = true
		}
		if len(rows) < d.config.PageSize || len(seen) == before {
			return nil
		}
	}
}

// groups lists the agent groups: ID -> name.
func (d *Desk) groups(ctx context.Context, op string) (map[int64]string, error) {
	names := map[int64]string{}
	err := d.list(ctx, op, "/groups", nil, url.Values{}, func() (any, func() []int64) {
		var answer struct{ Groups []named }
		return &answer, func() (ids []int64) {
			for _, group := range answer.Groups {
				names[group.ID] = group.Name
				ids = append(ids, group.ID)
			}
			return ids
		}
	})
	return names, d.client.Explain(err, providers.Forbidden, op, "no right to list groups; give the agent a role that may")
}

// named is a group.
type named struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// findGroup looks a group up by its name.
func (d *Desk) findGroup(ctx context.Context, op, name string) (int64, error) {
	if name == "" {
		return 0, d.client.Failf(op, providers.Invalid, "no queue is given; want the name of an agent group")
	}
	groups, err := d.groups(ctx, op)
	if err != nil {
		return 0, err
	}
	for id, known := range groups {
		if strings.EqualFold(known, name) {
			return id, nil
		}
	}
	return 0, d.client.Failf(op, providers.Misconfigured, "agent group %q does not exist, or the account does not see it; create it or correct its name", name)
}
