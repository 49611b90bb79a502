package glpi

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/place"
	"deskbridge/providers/internal/reference"
	"deskbridge/providers/internal/text"
)

// CreateTicket implements [providers.Desk].
func (d *Desk) CreateTicket(ctx context.Context, ticket providers.NewTicket) (providers.Ticket, error) {
	const keyCure = "let no rule of GLPI change the description's last line, which is our reference"
	return flow.Log(ctx, d.client, d, ticket, keyCure, func(op string) (string, error) {
		input, err := d.newTicket(ctx, op, ticket)
		if err != nil {
			return "", err
		}
		return d.add(ctx, op, "Ticket", input)
	})
}

// newTicket looks the group up, and puts the key and the extra fields to the rest. GLPI ignores
// fields that it does not have, so that they are refused here.
func (d *Desk) newTicket(ctx context.Context, op string, ticket providers.NewTicket) (map[string]any, error) {
	if err := flow.CheckNumber(d.client, op, ticket.RequesterID); err != nil {
		return nil, err
	}
	requester, _ := strconv.ParseInt(ticket.RequesterID, 10, 64)
	group, err := d.findGroup(ctx, op, ticket.Queue)
	if err != nil {
		return nil, err
	}
	const incident, request = 1, 2
	input := map[string]any{
		"name": text.Line(ticket.Subject), "content": text.ToHTML(reference.Append(ticket.Body, ticket.Key)), "type": request,
		"_users_id_requester": requester, "_groups_id_assign": group, "entities_id": d.config.Entity,
	}
	if ticket.Kind == providers.Incident {
		input["type"] = incident
	}
	kinds := map[string]string{"category": "ITILCategory", "location": "Location"}
	for name, value := range ticket.Fields {
		number, notNumber := strconv.Atoi(value)
		switch {
		case kinds[name] != "":
			id, err := d.findNamed(ctx, op, kinds[name], value)
			if err != nil {
				return nil, err
			}
			if id == 0 {
				return nil, d.client.Failf(op, providers.Invalid, "GLPI has no %s of the name that is given", name)
			}
			input[map[string]string{"category": "itilcategories_id", "location": "locations_id"}[name]] = id
		case slices.Contains([]string{"urgency", "impact", "priority"}, name) && notNumber == nil:
			input[name] = number
		default:
			return nil, d.client.Failf(op, providers.Invalid, "there is no field %q to be given; want category or location by name, or urgency, impact or priority by number", name)
		}
	}
	return input, nil
}

// FindTicket implements [providers.Desk].
func (d *Desk) FindTicket(ctx context.Context, key providers.Key) (providers.Ticket, error) {
	const op = "find ticket"
	if err := flow.CheckKey(d.client, op, key); err != nil {
		return providers.Ticket{}, err
	}
	found, _, err := d.search(ctx, op, "Ticket", ticketFields, criterion{field: ticketDescription, how: "contains", with: reference.Line(key)})
	if err != nil {
		return providers.Ticket{}, err
	}
	for _, row := range found {
		if ticket := d.ticket(row); ticket.Key == key {
			return ticket, nil
		}
	}
	return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "no ticket carries this key")
}

// FetchTicket implements [providers.TicketFetcher].
func (d *Desk) FetchTicket(ctx context.Context, ticketID string) (providers.Ticket, error) {
	const op = "fetch ticket"
	if err := flow.CheckNumber(d.client, op, ticketID); err != nil {
		return providers.Ticket{}, err
	}
	found, _, err := d.search(ctx, op, "Ticket", ticketFields, criterion{field: fieldID, how: "equals", with: ticketID})
	if err != nil {
		return providers.Ticket{}, err
	}
	for _, row := range found {
		if row.text(fieldID) == ticketID {
			return d.ticket(row), nil
		}
	}
	return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "no such ticket: it was deleted, or the account may not see it")
}

// FetchTickets implements [providers.TicketsFetcher].
func (d *Desk) FetchTickets(ctx context.Context, ticketIDs []string) ([]providers.Ticket, error) {
	const op = "fetch tickets"
	const together = 25 // so that the address does not get too long for web servers
	var tickets []providers.Ticket
	for ids := range slices.Chunk(ticketIDs, min(d.config.PageSize, together)) {
		var criteria []criterion
		for _, id := range ids {
			if err := flow.CheckNumber(d.client, op, id); err != nil {
				return nil, err
			}
			criteria = append(criteria, criterion{field: fieldID, how: "equals", with: id, or: "OR"})
		}
		found, _, err := d.search(ctx, op, "Ticket", ticketFields, criteria...)
		if err != nil {
			return nil, err
		}
		for _, row := range found {
			if slices.Contains(ids, row.text(fieldID)) {
				tickets = append(tickets, d.ticket(row))
			}
		}
	}
	return tickets, nil
}

// FetchChanges implements [providers.ChangeFetcher]. A page begins after an ID.
func (d *Desk) FetchChanges(ctx context.Context, changes providers.ChangesQuery) (providers.ChangesPage, error) {
	const op = "fetch changes"
	from, err := place.Parse(changes.Page, regexp.MustCompile(`^[0-9]+$`))
	if err != nil {
		return providers.ChangesPage{}, d.client.Errorf(op, providers.Invalid, err)
	}
	since := changes.Since.Truncate(time.Second)
	criteria := []criterion{{field: ticketModified, how: "morethan", with: d.literal(since)}}
	if from.After != "" {
		criteria = append(criteria, criterion{field: fieldID, how: "morethan", with: from.After})
	}
	found, said, err := d.search(ctx, op, "Ticket", ticketFields, criteria...)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	now, err := d.client.DeskTime(op, said.At)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	page := providers.ChangesPage{DeskTime: now}
	for _, row := range found {
		ticket := d.ticket(row)
		if number(ticket.ID) <= number(from.After) {
			return providers.ChangesPage{}, d.client.Failf(op, providers.Malformed, "GLPI ignored a condition of the search")
		}
		page.Tickets = append(page.Tickets, ticket)
	}
	if len(found) >= d.config.PageSize {
		page.Next = place.Place{After: page.Tickets[len(page.Tickets)-1].ID}.String()
	}
	return page, nil
}

func number(id string) int64 {
	value, _ := strconv.ParseInt(id, 10, 64)
	return value
}

// UpdateTicket implements [providers.TicketUpdater]. GLPI takes any number as a status.
func (d *Desk) UpdateTicket(ctx context.Context, update providers.TicketUpdate) (providers.Ticket, error) {
	const why = "a rule of GLPI, or the profile's life cycle, may not allow it to follow"
	return flow.SetStatus(ctx, d.client, d, update, why, func(op string, before providers.Ticket) error {
		switch number := statusNumber(update.Status); number {
		case 0:
			return d.client.Failf(op, providers.Invalid, "GLPI has no status %q; want one of %s", update.Status, strings.Join(statuses, ", "))
		case solved:
			id, _ := strconv.ParseInt(before.ID, 10, 64)
			_, err := d.add(ctx, op, "ITILSolution", map[string]any{"itemtype": "Ticket", "items_id": id, "content": text.ToHTML(d.config.Solution)})
			return err
		default:
			return d.change(ctx, op, "Ticket", before.ID, map[string]any{"status": number})
		}
	})
}
