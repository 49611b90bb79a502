package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"deskbridge/activities"
	"deskbridge/internal/logkey"
	"deskbridge/internal/names"
	"deskbridge/providers"
)

// TicketInput is the input of the Ticket workflow.
type TicketInput struct {
	Connection Connection
	Key        providers.Key
	// RequesterID is the desk's user; without it Requester is looked up or created first.
	RequesterID string
	Requester   Person
	Request     TicketRequest
	// People are keyed hashes of the identities of those who may see the ticket: who asked for it
	// and whom it is for.
	People []string
	// State is carried over when the workflow continues as new.
	State *TicketState
}

// The phases of a ticket.
const (
	PhaseLogging  = "logging"
	PhaseWaiting  = "waiting"
	PhaseWatching = "watching" // it has its outcome, and is watched for a reopening
	PhaseEnded    = "ended"
)

// TicketState is all that a Ticket workflow knows.
type TicketState struct {
	Phase       string
	RequesterID string
	Ticket      activities.Ticket
	// Uploaded counts the files of the request that were dealt with.
	Uploaded int
	Files    []providers.Attachment
	Notes    notebook
	// Writes are those that the desk does not have yet, in order; Written the last that it has.
	Writes, Written []Write
	// PausedUntil holds writes back until a person has mended what stops them.
	PausedUntil time.Time
	// Changes were signalled and not looked at yet; Refresh asks for a look at the desk.
	Changes []activities.Change
	Refresh bool
	// Gone says that the ticket was deleted at the desk.
	Gone    bool
	Outcome *Outcome
	// Due is the ticket's deadline; nil if it has none.
	Due       *deadline `json:",omitempty"`
	History   []Event
	Attention attention
	// Outbox is what Activate is still to be told.
	Outbox outbox
	// Published is what the search attributes say.
	Published published
}

// Event is one line of a ticket's history.
type Event struct {
	At   time.Time
	What string
}

type ticket struct {
	in TicketInput
	*TicketState
	// root is cancelled when the workflow is; ctx goes on, so that the desk can be told.
	root, ctx workflow.Context
	changed   workflow.ReceiveChannel
}

var (
	desk   *activities.Desk
	common *activities.Common
)

// Ticket follows one ticket through its life: it is logged once, its files are attached, it waits
// for days or months, its outcome goes to the parent, and it is watched for a reopening.
func Ticket(ctx workflow.Context, in TicketInput) (Outcome, error) {
	t := &ticket{in: in, TicketState: in.State}
	if err := t.setup(ctx); err != nil {
		return Outcome{}, err
	}
	return t.run()
}

func (t *ticket) setup(ctx workflow.Context) error {
	if _, err := providers.ParseKey(string(t.in.Key)); err != nil {
		return refuse(err)
	}
	mistakes := t.in.Request.mistakes("ticket")
	if t.in.RequesterID == "" {
		mistakes = append(mistakes, ValidatePerson("requester", t.in.Requester))
	}
	if err := errors.Join(mistakes...); err != nil {
		return refuse(err)
	}
	if t.TicketState == nil {
		t.TicketState = &TicketState{Phase: PhaseLogging, RequesterID: t.in.RequesterID}
	}
	t.root = ctx
	t.ctx, _ = workflow.NewDisconnectedContext(ctx)
	t.changed = workflow.GetSignalChannel(t.ctx, names.TicketChanged)
	workflow.Go(t.ctx, func(ctx workflow.Context) {
		for {
			var change activities.Change
			t.changed.Receive(ctx, &change)
			t.Changes = append(t.Changes, change)
		}
	})
	superseded := workflow.GetSignalChannel(t.ctx, names.CancelTicket)
	workflow.Go(t.ctx, func(ctx workflow.Context) {
		for {
			var args CancelArgs
			superseded.Receive(ctx, &args)
			t.enqueue(Write{Key: "superseded", Kind: WriteCancel, Body: args.Note})
		}
	})
	workflow.Go(t.ctx, t.sendCallbacks)
	workflow.Go(ctx, func(ctx workflow.Context) {
		ctx.Done().Receive(ctx, nil)
		t.enqueue(Write{Key: "cancelled-run", Kind: WriteCancel})
	})
	t.describe()
	return t.handlers()
}

