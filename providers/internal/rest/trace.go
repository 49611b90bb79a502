package rest

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// startSpan begins the span of a call, named as OpenTelemetry's conventions for HTTP clients have it
// (opentelemetry.io/docs/specs/semconv/http/http-spans): with the pattern of its path and no content.
func startSpan(ctx context.Context, call Call) (context.Context, trace.Span) {
	return otel.Tracer("deskbridge/desk").Start(ctx, call.Method+" "+call.Path, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("http.request.method", call.Method), attribute.String("url.template", call.Path), attribute.String("deskbridge.operation", call.Op)))
}

// endSpan says what was answered; 0 is no answer.
func endSpan(span trace.Span, status int) {
	const failed = 400
	if status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
	}
	if status == 0 || status >= failed {
		span.SetStatus(codes.Error, "")
	}
}
