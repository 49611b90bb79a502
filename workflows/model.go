package workflows

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"deskbridge/activities"
	"deskbridge/providers"
)

// Connection is what steers a workflow at one connection; the credentials stay with the workers.
type Connection struct {
	Name  string
	Level providers.Level
	// ReopenWindow is how long a ticket is watched after its outcome.
	ReopenWindow time.Duration
	Watch        WatchSettings
	// SearchLag is how long the desk's search may lag behind its writes.
	SearchLag time.Duration
	// Due says until when tickets must have their outcome; nil where they wait for ever.
	Due *DuePolicy `json:",omitempty"`
	// Callback names the receiver that is told what happens; nobody if empty.
	Callback string
	// Edition is the edition of the story that was asked for. What a later one adds is done in its
	// runs only, so that those which were started before replay as they ran.
	Edition int
}

// The editions of the story. The first has none.
const (
	// EditionPeople creates people by a workflow of their own, says who may see a ticket and when
	// it changed, and tells Activate.
	EditionPeople = 2
	// EditionSweep sweeps beside the polls.
	EditionSweep = 3
	// EditionBrief writes a ticket's search attributes once a change, and starts the watch without a
	// task of its own: a ticket takes less of the server.
	EditionBrief = 4
	// Edition is what new requests ask for.
	Edition = EditionBrief
)

func (c Connection) knowsPeople() bool { return c.Edition >= EditionPeople }
func (c Connection) isBrief() bool     { return c.Edition >= EditionBrief }

// WatchSettings steers a DeskWatch.
type WatchSettings struct {
	// Fastest and Slowest bound the interval between polls; Sweep is the one between sweeps.
	Fastest, Slowest, Sweep time.Duration
	// Overlap is how far a poll reaches back before the one before it.
	Overlap time.Duration
}

// Person is somebody as Activate knows them.
type Person = activities.Person

// TicketRequest is a ticket that somebody wants logged.
type TicketRequest struct {
	Kind    providers.TicketKind `json:"kind,omitempty" yaml:"kind"`
	Subject string               `json:"subject" yaml:"subject"`
	Body    string               `json:"body" yaml:"body"`
	// Queue is the connection's default if empty.
	Queue  string            `json:"queue,omitempty" yaml:"queue"`
	Fields map[string]string `json:"fields,omitempty" yaml:"fields"`
	// DueAt is until when it must have its outcome; DueWithin the same as working time from its
	// logging. At most one is given; the connection's default is taken without.
	DueAt     time.Time     `json:"due_at,omitzero" yaml:"due_at"`
	DueWithin time.Duration `json:"due_within,omitempty" yaml:"due_within"`
	// Files are uploaded to the ticket once it is logged.
	Files []activities.File `json:"files,omitempty" yaml:"-"`
	// Attach names local files in a request file; the starter stores them as Files.
	Attach []string `json:"-" yaml:"attach"`
}

// OnFailure says what happens when a step fails.
type OnFailure string

// What happens when a step fails.
const (
	// Stop starts no further step; steps that run are not broken off.
	Stop OnFailure = "stop"
	// Continue counts the step as done for those that need it.
	Continue OnFailure = "continue"
	// FallBack logs a ticket in its place, and the step is done when the ticket is.
	FallBack OnFailure = "ticket"
)

// Step is one step of a fulfilment: a ticket, an action or a wait.
type Step struct {
	ID    string   `json:"id" yaml:"id"`
	Needs []string `json:"needs,omitempty" yaml:"needs"`

	Ticket *TicketRequest `json:"ticket,omitempty" yaml:"ticket"`
	Action *ActionStep    `json:"action,omitempty" yaml:"action"`
	Wait   *WaitStep      `json:"wait,omitempty" yaml:"wait"`

	OnFailure OnFailure `json:"on_failure,omitempty" yaml:"on_failure"`
	// Fallback is the ticket for [FallBack].
	Fallback *TicketRequest `json:"fallback,omitempty" yaml:"fallback"`
}

// ActionStep is an automated step: a named target, or an activity of any name on any task queue.
type ActionStep struct {
	Target    string         `json:"target,omitempty" yaml:"target"`
	Activity  string         `json:"activity,omitempty" yaml:"activity"`
	TaskQueue string         `json:"task_queue,omitempty" yaml:"task_queue"`
	Arguments map[string]any `json:"arguments,omitempty" yaml:"arguments"`
	// Within is how long it is tried and waited for; a day if zero.
	Within time.Duration `json:"within,omitempty" yaml:"within"`
}

// WaitStep waits until a time or for a while.
type WaitStep struct {
	Until time.Time     `json:"until,omitzero" yaml:"until"`
	For   time.Duration `json:"for,omitempty" yaml:"for"`
}

// Result is how a ticket ended.
type Result string

// How a ticket ended.
const (
	// Logged is the end at level log-only, where nobody can know more.
	Logged           Result = "logged"
	OutcomeCompleted Result = "completed"
	OutcomeRejected  Result = "rejected"
	OutcomeCancelled Result = "cancelled"
	OutcomeDuplicate Result = "duplicate"
	// Vanished: the ticket was deleted at the desk.
	Vanished Result = "vanished"
	// Expired: it had no outcome long after it was due.
	Expired Result = "expired"
	// Failed: the desk refuses to log it.
	Failed Result = "failed"
)

// Succeeded says whether the steps that need the ticket may go on.
func (r Result) Succeeded() bool { return r == Logged || r == OutcomeCompleted }

