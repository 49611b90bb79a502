package workflows

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"deskbridge/activities"
	"deskbridge/internal/names"
	"deskbridge/providers"
)

// notebook is the customer-facing notes of a ticket, as far as they are known.
type notebook struct {
	Notes  []providers.Note
	Cursor string
	// Omitted counts older notes that were dropped to bound the state; Withheld the internal
	// notes that were held back.
	Omitted, Withheld int
	// By says of the notes that we wrote who did, by a keyed hash; of those from Activate itself
	// it is empty.
	By map[string]string `json:",omitempty"`
}

// count is the number of notes that were ever seen.
func (n *notebook) count() int { return n.Omitted + len(n.Notes) }

const (
	maxNotes     = 200
	maxNoteBytes = 256 << 10
)

// fetch reads the notes that are new.
func (n *notebook) fetch(ctx workflow.Context, connection, ticketID string) error {
	for more := true; more; {
		var page providers.NotesPage
		ctx := deskOptions(ctx, connection, names.PriorityFollow, "Read customer-facing notes")
		query := providers.NotesQuery{TicketID: ticketID, Cursor: n.Cursor}
		if err := workflow.ExecuteActivity(ctx, desk.FetchNotes, query).Get(ctx, &page); err != nil {
			return err
		}
		for _, note := range page.Notes {
			n.add(note)
		}
		n.Cursor, more = page.Cursor, page.More
		n.Withheld += page.Withheld
	}
	return nil
}

// add takes a note once: those that we write come back when notes are read.
func (n *notebook) add(note providers.Note) {
	if slices.ContainsFunc(n.Notes, func(known providers.Note) bool { return known.ID == note.ID }) {
		return
	}
	n.Notes = append(n.Notes, note)
	for n.bytes() > maxNoteBytes || len(n.Notes) > maxNotes {
		delete(n.By, n.Notes[0].ID)
		n.Notes = n.Notes[1:]
		n.Omitted++
	}
}

func (n *notebook) bytes() int {
	size := 0
	for _, note := range n.Notes {
		size += len(note.Body)
	}
	return size
}

func (n *notebook) last() string {
	if len(n.Notes) == 0 {
		return ""
	}
	return n.Notes[len(n.Notes)-1].Body
}

// write adds a note at the desk. The notes are read before it is first tried, so that a write whose
// outcome is unknown is settled by what came after them.
func (n *notebook) write(ctx workflow.Context, connection, ticketID string, write *Write) error {
	if err := n.fetch(ctx, connection, ticketID); err != nil {
		return err
	}
	again := write.After != nil
	if !again {
		cursor := n.Cursor
		write.After = &cursor
	}
	var added providers.Note
	ctx = deskOptions(ctx, connection, names.PriorityScreen, "Add a note")
	add := activities.AddNote{TicketID: ticketID, Body: write.Body, Cursor: *write.After, Again: again}
	if err := workflow.ExecuteActivity(ctx, desk.AddNote, add).Get(ctx, &added); err != nil {
		return err
	}
	n.add(added)
	if n.By == nil {
		n.By = map[string]string{}
	}
	n.By[added.ID] = write.By
	return nil
}
