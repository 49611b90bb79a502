package providers

import (
	"context"
	"time"
)

type gateKey struct{}

// Gate lets a call of a desk wait for its turn. Where that would take too long it answers how long,
// and the call is not made.
type Gate func(context.Context) (retryAfter time.Duration, err error)

// WithGate holds the calls that are made with the context.
func WithGate(ctx context.Context, gate Gate) context.Context {
	return context.WithValue(ctx, gateKey{}, gate)
}

// Pass waits for the turn of a call, right before it is sent.
func Pass(ctx context.Context) (retryAfter time.Duration, err error) {
	if gate, there := ctx.Value(gateKey{}).(Gate); there {
		return gate(ctx)
	}
	return 0, nil
}
