package halo

import (
	"context"
	"net/url"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
)

// Check implements [providers.Desk].
func (d *Desk) Check(ctx context.Context) (providers.Report, error) {
	const op = "check"
	statuses, err := d.all(ctx, op, "Status")
	if err != nil && providers.KindOf(err) != providers.Forbidden {
		err = d.client.Explain(err, providers.Unauthenticated, op, "Halo refused the credentials; correct client_id, client_secret, token_url and tenant, and let the application log in as an agent with the permission all")
		return providers.Report{}, d.client.Explain(err, providers.NotFound, op, "no Halo at this address; set url to the tenant's, without /api, and token_url to its authorization server's")
	}
	const cure = "give the application and its agent this permission"
	report := providers.Report{Version: "HaloITSM"}
	for _, status := range statuses {
		report.Statuses = append(report.Statuses, status.Name)
	}
	report.Findings = append(report.Findings, flow.Tried("update a ticket", err, "the application may not read statuses", cure))
	_, err = d.FindUsers(ctx, providers.UserQuery{By: providers.ByEmail, Value: "nobody@deskbridge.invalid"})
	report.Findings = append(report.Findings, flow.Tried("find users", err, "the application may not read users", cure))
	_, err = d.findSite(ctx, op)
	report.Findings = append(report.Findings, flow.Tried("create users", err, "site "+d.config.Site+" does not exist, or the application may not read sites", "correct site"))
	for _, queue := range d.config.Queues {
		err := d.findTeam(ctx, op, queue)
		report.Findings = append(report.Findings, flow.Tried("log a ticket in queue "+queue, err, "the team does not exist, or the application may not read teams", "create it or correct its name"))
	}
	for _, kind := range []string{d.config.RequestType, d.config.IncidentType} {
		if kind == "" {
			continue
		}
		types, err := d.all(ctx, op, "TicketType")
		if err == nil && find(types, kind) == 0 {
			err = providers.Misconfigured
		}
		report.Findings = append(report.Findings, flow.Tried("log a ticket of type "+kind, err, "the ticket type does not exist", "correct request_type or incident_type"))
	}
	_, err = d.records(ctx, op, 1, url.Values{})
	report.Findings = append(report.Findings, flow.Tried("fetch changed tickets", err, "the application may not read tickets", cure))
	return report, nil
}
