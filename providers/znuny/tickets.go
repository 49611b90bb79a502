package znuny

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/zoned"
	wire "deskbridge/providers/znuny/internal/ticketconnector"
)

// CreateTicket implements [providers.Desk].
func (d *Desk) CreateTicket(ctx context.Context, ticket providers.NewTicket) (providers.Ticket, error) {
	keyCure := "let the account write the dynamic field " + d.config.KeyField
	return flow.Log(ctx, d.client.HTTP, d, ticket, keyCure, func(op string) (string, error) {
		request, err := d.newTicket(op, ticket)
		if err != nil {
			return "", err
		}
		var created wire.TicketCreateResponse
		if _, err := d.client.Write(ctx, d.call(op, "TicketCreate", request, &created)); err != nil {
			return "", err
		}
		if err := d.refusal(op, created.Error, providers.UnknownOutcome); err != nil {
			return "", d.explainCreate(op, ticket, err)
		}
		return created.TicketID, nil
	})
}

// newTicket puts the ticket, its key and its extra fields into a request.
func (d *Desk) newTicket(op string, ticket providers.NewTicket) (*wire.TicketCreate, error) {
	login, password, err := d.credentials(op)
	if err != nil {
		return nil, err
	}
	if ticket.RequesterID == "" {
		return nil, d.client.HTTP.Failf(op, providers.Invalid, "no requester is given")
	}
	if ticket.Queue == "" {
		return nil, d.client.HTTP.Failf(op, providers.Invalid, "no queue is given")
	}
	subject, body := text.Line(ticket.Subject), ticket.Body
	if strings.TrimSpace(body) == "" {
		body = subject // Znuny takes no article without a text
	}
	request := &wire.TicketCreate{
		UserLogin: login, Password: password,
		Ticket: &wire.NewTicket{
			Title: subject, Queue: ticket.Queue, State: d.config.State, Priority: d.config.Priority, CustomerUser: ticket.RequesterID,
		},
		Article:      publicArticle(subject, body),
		DynamicField: []*wire.DynamicField{{Name: d.config.KeyField, Value: string(ticket.Key)}},
	}
	core := coreFields(request.Ticket)
	for _, name := range slices.Sorted(maps.Keys(ticket.Fields)) {
		if field, known := core[name]; known {
			*field = ticket.Fields[name]
		} else if name != d.config.KeyField {
			request.DynamicField = append(request.DynamicField, &wire.DynamicField{Name: name, Value: ticket.Fields[name]})
		}
	}
	return request, nil
}

// coreFields of a ticket may be set by NewTicket.Fields beside the dynamic fields.
func coreFields(ticket *wire.NewTicket) map[string]*string {
	return map[string]*string{
		"Type": &ticket.Type, "Service": &ticket.Service, "SLA": &ticket.SLA, "State": &ticket.State, "Priority": &ticket.Priority,
		"Owner": &ticket.Owner, "Responsible": &ticket.Responsible, "CustomerID": &ticket.CustomerID,
	}
}

// explainCreate says which queue or which fields a refusal is about.
func (d *Desk) explainCreate(op string, ticket providers.NewTicket, err error) error {
	if providers.KindOf(err).NeedsPerson() {
		return d.client.HTTP.Failf(op, providers.KindOf(err), "queue %q: %w", ticket.Queue, err)
	}
	if errors.Is(err, errNoField) && !hasDynamicFields(ticket) {
		return d.client.HTTP.Failf(op, providers.Misconfigured, "Znuny has no dynamic field %s; %s", d.config.KeyField, keyFieldCure)
	}
	return err
}

// hasDynamicFields says whether a ticket sets any of its own, beside our key.
func hasDynamicFields(ticket providers.NewTicket) bool {
	core := coreFields(&wire.NewTicket{})
	for name := range ticket.Fields {
		if core[name] == nil {
			return true
		}
	}
	return false
}

