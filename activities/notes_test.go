package activities_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/activities"
	"deskbridge/providers"
)

// shelf is a desk of which only the notes matter.
type shelf struct {
	providers.Desk
	pages map[string]providers.NotesPage
}

func (s shelf) FetchNotes(_ context.Context, query providers.NotesQuery) (providers.NotesPage, error) {
	return s.pages[query.Cursor], nil
}

func TestNotesAreReadToTheEndAndADeskThatDoesNotGoOnIsNoticed(t *testing.T) {
	desk := &activities.Desk{Desk: shelf{pages: map[string]providers.NotesPage{
		"":  {Notes: []providers.Note{{ID: "1"}}, Cursor: "1", More: true, Withheld: 2},
		"1": {Notes: []providers.Note{{ID: "2"}}, Cursor: "2"},
		"2": {Cursor: "2", More: true},
	}}}
	page, err := desk.FetchNotes(t.Context(), providers.NotesQuery{TicketID: "7"})
	require.NoError(t, err)
	require.Equal(t, providers.NotesPage{Notes: []providers.Note{{ID: "1"}, {ID: "2"}}, Cursor: "2", Withheld: 2}, page)
	_, err = desk.FetchNotes(t.Context(), providers.NotesQuery{TicketID: "7", Cursor: "2"})
	require.ErrorIs(t, err, providers.Malformed)
}
