package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"deskbridge/activities"
	"deskbridge/internal/audit"
	"deskbridge/internal/config"
	"deskbridge/internal/files"
	"deskbridge/internal/logkey"
	"deskbridge/internal/names"
	"deskbridge/internal/version"
	"deskbridge/providers/activate"
	"deskbridge/providers/target"
	"deskbridge/workflows"
)

// server is the set of workers of one process: one for workflows, one a connection.
type server struct {
	settings
	client  client.Client
	logger  *slog.Logger
	workers []worker.Worker
	// common and connections are set where workflows are served.
	common      *activities.Common
	connections map[string]*config.Connection
	metrics     *metrics
	audit       *activities.Audit
	failed      chan error
	ready       atomic.Bool
}

// add makes the workers of connections and, where they are served, that of workflows.
func (s *server) add(ctx context.Context, loaded *config.Config, connections []string, withWorkflows bool) error {
	worker.SetStickyWorkflowCacheSize(s.cache) // before any worker is made
	bucket, err := files.Open(ctx, loaded.Files)
	if err != nil {
		return err
	}
	s.audit = &activities.Audit{Log: audit.New(bucket)}
	for _, name := range connections {
		connection := loaded.Connections[name]
		desk, err := connection.NewDesk()
		if err != nil {
			return fmt.Errorf("connection %s: %w", name, err)
		}
		calls := &activities.Calls{Connection: name, Metrics: s.metrics.desks}
		if connection.Budget != nil {
			calls.Budget = activities.NewBudget(connection.Budget.Calls, connection.Budget.Per)
		}
		options := s.options(calls)
		options.TaskQueueActivitiesPerSecond = connection.Rate
		options.DisableWorkflowWorker = true
		w := worker.New(s.client, names.DeskTaskQueue(name), options)
		w.RegisterActivity(&activities.Desk{
			Connection: name, Desk: desk, Level: connection.Level, Queue: connection.Queue, Statuses: connection.Statuses,
			Closed: connection.CloseStatus, Cancelled: connection.CancelStatus, Match: connection.Match,
			Reactivate: connection.InactiveUsers == config.Reactivate, Authoritative: connection.Authoritative, Protected: connection.Protected,
			SearchLag: connection.SearchLag, Pace: rate.NewLimiter(rate.Limit(connection.Rate), 1), Uploads: semaphore.NewWeighted(uploadsAtOnce), Files: bucket, Client: s.client,
		})
		s.workers = append(s.workers, w)
	}
	if !withWorkflows {
		return nil
	}
	targets := map[string]*target.Target{}
	for name, settings := range loaded.Targets {
		if targets[name], err = target.New(name, settings); err != nil {
			return fmt.Errorf("target %s: %w", name, err)
		}
	}
	receivers := map[string]*activate.Receiver{}
	for name, settings := range loaded.Callbacks {
		if receivers[name], err = activate.New(name, settings); err != nil {
			return fmt.Errorf("callback %s: %w", name, err)
		}
	}
	options := s.options()
	options.DeploymentOptions = s.deploymentOptions()
	w := worker.New(s.client, names.TaskQueue, options)
	workflows.Register(w)
	s.common, s.connections = &activities.Common{Client: s.client, Targets: targets, Receivers: receivers}, loaded.Connections
	w.RegisterActivity(s.common)
	s.workers = append(s.workers, w)
	return nil
}

// deploymentOptions is the version of the worker that runs workflows. Those that wait for months go on
// with the version that is current when something happens to them (workflows.Register); the workers of
// desks run no workflows and need none.
func (s *server) deploymentOptions() worker.DeploymentOptions {
	if s.deployment == "" {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{
		UseVersioning: true, DefaultVersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
		Version: worker.WorkerDeploymentVersion{DeploymentName: s.deployment, BuildID: s.buildID},
	}
}

// uploadsAtOnce bounds the files of one connection in memory, each of providers.MaxAttachment at
// most and about three times that while it is encoded. The others wait, and heartbeat.
const uploadsAtOnce = 2

const stopTimeout = 20 * time.Second

// stickyTimeout is how long a workflow waits for the worker that has it in its cache. Longer than
// the SDK's 5 s, so that a burst of signals does not move to the normal queue; no longer, for after
// a crash of worker and server every run waits for it once.
const stickyTimeout = 10 * time.Second

// options are common to all workers.
func (s *server) options(further ...interceptor.WorkerInterceptor) worker.Options {
	pollers := worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{})
	return worker.Options{
		Interceptors:                 append([]interceptor.WorkerInterceptor{&activities.Boundary{}, s.audit}, further...),
		WorkflowTaskPollerBehavior:   pollers,
		ActivityTaskPollerBehavior:   pollers,
		StickyScheduleToStartTimeout: stickyTimeout,
		WorkerStopTimeout:            stopTimeout,
		OnFatalError:                 func(err error) { s.failed <- err },
	}
}

// run serves until the context ends, and then lets activities finish.
func (s *server) run(ctx context.Context) error {
	stopHealth, err := s.serveHealth(s.health)
	if err != nil {
		return err
	}
	defer stopHealth()
	for _, w := range s.workers {
		if err := w.Start(); err != nil {
			return fmt.Errorf("worker: %w", err)
		}
		defer w.Stop()
	}
	s.ready.Store(true)
	s.logger.Info("worker is ready", logkey.Workers, len(s.workers), logkey.Version, version.String())
	if s.common != nil {
		go s.metrics.watchAttention(ctx, s.client)
	}
	if err := s.resume(ctx); err != nil {
		s.logger.Warn("watches could not be resumed; they are at the next start", logkey.Error, err)
	}
	select {
	case <-ctx.Done():
		s.ready.Store(false)
		s.logger.Info("worker stops")
		return nil
	case err := <-s.failed:
		return fmt.Errorf("worker: %w", err)
	}
}

// resumeFrom is how far back a resumed watch polls. Its first sweep finds whatever is older.
const resumeFrom = time.Hour

// resume starts the watch of each connection for which tickets wait: somebody may have ended it.
func (s *server) resume(ctx context.Context) error {
	if s.common == nil {
		return nil
	}
	var errs []error
	for name, connection := range s.connections {
		waiting, err := activities.CountWaiting(ctx, s.client, name)
		if err == nil && waiting > 0 {
			var watch activities.Watch
			if watch, err = workflows.NewWatch(connection.Steering(name), time.Now().Add(-resumeFrom)); err == nil {
				err = s.common.StartWatch(ctx, watch)
			}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// serveHealth answers /healthz while the process lives, /readyz while it can work, and /metrics.
func (s *server) serveHealth(address string) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.Handle("GET /metrics", s.metrics.handler)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if _, err := s.client.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil || !s.ready.Load() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
		}
	})
	listening := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("health: %w; choose another address with --health", err)
	}
	go func() {
		if err := listening.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
	return func() { _ = listening.Close() }, nil
}
