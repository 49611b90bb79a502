package rt

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/zoned"
)

// keyFieldCure tells an administrator of RT how to add the key field.
const keyFieldCure = "in RT under Admin > Custom Fields > Create: type \"Enter one value\", applies to Tickets; " +
	"then apply it to the queue and grant the account SeeCustomField and ModifyCustomField on it"

// Check implements [providers.Desk].
func (d *Desk) Check(ctx context.Context) (providers.Report, error) {
	const op = "check"
	var version struct {
		Version string `json:"Version"`
	}
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/rt", Into: &version})
	if err != nil {
		err = d.client.Explain(err, providers.Unauthenticated, op, "RT refused the token; make one under Logged in as > Auth Tokens and set it where the worker runs")
		return providers.Report{}, d.client.Explain(err, providers.NotFound, op, "no REST2 at this address; set url to where RT itself answers")
	}
	report := providers.Report{Version: "Request Tracker " + version.Version}
	report.Findings = append(report.Findings, d.checkUsers(ctx)...)
	for _, queue := range d.config.Queues {
		report.Findings = append(report.Findings, d.checkQueue(ctx, queue)...)
	}
	report.Findings = append(report.Findings, d.checkZone(ctx))
	return report, nil
}

func (d *Desk) checkUsers(ctx context.Context) []providers.Finding {
	users := providers.Finding{Function: "find and create users"}
	rows, err := d.searchUsers(ctx, "check", condition{Field: "Name", Value: "Nobody"})
	if err == nil && len(rows) > 0 {
		_, err = d.fetchUser(ctx, "check", string(rows[0].ID))
	}
	if err != nil {
		users.Problem, users.Cure = "users cannot be read", "grant the account AdminUsers under Admin > Global > User Rights"
	}
	if d.config.EmployeeField == "" {
		return []providers.Finding{users}
	}
	employee := providers.Finding{Function: "find users by employee number"}
	query := providers.UserQuery{By: providers.ByEmployeeNumber, Value: "deskbridge-check"}
	if _, err := d.FindUsers(ctx, query); err != nil {
		employee.Problem = "the user custom field " + d.config.EmployeeField + " cannot be searched"
		employee.Cure = "create it in RT (applies to Users) and grant the account SeeCustomField and ModifyCustomField on it, or correct employee_field"
	}
	return []providers.Finding{users, employee}
}

func (d *Desk) checkQueue(ctx context.Context, name string) []providers.Finding {
	see := providers.Finding{Function: "see queue " + name}
	key := providers.Finding{Function: "key field " + d.config.KeyField + " on queue " + name}
	create := providers.Finding{Function: "log a ticket in queue " + name}
	var queue wireQueue
	if err := d.fetchQueue(ctx, "check", name, &queue); err != nil {
		see.Problem = "the queue does not exist or the account may not see it"
		see.Cure = "create the queue or correct its name; grant the account SeeQueue on it"
		return []providers.Finding{see}
	}
	if !queue.hasField(d.config.KeyField) {
		key.Problem, key.Cure = "the queue has no such custom field, or the account may not see it", keyFieldCure
	}
	mayCreate := slices.ContainsFunc(queue.Hyperlinks, func(link hyperlink) bool { return link.Ref == "create" })
	if queue.Disabled == "1" || !mayCreate {
		create.Problem = "the account may not create tickets there"
		create.Cure = "enable the queue and grant the account CreateTicket, ShowTicket, ModifyTicket, ReplyToTicket, CommentOnTicket and ShowTicketComments on it"
	}
	return []providers.Finding{see, key, create}
}

// checkZone holds the search against the ticket that changed last: asked for changes since
// that very second RT must list it, and asked for a second later it must not.
func (d *Desk) checkZone(ctx context.Context) providers.Finding {
	finding := providers.Finding{Function: "fetch changed tickets"}
	newest, err := d.changedLast(ctx, "id > 0")
	if err != nil {
		finding.Problem, finding.Cure = "tickets cannot be searched", "grant the account ShowTicket on its queues"
		return finding
	}
	text := zoned.Literal(newest.LastUpdated, d.zone)
	if at, err := time.ParseInLocation(time.DateTime, text, d.zone); newest.ID == "" || err != nil || !at.Equal(newest.LastUpdated) {
		return finding // no ticket yet, or the hour that the zone repeats in autumn
	}
	since, err := d.changedLast(ctx, "LastUpdated >= '"+text+"' AND id = "+string(newest.ID))
	later, errLater := d.changedLast(ctx, "LastUpdated >= '"+zoned.Literal(newest.LastUpdated.Add(time.Second), d.zone)+"' AND id = "+string(newest.ID))
	unchanged := !later.LastUpdated.After(newest.LastUpdated)
	if err == nil && errLater == nil && (since.ID == "" || later.ID != "" && unchanged) {
		finding.Problem = "RT reads times in another zone than " + d.config.TimeZone
		finding.Cure = "set the account's time zone in RT (Admin > Users > account > Locale) to UTC, or time_zone to what it is there"
	}
	return finding
}

// changedLast returns the ticket that changed last among those that match.
func (d *Desk) changedLast(ctx context.Context, sql string) (wireTicket, error) {
	var found page[wireTicket]
	_, err := d.client.Read(ctx, rest.Call{
		Op: "check", Method: http.MethodGet, Path: "/tickets", Into: &found,
		Query: url.Values{"query": {sql}, "fields": {"LastUpdated"}, "orderby": {"LastUpdated"}, "order": {"DESC"}, "per_page": {"1"}},
	})
	if err != nil || len(found.Items) == 0 {
		return wireTicket{}, err
	}
	return found.Items[0], nil
}
