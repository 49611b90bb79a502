package rt

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/zoned"
)

// coreFields of a ticket may be set by NewTicket.Fields beside the queue's custom fields.
var coreFields = []string{"Priority", "Owner", "Due", "Starts", "TimeEstimated"}

// CreateTicket implements [providers.Desk].
func (d *Desk) CreateTicket(ctx context.Context, ticket providers.NewTicket) (providers.Ticket, error) {
	keyCure := "grant the account ModifyCustomField on " + d.config.KeyField
	return flow.Log(ctx, d.client, d, ticket, keyCure, func(op string) (string, error) {
		if err := d.checkID(op, ticket.RequesterID); err != nil {
			return "", err
		}
		body := map[string]any{
			"Queue": ticket.Queue, "Subject": text.Line(ticket.Subject),
			"Requestor": []string{ticket.RequesterID}, "Content": ticket.Body, "ContentType": "text/plain",
		}
		if err := d.addFields(ctx, op, ticket, body); err != nil {
			return "", err
		}
		var created reference
		_, err := d.client.Write(ctx, rest.Call{Op: op, Method: http.MethodPost, Path: "/ticket", JSON: body, Into: &created})
		return string(created.ID), d.client.Explain(err, providers.Forbidden, op, "no right to create in queue %q; grant the account CreateTicket on it", ticket.Queue)
	})
}

// addFields puts the key and the extra fields into a new ticket. RT drops a custom field that
// the queue does not have without a word, so the queue is asked first.
func (d *Desk) addFields(ctx context.Context, op string, ticket providers.NewTicket, body map[string]any) error {
	var queue wireQueue
	if err := d.fetchQueue(ctx, op, ticket.Queue, &queue); err != nil {
		return err
	}
	if !queue.hasField(d.config.KeyField) {
		return d.client.Failf(op, providers.Misconfigured, "queue %q has no custom field %s; %s", ticket.Queue, d.config.KeyField, keyFieldCure)
	}
	custom := map[string]string{d.config.KeyField: string(ticket.Key)}
	for name, value := range ticket.Fields {
		switch {
		case slices.Contains(coreFields, name):
			body[name] = value
		case queue.hasField(name) && name != d.config.KeyField:
			custom[name] = value
		default:
			return d.client.Failf(op, providers.Invalid, "queue %q takes no field %q", ticket.Queue, name)
		}
	}
	body["CustomFields"] = custom
	return nil
}

type wireQueue struct {
	Name               string        `json:"Name"`
	Disabled           scalar        `json:"Disabled"`
	TicketCustomFields []customField `json:"TicketCustomFields"`
	Hyperlinks         []hyperlink   `json:"_hyperlinks"`
}

func (q wireQueue) hasField(name string) bool {
	return slices.ContainsFunc(q.TicketCustomFields, func(field customField) bool { return field.Name == name })
}

func (d *Desk) fetchQueue(ctx context.Context, op, name string, queue *wireQueue) error {
	if name == "" {
		return d.client.Failf(op, providers.Invalid, "no queue is given")
	}
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/queue/{name}", Params: map[string]string{"name": name}, Into: queue})
	const cure = "queue %q does not exist or the account may not see it; create it, or grant the account SeeQueue"
	err = d.client.Explain(err, providers.NotFound, op, cure, name)
	return d.client.Explain(err, providers.Forbidden, op, cure, name)
}

// FindTicket implements [providers.Desk].
func (d *Desk) FindTicket(ctx context.Context, key providers.Key) (providers.Ticket, error) {
	const op = "find ticket"
	if err := flow.CheckKey(d.client, op, key); err != nil {
		return providers.Ticket{}, err
	}
	found, _, err := d.search(ctx, op, "CF.{"+d.config.KeyField+"} = '"+string(key)+"'")
	if err != nil {
		return providers.Ticket{}, err
	}
	for _, wire := range found.Items {
		if ticket := d.ticket(wire); ticket.Key == key {
			return ticket, nil
		}
	}
	return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "no ticket carries this key")
}

// search runs TicketSQL, oldest ticket first.
func (d *Desk) search(ctx context.Context, op, sql string) (page[wireTicket], rest.Answer, error) {
	var found page[wireTicket]
	answer, err := d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/tickets", Into: &found,
		Query: url.Values{
			"query": {sql}, "fields": {ticketFields}, "fields[Queue]": {"Name"},
			"orderby": {"id"}, "order": {"ASC"}, "per_page": {strconv.Itoa(d.config.PageSize)},
		},
	})
	return found, answer, err
}

