// Package e2e runs the main job with the real programs, the embedded Temporal server, the real
// Request Tracker and the real Znuny; `make e2e` starts them.
package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/devstack"
	"deskbridge/internal/payloads"
	"deskbridge/workflows"
)

// interval is how long a poll may take to see a change.
const interval = 5 * time.Second

// stack is everything that runs: server, worker, desk and the target of the automated steps.
type stack struct {
	folder, starter, address, ui string
	server, worker, api          *devstack.Process
	// root is the checkout; apiURL where the API is served, receiver where callbacks go.
	root, apiURL, receiver string
	issuer                 *issuer
	rt                     rt
	znuny                  *znuny
	simulated              *simulated
	mu                     sync.Mutex
	calls                  map[string]int
	callAt                 map[string]time.Time
	number                 int
}

func newStack(t *testing.T) *stack {
	t.Helper()
	url := os.Getenv("DESKBRIDGE_TEST_RT_URL")
	if url == "" {
		t.Skip("no real Request Tracker; `make e2e` starts one")
	}
	s := &stack{folder: t.TempDir(), calls: map[string]int{}, callAt: map[string]time.Time{}}
	tokens := os.Getenv("DESKBRIDGE_TEST_RT_TOKENS")
	root, err := os.ReadFile(filepath.Join(tokens, "token.root"))
	require.NoError(t, err)
	s.rt = rt{url + "/REST/2.0", strings.TrimSpace(string(root))}
	target := httptest.NewServer(http.HandlerFunc(s.target))
	t.Cleanup(target.Close)
	s.znuny, s.simulated, s.issuer = newZnuny(t), newSimulated(t), newIssuer(t)
	s.receiver, s.apiURL = freeAddress(t), "http://"+freeAddress(t)
	settings := fmt.Appendf(nil, configuration, s.folder, url, tokens, target.URL, s.znuny.connections()+s.simulated.connections(), s.receiver, s.apiURL, s.issuer.url)
	for name, content := range map[string]string{"key": strings.Repeat("k", 32), "callback.secret": callbackSecret} {
		require.NoError(t, os.WriteFile(filepath.Join(s.folder, name), []byte(content), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(s.folder, "deskbridge.yaml"), settings, 0o600))
	keys, err := payloads.NewKeys()
	require.NoError(t, err)
	require.NoError(t, keys.WriteNew(filepath.Join(s.folder, "payload.keys")))
	s.build(t)
	s.start(t)
	return s
}

const configuration = `
files: file://%[1]s/files
key: file:%[1]s/key
payload_keys: file:%[1]s/payload.keys
api: {url: "%[7]s", oidc: {issuer: "%[8]s", audience: deskbridge}}
callbacks:
  activate: {url: "http://%[6]s/hook", secret: "file:%[1]s/callback.secret"}
connections:
  rt: &rt
    desk: rt
    level: full
    queue: Support
    settings: &settings
      url: %[2]s
      token: file:%[3]s/token.bridge
      employee_field: ExternalUserID
      queues: [Support, Hardware]
    statuses: {new: waiting, open: waiting, stalled: waiting, resolved: completed, rejected: rejected}
    close_status: resolved
    cancel_status: rejected
    reopen_window: 1h
    poll: {fastest: 5s, slowest: 5s, sweep: 5s, overlap: 10s}
  rt-activate: {<<: *rt, callback: activate, protected: ["root", "svc-*"]}
  rt-log-only: {<<: *rt, level: log-only}
  rt-status-sync: {<<: *rt, level: status-sync}
  rt-weak:
    <<: *rt
    settings: {<<: *settings, token: "file:%[3]s/token.weak"}
%[5]s
targets:
  hand-out: {url: %[4]s/hand-out}
  broken: {url: %[4]s/broken}
  later: {url: %[4]s/later}
`

// target counts the calls of the automated steps.
func (s *stack) target(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := r.Header.Get("Idempotency-Key")
	s.calls[key]++
	s.callAt[key] = time.Now()
	switch r.URL.Path {
	case "/broken":
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	case "/later":
		w.WriteHeader(http.StatusAccepted)
		return
	}
	_, _ = io.WriteString(w, `{"done":true}`)
}

func (s *stack) called(key string) (int, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[key], s.callAt[key]
}

func (s *stack) build(t *testing.T) {
	t.Helper()
	root, err := devstack.Root(t.Context())
	require.NoError(t, err)
	s.root = root
	say := func(text string) { t.Log(text) }
	server, err := devstack.BuildServer(t.Context(), root, say)
	require.NoError(t, err)
	worker := filepath.Join(s.folder, "worker")
	s.starter = filepath.Join(s.folder, "starter")
	require.NoError(t, devstack.Build(t.Context(), root, "worker", worker, say))
	require.NoError(t, devstack.Build(t.Context(), root, "starter", s.starter, say))
	port, err := devstack.Port(0)
	require.NoError(t, err)
	uiPort, err := devstack.Port(0)
	require.NoError(t, err)
	s.address, s.ui = fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("http://127.0.0.1:%d", uiPort)
	s.server = devstack.Server(server, filepath.Join(s.folder, "temporal.db"), filepath.Join(s.folder, "temporal.log"), port, uiPort, 0)
	s.worker = devstack.NewProcess(filepath.Join(s.folder, "worker.log"), worker, []string{"TEMPORAL_ADDRESS=" + s.address},
		"-config", filepath.Join(s.folder, "deskbridge.yaml"), "-health", "")
	s.api = devstack.NewProcess(filepath.Join(s.folder, "api.log"), s.starter, []string{"TEMPORAL_ADDRESS=" + s.address},
		"--config", filepath.Join(s.folder, "deskbridge.yaml"), "serve", "--listen", strings.TrimPrefix(s.apiURL, "http://"))
}

// freeAddress is one on this machine where nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := devstack.Port(0)
	require.NoError(t, err)
	return fmt.Sprintf("127.0.0.1:%d", port)
}

