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
	"deskbridge/internal/probe"
	"deskbridge/internal/tracing"
	"deskbridge/internal/version"
)

// settings are how a worker runs on its machine.
type settings struct {
	// health is the address of its health, cache the number of runs in memory.
	health string
	cache  int
	// deployment and buildID are its version for the server; it has none without a deployment.
	deployment, buildID string
}

// defaultCache takes about 600 MiB when it is full (make bench).
const defaultCache = 10_000

func main() {
	path := flag.String("config", config.DefaultPath, "configuration file")
	only := flag.String("connections", "", "serve only these connections, separated by commas, and no workflows unless --workflows is given")
	withWorkflows := flag.Bool("workflows", false, "run workflows too, beside --connections")
	var s settings
	flag.StringVar(&s.health, "health", "127.0.0.1:8081", "address of /healthz, /readyz and /metrics; empty for none")
	flag.IntVar(&s.cache, "cache", defaultCache, "runs that are kept in memory, about 60 KiB each; others are read again when something happens to them")
	flag.StringVar(&s.deployment, "deployment", "", "name of the worker deployment, for rolling upgrades; its current version is set by starter deployment")
	flag.StringVar(&s.buildID, "build-id", version.String(), "version within the deployment")
	probing := flag.Bool("probe", false, "ask the worker that serves --health whether it can work, and exit: for health checks of containers")
	told := flag.Bool("version", false, "print the version and exit")
	flag.Parse()
	if *told {
		fmt.Println(version.String())
		return
	}
	if *probing {
		if err := probe.Ready(s.health); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, logger, *path, *only, *withWorkflows || *only == "", s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

func run(ctx context.Context, logger *slog.Logger, path, only string, withWorkflows bool, s settings) error {
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
	traced, err := tracing.Start(ctx, "deskbridge-worker", logger)
	if err != nil {
		return err
	}
	defer traced.Stop()
	client, err := cluster.DialWhenUp(ctx, keys, logger, metrics.apply, traced.Apply)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := cluster.EnsureSearchAttributes(ctx, client, cluster.Namespace()); err != nil {
		return err
	}
	served := &server{settings: s, client: client, logger: logger, metrics: metrics, failed: make(chan error, len(chosen)+1)}
	if err := served.add(ctx, loaded, chosen, withWorkflows); err != nil {
		return err
	}
	return served.run(ctx)
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