// FetchTicket implements [providers.TicketFetcher].
func (d *Desk) FetchTicket(ctx context.Context, ticketID string) (providers.Ticket, error) {
	const op = "fetch ticket"
	if err := d.checkID(op, ticketID); err != nil {
		return providers.Ticket{}, err
	}
	var wire wireTicket
	_, err := d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/ticket/{id}", Into: &wire,
		Params: map[string]string{"id": ticketID}, Query: url.Values{"fields[Queue]": {"Name"}},
	})
	if err != nil {
		return providers.Ticket{}, err
	}
	if wire.Status == statusDeleted {
		return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "ticket %s was deleted", ticketID)
	}
	return d.ticket(wire), nil
}

// FetchTickets implements [providers.TicketsFetcher].
func (d *Desk) FetchTickets(ctx context.Context, ticketIDs []string) ([]providers.Ticket, error) {
	const op = "fetch tickets"
	var tickets []providers.Ticket
	for ids := range slices.Chunk(ticketIDs, d.config.PageSize) {
		terms := make([]string, len(ids))
		for i, id := range ids {
			if err := d.checkID(op, id); err != nil {
				return nil, err
			}
			terms[i] = "id = " + id
		}
		found, _, err := d.search(ctx, op, strings.Join(terms, " OR "))
		if err != nil {
			return nil, err
		}
		for _, wire := range found.Items {
			tickets = append(tickets, d.ticket(wire))
		}
	}
	return tickets, nil
}

// FetchChanges implements [providers.ChangeFetcher]. All tickets that the account sees are
// reported, not only those with our key: a ticket of ours may be merged into another.
func (d *Desk) FetchChanges(ctx context.Context, query providers.ChangesQuery) (providers.ChangesPage, error) {
	const op = "fetch changes"
	after, err := changesPage(query.Page)
	if err != nil {
		return providers.ChangesPage{}, d.client.Errorf(op, providers.Invalid, err)
	}
	found, answer, err := d.search(ctx, op,
		"LastUpdated >= '"+zoned.Literal(query.Since, d.zone)+"' AND id > "+strconv.Itoa(after))
	if err != nil {
		return providers.ChangesPage{}, err
	}
	now, err := d.client.DeskTime(op, answer.At)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	changes := providers.ChangesPage{DeskTime: now}
	for _, wire := range found.Items {
		changes.Tickets = append(changes.Tickets, d.ticket(wire))
	}
	if found.more() {
		changes.Next = changes.Tickets[len(changes.Tickets)-1].ID
	}
	return changes, nil
}

// SetPriority implements [providers.Prioritizer].
func (d *Desk) SetPriority(ctx context.Context, ticketID, priority string) error {
	const op = "set priority"
	ticket, err := d.FetchTicket(ctx, ticketID)
	if err != nil {
		return err
	}
	call := rest.Call{Op: op, Method: http.MethodPut, Path: "/ticket/{id}", Params: map[string]string{"id": ticket.ID}}
	var messages json.RawMessage
	call.JSON, call.Into = map[string]string{"Priority": priority}, &messages
	if _, err := d.client.Write(ctx, call); err != nil {
		return err
	}
	var after struct{ Priority scalar }
	if _, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: call.Path, Params: call.Params, Into: &after}); err != nil {
		return err
	}
	if string(after.Priority) != priority {
		return d.client.Failf(op, providers.Invalid, "the desk kept priority %q and did not take %q; want a number such as 100, and the right ModifyTicket", after.Priority, priority)
	}
	return nil
}

// UpdateTicket implements [providers.TicketUpdater]. RT answers 200 with prose where it changed
// nothing.
func (d *Desk) UpdateTicket(ctx context.Context, update providers.TicketUpdate) (providers.Ticket, error) {
	const why = "it is no status of the queue's lifecycle, cannot follow, or the account lacks ModifyTicket"
	return flow.SetStatus(ctx, d.client, d, update, why, func(op string, _ providers.Ticket) error {
		var messages json.RawMessage
		_, err := d.client.Write(ctx, rest.Call{
			Op: op, Method: http.MethodPut, Path: "/ticket/{id}", Into: &messages,
			Params: map[string]string{"id": update.TicketID}, JSON: map[string]string{"Status": update.Status},
		})
		return err
	})
}
