package halo

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
	"deskbridge/providers/internal/reference"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
)

// settable are the fields of a ticket that can be given.
var settable = []string{"category_1", "category_2", "category_3", "category_4", "impact", "urgency", "priority_id", "sla_id", "agent_id"}

// CreateTicket implements [providers.Desk].
func (d *Desk) CreateTicket(ctx context.Context, ticket providers.NewTicket) (providers.Ticket, error) {
	const keyCure = "let no rule of Halo change the details' last line, which is our reference"
	return flow.Log(ctx, d.client, d, ticket, keyCure, func(op string) (string, error) {
		fields, err := d.newTicket(ctx, op, ticket)
		if err != nil {
			return "", err
		}
		var created record
		if err := d.put(ctx, op, "Tickets", fields, &created); err != nil || created.ID == 0 {
			return "", err
		}
		return strconv.FormatInt(created.ID, 10), nil
	})
}

// newTicket looks team and type up, and puts the key and the extra fields to the rest.
func (d *Desk) newTicket(ctx context.Context, op string, ticket providers.NewTicket) (map[string]any, error) {
	if err := flow.CheckNumber(d.client, op, ticket.RequesterID); err != nil {
		return nil, err
	}
	if err := d.findTeam(ctx, op, ticket.Queue); err != nil {
		return nil, err
	}
	fields := map[string]any{
		"summary": text.Line(ticket.Subject), "details_html": text.ToHTML(reference.Append(ticket.Body, ticket.Key)), "user_id": number(ticket.RequesterID), "team": ticket.Queue,
	}
	kind := d.config.RequestType
	if ticket.Kind == providers.Incident {
		kind = d.config.IncidentType
	}
	if kind != "" {
		types, err := d.all(ctx, op, "TicketType")
		if err != nil {
			return nil, err
		}
		if fields["tickettype_id"] = find(types, kind); fields["tickettype_id"] == int64(0) {
			return nil, d.client.Failf(op, providers.Misconfigured, "ticket type %q does not exist; correct request_type or incident_type", kind)
		}
	}
	for name, value := range ticket.Fields {
		if !slices.Contains(settable, name) {
			return nil, d.client.Failf(op, providers.Invalid, "there is no field %q to be given; want one of %s", name, strings.Join(settable, ", "))
		}
		fields[name] = value
		if id, err := strconv.Atoi(value); err == nil && !strings.HasPrefix(name, "category") {
			fields[name] = id
		}
	}
	return fields, nil
}

// found is a page of tickets.
type found struct {
	records []record
	// total counts those of all pages.
	total int
	// at is the desk's clock.
	at time.Time
}

// records reads a page of tickets, without their details, in the order of their IDs.
func (d *Desk) records(ctx context.Context, op string, page int, query url.Values) (found, error) {
	query.Set("pageinate", "true")
	query.Set("page_no", strconv.Itoa(page))
	query.Set("page_size", strconv.Itoa(d.config.PageSize))
	query.Set("order", "id")
	query.Set("orderdesc", "false")
	var answer struct {
		Count   *int     `json:"record_count"`
		Tickets []record `json:"tickets"`
	}
	said, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/Tickets", Query: query, Into: &answer})
	if err == nil && answer.Count == nil {
		err = d.client.Failf(op, providers.Malformed, "the answer has no record_count")
	}
	if err != nil {
		return found{}, d.client.Explain(err, providers.Forbidden, op, "no right to read tickets; give the application and its agent this permission")
	}
	return found{answer.Tickets, *answer.Count, said.At}, nil
}

// FindTicket implements [providers.Desk]. Halo's search finds parts; candidates are read whole.
func (d *Desk) FindTicket(ctx context.Context, key providers.Key) (providers.Ticket, error) {
	const op = "find ticket"
	if err := flow.CheckKey(d.client, op, key); err != nil {
		return providers.Ticket{}, err
	}
	candidates, err := d.records(ctx, op, 1, url.Values{"search": {string(key)}})
	if err != nil {
		return providers.Ticket{}, err
	}
	for _, candidate := range candidates.records {
		row, err := d.one(ctx, op, strconv.FormatInt(candidate.ID, 10))
		switch {
		case providers.KindOf(err) == providers.NotFound:
			continue
		case err != nil:
			return providers.Ticket{}, err
		case row.key() == key:
			return d.live(ctx, op, row)
		}
	}
	return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "no ticket carries this key")
}

