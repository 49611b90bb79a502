package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"deskbridge/internal/desksim"
	"deskbridge/internal/devstack"
	"deskbridge/internal/faults"
)

func (a *app) devCommand() *cobra.Command {
	var folder, vendor string
	var auto, broken bool
	command := &cobra.Command{
		Use: "dev", Short: "Run everything on this machine, with a simulated desk",
		Long: "Run everything on this machine: a Temporal server with its Web UI, a simulated service desk with a page for its agent, a worker, and the onboarding of a sample joiner.\n" +
			"State is kept in a folder: stop it, start it, and the waiting ticket still waits. With TEMPORAL_ADDRESS set, that server is used instead.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			sample, known := desksim.SampleOf(desksim.Vendor(vendor))
			if !known {
				return exitError{exitUsage, fmt.Errorf("--desk %q: want one of %s", vendor, devDeskNames())}
			}
			d := &dev{app: a, out: cmd.OutOrStdout(), connection: vendor, sample: sample}
			if broken {
				d.faults.Randomly(devFaults, uint64(time.Now().UnixNano()))
			}
			return d.run(cmd.Context(), folder, auto)
		},
	}
	command.Flags().StringVar(&folder, "state", ".deskbridge", "folder for the state")
	command.Flags().StringVar(&vendor, "desk", "rt", "whose desk is simulated: "+devDeskNames())
	command.Flags().BoolVar(&broken, "faults", false, "let a quarter of the desk's answers be lost, late or errors")
	command.Flags().BoolVar(&auto, "auto", false, "play the agent too, and end when the onboarding has")
	return command
}

// devFaults is a desk on a bad day.
var devFaults = faults.Rates{
	Lost: 0.1, Reset: 0.05, Error: 0.05, Limited: 0.03, Slow: 0.02,
	RetryAfter: time.Second, Delay: time.Second,
}

// dev is everything on one machine.
type dev struct {
	*app
	// connection has the name of the vendor, sample is how it is configured.
	connection string
	sample     desksim.Sample
	sim        *desksim.Desk
	faults     faults.Injector
	out        io.Writer
	mu         sync.Mutex
	folder     string
	root       string
	address    string // of Temporal
	api        string // of the HTTP API and the portal
	codec      string // the path there by which the Web UI reads payloads
	ui         string // of the Temporal Web UI; empty if the server is not ours
	desk       string // of the simulated desk and its agent page
	worker     *devstack.Process
}

