package workflows

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"deskbridge/activities"
	"deskbridge/internal/logkey"
	"deskbridge/internal/names"
	"deskbridge/providers"
)

// FulfilmentInput is the input of the Fulfilment workflow.
type FulfilmentInput struct {
	Connection Connection
	RequestID  string
	Requester  Person
	Steps      []Step
	// For is whom it is for, if that is not the requester.
	For *Person
}

// FulfilmentResult is how a fulfilment ended.
type FulfilmentResult struct {
	// Completed says that every step was done, or failed and was to be continued after.
	Completed bool
	Steps     []StepProgress
	// Superseded is the offboarding that ended an onboarding.
	Superseded string `json:",omitempty"`
	// Account is what became of a leaver's account.
	Account activities.Account `json:",omitempty"`
}

// The states of a step.
const (
	StepPending = "pending"
	StepRunning = "running"
	StepDone    = "done"
	StepFailed  = "failed"
	StepSkipped = "skipped"
)

// StepProgress is how far a step is.
type StepProgress struct {
	ID    string
	Kind  string
	State string
	// Ticket is the number of the ticket that the step waits for.
	Ticket  string          `json:",omitempty"`
	Outcome *Outcome        `json:",omitempty"`
	Output  json.RawMessage `json:",omitempty"`
	// Reason says why the step failed or was skipped.
	Reason   string `json:",omitempty"`
	Reopened bool   `json:",omitempty"`
}

// Progress answers the query of that name.
type Progress struct {
	Doing     string
	Steps     []StepProgress
	Attention string
	// Completed, Superseded and Account are set once the request has ended.
	Completed  *bool              `json:",omitempty"`
	Superseded string             `json:",omitempty"`
	Account    activities.Account `json:",omitempty"`
}

// Fulfilment makes sure that the requester exists and carries out the steps.
func Fulfilment(ctx workflow.Context, in FulfilmentInput) (FulfilmentResult, error) {
	f, err := newFulfilment(ctx, in, ValidateSteps(in.Steps))
	if err != nil {
		return FulfilmentResult{}, err
	}
	requester, err := f.ensureUser(in.Requester, "requester")
	if err != nil {
		return f.fail(err)
	}
	return f.run(requester)
}

type fulfilment struct {
	FulfilmentInput
	ctx         workflow.Context
	doing       string
	requesterID string
	progress    []StepProgress
	stopped     bool
	attention   attention
	// hurry says that a person has mended what the run waits for.
	hurry     bool
	tickets   map[providers.Key]*StepProgress
	news      map[providers.Key]TicketNews
	completed map[string]CompleteActionArgs
	outbox    outbox
	// superseded is the offboarding that ends this onboarding; over says that nothing of it runs
	// any more, result how it ended.
	superseded string
	over       bool
	result     *FulfilmentResult
	// breakOff ends what waits when the onboarding is superseded.
	breakOff []workflow.CancelFunc
}

func newFulfilment(ctx workflow.Context, in FulfilmentInput, mistakes error) (*fulfilment, error) {
	if err := errors.Join(mistakes, ValidatePerson("requester", in.Requester)); err != nil {
		return nil, refuse(err)
	}
	f := &fulfilment{FulfilmentInput: in, ctx: ctx, tickets: map[providers.Key]*StepProgress{}, news: map[providers.Key]TicketNews{}, completed: map[string]CompleteActionArgs{}}
	for _, step := range in.Steps {
		f.progress = append(f.progress, StepProgress{ID: step.ID, Kind: step.kind(), State: StepPending})
	}
	f.listen(names.TicketLogged, func(*StepProgress, TicketNews) {})
	f.listen(names.TicketOutcome, func(_ *StepProgress, news TicketNews) { f.news[news.Key] = news })
	// What followed the step is not undone.
	f.listen(names.TicketReopened, func(step *StepProgress, _ TicketNews) { step.Reopened = true })
	err := errors.Join(
		f.attention.answer(ctx),
		workflow.SetQueryHandler(ctx, names.Progress, func() (Progress, error) {
			progress := Progress{Doing: f.doing, Steps: f.progress, Attention: f.attention.Reason, Superseded: f.superseded}
			if f.result != nil {
				progress.Completed, progress.Account = &f.result.Completed, f.result.Account
			}
			return progress, nil
		}),
		workflow.SetUpdateHandler(ctx, names.Refresh, func(workflow.Context) error { f.hurry = true; return nil }),
		workflow.SetUpdateHandlerWithOptions(ctx, names.CompleteAction, f.completeAction, workflow.UpdateHandlerOptions{Validator: f.mayComplete}),
	)
	return f, err
}

