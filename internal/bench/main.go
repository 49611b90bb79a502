// Command bench measures Deskbridge beside what an engineer would write from Temporal's samples, in
// one run on one machine, and prints ratios: absolute times of a shared machine mean little.
//
//	go run ./internal/bench -sizes 100,1000,10000
//
// The contenders, each with a fresh Temporal server of the same build:
//
//	deskbridge  the real worker: one poll a connection, tickets wait for its signals
//	timer       a workflow a ticket that polls it: timer, activity, timer, ...
//	retry       a workflow a ticket whose activity fails, and is retried, until the ticket is done
//	bare        workflows that only wait for a signal, or run no-op activities: the server's own cost
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"deskbridge/internal/devstack"
)

func main() {
	var b bench
	sizes := flag.String("sizes", "100,1000,10000", "numbers of waiting tickets")
	flag.DurationVar(&b.interval, "interval", 30*time.Second, "between polls of one ticket, for every contender")
	flag.DurationVar(&b.window, "window", time.Minute, "how long waiting is measured")
	flag.DurationVar(&b.patience, "patience", 150*time.Second, "how long a peer may take to start its tickets; those that it did not start are told")
	flag.IntVar(&b.onboardings, "onboardings", 200, "number of onboardings for throughput")
	flag.BoolVar(&b.alone, "alone", false, "measure no peers in the waiting part")
	flag.StringVar(&b.folder, "folder", ".build/bench", "where state, logs and results.json go")
	flag.StringVar(&b.parts, "parts", allParts, "what is measured")
	role := flag.String("peer", "", "work as the peers' worker, at this address of a Temporal server")
	desk := flag.String("desk", "", "the peers' desk")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := b.sizesOf(*sizes)
	switch {
	case err != nil:
	case *role != "":
		err = runPeer(ctx, *role, *desk)
	default:
		err = b.run(ctx)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

const allParts = "onboarding,delivery,memory,waiting"

// bench is one run.
type bench struct {
	sizes            []int
	interval, window time.Duration
	patience         time.Duration
	onboardings      int
	alone            bool
	parts            string
	folder           string
	// server, worker, starter and self are programs.
	server, worker, starter, self string
	results                       results
}

func (b *bench) sizesOf(text string) error {
	for size := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(size)
		if err != nil || n < 10 {
			return fmt.Errorf("-sizes %q: want numbers of 10 and more, separated by commas", text)
		}
		b.sizes = append(b.sizes, n)
	}
	return nil
}

func say(format string, args ...any) {
	fmt.Printf("%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

func (b *bench) run(ctx context.Context) error {
	if err := b.build(ctx); err != nil {
		return err
	}
	measure := map[string]func(context.Context) error{"onboarding": b.measureOnboarding, "delivery": b.measureDelivery, "memory": b.measureMemory, "waiting": b.measureWaiting}
	for part := range strings.SplitSeq(b.parts, ",") {
		if measure[part] == nil {
			return fmt.Errorf("-parts %q: want some of %s", b.parts, allParts)
		}
		if err := measure[part](ctx); err != nil {
			return err
		}
	}
	if err := b.results.write(filepath.Join(b.folder, "results.json")); err != nil {
		return err
	}
	fmt.Print(b.results.table())
	return nil
}

func (b *bench) build(ctx context.Context) error {
	folder, err := filepath.Abs(b.folder)
	if err != nil {
		return err
	}
	b.folder = folder
	if err := errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o700)); err != nil {
		return err
	}
	root, err := devstack.Root(ctx)
	if err != nil {
		return err
	}
	tell := func(text string) { say("%s", text) }
	if b.server, err = devstack.BuildServer(ctx, root, tell); err != nil {
		return err
	}
	b.worker, b.starter = filepath.Join(folder, "worker"), filepath.Join(folder, "starter")
	if err := errors.Join(devstack.Build(ctx, root, "worker", b.worker, tell), devstack.Build(ctx, root, "starter", b.starter, tell)); err != nil {
		return err
	}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	b.results.describe(b)
	return nil
}
