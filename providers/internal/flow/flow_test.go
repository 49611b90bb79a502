package flow

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/thread"
	"deskbridge/providers/internal/unique"
)

// stub is a desk that has one ticket, or none.
type stub struct {
	providers.Desk
	ticket providers.Ticket
	// loses: the desk does not keep the key of a new ticket.
	loses bool
	users []providers.User
}

func (s *stub) FindTicket(_ context.Context, key providers.Key) (providers.Ticket, error) {
	if s.ticket.Key == key {
		return s.ticket, nil
	}
	return providers.Ticket{}, providers.NotFound
}

func (s *stub) FetchTicket(context.Context, string) (providers.Ticket, error) { return s.ticket, nil }

func (s *stub) FindUsers(_ context.Context, query providers.UserQuery) ([]providers.User, error) {
	if query.By == providers.ByLogin {
		return nil, providers.Unsupported
	}
	return s.users, nil
}

func client() *rest.Client {
	return rest.New(rest.Options{Desk: "test", BaseURL: "http://127.0.0.1:1"})
}

func TestATicketIsLoggedOnceAndReadBackWithItsKey(t *testing.T) {
	desk := &stub{}
	sent := 0
	insert := func(op string) (string, error) {
		require.Equal(t, "create ticket", op)
		sent++
		desk.ticket = providers.Ticket{ID: "1", Number: "T1", Key: "R/1"}
		if desk.loses {
			desk.ticket.Key = ""
		}
		return "1", nil
	}
	for range 2 {
		ticket, err := Log(t.Context(), client(), desk, providers.NewTicket{Key: "R/1"}, "mend it", insert)
		require.NoError(t, err)
		require.Equal(t, "1", ticket.ID)
	}
	require.Equal(t, 1, sent)
	desk.loses = true
	_, err := Log(t.Context(), client(), desk, providers.NewTicket{Key: "R/2"}, "mend it", insert)
	require.ErrorIs(t, err, providers.Invalid, "what would log another ticket each time is not tried again")
	require.ErrorContains(t, err, "ticket T1 was created without its key, so that it cannot be followed; close it, mend it, and request it anew")
	_, err = Log(t.Context(), client(), &stub{}, providers.NewTicket{Key: "R/3"}, "", func(string) (string, error) { return "", nil })
	require.ErrorIs(t, err, providers.UnknownOutcome)
}

func TestAStatusThatTheDeskDoesNotKeepIsInvalid(t *testing.T) {
	desk := &stub{ticket: providers.Ticket{ID: "1", Status: "Open"}}
	set := func(string, providers.Ticket) error { return nil }
	_, err := SetStatus(t.Context(), client(), desk, providers.TicketUpdate{TicketID: "1", Status: "Done"}, "a rule", set)
	require.ErrorIs(t, err, providers.Invalid)
	require.ErrorContains(t, err, `kept status "Open" and did not take "Done"; a rule`)
	_, err = SetStatus(t.Context(), client(), desk, providers.TicketUpdate{TicketID: "1", Status: "open"}, "", func(string, providers.Ticket) error {
		require.Fail(t, "a status that is there is not set")
		return nil
	})
	require.NoError(t, err)
}

func TestAFileThatIsNotShownHasAnUnknownOutcome(t *testing.T) {
	desk := &stub{ticket: providers.Ticket{ID: "1"}}
	there, sent := []providers.Attachment{}, 0
	files := Files{
		List:    func(string, providers.Ticket) ([]providers.Attachment, error) { return there, nil },
		Content: func(string, providers.Ticket, providers.Attachment) ([]byte, error) { return []byte("abc"), nil },
		Send:    func(string, providers.Ticket) error { sent++; return nil },
		Cure:    "let it be seen",
	}
	file := providers.NewAttachment{TicketID: "1", Name: "a.txt", Content: []byte("abc")}
	_, err := Upload(t.Context(), client(), desk, file, files)
	require.ErrorIs(t, err, providers.UnknownOutcome)
	require.ErrorContains(t, err, "let it be seen")
	there = []providers.Attachment{{ID: "7", Name: "b.txt", Size: 3}, {ID: "8", Name: "a.txt", Size: 4}, {ID: "9", Name: "a.txt", Size: -1}}
	found, err := Upload(t.Context(), client(), desk, file, files)
	require.NoError(t, err)
	require.Equal(t, providers.Attachment{ID: "9", Name: "a.txt", Size: 3}, found, "name and content decide where the size is not told")
	require.Equal(t, 1, sent)
	require.Contains(t, UploadNote(file), "SHA-256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
}

func TestWhatWasWrittenIsTheNewestPublicEntryWithTheseWords(t *testing.T) {
	entry := func(id, body string, public bool) thread.Entry {
		return thread.Entry{Note: providers.Note{ID: id, Body: body}, Public: public}
	}
	entries := []thread.Entry{entry("1", "hello  you", true), entry("2", "hello\nyou", true), entry("3", "hello you", false), entry("4", "hello", true)}
	note, err := Written(client(), "add note", entries, "hello you")
	require.NoError(t, err)
	require.Equal(t, "2", note.ID)
	_, err = Written(client(), "add note", entries[2:3], "hello you")
	require.ErrorIs(t, err, providers.UnknownOutcome, "an internal entry is not what was to be written")
}

func TestAFindingTellsADeskThatIsDownFromWhatAPersonMends(t *testing.T) {
	require.Equal(t, providers.Finding{Function: "f"}, Tried("f", nil, "p", "c"))
	require.Equal(t, providers.Finding{Function: "f", Problem: "p", Cure: "c"}, Tried("f", providers.Forbidden, "p", "c"))
	require.Contains(t, Tried("f", providers.Unavailable, "p", "c").Cure, "again")
}

func TestAnAddressOfSomebodyElseIsAConflictAndALoginThatTheDeskLacksIsNotAskedFor(t *testing.T) {
	desk := &stub{users: []providers.User{{ID: "1"}}}
	require.NoError(t, unique.Check(t.Context(), client(), "op", desk, "1", "anna", "anna@example.test"))
	err := unique.Check(t.Context(), client(), "op", desk, "2", "", "anna@example.test")
	require.ErrorIs(t, err, providers.Conflict)
	require.NoError(t, unique.Check(t.Context(), client(), "op", desk, "2", "anna", ""))
}

func TestOneOfManyRowsIsReadAgainWhereTheDeskDoesNotAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		failures []error
		reads    int
		kind     providers.Kind
	}{
		"at once":             {nil, 1, ""},
		"after two failures":  {[]error{&providers.Error{Kind: providers.Unavailable}, &providers.Error{Kind: providers.RateLimited}}, 3, ""},
		"it stays down":       {slices.Repeat([]error{&providers.Error{Kind: providers.Unavailable}}, 9), 4, providers.Unavailable},
		"a right is missing":  {[]error{&providers.Error{Kind: providers.Forbidden}}, 1, providers.Forbidden},
		"it asks for an hour": {[]error{&providers.Error{Kind: providers.RateLimited, RetryAfter: time.Hour}}, 1, providers.RateLimited},
	} {
		reads := 0
		row, err := Again(t.Context(), func() (string, error) {
			if reads++; reads <= len(c.failures) {
				return "", c.failures[reads-1]
			}
			return "row", nil
		})
		require.Equal(t, c.reads, reads, name)
		require.Equal(t, c.kind, providers.KindOf(err), name)
		require.Equal(t, c.kind == "", row == "row", name)
	}
}