func (t *ticket) run() (Outcome, error) {
	if t.Phase == PhaseLogging {
		if err := t.log(); err != nil {
			return t.giveUp(err)
		}
		if t.in.Connection.Level == providers.LevelLogOnly {
			t.settle(Outcome{Result: Logged, Status: t.Ticket.Status})
			return t.end()
		}
		t.Phase = PhaseWaiting
		t.setDeadline()
		t.publish()
		if err := t.startWatch(); err != nil {
			return Outcome{}, err
		}
		t.consider()
	}
	for {
		over, err := t.await()
		if err != nil {
			return Outcome{}, err
		}
		if over {
			return t.end()
		}
		if t.isLong() {
			return Outcome{}, t.continueAsNew()
		}
		t.work()
	}
}

// isLong says that the history is long enough and no update waits for its answer: what is still
// to be done is carried over.
func (t *ticket) isLong() bool {
	return workflow.GetInfo(t.ctx).GetContinueAsNewSuggested() && workflow.AllHandlersFinished(t.ctx)
}

// await returns when there is something to do; over is true when there never will be.
func (t *ticket) await() (over bool, err error) {
	todo := func() bool { return len(t.Changes) > 0 || t.Refresh || t.mayWrite() || t.isDue() || t.isLong() }
	now := workflow.Now(t.ctx)
	var wait time.Duration
	summary := "Writing is paused until somebody mends what stops it"
	if len(t.Writes) > 0 {
		wait = t.PausedUntil.Sub(now)
	} else if t.Phase == PhaseWatching {
		wait, summary = t.Outcome.At.Add(t.in.Connection.ReopenWindow).Sub(now), "Watching for a reopening"
		if wait <= 0 || t.root.Err() != nil || t.Gone {
			return !todo(), nil
		}
	}
	if due, any := t.dueIn(now); any && due > 0 && (wait <= 0 || due < wait) {
		wait, summary = due, "The ticket is due: "+t.Due.Steps[0].Do
	}
	if wait <= 0 {
		return false, workflow.Await(t.ctx, todo)
	}
	_, err = workflow.AwaitWithOptions(t.ctx, workflow.AwaitOptions{Timeout: wait, TimerOptions: workflow.TimerOptions{Summary: summary}}, todo)
	return false, err
}

// work deals with one thing: what changed, then a look at the desk, then a write.
func (t *ticket) work() {
	switch {
	case len(t.Changes) > 0:
		change := t.Changes[0]
		t.Changes = t.Changes[1:]
		t.hear(change)
	case t.Refresh:
		t.look()
	case t.isDue():
		t.mindDeadline()
	case t.mayWrite():
		t.deliver()
	}
	t.describe()
}

var errCancelled = errors.New("cancelled before it was logged")

// log makes sure that the requester exists, the ticket is logged and its files are attached.
func (t *ticket) log() error {
	name := t.in.Connection.Name
	err := t.mend(func() error {
		if t.RequesterID != "" {
			return nil
		}
		var err error
		t.RequesterID, err = ensureUser(t.ctx, t.in.Connection, t.in.Requester, "requester")
		return err
	})
	if err != nil {
		return err
	}
	err = t.mend(func() error {
		request := t.in.Request
		ctx := deskOptions(t.ctx, name, names.PriorityLog, "Log ticket "+string(t.in.Key)+" at "+name)
		return workflow.ExecuteActivity(ctx, desk.LogTicket, providers.NewTicket{
			Key: t.in.Key, Kind: request.Kind, Subject: request.Subject, Body: request.Body,
			Queue: request.Queue, RequesterID: t.RequesterID, Fields: request.Fields,
		}).Get(ctx, &t.Ticket)
	})
	if err != nil {
		return err
	}
	t.note("logged as %s", t.Ticket.Number)
	if !t.in.Connection.isBrief() || len(t.in.Request.Files) > 0 {
		t.publish() // otherwise at once with what comes next
	}
	t.tellParent(names.TicketLogged)
	t.tellActivate(EventTicketLogged)
	return t.uploadFiles()
}

func (t *ticket) uploadFiles() error {
	for ; t.Uploaded < len(t.in.Request.Files); t.Uploaded++ {
		file := t.in.Request.Files[t.Uploaded]
		err := t.mend(func() error { return t.upload(file) })
		if errors.Is(err, errCancelled) {
			return nil // the ticket is logged: the cancel is delivered like any write
		}
		if err != nil {
			t.note("file %d could not be attached: %s", t.Uploaded+1, reasonOf(err))
			t.Attention.raise(t.ctx, string(kindOf(err)), reasonOf(err))
		}
	}
	return nil
}

