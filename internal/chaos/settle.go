package main

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"
)

// patience is how long all may take to come to an end once nothing breaks any more.
const patience = 8 * time.Minute

// settle waits until every request has the end that it must have.
func (w *world) settle(ctx context.Context, requests []*request) {
	w.say("all agents are done; nothing breaks any more")
	left := slices.Clone(requests)
	if !await(ctx, patience, 2*time.Second, func() bool {
		left = slices.DeleteFunc(left, func(r *request) bool {
			seen, run := w.look(ctx, r)
			return seen != nil && run != nil && seen.Outcome == r.outcome() && len(seen.Queued) == 0 && run.Completed != nil
		})
		return len(left) == 0
	}) {
		w.say("%d requests have not come to their end", len(left))
	}
	// What is told and seen comes a little later than the outcome.
	select {
	case <-ctx.Done():
	case <-time.After(2 * interval):
	}
}

// look asks the API for a request's ticket and run; nil where it does not answer.
func (w *world) look(ctx context.Context, r *request) (*view, *progress) {
	seen, run := &view{}, &progress{}
	if !w.show(ctx, "/v1/tickets/"+r.connection+"/"+r.key(), seen) {
		seen = nil
	}
	if !w.show(ctx, "/v1/onboardings/"+r.connection+"/"+r.id, run) {
		run = nil
	}
	return seen, run
}

func (w *world) show(ctx context.Context, path string, into any) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.api+path, nil)
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", "Bearer "+w.token)
	answer, err := caller.Do(request)
	if err != nil {
		return false
	}
	defer func() { _ = answer.Body.Close() }()
	return answer.StatusCode == http.StatusOK && json.NewDecoder(answer.Body).Decode(into) == nil
}

// facts reads everything that the oracle judges.
func (w *world) facts(ctx context.Context, requests []*request) facts {
	f := facts{
		tables: map[string]table{}, effects: map[string]map[string]int{}, told: map[string]map[string]int{},
		views: map[string]view{}, runs: map[string]progress{}, troubled: map[string]string{}, outages: w.outages,
	}
	for _, d := range w.desks {
		f.tables[d.name] = tableOf(d.table)
	}
	w.target.mu.Lock()
	for request, keys := range w.target.effects {
		f.effects[request] = keys
	}
	for _, event := range w.target.told {
		workflow := event.Data.Workflow
		if f.told[workflow] == nil {
			f.told[workflow] = map[string]int{}
		}
		f.told[workflow][event.Type]++
	}
	w.target.mu.Unlock()
	var mu sync.Mutex
	var looking sync.WaitGroup
	next := make(chan *request)
	for range 4 {
		looking.Go(func() {
			for r := range next {
				seen, run := w.look(ctx, r)
				mu.Lock()
				if seen != nil {
					f.views[r.id] = *seen
				}
				if run != nil {
					f.runs[r.id] = *run
				}
				mu.Unlock()
			}
		})
	}
	for _, r := range requests {
		next <- r
	}
	close(next)
	looking.Wait()
	for id, kind := range w.attention(ctx) {
		f.troubled[id] = kind
	}
	return f
}
