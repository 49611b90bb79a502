package ivanti

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestSimulatedDeskConforms(t *testing.T) {
	simulated := simulate(t)
	posts := func(path string) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Path == "/api/"+path }
	}
	missing := strings.Repeat("F", 32)
	providertest.Run(t, providertest.Harness{
		URL: simulated.URL, Credential: "pass-bridge", Weak: "pass-weak", Agent: providertest.SimulatedAgent(simulated.Desk),
		Queue: "Support", Reopened: "Active", Done: "Resolved", Unknown: "nonsense",
		SomeID: strings.Repeat("A", 32), MissingID: missing, MissingUserID: missing, Attribute: "Title",
		Traits: providertest.Traits{
			Identities: []providers.Identity{providers.ByEmployeeNumber, providers.ByLogin, providers.ByEmail}, Renames: true, TellsHidden: true,
		},
		IsCreate: posts("odata/businessobject/incidents"), IsNote: posts("odata/businessobject/journal__Notess"), IsUpload: posts("rest/Attachment"),
		New: func(t *testing.T, address, credential string, pageSize int) providers.Desk {
			return connect(t, config(t, address, credential, pageSize))
		},
	})
}

func simulate(t *testing.T) providertest.Simulated {
	t.Helper()
	return providertest.Simulate(t, desksim.Options{Vendor: desksim.Ivanti})
}

func config(t *testing.T, address, key string, pageSize int) Config {
	t.Helper()
	return Config{
		URL: address, APIKey: providertest.Secret(t, key), KeyField: "DeskbridgeKey", EmployeeField: "EmployeeNumber", Queues: []string{"Support"}, PageSize: pageSize,
	}
}

func connect(t *testing.T, settings Config) *Desk {
	t.Helper()
	desk, err := New(settings)
	require.NoError(t, err)
	return desk
}

func TestAConditionThatIsIgnoredIsNoticed(t *testing.T) {
	id := strings.Repeat("a", 32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := `{"value":[{"RecId":"` + id + `"}]}`
		if strings.Contains(r.URL.Path, "journal") {
			body = `{"value":[{"RecId":"1","ParentLink_RecID":"other","PublishToWeb":true,"NotesBody":"of somebody else"}]}`
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	_, err := connect(t, config(t, server.URL, "x", 1)).FetchNotes(t.Context(), providers.NotesQuery{TicketID: id})
	require.ErrorIs(t, err, providers.Misconfigured)
}

func TestANoteWithoutTheFlagIsInternal(t *testing.T) {
	desk := connect(t, config(t, "https://example.saasiteu.com", "x", 1))
	for body, public := range map[string]bool{`{}`: false, `{"PublishToWeb":null}`: false, `{"PublishToWeb":"true"}`: false, `{"PublishToWeb":false}`: false, `{"PublishToWeb":true}`: true} {
		var row record
		require.NoError(t, json.Unmarshal([]byte(body), &row))
		require.Equal(t, public, desk.entry(row).Public, body)
	}
}

func TestValuesAreQuotedAndReadInEveryForm(t *testing.T) {
	require.Equal(t, "PrimaryEmail eq 'o''nowak@example.test'", is("PrimaryEmail", "o'nowak@example.test"))
	var row record
	require.NoError(t, json.Unmarshal([]byte(`{"a":"x","b":null,"c":10001,"d":"2026-11-23T12:00:00Z"}`), &row))
	require.Equal(t, []string{"x", "", "10001", ""}, []string{row.text("a"), row.text("b"), row.text("c"), row.text("e")})
	require.False(t, row.time("d").IsZero())
	require.True(t, row.time("a").IsZero())
}

func TestFieldsOfTheStepAreGivenAndStatusesTellWhy(t *testing.T) {
	settings := config(t, simulate(t).URL, "pass-bridge", 10)
	settings.StatusFields = map[string]map[string]string{"resolved": {"Resolution": "done"}}
	desk := connect(t, settings)
	user, err := desk.CreateUser(t.Context(), providers.NewUser{Email: "anna@example.test", DisplayName: "Anna Nowak"})
	require.NoError(t, err)
	ticket, err := desk.CreateTicket(t.Context(), providers.NewTicket{Key: "R/1", Queue: "Support", RequesterID: user.ID, Subject: "s", Fields: map[string]string{"Category": "Hardware"}})
	require.NoError(t, err)
	require.Equal(t, "10001", ticket.Number)
	ticket, err = desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: "Resolved"})
	require.NoError(t, err)
	require.Equal(t, "Resolved", ticket.Status)
	_, err = desk.CreateTicket(t.Context(), providers.NewTicket{Key: "R/2", Queue: "Support", RequesterID: user.ID, Subject: "s", Fields: map[string]string{"OwnerTeam": "x"}})
	require.ErrorContains(t, err, "set by the connection")
}
