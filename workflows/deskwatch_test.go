package workflows_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"deskbridge/activities"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/workflows"
)

func posts(suffix string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, suffix)
	}
}

// watched runs a DeskWatch whose polls answer in turn and then find nothing that waits.
func watched(t *testing.T, w *world, polls ...activities.Polled) (at []time.Duration, sweeps int) {
	t.Helper()
	begin := w.Now()
	w.OnActivity("PollChanges", mock.Anything, mock.Anything).Return(func(_ context.Context, poll activities.Poll) (activities.Polled, error) {
		at = append(at, w.Now().Sub(begin).Round(time.Second))
		result := activities.Polled{}
		if len(at) <= len(polls) {
			result = polls[len(at)-1]
		}
		result.Cursor = activities.Cursor{Since: poll.Cursor.Since.Add(time.Second)}
		return result, nil
	})
	w.OnActivity("SweepTickets", mock.Anything).Return(func(context.Context) (activities.Swept, error) {
		sweeps++
		return activities.Swept{}, nil
	})
	w.ExecuteWorkflow("DeskWatch", workflows.WatchInput{Connection: connection(providers.LevelFull)})
	require.NoError(t, w.GetWorkflowError())
	return at, sweeps
}

func TestAWatchPollsFastWhileTicketsChangeAndEndsWhenNoneWaits(t *testing.T) {
	w := newWorld(t)
	waits := activities.Polled{Waiting: 3}
	news := activities.Polled{Waiting: 3, Signalled: 1}
	at, sweeps := watched(t, w, waits, waits, waits, waits, news, waits)
	seconds := time.Second
	require.Equal(t, []time.Duration{0, 2 * seconds, 6 * seconds, 14 * seconds, 30 * seconds, 31 * seconds, 33 * seconds, 37 * seconds, 45 * seconds}, at)
	require.Equal(t, 1, sweeps, "one at the beginning, the next after an hour")
}

func TestAWatchWakesUpForANewTicket(t *testing.T) {
	w := newWorld(t)
	w.at(40*time.Second, func() {
		w.SignalWorkflow(names.TicketWaiting, workflows.WatchInput{Connection: connection(providers.LevelFull)})
	})
	waits := activities.Polled{Waiting: 1}
	at, _ := watched(t, w, waits, waits, waits, waits, waits, waits, waits)
	require.Contains(t, at, 40*time.Second)
}

func TestAWatchSweepsEveryHour(t *testing.T) {
	w := newWorld(t)
	polls := make([]activities.Polled, 130) // two hours at the slowest interval
	for i := range polls {
		polls[i].Waiting = 1
	}
	_, sweeps := watched(t, w, polls...)
	require.Equal(t, 3, sweeps)
}

func TestAWatchThatMayNotPollSaysSoAndGoesOn(t *testing.T) {
	w := newWorld(t)
	tries := 0
	w.OnActivity("PollChanges", mock.Anything, mock.Anything).Return(func(context.Context, activities.Poll) (activities.Polled, error) {
		if tries++; tries < 3 {
			return activities.Polled{}, temporal.NewNonRetryableApplicationError("rt: fetch changes: forbidden", string(providers.Forbidden), nil)
		}
		return activities.Polled{}, nil
	})
	w.OnActivity("SweepTickets", mock.Anything).Return(activities.Swept{}, nil)
	w.ExecuteWorkflow("DeskWatch", workflows.WatchInput{Connection: connection(providers.LevelFull)})
	require.NoError(t, w.GetWorkflowError())
	require.Equal(t, 5, tries)
}

func TestASlowSweepHoldsUpNoPoll(t *testing.T) {
	during := func(edition int) int {
		w := newWorld(t)
		var polls, tries, meanwhile atomic.Int64
		w.OnActivity("PollChanges", mock.Anything, mock.Anything).Return(func(context.Context, activities.Poll) (activities.Polled, error) {
			if now := tries.Load(); now > 0 && now < 8 {
				meanwhile.Add(1)
			}
			return activities.Polled{Waiting: max(0, 30-int(polls.Add(1)))}, nil
		})
		w.OnActivity("SweepTickets", mock.Anything).Return(func(context.Context) (activities.Swept, error) {
			if tries.Add(1) < 8 {
				return activities.Swept{}, temporal.NewApplicationError("rt: fetch ticket: unavailable", string(providers.Unavailable))
			}
			return activities.Swept{}, nil
		})
		watching := connection(providers.LevelFull)
		watching.Edition = edition
		w.ExecuteWorkflow("DeskWatch", workflows.WatchInput{Connection: watching})
		require.NoError(t, w.GetWorkflowError())
		return int(meanwhile.Load())
	}
	require.Zero(t, during(0), "a run of the first edition goes on as it began")
	require.Greater(t, during(workflows.Edition), 1)
}
