package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
	"deskbridge/internal/faults"
	"deskbridge/workflows"
)

// simulated are the desks for which there is no real server to be had.
type simulated struct {
	desks   map[string]*desksim.Desk
	servers map[string]string
	broken  map[string]*faults.Injector
}

// realDesks are those that the rest of this suite has for real.
var realDesks = []desksim.Vendor{desksim.RT, desksim.Znuny}

func newSimulated(t *testing.T) *simulated {
	t.Helper()
	s := &simulated{map[string]*desksim.Desk{}, map[string]string{}, map[string]*faults.Injector{}}
	for _, vendor := range desksim.Vendors() {
		if slices.Contains(realDesks, vendor) {
			continue
		}
		desk, err := desksim.New(desksim.Options{
			Vendor: vendor, Queues: map[string][]string{"Support": nil},
			Accounts: []desksim.Account{{Login: "deskbridge", Token: "pass-bridge", Rights: true}, {Login: "weak", Token: "pass-weak"}},
		})
		require.NoError(t, err)
		var protocol http.Handler
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { protocol.ServeHTTP(w, r) }))
		s.broken[string(vendor)] = &faults.Injector{}
		protocol = s.broken[string(vendor)].Wrap(desk.Handler(server.URL))
		t.Cleanup(server.Close)
		s.desks[string(vendor)], s.servers[string(vendor)] = desk, server.URL
	}
	t.Setenv("SIMULATED_BRIDGE", "pass-bridge")
	t.Setenv("SIMULATED_WRONG", "wrong")
	t.Setenv("SIMULATED_WEAK", "pass-weak")
	return s
}

// names are the connections of the desks, ServiceNow's two transports among them.
func (s *simulated) names() []string {
	names := []string{"servicenow-soap"}
	for name := range s.desks {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (s *simulated) desk(connection string) *desksim.Desk {
	return s.desks[strings.TrimSuffix(connection, "-soap")]
}

// connections is the part of the configuration: each desk, with a wrong password too, and what
// else can be wrong with those that have web services.
func (s *simulated) connections() string {
	var text strings.Builder
	for name, address := range s.servers {
		sample, _ := desksim.SampleOf(desksim.Vendor(name))
		fmt.Fprintf(&text, `
  %[1]s: &%[1]s
    desk: %[1]s
    level: full
    queue: Support
    settings: &%[1]s-settings %[2]s
    statuses: %[3]s
    close_status: %[4]s
    cancel_status: %[5]s
    poll: {fastest: 5s, slowest: 5s, sweep: 5s, overlap: 10s}
  %[1]s-password: {<<: *%[1]s, settings: %[6]s}
`, name, fmt.Sprintf(sample.Settings, address, "env:SIMULATED_BRIDGE"), sample.Mapping(), sample.Done[0], sample.Cancel(), fmt.Sprintf(sample.Settings, address, "env:SIMULATED_WRONG"))
	}
	text.WriteString(`
  topdesk-busy: {<<: *topdesk, rate: 1000}
  servicenow-soap: {<<: *servicenow, settings: {<<: *servicenow-settings, transport: soap}}
  servicenow-role: {<<: *servicenow, settings: {<<: *servicenow-settings, login: weak, password: "env:SIMULATED_WEAK"}}
  bmc-namespace: {<<: *bmc, settings: {<<: *bmc-settings, namespace: "urn:Other"}}
  zendesk-statuses: {<<: *zendesk, statuses: {new: waiting, open: waiting, solved: completed, done: completed}}
`)
	return text.String()
}

// vendors runs tickets through their life at each simulated desk: one that the agent is done
// with, and one that is closed from our side.
func (s *stack) vendors(t *testing.T) {
	type life struct {
		agents, ours string
		number       int
	}
	lives := map[string]*life{}
	for _, connection := range s.simulated.names() {
		at := &life{}
		at.agents, _ = s.ticket(t, connection)
		at.number = len(s.simulated.desk(connection).Tickets())
		s.ok(t, nil, "ticket", "note", at.agents, "Any news? ąę", "--connection", connection)
		s.ok(t, nil, "ticket", "attach", at.agents, "Vertrag żółć.pdf", "--connection", connection)
		at.ours, _ = s.ticket(t, connection)
		lives[connection] = at
	}
	for connection, at := range lives {
		desk := s.simulated.desk(connection)
		require.Equal(t, []string{"Vertrag żółć.pdf"}, desk.Files(at.number), connection)
		require.NoError(t, desk.Write(at.number, desksim.Internal, "among us"))
		require.NoError(t, desk.Write(at.number, desksim.Public, "We look into it."))
		s.ok(t, nil, "ticket", "close", at.ours, "Thank you, solved.", "--connection", connection)
	}
	for connection, at := range lives {
		eventually(t, func() bool { return len(s.view(t, connection, at.agents).Notes) == 2 }, connection+": the agent's note is seen")
		sample, _ := desksim.SampleOf(desksim.Vendor(strings.TrimSuffix(connection, "-soap")))
		require.NoError(t, s.simulated.desk(connection).SetStatus(at.number, sample.Done[0]))
	}
	for connection, at := range lives {
		t.Run(connection, func(t *testing.T) {
			for _, key := range []string{at.agents, at.ours} {
				var view workflows.View
				eventually(t, func() bool {
					view = s.view(t, connection, key)
					return view.Outcome != nil && view.Outcome.Result == workflows.OutcomeCompleted
				}, "the ticket is complete")
				require.NotContains(t, fmt.Sprint(view), "among us")
			}
		})
	}
}

func (s *stack) checkSimulated(t *testing.T) {
	for _, connection := range s.simulated.names() {
		require.Contains(t, s.ok(t, nil, "connections", "check", connection), "level full, reaches full")
	}
	wrong := map[string]string{
		"servicenow-role": "may not read sys_choice", "bmc-namespace": "web services do not",
		"zendesk-statuses": `the desk has no status "done"`,
	}
	for name := range s.simulated.desks {
		wrong[name+"-password"] = "refused"
	}
	for connection, want := range wrong {
		stdout, stderr, code := s.run(t, "connections", "check", connection)
		require.NotZero(t, code, connection)
		require.Contains(t, stdout+stderr, want, connection)
	}
}
