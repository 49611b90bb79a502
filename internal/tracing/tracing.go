// Package tracing sends OpenTelemetry traces where the standard environment says: set
// OTEL_EXPORTER_OTLP_ENDPOINT (or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) to an OTLP/HTTP receiver, and
// OTEL_TRACES_SAMPLER to take fewer (opentelemetry.io/docs/languages/sdk-configuration). Without it
// nothing is traced.
//
// A span's name and attributes hold IDs of runs, names of activities and patterns of addresses. What
// people write, who they are and texts of errors are in none.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.temporal.io/sdk/client"
	temporalotel "go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"

	"deskbridge/internal/logkey"
	"deskbridge/internal/version"
)

// Tracing is whether and how a program is traced. The zero value traces nothing.
type Tracing struct {
	provider *sdktrace.TracerProvider
	temporal interceptor.Interceptor
}

// Start reads the environment; program names what is traced unless OTEL_SERVICE_NAME does.
func Start(ctx context.Context, program string, logger *slog.Logger) (*Tracing, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" || os.Getenv("OTEL_SDK_DISABLED") == "true" {
		return &Tracing{}, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("traces: %w; see OTEL_EXPORTER_OTLP_ENDPOINT", err)
	}
	described, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName(program), semconv.ServiceVersion(version.String())),
		resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nil, fmt.Errorf("traces: %w; see OTEL_RESOURCE_ATTRIBUTES", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(wordless{exporter}), sdktrace.WithResource(described))
	propagator := propagation.TraceContext{}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Warn("traces", logkey.Error, err) }))
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagator)
	traced, err := temporalotel.NewTracingInterceptor(temporalotel.TracerOptions{
		Tracer: provider.Tracer("deskbridge"), TextMapPropagator: propagator,
		DisableQueryTracing: true, // somebody looks at a page
	})
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	return &Tracing{provider: provider, temporal: traced}, nil
}

// Apply lets a client, and the workers on it, be traced.
func (t *Tracing) Apply(options *client.Options) {
	if t.temporal != nil {
		options.Interceptors = append(options.Interceptors, t.temporal)
	}
}

// stopWithin bounds how long the last spans may take; a receiver that is down holds nobody up.
const stopWithin = 5 * time.Second

// Stop sends what was not sent yet.
func (t *Tracing) Stop() {
	if t.provider == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		otel.Handle(err)
	}
}

// wordless drops the texts of errors from spans: the kind of an error is in a run and in the logs.
type wordless struct{ sdktrace.SpanExporter }

// ExportSpans implements [sdktrace.SpanExporter].
func (w wordless) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	without := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, span := range spans {
		without[i] = silent{span}
	}
	return w.SpanExporter.ExportSpans(ctx, without)
}

type silent struct{ sdktrace.ReadOnlySpan }

// Status implements [sdktrace.ReadOnlySpan].
func (s silent) Status() sdktrace.Status { return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code} }

// Events implements [sdktrace.ReadOnlySpan]: those of recorded errors are their texts.
func (s silent) Events() []sdktrace.Event { return nil }
