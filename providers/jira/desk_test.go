package jira

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
	"deskbridge/providers"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/providertest"
)

func TestSimulatedDeskConforms(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	identities := map[string][]providers.Identity{
		editionCloud: {providers.ByEmail}, editionDataCenter: {providers.ByEmail, providers.ByLogin},
	}
	for edition, identities := range identities {
		t.Run(edition, func(t *testing.T) {
			providertest.Run(t, providertest.Harness{
				URL: simulated.URL, Credential: "pass-bridge", Weak: "pass-weak", Agent: agent{providertest.SimulatedAgent(simulated.Desk), edition},
				Queue: "Support", Reopened: "In Progress", Done: "Resolved", Unknown: "nonsense", SomeID: "10001", MissingID: "987654321", MissingUserID: "nobody",
				Traits:   providertest.Traits{Identities: identities, OwnLogins: true, NoteFiles: true, OrdersNotes: true},
				IsCreate: func(r *http.Request) bool { return r.URL.Path == "/rest/servicedeskapi/request" },
				IsNote: func(r *http.Request) bool {
					return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/comment")
				},
				IsUpload: func(r *http.Request) bool {
					return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/attachment")
				},
				New: func(t *testing.T, address, credential string, pageSize int) providers.Desk {
					return connect(t, config(t, address, edition, credential, pageSize))
				},
			})
		})
	}
}

// agent tells requesters by their logins, which Cloud does not have.
type agent struct {
	providertest.Agent
	edition string
}

func (a agent) Requesters(t *testing.T, ticketID string) []string {
	t.Helper()
	logins := a.Agent.Requesters(t, ticketID)
	if a.edition == editionCloud {
		require.Len(t, logins, 1)
		return []string{""}
	}
	return logins
}

func simulate(t *testing.T, options desksim.Options) providertest.Simulated {
	t.Helper()
	options.Vendor = desksim.Jira
	return providertest.Simulate(t, options)
}

func config(t *testing.T, address, edition, token string, pageSize int) Config {
	t.Helper()
	c := Config{URL: address, Edition: edition, Token: providertest.Secret(t, token), Project: "SUP", Queues: []string{"Support"}, PageSize: pageSize}
	if edition == editionCloud {
		c.Login = providertest.Login(token)
	}
	return c
}

func connect(t *testing.T, settings Config) *Desk {
	t.Helper()
	desk, err := New(settings)
	require.NoError(t, err)
	return desk
}

func newTicket(t *testing.T, desk *Desk, key providers.Key) providers.NewTicket {
	t.Helper()
	email := strings.ToLower(strings.ReplaceAll(string(key), "/", "-")) + "@example.test"
	user, err := desk.CreateUser(t.Context(), providers.NewUser{Email: email, DisplayName: "Anna Nowak"})
	require.NoError(t, err)
	return providers.NewTicket{Key: key, Queue: "Support", RequesterID: user.ID, Subject: "s", Body: "b"}
}

func TestTheKeyIsALabelBesideOthersOrATextField(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	for field, fields := range map[string]map[string]string{labels: {"Labels": "hardware, new", "Site": "Kraków"}, "customfield_10050": {"Labels": "hardware"}} {
		settings := config(t, simulated.URL, editionCloud, "pass-bridge", 10)
		settings.KeyField = field
		desk := connect(t, settings)
		want := newTicket(t, desk, providers.Key("R-"+field+"/1"))
		want.Fields = fields
		ticket, err := desk.CreateTicket(t.Context(), want)
		require.NoError(t, err)
		require.Equal(t, want.Key, ticket.Key)
		again, err := desk.FindTicket(t.Context(), want.Key)
		require.NoError(t, err)
		require.Equal(t, ticket, again)
		_, err = desk.FindTicket(t.Context(), "R/other")
		require.ErrorIs(t, err, providers.NotFound, "a search by words that finds another is compared again")
	}
}

