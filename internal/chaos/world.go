package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"deskbridge/internal/desksim"
	"deskbridge/internal/devstack"
	"deskbridge/internal/faults"
	"deskbridge/internal/payloads"
	"deskbridge/providers/activate"
)

// desk is one simulated desk and its connection.
type desk struct {
	name   string
	vendor desksim.Vendor
	sample desksim.Sample
	table  *desksim.Desk
	faults faults.Injector
	// lag is the desk's search lag, clock how far its clock is off.
	lag, clock time.Duration
	// blind is a lag that nobody told the connection of.
	blind  time.Duration
	secret string
}

// theDesks differ in what matters: Zendesk has a native idempotency key, the others none; TOPdesk
// and Halo accept two users with one address; some searches lag, some clocks are wrong; Znuny
// speaks SOAP.
func theDesks() []*desk {
	return []*desk{
		{vendor: desksim.RT, clock: 7 * time.Minute},
		{vendor: desksim.Zendesk, lag: 6 * time.Second},
		{vendor: desksim.TOPdesk, lag: 6 * time.Second, clock: -5 * time.Minute},
		{vendor: desksim.Znuny},
		{vendor: desksim.ServiceNow, lag: 6 * time.Second, clock: 3 * time.Minute},
		{vendor: desksim.Halo, clock: -11 * time.Minute},
		{vendor: desksim.GLPI},
		{vendor: desksim.Jira},
	}
}

// The intervals of the watches.
const (
	interval = 15 * time.Second
	sweeping = 30 * time.Second
)

// badDay is how often answers break.
var badDay = faults.Rates{
	Lost: 0.10, Reset: 0.01, Error: 0.02, Limited: 0.01, Slow: 0.01,
	RetryAfter: 2 * time.Second, Delay: 2 * time.Second,
}

// world is everything that runs.
type world struct {
	folder string
	seed   uint64
	desks  []*desk
	target target
	token  string // of the API
	api    string
	// processes by name: server, worker 0, worker 1, api.
	server  *devstack.Process
	address string
	workers [2]*devstack.Process
	serving *devstack.Process
	health  [2]string
	// secrets are canaries that nothing may hold.
	secrets map[string]string
	saying  sync.Mutex

	mu      sync.Mutex
	killed  map[string]int
	outages []outage
	stops   []func()
}

// outage is a time in which a part of ours did not work.
type outage struct{ from, until time.Time }

