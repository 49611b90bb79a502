package halo

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
)

// Desk is a HaloITSM tenant seen through one application.
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
	d := &Desk{config: config}
	d.client = rest.New(rest.Options{
		Desk: "halo", BaseURL: config.URL + "/api", Timeout: config.Timeout, MaxConns: config.MaxConnections,
		Session: rest.NewSession(d.token, rest.Bearer),
	})
	return d, nil
}

// token asks for an OAuth 2.0 token by client credentials (RFC 6749, 4.4).
func (d *Desk) token(ctx context.Context) (string, error) {
	secret, err := d.config.ClientSecret.Reveal()
	if err != nil {
		return "", err
	}
	address := d.config.TokenURL
	if d.config.Tenant != "" {
		address += "?tenant=" + url.QueryEscape(d.config.Tenant)
	}
	return d.client.AccessToken(ctx, address, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {d.config.ClientID}, "client_secret": {secret}, "scope": {"all"},
	})
}

func number(id string) int64 {
	value, _ := strconv.ParseInt(id, 10, 64)
	return value
}

// put creates or changes an entity; into takes it as the answer has it, in an array or not.
func (d *Desk) put(ctx context.Context, op, kind string, fields map[string]any, into any) error {
	var raw json.RawMessage
	_, err := d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/{kind}", Params: map[string]string{"kind": kind}, JSON: []map[string]any{fields}, Into: &raw,
	})
	if err != nil {
		return d.client.Explain(err, providers.Forbidden, op, "no right to write %s; give the application and its agent this permission", kind)
	}
	if trimmed := bytes.TrimSpace(raw); bytes.HasPrefix(trimmed, []byte("[")) {
		var many []json.RawMessage
		if json.Unmarshal(raw, &many) == nil && len(many) > 0 {
			raw = many[0]
		}
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return d.client.Failf(op, providers.UnknownOutcome, "the answer is not as Halo writes it")
	}
	return nil
}

// named is a team, a status, a ticket type or a site.
type named struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Inactive bool   `json:"inactive"`
}

// all reads one of the tenant's lists.
func (d *Desk) all(ctx context.Context, op, kind string) ([]named, error) {
	var rows []named
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/{kind}", Params: map[string]string{"kind": kind}, Into: &rows})
	return rows, d.client.Explain(err, providers.Forbidden, op, "no right to read %s; give the application and its agent this permission", kind)
}

// find looks an entry of a list up by its name; 0 if there is none.
func find(rows []named, name string) int64 {
	for _, row := range rows {
		if strings.EqualFold(row.Name, name) && !row.Inactive {
			return row.ID
		}
	}
	return 0
}

// findTeam looks a team up by its name.
func (d *Desk) findTeam(ctx context.Context, op, name string) error {
	if name == "" {
		return d.client.Failf(op, providers.Invalid, "no queue is given; want the name of a team")
	}
	teams, err := d.all(ctx, op, "Team")
	if err == nil && find(teams, name) == 0 {
		err = d.client.Failf(op, providers.Misconfigured, "team %q does not exist or is inactive; create it or correct its name", name)
	}
	return err
}

// findSite looks up the site of new users.
func (d *Desk) findSite(ctx context.Context, op string) (int64, error) {
	var answer struct {
		Sites []named `json:"sites"`
	}
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/Site", Query: url.Values{"search": {d.config.Site}}, Into: &answer})
	id := find(answer.Sites, d.config.Site)
	if err == nil && id == 0 {
		err = d.client.Failf(op, providers.Misconfigured, "site %q does not exist or is inactive; correct site", d.config.Site)
	}
	return id, d.client.Explain(err, providers.Forbidden, op, "no right to read sites; give the application and its agent this permission")
}
