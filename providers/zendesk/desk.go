package zendesk

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

// Desk is a Zendesk account seen through one of its administrators.
type Desk struct {
	config Config
	client *rest.Client
}

var (
	_ providers.Full            = (*Desk)(nil)
	_ providers.UserUpdater     = (*Desk)(nil)
	_ providers.UserDeactivator = (*Desk)(nil)
	_ providers.TicketsFetcher  = (*Desk)(nil)
)

// New makes a desk from its settings; it calls nothing.
func New(config Config) (*Desk, error) {
	config, err := config.normalize()
	if err != nil {
		return nil, err
	}
	return &Desk{config: config, client: rest.New(rest.Options{
		Desk: "zendesk", BaseURL: config.URL, Timeout: config.Timeout, MaxConns: config.MaxConnections, Classify: classify,
		Authorize: func(request *resty.Request) error {
			token, err := config.Token.Reveal()
			if config.Login == "" {
				request.SetAuthToken(token)
			} else {
				request.SetBasicAuth(config.Login+"/token", token)
			}
			return err
		},
	})}, nil
}

// classify reads the details of a record that is refused.
func classify(status int, body []byte) (providers.Kind, error) {
	switch {
	case status != http.StatusUnprocessableEntity && status != http.StatusBadRequest:
		return "", nil
	case bytes.Contains(body, []byte("DuplicateValue")):
		return providers.Conflict, errors.New("a record with the same unique value exists")
	case bytes.Contains(body, []byte("Too recent start_time")), bytes.Contains(body, []byte("StartTimeTooRecent")):
		return providers.Conflict, errTooRecent
	}
	return "", nil
}

// errTooRecent is what the export says of a start within the last minute.
var errTooRecent = errors.New("the start of the export is within the last minute")

// number is an ID as Zendesk's JSON has it; checkID read it.
func number(id string) int64 {
	value, _ := strconv.ParseInt(id, 10, 64)
	return value
}

// cursored is where a list goes on that is read by cursors.
type cursored struct {
	Meta struct {
		HasMore bool   `json:"has_more"`
		After   string `json:"after_cursor"`
	} `json:"meta"`
}

// pages reads a list by its cursors; read takes each page and returns where it goes on.
func (d *Desk) pages(ctx context.Context, op, path string, params map[string]string, query url.Values, page func() (into any, next func() cursored)) error {
	query.Set("page[size]", strconv.Itoa(d.config.PageSize))
	for {
		into, next := page()
		_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: path, Params: params, Query: query, Into: into})
		if err != nil {
			return err
		}
		at := next()
		if !at.Meta.HasMore {
			return nil
		}
		if at.Meta.After == "" || at.Meta.After == query.Get("page[after]") {
			return d.client.Failf(op, providers.Malformed, "the list promises more and does not go on")
		}
		query.Set("page[after]", at.Meta.After)
	}
}
