// Command record records the histories that the replay test replays: real runs of each workflow
// and each interesting path, on the embedded Temporal server over the simulated desk.
//
// Record when a version is released, into a folder of its own; never record over a released one.
//
//	go run ./internal/record -out workflows/testdata/histories/v1
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"gocloud.dev/blob"

	"deskbridge/internal/config"
	"deskbridge/internal/desksim"
	"deskbridge/internal/devstack"
	"deskbridge/internal/files"
	"deskbridge/internal/names"
	"deskbridge/workflows"
)

func main() {
	out := flag.String("out", "", "folder of this version, for example workflows/testdata/histories/v1")
	flag.Parse()
	if err := run(context.Background(), *out); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

// recorder is a whole stack for recording.
type recorder struct {
	client     client.Client
	desk       *desksim.Desk
	connection workflows.Connection
	files      *blob.Bucket
	out        string
	// requestID is the name of the path that is played.
	requestID string
}

// suggestAfter makes the server suggest to continue as new early, so that a short run does.
const suggestAfter = 80

func run(ctx context.Context, out string) error {
	if out == "" {
		return fmt.Errorf("-out: missing; name the folder of this version")
	}
	if found, _ := filepath.Glob(filepath.Join(out, "*.json")); len(found) > 0 {
		return fmt.Errorf("%s holds histories already; a released version is never recorded over", out)
	}
	if err := os.MkdirAll(out, 0o755); err != nil { //nolint:gosec // part of the sources
		return err
	}
	folder, err := os.MkdirTemp("", "record")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	r := &recorder{out: out}
	stop, err := r.start(ctx, folder)
	if err != nil {
		return err
	}
	defer stop()
	for _, path := range paths {
		fmt.Println(path.name)
		r.requestID = path.name
		runs, err := path.play(ctx, r)
		if err == nil {
			err = r.save(ctx, path.name, runs)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path.name, err)
		}
	}
	return nil
}

const configuration = `
files: file://%[1]s/files
payload_keys: none # what is recorded is read by tests
connections:
  desk:
    desk: rt
    level: full
    queue: Support
    settings: {url: "%[2]s", token: "file:%[1]s/token"}
    statuses: {new: waiting, open: waiting, resolved: completed, rejected: rejected}
    close_status: resolved
    cancel_status: rejected
    reopen_window: 4s
    poll: {fastest: 1s, slowest: 1s, sweep: 2s, overlap: 3s}
    callback: activate
callbacks:
  activate: {url: "%[2]s/good", secret: "file:%[1]s/signing"}
targets:
  good: {url: "%[2]s/good"}
  bad: {url: "%[2]s/bad"}
`

func (r *recorder) start(ctx context.Context, folder string) (stop func(), err error) {
	var stops []func()
	stop = func() {
		for i := range stops {
			stops[len(stops)-1-i]()
		}
	}
	defer func() {
		if err != nil {
			stop()
		}
	}()
	url, err := r.startDesk(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, "token"), []byte("record"), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, "signing"), []byte("whsec_cmVjb3JkaW5ncmVjb3JkaW5ncmVjb3JkaW5n"), 0o600); err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "deskbridge.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, configuration, folder, url), 0o600); err != nil {
		return nil, err
	}
	loaded, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	r.connection = loaded.Connections["desk"].Steering("desk")
	if r.files, err = files.Open(ctx, loaded.Files); err != nil {
		return nil, err
	}
	root, err := devstack.Root(ctx)
	if err != nil {
		return nil, err
	}
	say := func(text string) { fmt.Println(text) }
	program, err := devstack.BuildServer(ctx, root, say)
	if err != nil {
		return nil, err
	}
	worker := filepath.Join(folder, "worker")
	if err := devstack.Build(ctx, root, "worker", worker, say); err != nil {
		return nil, err
	}
	port, err := devstack.Port(0)
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	server := devstack.Server(program, filepath.Join(folder, "temporal.db"), filepath.Join(folder, "temporal.log"), port, 0, suggestAfter)
	if err := server.Start(); err != nil {
		return nil, err
	}
	stops = append(stops, server.Stop)
	if err := devstack.AwaitServer(ctx, address); err != nil {
		return nil, err
	}
	working := devstack.NewProcess(filepath.Join(folder, "worker.log"), worker, []string{"TEMPORAL_ADDRESS=" + address}, "-config", path, "-health", "")
	if err := working.Start(); err != nil {
		return nil, err
	}
	stops = append(stops, working.Stop)
	r.client, err = client.Dial(client.Options{HostPort: address})
	return stop, err
}

func (r *recorder) startDesk(ctx context.Context) (url string, err error) {
	r.desk, err = desksim.New(desksim.Options{
		Queues:   map[string][]string{"Support": {"ExternalID"}, "Bare": {}},
		Accounts: []desksim.Account{{Login: "bridge", Token: "record", Rights: true}},
	})
	if err != nil {
		return "", err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	mux := http.NewServeMux()
	mux.Handle("/REST/2.0/", r.desk.Handler("http://desk.test"))
	mux.HandleFunc("POST /good", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"done":true}`)) })
	mux.HandleFunc("POST /bad", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), nil
}

// save writes the history of every run of the workflows, one file a run.
func (r *recorder) save(ctx context.Context, name string, workflowIDs []string) error {
	for _, id := range workflowIDs {
		chain, err := r.chain(ctx, id)
		if err != nil {
			return err
		}
		for number, runID := range chain {
			history := &historypb.History{}
			events := r.client.GetWorkflowHistory(ctx, id, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			for events.HasNext() {
				event, err := events.Next()
				if err != nil {
					return err
				}
				history.Events = append(history.Events, event)
			}
			content, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(history)
			if err != nil {
				return err
			}
			kind := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName()
			file := fmt.Sprintf("%s-%s-%d.json", name, strings.ToLower(kind), number+1)
			if strings.Contains(id, ".fallback") {
				file = fmt.Sprintf("%s-%s-fallback-%d.json", name, strings.ToLower(kind), number+1)
			}
			if err := os.WriteFile(filepath.Join(r.out, file), append(content, '\n'), 0o644); err != nil { //nolint:gosec // part of the sources
				return err
			}
		}
	}
	return nil
}

// chain lists the runs of a workflow, oldest first; of a long chain the first and the last.
func (r *recorder) chain(ctx context.Context, id string) ([]string, error) {
	listed, err := r.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: fmt.Sprintf("WorkflowId = '%s'", id)})
	if err != nil {
		return nil, err
	}
	var runs []string
	for _, run := range listed.GetExecutions() {
		runs = append([]string{run.GetExecution().GetRunId()}, runs...)
	}
	if len(runs) > 2 {
		runs = []string{runs[0], runs[len(runs)-1]}
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("%s has no run", id)
	}
	return runs, nil
}

// view asks a ticket until it is as wanted.
func (r *recorder) view(ctx context.Context, key string, wanted func(workflows.View) bool) (workflows.View, error) {
	id := "ticket/desk/" + key
	for range 600 {
		if answer, err := r.client.QueryWorkflow(ctx, id, "", names.View); err == nil {
			var view workflows.View
			if answer.Get(&view) == nil && wanted(view) {
				return view, nil
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return workflows.View{}, fmt.Errorf("%s does not get where it should", id)
}
