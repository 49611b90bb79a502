package freshservice

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
)

// Check implements [providers.Desk].
func (d *Desk) Check(ctx context.Context) (providers.Report, error) {
	const op = "check"
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/tickets", Query: url.Values{"per_page": {"1"}}})
	if err != nil && providers.KindOf(err) != providers.Forbidden {
		err = d.client.Explain(err, providers.Unauthenticated, op, "Freshservice refused the API key; copy it anew from the agent's profile")
		return providers.Report{}, d.client.Explain(err, providers.NotFound, op, "no Freshservice at this address; set url to the account's, without a path")
	}
	const role = "give the agent a role that may, such as SD Supervisor, in the workspace"
	report := providers.Report{Version: "Freshservice"}
	report.Findings = append(report.Findings, flow.Tried("fetch and update tickets", err, "the agent may not read tickets", role))
	_, err = d.FindUsers(ctx, providers.UserQuery{By: providers.ByEmail, Value: "nobody@deskbridge.invalid"})
	report.Findings = append(report.Findings, flow.Tried("find and create users", err, "the agent may not list requesters and agents", role))
	for _, queue := range d.config.Queues {
		_, err := d.findGroup(ctx, op, queue)
		report.Findings = append(report.Findings, flow.Tried("log a ticket in queue "+queue, err, "the agent group does not exist, or the agent may not list groups", "create it or correct its name"))
	}
	_, err = d.FindTicket(ctx, "deskbridge/check")
	if errors.Is(err, providers.NotFound) {
		err = nil
	}
	report.Findings = append(report.Findings, flow.Tried("key field "+d.config.KeyField, err, "Freshservice does not search it", "create a custom field of this name for tickets, or correct key_field"))
	report.Statuses = d.statuses(ctx, op)
	_, err = d.FetchChanges(ctx, providers.ChangesQuery{Since: time.Now().Add(-time.Hour)})
	report.Findings = append(report.Findings, flow.Tried("fetch changed tickets", err, "the agent may not list tickets", role))
	return report, nil
}

// statuses lists those of the ticket form; none where the account may not read it.
func (d *Desk) statuses(ctx context.Context, op string) []string {
	var form struct {
		Fields []struct {
			Name    string `json:"name"`
			Choices []struct {
				ID int `json:"id"`
			} `json:"choices"`
		} `json:"ticket_fields"`
	}
	if _, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/ticket_form_fields", Into: &form}); err != nil {
		return nil
	}
	var names []string
	for _, field := range form.Fields {
		if field.Name != "status" {
			continue
		}
		for _, choice := range field.Choices {
			names = append(names, statusName(choice.ID))
		}
	}
	return names
}
