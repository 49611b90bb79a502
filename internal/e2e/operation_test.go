package e2e

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"deskbridge/activities"
	"deskbridge/internal/config"
	"deskbridge/internal/desksim"
	"deskbridge/internal/devstack"
	"deskbridge/internal/ops"
	"deskbridge/internal/parked"
	"deskbridge/internal/payloads"
	"deskbridge/workflows"
)

// TestOperation is about a Deskbridge that is large, busy, upgraded or far away. Each case has a
// Temporal server of its own, and simulated desks.
func TestOperation(t *testing.T) {
	t.Run("a thousand tickets wait at a desk that allows 500 calls an hour", budgeted)
	t.Run("a dead desk does not slow another", isolated)
	t.Run("who waits at a screen goes before those whose tickets are to be logged", prioritized)
	t.Run("what waits is finished by the next version of the worker", upgraded)
	t.Run("a server beyond mutual TLS is served by a worker of one connection", remote)
	t.Run("metrics and traces tell what an operator asks and nothing of people", observed)
}

// operated is a stack with simulated desks only.
type operated struct {
	*stack
	desks  map[string]*desksim.Desk
	health string
	keys   *payloads.Keys
	// behind is how far the desks' clocks are behind ours, in nanoseconds.
	behind *atomic.Int64
}

// newOperated builds the programs and starts the server; further is the rest of each connection by name,
// and wrap stands before the desk of that name.
func newOperated(t *testing.T, connections map[string]string, wrap func(name string, desk http.Handler) http.Handler) *operated {
	t.Helper()
	if os.Getenv("DESKBRIDGE_TEST_RT_URL") == "" {
		t.Skip("for the suite `make e2e`")
	}
	o := &operated{stack: &stack{folder: t.TempDir(), calls: map[string]int{}, callAt: map[string]time.Time{}}, desks: map[string]*desksim.Desk{}, health: freeAddress(t), behind: &atomic.Int64{}}
	target := httptest.NewServer(http.HandlerFunc(o.target))
	t.Cleanup(target.Close)
	o.apiURL = "http://" + freeAddress(t)
	var text strings.Builder
	fmt.Fprintf(&text, "files: file://%[1]s/files\nkey: file:%[1]s/key\npayload_keys: file:%[1]s/payload.keys\napi: {url: %[2]q}\ntargets: {hand-out: {url: \"%[3]s/hand-out\"}}\nconnections:\n", o.folder, o.apiURL, target.URL)
	for name, further := range connections {
		vendor := desksim.Vendor(strings.TrimSuffix(name, "-dead"))
		desk, err := desksim.New(desksim.Options{
			Vendor: vendor, Queues: map[string][]string{"Support": {"ExternalID"}}, UserFields: []string{"ExternalUserID"},
			Accounts: []desksim.Account{{Login: "deskbridge", Token: "pass-bridge", Rights: true}},
			Clock:    func() time.Time { return time.Now().Add(-time.Duration(o.behind.Load())) },
		})
		require.NoError(t, err)
		var handler http.Handler
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
		t.Cleanup(server.CloseClientConnections)
		handler = wrap(name, desk.Handler(server.URL))
		sample, _ := desksim.SampleOf(vendor)
		fmt.Fprintf(&text, "  %s:\n    desk: %s\n    level: full\n    queue: Support\n    settings: %s\n    statuses: %s\n    close_status: %s\n    cancel_status: %s\n    %s\n",
			name, vendor, fmt.Sprintf(sample.Settings, server.URL, "file:"+o.folder+"/desk.secret"), sample.Mapping(), sample.Done[0], sample.Cancel(), further)
		o.desks[name] = desk
	}
	for file, content := range map[string]string{"key": strings.Repeat("k", 32), "desk.secret": "pass-bridge", "deskbridge.yaml": text.String()} {
		require.NoError(t, os.WriteFile(filepath.Join(o.folder, file), []byte(content), 0o600))
	}
	keys, err := payloads.NewKeys()
	require.NoError(t, err)
	require.NoError(t, keys.WriteNew(filepath.Join(o.folder, "payload.keys")))
	o.keys = keys
	o.build(t)
	require.NoError(t, o.server.Start())
	t.Cleanup(o.server.Stop)
	require.NoError(t, devstack.AwaitServer(t.Context(), o.address))
	return o
}

