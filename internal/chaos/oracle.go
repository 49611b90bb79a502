package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"deskbridge/internal/desksim"
)

// facts are what is read when all is quiet: the desks' own tables, what the target did and was
// told, and what the API says.
type facts struct {
	tables map[string]table
	// effects counts calls of the target by request and idempotency key.
	effects map[string]map[string]int
	// told counts the messages of a type by workflow.
	told map[string]map[string]int
	// views and runs are by the request's ID; one that the API does not answer is missing.
	views map[string]view
	runs  map[string]progress
	// troubled are runs that need a person, with the kind.
	troubled map[string]string
	outages  []outage
}

// table is a desk's own table.
type table struct {
	keys    map[string][]int
	users   []desksim.User
	entries []desksim.Entry
}

func tableOf(desk *desksim.Desk) table {
	return table{keysOf(desk), desk.Users(), desk.Entries()}
}

// view is the part of the API's ticket that the oracle judges.
type view struct {
	Phase     string `json:"phase"`
	Outcome   string `json:"outcome"`
	Attention string `json:"cure"`
	Notes     []struct {
		Body string `json:"body"`
	} `json:"notes"`
	Queued  []struct{} `json:"queued"`
	History []struct {
		At   time.Time `json:"at"`
		What string    `json:"what"`
	} `json:"history"`
}

// progress is the part of the API's onboarding that the oracle judges.
type progress struct {
	Doing string `json:"doing"`
	Steps []struct {
		ID    string `json:"id"`
		State string `json:"state"`
	} `json:"steps"`
	Completed *bool `json:"completed"`
}

// column is one line of the table: a number that must be zero unless it is plain.
type column struct {
	name  string
	plain bool
	found []string
	count int
}

type report struct{ columns []*column }

func (r *report) column(name string) *column {
	for _, column := range r.columns {
		if column.name == name {
			return column
		}
	}
	r.columns = append(r.columns, &column{name: name})
	return r.columns[len(r.columns)-1]
}

func (r *report) add(name string, found []string) {
	column := r.column(name)
	column.found, column.count = append(column.found, found...), column.count+len(found)
}

func (r *report) plain(name string, count int) {
	r.columns = append(r.columns, &column{name: name, plain: true, count: count})
}

// faults counts all that must be zero.
func (r *report) faults() int {
	count := 0
	for _, column := range r.columns {
		if !column.plain {
			count += column.count
		}
	}
	return count
}

// String is the table, with the first findings of each column.
func (r *report) String() string {
	var text strings.Builder
	for _, column := range r.columns {
		fmt.Fprintf(&text, "%8d  %s\n", column.count, column.name)
		for i, found := range column.found {
			if i == 5 {
				fmt.Fprintf(&text, "            ... and %d more\n", len(column.found)-i)
				break
			}
			fmt.Fprintf(&text, "            %s\n", found)
		}
	}
	return text.String()
}

// The columns of the table that must be zero.
const (
	ticketsDoubled     = "tickets doubled"
	ticketsLost        = "tickets lost"
	usersDoubled       = "users doubled"
	notesDoubled       = "notes doubled"
	notesLost          = "notes lost"
	attachmentsDoubled = "attachments doubled"
	attachmentsLost    = "attachments lost"
	answersUnseen      = "agents' notes not seen, or seen twice"
	internalShown      = "internal notes shown"
	signalsMissed      = "signals missed"
	signalsLate        = "signals late beyond two intervals"
	outcomesWrong      = "outcomes wrong"
	actionsTwice       = "actions called twice"
	actionsMissed      = "actions missed, or called without cause"
	callbacksLost      = "callbacks lost or doubled"
	workflowsStuck     = "workflows stuck"
	workflowsTroubled  = "workflows that need a person"
)

