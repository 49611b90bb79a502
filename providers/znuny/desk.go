package znuny

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/soap"
	wire "deskbridge/providers/znuny/internal/ticketconnector"
)

// Desk is a Znuny server seen through one agent.
type Desk struct {
	config Config
	zone   *time.Location
	client *soap.Client
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
	client := soap.New(soap.Options{
		HTTP:        rest.Options{Desk: "znuny", BaseURL: config.URL, Timeout: config.Timeout, MaxConns: config.MaxConnections},
		Unqualified: true,
		Classify:    classify,
	})
	return &Desk{config: config, zone: zone, client: client}, nil
}

// classify reads the faults by which the web service refuses what it is not configured for.
func classify(fault soap.Fault) (providers.Kind, error) {
	switch {
	case strings.Contains(fault.Text, "does not match namespace"), strings.Contains(fault.Text, "does not match expected result"):
		return providers.Misconfigured, errors.New("the web service has another namespace; set namespace to the one in Znuny under Web Services > Network transport")
	case strings.Contains(fault.Text, "OperationType"):
		return providers.Misconfigured, errors.New("the web service lacks an operation; import webservice.yml into Znuny under Web Services")
	}
	return "", nil
}

// call makes the envelope of an operation; the request's type has the operation's name.
func (d *Desk) call(op, operation string, request, response any) soap.Call {
	return soap.Call{
		Op: op, Path: "/nph-genericinterface.pl/Webservice/" + url.PathEscape(d.config.WebService),
		Action: d.config.Namespace + "#" + operation, Namespace: d.config.Namespace, Request: request, Response: response,
	}
}

var errNoField = errors.New("there is no such dynamic field for tickets in Znuny")

// refusal makes an error of what came with HTTP 200 beside the answer's data. The message is
// for us: it may repeat what was sent, and is looked at but never passed on.
func (d *Desk) refusal(op string, refused *wire.Error, unclear providers.Kind) error {
	if refused == nil {
		return nil
	}
	code := refused.ErrorCode[strings.LastIndex(refused.ErrorCode, ".")+1:]
	names := func(parameter string) bool { return strings.Contains(refused.ErrorMessage, parameter) }
	switch {
	case code == "AuthFail":
		return d.client.HTTP.Failf(op, providers.Unauthenticated, "Znuny refused login or password")
	case code == "AccessDenied" && names("create tickets"):
		return d.client.HTTP.Failf(op, providers.Forbidden, "no right to create in this queue; give the agent a group or role with the permission create (or rw) on the queue")
	case code == "AccessDenied" && names("access to the ticket"):
		return d.client.HTTP.Failf(op, providers.NotFound, "the ticket was deleted, never was, or the agent may not see it")
	case code == "AccessDenied":
		return d.client.HTTP.Failf(op, providers.Forbidden, "no right to change the ticket so; give the agent a group or role with the permission rw on its queue")
	case names("DynamicField->Name"):
		return d.client.HTTP.Errorf(op, providers.Invalid, errNoField)
	case names("Ticket->Queue"):
		return d.client.HTTP.Failf(op, providers.Misconfigured, "the queue does not exist or is not valid; create it or correct its name")
	case names("Ticket->CustomerUser"):
		return d.client.HTTP.Failf(op, providers.Invalid, "Znuny refuses the customer user: it is deactivated, or no customer user and no e-mail address")
	case code == "InvalidParameter", code == "MissingParameter":
		return d.client.HTTP.Failf(op, providers.Invalid, "Znuny refuses %s", parameter(refused.ErrorMessage))
	}
	return d.client.HTTP.Failf(op, unclear, "Znuny reports an error of its own")
}

// parameter names what a message complains about, if it is one of the interface's own names.
func parameter(message string) string {
	for _, word := range strings.Fields(message) {
		if group, name, ok := strings.Cut(word, "->"); ok && (group == "Ticket" || group == "Article" || group == "Attachment") {
			return group + "->" + strings.Trim(name, ".,!")
		}
	}
	return "a parameter"
}

// checkID refuses what is no number, so that it cannot be read as another parameter.
func (d *Desk) checkID(op, id string) error {
	if id == "" || strings.Trim(id, "0123456789") != "" {
		return d.client.HTTP.Failf(op, providers.Invalid, "the ID is no number; Znuny's IDs are")
	}
	return nil
}

// credentials reads the password anew, so that a rotated one is taken up.
func (d *Desk) credentials(op string) (login, password string, err error) {
	password, err = d.config.Password.Reveal()
	if err != nil {
		return "", "", d.client.HTTP.Refuse(op, err)
	}
	return d.config.Login, password, nil
}

// clock is the desk's, which the GenericInterface does not tell.
func (d *Desk) clock(ctx context.Context, op string) (time.Time, error) {
	return d.client.HTTP.Clock(ctx, op, "/")
}