func (f *fulfilment) listen(signal string, take func(*StepProgress, TicketNews)) {
	channel := workflow.GetSignalChannel(f.ctx, signal)
	workflow.Go(f.ctx, func(ctx workflow.Context) {
		for {
			var news TicketNews
			channel.Receive(ctx, &news)
			if step := f.tickets[news.Key]; step != nil {
				step.Ticket = news.Number
				take(step, news)
			}
			f.describe()
		}
	})
}

// ensureUser makes sure that a person exists at the desk, and returns the desk's ID.
func (f *fulfilment) ensureUser(person Person, role string) (string, error) {
	var userID string
	f.do("Making sure that the %s exists at %s", role, f.Connection.Name)
	ctx := f.breakable(f.ctx)
	err := f.attention.untilMended(ctx, f.describe, func() bool { return f.hurry }, func() error {
		f.hurry = false
		var err error
		userID, err = ensureUser(ctx, f.Connection, person, role)
		return err
	})
	return userID, err
}

// run carries out the steps and ends the run.
func (f *fulfilment) run(requesterID string) (FulfilmentResult, error) {
	result, err := f.carryOut(requesterID)
	if err != nil {
		return FulfilmentResult{}, err
	}
	return f.finish(result)
}

// finish lets those who wait for the end of this run know it, and tells Activate.
func (f *fulfilment) finish(result FulfilmentResult) (FulfilmentResult, error) {
	result.Superseded = f.superseded
	f.result, f.over = &result, true
	ctx, _ := workflow.NewDisconnectedContext(f.ctx)
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return FulfilmentResult{}, err
	}
	f.announce(ctx, result)
	f.do("Ended")
	return result, f.ctx.Err()
}

// fail ends a run whose people cannot be brought to the desk, which Activate is told.
func (f *fulfilment) fail(err error) (FulfilmentResult, error) {
	f.result, f.over = &FulfilmentResult{Steps: f.progress}, true
	ctx, _ := workflow.NewDisconnectedContext(f.ctx)
	f.announce(ctx, *f.result)
	return FulfilmentResult{}, err
}

// carryOut carries out the steps, each as soon as those that it needs are done.
func (f *fulfilment) carryOut(requesterID string) (FulfilmentResult, error) {
	f.requesterID = requesterID
	f.do("Carrying out %d steps", len(f.Steps))
	left := len(f.Steps)
	for i := range f.Steps {
		workflow.Go(f.ctx, func(ctx workflow.Context) {
			f.runStep(ctx, f.Steps[i], &f.progress[i])
			left--
			f.describe()
		})
	}
	ctx, _ := workflow.NewDisconnectedContext(f.ctx)
	if err := workflow.Await(ctx, func() bool { return left == 0 }); err != nil {
		return FulfilmentResult{}, err
	}
	return FulfilmentResult{Completed: !slices.ContainsFunc(f.progress, func(p StepProgress) bool {
		return p.State == StepSkipped || p.State == StepFailed && f.step(p.ID).OnFailure != Continue
	}), Steps: f.progress}, nil
}

func (f *fulfilment) step(id string) Step {
	return f.Steps[slices.IndexFunc(f.Steps, func(s Step) bool { return s.ID == id })]
}

func (f *fulfilment) progressOf(id string) *StepProgress {
	return &f.progress[slices.IndexFunc(f.progress, func(p StepProgress) bool { return p.ID == id })]
}

func (f *fulfilment) runStep(ctx workflow.Context, step Step, progress *StepProgress) {
	blocked := ""
	err := workflow.Await(ctx, func() bool {
		ready := true
		for _, need := range step.Needs {
			switch needed := f.progressOf(need); {
			case needed.State == StepSkipped, needed.State == StepFailed && f.step(need).OnFailure != Continue:
				blocked = need
			case needed.State != StepDone && needed.State != StepFailed:
				ready = false
			}
		}
		return ready || blocked != "" || f.stopped
	})
	switch {
	case err != nil:
		progress.State, progress.Reason = StepSkipped, "the run was cancelled"
		return
	case blocked != "":
		progress.State, progress.Reason = StepSkipped, "step "+blocked+" was not done"
		return
	case f.stopped:
		progress.State, progress.Reason = StepSkipped, "another step failed"
		if f.superseded != "" {
			progress.Reason = f.supersededNote()
		}
		return
	}
	progress.State = StepRunning
	f.describe()
	err = f.perform(ctx, step, progress)
	if err != nil && step.OnFailure == FallBack && ctx.Err() == nil && f.superseded == "" {
		progress.Reason = reasonOf(err)
		err = f.logTicket(ctx, providers.Key(f.RequestID+"/"+step.ID)+fallbackSuffix, *step.Fallback, progress)
	}
	if err == nil {
		progress.State = StepDone
		return
	}
	progress.State, progress.Reason = StepFailed, reasonOf(err)
	if f.superseded != "" {
		progress.Reason = f.supersededNote()
	}
	f.stopped = f.stopped || step.OnFailure == Stop || step.OnFailure == "" || step.OnFailure == FallBack
	workflow.GetLogger(ctx).Warn("step failed", logkey.Step, step.ID, logkey.Kind, kindOf(err))
}

