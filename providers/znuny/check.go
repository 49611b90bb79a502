package znuny

import (
	"context"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/zoned"
	wire "deskbridge/providers/znuny/internal/ticketconnector"
)

const (
	// keyFieldCure tells an administrator of Znuny how to add the key field.
	keyFieldCure = "in Znuny under Admin > Dynamic Fields add a field of type Text for Ticket with that name, or correct key_field"
	rpcCure      = "set SOAP::User and SOAP::Password in Znuny's system configuration, restrict the address /rpc.pl on its web server, and give rpc_login and rpc_password"
)

// Check implements [providers.Desk].
func (d *Desk) Check(ctx context.Context) (providers.Report, error) {
	const op = "check"
	newest, err := d.search(ctx, op, wire.TicketSearch{Limit: "1", OrderBy: "Down"})
	if err != nil {
		err = d.client.HTTP.Explain(err, providers.Unauthenticated, op, "Znuny refused login or password; correct them, or reset the agent's password under Admin > Agents")
		err = d.client.HTTP.Explain(err, providers.NotFound, op, "no GenericInterface at this address; set url to where Znuny's index.pl is")
		if _, down := d.clock(ctx, op); down == nil {
			err = d.client.HTTP.Explain(err, providers.Unavailable, op, "the web server answers, but not the web service %q; if it does not exist, import webservice.yml into Znuny under Admin > Web Services, or correct web_service", d.config.WebService)
		}
		return providers.Report{}, err
	}
	report := providers.Report{Version: "Znuny (web service " + d.config.WebService + ")"}
	report.Findings = append(report.Findings, d.checkUsers(ctx))
	for _, queue := range d.config.Queues {
		report.Findings = append(report.Findings, d.checkQueue(ctx, queue)...)
	}
	report.Findings = append(report.Findings, d.checkHistory(ctx, newest), d.checkChanges(ctx, newest))
	return report, nil
}

func (d *Desk) checkUsers(ctx context.Context) providers.Finding {
	finding := providers.Finding{Function: "find and create users"}
	switch err := d.checkRPC(ctx, "check"); providers.KindOf(err) {
	case "":
	case providers.Misconfigured:
		finding.Problem, finding.Cure = "not available: this connection has no access to customer users", rpcCure
	case providers.Unauthenticated:
		finding.Problem, finding.Cure = "rpc.pl refuses rpc_login and rpc_password", "set them to SOAP::User and SOAP::Password of Znuny's system configuration"
	default:
		finding.Problem, finding.Cure = "rpc.pl does not answer as it should", rpcCure
	}
	return finding
}

// checkQueue tries to create a ticket with a file that has no name, which Znuny refuses last:
// what it refuses before tells what is missing, and nothing is created.
func (d *Desk) checkQueue(ctx context.Context, name string) []providers.Finding {
	create := providers.Finding{Function: "log a ticket in queue " + name}
	key := providers.Finding{Function: "key field " + d.config.KeyField}
	request, err := d.newTicket("check", providers.NewTicket{
		Key: "check/check", Queue: name, Subject: "check", Body: "check",
		RequesterID: "root@localhost", // Znuny takes this address without looking it up
	})
	var answer wire.TicketCreateResponse
	if err == nil {
		request.Attachment = []*wire.NewAttachment{{Content: "eA==", ContentType: "text/plain"}}
		_, err = d.client.Write(ctx, d.call("check", "TicketCreate", request, &answer))
	}
	if err == nil {
		err = d.refusal("check", answer.Error, providers.Unavailable)
	}
	switch {
	case err != nil && answer.Error == nil:
		create.Problem, create.Cure = "Znuny does not answer TicketCreate", "import webservice.yml into Znuny under Admin > Web Services, or correct web_service"
	case providers.KindOf(err) == providers.Misconfigured:
		create.Problem, create.Cure = "the queue does not exist or is not valid", "create the queue or correct its name"
	case providers.KindOf(err) == providers.Forbidden:
		create.Problem, create.Cure = "the agent may not create tickets there", "give the agent a group or role with the permission rw on the queue"
	case answer.Error != nil && strings.Contains(answer.Error.ErrorMessage, "DynamicField->Name"):
		key.Problem, key.Cure = "Znuny has no such dynamic field for tickets", keyFieldCure
	case answer.Error != nil && !strings.Contains(answer.Error.ErrorMessage, "Attachment->"):
		create.Problem = "Znuny refuses " + parameter(answer.Error.ErrorMessage) + " of a new ticket"
		create.Cure = "correct state and priority, or set what Znuny asks for in the queue's fields"
	}
	if create.Problem != "" {
		return []providers.Finding{create}
	}
	return []providers.Finding{create, key}
}

func (d *Desk) checkHistory(ctx context.Context, some []string) providers.Finding {
	finding := providers.Finding{Function: "fetch customer-facing notes"}
	id := "0"
	if len(some) > 0 {
		id = some[0]
	}
	if _, err := d.history(ctx, "check", id); providers.KindOf(err) != providers.NotFound && err != nil {
		finding.Problem = "the web service does not answer TicketHistoryGet"
		finding.Cure = "import webservice.yml into Znuny under Admin > Web Services"
	}
	return finding
}

// checkChanges holds the search against a ticket's own time stamps: asked for changes since
// that second Znuny must list it, and asked for a second later it must not. It also asks
// whether the agent sees anything at all.
func (d *Desk) checkChanges(ctx context.Context, some []string) providers.Finding {
	finding := providers.Finding{Function: "fetch changed tickets"}
	tickets, err := d.read(ctx, "check", some)
	if err != nil || len(tickets) == 0 {
		finding.Problem = "the agent sees no ticket"
		finding.Cure = "give the agent a group or role with the permission ro on the queues (there is nothing to do if there is no ticket yet)"
		return finding
	}
	changed := zoned.Parse(tickets[0].Changed, d.zone)
	listed := func(since time.Time) (bool, error) {
		ids, err := d.search(ctx, "check", wire.TicketSearch{TicketID: []string{tickets[0].TicketID}, TicketLastChangeTimeNewerDate: zoned.Literal(since, d.zone)})
		return len(ids) > 0, err
	}
	since, err := listed(changed)
	later, errLater := listed(changed.Add(time.Second))
	now, errClock := d.clock(ctx, "check")
	switch {
	case err != nil || errLater != nil || !since || later:
		finding.Problem, finding.Cure = "the search by time of change does not answer as it should", "see Znuny's log"
	case errClock != nil:
		finding.Problem, finding.Cure = "the desk's clock is unknown", "let the web server or proxy before Znuny send the Date header"
	case changed.After(now.Add(time.Minute)), d.otherZone(ctx):
		finding.Problem = "Znuny's times are not in the zone " + d.config.TimeZone
		finding.Cure = "set time_zone to OTRSTimeZone of Znuny's system configuration"
	}
	return finding
}

// otherZone asks Znuny for its zone, where rpc.pl lets it be asked.
func (d *Desk) otherZone(ctx context.Context) bool {
	answer, err := d.dispatch(ctx, d.client.Read, "check", "ConfigObject", "Get", "OTRSTimeZone")
	return err == nil && len(answer) == 1 && answer[0] != d.config.TimeZone
}
