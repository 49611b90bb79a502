package ivanti

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
)

// Desk is an Ivanti tenant seen through one API key.
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
		Desk: "ivanti", BaseURL: config.URL + "/api", Timeout: config.Timeout, MaxConns: config.MaxConnections,
		Authorize: func(request *resty.Request) error {
			key, err := config.APIKey.Reveal()
			request.SetHeader("Authorization", "rest_api_key="+key)
			return err
		},
	})}, nil
}

// The business objects, as OData has them.
const (
	incidents   = "incidents"
	employees   = "employees"
	teams       = "standarduserteams"
	attachments = "attachments"
)

// query asks for records.
type query struct {
	where, order string
	skip, top    int
}

// found is a page of records.
type found struct {
	records []record
	// more says that there may be another page.
	more bool
	// at is the desk's clock.
	at time.Time
}

// records reads the records of a business object that a filter finds; none is 204.
func (d *Desk) records(ctx context.Context, op, object string, asked query) (found, error) {
	if asked.top == 0 {
		asked.top = d.config.PageSize
	}
	parameters := url.Values{"$top": {strconv.Itoa(asked.top)}, "$skip": {strconv.Itoa(asked.skip)}}
	if asked.where != "" {
		parameters.Set("$filter", asked.where)
	}
	if asked.order != "" {
		parameters.Set("$orderby", asked.order)
	}
	var answer struct {
		Value []record `json:"value"`
	}
	said, err := d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/odata/businessobject/{object}", Params: map[string]string{"object": object}, Query: parameters, Optional: true, Into: &answer,
	})
	if err == nil && answer.Value == nil && said.Status != http.StatusNoContent {
		err = d.client.Failf(op, providers.Malformed, "the answer holds no value")
	}
	return found{answer.Value, len(answer.Value) >= asked.top, said.At}, d.client.Explain(err, providers.Forbidden, op, "no right to read %s; let the role of the API key see them", object)
}

// one reads the record with this RecId.
func (d *Desk) one(ctx context.Context, op, object, recID string) (record, error) {
	if err := d.checkID(op, recID); err != nil {
		return nil, err
	}
	page, err := d.records(ctx, op, object, query{where: is("RecId", recID), top: 1})
	if err != nil {
		return nil, err
	}
	if len(page.records) == 0 {
		return nil, d.client.Failf(op, providers.NotFound, "no such record, or the role of the API key does not see it")
	}
	if page.records[0].text("RecId") != recID {
		return nil, d.client.Failf(op, providers.Malformed, "Ivanti answers with another record")
	}
	return page.records[0], nil
}

// create makes a record.
func (d *Desk) create(ctx context.Context, op, object string, fields map[string]any) (record, error) {
	var created record
	_, err := d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/odata/businessobject/{object}", Params: map[string]string{"object": object}, JSON: fields, Into: &created,
	})
	err = d.client.Explain(err, providers.Invalid, op, "Ivanti refuses the record of %s; its fields and their values have to exist, and those that are required have to be given", object)
	return created, d.client.Explain(err, providers.Forbidden, op, "no right to create %s; let the role of the API key do so", object)
}

// update writes fields of a record.
func (d *Desk) update(ctx context.Context, op, object, recID string, fields map[string]any) error {
	_, err := d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPut, Path: "/odata/businessobject/{object}('{id}')", Params: map[string]string{"object": object, "id": recID}, JSON: fields,
	})
	err = d.client.Explain(err, providers.Invalid, op, "Ivanti refuses the change of %s; its fields and their values have to exist, and those that are required have to be given", object)
	return d.client.Explain(err, providers.Forbidden, op, "no right to change %s; let the role of the API key do so", object)
}

// is makes a comparison of OData; a quote in a text is doubled.
func is(field, value string) string {
	return fmt.Sprintf("%s eq '%s'", field, strings.ReplaceAll(value, "'", "''"))
}

// from makes a comparison of times, which are written without quotes.
func from(field string, at time.Time) string {
	return field + " ge " + at.UTC().Format(time.RFC3339)
}

var recIDPattern = regexp.MustCompile(`^[0-9A-Fa-f]{32}$`)

// checkID refuses what is no RecId, so that it cannot become another query.
func (d *Desk) checkID(op, id string) error {
	if !recIDPattern.MatchString(id) {
		return d.client.Failf(op, providers.Invalid, "the ID is no RecId; want 32 hexadecimal digits")
	}
	return nil
}

// checkTeam refuses an owner team that does not exist.
func (d *Desk) checkTeam(ctx context.Context, op, name string) error {
	if name == "" {
		return d.client.Failf(op, providers.Invalid, "no queue is given; want the name of an owner team")
	}
	page, err := d.records(ctx, op, teams, query{where: is("Team", name), top: 1})
	if err == nil && len(page.records) == 0 {
		err = d.client.Failf(op, providers.Misconfigured, "team %q does not exist, or the role of the API key does not see it; create it or correct its name", name)
	}
	return err
}
