package servicenow

import (
	"context"
	"slices"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/zoned"
)

// Check implements [providers.Desk].
func (d *Desk) Check(ctx context.Context) (providers.Report, error) {
	const op = "check"
	_, err := d.tables.records(ctx, op, query{table: users, where: "user_name=" + quote(d.config.Login), fields: userFields, limit: 1})
	if err != nil && providers.KindOf(err) != providers.Forbidden {
		err = d.client.Explain(err, providers.Unauthenticated, op, "ServiceNow refused login or password; correct them, and let the account use web services (Web service access only)")
		return providers.Report{}, d.client.Explain(err, providers.NotFound, op, "no web service at this address; set url to the instance's, without a path")
	}
	report := providers.Report{Version: "ServiceNow (" + d.config.Transport + ")"}
	report.Findings = append(report.Findings, d.checkReading(ctx, "find and create users", users, "let the account read sys_user, and write it by user_admin or an ACL"))
	for _, queue := range d.config.Queues {
		finding := providers.Finding{Function: "log a ticket in queue " + queue}
		if _, err := d.findGroup(ctx, op, queue); err != nil {
			finding.Problem = "the assignment group does not exist, is inactive, or the account may not read it"
			finding.Cure = "create the group or correct its name, and let the account read sys_user_group"
		}
		report.Findings = append(report.Findings, finding)
	}
	report.Findings = append(report.Findings,
		d.checkReading(ctx, "update a ticket", "sys_choice", "let the account read sys_choice, by a role such as itil"),
		d.checkNotes(ctx),
	)
	report.Statuses = d.statuses(ctx, op)
	return d.checkTickets(ctx, report), nil
}

// statuses lists the labels of both tables; none where the account may not read them.
func (d *Desk) statuses(ctx context.Context, op string) []string {
	var labels []string
	for _, table := range []Table{d.config.Incidents, d.config.Requests} {
		choices, err := d.choices(ctx, op, table.Name)
		if err != nil {
			return nil
		}
		for _, choice := range choices {
			if label := choice.value("label"); !slices.Contains(labels, label) {
				labels = append(labels, label)
			}
		}
	}
	return labels
}

// checkReading tries to read a table that is never empty.
func (d *Desk) checkReading(ctx context.Context, function, table, cure string) providers.Finding {
	finding := providers.Finding{Function: function}
	found, err := d.tables.records(ctx, "check", query{table: table, where: "sys_idISNOTEMPTY", fields: []string{"sys_id"}, limit: 1})
	if err != nil || len(found.records) == 0 && found.total != 0 {
		finding.Problem, finding.Cure = "the account may not read "+table, cure
	}
	return finding
}

func (d *Desk) checkNotes(ctx context.Context) providers.Finding {
	finding := d.checkReading(ctx, "fetch customer-facing notes", "sys_journal_field", journalCure)
	if finding.Problem != "" {
		return finding
	}
	found, err := d.tables.records(ctx, "check", query{table: "sys_journal_field", where: "element=" + comments, fields: journalFields, limit: 1})
	if err == nil && len(found.records) > 0 && found.records[0].value("element") != comments {
		finding.Problem, finding.Cure = "ServiceNow ignores the condition on element", "let the account read the fields of sys_journal_field"
	}
	return finding
}

// checkTickets holds the search against the ticket that changed last: asked for changes since
// that very second ServiceNow must list it, and asked for a second later it must not.
func (d *Desk) checkTickets(ctx context.Context, report providers.Report) providers.Report {
	changes := providers.Finding{Function: "fetch changed tickets"}
	key := providers.Finding{Function: "key field " + d.config.KeyField}
	where := "sys_class_nameIN" + d.config.Incidents.Name + "," + d.config.Requests.Name
	found, err := d.tables.records(ctx, "check", query{table: task, where: where + "^ORDERBYDESCsys_updated_on", limit: 1})
	switch {
	case err != nil || len(found.records) == 0:
		changes.Problem = "the account sees no ticket"
		changes.Cure = "grant it a role such as itil that reads task (there is nothing to do if there is no ticket yet)"
		report.Findings = append(report.Findings, changes)
		return report
	case !found.records[0].has(d.config.KeyField):
		key.Problem, key.Cure = "task has no such field, or the account may not read it", "correct key_field, or let the account read and write that field"
	}
	newest := d.ticket(found.records[0])
	listed := func(since time.Time) (bool, error) {
		found, err := d.tables.records(ctx, "check", query{
			table: task, where: "sys_id=" + newest.ID + "^sys_updated_on>=" + zoned.Literal(since, d.zone), fields: d.ticketFields(), limit: 1,
		})
		return len(found.records) > 0 && d.ticket(found.records[0]).UpdatedAt.Equal(newest.UpdatedAt), err
	}
	since, err := listed(newest.UpdatedAt)
	later, errLater := listed(newest.UpdatedAt.Add(time.Second))
	if err == nil && errLater == nil && (!since || later) {
		changes.Problem = "ServiceNow reads times of queries in another zone than " + d.config.TimeZone
		changes.Cure = "set the account's time zone in ServiceNow to UTC, or time_zone to what it is there"
	}
	report.Findings = append(report.Findings, key, changes)
	return report
}

func (r record) has(field string) bool {
	_, known := r[field]
	return known
}
