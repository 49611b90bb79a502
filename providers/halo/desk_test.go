package halo

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
	simulated := simulate(t)
	posts := func(kind string) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Path == "/api/"+kind }
	}
	providertest.Run(t, providertest.Harness{
		URL: simulated.URL, Credential: "pass-bridge", Weak: "pass-weak", Agent: providertest.SimulatedAgent(simulated.Desk),
		Queue: "Support", Reopened: "In Progress", Done: "Resolved", Unknown: "nonsense",
		SomeID: "1", MissingID: "987654321", MissingUserID: "987654321", Attribute: "title",
		Traits: providertest.Traits{
			Identities: []providers.Identity{providers.ByLogin, providers.ByEmail}, Renames: true, Merges: true, OrdersNotes: true, TellsHidden: true,
		},
		IsCreate: posts("Tickets"), IsNote: posts("Actions"), IsUpload: posts("Attachment"),
		New: func(t *testing.T, address, credential string, pageSize int) providers.Desk {
			return connect(t, config(t, address, credential, pageSize))
		},
	})
}

func simulate(t *testing.T) providertest.Simulated {
	t.Helper()
	return providertest.Simulate(t, desksim.Options{Vendor: desksim.Halo})
}

func config(t *testing.T, address, secret string, pageSize int) Config {
	t.Helper()
	return Config{
		URL: address, ClientID: "deskbridge", ClientSecret: providertest.Secret(t, secret), Site: "Main", IncidentType: "Incident", Queues: []string{"Support"}, PageSize: pageSize,
	}
}

func connect(t *testing.T, settings Config) *Desk {
	t.Helper()
	desk, err := New(settings)
	require.NoError(t, err)
	return desk
}

func TestTypesAndFieldsAreHeldAgainstTheTenants(t *testing.T) {
	settings := config(t, simulate(t).URL, "pass-bridge", 10)
	settings.RequestType = "Nowhere"
	desk := connect(t, settings)
	user, err := desk.CreateUser(t.Context(), providers.NewUser{Email: "anna@example.test", DisplayName: "Anna Nowak"})
	require.NoError(t, err)
	want := providers.NewTicket{Key: "R/1", Kind: providers.Incident, Queue: "support", RequesterID: user.ID, Subject: "s", Fields: map[string]string{"category_1": "Hardware", "priority_id": "3"}}
	fields, err := desk.newTicket(t.Context(), "test", want)
	require.NoError(t, err)
	require.Equal(t, int64(1), fields["tickettype_id"])
	require.Equal(t, 3, fields["priority_id"])
	require.Equal(t, "Hardware", fields["category_1"])
	want.Kind = providers.Request
	_, err = desk.CreateTicket(t.Context(), want)
	require.ErrorIs(t, err, providers.Misconfigured)
	require.ErrorContains(t, err, "request_type")
}

func TestTimesAreReadInBothForms(t *testing.T) {
	want := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, text := range []string{`"2026-11-23T12:00:00Z"`, `"2026-11-23T12:00:00.000Z"`, `"2026-11-23T12:00:00"`, `"2026-11-23T12:00:00.00"`, `"2026-11-23T14:00:00+02:00"`} {
		var at moment
		require.NoError(t, json.Unmarshal([]byte(text), &at))
		require.Equal(t, want, at.Time, text)
	}
	var none moment
	require.NoError(t, json.Unmarshal([]byte(`"0001-01-01T00:00:00"`), &none))
	require.True(t, none.IsZero())
}

func TestAnActionWithoutTheFlagIsInternal(t *testing.T) {
	no := false
	require.False(t, action{}.entry().Public)
	require.True(t, action{Hidden: &no}.entry().Public)
}

func TestTheKeyIsReadFromEitherFormOfTheDetails(t *testing.T) {
	require.Equal(t, providers.Key("R/1"), record{Details: "text\r\n\r\nReference: R/1"}.key())
	require.Equal(t, providers.Key("R/1"), record{DetailsHTML: "<p>text</p><p>Reference: R/1</p>"}.key())
	require.Empty(t, record{Details: "text"}.key())
}
