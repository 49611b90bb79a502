package activities

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"deskbridge/internal/names"
	"deskbridge/providers"
)

// Change is what a poll or a sweep tells a waiting Ticket workflow. Without a ticket it was
// deleted, or is hidden from the account.
type Change struct {
	Ticket *Ticket `json:",omitempty"`
	Hidden bool    `json:",omitempty"`
}

// Cursor is how far changes are known.
type Cursor struct {
	// Since is a time of the desk's clock: everything before it was seen.
	Since time.Time
	// Seen holds the version of each ticket that was signalled and that Since would report again.
	Seen map[string]string `json:",omitempty"`
}

// Poll asks for one round of polling.
type Poll struct {
	Cursor Cursor
	// Overlap is how far each round reaches back before the one before it, for changes that
	// become visible late.
	Overlap time.Duration
}

// Polled is what a round found.
type Polled struct {
	Cursor Cursor
	// Changed and Signalled count tickets and signals of this round.
	Changed, Signalled int
	// Waiting counts the Ticket workflows of this connection that wait.
	Waiting int
}

// deskPrecision is the coarsest precision of time stamps among the desks. A ticket that changed
// less than this ago may change again without a new time stamp, so it is signalled again.
const deskPrecision = 2 * time.Second

// PollChanges reads every change since the cursor, page by page, and signals the waiting Ticket
// workflows from here. A retry goes on with what its heartbeat saw.
func (d *Desk) PollChanges(ctx context.Context, poll Poll) (Polled, error) {
	fetcher, err := providers.As[providers.ChangeFetcher](d.Desk)
	if err != nil {
		return Polled{}, err
	}
	seen := poll.Cursor.Seen
	if activity.HasHeartbeatDetails(ctx) {
		_ = activity.GetHeartbeatDetails(ctx, &seen)
	}
	if seen == nil {
		seen = map[string]string{}
	}
	var result Polled
	var started time.Time // the desk's clock at the first page: the cursor is never ahead of it
	reading, stop := context.WithCancel(ctx)
	defer stop()
	pages, failure := readAhead(reading, fetcher, poll.Cursor.Since)
	for page := range pages {
		if started.IsZero() {
			started = page.DeskTime
		}
		changed := slices.DeleteFunc(page.Tickets, func(t providers.Ticket) bool { return seen[t.ID] == t.Version() })
		signalled, err := d.signalChanges(ctx, changed)
		if err != nil {
			return Polled{}, err
		}
		result.Changed += len(changed)
		result.Signalled += signalled
		for _, ticket := range changed {
			if page.DeskTime.Sub(ticket.UpdatedAt) >= deskPrecision {
				seen[ticket.ID] = ticket.Version()
			}
		}
		recordProgress(ctx, maps.Clone(seen))
	}
	if err := failure(); err != nil {
		return Polled{}, err
	}
	result.Cursor = poll.Cursor.next(started.Add(-poll.Overlap), seen)
	result.Waiting, err = CountWaiting(ctx, d.Client, d.Connection)
	return result, err
}

// readAhead reads the changes page by page, the next while the one before is dealt with. Why it ended
// is known when no page is left.
func readAhead(ctx context.Context, fetcher providers.ChangeFetcher, since time.Time) (<-chan providers.ChangesPage, func() error) {
	pages := make(chan providers.ChangesPage)
	var failure error
	go func() {
		defer close(pages)
		query := providers.ChangesQuery{Since: since}
		for {
			page, err := fetcher.FetchChanges(ctx, query)
			if err != nil {
				failure = err
				return
			}
			select {
			case pages <- page:
			case <-ctx.Done():
				failure = ctx.Err()
				return
			}
			switch page.Next {
			case "":
				return
			case query.Page:
				failure = fmt.Errorf("poll changes: %w: the desk promises more and does not go on", providers.Malformed)
				return
			}
			query.Page = page.Next
		}
	}()
	return pages, func() error { return failure }
}

