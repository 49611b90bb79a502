package workflows

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"deskbridge/activities"
	"deskbridge/internal/names"
	"deskbridge/providers"
)

// The kinds of write.
const (
	WriteNote   = "note"
	WriteFile   = "file"
	WriteClose  = "close"
	WriteCancel = "cancel"
	// WritePriority is an escalation's.
	WritePriority = "priority"
)

// Write is something for the desk that somebody typed. It is kept until the desk has it.
type Write struct {
	// Key is the update's ID, by which the same write is known when it comes again.
	Key  string
	Kind string
	Body string `json:",omitempty"`
	// By is a keyed hash of who typed it; empty for Activate itself.
	By   string           `json:",omitempty"`
	File *activities.File `json:",omitempty"`
	// Priority is an escalation's.
	Priority string `json:",omitempty"`
	At       time.Time
	// After is the cursor of the notes before its note was first tried; nil if it was not.
	After *string `json:",omitempty"`
	// Failure says why the desk will never take it.
	Failure string `json:",omitempty"`
}

// Written answers an update: what became of the write so far.
type Written struct {
	// State is delivered, queued or failed.
	State   string
	Failure string `json:",omitempty"`
}

// The arguments of the updates.
type (
	// NoteArgs holds a customer-facing note.
	NoteArgs struct{ Body, By string }
	// AttachArgs holds a stored file.
	AttachArgs struct {
		File activities.File
		By   string
	}
	// CloseArgs may hold a note that goes before the closing.
	CloseArgs struct{ Note, By string }
	// CancelArgs may hold a note that goes before the cancelling.
	CancelArgs struct{ Note, By string }
)

// answerWithin is how long an update waits for the desk before it answers that the write is queued.
const answerWithin = 20 * time.Second

// maxWrites bounds what may wait for a desk that is down.
const maxWrites = 50

func (t *ticket) handlers() error {
	return errors.Join(
		t.Attention.answer(t.ctx),
		workflow.SetQueryHandler(t.ctx, names.View, func() (View, error) { return t.view(), nil }),
		workflow.SetUpdateHandlerWithOptions(t.ctx, names.AddNote, func(ctx workflow.Context, args NoteArgs) (Written, error) {
			return t.accept(ctx, Write{Kind: WriteNote, Body: args.Body, By: args.By})
		}, workflow.UpdateHandlerOptions{Validator: func(args NoteArgs) error { return errors.Join(t.mayAccept(), validNote(args.Body)) }}),
		workflow.SetUpdateHandlerWithOptions(t.ctx, names.Attach, func(ctx workflow.Context, args AttachArgs) (Written, error) {
			return t.accept(ctx, Write{Kind: WriteFile, File: &args.File, By: args.By})
		}, workflow.UpdateHandlerOptions{Validator: func(args AttachArgs) error { return errors.Join(t.mayAccept(), validFile(args.File)) }}),
		workflow.SetUpdateHandlerWithOptions(t.ctx, names.CloseTicket, func(ctx workflow.Context, args CloseArgs) (Written, error) {
			return t.accept(ctx, Write{Kind: WriteClose, Body: args.Note, By: args.By})
		}, workflow.UpdateHandlerOptions{Validator: func(CloseArgs) error { return t.mayAccept() }}),
		workflow.SetUpdateHandlerWithOptions(t.ctx, names.Cancel, func(ctx workflow.Context, args CancelArgs) (Written, error) {
			return t.accept(ctx, Write{Kind: WriteCancel, Body: args.Note, By: args.By})
		}, workflow.UpdateHandlerOptions{Validator: func(CancelArgs) error { return t.mayCancel() }}),
		workflow.SetUpdateHandlerWithOptions(t.ctx, names.Refresh, t.refresh, workflow.UpdateHandlerOptions{Validator: func() error {
			if t.in.Connection.Level == providers.LevelLogOnly {
				return fmt.Errorf("connection %s is at level log-only: its tickets are not followed", t.in.Connection.Name)
			}
			return nil
		}}),
	)
}