// FindTicket implements [providers.Desk]. A merged ticket that carries the key answers with
// its target.
func (d *Desk) FindTicket(ctx context.Context, key providers.Key) (providers.Ticket, error) {
	const op = "find ticket"
	if err := flow.CheckKey(d.client.HTTP, op, key); err != nil {
		return providers.Ticket{}, err
	}
	ids, err := d.search(ctx, op, wire.TicketSearch{
		DynamicField: []*wire.SearchField{{Name: d.config.KeyField, Equals: string(key)}}, Limit: "10",
	})
	if err != nil {
		return providers.Ticket{}, err
	}
	tickets, err := d.read(ctx, op, ids)
	if err != nil {
		return providers.Ticket{}, err
	}
	for _, ticket := range tickets {
		if !hasField(ticket, d.config.KeyField) {
			return providers.Ticket{}, d.client.HTTP.Failf(op, providers.Misconfigured, "Znuny has no dynamic field %s; %s", d.config.KeyField, keyFieldCure)
		}
		if fieldValue(ticket, d.config.KeyField) != string(key) {
			continue
		}
		if ticket.StateType == stateMerged {
			return d.FetchTicket(ctx, ticket.TicketID)
		}
		return d.ticket(ticket), nil
	}
	return providers.Ticket{}, d.client.HTTP.Failf(op, providers.NotFound, "no ticket carries this key")
}

// search returns the IDs of the tickets that match, oldest first unless OrderBy is set.
func (d *Desk) search(ctx context.Context, op string, request wire.TicketSearch) ([]string, error) {
	var err error
	if request.UserLogin, request.Password, err = d.credentials(op); err != nil {
		return nil, err
	}
	request.SortBy = "Age"
	if request.OrderBy == "" {
		request.OrderBy = "Up"
	}
	var found wire.TicketSearchResponse
	if _, err := d.client.Read(ctx, d.call(op, "TicketSearch", &request, &found)); err != nil {
		return nil, err
	}
	return found.TicketID, d.refusal(op, found.Error, providers.Unavailable)
}

// read fetches the tickets with these IDs, oldest first, without those that are gone
// meanwhile: a single one of them fails the whole call.
func (d *Desk) read(ctx context.Context, op string, ids []string) ([]*wire.Ticket, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	tickets, err := d.get(ctx, op, wire.TicketGet{TicketID: ids})
	if providers.KindOf(err) == providers.NotFound {
		if len(ids) == 1 {
			return nil, nil
		}
		for _, id := range ids {
			one, err := d.read(ctx, op, []string{id})
			if err != nil {
				return nil, err
			}
			tickets = append(tickets, one...)
		}
		err = nil
	}
	slices.SortFunc(tickets, func(a, b *wire.Ticket) int { return number(a.TicketID) - number(b.TicketID) })
	return tickets, err
}

func (d *Desk) get(ctx context.Context, op string, request wire.TicketGet) ([]*wire.Ticket, error) {
	var err error
	if request.UserLogin, request.Password, err = d.credentials(op); err != nil {
		return nil, err
	}
	request.DynamicFields = "1"
	var found wire.TicketGetResponse
	if _, err := d.client.Read(ctx, d.call(op, "TicketGet", &request, &found)); err != nil {
		return nil, err
	}
	if err := d.refusal(op, found.Error, providers.Unavailable); err != nil {
		return nil, err
	}
	if len(found.Ticket) == 0 {
		return nil, d.client.HTTP.Failf(op, providers.Malformed, "the answer holds no ticket")
	}
	return found.Ticket, nil
}

// live reads a ticket with what the request asks for beside it; a merged one answers with its
// target.
func (d *Desk) live(ctx context.Context, op, id string, request wire.TicketGet) (*wire.Ticket, error) {
	const longestChain = 10
	for range longestChain {
		if err := d.checkID(op, id); err != nil {
			return nil, err
		}
		request.TicketID = []string{id}
		tickets, err := d.get(ctx, op, request)
		if err != nil {
			return nil, err
		}
		if tickets[0].StateType != stateMerged {
			return tickets[0], nil
		}
		history, err := d.history(ctx, op, id)
		if err != nil {
			return nil, err
		}
		if id = history.target(id); id == "" {
			return nil, d.client.HTTP.Failf(op, providers.NotFound, "the ticket was merged, and its history does not tell into which")
		}
	}
	return nil, d.client.HTTP.Failf(op, providers.NotFound, "the ticket was merged more than %d times", longestChain)
}

