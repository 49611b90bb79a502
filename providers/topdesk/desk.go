package topdesk

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-resty/resty/v2"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
)

// Desk is a TOPdesk seen through one operator.
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
		Desk: "topdesk", BaseURL: config.URL + "/tas/api", Timeout: config.Timeout, MaxConns: config.MaxConnections,
		Authorize: func(request *resty.Request) error {
			password, err := config.Password.Reveal()
			request.SetBasicAuth(config.Login, password)
			return err
		},
	})}, nil
}

var idPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// checkID refuses what is no UUID, so that it cannot become another path.
func (d *Desk) checkID(op, id string) error {
	if !idPattern.MatchString(id) {
		return d.client.Failf(op, providers.Invalid, "the ID is no UUID")
	}
	return nil
}

// is makes a term of FIQL. A quote cannot be in a value.
func is(field, operator, value string) string {
	return field + operator + `"` + strings.ReplaceAll(value, `"`, "") + `"`
}

// list reads all pages of a list by start and page_size; page takes one and returns how many rows it has.
func (d *Desk) list(ctx context.Context, op, path string, params map[string]string, page func() (into any, rows func() int)) error {
	for start := 0; ; {
		into, rows := page()
		answer, err := d.client.Read(ctx, rest.Call{
			Op: op, Method: http.MethodGet, Path: path, Params: params, Optional: true, Into: into,
			Query: url.Values{"start": {strconv.Itoa(start)}, "page_size": {strconv.Itoa(d.config.PageSize)}},
		})
		if err != nil {
			return err
		}
		read := rows()
		if answer.Status != http.StatusPartialContent || read == 0 {
			return nil
		}
		start += read
	}
}

// lookup finds an operator group, a branch or a reason by its name; archived ones are left out.
func (d *Desk) lookup(ctx context.Context, op, path, name string) (string, error) {
	var answer struct {
		Results []named `json:"results"`
	}
	call := rest.Call{Op: op, Method: http.MethodGet, Path: path, Query: url.Values{"name": {name}, "archived": {"false"}}, Into: &answer}
	if _, err := d.client.Read(ctx, call); err != nil {
		return "", err
	}
	for _, entry := range answer.Results { // names that begin so are found too
		if strings.EqualFold(entry.Name, name) {
			return entry.ID, nil
		}
	}
	return "", nil
}

// findGroup looks an operator group up by its name.
func (d *Desk) findGroup(ctx context.Context, op, name string) (string, error) {
	if name == "" {
		return "", d.client.Failf(op, providers.Invalid, "no queue is given; want the name of an operator group")
	}
	id, err := d.lookup(ctx, op, "/operatorgroups/lookup", name)
	if err == nil && id == "" {
		err = d.client.Failf(op, providers.Misconfigured, "operator group %q does not exist, is archived, or the operator does not see it; create it or correct its name", name)
	}
	return id, d.client.Explain(err, providers.Forbidden, op, "no right to read operator groups; grant it to the operator's permission group")
}

// findBranch looks up the branch of new persons.
func (d *Desk) findBranch(ctx context.Context, op string) (string, error) {
	id, err := d.lookup(ctx, op, "/branches/lookup", d.config.Branch)
	if err == nil && id == "" {
		err = d.client.Failf(op, providers.Misconfigured, "branch %q does not exist, is archived, or the operator does not see it; correct branch", d.config.Branch)
	}
	return id, d.client.Explain(err, providers.Forbidden, op, "no right to read branches; grant it to the operator's permission group")
}