// judge holds what happened against what was asked for.
func judge(requests []*request, f facts) *report {
	r := &report{}
	accepted := slices.DeleteFunc(slices.Clone(requests), func(asked *request) bool { return !asked.accepted })
	r.plain("requests", len(accepted))
	logged, users, repeated := 0, 0, 0
	for _, name := range []string{
		ticketsDoubled, ticketsLost, usersDoubled, notesDoubled, notesLost, attachmentsDoubled, attachmentsLost, answersUnseen, internalShown,
		signalsMissed, signalsLate, outcomesWrong, actionsTwice, actionsMissed, callbacksLost, workflowsStuck, workflowsTroubled,
	} {
		r.column(name)
	}
	for _, asked := range accepted {
		numbers := f.tables[asked.connection].keys[asked.key()]
		if len(numbers) > 0 {
			logged++
		}
		r.compare(asked, "tickets", len(numbers), ticketsDoubled, ticketsLost)
		f.judgeWrites(r, asked)
		f.judgeView(r, asked)
		f.judgeRun(r, asked)
		for _, count := range f.effects[asked.id] {
			repeated += count - 1
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.tables)) {
		users += f.judgeUsers(r, name)
	}
	for _, run := range slices.Sorted(maps.Keys(f.troubled)) {
		r.add(workflowsTroubled, []string{run + ": " + f.troubled[run]})
	}
	first := []*column{r.columns[0], {name: "tickets", plain: true, count: logged}}
	r.columns = append(first, r.columns[1:]...)
	r.plain("users created", users)
	r.plain("calls of the target repeated under their key", repeated)
	return r
}

// compare reports a thing that should be there once.
func (r *report) compare(asked *request, what string, count int, doubled, lost string) {
	switch {
	case count > 1:
		r.add(doubled, []string{fmt.Sprintf("%s at %s: %d %s", asked.id, asked.connection, count, what)})
	case count == 0:
		r.add(lost, []string{fmt.Sprintf("%s at %s: %s (%s)", asked.id, asked.connection, what, asked.end)})
	}
}

// judgeUsers looks for two users with one address, and counts those that we made.
func (f facts) judgeUsers(r *report, connection string) int {
	byEmail := map[string]int{}
	for _, user := range f.tables[connection].users {
		if strings.HasSuffix(user.Email, "@canary.test") {
			byEmail[strings.ToLower(user.Email)]++
		}
	}
	for _, email := range slices.Sorted(maps.Keys(byEmail)) {
		if byEmail[email] > 1 {
			r.add(usersDoubled, []string{fmt.Sprintf("%s at %s: %d times", email, connection, byEmail[email])})
		}
	}
	return len(byEmail)
}

// judgeWrites looks in the desk's table for what was written from our side.
func (f facts) judgeWrites(r *report, asked *request) {
	entries := f.tables[asked.connection].entries
	for _, note := range asked.notes {
		if _, refused := asked.refused[note]; refused {
			r.add(notesLost, []string{fmt.Sprintf("%s at %s: %s was refused: %s", asked.id, asked.connection, note, asked.refused[note])})
			continue
		}
		r.compare(asked, note, written(entries, note), notesDoubled, notesLost)
	}
	for _, file := range []string{asked.file, asked.late} {
		if _, refused := asked.refused[file]; file == "" || refused || asked.end == vanish && asked.file == file {
			continue // a ticket can be deleted before its file comes
		}
		count := 0
		for _, entry := range entries {
			for _, name := range entry.Files {
				if name == file {
					count++
				}
			}
		}
		r.compare(asked, file, count, attachmentsDoubled, attachmentsLost)
	}
}

