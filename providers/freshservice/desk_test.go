package freshservice

import (
	"encoding/json"
	"net/http"
	"os"
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
		Queue: "Support", Reopened: "Pending", Done: "Resolved", Unknown: "nonsense",
		SomeID: "1", MissingID: "987654321", MissingUserID: "987654321", Attribute: "job_title",
		Traits: providertest.Traits{
			Identities: []providers.Identity{providers.ByLogin, providers.ByEmail}, Renames: true, NoteFiles: true, OrdersNotes: true, TellsHidden: true,
		},
		IsCreate: func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Path == "/api/v2/tickets" },
		IsNote: func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/notes")
		},
		IsUpload: func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/notes")
		},
		New: func(t *testing.T, address, credential string, pageSize int) providers.Desk {
			return connect(t, config(t, address, credential, pageSize))
		},
	})
}

func simulate(t *testing.T, options desksim.Options) providertest.Simulated {
	t.Helper()
	options.Vendor = desksim.Freshservice
	return providertest.Simulate(t, options)
}

func config(t *testing.T, address, key string, pageSize int) Config {
	t.Helper()
	return Config{URL: address, APIKey: providertest.Secret(t, key), KeyField: "deskbridge_key", Queues: []string{"Support"}, PageSize: pageSize}
}

func connect(t *testing.T, settings Config) *Desk {
	t.Helper()
	desk, err := New(settings)
	require.NoError(t, err)
	return desk
}

func TestAStatusOfOnesOwnIsItsNumber(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	desk := connect(t, config(t, simulated.URL, "pass-bridge", 10))
	user, err := desk.CreateUser(t.Context(), providers.NewUser{Email: "anna@example.test", DisplayName: "Anna Nowak"})
	require.NoError(t, err)
	ticket, err := desk.CreateTicket(t.Context(), providers.NewTicket{Key: "R/1", Queue: "support", RequesterID: user.ID, Subject: "s", Fields: map[string]string{"priority": "3", "category": "x"}})
	require.NoError(t, err)
	require.Equal(t, "Open", ticket.Status)
	ticket, err = desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: "6"})
	require.NoError(t, err)
	require.Equal(t, "6", ticket.Status)
	_, err = desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: "99"})
	require.ErrorIs(t, err, providers.Invalid)
}

func TestAnAgentIsAUserToo(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	desk := connect(t, config(t, simulated.URL, "pass-bridge", 10))
	users, err := desk.FindUsers(t.Context(), providers.UserQuery{By: providers.ByEmail, Value: "bridge@desk.test"})
	require.NoError(t, err)
	require.Len(t, users, 1)
	err = desk.DeactivateUser(t.Context(), users[0].ID)
	require.ErrorIs(t, err, providers.NotFound)
	require.ErrorContains(t, err, "agent")
}

func TestTheRecordedAnswersAreRead(t *testing.T) {
	content, err := os.ReadFile("testdata/freshservice-ticket-get.json")
	require.NoError(t, err)
	var answer struct{ Ticket record }
	require.NoError(t, json.Unmarshal(content, &answer))
	desk := connect(t, config(t, "https://example.freshservice.com", "x", 10))
	require.Equal(t, providers.Ticket{
		ID: "1", Number: "1", Subject: "What's wrong with my email?", Status: "Resolved", RequesterIDs: []string{"21001397563"},
		CreatedAt: time.Date(2023, 1, 4, 14, 22, 43, 0, time.UTC), UpdatedAt: time.Date(2023, 1, 10, 10, 0, 0, 0, time.UTC),
		URL: "https://example.freshservice.com/a/tickets/1",
	}, desk.ticket(answer.Ticket, nil))
	content, err = os.ReadFile("testdata/freshservice-conversations.json")
	require.NoError(t, err)
	var list struct{ Conversations []conversation }
	require.NoError(t, json.Unmarshal(content, &list))
	entry := list.Conversations[0].entry()
	require.True(t, entry.Public)
	require.Equal(t, "We are working on this issue. Will keep you posted.", entry.Body)
	require.False(t, conversation{}.entry().Public, "without the flag it is internal")
}
