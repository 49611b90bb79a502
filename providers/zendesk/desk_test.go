package zendesk

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestSimulatedDeskConforms(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	providertest.Run(t, providertest.Harness{
		URL: simulated.URL, Credential: "pass-bridge", Weak: "pass-weak", Agent: providertest.SimulatedAgent(simulated.Desk),
		Queue: "Support", Reopened: "open", Done: "solved", Unknown: "nonsense", Priority: "urgent",
		SomeID: "1", MissingID: "987654321", MissingUserID: "987654321", Attribute: "notes",
		Traits: providertest.Traits{
			Identities: []providers.Identity{providers.ByEmployeeNumber, providers.ByLogin, providers.ByEmail},
			Renames:    true, Merges: true, NoteFiles: true, OrdersNotes: true, TellsHidden: true,
		},
		IsCreate: func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Path == "/api/v2/tickets" },
		IsNote: func(r *http.Request) bool {
			return r.Method == http.MethodPut && providertest.BodyHas(r, `"comment"`)
		},
		IsUpload: func(r *http.Request) bool {
			return r.Method == http.MethodPut && providertest.BodyHas(r, `"uploads"`)
		},
		New: func(t *testing.T, address, credential string, pageSize int) providers.Desk {
			return connect(t, config(t, address, credential, pageSize))
		},
	})
}

func simulate(t *testing.T, options desksim.Options) providertest.Simulated {
	t.Helper()
	options.Vendor, options.UserFields = desksim.Zendesk, []string{"employee_number"}
	return providertest.Simulate(t, options)
}

func config(t *testing.T, address, token string, pageSize int) Config {
	t.Helper()
	return Config{
		URL: address, Login: providertest.Login(token), Token: providertest.Secret(t, token), EmployeeField: "employee_number",
		Queues: []string{"Support"}, PageSize: pageSize,
	}
}

func connect(t *testing.T, settings Config) *Desk {
	t.Helper()
	desk, err := New(settings)
	require.NoError(t, err)
	return desk
}

func logTicket(t *testing.T, desk *Desk, key providers.Key) providers.Ticket {
	t.Helper()
	login := strings.ToLower(strings.ReplaceAll(string(key), "/", "-"))
	user, err := desk.CreateUser(t.Context(), providers.NewUser{Login: login, Email: login + "@example.test", DisplayName: "Anna Nowak"})
	require.NoError(t, err)
	ticket, err := desk.CreateTicket(t.Context(), providers.NewTicket{
		Key: key, Kind: providers.Incident, Queue: "Support", RequesterID: user.ID, Subject: "s", Body: "b",
		Fields: map[string]string{"priority": "high", "Cost centre": "4711"},
	})
	require.NoError(t, err)
	return ticket
}

func TestTheExportLeavesOutTheLastMinuteAndTheDesksClockSaysSo(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	simulated := simulate(t, desksim.Options{SearchLag: time.Minute, Clock: func() time.Time { return now }})
	desk := connect(t, config(t, simulated.URL, "pass-bridge", 10))
	ticket := logTicket(t, desk, "R/1")
	page, err := desk.FetchChanges(t.Context(), providers.ChangesQuery{Since: ticket.CreatedAt})
	require.NoError(t, err, "a start within the last minute is refused by Zendesk, and means nothing yet")
	require.Empty(t, page.Tickets)
	require.Equal(t, now.Add(-time.Minute), page.DeskTime)
	now = now.Add(61 * time.Second)
	page, err = desk.FetchChanges(t.Context(), providers.ChangesQuery{Since: page.DeskTime})
	require.NoError(t, err)
	require.Len(t, page.Tickets, 1, "who goes on from the time that was told misses nothing")
}

func TestADeletedTicketIsNoChange(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	desk := connect(t, config(t, simulated.URL, "pass-bridge", 10))
	ticket := logTicket(t, desk, "R/1")
	require.NoError(t, simulated.Desk.Delete(1))
	page, err := desk.FetchChanges(t.Context(), providers.ChangesQuery{Since: ticket.CreatedAt})
	require.NoError(t, err)
	require.Empty(t, page.Tickets)
}

func TestAClosedTicketIsFinal(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	desk := connect(t, config(t, simulated.URL, "pass-bridge", 10))
	ticket := logTicket(t, desk, "R/1")
	require.NoError(t, simulated.Desk.SetStatus(1, "closed"))
	_, err := desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: "open"})
	require.ErrorIs(t, err, providers.Invalid)
	require.ErrorContains(t, err, "closed ticket is final")
	_, err = desk.AddNote(t.Context(), providers.NewNote{TicketID: ticket.ID, Body: "late"})
	require.ErrorIs(t, err, providers.Invalid)
}

func TestAMergeWhoseTargetIsNotToldIsNotDone(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	desk := connect(t, config(t, simulated.URL, "pass-bridge", 10))
	from := logTicket(t, desk, "R/1")
	logTicket(t, desk, "R/2")
	require.NoError(t, simulated.Desk.Merge(1, 2))
	row, err := desk.one(t.Context(), "test", from.ID)
	require.NoError(t, err)
	require.Equal(t, "closed", row.Status)
	require.True(t, row.merged())
	ticket, err := desk.FindTicket(t.Context(), "R/1")
	require.NoError(t, err)
	require.Equal(t, "2", ticket.ID)
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := `{"ticket":{"id":1,"status":"closed","tags":["closed_by_merge"]}}`
		if strings.HasSuffix(r.URL.Path, "/comments") {
			body = `{"comments":[{"id":1,"html_body":"<p>b</p>","public":true},{"id":2,"html_body":"<p>see the other one</p>","public":false}]}`
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(silent.Close)
	_, err = connect(t, config(t, silent.URL, "pass-bridge", 10)).FetchTicket(t.Context(), from.ID)
	require.ErrorIs(t, err, providers.Ambiguous, "an agent changed the text that names the target")
}

func TestTheSameIdempotencyKeyMakesOneTicket(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	desk := connect(t, config(t, simulated.URL, "pass-bridge", 10))
	ticket := logTicket(t, desk, "R/1")
	body, err := desk.newTicket(t.Context(), "test", providers.NewTicket{Key: "R/1", Queue: "Support", RequesterID: ticket.RequesterIDs[0], Subject: "s"})
	require.NoError(t, err)
	require.Equal(t, "R/1", body["external_id"])
	require.Len(t, simulated.Desk.Tickets(), 1)
}

func TestANewAddressBecomesThePrimaryOne(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	desk := connect(t, config(t, simulated.URL, "pass-bridge", 10))
	user, err := desk.CreateUser(t.Context(), providers.NewUser{Email: "anna@example.test"})
	require.NoError(t, err)
	require.Equal(t, "anna@example.test", user.DisplayName)
	email := "anna.nowak@example.test"
	for range 2 {
		user, err = desk.UpdateUser(t.Context(), providers.UserUpdate{UserID: user.ID, Email: &email})
		require.NoError(t, err)
		require.Equal(t, email, user.Email)
	}
	back := "anna@example.test"
	user, err = desk.UpdateUser(t.Context(), providers.UserUpdate{UserID: user.ID, Email: &back, Attributes: map[string]string{"employee_number": "E-7"}})
	require.NoError(t, err, "an address that the user has already")
	require.Equal(t, back, user.Email)
	require.Equal(t, "E-7", user.EmployeeNumber)
}

func TestACommentWithoutTheFlagIsInternal(t *testing.T) {
	yes := true
	require.False(t, comment{}.isPublic())
	require.True(t, comment{Public: &yes}.isPublic())
}
