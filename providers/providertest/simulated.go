package providertest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
)

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