func (w *world) say(format string, args ...any) {
	w.saying.Lock()
	defer w.saying.Unlock()
	fmt.Printf("%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

func newWorld(ctx context.Context, folder string, seed uint64, plant string) (w *world, err error) {
	w = &world{folder: folder, seed: seed, desks: theDesks(), killed: map[string]int{}, secrets: map[string]string{}}
	defer func() {
		if err != nil {
			w.stop()
		}
	}()
	w.target.init(seed)
	if plant != "" {
		sow, known := plantings[plant]
		if !known {
			return nil, fmt.Errorf("-plant %q: want one of %s", plant, strings.Join(plantNames(), ", "))
		}
		sow(w)
	}
	if err := w.openDesks(); err != nil {
		return nil, err
	}
	if err := w.configure(ctx); err != nil {
		return nil, err
	}
	return w, w.start(ctx)
}

// serve serves a handler on this machine until the end and returns its address.
func (w *world) serve(ctx context.Context, handler http.Handler) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	w.stops = append(w.stops, func() { _ = server.Close() })
	return "http://" + listener.Addr().String(), nil
}

// collect keeps traces as they are sent, for the search of what may not be in them.
func (w *world) collect(answer http.ResponseWriter, r *http.Request) {
	w.saying.Lock()
	defer w.saying.Unlock()
	file, err := os.OpenFile(filepath.Join(w.folder, tracesFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = io.Copy(file, r.Body)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		answer.WriteHeader(http.StatusInternalServerError)
	}
}

// tracesFile holds the traces of all programs.
const tracesFile = "traces.otlp"

func (w *world) openDesks() error {
	for i, d := range w.desks {
		d.name = string(d.vendor)
		d.sample, _ = desksim.SampleOf(d.vendor)
		d.secret = "canary-" + rand.Text()
		w.secrets["password of "+d.name] = d.secret
		var err error
		d.table, err = desksim.New(desksim.Options{
			Vendor: d.vendor, Queues: map[string][]string{"Support": {"ExternalID"}}, UserFields: []string{"ExternalUserID"},
			Accounts:  []desksim.Account{{Login: "deskbridge", Token: d.secret, Rights: true}, {Login: "rpc", Token: d.secret}},
			SearchLag: d.lag + d.blind, Clock: func() time.Time { return time.Now().Add(d.clock) },
		})
		if err != nil {
			return err
		}
		d.faults.Randomly(badDay, w.seed+uint64(i))
	}
	return nil
}

const configuration = `
files: file://%[1]s/files
key: file:%[1]s/key
payload_keys: file:%[1]s/payload.keys
api: {url: "%[2]s", rate: 100000}
callbacks:
  activate: {url: "%[3]s/callbacks", secret: "file:%[1]s/callback.secret"}
targets:
  mailbox: {url: "%[3]s/mailbox", authorization: "file:%[1]s/authorization"}
connections:
`

// configure makes secrets and the configuration.
func (w *world) configure(ctx context.Context) error {
	targets, err := w.serve(ctx, w.target.handler())
	if err != nil {
		return err
	}
	port, err := devstack.Port(0)
	if err != nil {
		return err
	}
	w.api, w.token = fmt.Sprintf("http://127.0.0.1:%d", port), "canary-token-"+rand.Text()
	w.secrets["token of the API"] = w.token
	signing := make([]byte, 32)
	if _, err := rand.Read(signing); err != nil {
		return err
	}
	contents := map[string]string{
		"key": "canary-key-" + rand.Text() + rand.Text(), "callback.secret": "whsec_" + base64.StdEncoding.EncodeToString(signing),
		"authorization": "Bearer canary-bearer-" + rand.Text(), "api.token": w.token,
	}
	var text strings.Builder
	fmt.Fprintf(&text, configuration, w.folder, w.api, targets)
	for _, d := range w.desks {
		var handler http.Handler
		address, err := w.serve(ctx, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
		if err != nil {
			return err
		}
		handler = d.faults.Wrap(d.table.Handler(address))
		contents[d.name+".secret"] = d.secret
		fmt.Fprintf(&text, `
  %[1]s:
    desk: %[1]s
    level: full
    queue: Support
    settings: %[2]s
    statuses: %[3]s
    close_status: %[4]s
    cancel_status: %[5]s
    reopen_window: 24h
    search_lag: %[6]s
    rate: 100
    poll: {fastest: %[7]s, slowest: %[7]s, sweep: %[8]s}
    callback: activate
`, d.name, fmt.Sprintf(d.sample.Settings, address, "file:"+w.folder+"/"+d.name+".secret"), d.sample.Mapping(), d.sample.Done[0], d.sample.Cancel(), d.lag+d.lag/2, interval, sweeping)
	}
	contents["deskbridge.yaml"] = text.String()
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(w.folder, name), []byte(content), 0o600); err != nil {
			return err
		}
		if name != "deskbridge.yaml" {
			w.secrets["file "+name] = strings.TrimPrefix(strings.TrimPrefix(content, "Bearer "), "whsec_")
		}
	}
	keys, err := payloads.NewKeys()
	if err != nil {
		return err
	}
	return keys.WriteNew(filepath.Join(w.folder, "payload.keys"))
}

// suggestAfter makes tickets and watches continue as new in the midst of it.
const suggestAfter = 60

func (w *world) start(ctx context.Context) error {
	root, err := devstack.Root(ctx)
	if err != nil {
		return err
	}
	say := func(text string) { w.say("%s", text) }
	program, err := devstack.BuildServer(ctx, root, say)
	if err != nil {
		return err
	}
	var ports [4]int
	for i := range ports {
		if ports[i], err = devstack.Port(0); err != nil {
			return err
		}
	}
	w.address = fmt.Sprintf("127.0.0.1:%d", ports[0])
	at := func(name string) string { return filepath.Join(w.folder, name) }
	for _, name := range []string{"worker", "starter"} {
		if err := devstack.Build(ctx, root, name, at(name), say); err != nil {
			return err
		}
	}
	w.server = devstack.Server(program, at("temporal.db"), at("temporal.log"), ports[0], ports[1], suggestAfter)
	collector, err := w.serve(ctx, http.HandlerFunc(w.collect))
	if err != nil {
		return err
	}
	temporal := []string{"TEMPORAL_ADDRESS=" + w.address, "OTEL_EXPORTER_OTLP_ENDPOINT=" + collector}
	for i := range w.workers {
		w.health[i] = fmt.Sprintf("127.0.0.1:%d", ports[2+i])
		w.workers[i] = devstack.NewProcess(at(fmt.Sprintf("worker%d.log", i)), at("worker"), temporal, "-config", at("deskbridge.yaml"), "-health", w.health[i])
	}
	w.serving = devstack.NewProcess(at("api.log"), at("starter"), temporal, "--config", at("deskbridge.yaml"), "serve", "--listen", strings.TrimPrefix(w.api, "http://"), "--static-token", at("api.token"))
	for _, process := range []*devstack.Process{w.server, w.workers[0], w.workers[1], w.serving} {
		if err := process.Start(); err != nil {
			return err
		}
		w.stops = append(w.stops, process.Stop)
		if process == w.server {
			if err := devstack.AwaitServer(ctx, w.address); err != nil {
				return err
			}
		}
	}
	if !await(ctx, time.Minute, time.Second/5, func() bool {
		return ok(ctx, "http://"+w.health[0]+"/readyz") && ok(ctx, "http://"+w.health[1]+"/readyz") && ok(ctx, w.api+"/readyz")
	}) {
		return errors.New("the programs do not get ready; see their logs in " + w.folder)
	}
	return nil
}

func (w *world) stop() {
	for i := range w.stops {
		w.stops[len(w.stops)-1-i]()
	}
}

// broken counts the answers that were broken at all desks and targets.
func (w *world) broken() int {
	count := w.target.faults.Broken()
	for _, d := range w.desks {
		count += d.faults.Broken()
	}
	return count
}

func ok(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode < 300
}

// await asks until a condition holds; false if it does not in time.
func await(ctx context.Context, within, every time.Duration, holds func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		if holds() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(every):
		}
	}
}

