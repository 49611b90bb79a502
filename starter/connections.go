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
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"deskbridge/activities"
	"deskbridge/internal/config"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/starter/internal/service"
)

func (a *app) connectionsCommand() *cobra.Command {
	command := &cobra.Command{Use: "connections", Short: "Check the connections to desks"}
	command.AddCommand(&cobra.Command{
		Use: "check [CONNECTION ...]", Short: "Probe desks without changing them",
		Long: "Probe desks without changing them: the level that each reaches, each function with ok or what is missing and how to mend it.\nA worker does it, for only workers have the credentials.",
		RunE: a.checkConnections,
	})
	return command
}

// checkWithin bounds a check, also while no worker runs.
const checkWithin = 2 * time.Minute

// checked is one connection's result.
type checked struct {
	Connection string              `json:"connection"`
	Version    string              `json:"version,omitempty"`
	Level      providers.Level     `json:"level,omitempty"`
	Reached    providers.Level     `json:"reached,omitempty"`
	Findings   []providers.Finding `json:"findings,omitempty"`
	Problem    string              `json:"problem,omitempty"`
}

func (a *app) checkConnections(cmd *cobra.Command, chosen []string) error {
	loaded, err := config.Load(a.configPath)
	if err != nil {
		return exitError{exitUsage, err}
	}
	if len(chosen) == 0 {
		chosen = slices.Sorted(maps.Keys(loaded.Connections))
	}
	for _, name := range chosen {
		if loaded.Connections[name] == nil {
			return exitError{exitUsage, fmt.Errorf("the configuration has no connection %q", name)}
		}
	}
	asked := &service.Service{Config: loaded}
	if err := connect(cmd.Context(), asked); err != nil {
		return err
	}
	defer asked.Client.Close()
	var results []checked
	problems := 0
	for _, name := range chosen {
		result := check(cmd.Context(), asked.Client, name, loaded.Connections[name].Statuses)
		if result.Problem != "" {
			problems++
		}
		for _, finding := range result.Findings {
			if finding.Problem != "" {
				problems++
			}
		}
		results = append(results, result)
	}
	if err := a.print(cmd.OutOrStdout(), results, func(w io.Writer) { showChecks(w, results) }); err != nil {
		return err
	}
	if problems > 0 {
		return exitError{exitRejected, fmt.Errorf("problems found: %d", problems)}
	}
	return nil
}

func showChecks(w io.Writer, results []checked) {
	row(w, "CONNECTION", "FUNCTION", "RESULT", "CURE")
	for _, result := range results {
		if result.Problem != "" {
			row(w, result.Connection, "connect", result.Problem, "")
			continue
		}
		row(w, result.Connection, result.Version, fmt.Sprintf("level %s, reaches %s", result.Level, result.Reached), "")
		for _, finding := range result.Findings {
			state := finding.Problem
			if state == "" {
				state = "ok"
			}
			row(w, result.Connection, finding.Function, state, finding.Cure)
		}
	}
}

// check has a worker probe the desk, and holds the statuses of the connection against the desk's.
func check(ctx context.Context, connected client.Client, name string, statuses map[string]providers.State) checked {
	run, err := connected.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: names.Check(name), TaskQueue: names.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "Check of " + name,
		WorkflowRunTimeout:       checkWithin,
	}, "ConnectionCheck", name)
	var found activities.CheckResult
	if err == nil {
		err = run.Get(ctx, &found)
	}
	result := checked{Connection: name, Version: found.Report.Version, Level: found.Configured, Reached: found.Reached, Findings: found.Report.Findings}
	if len(found.Report.Statuses) > 0 && found.Configured != providers.LevelLogOnly { // who only logs waits for no status
		result.Findings = append(result.Findings, checkStatuses(statuses, found.Report.Statuses)...)
	}
	var application *temporal.ApplicationError
	var timeout *temporal.TimeoutError
	switch {
	case errors.As(err, &application):
		result.Problem = application.Message()
	case errors.As(err, &timeout):
		result.Problem = "no worker serves this connection; start one with this configuration"
	case err != nil:
		result.Problem = err.Error()
	}
	return result
}

// checkStatuses tells which statuses mean something and are not the desk's, and which are the
// desk's and mean nothing.
func checkStatuses(mapped map[string]providers.State, told []string) []providers.Finding {
	finding := providers.Finding{Function: "statuses"}
	var findings []providers.Finding
	for _, status := range slices.Sorted(maps.Keys(mapped)) {
		if !slices.ContainsFunc(told, func(known string) bool { return strings.EqualFold(known, status) }) {
			finding.Problem = fmt.Sprintf("the desk has no status %q", status)
			finding.Cure = "correct statuses; the desk has " + strings.Join(told, ", ")
			findings = append(findings, finding)
		}
	}
	for _, status := range told {
		if mapped[strings.ToLower(status)] == "" {
			finding.Problem = fmt.Sprintf("the desk's status %q means nothing", status)
			finding.Cure = "add it to statuses; until then a ticket in this status waits for a person"
			findings = append(findings, finding)
		}
	}
	if len(findings) == 0 {
		return []providers.Finding{finding}
	}
	return findings
}
