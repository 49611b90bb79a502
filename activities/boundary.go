package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"

	"deskbridge/providers"
)

// Boundary is the only place where Go errors become Temporal errors. The error's type is its
// kind; whether to retry follows from the kind; a desk that asked to wait is not asked sooner.
type Boundary struct {
	interceptor.WorkerInterceptorBase
}

// InterceptActivity implements [interceptor.WorkerInterceptor].
func (b *Boundary) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	inbound := &boundaryInbound{}
	inbound.Next = next
	return inbound
}

type boundaryInbound struct {
	interceptor.ActivityInboundInterceptorBase
}

// ExecuteActivity implements [interceptor.ActivityInboundInterceptor].
func (b *boundaryInbound) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	ctx, stop := beat(ctx)
	defer stop()
	result, err := b.Next.ExecuteActivity(ctx, in)
	return result, convert(ctx, err)
}

// typeInternal is the type of an error that has no kind: a mistake of ours.
const typeInternal = "internal"

func convert(ctx context.Context, err error) error {
	var canceled *temporal.CanceledError
	var application *temporal.ApplicationError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, activity.ErrResultPending), errors.As(err, &canceled), errors.As(err, &application):
		return err
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return ctx.Err()
	}
	kind := providers.KindOf(err)
	if kind == "" {
		return temporal.NewApplicationErrorWithOptions(err.Error(), typeInternal, temporal.ApplicationErrorOptions{})
	}
	options := temporal.ApplicationErrorOptions{NonRetryable: !kind.Retryable()}
	var desk *providers.Error
	if errors.As(err, &desk) {
		options.NextRetryDelay = desk.RetryAfter
	}
	return temporal.NewApplicationErrorWithOptions(err.Error(), string(kind), options)
}
