package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/providers/activate"
	"deskbridge/providers/target"
)

// Common holds the activities that need no desk.
type Common struct {
	Client client.Client
	// Targets are the configured targets of automated steps.
	Targets map[string]*target.Target
	// Receivers are the configured receivers of callbacks.
	Receivers map[string]*activate.Receiver
}

// Action is a call of a target.
type Action struct {
	Target    string
	Key       providers.Key
	Arguments map[string]any
}

// CallTarget runs an automated step at its target.
func (c *Common) CallTarget(ctx context.Context, action Action) (target.Result, error) {
	called, known := c.Targets[action.Target]
	if !known {
		return target.Result{}, fmt.Errorf("call target: %w: this worker's configuration has no target %q", providers.Misconfigured, action.Target)
	}
	return called.Call(ctx, target.Call{
		Key: action.Key, Workflow: activity.GetInfo(ctx).WorkflowExecution.ID, Arguments: action.Arguments,
	})
}

// Watch asks for a connection to be watched.
type Watch struct {
	Connection string
	// Workflow is the name of the workflow that watches. Input is its input if it must be started,
	// and goes with the signal, so that changed settings reach one that runs.
	Workflow string
	Input    json.RawMessage
}

// StartWatch starts the connection's DeskWatch, or tells the one that runs that a ticket waits.
func (c *Common) StartWatch(ctx context.Context, watch Watch) error {
	_, err := c.Client.SignalWithStartWorkflow(ctx, names.Watch(watch.Connection), names.TicketWaiting, watch.Input, client.StartWorkflowOptions{
		TaskQueue:             names.TaskQueue,
		StaticSummary:         "Watches " + watch.Connection,
		TypedSearchAttributes: connectionAttribute(watch.Connection),
		WorkflowTaskTimeout:   10 * time.Second,
	}, watch.Workflow, watch.Input)
	if err != nil {
		return fmt.Errorf("start watch: %w: the Temporal server does not take it", providers.Unavailable)
	}
	return nil
}

func connectionAttribute(connection string) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(names.Connection.ValueSet(connection))
}
