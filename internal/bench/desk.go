package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"deskbridge/internal/desksim"
)

// serve serves a handler on this machine and returns its address.
func serve(ctx context.Context, handler http.Handler) (address string, stop func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}

// peerDesk is the cheapest desk there can be: a GET a ticket.
type peerDesk struct {
	calls atomic.Int64
	mu    sync.Mutex
	done  map[string]bool
	all   bool
}

const doneText = "done"

func (d *peerDesk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.calls.Add(1)
	d.mu.Lock()
	done := d.all || d.done[strings.TrimPrefix(r.URL.Path, "/")]
	d.mu.Unlock()
	if done {
		_, _ = io.WriteString(w, doneText)
		return
	}
	_, _ = io.WriteString(w, "open")
}

func (d *peerDesk) resolve(tickets ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, ticket := range tickets {
		d.done[ticket] = true
	}
}

// realDesk is a simulated Request Tracker, whose calls are counted.
type realDesk struct {
	table   *desksim.Desk
	calls   atomic.Int64
	address string
	stop    func()
}

const deskSecret = "bench"

func newRealDesk(ctx context.Context) (*realDesk, error) {
	table, err := desksim.New(desksim.Options{
		Vendor: desksim.RT, Queues: map[string][]string{"Support": {"ExternalID"}}, UserFields: []string{"ExternalUserID"},
		Accounts: []desksim.Account{{Login: "deskbridge", Token: deskSecret, Rights: true}},
	})
	if err != nil {
		return nil, err
	}
	d := &realDesk{table: table}
	var handler http.Handler
	d.address, d.stop, err = serve(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.calls.Add(1)
		handler.ServeHTTP(w, r)
	}))
	handler = table.Handler(d.address)
	return d, err
}

// resolve ends a ticket, which is named by the desk's ID.
func (d *realDesk) resolve(id string) error { return d.table.SetStatus(d.table.Number(id), "resolved") }

// agent resolves every ticket as soon as it is there, until the context ends.
func (d *realDesk) agent(ctx context.Context) {
	resolved := map[int]bool{}
	for sleep(ctx, 200*time.Millisecond) == nil {
		for _, ticket := range d.table.Tickets() {
			if !resolved[ticket.ID] {
				resolved[ticket.ID] = d.table.SetStatus(ticket.ID, "resolved") == nil
			}
		}
	}
}

const configuration = `
files: file://%[1]s/files
key: file:%[1]s/key
payload_keys: file:%[1]s/payload.keys
api: {url: "%[2]s", rate: 100000}
targets:
  mailbox: {url: "%[3]s/mailbox"}
connections:
  rt:
    desk: rt
    level: full
    queue: Support
    settings: %[4]s
    statuses: %[5]s
    close_status: resolved
    cancel_status: rejected
    reopen_window: 1ms
    rate: 100000
    poll: {fastest: %[6]s, slowest: %[6]s, sweep: 1h, overlap: 1s}
`

func configurationOf(folder, api, target string, d *realDesk, interval time.Duration) string {
	sample, _ := desksim.SampleOf(desksim.RT)
	return fmt.Sprintf(configuration, folder, api, target, fmt.Sprintf(sample.Settings, d.address, "file:"+folder+"/desk.secret"), sample.Mapping(), interval)
}