// mayAccept says whether the portal may write to this ticket.
func (t *ticket) mayAccept() error {
	if t.in.Connection.Level != providers.LevelFull {
		return fmt.Errorf("connection %s is at level %s: only level full writes to tickets", t.in.Connection.Name, t.in.Connection.Level)
	}
	return t.hasRoom()
}

func (t *ticket) mayCancel() error {
	if t.Outcome != nil {
		return fmt.Errorf("the ticket has its outcome already: %s", t.Outcome.Result)
	}
	return t.hasRoom()
}

func (t *ticket) hasRoom() error {
	switch {
	case t.Phase == PhaseEnded:
		return errors.New("the ticket is not followed any more")
	case len(t.Writes) >= maxWrites:
		return fmt.Errorf("%d entries wait for the desk already; try again when it is back", len(t.Writes))
	}
	return nil
}

func validNote(body string) error {
	switch {
	case strings.TrimSpace(body) == "":
		return errors.New("the note is empty")
	case len(body) > providers.MaxNoteBody:
		return fmt.Errorf("the note has %d bytes; at most %d are taken", len(body), providers.MaxNoteBody)
	}
	return nil
}

func validFile(file activities.File) error {
	switch {
	case file.Name == "" || len(file.SHA256) != 64:
		return errors.New("a stored file with its name and SHA-256 is wanted")
	case file.Size > providers.MaxAttachment:
		return fmt.Errorf("the file has %d bytes; at most %d are taken", file.Size, providers.MaxAttachment)
	}
	return nil
}

func (t *ticket) enqueue(write Write) {
	write.At = workflow.Now(t.ctx)
	known := func(other Write) bool { return other.Key == write.Key }
	if !slices.ContainsFunc(t.Writes, known) && !slices.ContainsFunc(t.Written, known) {
		t.Writes = append(t.Writes, write)
	}
}

// accept queues a write durably and waits a while for the desk to take it.
func (t *ticket) accept(ctx workflow.Context, write Write) (Written, error) {
	write.Key = workflow.GetCurrentUpdateInfo(ctx).ID
	t.enqueue(write)
	t.describe()
	var done *Write
	delivered, err := workflow.AwaitWithTimeout(ctx, answerWithin, func() bool {
		if i := slices.IndexFunc(t.Written, func(w Write) bool { return w.Key == write.Key }); i >= 0 {
			done = &t.Written[i]
		}
		return done != nil
	})
	switch {
	case err != nil:
		return Written{}, err
	case !delivered:
		return Written{State: "queued"}, nil
	case done.Failure != "":
		return Written{State: "failed", Failure: done.Failure}, nil
	}
	return Written{State: "delivered"}, nil
}

// refresh looks at the desk now and answers what is known afterwards.
func (t *ticket) refresh(ctx workflow.Context) (View, error) {
	t.Refresh = true
	_, err := workflow.AwaitWithTimeout(ctx, answerWithin, func() bool { return !t.Refresh })
	return t.view(), err
}

func (t *ticket) cancelAsked() bool {
	return slices.ContainsFunc(t.Writes, func(write Write) bool { return write.Kind == WriteCancel })
}

func (t *ticket) mayWrite() bool {
	return len(t.Writes) > 0 && !workflow.Now(t.ctx).Before(t.PausedUntil)
}

// deliver brings the oldest write to the desk.
func (t *ticket) deliver() {
	write := t.Writes[0]
	err := t.perform(&write)
	t.Writes[0] = write // the list may have grown meanwhile, and moved
	kind := kindOf(err)
	if kind.NeedsPerson() {
		t.Attention.raise(t.ctx, string(kind), reasonOf(err))
		t.PausedUntil = workflow.Now(t.ctx).Add(attentionRetry)
		return
	}
	if err != nil {
		write.Failure = reasonOf(err)
		t.note("%s failed: %s", write.Kind, write.Failure)
		t.Refresh = t.Refresh || kind == providers.NotFound
	}
	t.Written = append(t.Written, write)
	t.Writes = t.Writes[1:]
	if len(t.Written) > maxWrites {
		t.Written = t.Written[1:]
	}
}

