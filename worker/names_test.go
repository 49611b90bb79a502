package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"deskbridge/activities"
	"deskbridge/internal/names"
	"deskbridge/workflows"
)

// registry notes what is registered.
type registry struct {
	worker.Registry
	names []string
}

func (r *registry) RegisterWorkflowWithOptions(_ any, options workflow.RegisterOptions) {
	r.names = append(r.names, "workflow "+options.Name)
}

func (r *registry) RegisterActivity(holder any) {
	of := reflect.TypeOf(holder)
	for i := range of.NumMethod() {
		r.names = append(r.names, "activity "+of.Method(i).Name)
	}
}

// Names are frozen: running workflows carry them. Add to the file; never change or remove a line.
func TestTheNamesOfWorkflowsAndActivitiesAreFrozen(t *testing.T) {
	r := &registry{}
	workflows.Register(r)
	r.RegisterActivity(&activities.Desk{})
	r.RegisterActivity(&activities.Common{})
	for _, name := range []string{
		names.TicketChanged, names.TicketWaiting, names.TicketLogged, names.TicketOutcome, names.TicketReopened,
		names.DeskChanged, names.CancelTicket,
	} {
		r.names = append(r.names, "signal "+name)
	}
	for _, name := range []string{names.AddNote, names.Attach, names.CloseTicket, names.Refresh, names.Cancel, names.CompleteAction, names.Supersede} {
		r.names = append(r.names, "update "+name)
	}
	r.names = append(r.names, "query "+names.Cure, "query "+names.View, "query "+names.Progress, "memo "+names.MemoDigest, "memo "+names.MemoSubject,
		"queue "+names.TaskQueue, "queue "+names.DeskTaskQueue("C"),
		"id "+names.Onboarding("C", "R"), "id "+names.Fulfilment("C", "R"), "id "+names.Ticket("C", "R/S"), "id "+names.Watch("C"), "id "+names.Check("C"),
		"id "+names.Offboarding("C", "R"), "id "+names.UserSync("C", "S"), "id "+names.User("C", "H"), "id "+names.UserCall("C", "U"))
	for _, name := range names.SearchAttributeNames() {
		r.names = append(r.names, "search attribute "+name)
	}
	slices.Sort(r.names)
	require.Len(t, slices.Compact(slices.Clone(r.names)), len(r.names), "a name is used twice")
	frozen, err := os.ReadFile(filepath.Join("testdata", "names.golden"))
	require.NoError(t, err)
	require.Equal(t, string(frozen), strings.Join(r.names, "\n")+"\n")
}

// A real worker panics where two activities share a name; the test environment does not.
func TestEverythingRegistersOnARealWorker(t *testing.T) {
	lazy, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1"})
	require.NoError(t, err)
	t.Cleanup(lazy.Close)
	w := worker.New(lazy, names.TaskQueue, worker.Options{})
	require.NotPanics(t, func() {
		workflows.Register(w)
		w.RegisterActivity(&activities.Desk{})
		w.RegisterActivity(&activities.Common{})
	})
}
