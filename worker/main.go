// Command worker runs Deskbridge's workflows and activities.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // for calendars, in images without it

	"deskbridge/internal/cluster"
	"deskbridge/internal/config"
)

func main() {
	path := flag.String("config", config.DefaultPath, "configuration file")
	only := flag.String("connections", "", "serve only these connections, separated by commas, and no workflows")
	health := flag.String("health", "127.0.0.1:8081", "address of /healthz, /readyz and /metrics; empty for none")
	flag.Parse()
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, logger, *path, *only, *health); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

func run(ctx context.Context, logger *slog.Logger, path, only, health string) error {
	loaded, err := config.Load(path)
	if err != nil {
		return err
	}
	chosen, err := choose(loaded, only)
	if err != nil {
		return err
	}
	keys, err := loaded.PayloadKeys.Open()
	if err != nil {
		return err
	}
	if keys == nil {
		logger.Warn("payloads are not encrypted, as the configuration says")
	}
	metrics, err := newMetrics()
	if err != nil {
		return err
	}
	client, err := cluster.DialWhenUp(ctx, keys, logger, metrics.apply)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := cluster.EnsureSearchAttributes(ctx, client, cluster.Namespace()); err != nil {
		return err
	}
	served, err := newServer(ctx, loaded, chosen, only == "", client, logger)
	if err != nil {
		return err
	}
	served.metrics = metrics
	return served.run(ctx, health)
}

// choose returns the names of the connections to serve.
func choose(loaded *config.Config, only string) ([]string, error) {
	var chosen []string
	if only == "" {
		for name := range loaded.Connections {
			chosen = append(chosen, name)
		}
		return chosen, nil
	}
	var errs []error
	for name := range strings.SplitSeq(only, ",") {
		name = strings.TrimSpace(name)
		if loaded.Connections[name] == nil {
			errs = append(errs, fmt.Errorf("--connections: the configuration has no connection %q", name))
		}
		chosen = append(chosen, name)
	}
	return chosen, errors.Join(errs...)
}
