package activities_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/mocks"
	"go.temporal.io/sdk/testsuite"

	"deskbridge/activities"
	"deskbridge/internal/names"
	"deskbridge/providers"
)

// feed is a desk of which only the change feed matters.
type feed struct {
	providers.Desk
	pages   []providers.ChangesPage
	asked   []providers.ChangesQuery
	tickets map[string]providers.Ticket
	hidden  map[string]bool
	down    map[string]bool
	batches []int
	fetched []string
}

func (f *feed) FetchChanges(_ context.Context, query providers.ChangesQuery) (providers.ChangesPage, error) {
	f.asked = append(f.asked, query)
	if len(f.pages) == 0 {
		return providers.ChangesPage{}, providers.Unavailable
	}
	page := f.pages[0]
	f.pages = f.pages[1:]
	return page, nil
}

func (f *feed) FetchTickets(_ context.Context, ids []string) ([]providers.Ticket, error) {
	f.batches = append(f.batches, len(ids))
	var found []providers.Ticket
	for _, id := range ids {
		if ticket, live := f.tickets[id]; live && ticket.ID == id {
			found = append(found, ticket)
		}
	}
	return found, nil
}

func (f *feed) FetchTicket(_ context.Context, id string) (providers.Ticket, error) {
	f.fetched = append(f.fetched, id)
	if f.down[id] {
		return providers.Ticket{}, providers.Unavailable
	}
	if f.hidden[id] {
		return providers.Ticket{}, providers.Forbidden
	}
	if ticket, live := f.tickets[id]; live {
		return ticket, nil
	}
	return providers.Ticket{}, providers.NotFound
}

// server records signals, and lists the Ticket workflows that wait.
type server struct {
	mocks.Client
	mu      sync.Mutex
	signals map[string][]activities.Change
	waiting map[string][2]string // workflow ID -> ticket ID, version
	gone    map[string]bool
	down    bool
}

func (s *server) SignalWorkflow(_ context.Context, workflowID, _, signal string, argument any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.down:
		return errors.New("connection refused to secret-host")
	case s.gone[workflowID] || signal != names.TicketChanged:
		return serviceerror.NewNotFound("no such workflow")
	}
	s.signals[workflowID] = append(s.signals[workflowID], argument.(activities.Change))
	return nil
}

func (s *server) CountWorkflow(context.Context, *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	return &workflowservice.CountWorkflowExecutionsResponse{Count: int64(len(s.waiting))}, nil
}

