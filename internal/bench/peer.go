package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	tlog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// peerQueue is the peers' task queue.
const peerQueue = "peer"

// What an engineer would write from Temporal's samples, with the same options of the worker as ours.

// pollByTimer polls one ticket until it is done: samples-go/polling, "infrequent" with a timer.
func pollByTimer(ctx workflow.Context, ticket string, interval time.Duration) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	for {
		var done bool
		if err := workflow.ExecuteActivity(ctx, "Poll", ticket).Get(ctx, &done); err != nil || done {
			return err
		}
		if err := workflow.Sleep(ctx, interval); err != nil {
			return err
		}
	}
}

// pollByRetry lets the server retry an activity until the ticket is done: samples-go/polling/infrequent.
func pollByRetry(ctx workflow.Context, ticket string, interval time.Duration) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: interval, BackoffCoefficient: 1},
	})
	return workflow.ExecuteActivity(ctx, "PollOrFail", ticket).Get(ctx, nil)
}

// signalled waits for a signal and then runs as many no-op activities.
func signalled(ctx workflow.Context, then int, _ []byte) error {
	workflow.GetSignalChannel(ctx, "changed").Receive(ctx, nil)
	return steps(ctx, then)
}

// steps runs no-op activities, one after the other.
func steps(ctx workflow.Context, n int) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	for range n {
		if err := workflow.ExecuteActivity(ctx, "Nothing").Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// shaped has the runs, activities and signals of an onboarding, and does nothing: a workflow that makes
// the person, and one that logs the ticket, tells its number, and tells its outcome.
func shaped(ctx workflow.Context, activities int) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{TaskQueue: peerQueue})
	if err := workflow.ExecuteActivity(ctx, "Nothing").Get(ctx, nil); err != nil {
		return err
	}
	if err := workflow.ExecuteChildWorkflow(ctx, "steps", 1).Get(ctx, nil); err != nil {
		return err
	}
	const ours = 3 // the activities beside those of the ticket
	ticket := workflow.ExecuteChildWorkflow(ctx, "shaped-ticket", activities-ours)
	for range 2 {
		workflow.GetSignalChannel(ctx, "news").Receive(ctx, nil)
	}
	if err := steps(ctx, 1); err != nil {
		return err
	}
	return ticket.Get(ctx, nil)
}

func shapedTicket(ctx workflow.Context, activities int) error {
	parent := workflow.GetInfo(ctx).ParentWorkflowExecution.ID
	if err := steps(ctx, 1); err != nil {
		return err
	}
	if err := workflow.SignalExternalWorkflow(ctx, parent, "", "news", nil).Get(ctx, nil); err != nil {
		return err
	}
	if err := steps(ctx, activities-1); err != nil {
		return err
	}
	return workflow.SignalExternalWorkflow(ctx, parent, "", "news", nil).Get(ctx, nil)
}

// peer is the desk of the peers and the server.
type peer struct {
	desk   string
	client client.Client
}

// Poll asks the desk whether a ticket is done.
func (p *peer) Poll(ctx context.Context, ticket string) (bool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.desk+"/"+ticket, nil)
	if err != nil {
		return false, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return string(text) == doneText, err
}

var errNotYet = errors.New("not yet")

// PollOrFail fails until a ticket is done.
func (p *peer) PollOrFail(ctx context.Context, ticket string) error {
	done, err := p.Poll(ctx, ticket)
	if err == nil && !done {
		err = errNotYet
	}
	return err
}

// Nothing does nothing.
func (p *peer) Nothing(context.Context) error { return nil }

// SignalAll signals as many runs, as fast as the server takes it.
func (p *peer) SignalAll(ctx context.Context, n int) error {
	h := host{client: p.client}
	_, err := h.startAll(ctx, n, time.Hour, func(ctx context.Context, i int) error {
		activity.RecordHeartbeat(ctx, i)
		return p.client.SignalWorkflow(ctx, waiter(i), "", "changed", nil)
	})
	return err
}

func waiter(i int) string { return fmt.Sprintf("waiter-%06d", i) }

func signalAll(ctx workflow.Context, n int) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Hour})
	return workflow.ExecuteActivity(ctx, "SignalAll", n).Get(ctx, nil)
}

func runPeer(ctx context.Context, address, desk string) error {
	logger := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 100 //nolint:forcetypeassert // it is one
	connected, err := client.DialContext(ctx, client.Options{HostPort: address, Logger: tlog.NewStructuredLogger(logger)})
	if err != nil {
		return err
	}
	defer connected.Close()
	pollers := worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{})
	w := worker.New(connected, peerQueue, worker.Options{
		WorkflowTaskPollerBehavior: pollers, ActivityTaskPollerBehavior: pollers, StickyScheduleToStartTimeout: 10 * time.Second,
	})
	for name, definition := range map[string]any{"timer": pollByTimer, "retry": pollByRetry, "signalled": signalled, "steps": steps, "shaped": shaped, "shaped-ticket": shapedTicket, "signal-all": signalAll} {
		w.RegisterWorkflowWithOptions(definition, workflow.RegisterOptions{Name: name})
	}
	w.RegisterActivity(&peer{desk: desk, client: connected})
	if err := w.Start(); err != nil {
		return err
	}
	<-ctx.Done()
	w.Stop()
	return nil
}
