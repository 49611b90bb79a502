package main

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// measureOnboarding compares whole onboardings with workflows that run as many no-op activities.
func (b *bench) measureOnboarding(ctx context.Context) error {
	o, err := b.newOurs(ctx, "onboarding", time.Second, cacheByDefault)
	if err != nil {
		return err
	}
	defer o.stop()
	if err := o.serveAPI(ctx, b); err != nil {
		return err
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	go o.desk.agent(working)
	mine := throughputRow{Contender: deskbridge, N: b.onboardings}
	runs, err := b.throughput(ctx, o.host, "Onboarding", &mine, o.desk.calls.Load, o.onboard)
	if err != nil {
		return err
	}
	others, err := o.closed(ctx, "Ticket")
	if err != nil {
		return err
	}
	people, err := o.closed(ctx, "User")
	if err != nil {
		return err
	}
	runs = append(append(runs, others...), people...)
	if mine.Activities, mine.Events, err = o.countEvents(ctx, runs, b.onboardings); err != nil {
		return err
	}
	mine.Runs = float64(len(runs)) / float64(b.onboardings)
	b.results.Versions.Server = o.version(ctx)
	b.results.Onboarding = []throughputRow{mine}
	for _, peer := range []struct{ workflow, name string }{{"steps", "bare"}, {"shaped", "bare, same runs"}} {
		bare := throughputRow{Contender: peer.name, N: b.onboardings}
		if err := b.bareSteps(ctx, peer.workflow, int(mine.Activities+0.5), &bare); err != nil {
			return err
		}
		b.results.Onboarding = append(b.results.Onboarding, bare)
	}
	return nil
}

// throughput starts n runs at once and waits until all of a type have ended.
func (b *bench) throughput(ctx context.Context, h *host, kind string, row *throughputRow, calls func() int64, start func(context.Context, int) error) ([]closed, error) {
	before, err := h.usage(calls())
	if err != nil {
		return nil, err
	}
	if _, err := h.startAll(ctx, row.N, time.Hour, start); err != nil {
		return nil, err
	}
	runs, err := h.awaitClosed(ctx, kind, row.N, 20*time.Minute)
	if err != nil {
		return nil, err
	}
	after, err := h.usage(calls())
	if err != nil {
		return nil, err
	}
	first, last := runs[0].start, runs[0].end
	for _, run := range runs {
		if run.start.Before(first) {
			first = run.start
		}
		if run.end.After(last) {
			last = run.end
		}
	}
	row.PerSecond = float64(row.N) / last.Sub(first).Seconds()
	row.ServerCPU = (after.ServerCPU - before.ServerCPU) / float64(row.N)
	row.WorkerCPU = (after.WorkerCPU - before.WorkerCPU) / float64(row.N)
	row.DeskCalls = float64(after.DeskCalls-before.DeskCalls) / float64(row.N)
	say("%s: %.1f a second", row.Contender, row.PerSecond)
	return runs, nil
}

// countEvents counts the activities and events of runs, a request.
func (h *host) countEvents(ctx context.Context, runs []closed, requests int) (activities, events float64, err error) {
	scheduled, all := 0, int64(0)
	for _, run := range runs {
		all += run.history.Events
		history := h.client.GetWorkflowHistory(ctx, run.id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for history.HasNext() {
			event, err := history.Next()
			if err != nil {
				return 0, 0, err
			}
			if event.GetEventType() == enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
				scheduled++
			}
		}
	}
	return float64(scheduled) / float64(requests), float64(all) / float64(requests), nil
}

// bareSteps runs a workflow of the peers with so many activities.
func (b *bench) bareSteps(ctx context.Context, workflow string, activities int, row *throughputRow) error {
	p, err := b.newPeer(ctx, workflow, workflow)
	if err != nil {
		return err
	}
	defer p.stop()
	runs, err := b.throughput(ctx, p.on, workflow, row, p.calls, func(ctx context.Context, i int) error {
		_, err := p.on.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: waiter(i), TaskQueue: peerQueue}, workflow, activities)
		return err
	})
	if err != nil {
		return err
	}
	for _, child := range []string{"shaped-ticket", "steps"} {
		if workflow == "shaped" {
			children, err := p.on.closed(ctx, child)
			if err != nil {
				return err
			}
			runs = append(runs, children...)
		}
	}
	row.Runs = float64(len(runs)) / float64(row.N)
	row.Activities, row.Events, err = p.on.countEvents(ctx, runs, row.N)
	return err
}

// delivered is the number of tickets that change at once.
const delivered = 1000

