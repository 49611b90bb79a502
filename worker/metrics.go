package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	temporalotel "go.temporal.io/sdk/contrib/opentelemetry"

	"deskbridge/activities"
	"deskbridge/internal/names"
)

// metrics are what a worker tells of itself: the SDK's figures, and which runs need a person. They
// hold names of connections, kinds and activities, nothing of a request.
type metrics struct {
	meter   metric.Meter
	handler http.Handler
	// desks are what the activities count.
	desks *activities.Metrics

	mu        sync.Mutex
	attention map[trouble]int64
}

// latencies gives the SDK's histograms buckets for seconds: the default ones are for milliseconds.
var latencies = sdkmetric.NewView(
	sdkmetric.Instrument{Name: "temporal_*", Kind: sdkmetric.InstrumentKindHistogram},
	sdkmetric.Stream{Aggregation: sdkmetric.AggregationExplicitBucketHistogram{Boundaries: []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400}}},
)

// trouble is what runs that need a person are counted by.
type trouble struct{ connection, kind string }

func newMetrics() (*metrics, error) {
	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo(), exporter.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	m := &metrics{
		meter:   sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithView(latencies)).Meter("deskbridge"),
		handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
	}
	if m.desks, err = activities.NewMetrics(m.meter); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	_, err = m.meter.Int64ObservableGauge("deskbridge_attention",
		metric.WithDescription("Runs that need a person, by connection and kind; `starter list --attention` has them with the cure."),
		metric.WithInt64Callback(m.observeAttention))
	return m, err
}

// apply lets a client and the workers on it count what they do.
func (m *metrics) apply(options *client.Options) {
	options.MetricsHandler = temporalotel.NewMetricsHandler(temporalotel.MetricsHandlerOptions{Meter: m.meter, UseMonotonicCounters: true, OnError: func(error) {}})
}

func (m *metrics) observeAttention(_ context.Context, observer metric.Int64Observer) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for trouble, count := range m.attention {
		observer.Observe(count, metric.WithAttributes(attribute.String("connection", trouble.connection), attribute.String("kind", trouble.kind)))
	}
	return nil
}

// attentionEvery is how often runs that need a person are counted.
const attentionEvery = 30 * time.Second

// watchAttention counts the runs that need a person until the context ends. What was counted once
// stays as zero, so that an alert ends.
func (m *metrics) watchAttention(ctx context.Context, server client.Client) {
	for {
		if counted, err := countAttention(ctx, server); err == nil {
			m.mu.Lock()
			for known := range m.attention {
				if _, still := counted[known]; !still {
					counted[known] = 0
				}
			}
			m.attention = counted
			m.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(attentionEvery):
		}
	}
}

func countAttention(ctx context.Context, server client.Client) (map[trouble]int64, error) {
	counted := map[trouble]int64{}
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: names.Attention.GetName() + " IS NOT NULL AND ExecutionStatus = 'Running'", PageSize: 1000}
	for {
		page, err := server.ListWorkflow(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, run := range page.GetExecutions() {
			attributes := run.GetSearchAttributes()
			counted[trouble{names.Value(attributes, names.Connection), names.Value(attributes, names.Attention)}]++
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return counted, nil
		}
	}
}