func (d *dev) say(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, _ = fmt.Fprintf(d.out, "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

func (d *dev) run(ctx context.Context, folder string, auto bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var err error
	if d.folder, err = filepath.Abs(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(d.folder, "files"), 0o700); err != nil {
		return err
	}
	if d.root, err = devstack.Root(ctx); err != nil {
		return err
	}
	stopServer, err := d.startTemporal(ctx)
	if err != nil {
		return err
	}
	defer stopServer()
	stopDesk, err := d.startDesk(ctx)
	if err != nil {
		return err
	}
	defer stopDesk()
	if err := d.startWorker(ctx); err != nil {
		return err
	}
	defer func() {
		cancel() // first, so that the worker is not started again
		d.worker.Stop()
	}()
	stopAPI, err := d.startAPI(ctx)
	if err != nil {
		return err
	}
	defer stopAPI()
	return d.story(ctx, auto)
}

func noop() {}

// startTemporal builds and starts the embedded server, unless the environment names another.
func (d *dev) startTemporal(ctx context.Context) (stop func(), err error) {
	if d.address = os.Getenv("TEMPORAL_ADDRESS"); d.address != "" {
		d.say("using the Temporal server at %s", d.address)
		return noop, nil
	}
	program, err := devstack.BuildServer(ctx, d.root, func(text string) { d.say("%s", text) })
	if err != nil {
		return nil, err
	}
	if err := d.prepareAPI(); err != nil {
		return nil, err
	}
	port, err := devstack.Port(7233)
	if err != nil {
		return nil, err
	}
	uiPort, err := devstack.Port(8233)
	if err != nil {
		return nil, err
	}
	d.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	d.ui = fmt.Sprintf("http://127.0.0.1:%d", uiPort)
	if err := os.Setenv("TEMPORAL_ADDRESS", d.address); err != nil { // for our own client and the worker
		return nil, err
	}
	server := devstack.Server(program, filepath.Join(d.folder, "temporal.db"), filepath.Join(d.folder, "temporal.log"), port, uiPort, 0, "-codec-endpoint", d.api+d.codec)
	if err := server.Start(); err != nil {
		return nil, err
	}
	if err := devstack.AwaitServer(ctx, d.address); err != nil {
		server.Stop()
		return nil, fmt.Errorf("%w; see %s", err, filepath.Join(d.folder, "temporal.log"))
	}
	return server.Stop, nil
}

// startDesk serves the simulated desk, its agent page and the target of the automated step, and
// writes the configuration that joins them.
func (d *dev) startDesk(ctx context.Context) (stop func(), err error) {
	token, err := d.secret("desk.token", rand.Text())
	if err != nil {
		return nil, err
	}
	port, err := devstack.Port(8090)
	if err != nil {
		return nil, err
	}
	d.desk = fmt.Sprintf("http://127.0.0.1:%d", port)
	desk, err := desksim.New(desksim.Options{
		Vendor:     desksim.Vendor(d.connection),
		Path:       filepath.Join(d.folder, d.connection+".db"),
		Queues:     map[string][]string{"Support": {"ExternalID"}},
		UserFields: []string{"ExternalUserID"},
		Accounts:   []desksim.Account{{Login: "deskbridge", Token: token, Rights: true}, {Login: "rpc", Token: token}, {Login: "agent", Rights: true}},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	d.sim = desk
	address := d.desk + "/api"
	mux.Handle("/api/", d.faults.Wrap(http.StripPrefix("/api", desk.Handler(address))))
	mux.Handle("/", desk.AgentPage("agent"))
	mux.HandleFunc("POST /target/mailbox", d.mailbox)
	mux.HandleFunc("POST /target/callbacks", d.callback)
	mux.HandleFunc("POST /faults", d.takeDown)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			d.say("the simulated desk stopped: %v", err)
		}
	}()
	if err := d.writeConfiguration(address); err != nil {
		return nil, err
	}
	return func() { _, _ = server.Close(), desk.Close() }, nil
}

// takeDown lets the simulated desk answer nobody, or everybody again: POST /faults, down=true.
func (d *dev) takeDown(w http.ResponseWriter, r *http.Request) {
	d.faults.Clear()
	down := r.PostFormValue("down") == "true"
	if down {
		const forEver = 1 << 30
		d.faults.Next(forEver, func(*http.Request) bool { return true }, faults.Fault{Status: http.StatusServiceUnavailable})
	}
	d.say("the simulated desk is down: %t", down)
}

// mailbox is the target of the sample's automated step.
func (d *dev) mailbox(w http.ResponseWriter, r *http.Request) {
	d.say("action: the target was called with key %s", r.Header.Get("Idempotency-Key"))
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"mailbox": "created"})
}

// secret keeps a secret in a file that only this user reads; the one that is there stays.
func (d *dev) secret(name, value string) (string, error) {
	path := filepath.Join(d.folder, name)
	if content, err := os.ReadFile(path); err == nil { //nolint:gosec // our own folder
		return string(content), nil
	}
	return value, os.WriteFile(path, []byte(value), 0o600)
}

// startWorker builds the worker and keeps it running: kill it, and see that nothing is lost.
func (d *dev) startWorker(ctx context.Context) error {
	program := filepath.Join(d.folder, "worker")
	if err := devstack.Build(ctx, d.root, "worker", program, func(string) {}); err != nil {
		return err
	}
	port, err := devstack.Port(8081)
	if err != nil {
		return err
	}
	log := filepath.Join(d.folder, "worker.log")
	d.worker = devstack.NewProcess(log, program, nil, "-config", d.configPath, "-health", fmt.Sprintf("127.0.0.1:%d", port))
	if err := d.worker.Start(); err != nil {
		return err
	}
	go d.worker.Keep(ctx, func() { d.say("the worker ended and is started again") })
	if err := awaitOK(ctx, fmt.Sprintf("http://127.0.0.1:%d/readyz", port)); err != nil {
		return fmt.Errorf("the worker does not get ready: %w; see %s", err, log)
	}
	return nil
}

// awaitOK asks until an address answers that all is well.
func awaitOK(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode < 300 {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