func (s *stack) start(t *testing.T) {
	t.Helper()
	require.NoError(t, s.server.Start())
	t.Cleanup(s.server.Stop)
	require.NoError(t, devstack.AwaitServer(t.Context(), s.address))
	require.NoError(t, s.worker.Start())
	t.Cleanup(func() {
		s.worker.Stop()
		if log, err := os.ReadFile(filepath.Join(s.folder, "worker.log")); t.Failed() && err == nil {
			t.Logf("the worker's log:\n%s", log)
		}
	})
}

// run runs the starter and returns its exit code.
func (s *stack) run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), s.starter, args...)
	command.Dir = s.folder
	command.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+s.address)
	var out, err bytes.Buffer
	command.Stdout, command.Stderr = &out, &err
	_ = command.Run()
	return out.String(), err.String(), command.ProcessState.ExitCode()
}

// ok runs the starter, which must succeed, with JSON output into a value if one is given.
func (s *stack) ok(t *testing.T, into any, args ...string) string {
	t.Helper()
	if into != nil {
		args = append(args, "--output", "json")
	}
	stdout, stderr, code := s.run(t, args...)
	require.Zero(t, code, "starter %v: %s%s", args, stdout, stderr)
	if into != nil {
		require.NoError(t, json.Unmarshal([]byte(stdout), into), stdout)
	}
	return stdout
}

// request writes a request file.
func (s *stack) request(t *testing.T, format string, args ...any) string {
	t.Helper()
	s.number++
	path := filepath.Join(s.folder, fmt.Sprintf("request-%d.yaml", s.number))
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, format, args...), 0o600))
	return path
}

func (s *stack) unique(prefix string) string {
	s.number++
	return fmt.Sprintf("%s-%d-%d", prefix, time.Now().UnixNano(), s.number)
}

func (s *stack) view(t *testing.T, connection, key string) workflows.View {
	t.Helper()
	var view workflows.View
	s.ok(t, &view, "ticket", "view", key, "--connection", connection)
	return view
}

// logged waits until a ticket is in RT and waited for.
func (s *stack) logged(t *testing.T, connection, key string) string {
	t.Helper()
	number := ""
	eventually(t, func() bool {
		stdout, _, code := s.run(t, "ticket", "view", key, "--connection", connection, "--output", "json")
		var view workflows.View
		if code == 0 && json.Unmarshal([]byte(stdout), &view) == nil && view.Phase != workflows.PhaseLogging {
			number = view.Number
		}
		return number != ""
	}, "the ticket is logged")
	return number
}

func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, 2*time.Minute, 200*time.Millisecond, what)
}

// rt is the desk seen by its administrator.
type rt struct{ url, token string }

func (r rt) call(t *testing.T, method, path string, body, into any) {
	t.Helper()
	content, err := json.Marshal(body)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), method, r.url+path, bytes.NewReader(content))
	require.NoError(t, err)
	request.Header.Set("Authorization", "token "+r.token)
	request.Header.Set("Content-Type", "application/json")
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Less(t, response.StatusCode, 300, "%s %s: %s", method, path, answer)
	if into != nil {
		require.NoError(t, json.Unmarshal(answer, into), string(answer))
	}
}

func (r rt) set(t *testing.T, number, field, value string) {
	t.Helper()
	r.call(t, http.MethodPut, "/ticket/"+number, map[string]string{field: value}, nil)
}

func (r rt) write(t *testing.T, number, verb, text string) {
	t.Helper()
	r.call(t, http.MethodPost, "/ticket/"+number+"/"+verb, map[string]string{"Content": text, "ContentType": "text/plain"}, nil)
}

func (r rt) look(t *testing.T, number string) seen {
	t.Helper()
	ticket := r.ticket(t, number)
	require.Len(t, ticket.Requestor, 1)
	return seen{Queue: ticket.Queue.Name, Requester: ticket.Requestor[0].ID, Key: ticket.CustomFields[0].Values[0], Files: r.files(t, number), Resolved: "resolved", By: "root"}
}

func (r rt) reply(t *testing.T, number, text string) {
	t.Helper()
	r.write(t, number, "correspond", text)
}

func (r rt) resolve(t *testing.T, number string) {
	t.Helper()
	r.set(t, number, "Status", "resolved")
}

type rtTicket struct {
	Status       string
	Queue        struct{ Name string }
	Requestor    []struct{ ID string }
	CustomFields []struct {
		Name   string
		Values []string
	}
}

func (r rt) ticket(t *testing.T, number string) rtTicket {
	t.Helper()
	var ticket rtTicket
	r.call(t, http.MethodGet, "/ticket/"+number+"?fields%5BQueue%5D=Name", nil, &ticket)
	return ticket
}

// withKey counts the tickets that carry a key.
func (r rt) withKey(t *testing.T, key string) int {
	t.Helper()
	var found struct{ Total int }
	r.call(t, http.MethodGet, "/tickets?query=CF.%7BExternalID%7D%3D%27"+key+"%27", nil, &found)
	return found.Total
}

func (r rt) files(t *testing.T, number string) []string {
	t.Helper()
	var list struct{ Items []struct{ Filename string } }
	r.call(t, http.MethodGet, "/ticket/"+number+"/attachments?fields=Filename&per_page=100", nil, &list)
	var names []string
	for _, item := range list.Items {
		if item.Filename != "" {
			names = append(names, item.Filename)
		}
	}
	slices.Sort(names)
	return names
}
