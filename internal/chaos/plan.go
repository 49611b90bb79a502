package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"deskbridge/internal/desksim"
)

// What the agent does in the end.
const (
	resolve = "resolve"
	reject  = "reject"
	reopen  = "reopen" // resolve, reopen and resolve again
	merge   = "merge"  // into the ticket of another request, and resolve that one
	vanish  = "delete"
)

// request is one onboarding, what people do with it, and what became of it on our side of the API.
type request struct {
	id, connection string
	person         int
	end            string
	// into is the request whose ticket this one's is merged into; a target is resolved by the merger.
	into     *request
	isTarget bool
	file     string
	notes    []string // that the end user writes
	late     string   // a file that the end user attaches
	answers  []string // public notes of the agent
	secrets  []string // internal notes of the agent
	twice    bool     // it is sent twice at once
	delay    time.Duration

	mu sync.Mutex
	// asked says that its senders are done, accepted that the API took it; refused lists writes that were answered as failed.
	asked, accepted bool
	refused         map[string]string
	// ticket is its number in the simulated desk's table; endedAt when the agent did the last thing.
	ticket  int
	endedAt time.Time
	done    bool
}

func (r *request) key() string { return r.id + "/laptop" }
func (r *request) email() string {
	return fmt.Sprintf("person%d.%s@canary.test", r.person, r.connection)
}

// rushPerson is a new person whom many requests want at once, at every desk.
const rushPerson = 999_999

// newRequests plans what happens, by the seed alone.
func newRequests(n int, seed uint64, desks []*desk) []*request {
	dice := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // reproducible on purpose
	waiting := map[string]*request{}       // merge targets that nothing was merged into yet
	requests := make([]*request, n)
	for i := range requests {
		at := desks[i%len(desks)]
		r := &request{id: fmt.Sprintf("C%d-%05d", seed, i), connection: at.name, person: i, refused: map[string]string{}, end: resolve}
		requests[i] = r
		switch roll := dice.Float64(); {
		case roll < 0.10:
			r.person = max(0, i-len(desks)) // the same as the one before at this desk
		case roll < 0.18:
			r.person = rushPerson
		}
		switch roll := dice.Float64(); {
		case roll < 0.15 && len(at.sample.Cancelled) > 0:
			r.end = reject
		case roll < 0.30:
			r.end = reopen
		case roll < 0.40 && desksim.Merges(at.vendor):
			if target := waiting[at.name]; target != nil {
				r.end, r.into, waiting[at.name] = merge, target, nil
			} else {
				r.isTarget, waiting[at.name] = true, r
			}
		case roll < 0.46:
			r.end = vanish
		}
		token := func(what string, number int) string { return fmt.Sprintf("canary-%s-%s-%d", what, r.id, number) }
		if dice.Float64() < 0.3 {
			r.file = token("file", 0) + ".txt"
		}
		if r.end != vanish { // what is written to a ticket that is deleted meanwhile may go with it
			for number := range dice.IntN(3) {
				r.notes = append(r.notes, token("note", number))
			}
			if dice.Float64() < 0.15 {
				r.late = token("late", 0) + ".txt"
			}
		}
		for number := range dice.IntN(3) {
			r.answers = append(r.answers, token("answer", number))
		}
		if dice.Float64() < 0.3 {
			r.secrets = []string{token("internal", 0)}
		}
		r.twice = dice.Float64() < 0.1
		r.delay = time.Duration(dice.Float64() * float64(15*time.Second))
	}
	for _, target := range waiting {
		if target != nil {
			target.isTarget = false
		}
	}
	return requests
}

// outcome is what the request's ticket must end as.
func (r *request) outcome() string {
	switch r.end {
	case reject:
		return "rejected"
	case vanish:
		return "vanished"
	}
	return "completed"
}

// last is the request whose end ends this one too.
func (r *request) last() *request {
	if r.into != nil {
		return r.into
	}
	return r
}
