package itop

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
)

// Desk is an iTop seen through one account.
type Desk struct {
	config Config
	zone   *time.Location
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
	config, zone, err := config.normalize()
	if err != nil {
		return nil, err
	}
	return &Desk{config: config, zone: zone, client: rest.New(rest.Options{
		Desk: "itop", BaseURL: config.URL, Timeout: config.Timeout, MaxConns: config.MaxConnections,
	})}, nil
}

// operation is json_data.
type operation struct {
	Operation string         `json:"operation"`
	Class     string         `json:"class,omitempty"`
	Key       any            `json:"key,omitempty"`
	Fields    map[string]any `json:"fields,omitempty"`
	Output    string         `json:"output_fields,omitempty"`
	Comment   string         `json:"comment,omitempty"`
	Stimulus  string         `json:"stimulus,omitempty"`
}

// read and write are how an operation is sent.
type send func(context.Context, rest.Call) (rest.Answer, error)

// run carries out an operation; iTop answers errors with HTTP 200, too.
func (d *Desk) run(ctx context.Context, send send, op string, operation operation) (answer, error) {
	password, err := d.config.Password.Reveal()
	if err != nil {
		return answer{}, d.client.Refuse(op, err)
	}
	content, err := json.Marshal(operation)
	if err != nil {
		return answer{}, d.client.Errorf(op, providers.Invalid, err)
	}
	form := url.Values{"auth_user": {d.config.Login}, "auth_pwd": {password}, "json_data": {string(content)}}
	var said answer
	got, err := send(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/webservices/rest.php", Query: url.Values{"version": {"1.3"}}, Body: []byte(form.Encode()), Into: &said,
		Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
	})
	if err != nil {
		return answer{}, err
	}
	said.at = got.At
	return said, d.refusal(op, operation, said)
}

// refusal reads the code and the text of an answer. The text is not repeated: it can hold values.
func (d *Desk) refusal(op string, operation operation, said answer) error {
	const unauthorized = 1
	has := func(part string) bool { return strings.Contains(strings.ToLower(said.Message), part) }
	switch {
	case said.Code == nil:
		return d.client.Failf(op, providers.Malformed, "the answer has no code")
	case *said.Code == 0:
		return nil
	case *said.Code == unauthorized && has("permission"):
		return d.client.Failf(op, providers.Forbidden, "no right to class %s; give the account a profile that may, such as Support Agent and Service Desk Agent", operation.Class)
	case *said.Code == unauthorized:
		return d.client.Failf(op, providers.Unauthenticated, "iTop refused login or password, or the account lacks the profile REST Services User")
	case has("several items found"):
		return d.client.Failf(op, providers.Ambiguous, "iTop found several objects of class %s where one was meant", operation.Class)
	case has("no item found"):
		return d.client.Failf(op, providers.NotFound, "there is no such object of class %s", operation.Class)
	case has("mysql") || has("database") || has("deadlock"):
		kind := providers.UnknownOutcome
		if operation.Operation == "core/get" {
			kind = providers.Unavailable
		}
		return d.client.Failf(op, kind, "iTop's database failed (code %d)", *said.Code)
	}
	return d.client.Failf(op, providers.Invalid, "iTop refuses the operation on class %s (code %d); its attributes and values have to be of its data model", operation.Class, *said.Code)
}

// find reads the objects of a class that OQL finds.
func (d *Desk) find(ctx context.Context, op, class, where, output string) ([]object, time.Time, error) {
	said, err := d.run(ctx, d.client.Read, op, operation{Operation: "core/get", Class: class, Key: "SELECT " + class + " WHERE " + where, Output: output})
	if err != nil {
		return nil, time.Time{}, err
	}
	return said.sorted(), said.at, nil
}

// quote writes a text as OQL has it.
func quote(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'"
}

// The shapes of a ticket's ID and of any other.
var (
	ticketPattern = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_]*)::([0-9]{1,18})$`)
	idPattern     = regexp.MustCompile(`^[0-9]{1,18}$`)
)

// parseID parts a ticket's ID into its class, one of the connection's, and number.
func (d *Desk) parseID(op, ticketID string) (class, number string, err error) {
	parts := ticketPattern.FindStringSubmatch(ticketID)
	if parts != nil {
		for _, known := range d.config.classes() {
			if known == parts[1] {
				return parts[1], parts[2], nil
			}
		}
	}
	return "", "", d.client.Failf(op, providers.Invalid, "the ID is none of a ticket; want for example UserRequest::12")
}

// findTeam looks a team up by its name.
func (d *Desk) findTeam(ctx context.Context, op, name string) (string, error) {
	if name == "" {
		return "", d.client.Failf(op, providers.Invalid, "no queue is given; want the name of a team")
	}
	teams, _, err := d.find(ctx, op, "Team", "name = "+quote(name), "name")
	if err == nil && len(teams) == 0 {
		err = d.client.Failf(op, providers.Misconfigured, "team %q does not exist, or the account does not see it; create it or correct its name", name)
	}
	if err != nil {
		return "", err
	}
	return teams[0].Key, nil
}

// checkID refuses what is no number, so that it cannot become another query.
func (d *Desk) checkID(op, id string) error {
	if !idPattern.MatchString(id) {
		return d.client.Errorf(op, providers.Invalid, fmt.Errorf("the ID is no number"))
	}
	return nil
}
