package itop

import (
	"context"
	"regexp"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/place"
	"deskbridge/providers/internal/reference"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/zoned"
)

// CreateTicket implements [providers.Desk]. iTop refuses attributes that it does not have.
func (d *Desk) CreateTicket(ctx context.Context, ticket providers.NewTicket) (providers.Ticket, error) {
	const keyCure = "let nothing change the description's last line, or the attribute of key_field"
	return flow.Log(ctx, d.client, d, ticket, keyCure, func(op string) (string, error) {
		fields, err := d.newTicket(ctx, op, ticket)
		if err != nil {
			return "", err
		}
		class := d.config.RequestClass
		if ticket.Kind == providers.Incident {
			class = d.config.IncidentClass
		}
		said, err := d.run(ctx, d.client.Write, op, operation{Operation: "core/create", Class: class, Fields: fields, Output: "ref", Comment: "Deskbridge"})
		if err != nil || len(said.Objects) != 1 {
			return "", err
		}
		created := said.sorted()[0]
		return created.Class + "::" + created.Key, nil
	})
}

// newTicket looks the team and the requester's organization up, and puts the key and the extra
// fields to the rest.
func (d *Desk) newTicket(ctx context.Context, op string, ticket providers.NewTicket) (map[string]any, error) {
	requester, err := d.person(ctx, op, ticket.RequesterID)
	if err != nil {
		return nil, err
	}
	team, err := d.findTeam(ctx, op, ticket.Queue)
	if err != nil {
		return nil, err
	}
	description := ticket.Body
	own := map[string]any{
		"title": text.Line(ticket.Subject), "org_id": requester.text("org_id"), "caller_id": ticket.RequesterID, "team_id": team, "origin": "portal",
	}
	if d.config.KeyField != "" {
		own[d.config.KeyField] = string(ticket.Key)
		if strings.TrimSpace(description) == "" {
			description = text.Line(ticket.Subject) // a description is mandatory
		}
	} else {
		description = reference.Append(description, ticket.Key)
	}
	own["description"] = text.ToHTML(description)
	for name, value := range ticket.Fields {
		if _, ours := own[name]; ours {
			return nil, d.client.Failf(op, providers.Invalid, "field %q is set by the connection", name)
		}
		own[name] = value
	}
	return own, nil
}

// FindTicket implements [providers.Desk].
func (d *Desk) FindTicket(ctx context.Context, key providers.Key) (providers.Ticket, error) {
	const op = "find ticket"
	if err := flow.CheckKey(d.client, op, key); err != nil {
		return providers.Ticket{}, err
	}
	where := "description LIKE " + quote("%"+reference.Line(key)+"%")
	if d.config.KeyField != "" {
		where = d.config.KeyField + " = " + quote(string(key))
	}
	for _, class := range d.config.classes() {
		found, _, err := d.find(ctx, op, class, where, d.ticketFields())
		if err != nil {
			return providers.Ticket{}, err
		}
		for _, row := range found {
			if ticket := d.ticket(row); ticket.Key == key {
				return ticket, nil
			}
		}
	}
	return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "no ticket carries this key")
}

// FetchTicket implements [providers.TicketFetcher].
func (d *Desk) FetchTicket(ctx context.Context, ticketID string) (providers.Ticket, error) {
	const op = "fetch ticket"
	row, err := d.one(ctx, op, ticketID, d.ticketFields())
	if err != nil {
		return providers.Ticket{}, err
	}
	return d.ticket(row), nil
}

// one reads some fields of a ticket.
func (d *Desk) one(ctx context.Context, op, ticketID, output string) (object, error) {
	class, number, err := d.parseID(op, ticketID)
	if err != nil {
		return object{}, err
	}
	found, _, err := d.find(ctx, op, class, "id = "+number, output)
	switch {
	case err != nil:
		return object{}, err
	case len(found) == 0:
		return object{}, d.client.Failf(op, providers.NotFound, "no such ticket, or the account may not read it")
	case found[0].Key != number:
		return object{}, d.client.Failf(op, providers.Malformed, "iTop answers with another ticket")
	}
	return found[0], nil
}

