package providertest

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/faults"
	"deskbridge/providers"
)

func (s *suite) noteCases() []testCase {
	return []testCase{
		{"a note is read back with the body it was written with", func(t *testing.T) {
			ticket := s.ticket(t)
			body := "Wo ist mein Laptop? ąę <b>&amp;</b>\n\nSecond paragraph."
			added, err := s.desk.AddNote(t.Context(), providers.NewNote{TicketID: ticket.ID, Body: "  " + body + "\n"})
			require.NoError(t, err)
			notes := s.notes(t, ticket.ID)
			require.Len(t, notes, 1)
			require.Equal(t, added.ID, notes[0].ID)
			require.Equal(t, body, notes[0].Body)
			require.Equal(t, time.UTC, notes[0].CreatedAt.Location())
		}},
		{"internal notes and their files never leave the desk", func(t *testing.T) {
			ticket := s.ticket(t)
			s.Agent.Comment(t, ticket.ID, "internal: the user is difficult", "internal.txt")
			s.Agent.Reply(t, ticket.ID, "<p>It is <b>on its way</b> &amp; ready ąę</p>", "terms.txt")
			s.Agent.Comment(t, ticket.ID, "internal: again", "")
			notes := s.notes(t, ticket.ID)
			require.Len(t, notes, 1)
			require.Equal(t, "It is on its way & ready ąę", strings.Join(strings.Fields(notes[0].Body), " "))
			if s.Traits.NoteFiles {
				require.Len(t, notes[0].Attachments, 1)
				require.Equal(t, "terms.txt", notes[0].Attachments[0].Name)
			}
			require.NotEmpty(t, notes[0].Author)
		}},
		{"notes come oldest first over page borders, and a cursor continues after the last", func(t *testing.T) {
			ticket := s.ticket(t)
			var want []string
			for range pageSize + 1 {
				body := s.unique("note")
				_, err := s.desk.AddNote(t.Context(), providers.NewNote{TicketID: ticket.ID, Body: body})
				require.NoError(t, err)
				s.Agent.Comment(t, ticket.ID, "internal", "")
				want = append(want, body)
			}
			notes, cursor := s.notesAfter(t, ticket.ID, "")
			if s.Traits.OrdersNotes {
				require.Equal(t, want, bodies(notes))
			}
			require.ElementsMatch(t, want, bodies(notes))
			none, same := s.notesAfter(t, ticket.ID, cursor)
			require.Empty(t, none)
			require.Equal(t, cursor, same)
			s.Agent.Reply(t, ticket.ID, "<p>late</p>", "")
			late, _ := s.notesAfter(t, ticket.ID, cursor)
			require.Equal(t, []string{"late"}, bodies(late))
		}},
		{"a ticket without notes has none, and its own description is no note", func(t *testing.T) {
			require.Empty(t, s.notes(t, s.ticket(t).ID))
		}},
		{"a note whose answer is lost has an unknown outcome and is there when read back", func(t *testing.T) {
			ticket := s.ticket(t)
			body := s.unique("lost note")
			s.broken.Next(1, s.IsNote, faults.Fault{Lost: true})
			_, err := s.desk.AddNote(t.Context(), providers.NewNote{TicketID: ticket.ID, Body: body})
			s.requireKind(t, providers.UnknownOutcome, err, body)
			require.Equal(t, []string{body}, bodies(s.notes(t, ticket.ID)))
		}},
		{"an empty note and one that is too large are refused", func(t *testing.T) {
			ticket := s.ticket(t)
			_, err := s.desk.AddNote(t.Context(), providers.NewNote{TicketID: ticket.ID, Body: " \n"})
			s.requireKind(t, providers.Invalid, err)
			_, err = s.desk.AddNote(t.Context(), providers.NewNote{TicketID: ticket.ID, Body: strings.Repeat("x", providers.MaxNoteBody+1)})
			s.requireKind(t, providers.TooLarge, err)
			require.Empty(t, s.notes(t, ticket.ID))
		}},
		{"notes follow a ticket that was merged", func(t *testing.T) {
			skipUnless(t, s.Traits.Merges, "merge tickets")
			from, into := s.ticket(t), s.ticket(t)
			_, err := s.desk.AddNote(t.Context(), providers.NewNote{TicketID: from.ID, Body: "before"})
			require.NoError(t, err)
			s.Agent.Merge(t, from.ID, into.ID)
			_, err = s.desk.AddNote(t.Context(), providers.NewNote{TicketID: from.ID, Body: "after"})
			require.NoError(t, err)
			require.Equal(t, []string{"before", "after"}, bodies(s.notes(t, from.ID)))
			require.Contains(t, bodies(s.notes(t, into.ID)), "after")
		}},
		{"a deleted ticket takes and has no notes", func(t *testing.T) {
			ticket := s.ticket(t)
			s.Agent.Delete(t, ticket.ID)
			_, err := s.desk.AddNote(t.Context(), providers.NewNote{TicketID: ticket.ID, Body: "late"})
			s.requireKind(t, providers.NotFound, err)
			_, err = s.desk.FetchNotes(t.Context(), providers.NotesQuery{TicketID: ticket.ID})
			s.requireKind(t, providers.NotFound, err)
		}},
		{"a public note opens a new ticket and one that was resolved", func(t *testing.T) {
			skipUnless(t, s.Traits.NotesOpen, "open a ticket by a note")
			ticket := s.ticket(t)
			_, err := s.desk.AddNote(t.Context(), providers.NewNote{TicketID: ticket.ID, Body: "hello"})
			require.NoError(t, err)
			got, err := s.desk.FetchTicket(t.Context(), ticket.ID)
			require.NoError(t, err)
			require.Equal(t, s.Reopened, got.Status)
			s.Agent.SetStatus(t, ticket.ID, s.Done)
			_, err = s.desk.AddNote(t.Context(), providers.NewNote{TicketID: ticket.ID, Body: "thanks"})
			require.NoError(t, err)
			got, err = s.desk.FetchTicket(t.Context(), ticket.ID)
			require.NoError(t, err)
			require.Equal(t, s.Reopened, got.Status, "a customer's note reopens")
		}},
	}
}

