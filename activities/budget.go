package activities

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"golang.org/x/time/rate"

	"deskbridge/internal/names"
)

// Budget holds the calls of one connection to what its desk allows: a token bucket of which each
// kind of work leaves a share to those who are in more of a hurry. In no time as long as its period
// are more calls made than it has.
type Budget struct {
	limiter *rate.Limiter
	burst   float64
}

// burstShare is the part of a budget that may be spent at once.
const burstShare = 20

// NewBudget makes the budget of so many calls in a period.
func NewBudget(calls int, per time.Duration) *Budget {
	burst := max(1, calls/burstShare)
	limit := float64(calls-burst) / per.Seconds()
	if calls == 1 {
		limit = 1 / per.Seconds()
	}
	return &Budget{limiter: rate.NewLimiter(rate.Limit(limit), burst), burst: float64(burst)}
}

// left is the share of a full bucket that work of a priority leaves to others when it begins.
func left(priority int) float64 {
	switch {
	case priority <= names.PriorityLeave:
		return 0
	case priority <= names.PriorityLog:
		return 0.2
	case priority <= names.PriorityPoll:
		return 0.4
	}
	return 0.7
}

var errSpent = errors.New("the connection's budget of calls is spent for now; see budget in the configuration")

// gate lets the calls of one activity pass. What has begun is finished before others begin; a poll and
// a sweep make many calls, and leave their share each time.
func (b *Budget) gate(ctx context.Context) func(context.Context) (time.Duration, error) {
	priority := activity.GetInfo(ctx).Priority.PriorityKey
	var begun atomic.Bool
	return func(ctx context.Context) (time.Duration, error) {
		share := left(priority)
		if begun.Load() && priority < names.PriorityPoll {
			share = 0
		}
		wait, err := b.pass(ctx, share)
		begun.Store(begun.Load() || err == nil)
		return wait, err
	}
}

// pass takes a token as soon as the share is left; if the context ends before, it says how long that
// would take.
func (b *Budget) pass(ctx context.Context, share float64) (time.Duration, error) {
	need := min(1+share*b.burst, b.burst)
	for {
		tokens := b.limiter.Tokens()
		if tokens >= need && b.limiter.Allow() {
			return 0, nil
		}
		wait := max(time.Duration((need-tokens)/float64(b.limiter.Limit())*float64(time.Second)), 10*time.Millisecond)
		if deadline, has := ctx.Deadline(); has && time.Until(deadline) < wait {
			return wait, errSpent
		}
		select {
		case <-ctx.Done():
			return wait, ctx.Err()
		case <-time.After(wait):
		}
	}
}
