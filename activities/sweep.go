package activities

import (
	"context"
	"errors"
	"maps"
	"slices"

	"go.temporal.io/sdk/activity"

	"deskbridge/providers"
)

// sweepBatch is the number of tickets that are read from the desk together.
const sweepBatch = 100

// Swept is what a sweep found.
type Swept struct {
	// Read counts the waiting tickets, Signalled those that differ from what their workflow knows.
	Read, Signalled int
}

// The bounds of a sweep.
const (
	// maxFailures in a row end an attempt: the desk is down.
	maxFailures = 5
	// maxProgress bounds what a heartbeat holds; tickets beyond are read again by a retry.
	maxProgress = 10_000
)

// SweepTickets reads every waiting ticket and tells its workflow where it differs: what polling
// cannot see, such as deletions, merges and rows hidden by permissions. A ticket that cannot be read
// now keeps none of the others waiting, and a retry reads only those that were not: at a desk that
// fails now and then no attempt would ever read all.
func (d *Desk) SweepTickets(ctx context.Context) (Swept, error) {
	s := &sweep{desk: d, read: map[string]bool{}}
	var before []string
	if activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &before) == nil {
		for _, id := range before {
			s.read[id] = true
		}
	}
	err := d.eachWaiting(ctx, waitingQuery(d.Connection), func(found []waiting) error {
		found = slices.DeleteFunc(found, func(run waiting) bool { return s.read[run.workflowID] })
		for batch := range slices.Chunk(found, sweepBatch) {
			if err := s.batch(ctx, batch); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = s.failure
	}
	return Swept{Read: len(s.read), Signalled: s.signalled}, err
}

// sweep is one attempt of a sweep.
type sweep struct {
	desk *Desk
	// read are the workflows whose tickets were read, by this attempt or one before.
	read      map[string]bool
	signalled int
	// failure is the last of a ticket that could not be read; inARow counts those without another between.
	failure error
	inARow  int
}

func (s *sweep) batch(ctx context.Context, found []waiting) error {
	live, err := s.desk.fetchBatch(ctx, found)
	if err != nil {
		return err
	}
	signals := map[string]Change{}
	var read []string
	var stop error
	for _, run := range found {
		ticket, seen := live[run.ticketID]
		if !seen {
			change, err := s.desk.fetchOne(ctx, run.ticketID)
			if err != nil {
				if stop = s.fail(err); stop != nil {
					break
				}
				continue
			}
			signals[run.workflowID] = change
		} else if ticket.Version() != run.version {
			snapshot := s.desk.ticket(ticket)
			signals[run.workflowID] = Change{Ticket: &snapshot}
		}
		s.inARow = 0
		read = append(read, run.workflowID)
	}
	signalled, err := s.desk.signal(ctx, signals)
	if err != nil {
		return err
	}
	s.signalled += signalled
	for _, id := range read {
		s.read[id] = true
	}
	if len(s.read) <= maxProgress {
		recordProgress(ctx, slices.Collect(maps.Keys(s.read)))
	}
	return stop
}

// fail remembers that a ticket could not be read, and says whether that ends the attempt.
func (s *sweep) fail(err error) error {
	s.failure = err
	if s.inARow++; s.inARow == maxFailures || !providers.KindOf(err).Retryable() {
		return err
	}
	return nil
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
