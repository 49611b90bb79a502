package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/activity"

	"deskbridge/providers"
)

// maxNotesAnswer bounds the notes of one activity's result, in bytes; the rest is for the next.
const maxNotesAnswer = 256 << 10

// FetchNotes reads the customer-facing notes after a cursor, page by page.
func (d *Desk) FetchNotes(ctx context.Context, query providers.NotesQuery) (providers.NotesPage, error) {
	fetcher, err := providers.As[providers.NoteFetcher](d.Desk)
	if err != nil {
		return providers.NotesPage{}, err
	}
	all := providers.NotesPage{Cursor: query.Cursor, More: true}
	for size := 0; all.More && size < maxNotesAnswer; {
		page, err := fetcher.FetchNotes(ctx, providers.NotesQuery{TicketID: query.TicketID, Cursor: all.Cursor})
		if err != nil {
			return providers.NotesPage{}, err
		}
		if page.More && page.Cursor == all.Cursor {
			return providers.NotesPage{}, fmt.Errorf("fetch notes: %w: the desk promises more and does not go on", providers.Malformed)
		}
		all.Notes = append(all.Notes, page.Notes...)
		all.Cursor, all.More = page.Cursor, page.More
		all.Withheld += page.Withheld
		for _, note := range page.Notes {
			size += len(note.Body)
		}
	}
	return all, nil
}

// AddNote is a note to write.
type AddNote struct {
	TicketID string
	Body     string
	// Cursor stands after the notes that were there before it was first tried.
	Cursor string
	// Again says that an activity before this one may have written it.
	Again bool `json:",omitempty"`
}

// AddNote writes a customer-facing note once: when it is tried again, the notes that came after
// the cursor are read back first, and one with the same words is ours: desks change white space.
func (d *Desk) AddNote(ctx context.Context, add AddNote) (providers.Note, error) {
	adder, err := providers.As[providers.NoteAdder](d.Desk)
	if err != nil {
		return providers.Note{}, err
	}
	if add.Again || activity.GetInfo(ctx).Attempt > 1 {
		page, err := d.FetchNotes(ctx, providers.NotesQuery{TicketID: add.TicketID, Cursor: add.Cursor})
		if err != nil {
			return providers.Note{}, err
		}
		for _, note := range page.Notes {
			if slices.Equal(strings.Fields(note.Body), strings.Fields(add.Body)) {
				return note, nil
			}
		}
	}
	return adder.AddNote(ctx, providers.NewNote{TicketID: add.TicketID, Body: add.Body})
}