// work starts a worker, under a name for its log, and waits until it is ready.
func (o *operated) work(t *testing.T, name string, environment []string, args ...string) *devstack.Process {
	t.Helper()
	health := freeAddress(t)
	if name == "worker" {
		health = o.health
	}
	log := filepath.Join(o.folder, name+".log")
	process := devstack.NewProcess(log, filepath.Join(o.folder, "worker"), append([]string{"TEMPORAL_ADDRESS=" + o.address}, environment...),
		append([]string{"-config", filepath.Join(o.folder, "deskbridge.yaml"), "-health", health}, args...)...)
	require.NoError(t, process.Start())
	t.Cleanup(func() {
		process.Kill() // nobody waits for what it does
		if text, err := os.ReadFile(log); t.Failed() && err == nil {
			t.Logf("the end of the log of %s:\n%s", name, text[max(0, len(text)-5000):])
		}
	})
	eventually(t, func() bool { return get(health, "/readyz") != "" }, name+" is ready")
	return process
}

// get reads a page; empty if it does not answer well.
func get(address, path string) string {
	answer, err := http.Get("http://" + address + path) //nolint:noctx // a test's
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK {
		return ""
	}
	return string(text) + "\n"
}

// dial connects to the server, with the keys.
func (o *operated) dial(t *testing.T) client.Client {
	t.Helper()
	options := client.Options{HostPort: o.address}
	o.keys.Apply(&options)
	connected, err := client.DialContext(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(connected.Close)
	return connected
}

// fulfil asks for a ticket, and returns its key.
func (o *operated) fulfil(t *testing.T, connection string) string {
	t.Helper()
	id := o.unique("O")
	o.ok(t, nil, "fulfil", "--file", o.request(t, `
connection: %s
request_id: %s
requester: {login: %[2]s, email: %[2]s@example.test, display_name: Anna Żółć}
steps:
  - {id: ticket, ticket: {subject: Laptop für Anna Żółć, body: Please prepare a laptop.}}
  - {id: hand-out, needs: [ticket], action: {target: hand-out}}
`, connection, id))
	return id + "/ticket"
}

func (o *operated) resolve(t *testing.T, connection, number string) {
	t.Helper()
	desk := o.desks[connection]
	sample, _ := desksim.SampleOf(desksim.Vendor(connection))
	for _, ticket := range desk.Tickets() {
		if fmt.Sprint(ticket.ID) == number || desk.Number(number) == ticket.ID {
			require.NoError(t, desk.SetStatus(ticket.ID, sample.Done[0]))
			return
		}
	}
	t.Fatalf("no ticket %s at %s", number, connection)
}

// budgeted: Jira reads tickets one by one, so that a sweep of a thousand is a thousand calls.
func budgeted(t *testing.T) {
	const tickets, calls = 1000, 500
	var counting, counted atomic.Int64
	o := newOperated(t, map[string]string{
		"jira": fmt.Sprintf("budget: {calls: %d, per: 1h}\n    poll: {fastest: 15s, slowest: 15s, sweep: 1m}", calls),
	}, func(_ string, desk http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			counted.Add(counting.Load())
			desk.ServeHTTP(w, r)
		})
	})
	loaded, err := config.Load(filepath.Join(o.folder, "deskbridge.yaml"))
	require.NoError(t, err)
	adapter, err := loaded.Connections["jira"].NewDesk()
	require.NoError(t, err)
	connected := o.dial(t)
	o.work(t, "worker", nil)
	lot := parked.Lot{Client: connected, Connection: loaded.Connections["jira"].Steering("jira"), Desk: adapter}
	o.behind.Store(int64(3 * time.Hour)) // they were logged long ago
	waiting, err := lot.Park(t.Context(), tickets)
	require.NoError(t, err)
	o.behind.Store(0)

	counting.Store(1)
	began := time.Now()
	watch, err := workflows.NewWatch(lot.Connection, began)
	require.NoError(t, err)
	require.NoError(t, (&activities.Common{Client: connected}).StartWatch(t.Context(), watch))
	time.Sleep(20 * time.Second) // the sweep has spent what it may
	o.resolve(t, "jira", waiting[5].ID)
	resolved := time.Now()
	key := strings.TrimPrefix(waiting[6].WorkflowID, "ticket/jira/")
	o.ok(t, nil, "ticket", "note", key, "Any news?", "--connection", "jira")
	noted := time.Since(resolved)
	eventually(t, func() bool {
		return o.tryView(t, "jira", strings.TrimPrefix(waiting[5].WorkflowID, "ticket/jira/")).Outcome != nil
	}, "a change is heard of although a sweep of a thousand tickets is under way")
	heard := time.Since(resolved)
	elapsed := time.Since(began)
	counting.Store(0)
	allowed := int64(calls/20 + float64(calls)*elapsed.Hours() + 1)
	t.Logf("%d calls in %s, %d allowed; note delivered after %s, change heard after %s", counted.Load(), elapsed.Round(time.Second), allowed, noted.Round(time.Second/10), heard.Round(time.Second/10))
	require.LessOrEqual(t, counted.Load(), allowed)
	require.Greater(t, counted.Load(), int64(5), "the desk is asked")
	require.Less(t, noted, 30*time.Second, "a note waits for at most a few tokens of the budget")
	require.Less(t, heard, time.Minute, "two intervals, and what reading the ticket takes from the budget")
}

