package providertest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/faults"
	"deskbridge/providers"
)

func (s *suite) ticketCases() []testCase {
	return []testCase{
		{"a ticket is logged in its queue, for its requester, with its key", func(t *testing.T) {
			user := s.user(t)
			want := s.ticketOf(user)
			got, err := s.desk.CreateTicket(t.Context(), want)
			require.NoError(t, err)
			require.Equal(t, want.Key, got.Key)
			require.Equal(t, want.Queue, got.Queue)
			require.Equal(t, want.Subject, got.Subject)
			require.NotEmpty(t, got.ID)
			require.NotEmpty(t, got.Number)
			require.Equal(t, []string{user.Login}, s.Agent.Requesters(t, got.ID))
			require.Equal(t, time.UTC, got.UpdatedAt.Location())
			require.WithinDuration(t, time.Now(), got.CreatedAt, 5*time.Minute)
		}},
		{"a ticket without a text is logged, and has no note", func(t *testing.T) {
			want := s.newTicket(t)
			want.Body = ""
			got, err := s.desk.CreateTicket(t.Context(), want)
			require.NoError(t, err)
			require.Equal(t, want.Key, got.Key)
			require.Empty(t, s.notes(t, got.ID))
		}},
		{"a ticket that is created twice with one key is one ticket", func(t *testing.T) {
			want := s.newTicket(t)
			first, err := s.desk.CreateTicket(t.Context(), want)
			require.NoError(t, err)
			second, err := s.desk.CreateTicket(t.Context(), want)
			require.NoError(t, err)
			require.Equal(t, first.ID, second.ID)
		}},
		{"a create whose answer is lost has an unknown outcome and is found when tried again", func(t *testing.T) {
			want := s.newTicket(t)
			s.broken.Next(1, s.IsCreate, faults.Fault{Lost: true})
			_, err := s.desk.CreateTicket(t.Context(), want)
			s.requireKind(t, providers.UnknownOutcome, err, want.Subject, want.Body)
			found, err := s.desk.FindTicket(t.Context(), want.Key)
			require.NoError(t, err, "the answer was lost after the commit")
			again, err := s.desk.CreateTicket(t.Context(), want)
			require.NoError(t, err)
			require.Equal(t, found.ID, again.ID)
		}},
		{"another desk value with the same account sees the same ticket, for nothing is remembered", func(t *testing.T) {
			ticket := s.ticket(t)
			other, err := providers.As[providers.TicketFetcher](s.connect(t, s.Credential))
			require.NoError(t, err)
			again, err := other.FetchTicket(t.Context(), ticket.ID)
			require.NoError(t, err)
			require.Equal(t, ticket, again)
		}},
		{"many goroutines may use one desk", func(t *testing.T) {
			user := s.user(t)
			tickets := [4]providers.NewTicket{}
			for i := range tickets {
				tickets[i] = s.ticketOf(user)
			}
			var group sync.WaitGroup
			errs := [len(tickets)]error{}
			for i, ticket := range tickets {
				group.Go(func() { _, errs[i] = s.desk.CreateTicket(t.Context(), ticket) })
			}
			group.Wait()
			require.NoError(t, errors.Join(errs[:]...))
		}},
		{"a key that no ticket carries is not found", func(t *testing.T) {
			_, err := s.desk.FindTicket(t.Context(), s.key())
			s.requireKind(t, providers.NotFound, err)
		}},
		{"a key that could break out of a query is refused", func(t *testing.T) {
			for _, key := range []providers.Key{"a/b' OR id > 0 OR Subject = '", "a", "", "a/b/c", "../x"} {
				_, err := s.desk.FindTicket(t.Context(), key)
				s.requireKind(t, providers.Invalid, err)
			}
		}},
		{"a ticket in an unknown queue is refused with a cure", func(t *testing.T) {
			want := s.newTicket(t)
			want.Queue = "No such queue"
			_, err := s.desk.CreateTicket(t.Context(), want)
			require.Error(t, err)
			require.True(t, providers.KindOf(err).NeedsPerson(), "kind %s", providers.KindOf(err))
			require.ErrorContains(t, err, "No such queue")
			s.requireClean(t, err)
		}},
		{"an unknown field is refused before anything is created", func(t *testing.T) {
			want := s.newTicket(t)
			want.Fields = map[string]string{"No such field": "x"}
			_, err := s.desk.CreateTicket(t.Context(), want)
			s.requireKind(t, providers.Invalid, err)
			_, err = s.desk.FindTicket(t.Context(), want.Key)
			s.requireKind(t, providers.NotFound, err)
		}},
		{"a ticket that never was is not found", func(t *testing.T) {
			_, err := s.desk.FetchTicket(t.Context(), s.MissingID)
			s.requireKind(t, providers.NotFound, err)
		}},
		{"an ID that could become another path is refused", func(t *testing.T) {
			for _, id := range []string{"", "../user/1", "1/history", "1?x=1", "x"} {
				_, err := s.desk.FetchTicket(t.Context(), id)
				require.Error(t, err)
				require.Contains(t, []providers.Kind{providers.Invalid, providers.NotFound}, providers.KindOf(err))
			}
		}},
		{"a deleted ticket is not found", func(t *testing.T) {
			ticket := s.ticket(t)
			s.Agent.Delete(t, ticket.ID)
			_, err := s.desk.FetchTicket(t.Context(), ticket.ID)
			s.requireKind(t, providers.NotFound, err)
		}},
		{"a merged ticket answers with its target", func(t *testing.T) {
			skipUnless(t, s.Traits.Merges, "merge tickets")
			from, into := s.ticket(t), s.ticket(t)
			s.Agent.Merge(t, from.ID, into.ID)
			got, err := s.desk.FetchTicket(t.Context(), from.ID)
			require.NoError(t, err)
			require.Equal(t, into.ID, got.ID)
		}},
		{"a status that the desk takes is read back", func(t *testing.T) {
			ticket := s.ticket(t)
			done, err := s.desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: s.Done})
			require.NoError(t, err)
			require.Equal(t, s.Done, done.Status)
			again, err := s.desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: s.Done})
			require.NoError(t, err, "again is no error")
			require.Equal(t, done.Status, again.Status)
			open, err := s.desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: s.Reopened})
			require.NoError(t, err)
			require.Equal(t, s.Reopened, open.Status)
		}},
		{"a priority that the desk takes is set, again is no error, and one that it does not take is", func(t *testing.T) {
			prioritizer := as[providers.Prioritizer](t, s.desk)
			require.NotEmpty(t, s.Priority, "the harness names none")
			ticket := s.ticket(t)
			require.NoError(t, prioritizer.SetPriority(t.Context(), ticket.ID, s.Priority))
			require.NoError(t, prioritizer.SetPriority(t.Context(), ticket.ID, s.Priority))
			s.requireKind(t, providers.Invalid, prioritizer.SetPriority(t.Context(), ticket.ID, "no such priority"))
			s.requireKind(t, providers.NotFound, prioritizer.SetPriority(t.Context(), s.MissingID, s.Priority))
		}},
		{"a status that the desk does not have is an error, whatever the desk answers", func(t *testing.T) {
			ticket := s.ticket(t)
			_, err := s.desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: s.Unknown})
			s.requireKind(t, providers.Invalid, err)
		}},
	}
}

