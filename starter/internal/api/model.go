package api

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"deskbridge/activities"
	"deskbridge/providers"
	"deskbridge/starter/internal/service"
	"deskbridge/workflows"
)

// Person is somebody as Activate knows them.
type Person struct {
	EmployeeNumber string            `json:"employee_number,omitempty" maxLength:"100"`
	Login          string            `json:"login,omitempty" maxLength:"256" doc:"AD login: sAMAccountName or user principal name."`
	Email          string            `json:"email,omitempty" maxLength:"320"`
	DisplayName    string            `json:"display_name,omitempty" maxLength:"256" doc:"Needed of somebody who may have to be created."`
	Attributes     map[string]string `json:"attributes,omitempty" doc:"Further fields of the desk, by its own names."`
}

func (p *Person) model() *workflows.Person {
	if p == nil {
		return nil
	}
	return &workflows.Person{EmployeeNumber: p.EmployeeNumber, Login: p.Login, Email: p.Email, DisplayName: p.DisplayName, Attributes: p.Attributes}
}

// File refers to a file that was stored by POST /v1/files.
type File struct {
	Name        string `json:"name" minLength:"1" maxLength:"255"`
	ContentType string `json:"content_type" maxLength:"200"`
	Size        int64  `json:"size" minimum:"1" doc:"In bytes."`
	SHA256      string `json:"sha256" pattern:"^[0-9a-f]{64}$" doc:"Of the content, in hexadecimal."`
}

// Ticket is a ticket that somebody wants logged.
type Ticket struct {
	Kind      string            `json:"kind,omitempty" enum:"request,incident" doc:"request, if left out."`
	Subject   string            `json:"subject" minLength:"1" maxLength:"200"`
	Body      string            `json:"body,omitempty" maxLength:"32768" doc:"Plain text."`
	Queue     string            `json:"queue,omitempty" maxLength:"256" doc:"The connection's default, if left out."`
	Fields    map[string]string `json:"fields,omitempty" doc:"Further fields of the desk, for category and routing."`
	DueAt     *time.Time        `json:"due_at,omitempty" doc:"Until when it must have its outcome; the connection's default, if left out."`
	DueWithin string            `json:"due_within,omitempty" doc:"In place of due_at: working time from its logging, such as 16h." example:"16h"`
	Files     []File            `json:"files,omitempty" maxItems:"20" doc:"Files that are uploaded to the ticket once it is logged."`
}

// model turns a ticket into the model's; place is for errors.
func (t *Ticket) model(place string) (*workflows.TicketRequest, error) {
	if t == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	within, err := duration(place+": due_within", t.DueWithin)
	asked := &workflows.TicketRequest{
		Kind: providers.TicketKind(t.Kind), Subject: t.Subject, Body: t.Body, Queue: t.Queue, Fields: t.Fields, DueAt: at(t.DueAt), DueWithin: within,
	}
	for _, file := range t.Files {
		asked.Files = append(asked.Files, activities.File(file))
	}
	return asked, err
}

// Action is an automated step.
type Action struct {
	Target    string         `json:"target,omitempty" doc:"A target of the configuration."`
	Activity  string         `json:"activity,omitempty" doc:"In place of a target: a Temporal activity of any worker, with task_queue."`
	TaskQueue string         `json:"task_queue,omitempty"`
	Arguments map[string]any `json:"arguments,omitempty"`
	Within    string         `json:"within,omitempty" doc:"How long it is tried and waited for, such as 30m; a day, if left out." example:"24h"`
}

// Wait is a step that waits.
type Wait struct {
	Until *time.Time `json:"until,omitempty"`
	For   string     `json:"for,omitempty" doc:"Such as 72h." example:"72h"`
}

// Step is one step of a request: exactly one of ticket, action and wait.
type Step struct {
	ID        string   `json:"id" minLength:"1" maxLength:"64"`
	Needs     []string `json:"needs,omitempty" doc:"Steps that must be done first."`
	Ticket    *Ticket  `json:"ticket,omitempty"`
	Action    *Action  `json:"action,omitempty"`
	Wait      *Wait    `json:"wait,omitempty"`
	OnFailure string   `json:"on_failure,omitempty" enum:"stop,continue,ticket" doc:"stop, if left out; ticket logs the fallback in its place."`
	Fallback  *Ticket  `json:"fallback,omitempty"`
}

