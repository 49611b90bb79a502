package topdesk

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestSimulatedDeskConforms(t *testing.T) {
	simulated := simulate(t)
	missing := "ffffffff-ffff-4fff-8fff-ffffffffffff"
	providertest.Run(t, providertest.Harness{
		URL: simulated.URL, Credential: "pass-bridge", Weak: "pass-weak", Agent: providertest.SimulatedAgent(simulated.Desk),
		Queue: "Support", Reopened: "In progress", Done: "Completed", Unknown: "nonsense",
		SomeID: "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", MissingID: missing, MissingUserID: missing, Attribute: "jobTitle",
		Traits: providertest.Traits{
			Identities: []providers.Identity{providers.ByEmployeeNumber, providers.ByLogin, providers.ByEmail}, Renames: true, TellsHidden: true,
		},
		IsCreate: func(r *http.Request) bool {
			return r.Method == http.MethodPost && r.URL.Path == "/tas/api/incidents"
		},
		IsNote: func(r *http.Request) bool {
			return r.Method == http.MethodPatch && providertest.BodyHas(r, `"action"`)
		},
		IsUpload: func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/attachments")
		},
		New: func(t *testing.T, address, credential string, pageSize int) providers.Desk {
			return connect(t, config(t, address, credential, pageSize))
		},
	})
}

func simulate(t *testing.T) providertest.Simulated {
	t.Helper()
	return providertest.Simulate(t, desksim.Options{Vendor: desksim.TOPdesk})
}

func config(t *testing.T, address, password string, pageSize int) Config {
	t.Helper()
	return Config{
		URL: address, Login: providertest.Login(password), Password: providertest.Secret(t, password), Branch: "Head office",
		ArchivingReason: "Left the company", IncidentType: "Incident", Queues: []string{"Support"}, PageSize: pageSize,
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
	user, err := desk.CreateUser(t.Context(), providers.NewUser{Email: "anna@example.test", DisplayName: "Anna Nowak"})
	require.NoError(t, err)
	return providers.NewTicket{Key: key, Kind: providers.Incident, Queue: "support", RequesterID: user.ID, Subject: "s", Body: "b"}
}

func TestALongKeyAndALongSubjectAreKeptWhole(t *testing.T) {
	desk := connect(t, config(t, simulate(t).URL, "pass-bridge", 10))
	want := newTicket(t, desk, providers.Key(strings.Repeat("r", 64)+"/"+strings.Repeat("s", 80)))
	want.Subject, want.Fields = strings.Repeat("ż", 81), map[string]string{"category": "Hardware", "optionalFields1.text1": "4711"}
	ticket, err := desk.CreateTicket(t.Context(), want)
	require.NoError(t, err)
	require.Equal(t, want.Key, ticket.Key)
	require.Equal(t, strings.Repeat("ż", 80), ticket.Subject)
	again, err := desk.FindTicket(t.Context(), want.Key)
	require.NoError(t, err)
	require.Equal(t, ticket, again)
	require.Len(t, external(want.Key), maxExternal)
	require.Empty(t, incident{ExternalNumber: external(want.Key), Request: "Reference: R/1"}.key(), "another key in the text is none")
	want.Key, want.Fields = "R/2", map[string]string{"category": "Nowhere"}
	_, err = desk.CreateTicket(t.Context(), want)
	require.ErrorIs(t, err, providers.Invalid)
	require.ErrorContains(t, err, "have to exist by name")
}

func TestAStatusIsTheProcessingStatusOrWhatTheBooleansSay(t *testing.T) {
	for body, want := range map[string]string{
		`{"processingStatus":{"name":"Waiting"},"closed":true}`: "Waiting", `{"closed":true,"completed":true}`: "closed",
		`{"completed":true,"processingStatus":null}`: "completed", `{}`: "open",
	} {
		var found incident
		require.NoError(t, json.Unmarshal([]byte(body), &found))
		require.Equal(t, want, found.status())
	}
	require.True(t, incident{Line: "secondLineArchived"}.gone())
	require.False(t, incident{Line: "secondLineArchived", Closed: true}.gone(), "what was closed and archived is done, not gone")
	require.True(t, incident{Line: "partial"}.partial())
}

func TestTimesAreReadInBothFormats(t *testing.T) {
	want := time.Date(2020, 10, 1, 14, 10, 0, 0, time.UTC)
	for _, text := range []string{`"2020-10-01T14:10:00Z"`, `"2020-10-01T14:10:00.000+0000"`, `"2020-10-01T16:10:00.000+0200"`} {
		var at moment
		require.NoError(t, json.Unmarshal([]byte(text), &at))
		require.Equal(t, want, at.Time)
	}
}

func TestAnEntryWithoutTheFlagIsInternal(t *testing.T) {
	no := false
	require.False(t, entry{}.note().Public)
	require.True(t, entry{Invisible: &no}.note().Public)
}

func TestWhatTheCallerAddsToTheRequestIsANote(t *testing.T) {
	simulated := simulate(t)
	desk := connect(t, config(t, simulated.URL, "pass-bridge", 10))
	ticket, err := desk.CreateTicket(t.Context(), newTicket(t, desk, "R/1"))
	require.NoError(t, err)
	require.NoError(t, simulated.Desk.WriteAs(1, desksim.Created, "text/html", "It is <i>urgent</i>.", ""))
	page, err := desk.FetchNotes(t.Context(), providers.NotesQuery{TicketID: ticket.ID})
	require.NoError(t, err)
	require.Len(t, page.Notes, 1, "the first entry is the description")
	require.Equal(t, "It is urgent.", page.Notes[0].Body)
}
