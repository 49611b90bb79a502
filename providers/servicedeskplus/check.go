package servicedeskplus

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
)

// Check implements [providers.Desk].
func (d *Desk) Check(ctx context.Context) (providers.Report, error) {
	const op = "check"
	_, err := d.requests(ctx, op, listInfo{Rows: 1, Start: 1})
	if err != nil && providers.KindOf(err) != providers.Forbidden {
		err = d.client.Explain(err, providers.Unauthenticated, op, "the desk refused the credentials; make a new technician key, or a new refresh token with the scopes SDPOnDemand.requests.ALL and SDPOnDemand.users.ALL")
		return providers.Report{}, d.client.Explain(err, providers.NotFound, op, "no API at this address; set url to what comes before /api/v3")
	}
	const role = "give the technician a role that may"
	report := providers.Report{Version: "ServiceDesk Plus (on premises)"}
	if d.config.cloud() {
		report.Version = "ServiceDesk Plus (cloud)"
	}
	report.Findings = append(report.Findings, flow.Tried("fetch changed tickets", err, "the technician may not read requests", role))
	_, err = d.FindUsers(ctx, providers.UserQuery{By: providers.ByEmail, Value: "nobody@deskbridge.invalid"})
	report.Findings = append(report.Findings, flow.Tried("find and create users", err, "the technician may not read users", role))
	_, err = d.FindTicket(ctx, "deskbridge/check")
	if providers.KindOf(err) == providers.NotFound {
		err = nil
	}
	report.Findings = append(report.Findings, flow.Tried("key field "+d.config.KeyField, err, "the desk does not search it", "create an additional field of this name for requests, or correct key_field"))
	var statuses struct{ Statuses []named }
	_, err = d.run(ctx, d.client.Read, rest.Call{Op: op, Method: http.MethodGet, Path: "/statuses"}, listed(listInfo{Rows: d.config.PageSize, Start: 1}), &statuses)
	for _, status := range statuses.Statuses {
		if err == nil { // not every edition has the list
			report.Statuses = append(report.Statuses, status.Name)
		}
	}
	return d.checkQueues(ctx, op, report), nil
}

// checkQueues looks the groups up, where the desk lists them.
func (d *Desk) checkQueues(ctx context.Context, op string, report providers.Report) providers.Report {
	var answer struct{ Groups []named }
	_, err := d.run(ctx, d.client.Read, rest.Call{Op: op, Method: http.MethodGet, Path: "/groups"}, listed(listInfo{Rows: 100, Start: 1}), &answer)
	if err != nil {
		return report // not every edition has the list; a create tells
	}
	for _, queue := range d.config.Queues {
		finding := providers.Finding{Function: "log a ticket in queue " + queue}
		if !slices.ContainsFunc(answer.Groups, func(group named) bool { return strings.EqualFold(group.Name, queue) }) {
			finding.Problem, finding.Cure = "the support group does not exist", "create it or correct its name"
		}
		report.Findings = append(report.Findings, finding)
	}
	return report
}
