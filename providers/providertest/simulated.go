package providertest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
)

// Simulated is a simulated desk that is served.
type Simulated struct {
	Desk *desksim.Desk
	URL  string
}

// Simulate serves a vendor's desk with the queues Support and Hardware, and the accounts bridge
// with the password pass-bridge and weak, without rights, with pass-weak.
func Simulate(t *testing.T, options desksim.Options) Simulated {
	t.Helper()
	options.Queues = map[string][]string{"Support": nil, "Hardware": nil}
	options.Accounts = []desksim.Account{{Login: "bridge", Token: "pass-bridge", Rights: true}, {Login: "weak", Token: "pass-weak"}}
	desk, err := desksim.New(options)
	require.NoError(t, err)
	var protocol http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { protocol.ServeHTTP(w, r) }))
	protocol = desk.Handler(server.URL)
	t.Cleanup(server.Close)
	return Simulated{desk, server.URL}
}

// Login is the account of a credential of [Simulate]; somebody unknown has that of bridge.
func Login(credential string) string {
	if credential == "pass-weak" {
		return "weak"
	}
	return "bridge"
}

// SimulatedAgent works at a simulated desk, past the vendor's protocol.
func SimulatedAgent(desk *desksim.Desk) Agent { return simulatedAgent{desk} }

type simulatedAgent struct{ desk *desksim.Desk }

func (a simulatedAgent) number(t *testing.T, ticketID string) int {
	t.Helper()
	number := a.desk.Number(ticketID)
	require.NotZero(t, number, "there is no ticket %s", ticketID)
	return number
}

func (a simulatedAgent) SetStatus(t *testing.T, ticketID, status string) {
	t.Helper()
	require.NoError(t, a.desk.SetStatus(a.number(t, ticketID), status))
}

func (a simulatedAgent) Reply(t *testing.T, ticketID, html, fileName string) {
	t.Helper()
	require.NoError(t, a.desk.WriteAs(a.number(t, ticketID), desksim.Public, "text/html", html, fileName))
}

func (a simulatedAgent) Comment(t *testing.T, ticketID, text, fileName string) {
	t.Helper()
	require.NoError(t, a.desk.WriteAs(a.number(t, ticketID), desksim.Internal, "text/plain", text, fileName))
}

func (a simulatedAgent) Merge(t *testing.T, from, into string) {
	t.Helper()
	require.NoError(t, a.desk.Merge(a.number(t, from), a.number(t, into)))
}

func (a simulatedAgent) Delete(t *testing.T, ticketID string) {
	t.Helper()
	require.NoError(t, a.desk.Delete(a.number(t, ticketID)))
}

func (a simulatedAgent) Requesters(t *testing.T, ticketID string) []string {
	t.Helper()
	return a.desk.Requesters(a.number(t, ticketID))
}

func (a simulatedAgent) Files(t *testing.T, ticketID string) []string {
	t.Helper()
	return a.desk.Files(a.number(t, ticketID))
}