func (s *suite) changeCases() []testCase {
	return []testCase{
		{"every change since a second is reported over page borders, equal time stamps too", func(t *testing.T) {
			tickets, since := s.someTickets(t, 2*pageSize+1)
			seen := s.changes(t, since, func(int) {})
			for _, ticket := range tickets {
				require.Contains(t, seen, ticket.ID)
			}
		}},
		{"a ticket that changes while pages are read hides no other", func(t *testing.T) {
			tickets, since := s.someTickets(t, 2*pageSize+1)
			seen := s.changes(t, since, func(page int) {
				if page == 1 {
					s.Agent.SetStatus(t, tickets[0].ID, s.Done)
					s.Agent.SetStatus(t, tickets[pageSize].ID, s.Done)
				}
			})
			for _, ticket := range tickets {
				require.Contains(t, seen, ticket.ID)
			}
		}},
		{"a change in the very second that is asked for is reported", func(t *testing.T) {
			ticket := s.ticket(t)
			current, err := s.desk.FetchTicket(t.Context(), ticket.ID)
			require.NoError(t, err)
			require.Contains(t, s.changes(t, current.UpdatedAt, func(int) {}), ticket.ID)
		}},
		{"nothing is reported for a time to come, and the desk's clock is told", func(t *testing.T) {
			future := time.Now().Add(3 * time.Hour)
			require.Empty(t, s.changes(t, future, func(int) {}))
			page, err := s.desk.FetchChanges(t.Context(), providers.ChangesQuery{Since: future})
			require.NoError(t, err)
			require.WithinDuration(t, time.Now(), page.DeskTime, 5*time.Minute)
			require.Equal(t, time.UTC, page.DeskTime.Location())
		}},
		{"a changed status comes with its change", func(t *testing.T) {
			ticket := s.ticket(t)
			s.Agent.SetStatus(t, ticket.ID, s.Done)
			changed := s.changes(t, ticket.UpdatedAt, func(int) {})[ticket.ID]
			require.Equal(t, s.Done, changed.Status)
			require.Equal(t, ticket.Key, changed.Key)
			require.NotEqual(t, ticket.Version(), changed.Version())
		}},
		{"a merged ticket is no change of its own, or marked as merged", func(t *testing.T) {
			skipUnless(t, s.Traits.Merges, "merge tickets")
			from, into := s.ticket(t), s.ticket(t)
			s.Agent.Merge(t, from.ID, into.ID)
			changes := s.changes(t, from.UpdatedAt, func(int) {})
			if listed, ok := changes[from.ID]; ok {
				require.True(t, listed.Merged)
			}
			require.Contains(t, changes, into.ID)
			require.False(t, changes[into.ID].Merged)
			target, err := s.desk.FetchTicket(t.Context(), from.ID)
			require.NoError(t, err)
			require.False(t, target.Merged)
		}},
		{"a page that is none of ours is refused", func(t *testing.T) {
			_, err := s.desk.FetchChanges(t.Context(), providers.ChangesQuery{Since: time.Now(), Page: "x' OR id > 0"})
			s.requireKind(t, providers.Invalid, err)
		}},
		{"a batch holds the live tickets and leaves out deleted and merged ones", func(t *testing.T) {
			batch := as[providers.TicketsFetcher](t, s.desk)
			tickets, _ := s.someTickets(t, pageSize+2)
			s.Agent.Delete(t, tickets[0].ID)
			if s.Traits.Merges {
				s.Agent.Merge(t, tickets[1].ID, tickets[2].ID)
			} else {
				s.Agent.Delete(t, tickets[1].ID)
			}
			var ids, got []string
			for _, ticket := range tickets {
				ids = append(ids, ticket.ID)
			}
			found, err := batch.FetchTickets(t.Context(), ids)
			require.NoError(t, err)
			for _, ticket := range found {
				got = append(got, ticket.ID)
			}
			require.ElementsMatch(t, ids[2:], got)
		}},
	}
}

// someTickets logs n tickets and returns the desk's time just before.
func (s *suite) someTickets(t *testing.T, n int) ([]providers.Ticket, time.Time) {
	t.Helper()
	user := s.user(t)
	tickets := make([]providers.Ticket, n)
	for i := range tickets {
		ticket, err := s.desk.CreateTicket(t.Context(), s.ticketOf(user))
		require.NoError(t, err)
		tickets[i] = ticket
	}
	return tickets, tickets[0].CreatedAt
}

// changes reads all pages; between is called after each page.
func (s *suite) changes(t *testing.T, since time.Time, between func(page int)) map[string]providers.Ticket {
	t.Helper()
	seen := map[string]providers.Ticket{}
	query := providers.ChangesQuery{Since: since}
	for number := 1; ; number++ {
		page, err := s.desk.FetchChanges(t.Context(), query)
		require.NoError(t, err)
		for _, ticket := range page.Tickets {
			require.False(t, ticket.UpdatedAt.Before(since.Truncate(time.Second)), "a change before the time that was asked for")
			seen[ticket.ID] = ticket
		}
		if page.Next == "" {
			return seen
		}
		require.Less(t, number, 1000, "the pages have no end")
		query.Page = page.Next
		between(number)
	}
}
