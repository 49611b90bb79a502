package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"deskbridge/internal/names"
	"deskbridge/starter/internal/service"
)

// listed is one run in a list.
type listed struct {
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id"`
	Type       string `json:"type"`
	State      string `json:"state"`
	Ticket     string `json:"ticket,omitempty"`
	Status     string `json:"status,omitempty"`
	Phase      string `json:"phase,omitempty"`
	Attention  string `json:"attention,omitempty"`
	// Cure is what a person must do; empty if no worker answers.
	Cure      string    `json:"cure,omitempty"`
	StartedAt time.Time `json:"started_at"`
}

func (a *app) listCommand() *cobra.Command {
	var connection, number, requestID string
	var attention, running bool
	var limit int32
	command := &cobra.Command{
		Use: "list", Short: "List runs", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			terms := []string{"WorkflowType IN ('Onboarding', 'Fulfilment', 'Offboarding', 'Ticket', 'UserSync', 'DeskWatch')"}
			for name, value := range map[string]string{
				names.Connection.GetName(): connection, names.TicketNumber.GetName(): number, names.Request.GetName(): requestID,
			} {
				if strings.ContainsAny(value, `'"\`) {
					return exitError{exitUsage, fmt.Errorf("%q: a value without quotes and backslashes is wanted", value)}
				}
				if value != "" {
					terms = append(terms, fmt.Sprintf("%s = '%s'", name, value))
				}
			}
			if attention {
				terms = append(terms, names.Attention.GetName()+" IS NOT NULL")
			}
			if running || attention {
				terms = append(terms, "ExecutionStatus = 'Running'")
			}
			return a.list(cmd, strings.Join(terms, " AND "), limit, attention)
		},
	}
	flags := command.Flags()
	flags.StringVar(&connection, "connection", "", "only this connection")
	flags.StringVar(&number, "ticket", "", "only this ticket number")
	flags.StringVar(&requestID, "request", "", "only this request")
	flags.BoolVar(&attention, "attention", false, "only runs that need a person")
	flags.BoolVar(&running, "running", false, "only runs that go on")
	flags.Int32Var(&limit, "limit", 50, "at most this many, the latest first")
	return command
}

func (a *app) retryCommand() *cobra.Command {
	return &cobra.Command{
		Use: "retry WORKFLOW", Short: "Try again now what waits for a person", Args: cobra.ExactArgs(1),
		Long: "Try again now what waits for a person, once it is mended; see `starter list --attention`. Without it a run tries again every 15 minutes.",
		RunE: func(cmd *cobra.Command, args []string) error {
			asked, err := a.service(cmd.Context())
			if err != nil {
				return err
			}
			defer asked.Client.Close()
			return asked.Update(cmd.Context(), args[0], "", names.Refresh, nil)
		},
	}
}

func (a *app) list(cmd *cobra.Command, query string, limit int32, cures bool) error {
	asked, err := a.service(cmd.Context())
	if err != nil {
		return err
	}
	defer asked.Client.Close()
	page, err := asked.Client.ListWorkflow(cmd.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: limit})
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	runs := []listed{}
	for _, run := range page.GetExecutions() {
		attributes := run.GetSearchAttributes()
		runs = append(runs, listed{
			WorkflowID: run.GetExecution().GetWorkflowId(), RunID: run.GetExecution().GetRunId(), Type: run.GetType().GetName(),
			State: strings.ToLower(run.GetStatus().String()), StartedAt: run.GetStartTime().AsTime(),
			Ticket: names.Value(attributes, names.TicketNumber), Status: names.Value(attributes, names.TicketStatus),
			Phase: names.Value(attributes, names.Phase), Attention: names.Value(attributes, names.Attention),
		})
	}
	if cures {
		askCures(cmd.Context(), asked, runs)
	}
	return a.print(cmd.OutOrStdout(), runs, func(w io.Writer) {
		row(w, "WORKFLOW", "STATE", "TICKET", "STATUS", "PHASE", "STARTED", "ATTENTION")
		for _, run := range runs {
			row(w, run.WorkflowID, run.State, run.Ticket, run.Status, run.Phase, run.StartedAt.Local().Format(time.DateTime), run.Attention)
		}
		for _, run := range runs {
			if run.Cure != "" {
				_, _ = fmt.Fprintf(w, "\n%s\n  %s\n", run.WorkflowID, run.Cure)
			}
		}
	})
}

// askCures asks the runs themselves what a person must do. One whose worker does not answer is left
// without.
func askCures(ctx context.Context, asked *service.Service, runs []listed) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var asking errgroup.Group
	asking.SetLimit(8)
	for i := range runs {
		asking.Go(func() error {
			_ = asked.Query(ctx, runs[i].WorkflowID, names.Cure, &runs[i].Cure)
			return nil
		})
	}
	_ = asking.Wait()
}