// steps turns steps into the model's, with every mistake.
func steps(asked []Step) ([]workflows.Step, error) {
	var all []workflows.Step
	var mistakes []error
	for i, step := range asked {
		place := fmt.Sprintf("steps[%d] %q", i, step.ID)
		made := workflows.Step{ID: step.ID, Needs: step.Needs, OnFailure: workflows.OnFailure(step.OnFailure)}
		var errTicket, errFallback error
		made.Ticket, errTicket = step.Ticket.model(place + ": ticket")
		made.Fallback, errFallback = step.Fallback.model(place + ": fallback")
		mistakes = append(mistakes, errTicket, errFallback)
		if step.Action != nil {
			within, err := duration(place+": action: within", step.Action.Within)
			mistakes = append(mistakes, err)
			made.Action = &workflows.ActionStep{Target: step.Action.Target, Activity: step.Action.Activity, TaskQueue: step.Action.TaskQueue, Arguments: step.Action.Arguments, Within: within}
		}
		if step.Wait != nil {
			wait, err := duration(place+": wait: for", step.Wait.For)
			mistakes = append(mistakes, err)
			made.Wait = &workflows.WaitStep{For: wait}
			if step.Wait.Until != nil {
				made.Wait.Until = *step.Wait.Until
			}
		}
		all = append(all, made)
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, &service.Error{Fault: service.Wrong, Err: err}
	}
	return all, nil
}

func duration(place, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	parsed, err := time.ParseDuration(text)
	if err != nil || parsed <= 0 {
		return 0, fmt.Errorf("%s: want a duration such as 30s, 5m or 72h", place)
	}
	return parsed, nil
}

// Started tells which run a request is.
type Started struct {
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id"`
	Existing   bool   `json:"existing" doc:"The same request was started before."`
}

// StartedOutput answers a start: 202, or 200 if the same request was started before.
type StartedOutput struct {
	Status   int
	Location string `header:"Location"`
	Body     Started
}

// before describes the answer to a request that was started before.
func (a *API) before() map[string]*huma.Response {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Started](), true, "Started")
	return map[string]*huma.Response{"200": {
		Description: "The same request was started before.", Content: map[string]*huma.MediaType{"application/json": {Schema: schema}},
	}}
}

func startedOutput(started service.Started, location string) *StartedOutput {
	status := 202
	if started.Existing {
		status = 200
	}
	return &StartedOutput{Status: status, Location: location, Body: Started(started)}
}

// StepProgress is how far a step is.
type StepProgress struct {
	ID       string `json:"id"`
	Kind     string `json:"kind" enum:"ticket,action,wait"`
	State    string `json:"state" enum:"pending,running,done,failed,skipped"`
	Ticket   string `json:"ticket,omitempty" doc:"The number of the ticket at the desk."`
	Outcome  string `json:"outcome,omitempty"`
	Output   any    `json:"output,omitempty" doc:"What the target of an automated step answered."`
	Reason   string `json:"reason,omitempty"`
	Reopened bool   `json:"reopened,omitempty"`
}

// Progress is how far a request is.
type Progress struct {
	WorkflowID string         `json:"workflow_id"`
	Doing      string         `json:"doing"`
	Steps      []StepProgress `json:"steps"`
	Attention  string         `json:"attention,omitempty" doc:"What a person must mend, and how."`
	Completed  *bool          `json:"completed,omitempty" doc:"Set once the request has ended."`
	Superseded string         `json:"superseded_by,omitempty" doc:"The offboarding that ended it."`
	Account    string         `json:"account,omitempty" doc:"What became of a leaver's account." enum:"deactivated,absent,protected,unsupported,refused"`
}

func progressOf(workflowID string, progress workflows.Progress) Progress {
	told := Progress{
		WorkflowID: workflowID, Doing: progress.Doing, Attention: progress.Attention, Completed: progress.Completed,
		Superseded: progress.Superseded, Account: string(progress.Account), Steps: []StepProgress{},
	}
	for _, step := range progress.Steps {
		one := StepProgress{ID: step.ID, Kind: step.Kind, State: step.State, Ticket: step.Ticket, Reason: step.Reason, Reopened: step.Reopened}
		if step.Outcome != nil {
			one.Outcome = string(step.Outcome.Result)
		}
		if len(step.Output) > 0 {
			one.Output = step.Output
		}
		told.Steps = append(told.Steps, one)
	}
	return told
}
