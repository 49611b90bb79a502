package providers

import (
	"context"
	"time"
)

// Exchange is one call and its answer as an audit keeps it: patterns and no content.
type Exchange struct {
	// Op is what was tried: "create ticket".
	Op     string `json:"op"`
	Method string `json:"method"`
	// Path has {name} in the place of each parameter; it is empty where the address alone says all.
	Path string `json:"path,omitempty"`
	// Status is the answer's; 0 if none came.
	Status int `json:"status"`
	// Took is how long the answer took.
	Took time.Duration `json:"-"`
}

type observerKey struct{}

// WithObserver lets calls that are made with the context be told, each when its answer came or did
// not. It may be told by several at once. Who observed already is told too.
func WithObserver(ctx context.Context, observe func(Exchange)) context.Context {
	if before, there := ctx.Value(observerKey{}).(func(Exchange)); there {
		both := func(exchange Exchange) {
			before(exchange)
			observe(exchange)
		}
		return context.WithValue(ctx, observerKey{}, both)
	}
	return context.WithValue(ctx, observerKey{}, observe)
}

// Observe tells the context's observer of a call.
func Observe(ctx context.Context, exchange Exchange) {
	if observe, there := ctx.Value(observerKey{}).(func(Exchange)); there {
		observe(exchange)
	}
}
