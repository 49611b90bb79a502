package activities

import (
	"context"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.temporal.io/sdk/interceptor"

	"deskbridge/providers"
)

// Metrics are what a worker counts of its desks. None holds anything of a request.
type Metrics struct {
	calls   metric.Float64Histogram
	polled  metric.Float64Gauge
	waiting metric.Int64Gauge
	signals metric.Int64Counter
}

// NewMetrics makes the instruments.
func NewMetrics(meter metric.Meter) (*Metrics, error) {
	var m Metrics
	var errs [4]error
	m.calls, errs[0] = meter.Float64Histogram("deskbridge_desk_call_seconds",
		metric.WithDescription("Calls of desks: how long the answer took, by connection and status; 0 is no answer."),
		metric.WithExplicitBucketBoundaries(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30))
	m.polled, errs[1] = meter.Float64Gauge("deskbridge_polled_timestamp_seconds",
		metric.WithDescription("Unix time at which a poll of a connection last succeeded in this worker."))
	m.waiting, errs[2] = meter.Int64Gauge("deskbridge_tickets_waiting",
		metric.WithDescription("Tickets of a connection that waited when it was last polled by this worker."))
	m.signals, errs[3] = meter.Int64Counter("deskbridge_changes",
		metric.WithDescription("Changed tickets whose runs were told."))
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return &m, nil
}

// Calls looks after the HTTP calls of one connection's activities: it holds them to the connection's
// budget, if it has one, and counts and times them.
type Calls struct {
	interceptor.WorkerInterceptorBase
	Connection string
	Budget     *Budget
	Metrics    *Metrics
}

// InterceptActivity implements [interceptor.WorkerInterceptor].
func (c *Calls) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	inbound := &callsInbound{calls: c, connection: metric.WithAttributes(attribute.String("connection", c.Connection))}
	inbound.Next = next
	return inbound
}

type callsInbound struct {
	interceptor.ActivityInboundInterceptorBase
	calls      *Calls
	connection metric.MeasurementOption
}

// ExecuteActivity implements [interceptor.ActivityInboundInterceptor].
func (c *callsInbound) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	if c.calls.Budget != nil {
		ctx = providers.WithGate(ctx, c.calls.Budget.gate(ctx))
	}
	metrics := c.calls.Metrics
	if metrics == nil {
		return c.Next.ExecuteActivity(ctx, in)
	}
	ctx = providers.WithObserver(ctx, func(exchange providers.Exchange) {
		metrics.calls.Record(ctx, exchange.Took.Seconds(), c.connection, metric.WithAttributes(attribute.String("status", strconv.Itoa(exchange.Status))))
	})
	result, err := c.Next.ExecuteActivity(ctx, in)
	if polled, is := result.(Polled); is && err == nil {
		metrics.polled.Record(ctx, float64(time.Now().Unix()), c.connection)
		metrics.waiting.Record(ctx, int64(polled.Waiting), c.connection)
		metrics.signals.Add(ctx, int64(polled.Signalled), c.connection)
	}
	return result, err
}
