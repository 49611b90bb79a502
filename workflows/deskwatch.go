package workflows

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"deskbridge/activities"
	"deskbridge/internal/names"
)

// NameDeskWatch is the name under which DeskWatch is registered and started by an activity.
const NameDeskWatch = "DeskWatch"

// WatchInput is the input of the DeskWatch workflow.
type WatchInput struct {
	Connection Connection
	Cursor     activities.Cursor
	// Swept is when the last sweep ended; Interval what lies between polls now.
	Swept     time.Time
	Interval  time.Duration
	Attention attention
}

// NewWatch asks for a connection to be watched for what changed at its desk since a time.
func NewWatch(connection Connection, since time.Time) (activities.Watch, error) {
	input, err := json.Marshal(WatchInput{
		Connection: connection, Cursor: activities.Cursor{Since: since.Add(-connection.Watch.Overlap)},
	})
	return activities.Watch{Connection: connection.Name, Workflow: NameDeskWatch, Input: input}, err
}

type watch struct {
	WatchInput
	ctx     workflow.Context
	waiting workflow.ReceiveChannel
	// hints say that something changed at the desk.
	hints workflow.ReceiveChannel
	// idle counts polls in a row that found no waiting ticket.
	idle int
	// sweeping says that a sweep goes on beside the polls.
	sweeping bool
	last     activities.Polled
}

// DeskWatch watches one connection: it polls for changes, which the activity signals to the
// waiting Ticket workflows, and sweeps for what polling cannot see. It ends when no ticket waits.
func DeskWatch(ctx workflow.Context, in WatchInput) error {
	w := &watch{WatchInput: in, ctx: ctx, waiting: workflow.GetSignalChannel(ctx, names.TicketWaiting), hints: workflow.GetSignalChannel(ctx, names.DeskChanged)}
	if w.Interval == 0 {
		w.Interval = w.Connection.Watch.Fastest
	}
	if err := w.Attention.answer(ctx); err != nil {
		return err
	}
	return w.run()
}

// idleEnds is how many idle polls end a watch: the list of waiting tickets may lag.
const idleEnds = 3

func (w *watch) run() error {
	beside := w.Connection.Edition >= EditionSweep // for this run: the connection may change meanwhile
	for {
		w.poll()
		if beside {
			w.sweepBeside()
		} else if w.sweepIsDue() {
			w.sweep(w.ctx)
		}
		w.describe()
		if w.idle >= idleEnds && !w.sweeping && !w.drain() {
			return nil
		}
		if err := w.sleep(); err != nil {
			return err
		}
		if w.isLong() && !w.sweeping {
			w.drain()
			return workflow.NewContinueAsNewError(w.ctx, DeskWatch, w.WatchInput)
		}
	}
}

func (w *watch) poll() {
	settings := w.Connection.Watch
	ctx := pollOptions(w.ctx, w.Connection.Name, names.PriorityPoll, "Poll changes since "+w.Cursor.Since.UTC().Format(time.TimeOnly))
	poll := activities.Poll{Cursor: w.Cursor, Overlap: settings.Overlap}
	if err := workflow.ExecuteActivity(ctx, desk.PollChanges, poll).Get(ctx, &w.last); err != nil {
		w.Attention.raise(w.ctx, string(kindOf(err)), reasonOf(err))
		w.Interval = settings.Slowest
		return
	}
	w.Attention.clear(w.ctx)
	w.Cursor = w.last.Cursor
	switch {
	case w.last.Signalled > 0:
		w.Interval = settings.Fastest
	default:
		w.Interval = min(2*w.Interval, settings.Slowest)
	}
	w.idle++
	if w.last.Waiting > 0 {
		w.idle = 0
	}
}

func (w *watch) isLong() bool { return workflow.GetInfo(w.ctx).GetContinueAsNewSuggested() }

// sweepBeside sweeps while polls go on: a sweep of many tickets at a slow desk takes long. None is
// begun when the run is about to continue as new.
func (w *watch) sweepBeside() {
	if w.sweeping || w.isLong() || !w.sweepIsDue() {
		return
	}
	w.sweeping = true
	workflow.Go(w.ctx, func(ctx workflow.Context) {
		w.sweep(ctx)
		w.sweeping = false
	})
}

func (w *watch) sweepIsDue() bool {
	return workflow.Now(w.ctx).Sub(w.Swept) >= w.Connection.Watch.Sweep
}

func (w *watch) sweep(ctx workflow.Context) {
	now := workflow.Now(ctx)
	var swept activities.Swept
	ctx = pollOptions(ctx, w.Connection.Name, names.PrioritySweep, "Sweep the waiting tickets")
	if err := workflow.ExecuteActivity(ctx, desk.SweepTickets).Get(ctx, &swept); err != nil {
		w.Attention.raise(w.ctx, string(kindOf(err)), reasonOf(err))
		return
	}
	w.Swept = now
}

// sleep waits for the interval, or until a ticket begins to wait while the interval is long.
func (w *watch) sleep() error {
	ctx, cancel := workflow.WithCancel(w.ctx)
	defer cancel()
	timer := workflow.NewTimerWithOptions(ctx, w.Interval, workflow.TimerOptions{Summary: "Until the next poll"})
	var failure error
	for done := false; !done; {
		workflow.NewSelector(w.ctx).
			AddFuture(timer, func(f workflow.Future) { failure, done = f.Get(w.ctx, nil), true }).
			AddReceive(w.hints, func(c workflow.ReceiveChannel, _ bool) {
				c.Receive(w.ctx, nil)
				for c.ReceiveAsync(nil) { // one poll sees it all
				}
				done = true
			}).
			AddReceive(w.waiting, func(c workflow.ReceiveChannel, _ bool) {
				var in WatchInput
				c.Receive(w.ctx, &in)
				w.hear(in)
				done = w.Interval > w.Connection.Watch.Fastest
				w.Interval = w.Connection.Watch.Fastest
			}).Select(w.ctx)
	}
	return failure
}

// hear takes the settings that a ticket brings, for they may have changed.
func (w *watch) hear(in WatchInput) {
	w.idle = 0
	w.Connection = in.Connection
}

// drain takes the signals that are there and says whether there were any.
func (w *watch) drain() bool {
	heard := false
	for {
		var in WatchInput
		if !w.waiting.ReceiveAsync(&in) {
			return heard
		}
		w.hear(in)
		heard = true
	}
}

func (w *watch) describe() {
	var text strings.Builder
	fmt.Fprintf(&text, "Watching **%s**: %d tickets wait. Polling every %s; changes are known until %s; last sweep %s.",
		w.Connection.Name, w.last.Waiting, w.Interval, w.Cursor.Since.UTC().Format(time.DateTime), w.Swept.UTC().Format(time.DateTime))
	w.Attention.describe(&text)
	workflow.SetCurrentDetails(w.ctx, text.String())
}
