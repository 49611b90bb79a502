package itop

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
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
		Queue: "Support", Reopened: "assigned", Done: "resolved", Unknown: "nonsense",
		SomeID: "UserRequest::1", MissingID: "UserRequest::987654321", MissingUserID: "987654321", Attribute: "phone",
		Traits: providertest.Traits{
			Identities: []providers.Identity{providers.ByEmployeeNumber, providers.ByEmail}, OwnLogins: true, OrdersNotes: true, TellsHidden: true,
		},
		IsCreate: writes("core%2Fcreate%22%2C%22class%22%3A%22UserRequest"),
		IsNote:   writes("public_log%22%3A"),
		IsUpload: writes("core%2Fcreate%22%2C%22class%22%3A%22Attachment"),
		New: func(t *testing.T, address, credential string, pageSize int) providers.Desk {
			return connect(t, config(t, address, credential, pageSize))
		},
	})
}

// writes recognises an operation by a part of the form.
func writes(part string) func(*http.Request) bool {
	return func(r *http.Request) bool { return providertest.BodyHas(r, part) }
}

func simulate(t *testing.T, options desksim.Options) providertest.Simulated {
	t.Helper()
	options.Vendor = desksim.ITop
	return providertest.Simulate(t, options)
}

func config(t *testing.T, address, password string, pageSize int) Config {
	t.Helper()
	return Config{
		URL: address, Login: providertest.Login(password), Password: providertest.Secret(t, password), Organization: "Demo", Queues: []string{"Support"}, PageSize: pageSize,
	}
}

func connect(t *testing.T, settings Config) *Desk {
	t.Helper()
	desk, err := New(settings)
	require.NoError(t, err)
	return desk
}

func newTicket(t *testing.T, desk *Desk, key providers.Key) providers.NewTicket {
	t.Helper()
	users, err := desk.FindUsers(t.Context(), providers.UserQuery{By: providers.ByEmail, Value: "anna@example.test"})
	require.NoError(t, err)
	if len(users) == 0 {
		user, err := desk.CreateUser(t.Context(), providers.NewUser{Email: "anna@example.test", DisplayName: "Anna O'Nowak"})
		require.NoError(t, err)
		users = append(users, user)
	}
	return providers.NewTicket{Key: key, Queue: "support", RequesterID: users[0].ID, Subject: "s", Body: "b", Fields: map[string]string{"urgency": "2"}}
}

func TestChangesOfBothClassesAreListed(t *testing.T) {
	settings := config(t, simulate(t, desksim.Options{}).URL, "pass-bridge", 1)
	settings.IncidentClass = "Incident"
	desk := connect(t, settings)
	var want, got []string
	var since time.Time
	for i, kind := range []providers.TicketKind{providers.Request, providers.Incident, providers.Request, providers.Incident} {
		ticket := newTicket(t, desk, providers.Key("R/"+string(rune('1'+i))))
		ticket.Kind = kind
		logged, err := desk.CreateTicket(t.Context(), ticket)
		require.NoError(t, err)
		want, since = append(want, logged.ID), logged.CreatedAt.Add(-time.Minute)
	}
	require.Equal(t, []string{"UserRequest::1", "Incident::2", "UserRequest::3", "Incident::4"}, want)
	for query := (providers.ChangesQuery{Since: since}); ; {
		page, err := desk.FetchChanges(t.Context(), query)
		require.NoError(t, err)
		for _, ticket := range page.Tickets {
			got = append(got, ticket.ID)
		}
		if query.Page = page.Next; query.Page == "" {
			break
		}
	}
	require.ElementsMatch(t, want, got)
	found, err := desk.FetchTickets(t.Context(), want)
	require.NoError(t, err)
	require.Len(t, found, 4)
	_, err = desk.FetchTicket(t.Context(), "Person::1")
	require.ErrorIs(t, err, providers.Invalid, "another class is none of a ticket")
}

func TestAStimulusLeadsToAStatusWhereOneIsSet(t *testing.T) {
	settings := config(t, simulate(t, desksim.Options{}).URL, "pass-bridge", 10)
	settings.Stimuli = map[string]string{"closed": "ev_close", "resolved": "ev_resolve"}
	desk := connect(t, settings)
	ticket, err := desk.CreateTicket(t.Context(), newTicket(t, desk, "R/1"))
	require.NoError(t, err)
	_, err = desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: "Closed"})
	require.ErrorIs(t, err, providers.Invalid)
	require.ErrorContains(t, err, "its stimulus cannot follow")
	for _, status := range []string{"resolved", "closed"} {
		ticket, err = desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: status})
		require.NoError(t, err)
		require.Equal(t, status, ticket.Status)
	}
}

func TestTimesAreInTheZoneOfTheApplication(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	simulated := simulate(t, desksim.Options{Zone: zone})
	settings := config(t, simulated.URL, "pass-bridge", 10)
	settings.TimeZone = "Europe/Paris"
	desk := connect(t, settings)
	ticket, err := desk.CreateTicket(t.Context(), newTicket(t, desk, "R/1"))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), ticket.UpdatedAt, time.Minute)
	page, err := desk.FetchChanges(t.Context(), providers.ChangesQuery{Since: ticket.UpdatedAt})
	require.NoError(t, err)
	require.Len(t, page.Tickets, 1)
	settings.TimeZone = "UTC"
	providertest.CheckSays(t, connect(t, settings), "", "another time zone than UTC")
}

// The forms of answers that a real iTop gave: objects is null, a code comes with HTTP 200.
func TestTheRecordedFormsAreRead(t *testing.T) {
	for body, want := range map[string]providers.Kind{
		`{"objects":null,"code":0,"message":"Found: 0"}`:                                                    "",
		`{"code":1,"message":"Error: Invalid login"}`:                                                       providers.Unauthenticated,
		`{"code":100,"message":"Error: Several items found (2) for query: SELECT Person WHERE email = ''"}`: providers.Ambiguous,
		`{"code":100,"message":"Error: Invalid stimulus: 'ev_assign' on the object in state 'resolved'"}`:   providers.Invalid,
		`{"code":100,"message":"Error: MySQL server has gone away"}`:                                        providers.UnknownOutcome,
		`{"message":"?"}`: providers.Malformed,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		desk := connect(t, config(t, server.URL, "pass-bridge", 10))
		said, err := desk.run(t.Context(), desk.client.Write, "test", operation{Operation: "core/update"})
		require.Equal(t, want, providers.KindOf(err), body)
		require.Empty(t, said.sorted())
		server.Close()
	}
	require.Equal(t, "7", object{Fields: map[string]json.RawMessage{"id": json.RawMessage("7")}}.text("id"))
	require.Equal(t, `'O\'Nowak \\'`, quote(`O'Nowak \`))
}
