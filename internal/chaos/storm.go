package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"deskbridge/internal/desksim"
	"deskbridge/internal/devstack"
)

// storm starts all requests, lets people work and parts die, until every request was taken and
// every agent is done.
func (w *world) storm(ctx context.Context, requests []*request, rate float64) {
	killing, stopKilling := context.WithCancel(ctx)
	var killers, people sync.WaitGroup
	dice := func(salt uint64) *rand.Rand { return rand.New(rand.NewPCG(w.seed, salt)) } //nolint:gosec // reproducible on purpose
	for i, salt := range []uint64{10, 11} {
		killers.Go(func() {
			w.killNowAndThen(killing, dice(salt), "worker", w.workers[i], 40*time.Second, "http://"+w.health[i]+"/readyz")
		})
	}
	killers.Go(func() {
		w.killNowAndThen(killing, dice(20), "server", w.server, 60*time.Second, w.api+"/readyz")
	})
	killers.Go(func() {
		w.killNowAndThen(killing, dice(30), "api", w.serving, 45*time.Second, w.api+"/readyz")
	})
	watching, stopWatching := context.WithCancel(ctx)
	go w.tell(watching, requests)
	for _, d := range w.desks {
		people.Go(func() { w.agents(ctx, d, requests) })
	}
	for _, r := range requests {
		people.Go(func() { w.ask(ctx, r) })
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(float64(time.Second) / rate)):
		}
	}
	people.Wait()
	stopWatching()
	stopKilling()
	killers.Wait()
	w.calm()
}

// tell says now and then how far all is, and who is awaited.
func (w *world) tell(ctx context.Context, requests []*request) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(30 * time.Second):
		}
		accepted, logged, done := 0, 0, 0
		var awaited []string
		for _, r := range requests {
			r.mu.Lock()
			if r.accepted {
				accepted++
			}
			if r.ticket > 0 {
				logged++
			}
			if r.done {
				done++
			} else {
				awaited = append(awaited, r.connection+"/"+r.id)
			}
			r.mu.Unlock()
		}
		w.say("%d of %d accepted, %d logged, %d worked on; awaited: %s", accepted, len(requests), logged, done, strings.Join(awaited[:min(4, len(awaited))], " "))
	}
}

// killNowAndThen kills a program as kill -9 does and starts it again.
func (w *world) killNowAndThen(ctx context.Context, dice *rand.Rand, name string, process *devstack.Process, mean time.Duration, ready string) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration((0.5 + dice.Float64()) * float64(mean))):
		}
		from := time.Now()
		process.Kill()
		time.Sleep(time.Duration(dice.Float64() * float64(3*time.Second)))
		if err := process.Start(); err != nil {
			w.say("%s does not start again: %v", name, err)
			return
		}
		await(ctx, time.Minute, time.Second/5, func() bool { return ok(ctx, ready) })
		w.mu.Lock()
		w.killed[name]++
		if name != "api" {
			w.outages = append(w.outages, outage{from, time.Now()})
		}
		w.mu.Unlock()
	}
}

// ask sends a request, and what its end user writes, as Activate would: again until it is taken.
func (w *world) ask(ctx context.Context, r *request) {
	var senders sync.WaitGroup
	for range map[bool]int{true: 2, false: 1}[r.twice] {
		senders.Go(func() { w.onboard(ctx, r) })
	}
	senders.Wait()
	r.mu.Lock()
	r.asked = true
	r.mu.Unlock()
	path := "/v1/tickets/" + r.connection + "/" + r.key()
	for number, note := range r.notes {
		w.write(ctx, r, note, path+"/notes", fmt.Sprintf("note-%d", number), "application/json", fmt.Appendf(nil, `{"body":%q}`, note))
	}
	if r.late != "" {
		w.write(ctx, r, r.late, path+"/attachments?name="+url.QueryEscape(r.late), "late", "application/octet-stream", []byte("content of "+r.late))
	}
}

