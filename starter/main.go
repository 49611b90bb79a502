// Command starter is what Activate and people call: it starts onboardings, fulfilments and
// offboardings, shows and writes to tickets, keeps users, checks connections, serves the HTTP API
// and the portal with `serve`, and runs everything on one machine with `dev`.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"os/user"
	"strings"
	"syscall"
	_ "time/tzdata" // for calendars, in images without it

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"deskbridge/internal/audit"
	"deskbridge/internal/cluster"
	"deskbridge/internal/config"
	"deskbridge/internal/payloads"
	"deskbridge/internal/version"
	"deskbridge/starter/internal/service"
)

// The exit codes.
const (
	exitFailed   = 1
	exitUsage    = 2
	exitConflict = 3
	exitRejected = 4
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRoot().ExecuteContext(audit.By(ctx, "command line "+operator()))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", strings.ReplaceAll(err.Error(), "\n", "\n       "))
		os.Exit(exitCode(err))
	}
}

// operator is the account on this machine that calls.
func operator() string {
	account, err := user.Current()
	if err != nil {
		return "unknown"
	}
	return account.Username
}

// exitError gives an error its exit code.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string { return e.err.Error() }
func (e exitError) Unwrap() error { return e.err }

func exitCode(err error) int {
	var coded exitError
	if errors.As(err, &coded) {
		return coded.code
	}
	switch service.FaultOf(err) {
	case service.Wrong:
		return exitUsage
	case service.Clash:
		return exitConflict
	case service.Absent, service.Refused:
		return exitRejected
	}
	return exitFailed
}

// app is what all commands share.
type app struct {
	configPath string
	output     string
}

func newRoot() *cobra.Command {
	a := &app{}
	root := &cobra.Command{
		Use:   "starter",
		Short: "Starts and follows Deskbridge's workflows", Version: version.String(),
		Long: "Starts and follows Deskbridge's workflows.\n\n" +
			"The Temporal server is found by the standard environment: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, ...\n" +
			"Exit codes: 0 done, 1 failed, 2 wrong use, 3 conflict with another request, 4 ended without success.",
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.output != "table" && a.output != "json" {
				return exitError{exitUsage, fmt.Errorf("--output %q: want table or json", a.output)}
			}
			return nil
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return exitError{exitUsage, err} })
	root.PersistentFlags().StringVar(&a.configPath, "config", config.DefaultPath, "configuration file")
	root.PersistentFlags().StringVarP(&a.output, "output", "o", "table", "table or json")
	root.AddCommand(a.requestCommand("onboard", service.Onboarding), a.requestCommand("fulfil", service.Fulfilment), a.requestCommand("offboard", service.Offboarding), a.usersCommand(), a.ticketCommand(), a.actionCommand(), a.listCommand(), a.whyCommand(), a.retryCommand(), a.watchCommand(), a.connectionsCommand(), a.serveCommand(), keysCommand(), a.auditCommand(), a.deploymentCommand(), openAPICommand(), a.devCommand())
	return root
}

// service connects to Temporal, with the configuration.
func (a *app) service(ctx context.Context) (*service.Service, error) {
	loaded, err := config.Load(a.configPath)
	if err != nil {
		return nil, exitError{exitUsage, err}
	}
	asked := &service.Service{Config: loaded}
	return asked, connect(ctx, asked)
}

// dialer connects at once or not at all, as commands do, or when there is a server, as serve does.
type dialer func(context.Context, *payloads.Keys, *slog.Logger) (client.Client, error)

// connect connects a command to Temporal; the client's own log lines are for operators of workers.
func connect(ctx context.Context, asked *service.Service) error {
	return connectBy(ctx, asked, slog.New(slog.DiscardHandler), func(ctx context.Context, keys *payloads.Keys, logger *slog.Logger) (client.Client, error) {
		return cluster.Dial(ctx, keys, logger)
	})
}

// connectBy connects a service that has its configuration to Temporal.
func connectBy(ctx context.Context, asked *service.Service, logger *slog.Logger, dial dialer) error {
	keys, err := asked.Config.PayloadKeys.Open()
	if err != nil {
		return exitError{exitUsage, err}
	}
	asked.Keys = keys
	asked.Client, err = dial(ctx, keys, logger)
	return err
}