// FetchTicket implements [providers.TicketFetcher].
func (d *Desk) FetchTicket(ctx context.Context, ticketID string) (providers.Ticket, error) {
	ticket, err := d.live(ctx, "fetch ticket", ticketID, wire.TicketGet{})
	if err != nil {
		return providers.Ticket{}, err
	}
	return d.ticket(ticket), nil
}

// FetchTickets implements [providers.TicketsFetcher].
func (d *Desk) FetchTickets(ctx context.Context, ticketIDs []string) ([]providers.Ticket, error) {
	const op = "fetch tickets"
	var tickets []providers.Ticket
	for ids := range slices.Chunk(ticketIDs, d.config.PageSize) {
		for _, id := range ids {
			if err := d.checkID(op, id); err != nil {
				return nil, err
			}
		}
		visible, err := d.search(ctx, op, wire.TicketSearch{TicketID: ids, Limit: strconv.Itoa(len(ids))})
		if err != nil {
			return nil, err
		}
		found, err := d.read(ctx, op, visible)
		if err != nil {
			return nil, err
		}
		for _, ticket := range found {
			if ticket.StateType != stateMerged && slices.Contains(ids, ticket.TicketID) {
				tickets = append(tickets, d.ticket(ticket))
			}
		}
	}
	return tickets, nil
}

// FetchChanges implements [providers.ChangeFetcher]. A page is a window by the time of
// creation, see the package's documentation.
func (d *Desk) FetchChanges(ctx context.Context, query providers.ChangesQuery) (providers.ChangesPage, error) {
	const op = "fetch changes"
	from, err := parseWindow(query.Page, d.config.PageSize)
	if err != nil {
		return providers.ChangesPage{}, d.client.HTTP.Errorf(op, providers.Invalid, err)
	}
	now, err := d.clock(ctx, op) // before the search: what changes after it is the next poll's
	if err != nil {
		return providers.ChangesPage{}, err
	}
	search := wire.TicketSearch{TicketLastChangeTimeNewerDate: zoned.Literal(query.Since, d.zone), Limit: strconv.Itoa(from.limit)}
	if !from.created.IsZero() {
		search.TicketCreateTimeNewerDate = zoned.Literal(from.created, d.zone)
	}
	ids, err := d.search(ctx, op, search)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	tickets, err := d.read(ctx, op, ids)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	changes := providers.ChangesPage{DeskTime: now}
	last := from.created
	for _, ticket := range tickets {
		changed := d.ticket(ticket)
		changed.Merged = ticket.StateType == stateMerged
		changes.Tickets = append(changes.Tickets, changed)
		if changed.CreatedAt.After(last) {
			last = changed.CreatedAt
		}
	}
	if len(ids) >= from.limit {
		changes.Next = from.next(last, d.config.PageSize).String()
	}
	return changes, nil
}

// UpdateTicket implements [providers.TicketUpdater].
func (d *Desk) UpdateTicket(ctx context.Context, update providers.TicketUpdate) (providers.Ticket, error) {
	const why = "an ACL or event of Znuny may have set it back"
	return flow.SetStatus(ctx, d.client.HTTP, d, update, why, func(op string, before providers.Ticket) error {
		_, err := d.change(ctx, op, wire.TicketUpdate{TicketID: before.ID, Ticket: &wire.TicketChange{State: update.Status}})
		return d.client.HTTP.Explain(err, providers.Invalid, op,
			"Znuny does not take the status %q: it has no such state, or the state needs a time as pending ones do", update.Status)
	})
}

// change writes to a ticket and returns the ID of the article that it made.
func (d *Desk) change(ctx context.Context, op string, request wire.TicketUpdate) (articleID string, err error) {
	if request.UserLogin, request.Password, err = d.credentials(op); err != nil {
		return "", err
	}
	var updated wire.TicketUpdateResponse
	if _, err := d.client.Write(ctx, d.call(op, "TicketUpdate", &request, &updated)); err != nil {
		return "", err
	}
	if err := d.refusal(op, updated.Error, providers.UnknownOutcome); err != nil {
		return "", err
	}
	if updated.TicketID == "" {
		return "", d.client.HTTP.Failf(op, providers.UnknownOutcome, "the answer names no ticket")
	}
	return updated.ArticleID, nil
}
