package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"go.temporal.io/sdk/workflow"

	"deskbridge/activities"
	"deskbridge/internal/logkey"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/providers/activate"
)

// The types of events that Activate is told.
const (
	EventTicketLogged   = "ticket.logged"
	EventTicketChanged  = "ticket.changed"
	EventTicketOutcome  = "ticket.outcome"
	EventTicketReopened = "ticket.reopened"
	EventTicketReminder = "ticket.reminder"
	EventTicketOverdue  = "ticket.overdue"
	EventRequestEnded   = "request.ended"
)

// outbox is what Activate is still to be told, in order.
type outbox struct {
	Events []activate.Event
	// Told counts those that were sent or given up, by which each event has its own ID.
	Told int
	// Lost counts those that were given up.
	Lost int
}

// maxEvents bounds what waits for a receiver that is down; the feed of changes has it all.
const maxEvents = 50

func (o *outbox) put(event activate.Event) {
	if len(o.Events) == maxEvents { // the first is being sent
		o.Events = append(o.Events[:1], o.Events[2:]...)
		o.Told++
		o.Lost++
	}
	o.Events = append(o.Events, event)
}

// send tells the oldest event. One that the receiver refuses for good is given up.
func (o *outbox) send(ctx workflow.Context, to string) error {
	event := o.Events[0]
	sum := sha256.Sum256(fmt.Appendf(nil, "%s#%d", workflow.GetInfo(ctx).WorkflowExecution.ID, o.Told))
	ctx = callbackOptions(ctx, "Tell "+to+": "+event.Type)
	callback := activities.Callback{To: to, ID: "msg_" + hex.EncodeToString(sum[:16]), Event: event}
	err := workflow.ExecuteActivity(ctx, common.SendCallback, callback).Get(ctx, nil)
	o.Events = o.Events[1:]
	o.Told++
	if err != nil {
		o.Lost++
	}
	return err
}

// announce tells Activate that a request ended, before the run does.
func (f *fulfilment) announce(ctx workflow.Context, result FulfilmentResult) {
	to := f.Connection.Callback
	if to == "" {
		return
	}
	f.do("Telling %s that the request ended", to)
	outcome := "completed"
	switch {
	case result.Superseded != "":
		outcome = "superseded"
	case f.ctx.Err() != nil:
		outcome = "cancelled"
	case !result.Completed:
		outcome = "failed"
	}
	steps := map[string]string{}
	for _, step := range result.Steps {
		steps[step.ID] = step.State
	}
	f.outbox.put(activate.Event{Type: EventRequestEnded, Timestamp: workflow.Now(ctx).UTC(), Data: activate.Data{
		Connection: f.Connection.Name, RequestID: f.RequestID, Workflow: workflow.GetInfo(ctx).WorkflowExecution.ID, Outcome: outcome, Steps: steps,
	}})
	if err := f.outbox.send(ctx, to); err != nil {
		workflow.GetLogger(ctx).Warn("the callback was given up; the feed of changes has it", logkey.Kind, kindOf(err))
	}
}

// tellActivate puts what happened to the ticket into its outbox, from where a coroutine sends it.
func (t *ticket) tellActivate(kind string) {
	if t.in.Connection.Callback == "" {
		return
	}
	request, step, _ := strings.Cut(string(t.in.Key), "/")
	data := activate.Data{
		Connection: t.in.Connection.Name, RequestID: request, Step: step, Workflow: names.Ticket(t.in.Connection.Name, t.in.Key),
		Ticket: t.Ticket.Number, Status: t.Ticket.Status,
	}
	if t.Outcome != nil {
		data.Outcome = string(t.Outcome.Result)
	}
	t.Outbox.put(activate.Event{Type: kind, Timestamp: workflow.Now(t.ctx).UTC(), Data: data})
}

// sendCallbacks sends what the outbox holds for as long as the ticket is followed.
func (t *ticket) sendCallbacks(ctx workflow.Context) {
	for {
		if err := workflow.Await(ctx, func() bool { return len(t.Outbox.Events) > 0 }); err != nil {
			return
		}
		to := t.in.Connection.Callback
		if err := t.Outbox.send(ctx, to); err != nil {
			t.note("%s was not told: %s", to, reasonOf(err))
			if kindOf(err) == providers.Misconfigured {
				t.Attention.raise(t.ctx, string(providers.Misconfigured), reasonOf(err))
			}
			t.describe()
		}
	}
}