// judgeView looks at what the portal shows.
func (f facts) judgeView(r *report, asked *request) {
	place := asked.id + " at " + asked.connection
	seen, answered := f.views[asked.id]
	if !answered {
		r.add(workflowsStuck, []string{place + ": its ticket's run does not answer"})
		return
	}
	count := func(text string) (count int) {
		for _, note := range seen.Notes {
			if strings.Contains(note.Body, text) {
				count++
			}
		}
		return count
	}
	for _, text := range asked.secrets {
		if count(text) > 0 {
			r.add(internalShown, []string{place + ": " + text})
		}
	}
	if asked.end != vanish {
		for _, text := range append(slices.Clone(asked.answers), asked.notes...) {
			if n := count(text); n != 1 {
				r.add(answersUnseen, []string{fmt.Sprintf("%s (%s): %s is shown %d times", place, asked.end, text, n)})
			}
		}
	}
	switch {
	case seen.Outcome == "":
		r.add(signalsMissed, []string{fmt.Sprintf("%s: %s was not heard of; phase %s", place, asked.end, seen.Phase)})
	case seen.Outcome != asked.outcome():
		r.add(outcomesWrong, []string{fmt.Sprintf("%s: %s in place of %s", place, seen.Outcome, asked.outcome())})
	default:
		f.judgeDelay(r, asked, seen)
	}
	if len(seen.Queued) > 0 {
		r.add(workflowsStuck, []string{fmt.Sprintf("%s: %d writes wait", place, len(seen.Queued))})
	}
	if seen.Attention != "" {
		r.add(workflowsTroubled, []string{place + ": " + seen.Attention})
	}
}

// judgeDelay holds the time from the agent's last act to its outcome against two intervals, not
// counting what a dead worker or server takes until its calls are missed.
func (f facts) judgeDelay(r *report, asked *request, seen view) {
	var outcome, logged time.Time
	for _, event := range seen.History {
		if strings.HasPrefix(event.What, "outcome: ") {
			outcome = event.At
		}
		if strings.HasPrefix(event.What, "logged as ") {
			logged = event.At
		}
	}
	began := asked.last().endedAt
	if logged.After(began) {
		began = logged
	}
	allowed := 2 * interval
	if asked.end == vanish || asked.end == merge { // only a sweep sees these everywhere
		allowed = 2 * (sweeping + interval)
	}
	late := outcome.Sub(began)
	if late > allowed {
		late -= f.outage(began, outcome)
	}
	if late > allowed {
		r.add(signalsLate, []string{fmt.Sprintf("%s at %s: %s after %s, parts of ours down for %s of that", asked.id, asked.connection, asked.end, outcome.Sub(began).Round(time.Second), f.outage(began, outcome).Round(time.Second))})
	}
}

// missedWithin is how long the server takes to miss a killed worker's activity (its heartbeat
// time-out) or workflow task (the sticky time-out).
const missedWithin = 15 * time.Second

// outage is how long of a time something of ours did not work.
func (f facts) outage(from, until time.Time) time.Duration {
	var total time.Duration
	counted := from
	for _, outage := range f.outages { // in the order of their ends
		begin, end := outage.from, outage.until.Add(missedWithin)
		if begin.Before(counted) {
			begin = counted
		}
		if end.After(until) {
			end = until
		}
		if end.After(begin) {
			total += end.Sub(begin)
			counted = end
		}
	}
	return total
}

// judgeRun looks at the onboarding, its automated step and what was told.
func (f facts) judgeRun(r *report, asked *request) {
	place := asked.id + " at " + asked.connection
	run, answered := f.runs[asked.id]
	if !answered || run.Completed == nil {
		r.add(workflowsStuck, []string{fmt.Sprintf("%s (%s): %s", place, asked.end, run.Doing)})
	}
	keys := f.effects[asked.id]
	if len(keys) > 1 {
		r.add(actionsTwice, []string{fmt.Sprintf("%s: %d times, under keys of their own", place, len(keys))})
	}
	if wanted := asked.outcome() == "completed"; wanted != (len(keys) > 0) {
		r.add(actionsMissed, []string{fmt.Sprintf("%s: its ticket is %s, its mailbox was made: %t", place, asked.outcome(), len(keys) > 0)})
	}
	ticket := f.told["ticket/"+asked.connection+"/"+asked.key()]
	request := f.told["onboarding/"+asked.connection+"/"+asked.id]
	if ticket["ticket.logged"] != 1 || ticket["ticket.outcome"] == 0 || ticket["ticket.outcome"] > 1+ticket["ticket.reopened"] || request["request.ended"] != 1 {
		r.add(callbacksLost, []string{fmt.Sprintf("%s (%s): %v %v", place, asked.end, ticket, request)})
	}
}
