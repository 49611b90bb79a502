package freshservice

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
)

// settable are the fields of a ticket that are no custom fields.
var settable = []string{"category", "sub_category", "item_category", "type"}

// CreateTicket implements [providers.Desk]. Freshservice refuses fields that it does not have.
func (d *Desk) CreateTicket(ctx context.Context, ticket providers.NewTicket) (providers.Ticket, error) {
	keyCure := "create the custom field " + d.config.KeyField + " for tickets, and let no workflow change it"
	return flow.Log(ctx, d.client, d, ticket, keyCure, func(op string) (string, error) {
		body, err := d.newTicket(ctx, op, ticket)
		if err != nil {
			return "", err
		}
		var created struct{ Ticket record }
		_, err = d.client.Write(ctx, rest.Call{Op: op, Method: http.MethodPost, Path: "/tickets", JSON: body, Into: &created})
		err = d.client.Explain(err, providers.Invalid, op, "Freshservice refuses the ticket; its fields have to exist (%s and those of the step), and those that the form demands have to be given", d.config.KeyField)
		if created.Ticket.ID == 0 {
			return "", d.client.Explain(err, providers.Forbidden, op, "no right to create tickets; give the agent a role that may")
		}
		return strconv.FormatInt(created.Ticket.ID, 10), err
	})
}

// newTicket looks the group up, and puts the key and the extra fields to the rest.
func (d *Desk) newTicket(ctx context.Context, op string, ticket providers.NewTicket) (map[string]any, error) {
	if err := flow.CheckNumber(d.client, op, ticket.RequesterID); err != nil {
		return nil, err
	}
	requester, _ := strconv.ParseInt(ticket.RequesterID, 10, 64)
	group, err := d.findGroup(ctx, op, ticket.Queue)
	if err != nil {
		return nil, err
	}
	const open, portal = 2, 2
	subject, description := text.Line(ticket.Subject), ticket.Body
	if strings.TrimSpace(description) == "" {
		description = subject // a description is demanded
	}
	custom := map[string]any{d.config.KeyField: string(ticket.Key)}
	body := map[string]any{
		"subject": subject, "description": text.ToHTML(description), "requester_id": requester, "group_id": group,
		"status": open, "priority": d.config.Priority, "source": portal, "custom_fields": custom,
	}
	if d.config.Workspace != 0 {
		body["workspace_id"] = d.config.Workspace
	}
	for name, value := range ticket.Fields {
		number, err := strconv.Atoi(value)
		switch {
		case name == d.config.KeyField:
			return nil, d.client.Failf(op, providers.Invalid, "field %q is set by the connection", name)
		case name == "priority" && err == nil:
			body[name] = number
		case slices.Contains(settable, name):
			body[name] = value
		default:
			custom[name] = value
		}
	}
	return body, nil
}

// FindTicket implements [providers.Desk].
func (d *Desk) FindTicket(ctx context.Context, key providers.Key) (providers.Ticket, error) {
	const op = "find ticket"
	if err := flow.CheckKey(d.client, op, key); err != nil {
		return providers.Ticket{}, err
	}
	var answer struct{ Tickets []record }
	query := url.Values{"query": {`"` + d.config.KeyField + `:'` + string(key) + `'"`}}
	if _, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/tickets/filter", Query: query, Into: &answer}); err != nil {
		return providers.Ticket{}, d.client.Explain(err, providers.Invalid, op, "Freshservice refuses the search; key_field has to name a custom field of tickets")
	}
	slices.SortFunc(answer.Tickets, func(a, b record) int { return int(a.ID - b.ID) })
	for _, row := range answer.Tickets {
		if d.key(row) == key && !row.Deleted {
			tickets, err := d.tickets(ctx, op, []record{row})
			if err != nil {
				return providers.Ticket{}, err
			}
			return tickets[0], nil
		}
	}
	return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "no ticket carries this key")
}

