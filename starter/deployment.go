package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
)

// deploymentCommand looks after the versions of the workers that run workflows.
func (a *app) deploymentCommand() *cobra.Command {
	command := &cobra.Command{Use: "deployment", Short: "Versions of the workers that run workflows (worker --deployment NAME --build-id ID)"}
	promote := &cobra.Command{
		Use: "promote NAME BUILD-ID", Short: "Let a version run whatever happens from now on, for requests that wait too", Args: cobra.ExactArgs(2),
		Long: "Let a version run whatever happens from now on, for requests that wait too.\n\n" +
			"Its workers must run. When the version before has nothing left to do (`starter deployment show NAME`), stop its workers.",
	}
	share := promote.Flags().Float32("ramp", 100, "per cent of the requests that it runs; 100 makes it the current version")
	promote.RunE = func(cmd *cobra.Command, args []string) error {
		asked, err := a.service(cmd.Context())
		if err != nil {
			return err
		}
		defer asked.Client.Close()
		if *share <= 0 || *share > 100 {
			return exitError{exitUsage, fmt.Errorf("--ramp %v: want more than 0 and at most 100", *share)}
		}
		if err := asked.Promote(cmd.Context(), args[0], args[1], *share); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s of %s runs %v %% from now on\n", args[1], args[0], *share)
		return err
	}
	show := &cobra.Command{
		Use: "show NAME", Short: "The versions of a deployment, and which may be stopped", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			asked, err := a.service(cmd.Context())
			if err != nil {
				return err
			}
			defer asked.Client.Close()
			versions, err := asked.Versions(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), versions, func(w io.Writer) {
				row(w, "BUILD-ID", "STATE", "SINCE")
				for _, version := range versions {
					row(w, version.BuildID, version.State, version.Since.UTC().Format(time.DateTime))
				}
			})
		},
	}
	command.AddCommand(promote, show)
	return command
}