func (f *fulfilment) perform(ctx workflow.Context, step Step, progress *StepProgress) error {
	switch {
	case step.Ticket != nil:
		return f.logTicket(ctx, providers.Key(f.RequestID+"/"+step.ID), *step.Ticket, progress)
	case step.Action != nil:
		return f.act(ctx, step, progress)
	default:
		wait := step.Wait.For
		if !step.Wait.Until.IsZero() {
			wait = step.Wait.Until.Sub(workflow.Now(ctx))
		}
		ctx = f.breakable(ctx)
		return workflow.NewTimerWithOptions(ctx, max(wait, 0), workflow.TimerOptions{Summary: "Step " + step.ID}).Get(ctx, nil)
	}
}

// fallbackSuffix makes the key of the ticket that is logged in the place of a step that failed.
const fallbackSuffix = ".fallback"

// logTicket starts the Ticket workflow of a step and waits for its outcome. The ticket goes on
// without us, for it is watched for a reopening after its outcome.
func (f *fulfilment) logTicket(ctx workflow.Context, key providers.Key, request TicketRequest, progress *StepProgress) error {
	f.tickets[key] = progress
	options := workflow.ChildWorkflowOptions{
		WorkflowID:            names.Ticket(f.Connection.Name, key),
		TaskQueue:             names.TaskQueue,
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_ABANDON,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WaitForCancellation:   true,
		StaticSummary:         "Ticket for " + string(key) + " at " + f.Connection.Name,
		TypedSearchAttributes: temporal.NewSearchAttributes(names.Connection.ValueSet(f.Connection.Name), names.Request.ValueSet(f.RequestID)),
	}
	input := TicketInput{Connection: f.Connection, Key: key, RequesterID: f.requesterID, Request: request}
	if f.Connection.knowsPeople() {
		input.People = WhoMaySee(f.Requester, f.For)
		options.Memo = map[string]any{names.MemoSubject: request.Subject}
		options.TypedSearchAttributes = temporal.NewSearchAttributes(names.Connection.ValueSet(f.Connection.Name), names.Request.ValueSet(f.RequestID), names.People.ValueSet(input.People))
	}
	ctx = workflow.WithChildOptions(ctx, options)
	child := workflow.ExecuteChildWorkflow(ctx, Ticket, input)
	if err := child.GetChildWorkflowExecution().Get(ctx, nil); err != nil {
		return err
	}
	// The signal comes first; the child's own end comes first only if it fails.
	waiting, _ := workflow.NewDisconnectedContext(ctx)
	if err := workflow.Await(waiting, func() bool {
		_, told := f.news[key]
		return told || child.IsReady()
	}); err != nil {
		return err
	}
	news, told := f.news[key]
	if !told {
		var outcome Outcome
		if err := child.Get(ctx, &outcome); err != nil {
			return err
		}
		news = TicketNews{Outcome: &outcome}
	}
	progress.Ticket, progress.Outcome = news.Number, news.Outcome
	switch {
	case news.Outcome.Result.Succeeded():
		return nil
	case news.Outcome.Reason != "":
		return fmt.Errorf("the ticket could not be logged: %s", news.Outcome.Reason)
	}
	return fmt.Errorf("ticket %s was %s", news.Number, news.Outcome.Result)
}

func (f *fulfilment) do(format string, args ...any) {
	f.doing = fmt.Sprintf(format, args...)
	f.describe()
}

// describe writes what the run waits for into the Temporal UI.
func (f *fulfilment) describe() {
	var text strings.Builder
	fmt.Fprintf(&text, "%s.\n", f.doing)
	for _, step := range f.progress {
		fmt.Fprintf(&text, "\n- **%s** (%s): %s", step.ID, step.Kind, step.State)
		if step.Ticket != "" {
			fmt.Fprintf(&text, ", ticket %s", step.Ticket)
		}
		if step.Outcome != nil {
			fmt.Fprintf(&text, " %s", step.Outcome.Result)
		}
		if step.Reason != "" {
			fmt.Fprintf(&text, " - %s", step.Reason)
		}
		if step.Reopened {
			text.WriteString(", reopened")
		}
	}
	f.attention.describe(&text)
	workflow.SetCurrentDetails(f.ctx, text.String())
}

func (s Step) kind() string {
	switch {
	case s.Ticket != nil:
		return "ticket"
	case s.Action != nil:
		return "action"
	default:
		return "wait"
	}
}
