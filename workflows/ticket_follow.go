package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"deskbridge/activities"
	"deskbridge/internal/logkey"
	"deskbridge/internal/names"
	"deskbridge/providers"
)

// Kinds of attention beside the kinds of errors.
const (
	attentionUnmapped = "unmapped-status"
	attentionHidden   = "hidden-ticket"
	attentionOverdue  = "overdue"
)

// hear takes what a poll or a sweep saw. Signals may cross a look at the desk, so that older
// news is dropped, and where the time stamps are equal the desk is asked.
func (t *ticket) hear(change activities.Change) {
	news := change.Ticket
	switch {
	case change.Hidden:
		t.Attention.raise(t.ctx, attentionHidden, fmt.Sprintf("the account of connection %s may not see ticket %s any more; grant it the right again", t.in.Connection.Name, t.Ticket.Number))
	case news == nil:
		t.vanish()
	case news.Merged, news.ID != t.Ticket.ID && news.Key == t.in.Key:
		// Merged, or an old number of ours that a late signal brings: the desk knows where it leads.
		t.Refresh = true
	case news.ID == t.Ticket.ID && news.UpdatedAt.Before(t.Ticket.UpdatedAt):
	case news.ID == t.Ticket.ID && news.UpdatedAt.Equal(t.Ticket.UpdatedAt) && news.Status != t.Ticket.Status:
		t.Refresh = true
	default:
		t.learn(*news)
	}
}

// look reads the ticket at the desk.
func (t *ticket) look() {
	t.Refresh = false
	t.PausedUntil = workflow.Now(t.ctx)
	var found activities.Ticket
	ctx := deskOptions(t.ctx, t.in.Connection.Name, names.PriorityFollow, "Look at ticket "+t.Ticket.Number)
	err := workflow.ExecuteActivity(ctx, desk.FetchTicket, t.Ticket.ID).Get(ctx, &found)
	switch {
	case err == nil:
		t.learn(found)
	case kindOf(err) == providers.NotFound:
		t.vanish()
	default:
		t.Attention.raise(t.ctx, string(kindOf(err)), reasonOf(err))
	}
}

// learn takes the ticket as the desk has it now.
func (t *ticket) learn(now activities.Ticket) {
	before := t.Ticket
	t.Ticket, t.Gone = now, false
	if now.ID != before.ID {
		t.note("merged into %s", now.Number)
	}
	if now.Status != before.Status {
		t.note("status: %s", now.Status)
	}
	if !t.in.Connection.isBrief() {
		t.publish()
	}
	// Asked by its old number, a merged ticket shows the notes from before and after.
	seen, outcome := t.Notes.count(), t.Outcome
	err := t.Notes.fetch(t.ctx, t.in.Connection.Name, before.ID)
	t.consider() // whether the notes can be read or not
	if t.in.Connection.isBrief() {
		t.publish() // with what followed from it
	}
	if t.Outcome == outcome && (now.ID != before.ID || now.Status != before.Status || t.Notes.count() > seen) {
		t.tellActivate(EventTicketChanged)
	}
	if err != nil && kindOf(err) != providers.NotFound {
		t.Attention.raise(t.ctx, string(kindOf(err)), reasonOf(err))
	}
}

// vanish ends the wait for a ticket that was deleted at the desk. An outcome that it had stays.
func (t *ticket) vanish() {
	t.Gone = true
	t.note("deleted at the desk")
	if t.Outcome == nil {
		t.settle(Outcome{Result: Vanished, Status: t.Ticket.Status})
	}
}

