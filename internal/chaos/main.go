// Command chaos proves that nothing is lost, doubled or leaked: it runs many onboardings with the
// real programs and the embedded Temporal server against simulated desks of several vendors, whose
// answers are lost, late or errors, whose clocks are wrong and whose agents resolve, reject, reopen,
// merge and delete; it kills worker, server and API at random. Then an oracle reads the desks' own
// tables and those of the target, and prints one table.
//
//	go run ./internal/chaos -n 1000 -seed 7
//
// The seed decides what people do, which answers break and when is killed; a finding comes again
// with its seed, as far as the machine's timing lets it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	n := flag.Int("n", 100, "number of onboardings")
	seed := flag.Uint64("seed", 0, "seed; from the clock if 0")
	rate := flag.Float64("rate", 3, "onboardings a second")
	plants := flag.String("plant", "", "break this on purpose, to see that the oracle reports it: "+strings.Join(plantNames(), ", "))
	flag.Parse()
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *n, *seed, *rate, *plants)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n int, seed uint64, rate float64, plant string) error {
	root, err := filepath.Abs(".build")
	if err != nil {
		return err
	}
	folder := filepath.Join(root, fmt.Sprintf("chaos-%d", seed))
	if err := errors.Join(os.RemoveAll(folder), os.MkdirAll(filepath.Join(folder, "files"), 0o700)); err != nil {
		return err
	}
	w, err := newWorld(ctx, folder, seed, plant)
	if err != nil {
		return err
	}
	defer w.stop()
	w.say("seed %d: %d onboardings at %d desks; logs in %s", seed, n, len(w.desks), folder)
	requests := newRequests(n, seed, w.desks)
	began := time.Now()
	w.storm(ctx, requests, rate)
	calm := time.Now()
	w.settle(ctx, requests)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w.say("storm %s, calm %s; killed: worker %d, server %d, API %d; broken answers %d",
		calm.Sub(began).Round(time.Second), time.Since(calm).Round(time.Second), w.killed["worker"], w.killed["server"], w.killed["api"], w.broken())
	report := judge(requests, w.facts(ctx, requests))
	report.add("canaries found", w.searchCanaries(ctx))
	fmt.Print(report.String())
	if report.faults() > 0 {
		return fmt.Errorf("%d findings; run again with -seed %d", report.faults(), seed)
	}
	return nil
}
