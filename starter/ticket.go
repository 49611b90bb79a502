package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"deskbridge/internal/config"
	"deskbridge/internal/files"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/workflows"
)

func (a *app) ticketCommand() *cobra.Command {
	command := &cobra.Command{Use: "ticket", Short: "Log, show and write to tickets"}
	command.AddCommand(
		a.ticketLogCommand(),
		a.ticketViewCommand(),
		a.ticketWriteCommand("note TICKET TEXT", "Add a customer-facing note", names.AddNote, cobra.ExactArgs(2), func(_ context.Context, args []string) (any, error) {
			return workflows.NoteArgs{Body: args[1]}, nil
		}),
		a.ticketWriteCommand("attach TICKET FILE", "Attach a file", names.Attach, cobra.ExactArgs(2), a.attachArgs),
		a.ticketWriteCommand("close TICKET [NOTE]", "Close a ticket at the desk", names.CloseTicket, cobra.RangeArgs(1, 2), func(_ context.Context, args []string) (any, error) {
			return workflows.CloseArgs{Note: strings.Join(args[1:], "")}, nil
		}),
		a.ticketWriteCommand("cancel TICKET [NOTE]", "Cancel a ticket, at the desk too", names.Cancel, cobra.RangeArgs(1, 2), func(_ context.Context, args []string) (any, error) {
			return workflows.CancelArgs{Note: strings.Join(args[1:], "")}, nil
		}),
		a.ticketRefreshCommand(),
	)
	return command
}

func (a *app) ticketLogCommand() *cobra.Command {
	var connection, requestID, step string
	var person workflows.Person
	var ticket workflows.TicketRequest
	command := &cobra.Command{
		Use: "log", Short: "Log a ticket for an end user", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			loaded, err := config.Load(a.configPath)
			if err != nil {
				return exitError{exitUsage, err}
			}
			r := request{Connection: connection, RequestID: requestID, Requester: &person, Steps: []workflows.Step{{ID: step, Ticket: &ticket}}}
			if err := r.validate(loaded); err != nil {
				return exitError{exitUsage, err}
			}
			if err := attacher(cmd.Context(), loaded, ".")(&ticket); err != nil {
				return exitError{exitUsage, err}
			}
			key := providers.Key(requestID + "/" + step)
			return a.start(cmd, start{
				id: names.Ticket(connection, key), workflow: "Ticket", connection: connection, request: requestID, content: r,
				input: workflows.TicketInput{Connection: loaded.Connections[connection].Steering(connection), Key: key, Requester: person, Request: ticket},
			})
		},
	}
	flags := command.Flags()
	flags.StringVar(&connection, "connection", "", "connection")
	flags.StringVar(&requestID, "request", "", "request ID")
	flags.StringVar(&step, "step", "ticket", "step ID, the second half of the key")
	flags.StringVar(&person.EmployeeNumber, "employee-number", "", "requester's employee number")
	flags.StringVar(&person.Login, "login", "", "requester's AD login")
	flags.StringVar(&person.Email, "email", "", "requester's e-mail address")
	flags.StringVar(&person.DisplayName, "name", "", "requester's display name")
	flags.StringVar((*string)(&ticket.Kind), "kind", "request", "request or incident")
	flags.StringVar(&ticket.Subject, "subject", "", "subject")
	flags.StringVar(&ticket.Body, "body", "", "description")
	flags.StringVar(&ticket.Queue, "queue", "", "queue; the connection's default if empty")
	flags.StringToStringVar(&ticket.Fields, "field", nil, "further field of the desk, name=value")
	flags.StringSliceVar(&ticket.Attach, "attach", nil, "file to attach")
	return command
}

func (a *app) ticketViewCommand() *cobra.Command {
	var connection string
	command := &cobra.Command{
		Use: "view TICKET", Short: "Show a ticket: status, notes, files, history",
		Long: "Show a ticket. TICKET is its number at the desk, its key <requestId>/<stepId>, or its workflow ID.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withTicket(cmd, args[0], connection, func(ctx context.Context, connected client.Client, workflowID string) error {
				var view workflows.View
				if err := query(ctx, connected, workflowID, names.View, &view); err != nil {
					return fmt.Errorf("view %s: %w", workflowID, err)
				}
				return a.print(cmd.OutOrStdout(), view, func(w io.Writer) { showTicket(w, view) })
			})
		},
	}
	connectionFlag(command, &connection)
	return command
}