// measureDelivery compares the signals of one poll with those of a loop that only signals, to
// workflows that then run as many no-op activities as ours run activities.
func (b *bench) measureDelivery(ctx context.Context) error {
	o, err := b.newOurs(ctx, "delivery", 2*time.Second, cacheByDefault)
	if err != nil {
		return err
	}
	mine, err := b.deliverOurs(ctx, &ourTickets{ours: o})
	o.stop()
	if err != nil {
		return err
	}
	p, err := b.newPeer(ctx, "signalled", "signalled")
	if err != nil {
		return err
	}
	defer p.stop()
	bare, err := b.deliverBare(ctx, p, int(mine.Activities+0.5))
	b.results.Delivery = []deliveryRow{mine, bare}
	return err
}

func (b *bench) deliverOurs(ctx context.Context, c *ourTickets) (deliveryRow, error) {
	row := deliveryRow{Contender: deskbridge, N: delivered}
	if _, err := c.park(ctx, delivered); err != nil {
		return row, err
	}
	all := make([]int, delivered)
	for i := range all {
		all[i] = i
	}
	if err := c.resolve(all...); err != nil {
		return row, err
	}
	return row, b.delivery(ctx, c.ours.host, "Ticket", &row)
}

func (b *bench) deliverBare(ctx context.Context, p *peerTickets, activities int) (deliveryRow, error) {
	row := deliveryRow{Contender: "bare", N: delivered}
	payload := make([]byte, 1024)
	_, err := p.on.startAll(ctx, delivered, time.Hour, func(ctx context.Context, i int) error {
		_, err := p.on.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: waiter(i), TaskQueue: peerQueue}, "signalled", activities, payload)
		return err
	})
	if err != nil {
		return row, err
	}
	if err := sleep(ctx, 10*time.Second); err != nil {
		return row, err
	}
	if _, err := p.on.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "signal-all", TaskQueue: peerQueue}, "signal-all", delivered); err != nil {
		return row, err
	}
	return row, b.delivery(ctx, p.on, "signalled", &row)
}

// delivery reads from the histories when each run was signalled, and when it ended.
func (b *bench) delivery(ctx context.Context, h *host, kind string, row *deliveryRow) error {
	runs, err := h.awaitClosed(ctx, kind, row.N, 10*time.Minute)
	if err != nil {
		return err
	}
	if row.Activities, row.Events, err = h.countEvents(ctx, runs, row.N); err != nil {
		return err
	}
	var first, last time.Time
	ends := make([]time.Time, 0, len(runs))
	for _, run := range runs {
		history := h.client.GetWorkflowHistory(ctx, run.id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for history.HasNext() {
			event, err := history.Next()
			if err != nil {
				return err
			}
			if event.GetEventType() != enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED {
				continue
			}
			at := event.GetEventTime().AsTime()
			if first.IsZero() || at.Before(first) {
				first = at
			}
			if at.After(last) {
				last = at
			}
		}
		ends = append(ends, run.end)
	}
	if first.IsZero() {
		return fmt.Errorf("no %s was signalled", kind)
	}
	var latencies []time.Duration
	for _, end := range ends {
		latencies = append(latencies, end.Sub(first))
	}
	row.Continued = latencyOf(latencies)
	row.SignalsPerSecond = float64(row.N) / last.Sub(first).Seconds()
	row.ContinuedPerSecond = float64(row.N) / latencies[len(latencies)-1].Seconds()
	say("%s: %.0f signals a second, all continued after %.1f s", row.Contender, row.SignalsPerSecond, latencies[len(latencies)-1].Seconds())
	return nil
}

// measureMemory compares workers whose caches hold all that waits, and a hundred.
func (b *bench) measureMemory(ctx context.Context) error {
	const tickets, small = 2000, 100
	for _, cache := range []int{cacheByDefault, small} {
		o, err := b.newOurs(ctx, fmt.Sprintf("cache-%d", cache), b.interval, cache)
		if err != nil {
			return err
		}
		row, err := b.memoryOf(ctx, o, cache, tickets)
		o.stop()
		if err != nil {
			return err
		}
		b.results.Memory = append(b.results.Memory, row)
	}
	return nil
}

func (b *bench) memoryOf(ctx context.Context, o *ours, cache, tickets int) (memoryRow, error) {
	row := memoryRow{Cache: cache, Tickets: tickets}
	if _, err := o.lot.Park(ctx, tickets/10); err != nil { // what every worker takes first
		return row, err
	}
	before, err := o.usage(0)
	if err != nil {
		return row, err
	}
	if _, err := o.lot.Park(ctx, tickets); err != nil {
		return row, err
	}
	if err := sleep(ctx, 5*time.Second); err != nil {
		return row, err
	}
	after, err := o.usage(0)
	if err != nil {
		return row, err
	}
	row.WorkerRSS, row.PerTicket = after.WorkerRSS, float64(after.WorkerRSS-before.WorkerRSS)/float64(tickets)
	say("cache %d: %.1f KiB a ticket", cache, row.PerTicket/1024)
	return row, nil
}
