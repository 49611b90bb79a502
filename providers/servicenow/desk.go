package servicenow

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/go-resty/resty/v2"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
)

// Desk is a ServiceNow instance seen through one account.
type Desk struct {
	config Config
	zone   *time.Location
	client *rest.Client
	tables transport
}

var (
	_ providers.Full            = (*Desk)(nil)
	_ providers.UserUpdater     = (*Desk)(nil)
	_ providers.UserDeactivator = (*Desk)(nil)
	_ providers.TicketsFetcher  = (*Desk)(nil)
)

// transport reads and writes records, by REST or by SOAP.
type transport interface {
	// records returns the rows that a query finds and the account may read.
	records(ctx context.Context, op string, query query) (rows, error)
	// insert returns the sys_id of the new record.
	insert(ctx context.Context, op, table string, fields map[string]string) (string, error)
	update(ctx context.Context, op, table, sysID string, fields map[string]string) error
	// attach adds a file to a record.
	attach(ctx context.Context, op, table, sysID string, file providers.NewAttachment) error
	// holds says whether an attachment, a row of sys_attachment, has this content.
	holds(ctx context.Context, op string, attachment record, content []byte) (bool, error)
}

// query asks for records of a table; no fields means all.
type query struct {
	table, where  string
	fields        []string
	limit, offset int
}

// rows is an answer.
type rows struct {
	records []record
	// total counts what matches, rows that may not be read too; -1 where it is not told.
	total int
	// at is the desk's clock; zero if it is not told.
	at time.Time
}

// New makes a desk from its settings; it calls nothing.
func New(config Config) (*Desk, error) {
	config, zone, err := config.normalize()
	if err != nil {
		return nil, err
	}
	options := rest.Options{
		Desk: "servicenow", BaseURL: config.URL, Timeout: config.Timeout, MaxConns: config.MaxConnections,
		Classify: classify,
	}
	d := &Desk{config: config, zone: zone}
	if config.ClientID != "" {
		options.Session = rest.NewSession(d.token, rest.Bearer)
	} else {
		options.Authorize = func(request *resty.Request) error {
			password, err := config.Password.Reveal()
			request.SetBasicAuth(config.Login, password)
			return err
		}
	}
	if config.Transport == transportSOAP {
		services := newTablesSOAP(options)
		d.tables, d.client = services, services.client.HTTP
	} else {
		d.client = rest.New(options)
		d.tables = tablesREST{d.client}
	}
	return d, nil
}

// token asks the instance for an OAuth 2.0 token (RFC 6749, 4.3 and 4.4).
func (d *Desk) token(ctx context.Context) (string, error) {
	secret, err := d.config.ClientSecret.Reveal()
	if err != nil {
		return "", err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {d.config.ClientID}, "client_secret": {secret}}
	if d.config.Login != "" {
		password, err := d.config.Password.Reveal()
		if err != nil {
			return "", err
		}
		form.Set("grant_type", "password")
		form.Set("username", d.config.Login)
		form.Set("password", password)
	}
	return d.client.AccessToken(ctx, "/oauth_token.do", form)
}

// classify reads what ServiceNow answers with 403 for what others answer with 400 and 409.
func classify(status int, body []byte) (providers.Kind, error) {
	switch {
	case status != http.StatusForbidden && status != http.StatusInternalServerError:
		return "", nil
	case bytes.Contains(body, []byte("Unique Key violation")):
		return providers.Conflict, errors.New("a record with the same unique field exists")
	case bytes.Contains(body, []byte("Data Policy Exception")):
		return providers.Invalid, errors.New("a data policy of ServiceNow demands further fields; give them in status_fields, or with the queue")
	}
	return "", nil
}

var sysIDPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)

// checkID refuses what is no sys_id, so that it cannot become another query.
func (d *Desk) checkID(op, id string) error {
	if !sysIDPattern.MatchString(id) {
		return d.client.Failf(op, providers.Invalid, "the ID is no sys_id; want 32 hexadecimal digits")
	}
	return nil
}

// one reads a record by its sys_id.
func (d *Desk) one(ctx context.Context, op, table, sysID string, fields []string) (record, error) {
	if err := d.checkID(op, sysID); err != nil {
		return nil, err
	}
	found, err := d.tables.records(ctx, op, query{table: table, where: "sys_id=" + sysID, fields: fields, limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found.records) == 0 {
		return nil, d.client.Failf(op, providers.NotFound, "no such record, or the account may not read it")
	}
	if found.records[0].value("sys_id") != sysID {
		return nil, d.client.Failf(op, providers.Malformed, "ServiceNow answers with another record")
	}
	return found.records[0], nil
}

// checkFields refuses fields that a table does not have, for ServiceNow drops them without a
// word. A table without any record cannot be asked.
func (d *Desk) checkFields(ctx context.Context, op, table string, fields map[string]string) error {
	if len(fields) == 0 {
		return nil
	}
	found, err := d.tables.records(ctx, op, query{table: table, where: "sys_idISNOTEMPTY", limit: 1})
	if err != nil || len(found.records) == 0 {
		return err
	}
	for name := range fields {
		if _, known := found.records[0][name]; !known {
			return d.client.Failf(op, providers.Invalid, "table %s has no field %q, or the account may not see it", table, name)
		}
	}
	return nil
}
