package workflows_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"gocloud.dev/blob/memblob"

	"deskbridge/activities"
	"deskbridge/internal/desksim"
	"deskbridge/internal/faults"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/providers/activate"
	"deskbridge/providers/rt"
	"deskbridge/providers/target"
	"deskbridge/workflows"
)

// world is a workflow in the test environment, with the real activities over a simulated desk.
type world struct {
	*testsuite.TestWorkflowEnvironment
	t      *testing.T
	sim    *desksim.Desk
	broken *faults.Injector
	desk   *activities.Desk
	calls  []string
	// told are the events that Activate took; refuse answers the next ones with these statuses.
	told    []activate.Event
	toldID  []string
	refuse  []int
	telling sync.Mutex
	// created counts the runs that create people.
	created int
	// seconds have passed on the desk's clock.
	seconds atomic.Int64
}

var person = workflows.Person{Login: "anna", Email: "anna@example.test", DisplayName: "Anna Nowak"}

func connection(level providers.Level) workflows.Connection {
	return workflows.Connection{
		Name: "rt", Level: level, ReopenWindow: 24 * time.Hour,
		Watch: workflows.WatchSettings{Fastest: time.Second, Slowest: time.Minute, Sweep: time.Hour, Overlap: time.Minute},
	}
}

func newWorld(t *testing.T, options ...func(*desksim.Options)) *world {
	t.Helper()
	w := &world{t: t, broken: &faults.Injector{}}
	var err error
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	simulated := desksim.Options{
		Clock:  func() time.Time { return noon.Add(time.Duration(w.seconds.Load()) * time.Second) },
		Queues: map[string][]string{"Support": {"ExternalID"}, "Bare": {}}, UserFields: []string{"ExternalUserID"},
		Accounts: []desksim.Account{{Login: "bridge", Token: "1-2-bridge", Rights: true}},
	}
	for _, change := range options {
		change(&simulated)
	}
	w.sim, err = desksim.New(simulated)
	require.NoError(t, err)
	server := httptest.NewServer(w.broken.Wrap(w.sim.Handler("http://desk.test")))
	t.Cleanup(server.Close)
	t.Setenv("WORLD_TOKEN", "1-2-bridge")
	token, err := providers.ParseSecret("env:WORLD_TOKEN")
	require.NoError(t, err)
	desk, err := rt.New(rt.Config{URL: server.URL, Token: token, EmployeeField: "ExternalUserID"})
	require.NoError(t, err)
	w.desk = &activities.Desk{
		Connection: "rt", Desk: desk, Level: providers.LevelFull, Queue: "Support", Closed: "resolved", Cancelled: "rejected",
		Statuses:   map[string]providers.State{"new": providers.Waiting, "open": providers.Waiting, "resolved": providers.Completed, "rejected": providers.Rejected},
		Match:      []providers.Identity{providers.ByLogin, providers.ByEmail},
		Reactivate: true, Files: memblob.OpenBucket(nil),
	}
	targets := map[string]*target.Target{}
	server2 := httptest.NewServer(http.HandlerFunc(w.target))
	t.Cleanup(server2.Close)
	for _, name := range []string{"good", "bad", "later"} {
		targets[name], err = target.New(name, target.Config{URL: server2.URL + "/" + name})
		require.NoError(t, err)
	}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet{})
	w.TestWorkflowEnvironment = suite.NewTestWorkflowEnvironment()
	w.SetTestTimeout(time.Minute)
	w.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&activities.Boundary{}}})
	workflows.Register(w)
	w.RegisterActivity(w.desk)
	t.Setenv("WORLD_SIGNING", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	signing, err := providers.ParseSecret("env:WORLD_SIGNING")
	require.NoError(t, err)
	server3 := httptest.NewServer(http.HandlerFunc(w.activate))
	t.Cleanup(server3.Close)
	receiver, err := activate.New("activate", activate.Config{URL: server3.URL, Secret: signing})
	require.NoError(t, err)
	w.RegisterActivity(&activities.Common{Targets: targets, Receivers: map[string]*activate.Receiver{"activate": receiver}})
	// The Temporal server is not there: a person is created as the workflow User does.
	w.OnActivity("CreateUserOnce", mock.Anything, mock.Anything).Return(func(ctx context.Context, user activities.NewUser) (activities.EnsuredUser, error) {
		w.created++
		return w.desk.EnsureUser(ctx, user.Person)
	}).Maybe()
	w.OnActivity("StartWatch", mock.Anything, mock.Anything).Return(nil).Maybe()
	return w
}

