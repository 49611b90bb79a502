package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"
)

// results is all that was measured, as results.json has it.
type results struct {
	Versions   versions
	Waiting    []waitingRow
	Delivery   []deliveryRow
	Onboarding []throughputRow
	Memory     []memoryRow
}

type versions struct {
	Go, SDK, Server, CPUs string
	Interval, Window      string
}

// measured is what waiting costs: all tickets together, but events and bytes, which are a ticket's.
type measured struct {
	CallsPerHour, EventsPerHour, BytesPerHour float64
	// ServerCPU and WorkerCPU are in cores.
	ServerCPU, WorkerCPU float64
	// GrowthPerHour is of the database, in bytes.
	GrowthPerHour float64
}

// latency is in seconds.
type latency struct{ P50, P99 float64 }

type waitingRow struct {
	Contender string
	// Wanted tickets were to wait, Waiting do: the others could not be started in time.
	Wanted, Waiting int
	Interval        float64
	measured
	WorkerRSS, WorkerRSSPerTicket, ServerRSS, DatabasePerTicket int64
	// One and Thousand are from a change at the desk to the end of the workflow.
	One, Thousand latency
}

// made is the share of the polls that were due and were made; ours polls once for all.
func (r waitingRow) made() float64 {
	if r.Contender == deskbridge {
		return r.CallsPerHour / (3600 / r.Interval)
	}
	return r.CallsPerHour / (float64(r.Waiting) * 3600 / r.Interval)
}

func (r waitingRow) line() string {
	return fmt.Sprintf("%d tickets: %.0f calls an hour, %.1f events a ticket and hour, server %.3f cores, worker %.3f cores", r.Waiting, r.CallsPerHour, r.EventsPerHour, r.ServerCPU, r.WorkerCPU)
}

type deliveryRow struct {
	Contender                            string
	N                                    int
	Activities, Events                   float64
	SignalsPerSecond, ContinuedPerSecond float64
	// Continued is from the first signal to the end of the workflow.
	Continued latency
}

type throughputRow struct {
	Contender string
	N         int
	// PerSecond counts whole requests; Runs, Activities, Events, DeskCalls and the CPU seconds are a request's.
	PerSecond, Runs, Activities, Events, DeskCalls float64
	ServerCPU, WorkerCPU                           float64
}

type memoryRow struct {
	Cache, Tickets int
	WorkerRSS      int64
	// PerTicket is in bytes.
	PerTicket float64
}

func (r *results) describe(b *bench) {
	r.Versions = versions{Go: runtime.Version(), SDK: "unknown", CPUs: fmt.Sprint(runtime.NumCPU()), Interval: b.interval.String(), Window: b.window.String()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "go.temporal.io/sdk" {
				r.Versions.SDK = module.Version
			}
		}
	}
}

func (r *results) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600)
}

func ratio(a, b float64) string {
	if b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", a/b)
}

// table is what a person reads: each figure, and ours as a ratio.
func (r *results) table() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 4, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...any) {
		for _, cell := range cells {
			_, _ = fmt.Fprint(w, cell, "\t")
		}
		_, _ = fmt.Fprintln(w)
	}
	fmt.Fprintf(&text, "\n%s, SDK %s, Temporal server %s (SQLite), %s CPUs; polls every %s\n\nWaiting\n", r.Versions.Go, r.Versions.SDK, r.Versions.Server, r.Versions.CPUs, r.Versions.Interval)
	row("who", "tickets", "desk calls/h", "polls made", "events/ticket/h", "bytes/ticket/h", "server cores", "worker cores", "db MB/h", "worker RSS MiB", "db kB/ticket", "1 change p50 s", "p99 s", "all at once p50 s", "p99 s")
	for _, m := range r.Waiting {
		row(m.Contender, fmt.Sprintf("%d of %d", m.Waiting, m.Wanted), fmt.Sprintf("%.0f", m.CallsPerHour), fmt.Sprintf("%.0f %%", 100*m.made()), fmt.Sprintf("%.1f", m.EventsPerHour), fmt.Sprintf("%.0f", m.BytesPerHour),
			fmt.Sprintf("%.3f", m.ServerCPU), fmt.Sprintf("%.3f", m.WorkerCPU), fmt.Sprintf("%.1f", m.GrowthPerHour/1e6), m.WorkerRSS>>20, fmt.Sprintf("%.1f", float64(m.DatabasePerTicket)/1e3),
			seconds(m.One.P50), seconds(m.One.P99), seconds(m.Thousand.P50), seconds(m.Thousand.P99))
	}
	_ = w.Flush()
	text.WriteString("\nDelivery of what changed at once\n")
	row("who", "tickets", "activities", "events", "signals/s", "continued/s", "p50 s", "p99 s")
	for _, m := range r.Delivery {
		row(m.Contender, m.N, fmt.Sprintf("%.1f", m.Activities), fmt.Sprintf("%.1f", m.Events), fmt.Sprintf("%.0f", m.SignalsPerSecond), fmt.Sprintf("%.0f", m.ContinuedPerSecond), seconds(m.Continued.P50), seconds(m.Continued.P99))
	}
	if len(r.Delivery) == 2 {
		a, d := r.Delivery[0], r.Delivery[1]
		row("ratio", "", "", ratio(a.Events, d.Events), ratio(a.SignalsPerSecond, d.SignalsPerSecond), ratio(a.ContinuedPerSecond, d.ContinuedPerSecond), ratio(a.Continued.P50, d.Continued.P50), ratio(a.Continued.P99, d.Continued.P99))
	}
	_ = w.Flush()
	text.WriteString("\nOnboarding, beside a workflow of as many no-op activities\n")
	row("who", "requests", "a second", "runs", "activities", "events", "desk calls", "server CPU ms", "worker CPU ms")
	for _, m := range r.Onboarding {
		row(m.Contender, m.N, fmt.Sprintf("%.1f", m.PerSecond), fmt.Sprintf("%.1f", m.Runs), fmt.Sprintf("%.1f", m.Activities), fmt.Sprintf("%.1f", m.Events), fmt.Sprintf("%.1f", m.DeskCalls), fmt.Sprintf("%.0f", 1000*m.ServerCPU), fmt.Sprintf("%.0f", 1000*m.WorkerCPU))
	}
	for _, d := range r.Onboarding[min(1, len(r.Onboarding)):] {
		a := r.Onboarding[0]
		row("ratio to "+d.Contender, "", ratio(a.PerSecond, d.PerSecond), "", "", ratio(a.Events, d.Events), "", ratio(a.ServerCPU, d.ServerCPU), ratio(a.WorkerCPU, d.WorkerCPU))
	}
	_ = w.Flush()
	text.WriteString("\nThe worker's memory, with all tickets in its cache and with few\n")
	row("cache", "tickets", "worker RSS MiB", "KiB a ticket")
	for _, m := range r.Memory {
		row(m.Cache, m.Tickets, m.WorkerRSS>>20, fmt.Sprintf("%.1f", m.PerTicket/1024))
	}
	_ = w.Flush()
	return text.String()
}

func seconds(s float64) string {
	if s == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", s)
}