func (t *ticket) upload(file activities.File) error {
	var attached providers.Attachment
	ctx := deskOptions(t.ctx, t.in.Connection.Name, names.PriorityLog, "Attach a file to "+t.Ticket.Number)
	err := workflow.ExecuteActivity(ctx, desk.UploadAttachment, activities.Upload{TicketID: t.Ticket.ID, File: file}).Get(ctx, &attached)
	if err == nil {
		t.Files = append(t.Files, attached)
	}
	return err
}

// mend runs a call of the first phase until it succeeds, fails for good, or is cancelled.
func (t *ticket) mend(call func() error) error {
	return t.Attention.untilMended(t.ctx, t.describe, func() bool { return t.Refresh || t.cancelAsked() }, func() error {
		t.Refresh = false
		if t.cancelAsked() {
			return errCancelled
		}
		return call()
	})
}

// giveUp ends a ticket that was not logged.
func (t *ticket) giveUp(err error) (Outcome, error) {
	if errors.Is(err, errCancelled) {
		t.Writes = nil
		t.settle(Outcome{Result: OutcomeCancelled})
	} else {
		t.settle(Outcome{Result: Failed, Reason: reasonOf(err)})
	}
	return t.end()
}

func (t *ticket) startWatch() error {
	watch, err := NewWatch(t.in.Connection, t.Ticket.CreatedAt)
	if err != nil {
		return err
	}
	if t.in.Connection.isBrief() {
		ctx := workflow.WithLocalActivityOptions(t.ctx, workflow.LocalActivityOptions{
			StartToCloseTimeout: commonWithin, RetryPolicy: commonRetry(), Summary: "Watch " + t.in.Connection.Name,
		})
		return workflow.ExecuteLocalActivity(ctx, common.StartWatch, watch).Get(ctx, nil)
	}
	ctx := commonOptions(t.ctx, "Watch "+t.in.Connection.Name)
	return workflow.ExecuteActivity(ctx, common.StartWatch, watch).Get(ctx, nil)
}

// settle records an outcome, tells the parent and goes on watching.
func (t *ticket) settle(outcome Outcome) {
	outcome.At = workflow.Now(t.ctx)
	t.Outcome = &outcome
	t.Phase = PhaseWatching
	t.note("outcome: %s", outcome.Result)
	t.publish()
	t.tellParent(names.TicketOutcome)
	t.tellActivate(EventTicketOutcome)
}

// tellParent signals the workflow that wants the ticket; one that has ended does not mind.
func (t *ticket) tellParent(signal string) {
	parent := workflow.GetInfo(t.ctx).ParentWorkflowExecution
	if parent == nil {
		return
	}
	news := TicketNews{Key: t.in.Key, Number: t.Ticket.Number, Outcome: t.Outcome}
	if err := workflow.SignalExternalWorkflow(t.ctx, parent.ID, "", signal, news).Get(t.ctx, nil); err != nil {
		workflow.GetLogger(t.ctx).Info("the parent has ended", logkey.Signal, signal)
	}
}

// TicketNews is what a ticket tells its parent.
type TicketNews struct {
	Key     providers.Key
	Number  string
	Outcome *Outcome
}

func (t *ticket) end() (Outcome, error) {
	if err := workflow.Await(t.ctx, func() bool { return workflow.AllHandlersFinished(t.ctx) }); err != nil {
		return Outcome{}, err
	}
	t.Phase = PhaseEnded
	t.publish()
	t.describe()
	if err := workflow.Await(t.ctx, func() bool { return len(t.Outbox.Events) == 0 && workflow.AllHandlersFinished(t.ctx) }); err != nil {
		return Outcome{}, err
	}
	return *t.Outcome, t.root.Err()
}

// continueAsNew drains the signals and carries the state over.
func (t *ticket) continueAsNew() error {
	for {
		var change activities.Change
		if !t.changed.ReceiveAsync(&change) {
			break
		}
		t.Changes = append(t.Changes, change)
	}
	next := t.in
	next.State = t.TicketState
	return workflow.NewContinueAsNewError(t.root, Ticket, next)
}

// maxHistory bounds the history that a ticket carries.
const maxHistory = 100

func (t *ticket) note(format string, args ...any) {
	t.History = append(t.History, Event{At: workflow.Now(t.ctx), What: fmt.Sprintf(format, args...)})
	if len(t.History) > maxHistory {
		t.History = t.History[len(t.History)-maxHistory:]
	}
}
