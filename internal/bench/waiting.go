package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/client"

	"deskbridge/internal/parked"
)

// sampled is the number of runs whose histories are looked at.
const sampled = 200

// contender is one that lets tickets wait.
type contender interface {
	host() *host
	// park lets n tickets wait, as far as it can in time, and returns how many do.
	park(ctx context.Context, n int) (int, error)
	id(i int) string
	calls() int64
	// resolve ends tickets at the desk.
	resolve(tickets ...int) error
	// kind is the type of its workflow.
	kind() string
	stop()
}

// ourTickets are Deskbridge's.
type ourTickets struct {
	*ours
	tickets []parked.Ticket
}

func (o *ourTickets) host() *host     { return o.ours.host }
func (o *ourTickets) id(i int) string { return o.tickets[i].WorkflowID }
func (o *ourTickets) calls() int64    { return o.desk.calls.Load() }
func (o *ourTickets) kind() string    { return "Ticket" }

func (o *ourTickets) park(ctx context.Context, n int) (int, error) {
	var err error
	if o.tickets, err = o.lot.Park(ctx, n); err != nil {
		return 0, err
	}
	return n, o.watch(ctx)
}

func (o *ourTickets) resolve(tickets ...int) error {
	for _, i := range tickets {
		if err := o.desk.resolve(o.tickets[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// peerTickets are those of a peer.
type peerTickets struct {
	on       *host
	desk     *peerDesk
	workflow string
	interval time.Duration
	patience time.Duration
	close    func()
}

func (p *peerTickets) host() *host     { return p.on }
func (p *peerTickets) id(i int) string { return waiter(i) }
func (p *peerTickets) calls() int64    { return p.desk.calls.Load() }
func (p *peerTickets) kind() string    { return p.workflow }

func (p *peerTickets) park(ctx context.Context, n int) (int, error) {
	return p.on.startAll(ctx, n, p.patience, func(ctx context.Context, i int) error {
		_, err := p.on.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: waiter(i), TaskQueue: peerQueue}, p.workflow, waiter(i), p.interval)
		return err
	})
}

func (p *peerTickets) resolve(tickets ...int) error {
	var ids []string
	for _, i := range tickets {
		ids = append(ids, waiter(i))
	}
	p.desk.resolve(ids...)
	return nil
}

func (p *peerTickets) stop() {
	p.on.stop()
	p.close()
}

func (b *bench) newPeer(ctx context.Context, name, workflow string) (*peerTickets, error) {
	desk := &peerDesk{done: map[string]bool{}}
	address, closeDesk, err := serve(ctx, desk)
	if err != nil {
		return nil, err
	}
	h, err := b.newHost(ctx, name, nil)
	if err != nil {
		closeDesk()
		return nil, err
	}
	p := &peerTickets{on: h, desk: desk, workflow: workflow, interval: b.interval, patience: b.patience, close: closeDesk}
	if err := h.startPeer(b, address); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// cacheByDefault is the worker's.
const cacheByDefault = 10_000

func (b *bench) newContender(ctx context.Context, who string, n int) (contender, error) {
	name := fmt.Sprintf("%s-%d", who, n)
	if who != deskbridge {
		return b.newPeer(ctx, name, who)
	}
	o, err := b.newOurs(ctx, name, b.interval, cacheByDefault)
	if err != nil {
		return nil, err
	}
	return &ourTickets{ours: o}, nil
}

// deskbridge, timer and retry let tickets wait.
const (
	deskbridge = "deskbridge"
	timer      = "timer"
	retry      = "retry"
)

// detailedAt is the number of tickets at which changes are measured too.
const detailedAt = 1000

func (b *bench) measureWaiting(ctx context.Context) error {
	peers := []string{deskbridge, timer, retry}
	if b.alone {
		peers = peers[:1]
	}
	for _, n := range b.sizes {
		for _, who := range peers {
			if err := b.waitingOf(ctx, who, n); err != nil {
				return fmt.Errorf("%s with %d tickets: %w", who, n, err)
			}
		}
	}
	return nil
}

func (b *bench) waitingOf(ctx context.Context, who string, n int) error {
	c, err := b.newContender(ctx, who, n)
	if err != nil {
		return err
	}
	defer c.stop()
	before, err := c.host().usage(c.calls())
	if err != nil {
		return err
	}
	began := time.Now()
	parkedNow, err := c.park(ctx, n)
	if err != nil {
		return err
	}
	say("%s: %d of %d tickets wait after %s", who, parkedNow, n, time.Since(began).Round(time.Second))
	if err := sleep(ctx, 10*time.Second); err != nil {
		return err
	}
	row := waitingRow{Contender: who, Wanted: n, Waiting: parkedNow, Interval: b.interval.Seconds()}
	if row.measured, err = b.watchWindow(ctx, c, parkedNow); err != nil {
		return err
	}
	after, err := c.host().usage(c.calls())
	if err != nil {
		return err
	}
	row.WorkerRSS, row.WorkerRSSPerTicket = after.WorkerRSS, (after.WorkerRSS-before.WorkerRSS)/int64(parkedNow)
	row.ServerRSS, row.DatabasePerTicket = after.ServerRSS, (after.Database-before.Database)/int64(parkedNow)
	if n == detailedAt {
		if err := b.changes(ctx, c, parkedNow, &row); err != nil {
			return err
		}
	}
	say("%s: %s", who, row.line())
	b.results.Waiting = append(b.results.Waiting, row)
	return nil
}

// watchWindow measures what waiting costs.
func (b *bench) watchWindow(ctx context.Context, c contender, n int) (measured, error) {
	var ids []string
	for i := 0; i < n; i += max(1, n/sampled) {
		ids = append(ids, c.id(i))
	}
	historyBefore, err := c.host().historiesOf(ctx, ids)
	if err != nil {
		return measured{}, err
	}
	before, err := c.host().usage(c.calls())
	if err != nil {
		return measured{}, err
	}
	if err := sleep(ctx, b.window); err != nil {
		return measured{}, err
	}
	after, err := c.host().usage(c.calls())
	if err != nil {
		return measured{}, err
	}
	historyAfter, err := c.host().historiesOf(ctx, ids)
	if err != nil {
		return measured{}, err
	}
	seconds := after.At.Sub(before.At).Seconds()
	hourly := 3600 / seconds
	return measured{
		CallsPerHour:  float64(after.DeskCalls-before.DeskCalls) * hourly,
		EventsPerHour: float64(historyAfter.Events-historyBefore.Events) / float64(len(ids)) * hourly,
		BytesPerHour:  float64(historyAfter.Bytes-historyBefore.Bytes) / float64(len(ids)) * hourly,
		ServerCPU:     (after.ServerCPU - before.ServerCPU) / seconds,
		WorkerCPU:     (after.WorkerCPU - before.WorkerCPU) / seconds,
		GrowthPerHour: float64(after.Database-before.Database) * hourly,
	}, nil
}

// singles is the number of tickets that change alone.
const singles = 10

// changes measures from a change of status at the desk to the end of the ticket's workflow: of
// tickets that change alone, and of all others at once.
func (b *bench) changes(ctx context.Context, c contender, n int, row *waitingRow) error {
	changed := map[string]time.Time{}
	for i := range singles {
		changed[c.id(i)] = time.Now()
		if err := c.resolve(i); err != nil {
			return err
		}
		if err := sleep(ctx, b.interval/7); err != nil { // at all points of the interval
			return err
		}
	}
	if err := sleep(ctx, b.interval+5*time.Second); err != nil {
		return err
	}
	rest := make([]int, 0, n)
	for i := singles; i < n; i++ {
		rest = append(rest, i)
	}
	at := time.Now()
	if err := c.resolve(rest...); err != nil {
		return err
	}
	runs, err := c.host().awaitClosed(ctx, c.kind(), n, 10*time.Minute)
	if err != nil {
		return err
	}
	var alone, together []time.Duration
	for _, run := range runs {
		if from, was := changed[run.id]; was {
			alone = append(alone, run.end.Sub(from))
		} else {
			together = append(together, run.end.Sub(at))
		}
	}
	row.One, row.Thousand = latencyOf(alone), latencyOf(together)
	return nil
}

func latencyOf(all []time.Duration) latency {
	slices.Sort(all)
	if len(all) == 0 {
		return latency{}
	}
	return latency{P50: all[len(all)/2].Seconds(), P99: all[len(all)*99/100].Seconds()}
}
