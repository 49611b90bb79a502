package topdesk

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
)

// Check implements [providers.Desk].
func (d *Desk) Check(ctx context.Context) (providers.Report, error) {
	const op = "check"
	var version struct{ Major, Minor, Patch int }
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/productVersion", Into: &version})
	if err != nil && providers.KindOf(err) != providers.Forbidden {
		err = d.client.Explain(err, providers.Unauthenticated, op, "TOPdesk refused login or application password; make a new application password for the operator, and give it a permission group with REST API")
		return providers.Report{}, d.client.Explain(err, providers.NotFound, op, "no TOPdesk at this address; set url to what comes before /tas")
	}
	const cure = "grant it to the operator's permission group"
	report := providers.Report{Version: fmt.Sprintf("TOPdesk %d.%d.%d", version.Major, version.Minor, version.Patch)}
	_, err = d.FindUsers(ctx, providers.UserQuery{By: providers.ByEmail, Value: "nobody@deskbridge.invalid"})
	report.Findings = append(report.Findings, flow.Tried("find users", err, "the operator may not read persons", cure))
	_, err = d.findBranch(ctx, op)
	report.Findings = append(report.Findings, flow.Tried("create users", err, "branch "+d.config.Branch+" does not exist, or the operator may not read branches", "correct branch"))
	if d.config.ArchivingReason != "" {
		_, err := d.findReason(ctx, op)
		report.Findings = append(report.Findings, flow.Tried("deactivate users", err, "there is no archiving reason "+d.config.ArchivingReason, "correct archiving_reason"))
	}
	for _, queue := range d.config.Queues {
		_, err := d.findGroup(ctx, op, queue)
		report.Findings = append(report.Findings, flow.Tried("log a ticket in queue "+queue, err, "the operator group does not exist, or the operator may not read it", "create it or correct its name"))
	}
	_, _, err = d.incidents(ctx, op, url.Values{"pageSize": {"1"}, "all": {"true"}})
	report.Findings = append(report.Findings, flow.Tried("fetch changed tickets", err, "the operator may not read incidents", cure))
	statuses, err := d.statuses(ctx, op)
	for _, status := range statuses {
		report.Statuses = append(report.Statuses, status.Name)
	}
	report.Findings = append(report.Findings, flow.Tried("update a ticket", err, "the operator may not read processing statuses", cure))
	return report, nil
}