func TestChangesAreAskedForInTheZoneOfTheAccountAndToTheMinute(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	now := time.Date(2026, 11, 23, 12, 0, 20, 0, time.UTC)
	simulated := simulate(t, desksim.Options{Zone: zone, Clock: func() time.Time { return now }})
	desk := connect(t, config(t, simulated.URL, editionCloud, "pass-bridge", 10))
	early, err := desk.CreateTicket(t.Context(), newTicket(t, desk, "R/1"))
	require.NoError(t, err)
	now = now.Add(30 * time.Second)
	late, err := desk.CreateTicket(t.Context(), newTicket(t, desk, "R/2"))
	require.NoError(t, err)
	page, err := desk.FetchChanges(t.Context(), providers.ChangesQuery{Since: late.UpdatedAt})
	require.NoError(t, err)
	require.Equal(t, []providers.Ticket{late}, page.Tickets)
	page, err = desk.FetchChanges(t.Context(), providers.ChangesQuery{Since: early.UpdatedAt})
	require.NoError(t, err)
	require.Len(t, page.Tickets, 2)
}

func TestAUserWhoseAddressIsHiddenNeedsAPerson(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`[{"accountId":"1","displayName":"Anna","active":true,"emailAddress":""}]`))
	}))
	t.Cleanup(server.Close)
	_, err := connect(t, config(t, server.URL, editionCloud, "pass-bridge", 10)).FindUsers(t.Context(), providers.UserQuery{By: providers.ByEmail, Value: "anna@example.test"})
	require.ErrorIs(t, err, providers.Ambiguous)
}

func TestOnlyAFlaggedCommentIsPublic(t *testing.T) {
	yes := true
	require.False(t, comment{}.entry().Public)
	require.True(t, comment{Public: &yes}.entry().Public)
}

func TestPlainTextIsWrittenSoThatWikiMarkupDoesNotChangeIt(t *testing.T) {
	for plain, want := range map[string]string{
		"a *b* _c_ {code} [x|y] !z! 1+1 a-b": `a \*b\* \_c\_ \{code\} \[x\|y\] \!z\! 1\+1 a-b`,
		"# one\n- two\nh1. x\n -3 -x":        "\\# one\n\\- two\n\\h1. x\n \\-3 \\-x",
		"see https://example.test/a_b-c*d .": "see https://example.test/a_b-c*d .",
		`C:\temp`:                            `C:\\temp`,
	} {
		require.Equal(t, want, wiki(plain))
	}
	simulated := simulate(t, desksim.Options{})
	desk := connect(t, config(t, simulated.URL, editionCloud, "pass-bridge", 10))
	ticket, err := desk.CreateTicket(t.Context(), newTicket(t, desk, "R/1"))
	require.NoError(t, err)
	body := "a *b* {code} C:\\temp\n\n[x] \\* https://example.test/a_b"
	_, err = desk.AddNote(t.Context(), providers.NewNote{TicketID: ticket.ID, Body: body})
	require.NoError(t, err)
	page, err := desk.FetchNotes(t.Context(), providers.NotesQuery{TicketID: ticket.ID})
	require.NoError(t, err)
	require.Equal(t, body, page.Notes[0].Body)
	require.Equal(t, "bold", text.FromHTML("<b>bold</b>"))
}

func TestATransitionCarriesTheFieldsThatItWants(t *testing.T) {
	settings := config(t, "https://example.atlassian.net", editionCloud, "pass-bridge", 10)
	settings.StatusFields = map[string]map[string]string{"resolved": {"resolution": "Done"}}
	require.Equal(t, map[string]any{"resolution": map[string]string{"name": "Done"}}, connect(t, settings).statusFields("Resolved"))
	simulated := simulate(t, desksim.Options{})
	desk := connect(t, config(t, simulated.URL, editionCloud, "pass-bridge", 10))
	ticket, err := desk.CreateTicket(t.Context(), newTicket(t, desk, "R/1"))
	require.NoError(t, err)
	_, err = desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: "Nowhere"})
	require.ErrorIs(t, err, providers.Invalid)
	require.ErrorContains(t, err, `leads from "Waiting for support" to "Nowhere"`)
}
