package ivanti

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/place"
	"deskbridge/providers/internal/text"
)

// CreateTicket implements [providers.Desk]. Ivanti refuses fields that it does not have.
func (d *Desk) CreateTicket(ctx context.Context, ticket providers.NewTicket) (providers.Ticket, error) {
	keyCure := "let no business rule change the field " + d.config.KeyField
	return flow.Log(ctx, d.client, d, ticket, keyCure, func(op string) (string, error) {
		fields, err := d.newIncident(ctx, op, ticket)
		if err != nil {
			return "", err
		}
		created, err := d.create(ctx, op, incidents, fields)
		return created.text("RecId"), err
	})
}

// newIncident looks the team up, and puts the key and the extra fields to the rest.
func (d *Desk) newIncident(ctx context.Context, op string, ticket providers.NewTicket) (map[string]any, error) {
	if err := d.checkID(op, ticket.RequesterID); err != nil {
		return nil, err
	}
	if err := d.checkTeam(ctx, op, ticket.Queue); err != nil {
		return nil, err
	}
	description := ticket.Body
	if strings.TrimSpace(description) == "" {
		description = text.Line(ticket.Subject) // Symptom is required
	}
	fields := map[string]any{
		"Subject": text.Line(ticket.Subject), "Symptom": text.ToHTML(description), "ProfileLink": ticket.RequesterID, "OwnerTeam": ticket.Queue,
		"Status": "Logged", "Source": "API", d.config.KeyField: string(ticket.Key),
	}
	for name, value := range ticket.Fields {
		if _, ours := fields[name]; ours && name != "Source" && name != "Status" {
			return nil, d.client.Failf(op, providers.Invalid, "field %q is set by the connection", name)
		}
		fields[name] = value
	}
	return fields, nil
}

// FindTicket implements [providers.Desk].
func (d *Desk) FindTicket(ctx context.Context, key providers.Key) (providers.Ticket, error) {
	const op = "find ticket"
	if err := flow.CheckKey(d.client, op, key); err != nil {
		return providers.Ticket{}, err
	}
	found, err := d.records(ctx, op, incidents, query{where: is(d.config.KeyField, string(key)), order: "CreatedDateTime asc"})
	if err != nil {
		return providers.Ticket{}, d.client.Explain(err, providers.Invalid, op, "Ivanti refuses the search; key_field has to name a text field of incidents")
	}
	for _, row := range found.records {
		if ticket := d.ticket(row); ticket.Key == key {
			return ticket, nil
		}
	}
	return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "no incident carries this key")
}

// FetchTicket implements [providers.TicketFetcher].
func (d *Desk) FetchTicket(ctx context.Context, ticketID string) (providers.Ticket, error) {
	row, err := d.one(ctx, "fetch ticket", incidents, ticketID)
	if err != nil {
		return providers.Ticket{}, err
	}
	return d.ticket(row), nil
}

// FetchTickets implements [providers.TicketsFetcher].
func (d *Desk) FetchTickets(ctx context.Context, ticketIDs []string) ([]providers.Ticket, error) {
	const op = "fetch tickets"
	const together = 25 // so that the address does not get too long for web servers
	var tickets []providers.Ticket
	for ids := range slices.Chunk(ticketIDs, min(d.config.PageSize, together)) {
		var terms []string
		for _, id := range ids {
			if err := d.checkID(op, id); err != nil {
				return nil, err
			}
			terms = append(terms, is("RecId", id))
		}
		found, err := d.records(ctx, op, incidents, query{where: strings.Join(terms, " or ")})
		if err != nil {
			return nil, err
		}
		for _, row := range found.records {
			if slices.Contains(ids, row.text("RecId")) {
				tickets = append(tickets, d.ticket(row))
			}
		}
	}
	return tickets, nil
}

var timePattern = regexp.MustCompile(`^[0-9-]{10}T[0-9:]{8}Z$`)

// FetchChanges implements [providers.ChangeFetcher]. A page begins with the incidents of the
// second in which the last page's last one was created.
func (d *Desk) FetchChanges(ctx context.Context, changes providers.ChangesQuery) (providers.ChangesPage, error) {
	const op = "fetch changes"
	begin, err := place.Parse(changes.Page, timePattern)
	if err != nil {
		return providers.ChangesPage{}, d.client.Errorf(op, providers.Invalid, err)
	}
	since := changes.Since.UTC().Truncate(time.Second)
	where := from("LastModDateTime", since)
	if begin.After != "" {
		where += " and CreatedDateTime ge " + begin.After
	}
	found, err := d.records(ctx, op, incidents, query{where: where, order: "CreatedDateTime asc", skip: begin.Skip})
	if err != nil {
		return providers.ChangesPage{}, err
	}
	now, err := d.client.DeskTime(op, found.at)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	page := providers.ChangesPage{DeskTime: now}
	var created []string
	for _, row := range found.records {
		ticket := d.ticket(row)
		created = append(created, ticket.CreatedAt.Truncate(time.Second).Format(time.RFC3339))
		if !ticket.UpdatedAt.Before(since) {
			page.Tickets = append(page.Tickets, ticket)
		}
	}
	if found.more {
		page.Next = begin.Next(created).String()
	}
	return page, nil
}

// UpdateTicket implements [providers.TicketUpdater].
func (d *Desk) UpdateTicket(ctx context.Context, update providers.TicketUpdate) (providers.Ticket, error) {
	const why = "a business rule may not allow it to follow"
	return flow.SetStatus(ctx, d.client, d, update, why, func(op string, before providers.Ticket) error {
		fields := map[string]any{"Status": update.Status}
		for status, more := range d.config.StatusFields {
			if strings.EqualFold(status, update.Status) {
				for name, value := range more {
					fields[name] = value
				}
			}
		}
		err := d.update(ctx, op, incidents, before.ID, fields)
		return d.client.Explain(err, providers.Invalid, op, "Ivanti refuses status %q; it does not exist, or wants further fields: give them in status_fields", update.Status)
	})
}
