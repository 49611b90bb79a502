package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// pace holds each caller to a number of requests a second, with ten seconds' worth at once.
type pace struct {
	rate    rate.Limit
	mu      sync.Mutex
	callers map[string]*paced
	swept   time.Time
}

type paced struct {
	*rate.Limiter
	seen time.Time
}

func newPace(perSecond float64) *pace {
	return &pace{rate: rate.Limit(perSecond), callers: map[string]*paced{}}
}

// forgetAfter is how long a caller who sends nothing is remembered.
const forgetAfter = 10 * time.Minute

func (p *pace) allow(caller string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Sub(p.swept) > forgetAfter {
		for name, known := range p.callers {
			if now.Sub(known.seen) > forgetAfter {
				delete(p.callers, name)
			}
		}
		p.swept = now
	}
	known := p.callers[caller]
	if known == nil {
		known = &paced{Limiter: rate.NewLimiter(p.rate, max(1, int(10*p.rate)))}
		p.callers[caller] = known
	}
	known.seen = now
	return known.Allow()
}