// isolated compares how long a ticket takes at a live desk, alone and beside one that never answers.
func isolated(t *testing.T) {
	poll := "poll: {fastest: 5s, slowest: 5s, sweep: 1h}"
	o := newOperated(t, map[string]string{"rt": poll, "zendesk-dead": poll}, func(name string, desk http.Handler) http.Handler {
		if name == "rt" {
			return desk
		}
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	})
	o.work(t, "worker", nil)
	took := func() time.Duration {
		var all []time.Duration
		for range 5 {
			began := time.Now()
			o.logged(t, "rt", o.fulfil(t, "rt"))
			all = append(all, time.Since(began))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	took() // the first of all are slower
	alone := took()
	var asking sync.WaitGroup
	paths := make([]string, 40)
	for i := range paths {
		paths[i] = o.request(t, "connection: zendesk-dead\nrequest_id: %s\nrequester: {login: boss, display_name: The Boss}\nsteps: [{id: ticket, ticket: {subject: x, body: y}}]\n", o.unique("D"))
	}
	for _, path := range paths {
		asking.Go(func() { o.run(t, "fulfil", "--file", path) })
	}
	asking.Wait()
	beside := took()
	hung := strings.Fields(strings.SplitN(mustRead(t, paths[0]), "request_id: ", 2)[1])[0]
	eventually(t, func() bool {
		stdout, _, _ := o.run(t, "why", hung)
		return strings.Contains(stdout, "no answer in time") && strings.Contains(stdout, "starter connections check zendesk-dead")
	}, "a request that hangs says why")
	ratio := float64(beside) / float64(alone)
	t.Logf("a ticket is logged in %s alone, in %s beside 40 at a dead desk: ratio %.2f", alone, beside, ratio)
	require.Less(t, ratio, 2.0)
}

// prioritized: the desk takes an activity a second, and has a long queue.
func prioritized(t *testing.T) {
	const queued = 20
	o := newOperated(t, map[string]string{"rt": "rate: 1\n    poll: {fastest: 30s, slowest: 30s, sweep: 1h}"}, func(_ string, desk http.Handler) http.Handler { return desk })
	o.work(t, "worker", nil)
	key := o.fulfil(t, "rt")
	o.logged(t, "rt", key)
	for range queued {
		o.fulfil(t, "rt")
	}
	o.ok(t, nil, "ticket", "note", key, "Any news?", "--connection", "rt")
	logged := len(o.desks["rt"].Tickets()) - 1
	t.Logf("the note came when %d of %d tickets were logged", logged, queued)
	require.Less(t, logged, queued/2)
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// upgraded: version A logs, version B finishes; nothing but the worker changes.
func upgraded(t *testing.T) {
	o := newOperated(t, map[string]string{"rt": "poll: {fastest: 2s, slowest: 2s, sweep: 10s}\n    reopen_window: 1s"}, func(_ string, desk http.Handler) http.Handler { return desk })
	const deployment = "deskbridge"
	_, stderr, code := o.run(t, "deployment", "promote", deployment, "A")
	require.Equal(t, 4, code, stderr)
	require.Contains(t, stderr, "no worker of it has run yet")
	a := o.work(t, "worker-a", nil, "-deployment", deployment, "-build-id", "A")
	promote := func(version string) {
		eventually(t, func() bool {
			_, _, code := o.run(t, "deployment", "promote", deployment, version)
			return code == 0
		}, version+" is promoted")
	}
	promote("A")
	keys := []string{o.fulfil(t, "rt"), o.fulfil(t, "rt")}
	numbers := []string{o.logged(t, "rt", keys[0]), o.logged(t, "rt", keys[1])}
	eventually(t, func() bool {
		return strings.Contains(o.ok(t, nil, "why", numbers[0]), "an agent must resolve the ticket")
	}, "a ticket that waits says so")
	_, stderr, code = o.run(t, "why", "R-unknown")
	require.Equal(t, 4, code)
	require.Contains(t, stderr, "starter list")

	o.work(t, "worker-b", nil, "-deployment", deployment, "-build-id", "B")
	eventually(t, func() bool {
		return strings.Contains(o.ok(t, nil, "deployment", "show", deployment), "B")
	}, "B is known")
	promote("B")
	a.Stop()
	connected := o.dial(t)
	o.replay(t, connected, keys) // B's code takes A's histories, as its CI has it
	for _, number := range numbers {
		o.resolve(t, "rt", number)
	}
	for _, key := range keys {
		request := "fulfilment/rt/" + strings.TrimSuffix(key, "/ticket")
		eventually(t, func() bool {
			described, err := connected.DescribeWorkflowExecution(t.Context(), request, "")
			return err == nil && described.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
		}, request+" is finished by B")
		require.Equal(t, []string{"A", "B"}, o.versionsOf(t, connected, request))
		calls, _ := o.called(strings.TrimSuffix(key, "/ticket") + "/hand-out")
		require.Equal(t, 1, calls, "the automated step runs once")
	}
	require.Regexp(t, `B\s+current`, o.ok(t, nil, "deployment", "show", deployment))
}

// eventsOf reads a run's history.
func eventsOf(t *testing.T, connected client.Client, id string) []*history.HistoryEvent {
	t.Helper()
	var events []*history.HistoryEvent
	for pages := connected.GetWorkflowHistory(t.Context(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); pages.HasNext(); {
		event, err := pages.Next()
		require.NoError(t, err)
		events = append(events, event)
	}
	return events
}

// versionsOf lists the versions that carried a run on, in order.
func (o *operated) versionsOf(t *testing.T, connected client.Client, id string) []string {
	var versions []string
	for _, event := range eventsOf(t, connected, id) {
		if version := event.GetWorkflowTaskCompletedEventAttributes().GetDeploymentVersion().GetBuildId(); version != "" {
			versions = append(versions, version)
		}
	}
	return slices.Compact(versions)
}

func (o *operated) replay(t *testing.T, connected client.Client, keys []string) {
	t.Helper()
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{DataConverter: o.keys.Converter()})
	require.NoError(t, err)
	workflows.Register(replayer)
	for _, key := range keys {
		for _, id := range []string{"ticket/rt/" + key, "fulfilment/rt/" + strings.TrimSuffix(key, "/ticket")} {
			events := eventsOf(t, connected, id)
			require.Greater(t, len(events), 5)
			require.NoError(t, replayer.ReplayWorkflowHistory(nil, &history.History{Events: events}), id)
		}
	}
}

// remote: the server is behind a proxy that takes nobody without our certificate, as Temporal Cloud
// does; a worker there serves one connection, and outward connections are all it makes.
func remote(t *testing.T) {
	poll := "poll: {fastest: 5s, slowest: 5s, sweep: 1h}"
	o := newOperated(t, map[string]string{"rt": poll, "zendesk": poll}, func(_ string, desk http.Handler) http.Handler { return desk })
	proxied, authority, certificate, key := o.mutualTLS(t)
	environment := []string{
		"TEMPORAL_ADDRESS=" + proxied, "TEMPORAL_TLS=true", "TEMPORAL_TLS_SERVER_CA_CERT_PATH=" + authority,
		"TEMPORAL_TLS_CLIENT_CERT_PATH=" + certificate, "TEMPORAL_TLS_CLIENT_KEY_PATH=" + key,
	}
	o.work(t, "worker", environment, "-connections", "zendesk", "-workflows")
	require.NotEmpty(t, o.logged(t, "zendesk", o.fulfil(t, "zendesk")))
	inside := o.fulfil(t, "rt") // whose desk only a worker in the customer's network reaches
	eventually(t, func() bool {
		stdout, _, _ := o.run(t, "why", "rt/"+strings.TrimSuffix(inside, "/ticket"))
		return strings.Contains(stdout, "start a worker: none serves the task queue desk/rt")
	}, "a request without a worker for its desk says so")
	o.work(t, "worker-rt", environment, "-connections", "rt")
	require.NotEmpty(t, o.logged(t, "rt", inside))
	for name, value := range map[string]string{"TEMPORAL_ADDRESS": proxied, "TEMPORAL_TLS": "true", "TEMPORAL_TLS_SERVER_CA_CERT_PATH": authority} {
		t.Setenv(name, value)
	}
	o.address = proxied
	_, stderr, code := o.run(t, "list")
	require.NotZero(t, code, "without a certificate nobody gets in")
	require.Contains(t, stderr, "no server at "+proxied)
	t.Setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", certificate)
	t.Setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", key)
	require.Contains(t, o.ok(t, nil, "list"), "fulfilment/rt/")
}

// mutualTLS stands before the server and demands a certificate.
func (o *operated) mutualTLS(t *testing.T) (address, authority, certificate, key string) {
	t.Helper()
	at := func(name, kind string, content []byte) string {
		path := filepath.Join(o.folder, name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600))
		return path
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "deskbridge test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	authority, certificate, key = at("ca.pem", "CERTIFICATE", signed), at("client.pem", "CERTIFICATE", signed), at("client.key", "PRIVATE KEY", encoded)
	pool := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(signed)
	require.NoError(t, err)
	pool.AddCert(parsed)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{signed}, PrivateKey: private}}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12,
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	server := o.address
	go func() {
		for {
			outside, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer outside.Close()
				inside, err := new(net.Dialer).DialContext(context.Background(), "tcp", server)
				if err != nil {
					return
				}
				defer inside.Close()
				go func() { _, _ = io.Copy(inside, outside) }()
				_, _ = io.Copy(outside, inside)
			}()
		}
	}()
	return listener.Addr().String(), authority, certificate, key
}