func (w *world) onboard(ctx context.Context, r *request) {
	ticket := map[string]any{"subject": "Laptop for canary-subject-" + r.id, "body": "canary-body-" + r.id}
	if r.file != "" {
		stored := w.send(ctx, http.MethodPost, "/v1/files?name="+url.QueryEscape(r.file), "", "application/octet-stream", []byte("content of "+r.file), http.StatusCreated)
		var file map[string]any
		if json.Unmarshal(stored, &file) == nil {
			delete(file, "$schema")
			ticket["files"] = []any{file}
		}
	}
	person := fmt.Sprintf("%d", r.person)
	body, _ := json.Marshal(map[string]any{
		"connection": r.connection, "request_id": r.id,
		"joiner": map[string]any{"employee_number": "canary-E" + person, "login": "canary" + person, "email": r.email(), "display_name": "Canaria Person " + person},
		"steps": []any{
			map[string]any{"id": "laptop", "ticket": ticket},
			map[string]any{"id": "mailbox", "needs": []string{"laptop"}, "action": map[string]any{"target": "mailbox", "arguments": map[string]any{"request": r.id}}},
		},
	})
	if w.send(ctx, http.MethodPost, "/v1/onboardings", "", "application/json", body, http.StatusAccepted, http.StatusOK) != nil {
		r.mu.Lock()
		r.accepted = true
		r.mu.Unlock()
	}
}

// write writes to a ticket under a key until it is answered that the desk has it, will have it or
// never takes it.
func (w *world) write(ctx context.Context, r *request, what, path, key, contentType string, body []byte) {
	var answer struct{ State, Failure string }
	text := w.send(ctx, http.MethodPost, path, key, contentType, body, http.StatusOK)
	if json.Unmarshal(text, &answer) != nil || answer.State == "failed" {
		r.mu.Lock()
		r.refused[what] = answer.Failure
		r.mu.Unlock()
	}
}

var caller = http.Client{Timeout: 90 * time.Second}

// send calls the API until it answers with a wanted status, and returns the body; nil if it never
// does. A part that is down, and a run that is not there yet, are asked again.
func (w *world) send(ctx context.Context, method, path, key, contentType string, body []byte, wanted ...int) []byte {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, method, w.api+path, bytes.NewReader(body))
		if err != nil {
			return nil
		}
		request.Header.Set("Authorization", "Bearer "+w.token)
		request.Header.Set("Content-Type", contentType)
		if key != "" {
			request.Header.Set("Idempotency-Key", key)
		}
		answer, err := caller.Do(request)
		if err == nil {
			text, readErr := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			for _, status := range wanted {
				if readErr == nil && answer.StatusCode == status {
					return text
				}
			}
			if s := answer.StatusCode; readErr == nil && s < 500 && s != http.StatusNotFound && s != http.StatusTooManyRequests {
				w.say("the API answers %s %s with %d: %s", method, path, s, text)
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// agents work at one desk: each ticket is worked on by somebody as soon as it is there.
func (w *world) agents(ctx context.Context, d *desk, requests []*request) {
	mine := map[string]*request{}
	for _, r := range requests {
		if r.connection == d.name {
			mine[r.key()] = r
		}
	}
	var working sync.WaitGroup
	seen := map[string]bool{}
	await(ctx, time.Hour, time.Second, func() bool {
		for key, number := range keysOf(d.table) {
			if r := mine[key]; r != nil && !seen[key] {
				seen[key] = true
				r.mu.Lock()
				r.ticket = number[0]
				r.mu.Unlock()
				working.Go(func() { w.workOn(ctx, d, r) })
			}
		}
		return len(seen) == len(mine) || lostHope(mine, seen)
	})
	working.Wait()
}

// lostHope says that no ticket is awaited any more: all that is missing was refused.
func lostHope(mine map[string]*request, seen map[string]bool) bool {
	for key, r := range mine {
		r.mu.Lock()
		open := !seen[key] && (!r.asked || r.accepted)
		r.mu.Unlock()
		if open {
			return false
		}
	}
	return true
}

// workOn is what an agent does with one ticket.
func (w *world) workOn(ctx context.Context, d *desk, r *request) {
	pause := func(share float64) {
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(share * float64(r.delay))):
		}
	}
	try := func(err error) {
		if err != nil {
			w.say("agent at %s: ticket of %s: %v", d.name, r.id, err)
		}
	}
	pause(0.3)
	for _, text := range r.secrets {
		try(d.table.Write(r.ticket, desksim.Internal, text))
	}
	for _, text := range r.answers {
		try(d.table.Write(r.ticket, desksim.Public, text))
		pause(0.2)
	}
	pause(0.5)
	ended := func(of *request) {
		of.mu.Lock()
		defer of.mu.Unlock()
		of.endedAt = time.Now()
	}
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.done = true
	}()
	if r.isTarget { // whoever merges into it resolves it
		return
	}
	switch r.end {
	case reject:
		try(d.table.SetStatus(r.ticket, d.sample.Cancelled[0]))
	case vanish:
		// Who deletes a ticket before we could know of it makes us log another, and rightly so.
		w.awaitLogged(ctx, r)
		try(d.table.Delete(r.ticket))
	case reopen:
		try(d.table.SetStatus(r.ticket, d.sample.Done[0]))
		pause(2)
		try(d.table.SetStatus(r.ticket, d.sample.Open[0]))
		pause(2)
		try(d.table.SetStatus(r.ticket, d.sample.Done[0]))
	case merge:
		await(ctx, 10*time.Minute, time.Second, func() bool { r.into.mu.Lock(); defer r.into.mu.Unlock(); return r.into.done })
		// What was written to a ticket that was merged before we could know of it is not shown.
		w.awaitLogged(ctx, r)
		try(d.table.Merge(r.ticket, r.into.ticket))
		pause(1)
		try(d.table.SetStatus(r.into.ticket, d.sample.Done[0]))
		ended(r.into)
	default:
		try(d.table.SetStatus(r.ticket, d.sample.Done[0]))
	}
	ended(r)
	// Who writes to a ticket that is done reopens it at many desks: as long as the end user may
	// still write, somebody resolves it again.
	if r.end != vanish {
		w.keepResolved(ctx, d, r)
	}
}