// next moves a cursor to a time, never behind where it was, and forgets what that has passed.
func (c Cursor) next(since time.Time, seen map[string]string) Cursor {
	moved := Cursor{Since: c.Since, Seen: map[string]string{}}
	if since.After(c.Since) {
		moved.Since = since
	}
	for id, version := range seen {
		text, _, _ := strings.Cut(version, " ")
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil && !at.Before(moved.Since) {
			moved.Seen[id] = version
		}
	}
	return moved
}

// signalChanges tells each changed ticket's workflow: the one that its key names, and those that
// follow this ticket because theirs was merged into it.
func (d *Desk) signalChanges(ctx context.Context, changed []providers.Ticket) (int, error) {
	if len(changed) == 0 {
		return 0, nil
	}
	byID := map[string]providers.Ticket{}
	targets := map[string]providers.Ticket{}
	ids := make([]string, 0, len(changed))
	for _, ticket := range changed {
		if !strings.ContainsAny(ticket.ID, `'"\`) { // it goes into a query
			byID[ticket.ID] = ticket
			ids = append(ids, ticket.ID)
		}
		if _, err := providers.ParseKey(string(ticket.Key)); err == nil {
			targets[names.Ticket(d.Connection, ticket.Key)] = ticket
		}
	}
	query := waitingQuery(d.Connection) + fmt.Sprintf(" AND %s IN ('%s')", names.TicketID.GetName(), strings.Join(ids, "','"))
	err := d.eachWaiting(ctx, query, func(found []waiting) error {
		for _, run := range found {
			targets[run.workflowID] = byID[run.ticketID]
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	signals := map[string]Change{}
	for workflowID, ticket := range targets {
		snapshot := d.ticket(ticket)
		signals[workflowID] = Change{Ticket: &snapshot}
	}
	return d.signal(ctx, signals)
}

// signalConcurrency is the number of signals in flight; more only move the queue to the server.
const signalConcurrency = 16

// signal sends changes; a workflow that no longer runs is none of our business.
func (d *Desk) signal(ctx context.Context, signals map[string]Change) (int, error) {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(signalConcurrency)
	sent := make(chan struct{}, len(signals))
	for workflowID, change := range signals {
		group.Go(func() error {
			err := d.Client.SignalWorkflow(groupCtx, workflowID, "", names.TicketChanged, change)
			var gone *serviceerror.NotFound
			if errors.As(err, &gone) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("signal ticket: %w: the Temporal server does not take it", providers.Unavailable)
			}
			sent <- struct{}{}
			return nil
		})
	}
	err := group.Wait()
	return len(sent), err
}

// waiting is a Ticket workflow that waits for its desk.
type waiting struct{ workflowID, ticketID, version string }

func waitingQuery(connection string) string {
	return fmt.Sprintf("WorkflowType = 'Ticket' AND ExecutionStatus = 'Running' AND %s = '%s' AND %s IN ('waiting', 'watching')",
		names.Connection.GetName(), connection, names.Phase.GetName())
}

// CountWaiting counts the Ticket workflows of a connection that wait for its desk.
func CountWaiting(ctx context.Context, server client.Client, connection string) (int, error) {
	count, err := server.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: waitingQuery(connection)})
	if err != nil {
		return 0, fmt.Errorf("count tickets: %w: the Temporal server does not answer", providers.Unavailable)
	}
	return int(count.GetCount()), nil
}

// listPage is the number of workflows that are listed together, the most that the server answers: its
// SQL stores read over all the pages before each page.
const listPage = 1000

// eachWaiting lists workflows page by page.
func (d *Desk) eachWaiting(ctx context.Context, query string, visit func([]waiting) error) error {
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: listPage}
	for {
		page, err := d.Client.ListWorkflow(ctx, request)
		if err != nil {
			return fmt.Errorf("list tickets: %w: the Temporal server does not answer", providers.Unavailable)
		}
		var found []waiting
		for _, run := range page.GetExecutions() {
			attributes := run.GetSearchAttributes()
			found = append(found, waiting{
				workflowID: run.GetExecution().GetWorkflowId(),
				ticketID:   names.Value(attributes, names.TicketID), version: names.Value(attributes, names.TicketVersion),
			})
		}
		if err := visit(found); err != nil {
			return err
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return nil
		}
	}
}