// observed reads what is exported while a request is carried out.
func observed(t *testing.T) {
	var mu sync.Mutex
	var traces []byte
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		traces = append(traces, body...)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(collector.Close)
	o := newOperated(t, map[string]string{"rt": "poll: {fastest: 2s, slowest: 2s, sweep: 10s}"}, func(_ string, desk http.Handler) http.Handler { return desk })
	process := o.work(t, "worker", []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL})
	key := o.fulfil(t, "rt")
	number := o.logged(t, "rt", key)
	o.ok(t, nil, "ticket", "note", key, "Any news?", "--connection", "rt")
	_, _, code := o.run(t, "ticket", "attach", key, "missing.pdf", "--connection", "rt")
	require.NotZero(t, code)
	o.resolve(t, "rt", number)
	eventually(t, func() bool {
		calls, _ := o.called(strings.TrimSuffix(key, "/ticket") + "/hand-out")
		return calls > 0
	}, "the step after the ticket is done")

	// Only failures have these.
	absent := map[string]bool{"temporal_workflow_task_execution_failed_total": true, "temporal_activity_execution_failed_total": true}
	var metrics string
	eventually(t, func() bool {
		metrics = get(o.health, "/metrics")
		for _, name := range ops.Metrics() {
			if name != "deskbridge_attention" && !absent[name] && !strings.Contains(metrics, "\n"+name+"{") {
				return false
			}
		}
		return true
	}, "the worker has each metric that rules and dashboard ask for")
	require.Contains(t, metrics, `deskbridge_desk_call_seconds_count{connection="rt",status="201"}`)
	process.Stop() // sends the last spans
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{"deskbridge-worker", "RunActivity:LogTicket", "POST /ticket", "url.template", "RunWorkflow:Ticket"} {
		if !bytes.Contains(traces, []byte(want)) {
			t.Errorf("no span has %q", want)
		}
	}
	for _, secret := range []string{"Anna", "Żółć", "@example.test", "Laptop", "Any news", "pass-bridge", "Please prepare"} {
		if bytes.Contains(traces, []byte(secret)) || strings.Contains(metrics, secret) {
			t.Errorf("a span or a metric holds %q", secret)
		}
	}
}