func connectionFlag(command *cobra.Command, connection *string) {
	command.Flags().StringVar(connection, "connection", "", "connection, where the number or key alone does not tell")
}

func showTicket(w io.Writer, view workflows.View) {
	row(w, "ticket", view.Number+" at "+view.Connection)
	row(w, "key", view.Key)
	row(w, "status", fmt.Sprintf("%s (%s)", view.Status, view.State))
	row(w, "phase", view.Phase)
	if view.Outcome != nil {
		row(w, "outcome", fmt.Sprintf("%s, %s", view.Outcome.Result, view.Outcome.At.Local().Format(time.DateTime)))
	}
	if view.Attention != "" {
		row(w, "attention", view.Attention)
	}
	if view.Omitted > 0 {
		row(w, "notes", fmt.Sprintf("%d older ones are at the desk only", view.Omitted))
	}
	for _, note := range view.Notes {
		row(w, "note", fmt.Sprintf("%s %s: %s", note.CreatedAt.Local().Format(time.DateTime), note.Author, strings.ReplaceAll(note.Body, "\n", " / ")))
		for _, file := range note.Attachments {
			row(w, "", fmt.Sprintf("with file %s, %d bytes", file.Name, file.Size))
		}
	}
	for _, file := range view.Files {
		row(w, "file", fmt.Sprintf("%s, %d bytes", file.Name, file.Size))
	}
	for _, write := range view.Queued {
		row(w, "queued", fmt.Sprintf("%s since %s", write.Kind, write.At.Local().Format(time.DateTime)))
	}
	for _, event := range view.History {
		row(w, "history", event.At.Local().Format(time.DateTime)+" "+event.What)
	}
}

func (a *app) attachArgs(ctx context.Context, args []string) (any, error) {
	loaded, err := config.Load(a.configPath)
	if err != nil {
		return nil, err
	}
	bucket, err := files.Open(ctx, loaded.Files)
	if err != nil {
		return nil, err
	}
	file, err := storeFile(ctx, bucket, args[1])
	return workflows.AttachArgs{File: file}, err
}

// ticketWriteCommand sends an update. The same --id is the same write, however often it is sent.
func (a *app) ticketWriteCommand(use, short, update string, args cobra.PositionalArgs, build func(context.Context, []string) (any, error)) *cobra.Command {
	var connection, id string
	command := &cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			argument, err := build(cmd.Context(), args)
			if err != nil {
				return exitError{exitUsage, err}
			}
			return a.withTicket(cmd, args[0], connection, func(ctx context.Context, connected client.Client, workflowID string) error {
				var written workflows.Written
				if err := sendUpdate(ctx, connected, workflowID, id, update, &written, argument); err != nil {
					return err
				}
				err := a.print(cmd.OutOrStdout(), written, func(w io.Writer) { row(w, written.State, written.Failure) })
				if written.Failure != "" {
					return exitError{exitRejected, errors.New(written.Failure)}
				}
				return err
			})
		},
	}
	connectionFlag(command, &connection)
	command.Flags().StringVar(&id, "id", "", "idempotency key of this write; random if empty")
	return command
}

func (a *app) ticketRefreshCommand() *cobra.Command {
	var connection string
	command := &cobra.Command{
		Use: "refresh TICKET", Short: "Look at the desk now", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withTicket(cmd, args[0], connection, func(ctx context.Context, connected client.Client, workflowID string) error {
				var view workflows.View
				if err := sendUpdate(ctx, connected, workflowID, "", names.Refresh, &view); err != nil {
					return err
				}
				return a.print(cmd.OutOrStdout(), view, func(w io.Writer) { showTicket(w, view) })
			})
		},
	}
	connectionFlag(command, &connection)
	return command
}

// query asks a workflow. The first question after a worker was killed goes to that worker and is
// lost; the second finds another.
func query(ctx context.Context, connected client.Client, workflowID, name string, into any) error {
	const tries = 3
	for try := 1; ; try++ {
		answer, err := connected.QueryWorkflow(ctx, workflowID, "", name)
		if err == nil {
			return answer.Get(into)
		}
		var late *serviceerror.DeadlineExceeded
		if !errors.As(err, &late) && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		if try == tries || ctx.Err() != nil {
			return errors.New("no worker answers; is one running?")
		}
	}
}

