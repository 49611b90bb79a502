package e2e

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
	"deskbridge/workflows"
)

// simulated are the desks for which there is no real server to be had.
type simulated struct {
	desks   map[string]*desksim.Desk
	servers map[string]string
}

func newSimulated(t *testing.T) *simulated {
	t.Helper()
	s := &simulated{map[string]*desksim.Desk{}, map[string]string{}}
	for _, vendor := range []desksim.Vendor{desksim.ServiceNow, desksim.BMC} {
		desk, err := desksim.New(desksim.Options{
			Vendor: vendor, Queues: map[string][]string{"Support": nil},
			Accounts: []desksim.Account{{Login: "bridge", Token: "pass-bridge", Rights: true}, {Login: "weak", Token: "pass-weak"}},
		})
		require.NoError(t, err)
		server := httptest.NewServer(desk.Handler("http://desk.test"))
		t.Cleanup(server.Close)
		s.desks[string(vendor)], s.servers[string(vendor)] = desk, server.URL
	}
	t.Setenv("SIMULATED_BRIDGE", "pass-bridge")
	t.Setenv("SIMULATED_WEAK", "pass-weak")
	return s
}

// connections is the part of the configuration, with an account without rights for each desk.
func (s *simulated) connections() string {
	return fmt.Sprintf(`
  servicenow: &servicenow
    desk: servicenow
    level: full
    queue: Support
    settings: &servicenow-settings {url: %[1]s, login: bridge, password: "env:SIMULATED_BRIDGE", queues: [Support]}
    statuses: {Open: waiting, Work in Progress: waiting, Closed Complete: completed, Closed Incomplete: rejected, Closed Skipped: cancelled}
    close_status: Closed Complete
    cancel_status: Closed Skipped
    poll: {fastest: 5s, slowest: 5s, sweep: 5s, overlap: 10s}
  servicenow-soap: {<<: *servicenow, settings: {<<: *servicenow-settings, transport: soap}}
  servicenow-role: {<<: *servicenow, settings: {<<: *servicenow-settings, login: weak, password: "env:SIMULATED_WEAK"}}
  servicenow-password: {<<: *servicenow, settings: {<<: *servicenow-settings, transport: soap, password: "env:SIMULATED_WEAK"}}
  bmc: &bmc
    desk: bmc
    level: full
    queue: Support
    settings: &bmc-settings {url: %[2]s, web_services: %[2]s/arsys/services, server: itsm, company: Calbro Services, login: bridge, password: "env:SIMULATED_BRIDGE", queues: [Support]}
    statuses: {Assigned: waiting, In Progress: waiting, Resolved: completed, Cancelled: cancelled}
    close_status: Resolved
    cancel_status: Cancelled
    poll: {fastest: 5s, slowest: 5s, sweep: 5s, overlap: 10s}
  bmc-namespace: {<<: *bmc, settings: {<<: *bmc-settings, namespace: "urn:Other"}}
  bmc-password: {<<: *bmc, settings: {<<: *bmc-settings, password: "env:SIMULATED_WEAK"}}
`, s.servers["servicenow"], s.servers["bmc"])
}

// vendors runs a ticket through its life at each simulated desk.
func (s *stack) vendors(t *testing.T) {
	for connection, done := range map[string]string{"servicenow": "Closed Complete", "servicenow-soap": "Closed Complete", "bmc": "Resolved"} {
		t.Run(connection, func(t *testing.T) {
			desk := s.simulated.desks[strings.TrimSuffix(connection, "-soap")]
			key, _ := s.ticket(t, connection)
			ticketID := len(desk.Tickets())
			s.ok(t, nil, "ticket", "note", key, "Any news? ąę", "--connection", connection)
			require.NoError(t, desk.Write(ticketID, desksim.Internal, "among us"))
			require.NoError(t, desk.Write(ticketID, desksim.Public, "We look into it."))
			eventually(t, func() bool { return len(s.view(t, connection, key).Notes) == 2 }, "the agent's note is seen")
			require.NoError(t, desk.SetStatus(ticketID, done))
			var view workflows.View
			eventually(t, func() bool {
				view = s.view(t, connection, key)
				return view.Outcome != nil && view.Outcome.Result == workflows.OutcomeCompleted
			}, "the ticket is complete")
			require.Equal(t, done, view.Outcome.Status)
			require.NotContains(t, fmt.Sprint(view), "among us")
		})
	}
}

func (s *stack) checkSimulated(t *testing.T) {
	for _, connection := range []string{"servicenow", "servicenow-soap", "bmc"} {
		require.Contains(t, s.ok(t, nil, "connections", "check", connection), "level full, reaches full")
	}
	for connection, want := range map[string]string{
		"servicenow-role": "may not read sys_choice", "servicenow-password": "refused login or password",
		"bmc-namespace": "web services do not", "bmc-password": "refused login or password",
	} {
		stdout, stderr, code := s.run(t, "connections", "check", connection)
		require.NotZero(t, code, connection)
		require.Contains(t, stdout+stderr, want, connection)
	}
}
