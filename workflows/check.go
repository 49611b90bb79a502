package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"deskbridge/activities"
	"deskbridge/internal/names"
)

// ConnectionCheck probes a connection from a worker, which alone has its credentials. It fails
// soon if no worker serves the connection.
func ConnectionCheck(ctx workflow.Context, connection string) (activities.CheckResult, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              names.DeskTaskQueue(connection),
		ScheduleToStartTimeout: 15 * time.Second,
		StartToCloseTimeout:    2 * time.Minute,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:                "Check " + connection,
	})
	var result activities.CheckResult
	err := workflow.ExecuteActivity(ctx, desk.CheckConnection).Get(ctx, &result)
	return result, err
}
