package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"deskbridge/internal/audit"
	"deskbridge/internal/config"
	"deskbridge/starter/internal/service"
)

func (a *app) auditCommand() *cobra.Command {
	var connection string
	show := &cobra.Command{
		Use: "show SUBJECT", Short: "Show who asked, what was called and what came back", Args: cobra.ExactArgs(1),
		Long: "Show who asked, what was called and what came back for a request: CONNECTION/REQUEST, or any of its workflow IDs. What concerns users alone is kept by its workflow ID.",
		RunE: func(cmd *cobra.Command, args []string) error {
			log, err := a.audit(cmd.Context())
			if err != nil {
				return err
			}
			entries, err := log.Read(cmd.Context(), subjectOf(args[0]))
			if err == nil && len(entries) == 0 {
				return exitError{exitRejected, fmt.Errorf("nothing is kept of %q; want CONNECTION/REQUEST or a workflow ID", args[0])}
			}
			return errors.Join(err, a.print(cmd.OutOrStdout(), entries, func(w io.Writer) { showAudit(w, entries) }))
		},
	}
	var head string
	verify := &cobra.Command{
		Use: "verify [SUBJECT]", Short: "Check that no record was changed or removed", Args: cobra.MaximumNArgs(1),
		Long: "Check that no record of a request, or of all, was changed, and none removed that another names.\n" +
			"Keep a head elsewhere: with --head it shows later that the end was not cut off. Exit code 4 says that something is wrong.",
		RunE: func(cmd *cobra.Command, args []string) error {
			log, err := a.audit(cmd.Context())
			if err != nil {
				return err
			}
			var subjects []string
			if len(args) == 1 {
				subjects = []string{subjectOf(args[0])}
			} else if subjects, err = log.Subjects(cmd.Context(), connection); err != nil {
				return err
			}
			return a.verify(cmd, log, subjects, head)
		},
	}
	verify.Flags().StringVar(&connection, "connection", "", "only this connection, without a subject")
	verify.Flags().StringVar(&head, "head", "", "a hash that must be among the subject's records")
	command := &cobra.Command{Use: "audit", Short: "Read and check the record of each request"}
	command.AddCommand(show, verify)
	return command
}

func (a *app) audit(ctx context.Context) (*audit.Log, error) {
	loaded, err := config.Load(a.configPath)
	if err != nil {
		return nil, exitError{exitUsage, err}
	}
	return (&service.Service{Config: loaded}).Audit(ctx)
}

// subjectOf takes a workflow ID or a subject itself.
func subjectOf(text string) string {
	if subject := audit.Subject(text); subject != "" && strings.Count(text, "/") > 1 {
		return subject
	}
	return text
}

func showAudit(w io.Writer, entries []audit.Entry) {
	row(w, "AT", "WHO", "DID", "WORKFLOW", "RESULT", "DETAIL", "CALLS")
	for _, entry := range entries {
		did := entry.Did
		if entry.Attempt > 1 {
			did += fmt.Sprintf(" (attempt %d)", entry.Attempt)
		}
		var detail, calls []string
		for _, name := range slices.Sorted(maps.Keys(entry.Detail)) {
			detail = append(detail, name+"="+entry.Detail[name])
		}
		for _, call := range entry.Calls {
			status := "no answer"
			if call.Status != 0 {
				status = fmt.Sprint(call.Status)
			}
			calls = append(calls, call.Method+" "+call.Path+" "+status)
		}
		row(w, entry.At.Local().Format(time.DateTime), entry.Who, did, entry.Workflow, entry.Result, strings.Join(detail, " "), strings.Join(calls, ", "))
	}
}

func (a *app) verify(cmd *cobra.Command, log *audit.Log, subjects []string, head string) error {
	verdicts, records, broken := []audit.Verdict{}, 0, 0
	for _, subject := range subjects {
		verdict, err := log.Verify(cmd.Context(), subject)
		if err != nil {
			return err
		}
		if verdict.Records == 0 && verdict.Problem == "" && len(subjects) == 1 {
			verdict.Problem = "nothing is kept of it"
		}
		if head != "" && verdict.Problem == "" {
			entries, err := log.Read(cmd.Context(), subject)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(entries, func(entry audit.Entry) bool { return entry.Hash == head }) {
				verdict.Problem = "the head that was kept is not there: the end was cut off, or it is of another subject"
			}
		}
		if verdict.Problem != "" {
			broken++
		}
		records += verdict.Records
		verdicts = append(verdicts, verdict)
	}
	err := a.print(cmd.OutOrStdout(), verdicts, func(w io.Writer) {
		for _, verdict := range verdicts {
			if verdict.Problem != "" {
				row(w, verdict.Subject, "BROKEN", verdict.Problem)
			} else if len(subjects) == 1 {
				row(w, verdict.Subject, fmt.Sprintf("%d records, unbroken", verdict.Records), "head "+strings.Join(verdict.Heads, " "))
			}
		}
		row(w, fmt.Sprintf("%d subjects, %d records, %d broken", len(verdicts), records, broken))
	})
	if err == nil && broken > 0 {
		return exitError{exitRejected, fmt.Errorf("%d subjects are broken", broken)}
	}
	return err
}
