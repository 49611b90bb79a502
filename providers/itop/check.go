package itop

import (
	"context"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
)

// Check implements [providers.Desk].
func (d *Desk) Check(ctx context.Context) (providers.Report, error) {
	const op = "check"
	said, err := d.run(ctx, d.client.Read, op, operation{Operation: "list_operations"})
	if err != nil {
		return providers.Report{}, d.client.Explain(err, providers.NotFound, op, "no web services at this address; set url to iTop's, without /webservices")
	}
	const profile = "give the account a profile that may, such as Support Agent and Service Desk Agent"
	report := providers.Report{Version: "iTop (REST " + said.Version + ")"}
	_, err = d.FindUsers(ctx, providers.UserQuery{By: providers.ByEmail, Value: "nobody@deskbridge.invalid"})
	report.Findings = append(report.Findings, flow.Tried("find users", err, "the account may not read persons", profile))
	_, err = d.findOrganization(ctx, op)
	report.Findings = append(report.Findings, flow.Tried("create users", err, "organization "+d.config.Organization+" does not exist, or the account does not see it", "correct organization"))
	for _, queue := range d.config.Queues {
		_, err := d.findTeam(ctx, op, queue)
		report.Findings = append(report.Findings, flow.Tried("log a ticket in queue "+queue, err, "the team does not exist, or the account does not see it", "create it or correct its name"))
	}
	_, err = d.FindTicket(ctx, "deskbridge/check")
	if providers.KindOf(err) == providers.NotFound {
		err = nil
	}
	report.Findings = append(report.Findings, flow.Tried("find a ticket by its key", err, "the account may not read tickets, or key_field is no attribute", profile+", and correct key_field"))
	return d.checkZone(ctx, report), nil
}

// checkZone holds the clock against the ticket that changed last: iTop cannot have changed one
// in times to come, as it seems where time_zone is wrong.
func (d *Desk) checkZone(ctx context.Context, report providers.Report) providers.Report {
	page, err := d.FetchChanges(ctx, providers.ChangesQuery{Since: time.Now().Add(-24 * time.Hour)})
	finding := flow.Tried("fetch changed tickets", err, "the account may not read tickets", "give it a profile that may, such as Support Agent")
	for _, ticket := range page.Tickets {
		if ticket.UpdatedAt.After(page.DeskTime.Add(time.Minute)) {
			finding.Problem = "iTop is in another time zone than " + d.config.TimeZone + ": a ticket was changed in times to come"
			finding.Cure = "set time_zone to timezone of iTop's configuration"
		}
	}
	report.Findings = append(report.Findings, finding)
	return report
}