// updateWithin bounds how long a caller waits for an update; the workflow answers sooner.
const updateWithin = time.Minute

func sendUpdate(ctx context.Context, connected client.Client, workflowID, id, update string, result any, args ...any) error {
	if id == "" {
		id = uuid.NewString()
	}
	ctx, cancel := context.WithTimeout(ctx, updateWithin)
	defer cancel()
	handle, err := connected.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateID: id, UpdateName: update, Args: args, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, result)
	}
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &gone):
		return exitError{exitRejected, fmt.Errorf("%s has ended; start a new request", workflowID)}
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s %s: no worker answered in time; start one, then send it again with --id %s", update, workflowID, id)
	case err != nil:
		return exitError{exitRejected, fmt.Errorf("%s %s: %w", update, workflowID, err)}
	}
	return nil
}

// withTicket finds a ticket's workflow by its number, key or workflow ID.
func (a *app) withTicket(cmd *cobra.Command, ticket, connection string, do func(context.Context, client.Client, string) error) error {
	connected, err := a.dial(cmd.Context())
	if err != nil {
		return err
	}
	defer connected.Close()
	workflowID, err := findTicket(cmd.Context(), connected, ticket, connection)
	if err != nil {
		return err
	}
	return do(cmd.Context(), connected, workflowID)
}

func findTicket(ctx context.Context, connected client.Client, ticket, connection string) (string, error) {
	if strings.HasPrefix(ticket, "ticket/") {
		return ticket, nil
	}
	if key, err := providers.ParseKey(ticket); err == nil && connection != "" {
		return names.Ticket(connection, key), nil
	}
	if strings.ContainsAny(ticket+connection, `'"\`) {
		return "", exitError{exitUsage, fmt.Errorf("ticket %q: want its number, key or workflow ID", ticket)}
	}
	query := fmt.Sprintf("WorkflowType = 'Ticket' AND %s = '%s'", names.TicketNumber.GetName(), ticket)
	if request, _, isKey := strings.Cut(ticket, "/"); isKey {
		query = fmt.Sprintf("WorkflowType = 'Ticket' AND %s = '%s'", names.Request.GetName(), request)
	}
	if connection != "" {
		query += fmt.Sprintf(" AND %s = '%s'", names.Connection.GetName(), connection)
	}
	listed, err := connected.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query})
	if err != nil {
		return "", fmt.Errorf("find ticket: %w", err)
	}
	found := map[string]bool{}
	var ids []string
	for _, run := range listed.GetExecutions() {
		id := run.GetExecution().GetWorkflowId()
		if !found[id] && (!strings.Contains(ticket, "/") || strings.HasSuffix(id, "/"+ticket)) {
			found[id] = true
			ids = append(ids, id)
		}
	}
	switch len(ids) {
	case 0:
		return "", exitError{exitRejected, fmt.Errorf("no ticket %q is known here; see `starter list`", ticket)}
	case 1:
		return ids[0], nil
	}
	return "", exitError{exitUsage, fmt.Errorf("ticket %q is followed by several runs; name one: %s", ticket, strings.Join(ids, ", "))}
}

func (a *app) actionCommand() *cobra.Command {
	var args workflows.CompleteActionArgs
	var output string
	complete := &cobra.Command{
		Use: "complete WORKFLOW STEP", Short: "Complete an automated step whose target accepted the work", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, given []string) error {
			connected, err := a.dial(cmd.Context())
			if err != nil {
				return err
			}
			defer connected.Close()
			args.Step = given[1]
			if output != "" {
				args.Output = []byte(output)
			}
			return sendUpdate(cmd.Context(), connected, given[0], "complete-"+given[1], names.CompleteAction, nil, args)
		},
	}
	complete.Flags().StringVar(&args.Failure, "failure", "", "why the work failed; empty if it is done")
	complete.Flags().StringVar(&output, "result", "", "result as JSON")
	command := &cobra.Command{Use: "action", Short: "Complete automated steps"}
	command.AddCommand(complete)
	return command
}
