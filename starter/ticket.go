package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"deskbridge/internal/config"
	"deskbridge/internal/names"
	"deskbridge/starter/internal/service"
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
			asked := &service.Service{Config: loaded}
			r := service.TicketRequest{Connection: connection, RequestID: requestID, Step: step, Requester: person, Ticket: ticket}
			if err := asked.PrepareTicket(r); err != nil {
				return err
			}
			if err := attach(cmd.Context(), asked, ".", &r.Ticket); err != nil {
				return exitError{exitUsage, err}
			}
			return a.start(cmd, asked, func() (service.Started, error) { return asked.LogTicket(cmd.Context(), r) })
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
			return a.withTicket(cmd, args[0], connection, func(ctx context.Context, asked *service.Service, workflowID string) error {
				view, err := asked.View(ctx, workflowID)
				if err != nil {
					return err
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
	if !view.DueAt.IsZero() {
		row(w, "due", view.DueAt.Local().Format(time.DateTime))
	}
	if view.Outcome != nil {
		row(w, "outcome", fmt.Sprintf("%s, %s", view.Outcome.Result, view.Outcome.At.Local().Format(time.DateTime)))
		if view.Outcome.Reason != "" {
			row(w, "because", view.Outcome.Reason)
		}
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
	file, err := storeFile(ctx, &service.Service{Config: loaded}, args[1])
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
			return a.withTicket(cmd, args[0], connection, func(ctx context.Context, asked *service.Service, workflowID string) error {
				written, err := asked.Write(ctx, workflowID, id, update, argument)
				if err != nil {
					return err
				}
				err = a.print(cmd.OutOrStdout(), written, func(w io.Writer) { row(w, written.State, written.Failure) })
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
			return a.withTicket(cmd, args[0], connection, func(ctx context.Context, asked *service.Service, workflowID string) error {
				view, err := asked.Refresh(ctx, workflowID)
				if err != nil {
					return err
				}
				return a.print(cmd.OutOrStdout(), view, func(w io.Writer) { showTicket(w, view) })
			})
		},
	}
	connectionFlag(command, &connection)
	return command
}

// withTicket finds a ticket's workflow by its number, key or workflow ID.
func (a *app) withTicket(cmd *cobra.Command, ticket, connection string, do func(context.Context, *service.Service, string) error) error {
	asked, err := a.service(cmd.Context())
	if err != nil {
		return err
	}
	defer asked.Client.Close()
	workflowID, err := asked.FindTicket(cmd.Context(), ticket, connection)
	if err != nil {
		return err
	}
	return do(cmd.Context(), asked, workflowID)
}

func (a *app) actionCommand() *cobra.Command {
	var args workflows.CompleteActionArgs
	var output string
	complete := &cobra.Command{
		Use: "complete WORKFLOW STEP", Short: "Complete an automated step whose target accepted the work", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, given []string) error {
			asked, err := a.service(cmd.Context())
			if err != nil {
				return err
			}
			defer asked.Client.Close()
			args.Step = given[1]
			if output != "" {
				args.Output = []byte(output)
			}
			return asked.CompleteAction(cmd.Context(), given[0], args)
		},
	}
	complete.Flags().StringVar(&args.Failure, "failure", "", "why the work failed; empty if it is done")
	complete.Flags().StringVar(&output, "result", "", "result as JSON")
	command := &cobra.Command{Use: "action", Short: "Complete automated steps"}
	command.AddCommand(complete)
	return command
}