// awaitLogged waits until our side has told that it knows the ticket.
func (w *world) awaitLogged(ctx context.Context, r *request) {
	await(ctx, 10*time.Minute, time.Second, func() bool { return w.target.heard("ticket/"+r.connection+"/"+r.key(), "ticket.logged") })
}

// keepResolved resolves a ticket again that a late note of its end user has reopened.
func (w *world) keepResolved(ctx context.Context, d *desk, r *request) {
	ticket, wanted := r.last().ticket, d.sample.Done[0]
	if r.end == reject {
		wanted = d.sample.Cancelled[0]
	}
	writes := []*request{r, r.last()}
	await(ctx, 5*time.Minute, 2*time.Second, func() bool {
		status, live := "", d.table.Tickets()
		for _, row := range live {
			if row.ID == ticket {
				status = row.Status
			}
		}
		if !strings.EqualFold(status, wanted) {
			_ = d.table.SetStatus(ticket, wanted)
			for _, r := range writes {
				r.mu.Lock()
				r.endedAt = time.Now()
				r.mu.Unlock()
			}
		}
		for _, r := range writes {
			for _, note := range r.notes {
				r.mu.Lock()
				_, refused := r.refused[note]
				r.mu.Unlock()
				if !refused && written(d.table.Entries(), note) == 0 {
					return false
				}
			}
		}
		return strings.EqualFold(status, wanted)
	})
}

// keysOf are the numbers of the tickets by the key that each carries, in the order of the table.
func keysOf(table *desksim.Desk) map[string][]int {
	keys := map[string][]int{}
	descriptions := map[int]string{}
	for _, entry := range table.Entries() {
		if entry.Kind == desksim.Created {
			descriptions[entry.Ticket] += entry.Text
		}
	}
	for _, ticket := range table.Tickets() {
		text := descriptions[ticket.ID]
		for _, value := range ticket.Fields {
			text += "\n" + value
		}
		if key := ourKey.FindString(text); key != "" {
			keys[key] = append(keys[key], ticket.ID)
		}
	}
	return keys
}

// ourKey is a key of ours, wherever the vendor's desk keeps it.
var ourKey = regexp.MustCompile(`\bC\d+-\d{5}/laptop\b`)

// written counts the rows that we wrote and that hold a text.
func written(entries []desksim.Entry, text string) int {
	count := 0
	for _, entry := range entries {
		if entry.Author == "deskbridge" && strings.Contains(entry.Text, text) {
			count++
		}
	}
	return count
}
