// Package flow is what desks do around their own calls alike: they look before they write, and
// read back after.
package flow

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/thread"
)

// Desk is what is asked of a desk here.
type Desk interface {
	providers.Desk
	providers.TicketFetcher
}

// Log creates a ticket unless one carries its key, and reads it back. insert sends it and
// returns the new ticket's ID; keyCure says what to do where the desk does not keep the key.
func Log(ctx context.Context, client *rest.Client, desk Desk, ticket providers.NewTicket, keyCure string, insert func(op string) (string, error)) (providers.Ticket, error) {
	const op = "create ticket"
	if found, err := desk.FindTicket(ctx, ticket.Key); providers.KindOf(err) != providers.NotFound {
		return found, err
	}
	id, err := insert(op)
	if err != nil {
		return providers.Ticket{}, err
	}
	if id == "" {
		return providers.Ticket{}, client.Failf(op, providers.UnknownOutcome, "the answer names no ticket")
	}
	logged, err := desk.FetchTicket(ctx, id)
	if providers.KindOf(err) == providers.NotFound {
		// It was there a moment ago: given up, it would be logged and followed by nobody.
		return providers.Ticket{}, client.Failf(op, providers.UnknownOutcome, "the desk took the ticket but does not show it yet")
	}
	if err != nil {
		return providers.Ticket{}, err
	}
	if logged.Key != ticket.Key {
		// Not Misconfigured, which is tried again when it may be mended: each time would log another.
		return providers.Ticket{}, client.Failf(op, providers.Invalid, "ticket %s was created without its key, so that it cannot be followed; close it, %s, and request it anew", logged.Number, keyCure)
	}
	return logged, nil
}

// CheckKey refuses what is no key of ours, so that it cannot become another query.
func CheckKey(client *rest.Client, op string, key providers.Key) error {
	if _, err := providers.ParseKey(string(key)); err != nil {
		return client.Errorf(op, providers.Invalid, err)
	}
	return nil
}

var numeric = regexp.MustCompile(`^[0-9]{1,19}$`)

// CheckNumber refuses an ID that is no number, so that it cannot become another path or query.
func CheckNumber(client *rest.Client, op, id string) error {
	if !numeric.MatchString(id) {
		return client.Failf(op, providers.Invalid, "the ID is no number")
	}
	return nil
}

// PageNumber reads a page that is a number, from 1 on; no page is the first.
func PageNumber(client *rest.Client, op, page string, first int) (int, error) {
	if page == "" {
		return first, nil
	}
	number, err := strconv.Atoi(page)
	if err != nil || number < 1 {
		return 0, client.Failf(op, providers.Invalid, "the page is none of ours")
	}
	return number, nil
}

