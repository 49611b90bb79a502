// Package faults breaks HTTP on purpose: answers lost after the commit, error statuses, resets
// and delays. It sits in front of the simulated desk, and as a proxy in front of a real one.
package faults

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"time"
)

// Fault is one thing that goes wrong with one request.
type Fault struct {
	// Lost serves the request and then drops the connection without an answer.
	Lost bool
	// Reset drops the connection before the request is served.
	Reset bool
	// Delay holds the request back before it is served or broken.
	Delay time.Duration
	// Status answers with this status in place of serving the request.
	Status int
	// RetryAfter goes with Status, in the header of that name.
	RetryAfter time.Duration
	// Body goes with Status, as JSON.
	Body string
}

// Rates are probabilities of faults, each from 0 to 1.
type Rates struct {
	Lost, Reset, Error, Limited, Slow float64
	// RetryAfter goes with Limited; Delay with Slow.
	RetryAfter, Delay time.Duration
}

// Injector decides which requests break. The zero value breaks none.
type Injector struct {
	mu     sync.Mutex
	rules  []*rule
	rates  Rates
	random *rand.Rand
	broken int
}

type rule struct {
	match func(*http.Request) bool
	left  int
	fault Fault
}

// Next breaks the next n requests that match.
func (i *Injector) Next(n int, match func(*http.Request) bool, fault Fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rules = append(i.rules, &rule{match: match, left: n, fault: fault})
}

// Clear forgets what Next ordered.
func (i *Injector) Clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rules = nil
}

// Randomly breaks requests by chance; the same seed and order of requests break the same ones.
func (i *Injector) Randomly(rates Rates, seed uint64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rates, i.random = rates, rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // reproducible on purpose
}

// Broken counts the requests that were broken.
func (i *Injector) Broken() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.broken
}

func (i *Injector) pick(r *http.Request) Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	fault := i.choose(r)
	if fault != (Fault{}) {
		i.broken++
	}
	return fault
}

func (i *Injector) choose(r *http.Request) Fault {
	for _, rule := range i.rules {
		if rule.left > 0 && rule.match(r) {
			rule.left--
			return rule.fault
		}
	}
	if i.random == nil {
		return Fault{}
	}
	dice := i.random.Float64()
	for _, choice := range []struct {
		rate  float64
		fault Fault
	}{
		{i.rates.Lost, Fault{Lost: true}},
		{i.rates.Reset, Fault{Reset: true}},
		{i.rates.Error, Fault{Status: http.StatusInternalServerError}},
		{i.rates.Limited, Fault{Status: http.StatusTooManyRequests, RetryAfter: i.rates.RetryAfter}},
		{i.rates.Slow, Fault{Delay: i.rates.Delay}},
	} {
		if dice < choice.rate {
			return choice.fault
		}
		dice -= choice.rate
	}
	return Fault{}
}

// Wrap puts the injector in front of a server.
func (i *Injector) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := i.pick(r)
		if fault.Delay > 0 {
			// A server notices that its caller went away only once the body was read.
			content, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(content))
			select {
			case <-time.After(fault.Delay):
			case <-r.Context().Done():
			}
		}
		switch {
		case fault.Reset:
			drop(w)
		case fault.Lost:
			next.ServeHTTP(httptest.NewRecorder(), r)
			drop(w)
		case fault.Status != 0:
			if fault.RetryAfter > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(fault.RetryAfter.Seconds())))
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(fault.Status)
			_, _ = w.Write([]byte(fault.Body))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// drop closes the connection without an answer.
func drop(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}
