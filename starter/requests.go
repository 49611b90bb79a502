package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"deskbridge/activities"
	"deskbridge/internal/config"
	"deskbridge/starter/internal/service"
	"deskbridge/workflows"
)

// requestCommand starts an onboarding, a fulfilment or an offboarding from a file.
func (a *app) requestCommand(verb string, kind service.Kind) *cobra.Command {
	var path string
	command := &cobra.Command{
		Use: verb + " --file request.yaml", Short: "Start an " + string(kind), Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.startRequest(cmd, path, kind) },
	}
	if kind == service.Fulfilment {
		command.Short = "Start a " + string(kind)
	}
	requireFile(command, &path)
	return command
}

func requireFile(command *cobra.Command, path *string) {
	command.Flags().StringVarP(path, "file", "f", "", "request file in YAML or JSON; - for standard input")
	_ = command.MarkFlagRequired("file")
}

// startRequest reads, checks and starts a request; nothing is started unless all of it is right.
func (a *app) startRequest(cmd *cobra.Command, path string, kind service.Kind) error {
	loaded, err := config.Load(a.configPath)
	if err != nil {
		return exitError{exitUsage, err}
	}
	var r service.Request
	if err := readYAML(path, &r); err != nil {
		return exitError{exitUsage, err}
	}
	asked := &service.Service{Config: loaded}
	prepared, err := asked.Prepare(kind, r)
	if err != nil {
		return exitError{exitUsage, fmt.Errorf("%s: %w", path, err)}
	}
	for i := range prepared.Steps {
		step := &prepared.Steps[i]
		for _, ticket := range []*workflows.TicketRequest{step.Ticket, step.Fallback} {
			if err := attach(cmd.Context(), asked, filepath.Dir(path), ticket); err != nil {
				return exitError{exitUsage, fmt.Errorf("%s: step %s: %w", path, step.ID, err)}
			}
		}
	}
	return a.start(cmd, asked, func() (service.Started, error) { return asked.Start(cmd.Context(), kind, r, prepared) })
}

// readYAML reads a file in YAML or JSON strictly; - is standard input.
func readYAML(path string, into any) error {
	content, err := readFile(path)
	if err != nil {
		return err
	}
	return config.Decode(path, content, into)
}

func readFile(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(path) //nolint:gosec // the caller names the file
}

// attach stores the files that a ticket names.
func attach(ctx context.Context, asked *service.Service, folder string, ticket *workflows.TicketRequest) error {
	if ticket == nil {
		return nil
	}
	for _, path := range ticket.Attach {
		if !filepath.IsAbs(path) {
			path = filepath.Join(folder, path)
		}
		file, err := storeFile(ctx, asked, path)
		if err != nil {
			return fmt.Errorf("attach: %w", err)
		}
		ticket.Files = append(ticket.Files, file)
	}
	return nil
}

func storeFile(ctx context.Context, asked *service.Service, path string) (activities.File, error) {
	content, err := os.Open(path) //nolint:gosec // the caller names the file
	if err != nil {
		return activities.File{}, err
	}
	defer func() { _ = content.Close() }()
	return asked.StoreFile(ctx, filepath.Base(path), content)
}

// start connects, starts what was checked and tells what became of it.
func (a *app) start(cmd *cobra.Command, asked *service.Service, begin func() (service.Started, error)) error {
	if err := connect(cmd.Context(), asked); err != nil {
		return err
	}
	defer asked.Client.Close()
	run, err := begin()
	if err != nil {
		return err
	}
	return a.print(cmd.OutOrStdout(), run, func(w io.Writer) {
		row(w, "WORKFLOW", "RUN", "")
		row(w, run.WorkflowID, run.RunID, map[bool]string{true: "was started before", false: "started"}[run.Existing])
	})
}