type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

func (w *world) target(response http.ResponseWriter, r *http.Request) {
	w.telling.Lock()
	w.calls = append(w.calls, r.Header.Get("Idempotency-Key"))
	w.telling.Unlock()
	switch r.URL.Path {
	case "/bad":
		response.WriteHeader(http.StatusUnprocessableEntity)
	case "/later":
		response.WriteHeader(http.StatusAccepted)
	default:
		_, _ = response.Write([]byte(`{"done":true}`))
	}
}

// activate takes what it is told, or answers as the test wants.
func (w *world) activate(response http.ResponseWriter, r *http.Request) {
	w.telling.Lock() // two runs tell at once
	defer w.telling.Unlock()
	if len(w.refuse) > 0 {
		response.WriteHeader(w.refuse[0])
		w.refuse = w.refuse[1:]
		return
	}
	var event activate.Event
	if json.NewDecoder(r.Body).Decode(&event) != nil {
		response.WriteHeader(http.StatusBadRequest)
	}
	w.told, w.toldID = append(w.told, event), append(w.toldID, r.Header.Get("webhook-id"))
}

// events are what Activate was told, in short.
func (w *world) events() []string {
	var all []string
	for _, event := range w.told {
		all = append(all, strings.TrimSpace(event.Type+" "+event.Data.Outcome))
	}
	return all
}

// present is a connection of today's edition, which tells Activate.
func present() workflows.Connection {
	now := connection(providers.LevelFull)
	now.Edition, now.Callback = workflows.Edition, "activate"
	return now
}

func ticketInput(level providers.Level) workflows.TicketInput {
	return workflows.TicketInput{
		Connection: connection(level), Key: "R1/laptop", Requester: person,
		Request: workflows.TicketRequest{Subject: "Laptop", Body: "Please."},
	}
}

// at does something once the workflow has waited this long.
func (w *world) at(after time.Duration, do func()) { w.RegisterDelayedCallback(do, after) }

// poll tells the workflow what the desk has now, as DeskWatch does.
func (w *world) poll(ticketID string) {
	w.t.Helper()
	ticket, err := w.desk.FetchTicket(w.t.Context(), ticketID)
	change := activities.Change{Ticket: &ticket}
	if providers.KindOf(err) == providers.NotFound {
		change = activities.Change{}
	} else {
		require.NoError(w.t, err)
	}
	w.SignalWorkflow(names.TicketChanged, change)
}

// status sets the status of the first ticket and tells the workflow.
func (w *world) status(status string) {
	w.t.Helper()
	w.later()
	require.NoError(w.t, w.sim.SetStatus(1, status))
	w.poll("1")
}

// later lets the desk's clock go on by its precision, so that two changes have two time stamps.
func (w *world) later() { w.seconds.Add(1) }

func (w *world) view() workflows.View {
	w.t.Helper()
	answer, err := w.QueryWorkflow(names.View)
	require.NoError(w.t, err)
	var view workflows.View
	require.NoError(w.t, answer.Get(&view))
	return view
}

// outcome runs a Ticket workflow to its end.
func (w *world) outcome(in workflows.TicketInput) workflows.Outcome {
	w.t.Helper()
	w.ExecuteWorkflow("Ticket", in)
	require.True(w.t, w.IsWorkflowCompleted())
	require.NoError(w.t, w.GetWorkflowError())
	var outcome workflows.Outcome
	require.NoError(w.t, w.GetWorkflowResult(&outcome))
	return outcome
}

// update sends an update and returns what became of it.
func (w *world) update(id, name string, args any) *updated {
	result := &updated{}
	w.UpdateWorkflow(name, id, result, args)
	return result
}

type updated struct {
	written  workflows.Written
	rejected error
}

func (u *updated) Accept()          {}
func (u *updated) Reject(err error) { u.rejected = err }
func (u *updated) Complete(success any, err error) {
	if written, ok := success.(workflows.Written); ok {
		u.written = written
	}
	if err != nil {
		u.rejected = err
	}
}

func history(view workflows.View) string {
	var lines []string
	for _, event := range view.History {
		lines = append(lines, event.What)
	}
	return strings.Join(lines, ", ")
}
