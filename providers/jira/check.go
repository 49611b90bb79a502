package jira

import (
	"context"
	"net/http"
	"slices"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
)

// Check implements [providers.Desk].
func (d *Desk) Check(ctx context.Context) (providers.Report, error) {
	const op = "check"
	if _, err := d.zone(ctx, op); err != nil {
		err = d.client.Explain(err, providers.Unauthenticated, op, "Jira refused the credentials; correct login and token (Data Center: a personal access token without login)")
		return providers.Report{}, d.client.Explain(err, providers.NotFound, op, "no Jira at this address; set url to the site's, with the context path of Data Center if it has one")
	}
	report := providers.Report{Version: "Jira Service Management (" + d.config.Edition + ")"}
	var info struct{ Version string }
	if _, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/rest/servicedeskapi/info", Into: &info}); err == nil {
		report.Version = "Jira Service Management " + info.Version + " (" + d.config.Edition + ")"
	}
	report.Statuses = d.statuses(ctx, op)
	serviceDesk, err := d.serviceDesk(ctx, op)
	report.Findings = append(report.Findings, flow.Tried("log a ticket", err,
		"there is no service desk with the project "+d.config.Project+", or the account does not see it", "correct project, or make the account an agent of it"))
	if err == nil {
		for _, queue := range d.config.Queues {
			report.Findings = append(report.Findings, d.checkQueue(ctx, op, serviceDesk, queue))
		}
	}
	_, err = d.FindUsers(ctx, providers.UserQuery{By: providers.ByEmail, Value: "nobody@deskbridge.invalid"})
	report.Findings = append(report.Findings, flow.Tried("find and create users", err, "the account may not find users", "grant it the global permission Browse users and groups"))
	_, err = d.search(ctx, op, d.inProject(`updated >= "`+literal(time.Now(), time.UTC)+`"`), "")
	report.Findings = append(report.Findings, flow.Tried("fetch changed tickets", err, "the account may not browse project "+d.config.Project, "grant it Browse Projects there"))
	_, err = d.FindTicket(ctx, "deskbridge/check")
	if providers.KindOf(err) == providers.NotFound {
		err = nil
	}
	report.Findings = append(report.Findings, flow.Tried("key field "+d.config.KeyField, err, "Jira does not search it", "correct key_field"))
	return report, nil
}

// checkQueue looks whether a request type has what a ticket needs.
func (d *Desk) checkQueue(ctx context.Context, op, serviceDesk, queue string) providers.Finding {
	finding := providers.Finding{Function: "log a ticket in queue " + queue}
	requestType, err := d.requestType(ctx, op, serviceDesk, queue)
	if err != nil {
		return flow.Tried(finding.Function, err, "there is no such request type in project "+d.config.Project, "create it or correct its name")
	}
	known, err := d.fields(ctx, op, serviceDesk, requestType)
	if err != nil {
		return flow.Tried(finding.Function, err, "the account may not raise requests of this type", "make it an agent of project "+d.config.Project)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(known.Fields, func(field typeField) bool { return field.ID == name })
	}
	switch {
	case !known.Behalf:
		finding.Problem, finding.Cure = "the account may not raise requests for others", "make it an agent of project "+d.config.Project
	case !has(d.config.KeyField):
		finding.Problem, finding.Cure = "the request type has no field "+d.config.KeyField+", which holds our key", "add the field to the request type, or correct key_field"
	case !has("description"):
		finding.Problem, finding.Cure = "the request type has no field description", "add the field to the request type"
	}
	return finding
}

// statuses lists those of all issue types of the project; none where the account may not read it.
func (d *Desk) statuses(ctx context.Context, op string) []string {
	var types []struct {
		Statuses []struct{ Name string }
	}
	_, err := d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/rest/api/2/project/{key}/statuses", Params: map[string]string{"key": d.config.Project}, Into: &types,
	})
	var names []string
	for _, kind := range types {
		for _, status := range kind.Statuses {
			if err == nil && !slices.Contains(names, status.Name) {
				names = append(names, status.Name)
			}
		}
	}
	return names
}
