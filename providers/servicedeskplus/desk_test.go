package servicedeskplus

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
	for edition, settings := range map[string]func(*testing.T, string, string, int) Config{"premises": premises, "cloud": cloud} {
		t.Run(edition, func(t *testing.T) {
			simulated := simulate(t)
			providertest.Run(t, providertest.Harness{
				URL: simulated.URL, Credential: "pass-bridge", Weak: "pass-weak", Agent: providertest.SimulatedAgent(simulated.Desk),
				Queue: "Support", Reopened: "Onhold", Done: "Resolved", Unknown: "nonsense",
				SomeID: "123640001", MissingID: "987654321", MissingUserID: "987654321", Attribute: "jobtitle",
				Traits: providertest.Traits{
					Identities: []providers.Identity{providers.ByEmployeeNumber, providers.ByLogin, providers.ByEmail}, Renames: true, OrdersNotes: true, TellsHidden: true,
				},
				IsCreate: func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Path == "/api/v3/requests" },
				IsNote: func(r *http.Request) bool {
					return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/notes")
				},
				IsUpload: func(r *http.Request) bool {
					return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "upload")
				},
				New: func(t *testing.T, address, credential string, pageSize int) providers.Desk {
					return connect(t, settings(t, address, credential, pageSize))
				},
			})
		})
	}
}

func simulate(t *testing.T) providertest.Simulated {
	t.Helper()
	return providertest.Simulate(t, desksim.Options{Vendor: desksim.ServiceDeskPlus})
}

func premises(t *testing.T, address, key string, pageSize int) Config {
	t.Helper()
	return Config{URL: address, TechnicianKey: providertest.Secret(t, key), KeyField: "udf_sline_901", Queues: []string{"Support"}, PageSize: pageSize}
}

func cloud(t *testing.T, address, refresh string, pageSize int) Config {
	t.Helper()
	return Config{
		URL: address, Accounts: address, ClientID: "1000.X", ClientSecret: providertest.Secret(t, "client secret"), RefreshToken: providertest.Secret(t, refresh),
		KeyField: "udf_sline_901", Queues: []string{"Support"}, PageSize: pageSize,
	}
}

func connect(t *testing.T, settings Config) *Desk {
	t.Helper()
	desk, err := New(settings)
	require.NoError(t, err)
	return desk
}

func TestClosingTellsWhy(t *testing.T) {
	desk := connect(t, premises(t, simulate(t).URL, "pass-bridge", 10))
	user, err := desk.CreateUser(t.Context(), providers.NewUser{Email: "anna@example.test"})
	require.NoError(t, err)
	require.Equal(t, "anna@example.test", user.DisplayName)
	ticket, err := desk.CreateTicket(t.Context(), providers.NewTicket{Key: "R/1", Queue: "Support", RequesterID: user.ID, Subject: "s", Fields: map[string]string{"category": "x"}})
	require.NoError(t, err)
	require.NotEqual(t, ticket.ID, ticket.Number)
	ticket, err = desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: "Closed"})
	require.NoError(t, err, "with the closure that the desk wants")
	require.Equal(t, "Closed", ticket.Status)
	no := false
	_, err = desk.UpdateUser(t.Context(), providers.UserUpdate{UserID: user.ID, Active: &no})
	require.ErrorIs(t, err, providers.Unsupported)
}

func TestTheRecordedAnswersAreRead(t *testing.T) {
	content, err := os.ReadFile("testdata/sdp-request.json")
	require.NoError(t, err)
	var one struct {
		Request request
		Status  json.RawMessage `json:"response_status"`
	}
	require.NoError(t, json.Unmarshal(content, &one))
	desk := connect(t, premises(t, "https://sdp.example.com:8443", "x", 10))
	require.Equal(t, providers.Ticket{
		ID: "123640000000240013", Number: "102", Subject: "Test create request", Status: "Open", Queue: "Network", RequesterIDs: []string{"123640000000244019"},
		CreatedAt: time.UnixMilli(1593000300533).UTC(), UpdatedAt: time.UnixMilli(1593012464184).UTC(),
		URL: "https://sdp.example.com:8443/WorkOrder.do?woMode=viewWO&woID=123640000000240013",
	}, desk.ticket(one.Request))
	status, told := readStatus(one.Status)
	require.True(t, told)
	require.Equal(t, success, status.Code)
	content, err = os.ReadFile("testdata/sdp-request-list.json")
	require.NoError(t, err)
	var list struct {
		Requests []request
		Status   json.RawMessage `json:"response_status"`
	}
	require.NoError(t, json.Unmarshal(content, &list))
	status, told = readStatus(list.Status)
	require.True(t, told, "of a list it is an array")
	require.Equal(t, success, status.Code)
	ticket := desk.ticket(list.Requests[0])
	require.Equal(t, "74", ticket.Number)
	require.Equal(t, ticket.CreatedAt, ticket.UpdatedAt, "a request that was not changed has no time of change")
}

func TestSizesAreReadInEveryForm(t *testing.T) {
	for raw, want := range map[string]int64{`12`: 12, `"12"`: 12, `{"value":"12","display_value":"12 B"}`: 12, `"12 KB"`: -1, ``: -1, `null`: -1} {
		require.Equal(t, want, size(json.RawMessage(raw)), raw)
	}
}

func TestAFileOfAnotherHostGetsNoCredentials(t *testing.T) {
	desk := connect(t, premises(t, "https://sdp.example.com:8443", "x", 10))
	at, err := desk.resolve("test", "/api/v3/requests/1/attachments/2")
	require.NoError(t, err)
	require.Equal(t, "https://sdp.example.com:8443/api/v3/requests/1/attachments/2", at)
	for _, address := range []string{"", "https://elsewhere.example/x", "//elsewhere.example/x", "http://sdp.example.com:8443/x"} {
		_, err := desk.resolve("test", address)
		require.ErrorIs(t, err, providers.Malformed, address)
	}
}

func TestANoteWithoutTheFlagIsInternal(t *testing.T) {
	yes := true
	require.False(t, note{}.entry().Public)
	require.True(t, note{Shown: &yes}.entry().Public)
}
