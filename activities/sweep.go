package activities

import (
	"context"
	"errors"

	"deskbridge/providers"
)

// sweepPage is the number of tickets that are read together.
const sweepPage = 100

// Swept is what a sweep found.
type Swept struct {
	// Read counts the waiting tickets, Signalled those that differ from what their workflow knows.
	Read, Signalled int
}

// SweepTickets reads every waiting ticket and tells its workflow where it differs: what polling
// cannot see, such as deletions, merges and rows hidden by permissions.
func (d *Desk) SweepTickets(ctx context.Context) (Swept, error) {
	var result Swept
	err := d.eachWaiting(ctx, waitingQuery(d.Connection), func(found []waiting) error {
		signals, err := d.sweep(ctx, found)
		if err != nil {
			return err
		}
		signalled, err := d.signal(ctx, signals)
		result.Read += len(found)
		result.Signalled += signalled
		return err
	})
	return result, err
}

func (d *Desk) sweep(ctx context.Context, found []waiting) (map[string]Change, error) {
	live, err := d.fetchBatch(ctx, found)
	if err != nil {
		return nil, err
	}
	signals := map[string]Change{}
	for _, run := range found {
		ticket, seen := live[run.ticketID]
		if !seen {
			change, err := d.fetchOne(ctx, run.ticketID)
			if err != nil {
				return nil, err
			}
			signals[run.workflowID] = change
			continue
		}
		if ticket.Version() != run.version {
			snapshot := d.ticket(ticket)
			signals[run.workflowID] = Change{Ticket: &snapshot}
		}
	}
	return signals, nil
}

// fetchBatch reads many tickets at once where the desk can; it answers none where it cannot.
func (d *Desk) fetchBatch(ctx context.Context, found []waiting) (map[string]providers.Ticket, error) {
	live := map[string]providers.Ticket{}
	batch, err := providers.As[providers.TicketsFetcher](d.Desk)
	if errors.Is(err, providers.Unsupported) || len(found) == 0 {
		return live, nil
	}
	ids := make([]string, len(found))
	for i, run := range found {
		ids[i] = run.ticketID
	}
	tickets, err := batch.FetchTickets(ctx, ids)
	for _, ticket := range tickets {
		live[ticket.ID] = ticket
	}
	return live, err
}

func (d *Desk) fetchOne(ctx context.Context, ticketID string) (Change, error) {
	ticket, err := d.FetchTicket(ctx, ticketID)
	switch {
	case errors.Is(err, providers.NotFound):
		return Change{}, nil
	case errors.Is(err, providers.Forbidden):
		return Change{Hidden: true}, nil
	case err != nil:
		return Change{}, err
	}
	return Change{Ticket: &ticket}, nil
}