// one reads a ticket as it stands, a merged one too.
func (d *Desk) one(ctx context.Context, op, ticketID string) (record, error) {
	if err := flow.CheckNumber(d.client, op, ticketID); err != nil {
		return record{}, err
	}
	var row record
	_, err := d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/Tickets/{id}", Params: map[string]string{"id": ticketID}, Query: url.Values{"includedetails": {"true"}}, Into: &row,
	})
	switch {
	case err != nil:
		return record{}, d.client.Explain(err, providers.Forbidden, op, "no right to read tickets; give the application and its agent this permission")
	case row.Deleted:
		return record{}, d.client.Failf(op, providers.NotFound, "the ticket was deleted")
	case strconv.FormatInt(row.ID, 10) != ticketID:
		return record{}, d.client.Failf(op, providers.Malformed, "Halo answers with another ticket")
	}
	return row, nil
}

// chain follows a ticket's merges to the one that is worked on, which comes last.
func (d *Desk) chain(ctx context.Context, op string, row record) ([]record, error) {
	into := func(row record) (string, error) {
		if row.MergedInto == 0 {
			return "", nil
		}
		return strconv.FormatInt(row.MergedInto, 10), nil
	}
	return flow.Chain(d.client, op, strconv.FormatInt(row.ID, 10), row, into, func(id string) (record, error) { return d.one(ctx, op, id) })
}

// live makes the ticket that a row was merged into, or its own.
func (d *Desk) live(ctx context.Context, op string, row record) (providers.Ticket, error) {
	rows, err := d.chain(ctx, op, row)
	if err != nil {
		return providers.Ticket{}, err
	}
	statuses, err := d.all(ctx, op, "Status")
	return d.ticket(rows[len(rows)-1], statuses), err
}

// FetchTicket implements [providers.TicketFetcher].
func (d *Desk) FetchTicket(ctx context.Context, ticketID string) (providers.Ticket, error) {
	const op = "fetch ticket"
	row, err := d.one(ctx, op, ticketID)
	if err != nil {
		return providers.Ticket{}, err
	}
	return d.live(ctx, op, row)
}

// FetchChanges implements [providers.ChangeFetcher]. The rows have no details: each is read by
// itself, for its key.
func (d *Desk) FetchChanges(ctx context.Context, changes providers.ChangesQuery) (providers.ChangesPage, error) {
	const op = "fetch changes"
	number, err := flow.PageNumber(d.client, op, changes.Page, 1)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	since := changes.Since.UTC().Truncate(time.Second)
	changed, err := d.records(ctx, op, number, url.Values{"lastupdatefromdate": {since.Add(-time.Second).Format(time.RFC3339)}})
	if err != nil {
		return providers.ChangesPage{}, err
	}
	now, err := d.client.DeskTime(op, changed.at)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	page := providers.ChangesPage{DeskTime: now}
	if number*d.config.PageSize < changed.total && len(changed.records) > 0 {
		page.Next = strconv.Itoa(number + 1)
	}
	statuses, err := d.all(ctx, op, "Status")
	if err != nil {
		return providers.ChangesPage{}, err
	}
	for _, listed := range changed.records {
		if listed.Deleted || listed.updated().Before(since) {
			continue
		}
		row, err := flow.Again(ctx, func() (record, error) { return d.one(ctx, op, strconv.FormatInt(listed.ID, 10)) })
		switch {
		case providers.KindOf(err) == providers.NotFound:
			continue // deleted meanwhile
		case err != nil:
			return providers.ChangesPage{}, err
		}
		ticket := d.ticket(row, statuses)
		ticket.Merged = row.MergedInto != 0
		page.Tickets = append(page.Tickets, ticket)
	}
	return page, nil
}

// UpdateTicket implements [providers.TicketUpdater].
func (d *Desk) UpdateTicket(ctx context.Context, update providers.TicketUpdate) (providers.Ticket, error) {
	const why = "a rule or workflow of Halo may not allow it to follow"
	return flow.SetStatus(ctx, d.client, d, update, why, func(op string, before providers.Ticket) error {
		statuses, err := d.all(ctx, op, "Status")
		if err != nil {
			return err
		}
		id := find(statuses, update.Status)
		if id == 0 {
			return d.client.Failf(op, providers.Invalid, "Halo has no status %q", update.Status)
		}
		var changed record
		return d.put(ctx, op, "Tickets", map[string]any{"id": number(before.ID), "status_id": id}, &changed)
	})
}
