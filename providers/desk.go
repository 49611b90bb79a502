package providers

import (
	"context"
	"time"
)

// Desk is what every service desk can do.
type Desk interface {
	// Check probes the desk without changing it and reports what it found, function by
	// function. The error is set only if the desk could not be asked at all.
	Check(ctx context.Context) (Report, error)
	// CreateTicket logs a ticket. If a ticket with the same key exists it is returned and
	// nothing is created. A failure after the request was sent is [UnknownOutcome].
	CreateTicket(ctx context.Context, ticket NewTicket) (Ticket, error)
	// FindTicket looks a ticket up by our key; [NotFound] if there is none. Where several
	// carry the key the oldest is returned.
	FindTicket(ctx context.Context, key Key) (Ticket, error)
}

// UserFinder finds users by an identity that people know.
type UserFinder interface {
	// FindUsers returns every user that matches, deactivated ones too; none is no error.
	// Letter case and surrounding spaces do not matter.
	FindUsers(ctx context.Context, query UserQuery) ([]User, error)
}

// UserCreator creates a user.
type UserCreator interface {
	// CreateUser creates a user; [Conflict] if login or e-mail address are taken.
	CreateUser(ctx context.Context, user NewUser) (User, error)
}

// UserUpdater changes a user.
type UserUpdater interface {
	// UpdateUser changes the fields that are set and returns the user as read back;
	// [Conflict] if login or e-mail address are taken, [NotFound] if there is no such user.
	UpdateUser(ctx context.Context, update UserUpdate) (User, error)
}

// UserDeactivator deactivates a user.
type UserDeactivator interface {
	// DeactivateUser deactivates the user with this desk ID; again is no error.
	DeactivateUser(ctx context.Context, userID string) error
}

// NoteFetcher reads customer-facing notes.
type NoteFetcher interface {
	// FetchNotes returns the customer-facing notes after the cursor, oldest first. Internal
	// notes are counted in Withheld where the desk shows them and never returned. Asked by a
	// merged ticket's old ID, the notes from before and after the merge are returned.
	FetchNotes(ctx context.Context, query NotesQuery) (NotesPage, error)
}

// NoteAdder adds a customer-facing note.
type NoteAdder interface {
	// AddNote adds a customer-facing note. Read back, its body is the one that was given,
	// but for white space. It is not idempotent: the caller settles an
	// [UnknownOutcome] by reading the notes back.
	AddNote(ctx context.Context, note NewNote) (Note, error)
}

// AttachmentUploader uploads a file to a ticket.
type AttachmentUploader interface {
	// UploadAttachment adds a file to a ticket. If it was uploaded here before, with this
	// name, size and content, that one is returned.
	UploadAttachment(ctx context.Context, attachment NewAttachment) (Attachment, error)
}

// TicketFetcher reads one ticket.
type TicketFetcher interface {
	// FetchTicket reads a ticket by its desk ID. A merged ticket answers with its target,
	// so that ID differs from the one asked for. [NotFound] if it was deleted or never was,
	// [Forbidden] if the account may not see it and the desk tells the two apart.
	FetchTicket(ctx context.Context, ticketID string) (Ticket, error)
}

// TicketsFetcher reads many tickets in one call; optional, it makes sweeps cheap.
type TicketsFetcher interface {
	// FetchTickets returns those of at most 100 tickets that a search can see. One that is
	// missing from the answer was merged, deleted or hidden: ask [TicketFetcher].
	FetchTickets(ctx context.Context, ticketIDs []string) ([]Ticket, error)
}

// ChangeFetcher reads which tickets changed.
type ChangeFetcher interface {
	// FetchChanges returns one page of the tickets changed at or after query.Since, in no
	// given order. Pages are stable: a ticket that changes while they are read is not
	// skipped, unless its change comes after DeskTime of the first page. A desk that lists
	// merged tickets marks them as Merged.
	FetchChanges(ctx context.Context, query ChangesQuery) (ChangesPage, error)
}

// TicketUpdater changes a ticket.
type TicketUpdater interface {
	// UpdateTicket sets the raw status and returns the ticket as read back; [Invalid] if
	// the desk did not take the status.
	UpdateTicket(ctx context.Context, update TicketUpdate) (Ticket, error)
}

// Prioritizer sets a ticket's priority, for an escalation.
type Prioritizer interface {
	// SetPriority sets the priority in the desk's own word or number; [Invalid] if the desk did not
	// take it. Again is no error.
	SetPriority(ctx context.Context, ticketID, priority string) error
}

// UserQuery asks for users by one identity.
type UserQuery struct {
	By    Identity
	Value string
}

// NotesQuery asks for the notes of a ticket after a cursor; an empty cursor is the start.
type NotesQuery struct {
	TicketID string
	Cursor   string
}

// NotesPage is one page of notes.
type NotesPage struct {
	Notes []Note
	// Cursor continues after the last note of this page, now or months later.
	Cursor string
	// More says that another page is there already.
	More bool
	// Withheld counts the internal notes that were seen and held back.
	Withheld int
}

// ChangesQuery asks for changes since a time of the desk's clock.
type ChangesQuery struct {
	Since time.Time
	// Page is the Next of the page before; empty for the first.
	Page string
}

// ChangesPage is one page of changed tickets.
type ChangesPage struct {
	Tickets []Ticket
	// Next asks for the following page; empty on the last.
	Next string
	// DeskTime is the desk's clock when it answered, UTC.
	DeskTime time.Time
}
