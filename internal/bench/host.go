package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/procfs"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"deskbridge/internal/devstack"
	"deskbridge/internal/payloads"
)

// host is a fresh Temporal server with the worker of one contender.
type host struct {
	folder, address, health string
	server, worker          *devstack.Process
	client                  client.Client
}

// newHost starts a server; its worker is started by what is put into it.
func (b *bench) newHost(ctx context.Context, name string, keys *payloads.Keys) (*host, error) {
	h := &host{folder: filepath.Join(b.folder, name)}
	if err := os.MkdirAll(filepath.Join(h.folder, "files"), 0o700); err != nil {
		return nil, err
	}
	var ports [3]int
	for i := range ports {
		var err error
		if ports[i], err = devstack.Port(0); err != nil {
			return nil, err
		}
	}
	h.address, h.health = fmt.Sprintf("127.0.0.1:%d", ports[0]), fmt.Sprintf("127.0.0.1:%d", ports[2])
	h.server = devstack.Server(b.server, h.path("temporal.db"), h.path("temporal.log"), ports[0], 0, 0)
	if err := h.server.Start(); err != nil {
		return nil, err
	}
	if err := devstack.AwaitServer(ctx, h.address); err != nil {
		h.stop()
		return nil, err
	}
	options := client.Options{HostPort: h.address}
	keys.Apply(&options)
	connected, err := client.DialContext(ctx, options)
	if err != nil {
		h.stop()
		return nil, err
	}
	h.client = connected
	return h, nil
}

func (h *host) path(name string) string { return filepath.Join(h.folder, name) }

func (h *host) stop() {
	if h.client != nil {
		h.client.Close()
	}
	if h.worker != nil {
		h.worker.Stop()
	}
	h.server.Stop()
}

// startPeer starts the worker of the peers.
func (h *host) startPeer(b *bench, desk string) error {
	h.worker = devstack.NewProcess(h.path("worker.log"), b.self, nil, "-peer", h.address, "-desk", desk)
	return h.worker.Start()
}

// usage is what the processes and the files have used so far.
type usage struct {
	At time.Time
	// ServerCPU and WorkerCPU are in seconds.
	ServerCPU, WorkerCPU float64
	// ServerRSS, WorkerRSS and Database are in bytes.
	ServerRSS, WorkerRSS, Database int64
	// DeskCalls counts the calls at the desk.
	DeskCalls int64
}

func (h *host) usage(calls int64) (usage, error) {
	used := usage{At: time.Now(), DeskCalls: calls}
	for process, into := range map[*devstack.Process]struct {
		cpu *float64
		rss *int64
	}{h.server: {&used.ServerCPU, &used.ServerRSS}, h.worker: {&used.WorkerCPU, &used.WorkerRSS}} {
		measured, err := procfs.NewProc(process.PID())
		if err != nil {
			return used, fmt.Errorf("read /proc, which only Linux has: %w", err)
		}
		stat, err := measured.Stat()
		if err != nil {
			return used, err
		}
		*into.cpu, *into.rss = stat.CPUTime(), int64(stat.ResidentMemory())
	}
	for _, name := range []string{"temporal.db", "temporal.db-wal"} {
		if file, err := os.Stat(h.path(name)); err == nil {
			used.Database += file.Size()
		}
	}
	return used, nil
}

// history is the length of histories.
type history struct{ Events, Bytes int64 }

// historiesOf adds up the histories of runs.
func (h *host) historiesOf(ctx context.Context, ids []string) (history, error) {
	var sum history
	for _, id := range ids {
		described, err := h.client.DescribeWorkflowExecution(ctx, id, "")
		if err != nil {
			return sum, err
		}
		sum.Events += described.GetWorkflowExecutionInfo().GetHistoryLength()
		sum.Bytes += described.GetWorkflowExecutionInfo().GetHistorySizeBytes()
	}
	return sum, nil
}

// closed is a run that has ended.
type closed struct {
	id         string
	start, end time.Time
	history    history
}

// closed lists the runs of a type that have ended.
func (h *host) closed(ctx context.Context, workflowType string) ([]closed, error) {
	var runs []closed
	request := &workflowservice.ListWorkflowExecutionsRequest{
		Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus != 'Running'", workflowType), PageSize: 1000,
	}
	for {
		page, err := h.client.ListWorkflow(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, run := range page.GetExecutions() {
			runs = append(runs, closed{
				id: run.GetExecution().GetWorkflowId(), start: run.GetStartTime().AsTime(), end: run.GetCloseTime().AsTime(),
				history: history{run.GetHistoryLength(), run.GetHistorySizeBytes()},
			})
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return runs, nil
		}
	}
}

// awaitClosed waits until n runs of a type have ended.
func (h *host) awaitClosed(ctx context.Context, workflowType string, n int, within time.Duration) ([]closed, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		counted, err := h.client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus != 'Running'", workflowType),
		})
		if err == nil && counted.GetCount() >= int64(n) {
			return h.closed(ctx, workflowType)
		}
		if failure := sleep(ctx, time.Second); failure != nil {
			return nil, fmt.Errorf("%d of %d %s runs ended within %s; see the logs in %s", counted.GetCount(), n, workflowType, within, h.folder)
		}
	}
}

// startAtOnce is the number of starts in flight.
const startAtOnce = 16

// startAll starts n runs, as far as time lets it, and returns how many it has started.
func (h *host) startAll(ctx context.Context, n int, patience time.Duration, start func(context.Context, int) error) (int, error) {
	until := time.Now().Add(patience)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(startAtOnce)
	started := 0
	for ; started < n && time.Now().Before(until) && groupCtx.Err() == nil; started++ {
		i := started
		group.Go(func() error { return start(groupCtx, i) })
	}
	return started, group.Wait()
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// await asks until a condition holds.
func await(ctx context.Context, within time.Duration, what string, holds func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for !holds() {
		if sleep(ctx, 100*time.Millisecond) != nil {
			return errors.New(what + ": not within " + within.String())
		}
	}
	return nil
}

// version is the Temporal server's.
func (h *host) version(ctx context.Context) string {
	info, err := h.client.WorkflowService().GetClusterInfo(ctx, &workflowservice.GetClusterInfoRequest{})
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(info.GetServerVersion())
}
