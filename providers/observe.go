package providers

import "context"

// Exchange is one call and its answer as an audit keeps it: patterns and no content.
type Exchange struct {
	// Op is what was tried: "create ticket".
	Op     string `json:"op"`
	Method string `json:"method"`
	// Path has {name} in the place of each parameter; it is empty where the address alone says all.
	Path string `json:"path,omitempty"`
	// Status is the answer's; 0 if none came.
	Status int `json:"status"`
}

type observerKey struct{}

// WithObserver lets calls that are made with the context be told, each when its answer came or did
// not. It may be told by several at once.
func WithObserver(ctx context.Context, observe func(Exchange)) context.Context {
	return context.WithValue(ctx, observerKey{}, observe)
}

// Observe tells the context's observer of a call.
func Observe(ctx context.Context, exchange Exchange) {
	if observe, there := ctx.Value(observerKey{}).(func(Exchange)); there {
		observe(exchange)
	}
}
