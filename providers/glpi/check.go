package glpi

import (
	"context"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
)

// Check implements [providers.Desk].
func (d *Desk) Check(ctx context.Context) (providers.Report, error) {
	const op = "check"
	version, err := d.version(ctx, op)
	if err != nil && providers.KindOf(err) != providers.Forbidden {
		err = d.client.Explain(err, providers.Unauthenticated, op, "GLPI refused login, password or token; correct them, and let login with credentials be on in the API's settings")
		return providers.Report{}, d.client.Explain(err, providers.NotFound, op, "no API at this address; set url to GLPI's, without /apirest.php, and switch the API on")
	}
	const profile = "give the account's profile this right in its entity"
	report := providers.Report{Version: version, Statuses: statuses}
	_, err = d.FindUsers(ctx, providers.UserQuery{By: providers.ByEmail, Value: "nobody@deskbridge.invalid"})
	report.Findings = append(report.Findings, flow.Tried("find and create users", err, "the account may not read users", profile))
	for _, queue := range d.config.Queues {
		_, err := d.findGroup(ctx, op, queue)
		report.Findings = append(report.Findings, flow.Tried("log a ticket in queue "+queue, err, "the group does not exist, or the account does not see it", "create it or correct its name"))
	}
	page, err := d.FetchChanges(ctx, providers.ChangesQuery{Since: time.Now().Add(-24 * time.Hour)})
	changes := flow.Tried("fetch changed tickets", err, "the account may not read tickets", profile)
	for _, ticket := range page.Tickets {
		if ticket.UpdatedAt.After(page.DeskTime.Add(time.Minute)) {
			changes.Problem = "GLPI is in another time zone than " + d.config.TimeZone + ": a ticket was changed in times to come"
			changes.Cure = "set time_zone to that of the server"
		}
	}
	report.Findings = append(report.Findings, changes)
	return report, nil
}