// consider decides what the ticket's status means for the request.
func (t *ticket) consider() {
	state := t.Ticket.State
	if state == providers.Unmapped {
		t.Attention.raise(t.ctx, attentionUnmapped, fmt.Sprintf("status %q of ticket %s has no meaning here; add it to statuses of connection %s and refresh", t.Ticket.Status, t.Ticket.Number, t.in.Connection.Name))
		return
	}
	if t.overdue() && !state.Final() {
		t.raiseOverdue()
	} else {
		t.Attention.clear(t.ctx)
	}
	switch {
	case !state.Final() && t.Outcome != nil && t.Outcome.Result == Expired: // nobody waits for it any more
	case !state.Final() && t.Outcome != nil:
		t.note("reopened")
		t.Outcome = nil
		t.Phase = PhaseWaiting
		t.publish()
		t.tellParent(names.TicketReopened)
		t.tellActivate(EventTicketReopened)
	case !state.Final():
	case t.Outcome == nil || t.Outcome.Result != OutcomeCancelled && t.Outcome.Result != Result(state):
		t.settle(Outcome{Result: Result(state), Status: t.Ticket.Status, By: t.Ticket.UpdatedBy, Note: t.Notes.last()})
	}
}

// published is what the search attributes of a ticket say.
type published struct {
	Phase, ID, Version string
	Outcome            Result
	Notes              int
}

// publish puts what a person, a sweep or the feed of changes looks for into the search attributes.
func (t *ticket) publish() {
	var version string
	if t.Ticket.ID != "" {
		version = t.Ticket.Version()
	}
	now := published{Phase: t.Phase, ID: t.Ticket.ID, Version: version, Notes: t.Notes.count()}
	if t.Outcome != nil {
		now.Outcome = t.Outcome.Result
	}
	if t.in.Connection.knowsPeople() && now == t.Published {
		return
	}
	t.Published = now
	updates := []temporal.SearchAttributeUpdate{names.Phase.ValueSet(t.Phase)}
	if version != "" {
		updates = append(updates, names.TicketNumber.ValueSet(t.Ticket.Number), names.TicketID.ValueSet(t.Ticket.ID),
			names.TicketStatus.ValueSet(t.Ticket.Status), names.TicketVersion.ValueSet(version))
	}
	if t.in.Connection.knowsPeople() {
		updates = append(updates, names.ChangedAt.ValueSet(workflow.Now(t.ctx).UTC()))
		if now.Outcome != "" {
			updates = append(updates, names.Outcome.ValueSet(string(now.Outcome)))
		} else {
			updates = append(updates, names.Outcome.ValueUnset())
		}
	}
	if err := workflow.UpsertTypedSearchAttributes(t.ctx, updates...); err != nil {
		workflow.GetLogger(t.ctx).Error("search attributes", logkey.Error, err)
	}
}

// describe writes what the run waits for into the Temporal UI.
func (t *ticket) describe() {
	var text strings.Builder
	if t.Ticket.ID == "" {
		fmt.Fprintf(&text, "Logging a ticket at **%s**.", t.in.Connection.Name)
	} else {
		fmt.Fprintf(&text, "Ticket **%s** at **%s**, status **%s**.", t.Ticket.Number, t.in.Connection.Name, t.Ticket.Status)
	}
	switch t.Phase {
	case PhaseWaiting:
		text.WriteString(" Waiting for the service desk.")
	case PhaseWatching, PhaseEnded:
		fmt.Fprintf(&text, " Outcome: **%s**.", t.Outcome.Result)
		if t.Phase == PhaseWatching {
			fmt.Fprintf(&text, " Watched for a reopening until %s.", t.Outcome.At.Add(t.in.Connection.ReopenWindow).UTC().Format("2006-01-02 15:04 UTC"))
		}
	}
	if t.Due != nil && t.Outcome == nil {
		fmt.Fprintf(&text, " Due %s.", t.Due.until())
	}
	if len(t.Writes) > 0 {
		fmt.Fprintf(&text, "\n\n%d entries wait to be delivered to the desk.", len(t.Writes))
	}
	t.Attention.describe(&text)
	text.WriteString("\n")
	for _, event := range t.History {
		fmt.Fprintf(&text, "\n- %s %s", event.At.UTC().Format("2006-01-02 15:04:05"), event.What)
	}
	workflow.SetCurrentDetails(t.ctx, text.String())
}
