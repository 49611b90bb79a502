package activities

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"

	"deskbridge/providers"
)

// Ticket is a ticket as the desk has it and what its status means here.
type Ticket struct {
	providers.Ticket
	State providers.State
}

func (d *Desk) ticket(ticket providers.Ticket) Ticket {
	state, known := d.Statuses[strings.ToLower(ticket.Status)]
	if !known {
		state = providers.Unmapped
	}
	return Ticket{Ticket: ticket, State: state}
}

// awaitSearch lets an attempt that is not the first wait until the desk's search shows what the one
// before may have created: it can have been killed after the desk did and before it said so.
func (d *Desk) awaitSearch(ctx context.Context) error {
	if d.SearchLag == 0 || activity.GetInfo(ctx).Attempt == 1 {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d.SearchLag):
		return nil
	}
}

// LogTicket logs a ticket once for its key.
func (d *Desk) LogTicket(ctx context.Context, ticket providers.NewTicket) (Ticket, error) {
	if err := d.awaitSearch(ctx); err != nil {
		return Ticket{}, err
	}
	ticket.Queue = cmp.Or(ticket.Queue, d.Queue)
	logged, err := d.Desk.CreateTicket(ctx, ticket)
	return d.ticket(logged), err
}

// FetchTicket reads a ticket by the desk's ID.
func (d *Desk) FetchTicket(ctx context.Context, ticketID string) (Ticket, error) {
	fetcher, err := providers.As[providers.TicketFetcher](d.Desk)
	if err != nil {
		return Ticket{}, err
	}
	ticket, err := fetcher.FetchTicket(ctx, ticketID)
	return d.ticket(ticket), err
}

// Escalation asks for a ticket's priority to be set, in the desk's own word or number.
type Escalation struct {
	TicketID, Priority string
}

// EscalateTicket sets a ticket's priority.
func (d *Desk) EscalateTicket(ctx context.Context, escalation Escalation) error {
	prioritizer, err := providers.As[providers.Prioritizer](d.Desk)
	if err != nil {
		return err
	}
	return prioritizer.SetPriority(ctx, escalation.TicketID, escalation.Priority)
}

// EndTicket asks to close or to cancel a ticket at the desk.
type EndTicket struct {
	TicketID string
	// As is [providers.Completed] to close and [providers.Cancelled] to cancel.
	As providers.State
}

// EndTicket sets the status that closes or cancels a ticket.
func (d *Desk) EndTicket(ctx context.Context, end EndTicket) (Ticket, error) {
	updater, err := providers.As[providers.TicketUpdater](d.Desk)
	if err != nil {
		return Ticket{}, err
	}
	status, setting := d.Closed, "close_status"
	if end.As == providers.Cancelled {
		status, setting = d.Cancelled, "cancel_status"
	}
	if status == "" {
		return Ticket{}, fmt.Errorf("end ticket: %w: connection %s has no %s", providers.Misconfigured, d.Connection, setting)
	}
	ticket, err := updater.UpdateTicket(ctx, providers.TicketUpdate{TicketID: end.TicketID, Status: status})
	return d.ticket(ticket), err
}
