package workflows

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"deskbridge/activities"
	"deskbridge/providers"
	"deskbridge/providers/target"
)

// act carries out an automated step.
func (f *fulfilment) act(ctx workflow.Context, step Step, progress *StepProgress) error {
	ctx = actionOptions(f.breakable(ctx), step)
	if step.Action.Activity != "" {
		return workflow.ExecuteActivity(ctx, step.Action.Activity, step.Action.Arguments).Get(ctx, &progress.Output)
	}
	var result target.Result
	err := workflow.ExecuteActivity(ctx, common.CallTarget, activities.Action{
		Target: step.Action.Target, Key: providers.Key(f.RequestID + "/" + step.ID), Arguments: step.Action.Arguments,
	}).Get(ctx, &result)
	progress.Output = result.Output
	if err != nil || !result.Accepted {
		return err
	}
	return f.awaitCompletion(ctx, step, progress)
}

// awaitCompletion waits for the later answer of a target that accepted the work.
func (f *fulfilment) awaitCompletion(ctx workflow.Context, step Step, progress *StepProgress) error {
	within := step.Action.within()
	options := workflow.AwaitOptions{Timeout: within, TimerOptions: workflow.TimerOptions{Summary: "Step " + step.ID + " is to be completed"}}
	in, err := workflow.AwaitWithOptions(ctx, options, func() bool { _, done := f.completed[step.ID]; return done })
	if err != nil {
		return err
	}
	if !in {
		return fmt.Errorf("target %s accepted the work and did not complete it within %s", step.Action.Target, within)
	}
	args := f.completed[step.ID]
	progress.Output = args.Output
	if args.Failure != "" {
		return errors.New(args.Failure)
	}
	return nil
}

// CompleteActionArgs completes an automated step whose target accepted the work.
type CompleteActionArgs struct {
	Step string
	// Failure says why the work failed; empty if it is done.
	Failure string
	Output  json.RawMessage
}

func (f *fulfilment) mayComplete(args CompleteActionArgs) error {
	i := slices.IndexFunc(f.progress, func(p StepProgress) bool { return p.ID == args.Step })
	if i < 0 || f.Steps[i].Action == nil {
		return fmt.Errorf("this run has no automated step %q", args.Step)
	}
	if f.progress[i].State == StepPending {
		return fmt.Errorf("step %q has not begun", args.Step)
	}
	return nil
}

// completeAction takes the first answer; the same one again changes nothing.
func (f *fulfilment) completeAction(_ workflow.Context, args CompleteActionArgs) error {
	if _, done := f.completed[args.Step]; !done {
		f.completed[args.Step] = args
	}
	return nil
}
