package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"

	"deskbridge/internal/names"
	"deskbridge/starter/internal/service"
	"deskbridge/workflows"
)

func (a *app) watchCommand() *cobra.Command {
	return &cobra.Command{
		Use: "watch WORKFLOW", Short: "Follow a run until it ends",
		Long: "Follow an onboarding, a fulfilment, an offboarding, a ticket or a user sync until it ends, a line for each thing that happens.\nExit code 4 says that it ended without success.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			asked, err := a.service(cmd.Context())
			if err != nil {
				return err
			}
			defer asked.Client.Close()
			follower := &follower{asked: asked, id: args[0], out: cmd.OutOrStdout(), said: map[string]bool{}}
			return follower.run(cmd.Context())
		},
	}
}

// follower prints what happens to a run, each thing once.
type follower struct {
	asked *service.Service
	id    string
	out   io.Writer
	said  map[string]bool
}

func (f *follower) ask(ctx context.Context, query string, into any) error {
	return f.asked.Query(ctx, f.id, query, into)
}

const followEvery = time.Second

func (f *follower) run(ctx context.Context) error {
	for {
		described, err := f.asked.Client.DescribeWorkflowExecution(ctx, f.id, "")
		if err != nil {
			return fmt.Errorf("watch %s: %w; see `starter list`", f.id, err)
		}
		info := described.GetWorkflowExecutionInfo()
		success, err := f.look(ctx, info.GetType().GetName())
		if err != nil && info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
			f.say("%v", err)
		}
		switch info.GetStatus() {
		case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:
		case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
			f.say("ended")
			if err != nil {
				return fmt.Errorf("watch %s: %w", f.id, err)
			}
			if !success {
				return exitError{exitRejected, fmt.Errorf("%s ended without success", f.id)}
			}
			return nil
		default:
			return exitError{exitRejected, fmt.Errorf("%s: %s", f.id, info.GetStatus())}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(followEvery):
		}
	}
}

func (f *follower) say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if !f.said[line] {
		f.said[line] = true
		_, _ = fmt.Fprintf(f.out, "%s  %s\n", time.Now().Format(time.TimeOnly), line)
	}
}

// look prints what is new and says whether the run is a success so far.
func (f *follower) look(ctx context.Context, kind string) (success bool, err error) {
	if kind == "Ticket" {
		return f.lookTicket(ctx)
	}
	if kind == "UserSync" {
		return f.lookSync(ctx)
	}
	var progress workflows.Progress
	if err := f.ask(ctx, names.Progress, &progress); err != nil {
		return false, err
	}
	f.say("%s", progress.Doing)
	if progress.Attention != "" {
		f.say("needs a person: %s", progress.Attention)
	}
	success = true
	for _, step := range progress.Steps {
		f.sayStep(step)
		success = success && step.State != workflows.StepFailed && step.State != workflows.StepSkipped
	}
	if progress.Superseded != "" {
		f.say("superseded by %s", progress.Superseded)
	}
	if progress.Account != "" {
		f.say("account: %s", progress.Account)
	}
	if progress.Completed != nil { // it knows which failures were to be continued after
		success = *progress.Completed
	}
	return success, nil
}

func (f *follower) lookSync(ctx context.Context) (success bool, err error) {
	var report workflows.SyncReport
	if err := f.ask(ctx, names.Progress, &report); err != nil {
		return false, err
	}
	f.say("%s: %d of %d users", report.Phase, report.Done, report.Total)
	if report.Attention != "" {
		f.say("needs a person: %s", report.Attention)
	}
	if report.Refusal != "" {
		f.say("%s", report.Refusal)
	}
	return report.Phase == workflows.SyncPlanned || report.Phase == workflows.SyncApplied, nil
}

func (f *follower) sayStep(step workflows.StepProgress) {
	line := fmt.Sprintf("step %s (%s): %s", step.ID, step.Kind, step.State)
	if step.Ticket != "" {
		line += ", ticket " + step.Ticket
	}
	if step.Outcome != nil {
		line += ", outcome " + string(step.Outcome.Result)
	}
	if step.Reason != "" {
		line += ", " + step.Reason
	}
	if step.Reopened {
		line += ", reopened"
	}
	f.say("%s", line)
}

func (f *follower) lookTicket(ctx context.Context) (success bool, err error) {
	var view workflows.View
	if err := f.ask(ctx, names.View, &view); err != nil {
		return false, err
	}
	for _, event := range view.History {
		f.say("ticket %s: %s", view.Number, event.What)
	}
	if view.Attention != "" {
		f.say("needs a person: %s", view.Attention)
	}
	return view.Outcome != nil && view.Outcome.Result.Succeeded(), nil
}
