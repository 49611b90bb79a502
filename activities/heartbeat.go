package activities

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
)

// heartbeat tells the server, for as long as an activity runs, that its worker lives: a killed
// worker's activity is tried again after the heartbeat time-out, not after the whole of its time.
type heartbeat struct {
	mu      sync.Mutex
	details []any
}

type heartbeatKey struct{}

// beat heartbeats every third of the heartbeat time-out, until stop is called.
func beat(ctx context.Context) (beating context.Context, stop func()) {
	every := activity.GetInfo(ctx).HeartbeatTimeout / 3
	if every <= 0 {
		return ctx, func() {}
	}
	h := &heartbeat{}
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				h.record(ctx)
			}
		}
	}()
	return context.WithValue(ctx, heartbeatKey{}, h), func() { close(done) }
}

func (h *heartbeat) record(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	activity.RecordHeartbeat(ctx, h.details...)
}

// recordProgress heartbeats with how far an activity is, for the one that tries it again.
func recordProgress(ctx context.Context, details ...any) {
	if h, beating := ctx.Value(heartbeatKey{}).(*heartbeat); beating {
		h.mu.Lock()
		h.details = details
		h.mu.Unlock()
	}
	activity.RecordHeartbeat(ctx, details...)
}