// target is what automated steps call, and what is told of happenings.
type target struct {
	faults faults.Injector
	mu     sync.Mutex
	// effects counts, by request, the keys under which its mailbox was made, calls how often.
	effects map[string]map[string]int
	// told are the events by the ID of their message.
	told map[string]activate.Event
}

func (t *target) init(seed uint64) {
	t.effects, t.told = map[string]map[string]int{}, map[string]activate.Event{}
	t.faults.Randomly(badDay, seed+100)
}

// heard says whether something of a workflow was told.
func (t *target) heard(workflow, kind string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, event := range t.told {
		if event.Data.Workflow == workflow && event.Type == kind {
			return true
		}
	}
	return false
}

func (t *target) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /mailbox", func(rw http.ResponseWriter, r *http.Request) {
		var call struct {
			Arguments struct {
				Request string `json:"request"`
			} `json:"arguments"`
		}
		if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.effects[call.Arguments.Request] == nil {
			t.effects[call.Arguments.Request] = map[string]int{}
		}
		t.effects[call.Arguments.Request][r.Header.Get("Idempotency-Key")]++
		_, _ = rw.Write([]byte(`{"done":true}`))
	})
	mux.HandleFunc("POST /callbacks", func(_ http.ResponseWriter, r *http.Request) {
		var event activate.Event
		if err := json.NewDecoder(r.Body).Decode(&event); err == nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.told[r.Header.Get("webhook-id")] = event
		}
	})
	return t.faults.Wrap(mux)
}

// calm lets all answers through again.
func (w *world) calm() {
	w.target.faults.Randomly(faults.Rates{}, 0)
	for _, d := range w.desks {
		d.faults.Randomly(faults.Rates{}, 0)
	}
}
