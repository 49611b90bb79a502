package workflows

import (
	"cmp"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"deskbridge/internal/names"
)

// aliveWithin is how soon the server notices that an activity's worker was killed. Activities
// heartbeat by themselves (activities/heartbeat.go).
const aliveWithin = 15 * time.Second

// deskOptions is for one call of a desk. It is tried until it succeeds or its kind says that it
// cannot: a desk may be down for days. The intervals grow slowly, for a desk that fails now and then
// is met more often than one that is down. The one call is shorter than its time-out.
func deskOptions(ctx workflow.Context, connection string, priority int, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           names.DeskTaskQueue(connection),
		StartToCloseTimeout: 2 * time.Minute,
		HeartbeatTimeout:    aliveWithin,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 1.5, MaximumInterval: 5 * time.Minute},
		Priority:            temporal.Priority{PriorityKey: priority},
		Summary:             summary,
	})
}

// pollOptions is for a round of polling or a sweep: long; by its heartbeat a retry goes on where a
// killed worker stopped. It is tried again about as often as it would be run anyway, so that a desk
// that is back is heard of at once.
func pollOptions(ctx workflow.Context, connection string, priority int, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           names.DeskTaskQueue(connection),
		StartToCloseTimeout: time.Hour,
		HeartbeatTimeout:    aliveWithin,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 15 * time.Second},
		Priority:            temporal.Priority{PriorityKey: priority},
		Summary:             summary,
	})
}

// commonOptions is for activities beside the workflows that only talk to the Temporal server.
func commonOptions(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: commonWithin,
		RetryPolicy:         commonRetry(),
		Summary:             summary,
	})
}

// commonWithin bounds one call of the Temporal server.
const commonWithin = 10 * time.Second

func commonRetry() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute}
}

// peopleOptions is for what waits for another workflow at the Temporal server, which may wait for a
// desk. It is tried until it succeeds.
func peopleOptions(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 5 * time.Minute,
		HeartbeatTimeout:    aliveWithin,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second},
		Summary:             summary,
	})
}

// callbackWithin is how long a callback is tried. What is lost beyond heals by the feed of changes.
const callbackWithin = 7 * 24 * time.Hour

// callbackOptions is for telling Activate, which may be down for days.
func callbackOptions(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    time.Minute,
		HeartbeatTimeout:       aliveWithin,
		ScheduleToCloseTimeout: callbackWithin,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 15 * time.Minute},
		Summary:                summary,
	})
}

// callOptions is for one call that somebody at a screen waits for: tried for a short while.
func callOptions(ctx workflow.Context, connection, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              names.DeskTaskQueue(connection),
		StartToCloseTimeout:    30 * time.Second,
		ScheduleToCloseTimeout: 45 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumAttempts: 3},
		Priority:               temporal.Priority{PriorityKey: names.PriorityScreen},
		Summary:                summary,
	})
}

// actionOptions is for an automated step: tried for a bounded time, after which the step fails.
func actionOptions(ctx workflow.Context, step Step) workflow.Context {
	within := step.Action.within()
	heartbeat := aliveWithin
	if step.Action.Activity != "" {
		heartbeat = 0 // a worker of the customer's need not heartbeat
	}
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              step.Action.TaskQueue,
		HeartbeatTimeout:       heartbeat,
		StartToCloseTimeout:    min(within, 5*time.Minute),
		ScheduleToCloseTimeout: within,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 5 * time.Minute},
		Summary:                "Automated step " + step.ID,
	})
}

// within is how long an automated step is tried and waited for.
func (a ActionStep) within() time.Duration {
	const otherwise = 24 * time.Hour
	return cmp.Or(a.Within, otherwise)
}