func (s *suite) fileCases() []testCase {
	upload := func(ticket providers.Ticket, name string, content []byte) providers.NewAttachment {
		return providers.NewAttachment{TicketID: ticket.ID, Name: name, ContentType: "application/octet-stream", Content: content}
	}
	return []testCase{
		{"a file keeps its name outside ASCII and its bytes", func(t *testing.T) {
			ticket := s.ticket(t)
			content := bytes.Repeat([]byte{0, 1, 2, 0xff, '\n', '\r'}, 1000)
			file, err := s.desk.UploadAttachment(t.Context(), upload(ticket, "Vertrag żółć neu.pdf", content))
			require.NoError(t, err)
			require.Equal(t, "Vertrag żółć neu.pdf", file.Name)
			require.EqualValues(t, len(content), file.Size)
			require.NotEmpty(t, file.ID)
			require.Equal(t, []string{file.Name}, s.Agent.Files(t, ticket.ID))
		}},
		{"a name with quotes and a text that is not UTF-8 are found again", func(t *testing.T) {
			ticket := s.ticket(t)
			file := upload(ticket, `the "new" one.txt`, []byte("f\xfcr Anna"))
			file.ContentType = "text/plain"
			first, err := s.desk.UploadAttachment(t.Context(), file)
			require.NoError(t, err)
			require.EqualValues(t, len(file.Content), first.Size)
			second, err := s.desk.UploadAttachment(t.Context(), file)
			require.NoError(t, err)
			require.Equal(t, first, second)
			require.Len(t, s.Agent.Files(t, ticket.ID), 1)
		}},
		{"a file that is uploaded twice is there once", func(t *testing.T) {
			ticket := s.ticket(t)
			first, err := s.desk.UploadAttachment(t.Context(), upload(ticket, "a.bin", []byte{1, 2, 3}))
			require.NoError(t, err)
			second, err := s.desk.UploadAttachment(t.Context(), upload(ticket, "a.bin", []byte{1, 2, 3}))
			require.NoError(t, err)
			require.Equal(t, first, second)
			other, err := s.desk.UploadAttachment(t.Context(), upload(ticket, "a.bin", []byte{3, 2, 1}))
			require.NoError(t, err)
			require.NotEqual(t, first.ID, other.ID, "another content of the same name and size is another file")
			require.Equal(t, []string{"a.bin", "a.bin"}, s.Agent.Files(t, ticket.ID))
		}},
		{"an upload whose answer is lost is found when tried again", func(t *testing.T) {
			ticket := s.ticket(t)
			file := upload(ticket, "lost.bin", []byte(s.unique("content")))
			s.broken.Next(1, s.IsUpload, faults.Fault{Lost: true})
			_, err := s.desk.UploadAttachment(t.Context(), file)
			s.requireKind(t, providers.UnknownOutcome, err, file.Name, string(file.Content))
			_, err = s.desk.UploadAttachment(t.Context(), file)
			require.NoError(t, err)
			require.Equal(t, []string{"lost.bin"}, s.Agent.Files(t, ticket.ID))
		}},
		{"an upload changes no status and is no note", func(t *testing.T) {
			ticket := s.ticket(t)
			_, err := s.desk.UploadAttachment(t.Context(), upload(ticket, "a.txt", []byte("hello")))
			require.NoError(t, err)
			got, err := s.desk.FetchTicket(t.Context(), ticket.ID)
			require.NoError(t, err)
			require.Equal(t, ticket.Status, got.Status)
			require.Empty(t, s.notes(t, ticket.ID))
		}},
		{"a file name that is a path is refused", func(t *testing.T) {
			ticket := s.ticket(t)
			for _, name := range []string{"", "../a.txt", `a\b.txt`, "a\r\nb.txt"} {
				_, err := s.desk.UploadAttachment(t.Context(), upload(ticket, name, []byte("x")))
				s.requireKind(t, providers.Invalid, err)
			}
		}},
	}
}

func (s *suite) notes(t *testing.T, ticketID string) []providers.Note {
	t.Helper()
	notes, _ := s.notesAfter(t, ticketID, "")
	return notes
}

func (s *suite) notesAfter(t *testing.T, ticketID, cursor string) ([]providers.Note, string) {
	t.Helper()
	var notes []providers.Note
	for range 1000 {
		page, err := s.desk.FetchNotes(t.Context(), providers.NotesQuery{TicketID: ticketID, Cursor: cursor})
		require.NoError(t, err)
		notes, cursor = append(notes, page.Notes...), page.Cursor
		if !page.More {
			return notes, cursor
		}
	}
	require.Fail(t, "the pages have no end")
	return nil, ""
}

func bodies(notes []providers.Note) []string {
	var texts []string
	for _, note := range notes {
		texts = append(texts, note.Body)
	}
	return texts
}