// Chain follows a ticket's merges to the one that is worked on, which comes last; into names the
// ticket that one was merged into, "" for none.
func Chain[R any](client *rest.Client, op, ticketID string, row R, into func(R) (string, error), read func(ticketID string) (R, error)) ([]R, error) {
	const maxMerges = 10
	rows := []R{row}
	for range maxMerges {
		target, err := into(row)
		if err != nil {
			return nil, err
		}
		if target == "" {
			return rows, nil
		}
		if row, err = read(target); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return nil, client.Failf(op, providers.Malformed, "the merges of ticket %s have no end", ticketID)
}

// Again reads one row of many, and again where the desk does not answer: at a desk that fails now and
// then some of many reads always fail, and a page of them would never be read whole.
func Again[R any](ctx context.Context, read func() (R, error)) (R, error) {
	const tries, pause, patience = 4, 100 * time.Millisecond, 5 * time.Second
	for try := 1; ; try++ {
		row, err := read()
		var failed *providers.Error
		if try == tries || !errors.As(err, &failed) || !failed.Kind.Retryable() || failed.RetryAfter > patience {
			return row, err
		}
		select {
		case <-ctx.Done():
			return row, err
		case <-time.After(max(pause, failed.RetryAfter)):
		}
	}
}

// SetStatus sets a status unless the ticket has it, and reads it back; why says what may keep
// the desk from taking it.
func SetStatus(ctx context.Context, client *rest.Client, desk Desk, update providers.TicketUpdate, why string, set func(op string, before providers.Ticket) error) (providers.Ticket, error) {
	const op = "update ticket"
	before, err := desk.FetchTicket(ctx, update.TicketID)
	if err != nil || strings.EqualFold(before.Status, update.Status) {
		return before, err
	}
	if err := set(op, before); err != nil {
		return providers.Ticket{}, err
	}
	after, err := desk.FetchTicket(ctx, before.ID)
	if err == nil && !strings.EqualFold(after.Status, update.Status) {
		return providers.Ticket{}, client.Failf(op, providers.Invalid, "the desk kept status %q and did not take %q; %s", after.Status, update.Status, why)
	}
	return after, err
}

// Files is how a desk keeps the files of a ticket.
type Files struct {
	// List returns the ticket's files, those of other names too; Size is negative where it is not told.
	List func(op string, ticket providers.Ticket) ([]providers.Attachment, error)
	// Content downloads one. It is nil where List tells a content by its [Fingerprint].
	Content func(op string, ticket providers.Ticket, file providers.Attachment) ([]byte, error)
	// Send uploads the file.
	Send func(op string, ticket providers.Ticket) error
	// Cure says what to do where the desk does not show what it took.
	Cure string
}

// Upload uploads a file unless the ticket has one of this name, size and content.
func Upload(ctx context.Context, client *rest.Client, desk Desk, file providers.NewAttachment, files Files) (providers.Attachment, error) {
	const op = "upload attachment"
	if err := file.Validate(); err != nil {
		return providers.Attachment{}, client.Refuse(op, err)
	}
	ticket, err := desk.FetchTicket(ctx, file.TicketID)
	if err != nil {
		return providers.Attachment{}, err
	}
	if there, err := files.find(op, ticket, file); err != nil || there.ID != "" {
		return there, err
	}
	if err := files.Send(op, ticket); err != nil {
		return providers.Attachment{}, err
	}
	uploaded, err := files.find(op, ticket, file)
	if err == nil && uploaded.ID == "" {
		return providers.Attachment{}, client.Failf(op, providers.UnknownOutcome, "the desk took the file but does not show it; %s", files.Cure)
	}
	return uploaded, err
}

func (f Files) find(op string, ticket providers.Ticket, file providers.NewAttachment) (providers.Attachment, error) {
	all, err := f.List(op, ticket)
	if err != nil {
		return providers.Attachment{}, err
	}
	for _, there := range all {
		if there.Name != file.Name || there.Size >= 0 && there.Size != int64(len(file.Content)) {
			continue
		}
		if f.Content == nil {
			there.Size = int64(len(file.Content))
			return there, nil
		}
		content, err := f.Content(op, ticket, there)
		if err != nil {
			return providers.Attachment{}, err
		}
		if bytes.Equal(content, file.Content) {
			there.Size = int64(len(content))
			return there, nil
		}
	}
	return providers.Attachment{}, nil
}

// Notes is a page of the entries of a ticket, as a desk lists them whole.
func Notes(client *rest.Client, op string, entries []thread.Entry, query providers.NotesQuery, size int) (providers.NotesPage, error) {
	page, err := thread.Page(entries, query.Cursor, size)
	if err != nil {
		return providers.NotesPage{}, client.Refuse(op, err)
	}
	return page, nil
}

// AddNote adds a note to the ticket that is worked on; send sends its text.
func AddNote(ctx context.Context, client *rest.Client, desk Desk, note providers.NewNote, send func(op string, ticket providers.Ticket, text string) (providers.Note, error)) (providers.Note, error) {
	const op = "add note"
	body, err := note.Text()
	if err != nil {
		return providers.Note{}, client.Refuse(op, err)
	}
	ticket, err := desk.FetchTicket(ctx, note.TicketID)
	if err != nil {
		return providers.Note{}, err
	}
	return send(op, ticket, body)
}

// Deactivate deactivates a user by an update.
func Deactivate(ctx context.Context, desk providers.UserUpdater, userID string) error {
	inactive := false
	_, err := desk.UpdateUser(ctx, providers.UserUpdate{UserID: userID, Active: &inactive})
	return err
}

// Written is a note that was just added, as the list of notes shows it, for desks whose answer
// does not name it: the newest customer-facing one with these words.
func Written(client *rest.Client, op string, entries []thread.Entry, body string) (providers.Note, error) {
	for _, entry := range slices.Backward(entries) {
		if entry.Public && slices.Equal(strings.Fields(entry.Body), strings.Fields(body)) {
			return entry.Note, nil
		}
	}
	return providers.Note{}, client.Failf(op, providers.UnknownOutcome, "the desk took the note but does not show it as customer-facing")
}

// Fingerprint is a line in the note that an upload hangs on, by which its content is known again
// without a download.
func Fingerprint(file providers.NewAttachment) string {
	return fmt.Sprintf("SHA-256 %x", sha256.Sum256(file.Content))
}

// UploadNote is the text of such a note, which is internal.
func UploadNote(file providers.NewAttachment) string {
	return "A file was attached.\n" + Fingerprint(file)
}

// Tried is a finding of a check: a function that was tried, with the problem and its cure where
// that failed for another reason than that the desk is down.
func Tried(function string, err error, problem, cure string) providers.Finding {
	switch {
	case err == nil:
		return providers.Finding{Function: function}
	case providers.KindOf(err).Retryable():
		return providers.Finding{Function: function, Problem: err.Error(), Cure: "check again when the desk answers"}
	}
	return providers.Finding{Function: function, Problem: problem, Cure: cure}
}