func (s *server) ListWorkflow(_ context.Context, request *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	page := &workflowservice.ListWorkflowExecutionsResponse{}
	for workflowID, ticket := range s.waiting {
		if _, ids, asked := strings.Cut(request.GetQuery(), " IN ('waiting', 'watching') AND "+names.TicketID.GetName()+" IN "); asked && !strings.Contains(ids, "'"+ticket[0]+"'") {
			continue
		}
		fields := map[string]*commonpb.Payload{}
		for name, value := range map[string]string{names.TicketID.GetName(): ticket[0], names.TicketVersion.GetName(): ticket[1]} {
			fields[name], _ = converter.GetDefaultDataConverter().ToPayload(value)
		}
		page.Executions = append(page.Executions, &workflowpb.WorkflowExecutionInfo{
			Execution:        &commonpb.WorkflowExecution{WorkflowId: workflowID},
			SearchAttributes: &commonpb.SearchAttributes{IndexedFields: fields},
		})
	}
	return page, nil
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

func ticket(id int, key string, updated int, status string) providers.Ticket {
	return providers.Ticket{ID: fmt.Sprint(id), Number: fmt.Sprint(id), Key: providers.Key(key), Status: status, UpdatedAt: at(updated)}
}

type pollWorld struct {
	t      *testing.T
	feed   *feed
	server *server
	env    *testsuite.TestActivityEnvironment
	desk   *activities.Desk
}

func newPollWorld(t *testing.T) *pollWorld {
	var suite testsuite.WorkflowTestSuite
	w := &pollWorld{
		t: t, feed: &feed{tickets: map[string]providers.Ticket{}, hidden: map[string]bool{}},
		server: &server{signals: map[string][]activities.Change{}, waiting: map[string][2]string{}, gone: map[string]bool{}},
		env:    suite.NewTestActivityEnvironment(),
	}
	w.desk = &activities.Desk{Connection: "rt", Desk: w.feed, Client: w.server, Statuses: map[string]providers.State{"open": providers.Waiting, "resolved": providers.Completed}}
	w.env.RegisterActivity(w.desk)
	return w
}

func (w *pollWorld) poll(cursor activities.Cursor, pages ...providers.ChangesPage) (activities.Polled, error) {
	w.t.Helper()
	w.feed.pages = pages
	var polled activities.Polled
	result, err := w.env.ExecuteActivity(w.desk.PollChanges, activities.Poll{Cursor: cursor, Overlap: time.Minute})
	if err == nil {
		require.NoError(w.t, result.Get(&polled))
	}
	return polled, err
}

func TestAPollSignalsWhatReallyChangedOnce(t *testing.T) {
	w := newPollWorld(t)
	w.server.waiting["ticket/rt/R1/a"] = [2]string{"1", ""}
	w.server.gone["ticket/rt/R9/z"] = true
	first, err := w.poll(activities.Cursor{Since: at(0)},
		providers.ChangesPage{DeskTime: at(100), Next: "2", Tickets: []providers.Ticket{ticket(1, "R1/a", 50, "resolved"), ticket(2, "", 51, "open")}},
		providers.ChangesPage{DeskTime: at(101), Tickets: []providers.Ticket{ticket(3, "R9/z", 52, "open")}})
	require.NoError(t, err)
	require.Equal(t, 3, first.Changed)
	require.Equal(t, 1, first.Signalled, "a ticket that is not ours and one that nobody follows are not signalled")
	require.Equal(t, 1, first.Waiting)
	require.Equal(t, "2", w.feed.asked[1].Page)
	require.Equal(t, providers.Completed, w.server.signals["ticket/rt/R1/a"][0].Ticket.State)
	require.Equal(t, at(40), first.Cursor.Since, "the desk's clock at the first page, less the overlap")

	second, err := w.poll(first.Cursor, providers.ChangesPage{DeskTime: at(110), Tickets: []providers.Ticket{ticket(1, "R1/a", 50, "resolved"), ticket(2, "", 51, "open")}})
	require.NoError(t, err)
	require.Zero(t, second.Changed, "what the overlap reports again is known")
	third, err := w.poll(second.Cursor, providers.ChangesPage{DeskTime: at(200), Tickets: []providers.Ticket{ticket(1, "R1/a", 150, "open")}})
	require.NoError(t, err)
	require.Equal(t, 1, third.Signalled)
	require.Len(t, third.Cursor.Seen, 1, "what the cursor has passed is forgotten")
}

func TestAChangeInTheDesksCurrentSecondIsSignalledAgain(t *testing.T) {
	w := newPollWorld(t)
	changed := ticket(1, "R1/a", 99, "open")
	first, err := w.poll(activities.Cursor{Since: at(0)}, providers.ChangesPage{DeskTime: at(100), Tickets: []providers.Ticket{changed}})
	require.NoError(t, err)
	second, err := w.poll(first.Cursor, providers.ChangesPage{DeskTime: at(105), Tickets: []providers.Ticket{changed}})
	require.NoError(t, err)
	require.Equal(t, 1, second.Signalled, "it may have changed again within its second")
	third, err := w.poll(second.Cursor, providers.ChangesPage{DeskTime: at(110), Tickets: []providers.Ticket{changed}})
	require.NoError(t, err)
	require.Zero(t, third.Signalled)
}

func TestACursorNeverGoesBack(t *testing.T) {
	w := newPollWorld(t)
	polled, err := w.poll(activities.Cursor{Since: at(90)}, providers.ChangesPage{DeskTime: at(100)})
	require.NoError(t, err)
	require.Equal(t, at(90), polled.Cursor.Since)
}

func TestATicketThatAnotherWasMergedIntoIsFollowedByBoth(t *testing.T) {
	w := newPollWorld(t)
	w.server.waiting["ticket/rt/R1/a"] = [2]string{"7", ""}
	w.server.waiting["ticket/rt/R2/b"] = [2]string{"7", ""}
	polled, err := w.poll(activities.Cursor{Since: at(0)}, providers.ChangesPage{DeskTime: at(100), Tickets: []providers.Ticket{ticket(7, "R2/b", 50, "resolved")}})
	require.NoError(t, err)
	require.Equal(t, 2, polled.Signalled)
}

func TestAPollThatDoesNotGoOnIsNoticed(t *testing.T) {
	w := newPollWorld(t)
	_, err := w.poll(activities.Cursor{Since: at(0)}, providers.ChangesPage{DeskTime: at(1), Next: "2"}, providers.ChangesPage{DeskTime: at(1), Next: "2"})
	require.ErrorContains(t, err, "does not go on")
}

func TestAPollThatCannotSignalFailsWithoutMovingOn(t *testing.T) {
	w := newPollWorld(t)
	w.server.down = true
	_, err := w.poll(activities.Cursor{Since: at(0)}, providers.ChangesPage{DeskTime: at(100), Tickets: []providers.Ticket{ticket(1, "R1/a", 50, "open")}})
	require.ErrorContains(t, err, "signal ticket: unavailable")
	require.NotContains(t, err.Error(), "secret-host")
}

func TestARetriedPollGoesOnWithWhatItsHeartbeatSaw(t *testing.T) {
	w := newPollWorld(t)
	known := ticket(1, "R1/a", 50, "open")
	w.env.SetHeartbeatDetails(map[string]string{"1": known.Version()})
	polled, err := w.poll(activities.Cursor{Since: at(0)}, providers.ChangesPage{DeskTime: at(100), Tickets: []providers.Ticket{known, ticket(2, "R2/b", 50, "open")}})
	require.NoError(t, err)
	require.Equal(t, 1, polled.Signalled)
	require.Empty(t, w.server.signals["ticket/rt/R1/a"])
}

func TestASweepFindsWhatPollingCannotSee(t *testing.T) {
	w := newPollWorld(t)
	same, changed := ticket(1, "R/a", 10, "open"), ticket(2, "R/b", 20, "resolved")
	w.feed.tickets["1"], w.feed.tickets["2"] = same, changed
	w.feed.tickets["3"] = ticket(30, "", 10, "open") // merged: the old number answers with its target
	w.feed.hidden["5"] = true
	for n, version := range map[string]string{"1": same.Version(), "2": "old", "3": "", "4": "", "5": ""} {
		w.server.waiting["ticket/rt/R/"+n] = [2]string{n, version}
	}
	result, err := w.env.ExecuteActivity(w.desk.SweepTickets)
	require.NoError(t, err)
	var swept activities.Swept
	require.NoError(t, result.Get(&swept))
	require.Equal(t, activities.Swept{Read: 5, Signalled: 4}, swept)
	require.Equal(t, []int{5}, w.feed.batches)
	require.Empty(t, w.server.signals["ticket/rt/R/1"])
	require.Equal(t, "resolved", w.server.signals["ticket/rt/R/2"][0].Ticket.Status)
	require.Equal(t, "30", w.server.signals["ticket/rt/R/3"][0].Ticket.ID)
	require.Nil(t, w.server.signals["ticket/rt/R/4"][0].Ticket, "deleted")
	require.False(t, w.server.signals["ticket/rt/R/4"][0].Hidden)
	require.True(t, w.server.signals["ticket/rt/R/5"][0].Hidden)
}

func TestASweepReadsManyTicketsInBatches(t *testing.T) {
	w := newPollWorld(t)
	for n := range 250 {
		id := fmt.Sprint(n + 1)
		known := ticket(n+1, "", 10, "open")
		w.feed.tickets[id] = known
		w.server.waiting["ticket/rt/R/"+id] = [2]string{id, known.Version()}
	}
	result, err := w.env.ExecuteActivity(w.desk.SweepTickets)
	require.NoError(t, err)
	var swept activities.Swept
	require.NoError(t, result.Get(&swept))
	require.Equal(t, activities.Swept{Read: 250}, swept)
	require.Equal(t, []int{100, 100, 50}, w.feed.batches)
}

func TestATicketThatCannotBeReadKeepsNoOtherFromBeingSwept(t *testing.T) {
	w := newPollWorld(t)
	w.feed.down = map[string]bool{"2": true}
	for _, n := range []string{"1", "2", "3"} {
		w.server.waiting["ticket/rt/R/"+n] = [2]string{n, ""} // deleted, all of them
	}
	var progress []string
	w.env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) { _ = details.Get(&progress) })
	_, err := w.env.ExecuteActivity(w.desk.SweepTickets)
	require.ErrorContains(t, err, "unavailable", "so that it is tried again")
	require.ElementsMatch(t, []string{"1", "2", "3"}, w.feed.fetched)
	require.Len(t, w.server.signals["ticket/rt/R/1"], 1)
	require.Len(t, w.server.signals["ticket/rt/R/3"], 1)
	require.ElementsMatch(t, []string{"ticket/rt/R/1", "ticket/rt/R/3"}, progress)

	w.feed.down, w.feed.fetched = nil, nil
	w.env.SetHeartbeatDetails(progress)
	result, err := w.env.ExecuteActivity(w.desk.SweepTickets)
	require.NoError(t, err)
	var swept activities.Swept
	require.NoError(t, result.Get(&swept))
	require.Equal(t, activities.Swept{Read: 3, Signalled: 1}, swept)
	require.Equal(t, []string{"2"}, w.feed.fetched, "what was read is not read again")
}

func TestASweepOfADeskThatIsDownGivesUpSoon(t *testing.T) {
	w := newPollWorld(t)
	w.feed.down = map[string]bool{}
	for n := range 50 {
		id := fmt.Sprint(n + 1)
		w.feed.down[id] = true
		w.server.waiting["ticket/rt/R/"+id] = [2]string{id, ""}
	}
	_, err := w.env.ExecuteActivity(w.desk.SweepTickets)
	require.ErrorContains(t, err, "unavailable")
	require.Len(t, w.feed.fetched, 5)
}