// tickets makes tickets of rows; the groups' names are looked up once.
func (d *Desk) tickets(ctx context.Context, op string, rows []record) ([]providers.Ticket, error) {
	var groups map[int64]string
	if slices.ContainsFunc(rows, func(row record) bool { return row.GroupID != 0 }) {
		var err error
		if groups, err = d.groups(ctx, op); err != nil {
			return nil, err
		}
	}
	var tickets []providers.Ticket
	for _, row := range rows {
		tickets = append(tickets, d.ticket(row, groups))
	}
	return tickets, nil
}

// FetchTicket implements [providers.TicketFetcher].
func (d *Desk) FetchTicket(ctx context.Context, ticketID string) (providers.Ticket, error) {
	const op = "fetch ticket"
	if err := flow.CheckNumber(d.client, op, ticketID); err != nil {
		return providers.Ticket{}, err
	}
	var answer struct{ Ticket record }
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/tickets/{id}", Params: map[string]string{"id": ticketID}, Into: &answer})
	switch {
	case err != nil:
		return providers.Ticket{}, err
	case answer.Ticket.Deleted:
		return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "the ticket was deleted")
	case strconv.FormatInt(answer.Ticket.ID, 10) != ticketID:
		return providers.Ticket{}, d.client.Failf(op, providers.Malformed, "Freshservice answers with another ticket")
	}
	tickets, err := d.tickets(ctx, op, []record{answer.Ticket})
	if err != nil {
		return providers.Ticket{}, err
	}
	return tickets[0], nil
}

// FetchChanges implements [providers.ChangeFetcher].
func (d *Desk) FetchChanges(ctx context.Context, changes providers.ChangesQuery) (providers.ChangesPage, error) {
	const op = "fetch changes"
	number, err := flow.PageNumber(d.client, op, changes.Page, 1)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	since := changes.Since.UTC().Truncate(time.Second)
	var answer struct{ Tickets []record }
	said, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/tickets", Into: &answer, Query: url.Values{
		"updated_since": {since.Add(-time.Second).Format(time.RFC3339)}, "page": {strconv.Itoa(number)}, "per_page": {strconv.Itoa(d.config.PageSize)},
	}})
	if err != nil {
		return providers.ChangesPage{}, err
	}
	if answer.Tickets == nil {
		return providers.ChangesPage{}, d.client.Failf(op, providers.Malformed, "the answer holds no tickets")
	}
	now, err := d.client.DeskTime(op, said.At)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	page := providers.ChangesPage{DeskTime: now}
	if len(answer.Tickets) >= d.config.PageSize {
		page.Next = strconv.Itoa(number + 1)
	}
	page.Tickets, err = d.tickets(ctx, op, slices.DeleteFunc(answer.Tickets, func(row record) bool { return row.Deleted || row.UpdatedAt.Before(since) }))
	return page, err
}

// UpdateTicket implements [providers.TicketUpdater].
func (d *Desk) UpdateTicket(ctx context.Context, update providers.TicketUpdate) (providers.Ticket, error) {
	const why = "a workflow of Freshservice may have set it back"
	return flow.SetStatus(ctx, d.client, d, update, why, func(op string, before providers.Ticket) error {
		number, known := statusNumber(update.Status)
		if !known {
			return d.client.Failf(op, providers.Invalid, "there is no status %q; want Open, Pending, Resolved, Closed or the number of a status of your own", update.Status)
		}
		_, err := d.client.Write(ctx, rest.Call{
			Op: op, Method: http.MethodPut, Path: "/tickets/{id}", Params: map[string]string{"id": before.ID}, JSON: map[string]any{"status": number},
		})
		err = d.client.Explain(err, providers.Forbidden, op, "no right to change tickets; give the agent a role that may")
		return d.client.Explain(err, providers.Invalid, op, "Freshservice refuses status %q; it does not exist, or the form demands further fields to resolve or close", update.Status)
	})
}
