package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) whyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "why REQUEST|TICKET|WORKFLOW", Short: "Tell what a request waits for, and what to do about it", Args: cobra.ExactArgs(1),
		Long: "Tell what a request waits for, and what to do about it: a worker, a desk that does not answer, a person, an agent.\n" +
			"Name a request ID, a ticket number or a workflow ID. It answers without a worker too.",
		RunE: func(cmd *cobra.Command, args []string) error {
			asked, err := a.service(cmd.Context())
			if err != nil {
				return err
			}
			defer asked.Client.Close()
			holds, err := asked.Why(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), holds, func(w io.Writer) {
				for i, hold := range holds {
					if i > 0 {
						_, _ = fmt.Fprintln(w)
					}
					row(w, hold.WorkflowID, hold.State)
					line := func(label, text string) {
						if text != "" {
							row(w, "  "+label, text)
						}
					}
					line("waits for", hold.Waits)
					if !hold.Since.IsZero() {
						line("since", hold.Since.Local().Format(time.DateTime))
					}
					if hold.Failure != "" && hold.Attempts > 0 {
						hold.Failure += fmt.Sprintf(" (attempt %d)", hold.Attempts)
					}
					line("because", hold.Failure)
					if !hold.Next.IsZero() {
						line("again at", hold.Next.Local().Format(time.DateTime))
					}
					line("do", hold.Do)
				}
			})
		},
	}
}
