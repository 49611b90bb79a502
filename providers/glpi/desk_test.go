package glpi

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestSimulatedDeskConforms(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	posts := func(kind string) func(*http.Request) bool {
		return func(r *http.Request) bool {
			return r.Method == http.MethodPost && r.URL.Path == "/apirest.php/"+kind
		}
	}
	providertest.Run(t, providertest.Harness{
		URL: simulated.URL, Credential: "pass-bridge", Weak: "pass-weak", Agent: providertest.SimulatedAgent(simulated.Desk),
		Queue: "Support", Reopened: "Processing (assigned)", Done: "Solved", Unknown: "nonsense",
		SomeID: "1", MissingID: "987654321", MissingUserID: "987654321", Attribute: "phone",
		Traits: providertest.Traits{
			Identities: []providers.Identity{providers.ByEmployeeNumber, providers.ByLogin, providers.ByEmail}, Renames: true, OrdersNotes: true, TellsHidden: true,
		},
		IsCreate: posts("Ticket"), IsNote: posts("ITILFollowup"), IsUpload: posts("Document"),
		New: func(t *testing.T, address, credential string, pageSize int) providers.Desk {
			return connect(t, config(t, address, credential, pageSize))
		},
	})
}

func simulate(t *testing.T, options desksim.Options) providertest.Simulated {
	t.Helper()
	options.Vendor = desksim.GLPI
	return providertest.Simulate(t, options)
}

func config(t *testing.T, address, password string, pageSize int) Config {
	t.Helper()
	return Config{URL: address, Login: providertest.Login(password), Password: providertest.Secret(t, password), Queues: []string{"Support"}, PageSize: pageSize}
}

func connect(t *testing.T, settings Config) *Desk {
	t.Helper()
	desk, err := New(settings)
	require.NoError(t, err)
	return desk
}

func logTicket(t *testing.T, desk *Desk, fields map[string]string) (providers.Ticket, error) {
	t.Helper()
	users, err := desk.FindUsers(t.Context(), providers.UserQuery{By: providers.ByEmail, Value: "anna@example.test"})
	require.NoError(t, err)
	if len(users) == 0 {
		user, err := desk.CreateUser(t.Context(), providers.NewUser{Email: "anna@example.test", DisplayName: "Anna <Nowak>"})
		require.NoError(t, err)
		require.Equal(t, "Anna <Nowak>", user.DisplayName)
		users = append(users, user)
	}
	return desk.CreateTicket(t.Context(), providers.NewTicket{
		Key: "R/1", Kind: providers.Incident, Queue: "IT > Support", RequesterID: users[0].ID, Subject: "R&D <s>", Body: "b", Fields: fields,
	})
}

func TestFieldsAreGivenByNameAndUnknownOnesRefused(t *testing.T) {
	desk := connect(t, config(t, simulate(t, desksim.Options{}).URL, "pass-bridge", 10))
	for _, fields := range []map[string]string{{"externalid": "x"}, {"urgency": "high"}, {"category": "Nowhere"}} {
		_, err := logTicket(t, desk, fields)
		require.ErrorIs(t, err, providers.Invalid, fields)
	}
	ticket, err := logTicket(t, desk, map[string]string{"category": "IT > Hardware", "urgency": "4"})
	require.NoError(t, err)
	require.Equal(t, "R&D <s>", ticket.Subject, "entities are decoded once")
}

func TestASessionThatEndsIsOpenedAnew(t *testing.T) {
	desk := connect(t, config(t, simulate(t, desksim.Options{}).URL, "pass-bridge", 10)) // its sessions last for fifty calls
	ticket, err := logTicket(t, desk, nil)
	require.NoError(t, err)
	for range 120 {
		_, err := desk.FetchTicket(t.Context(), ticket.ID)
		require.NoError(t, err)
	}
}

func TestASolutionIsANoteAndAFollowupWithoutTheFlagIsInternal(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	desk := connect(t, config(t, simulated.URL, "pass-bridge", 10))
	ticket, err := logTicket(t, desk, nil)
	require.NoError(t, err)
	ticket, err = desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: "solved"})
	require.NoError(t, err)
	require.Equal(t, "Solved", ticket.Status)
	page, err := desk.FetchNotes(t.Context(), providers.NotesQuery{TicketID: ticket.ID})
	require.NoError(t, err)
	require.Len(t, page.Notes, 1)
	require.Equal(t, "Closed by the requester.", page.Notes[0].Body)
	for body, public := range map[string]bool{`{}`: false, `{"is_private":null}`: false, `{"is_private":1}`: false, `{"is_private":0}`: true, `{"is_private":"0"}`: true} {
		var row message
		require.NoError(t, json.Unmarshal([]byte(body), &row))
		require.Equal(t, public, desk.entry(followupKind, row).Public, body)
	}
}

func TestTimesAreInTheZoneOfTheServer(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	settings := config(t, simulate(t, desksim.Options{Zone: zone}).URL, "pass-bridge", 10)
	settings.TimeZone = "Europe/Paris"
	desk := connect(t, settings)
	ticket, err := logTicket(t, desk, nil)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), ticket.UpdatedAt, time.Minute)
	page, err := desk.FetchChanges(t.Context(), providers.ChangesQuery{Since: ticket.UpdatedAt})
	require.NoError(t, err)
	require.Len(t, page.Tickets, 1)
	settings.TimeZone = "UTC"
	providertest.CheckSays(t, connect(t, settings), "", "another time zone than UTC")
}

func TestValuesOfARowAreReadInEveryForm(t *testing.T) {
	var r row
	require.NoError(t, json.Unmarshal([]byte(`{"1":"a &#38; b","2":7,"4":["2","3"],"5":null,"8":"","12":99}`), &r))
	require.Equal(t, "a & b", r.text(1))
	require.Equal(t, "7", r.text(2))
	require.Equal(t, []string{"2", "3"}, r.texts(4))
	require.Empty(t, r.texts(5))
	require.Empty(t, r.text(8))
	require.Equal(t, "99", statusName(r.text(12)), "a status that GLPI does not have shows as it is")
	require.Empty(t, r.text(33))
}