func (t *ticket) perform(write *Write) error {
	name, full := t.in.Connection.Name, t.in.Connection.Level == providers.LevelFull
	if write.Kind == WriteCancel && t.Outcome != nil && t.Outcome.Result != OutcomeCancelled {
		return nil // it has ended at the desk meanwhile
	}
	if full && strings.TrimSpace(write.Body) != "" {
		if err := t.Notes.write(t.ctx, name, t.Ticket.ID, write); err != nil {
			return err
		}
		write.Body = "" // it is among the notes now, and is not written again if what follows must wait
	}
	switch write.Kind {
	case WriteFile:
		return t.upload(*write.File)
	case WritePriority:
		ctx := deskOptions(t.ctx, name, names.PriorityScreen, "Escalate ticket "+t.Ticket.Number)
		escalation := activities.Escalation{TicketID: t.Ticket.ID, Priority: write.Priority}
		return workflow.ExecuteActivity(ctx, desk.EscalateTicket, escalation).Get(ctx, nil)
	case WriteClose:
		return t.endAtDesk(providers.Completed)
	case WriteCancel:
		if t.Outcome == nil {
			t.settle(Outcome{Result: OutcomeCancelled, Status: t.Ticket.Status})
		}
		if full {
			return t.endAtDesk(providers.Cancelled)
		}
		t.note("cancelled here only: connection %s may not write to the desk", name)
	}
	return nil
}

func (t *ticket) endAtDesk(as providers.State) error {
	var ended activities.Ticket
	ctx := deskOptions(t.ctx, t.in.Connection.Name, names.PriorityScreen, "End ticket "+t.Ticket.Number+" as "+string(as))
	err := workflow.ExecuteActivity(ctx, desk.EndTicket, activities.EndTicket{TicketID: t.Ticket.ID, As: as}).Get(ctx, &ended)
	if err == nil {
		t.learn(ended)
	}
	return err
}

// View is what the portal and the command line show of a ticket.
type View struct {
	Key        providers.Key
	Connection string
	Level      providers.Level
	// Subject and Body are what was asked for; LoggedAt when the desk took it.
	Subject, Body string
	LoggedAt      time.Time
	Number        string
	Status        string
	State         providers.State
	Phase         string
	URL           string
	UpdatedAt     time.Time
	Notes         []providers.Note
	// By says of the notes that we wrote who did, by a keyed hash.
	By      map[string]string `json:",omitempty"`
	Omitted int
	Files   []providers.Attachment
	// Queued are writes that the desk does not have yet.
	Queued    []Write
	Outcome   *Outcome
	DueAt     time.Time `json:",omitzero"`
	History   []Event
	Attention string
}

func (t *ticket) view() View {
	var due time.Time
	if t.Due != nil {
		due = t.Due.At
	}
	return View{
		Key: t.in.Key, Connection: t.in.Connection.Name, Level: t.in.Connection.Level,
		Subject: t.in.Request.Subject, Body: t.in.Request.Body, LoggedAt: t.Ticket.CreatedAt, By: t.Notes.By, Number: t.Ticket.Number, Status: t.Ticket.Status,
		State: t.Ticket.State, Phase: t.Phase, URL: t.Ticket.URL, UpdatedAt: t.Ticket.UpdatedAt,
		Notes: t.Notes.Notes, Omitted: t.Notes.Omitted, Files: t.Files, Queued: t.Writes,
		Outcome: t.Outcome, DueAt: due, History: t.History, Attention: t.Attention.Reason,
	}
}