// FetchTickets implements [providers.TicketsFetcher].
func (d *Desk) FetchTickets(ctx context.Context, ticketIDs []string) ([]providers.Ticket, error) {
	const op = "fetch tickets"
	numbers := map[string][]string{}
	for _, id := range ticketIDs {
		class, number, err := d.parseID(op, id)
		if err != nil {
			return nil, err
		}
		numbers[class] = append(numbers[class], number)
	}
	var tickets []providers.Ticket
	for class, some := range numbers {
		found, err := d.numbered(ctx, op, class, some)
		if err != nil {
			return nil, err
		}
		tickets = append(tickets, found...)
	}
	return tickets, nil
}

func (d *Desk) numbered(ctx context.Context, op, class string, numbers []string) ([]providers.Ticket, error) {
	found, _, err := d.find(ctx, op, class, "id IN ("+strings.Join(numbers, ",")+")", d.ticketFields())
	var tickets []providers.Ticket
	for _, row := range found {
		tickets = append(tickets, d.ticket(row))
	}
	return tickets, err
}

var numberPattern = regexp.MustCompile(`^[0-9]+$`)

// FetchChanges implements [providers.ChangeFetcher]. A page begins after an ID; the place's Skip
// counts the classes that are done.
func (d *Desk) FetchChanges(ctx context.Context, changes providers.ChangesQuery) (providers.ChangesPage, error) {
	const op = "fetch changes"
	from, err := place.Parse(changes.Page, numberPattern)
	classes := d.config.classes()
	if err != nil || from.Skip >= len(classes) {
		return providers.ChangesPage{}, d.client.Failf(op, providers.Invalid, "the page is none of ours")
	}
	class := classes[from.Skip]
	since := changes.Since.Truncate(time.Second)
	where := "last_update >= " + quote(zoned.Literal(since, d.zone))
	if from.After != "" {
		where += " AND id > " + from.After
	}
	changed, at, err := d.find(ctx, op, class, where, "ref")
	if err != nil {
		return providers.ChangesPage{}, err
	}
	now, err := d.client.DeskTime(op, at)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	page := providers.ChangesPage{DeskTime: now}
	var numbers []string
	for _, row := range changed[:min(d.config.PageSize, len(changed))] {
		numbers = append(numbers, row.Key)
	}
	switch {
	case len(changed) > len(numbers):
		page.Next = place.Place{After: numbers[len(numbers)-1], Skip: from.Skip}.String()
	case from.Skip+1 < len(classes):
		page.Next = place.Place{Skip: from.Skip + 1}.String()
	}
	if len(numbers) > 0 {
		page.Tickets, err = d.numbered(ctx, op, class, numbers)
	}
	return page, err
}

// UpdateTicket implements [providers.TicketUpdater].
func (d *Desk) UpdateTicket(ctx context.Context, update providers.TicketUpdate) (providers.Ticket, error) {
	const why = "the life cycle or a rule of iTop may not allow it to follow"
	return flow.SetStatus(ctx, d.client, d, update, why, func(op string, before providers.Ticket) error {
		class, number, err := d.parseID(op, before.ID)
		if err != nil {
			return err
		}
		change := operation{Operation: "core/update", Class: class, Key: number, Fields: map[string]any{}, Output: "ref", Comment: "Deskbridge"}
		for status, more := range d.config.StatusFields {
			if strings.EqualFold(status, update.Status) {
				for name, value := range more {
					change.Fields[name] = value
				}
			}
		}
		for status, stimulus := range d.config.Stimuli {
			if strings.EqualFold(status, update.Status) {
				change.Operation, change.Stimulus = "core/apply_stimulus", stimulus
			}
		}
		if change.Stimulus == "" {
			change.Fields["status"] = strings.ToLower(update.Status)
		}
		_, err = d.run(ctx, d.client.Write, op, change)
		return d.client.Explain(err, providers.Invalid, op,
			"iTop does not take status %q from %q: it has no such status, its stimulus cannot follow, or attributes are mandatory (give them in status_fields)", update.Status, before.Status)
	})
}