// Outcome is how a ticket ended, with the evidence.
type Outcome struct {
	Result Result
	// Status is the desk's word; By the desk's user who set it.
	Status string `json:",omitempty"`
	By     string `json:",omitempty"`
	At     time.Time
	// Note is the last customer-facing note, which usually says why.
	Note string `json:",omitempty"`
	// Reason says why a ticket could not be logged.
	Reason string `json:",omitempty"`
}

// maxSteps bounds the history of a run.
const maxSteps = 100

// ValidateSteps reports every mistake in a list of steps.
func ValidateSteps(steps []Step) error {
	var mistakes []error
	known := map[string]bool{}
	switch {
	case len(steps) == 0:
		mistakes = append(mistakes, errors.New("steps: none; give at least one"))
	case len(steps) > maxSteps:
		mistakes = append(mistakes, fmt.Errorf("steps: %d; at most %d are carried out by one run", len(steps), maxSteps))
	}
	for i, step := range steps {
		place := fmt.Sprintf("steps[%d]", i)
		if step.ID != "" {
			place = fmt.Sprintf("steps[%d] %q", i, step.ID)
		}
		if !providers.ValidID(step.ID) {
			mistakes = append(mistakes, fmt.Errorf("%s: id: want 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first", place))
		} else if known[step.ID] {
			mistakes = append(mistakes, fmt.Errorf("%s: id: given twice; each step needs its own", place))
		}
		known[step.ID] = true
		for _, mistake := range step.mistakes() {
			mistakes = append(mistakes, fmt.Errorf("%s: %w", place, mistake))
		}
	}
	for i, step := range steps {
		for _, need := range step.Needs {
			switch {
			case need == step.ID:
				mistakes = append(mistakes, fmt.Errorf("steps[%d] %q: needs: it needs itself; remove it", i, step.ID))
			case !known[need]:
				mistakes = append(mistakes, fmt.Errorf("steps[%d] %q: needs: there is no step %q", i, step.ID, need))
			}
		}
	}
	if circle := findCircle(steps); len(circle) > 1 {
		mistakes = append(mistakes, fmt.Errorf("steps: they need each other in a circle: %s", strings.Join(circle, " -> ")))
	}
	return errors.Join(mistakes...)
}

func (s Step) mistakes() []error {
	var mistakes []error
	kinds := 0
	for _, given := range []bool{s.Ticket != nil, s.Action != nil, s.Wait != nil} {
		if given {
			kinds++
		}
	}
	if kinds != 1 {
		mistakes = append(mistakes, errors.New("want exactly one of ticket, action and wait"))
	}
	if s.Ticket != nil {
		mistakes = append(mistakes, s.Ticket.mistakes("ticket")...)
	}
	if s.Action != nil && (s.Action.Target == "") == (s.Action.Activity == "") {
		mistakes = append(mistakes, errors.New("action: want either target or activity"))
	}
	if s.Action != nil && (s.Action.Activity == "") != (s.Action.TaskQueue == "") {
		mistakes = append(mistakes, errors.New("action: activity and task_queue go together"))
	}
	if s.Wait != nil && s.Wait.Until.IsZero() == (s.Wait.For == 0) || s.Wait != nil && s.Wait.For < 0 {
		mistakes = append(mistakes, errors.New("wait: want either until, a time, or for, a positive duration"))
	}
	switch s.OnFailure {
	case "", Stop, Continue:
		if s.Fallback != nil {
			mistakes = append(mistakes, errors.New("fallback: it is only used with on_failure: ticket"))
		}
	case FallBack:
		if s.Fallback == nil {
			mistakes = append(mistakes, errors.New("fallback: missing; on_failure: ticket needs the ticket to log"))
		} else {
			mistakes = append(mistakes, s.Fallback.mistakes("fallback")...)
		}
	default:
		mistakes = append(mistakes, fmt.Errorf("on_failure: %q; want stop, continue or ticket", s.OnFailure))
	}
	return mistakes
}

const maxSubject = 200

func (r TicketRequest) mistakes(place string) []error {
	var mistakes []error
	switch r.Kind {
	case "", providers.Request, providers.Incident:
	default:
		mistakes = append(mistakes, fmt.Errorf("%s: kind: %q; want request or incident", place, r.Kind))
	}
	if subject := strings.TrimSpace(r.Subject); subject == "" || len(subject) > maxSubject {
		mistakes = append(mistakes, fmt.Errorf("%s: subject: want 1 to %d bytes", place, maxSubject))
	}
	if r.DueWithin < 0 || r.DueWithin > 0 && !r.DueAt.IsZero() {
		mistakes = append(mistakes, fmt.Errorf("%s: due_at, due_within: want one of them, a time or a positive duration", place))
	}
	if len(r.Body) > providers.MaxNoteBody {
		mistakes = append(mistakes, fmt.Errorf("%s: body: %d bytes; at most %d", place, len(r.Body), providers.MaxNoteBody))
	}
	return mistakes
}

// findCircle returns steps that need each other, the first again at the end.
func findCircle(steps []Step) []string {
	needs := map[string][]string{}
	for _, step := range steps {
		needs[step.ID] = step.Needs
	}
	done := map[string]bool{}
	var visit func(id string, path []string) []string
	visit = func(id string, path []string) []string {
		for i, before := range path {
			if before == id {
				return append(path[i:], id)
			}
		}
		if done[id] {
			return nil
		}
		for _, need := range needs[id] {
			if need == id {
				continue // reported as its own mistake
			}
			if circle := visit(need, append(path, id)); circle != nil {
				return circle
			}
		}
		done[id] = true
		return nil
	}
	for _, step := range steps {
		if circle := visit(step.ID, nil); circle != nil {
			return circle
		}
	}
	return nil
}
