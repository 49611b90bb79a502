package zendesk

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
)

// Check implements [providers.Desk].
func (d *Desk) Check(ctx context.Context) (providers.Report, error) {
	const op = "check"
	me, err := d.me(ctx, op)
	if err != nil {
		err = d.client.Explain(err, providers.Unauthenticated, op, "Zendesk refused the credentials; correct login and token, and let token access be on in the Admin Center")
		return providers.Report{}, d.client.Explain(err, providers.NotFound, op, "no Zendesk at this address; set url to the account's, without a path")
	}
	report := providers.Report{Version: "Zendesk Support", Statuses: statuses}
	_, err = d.FindUsers(ctx, providers.UserQuery{By: providers.ByEmail, Value: "nobody@deskbridge.invalid"})
	report.Findings = append(report.Findings, flow.Tried("find and create users", err, "the account may not search users", "make the account an administrator"))
	for _, queue := range d.config.Queues {
		_, err := d.findGroup(ctx, op, queue)
		report.Findings = append(report.Findings, flow.Tried("log a ticket in queue "+queue, err,
			"the group does not exist, or the account does not see it", "create the group or correct its name"))
	}
	role := providers.Finding{Function: "fetch and update tickets"}
	if me.text("role") == "end-user" {
		role.Problem, role.Cure = "the account is an end user", "make the account an administrator"
	}
	_, err = d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/api/v2/incremental/tickets/cursor", Query: url.Values{
		"start_time": {strconv.FormatInt(time.Now().Add(-time.Hour).Unix(), 10)}, "per_page": {"1"},
	}})
	report.Findings = append(report.Findings, role, flow.Tried("fetch changed tickets", err,
		"the account may not read the incremental export", "make the account an administrator"))
	if key := d.config.EmployeeField; key != "" {
		employee := providers.Finding{Function: "find users by employee number"}
		if _, known := me.field(key); !known {
			employee.Problem, employee.Cure = "there is no user field with the key "+key, "create it in the Admin Center, or correct employee_field"
		}
		report.Findings = append(report.Findings, employee)
	}
	return report, nil
}
