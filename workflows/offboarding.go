package workflows

import (
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"deskbridge/activities"
	"deskbridge/internal/names"
	"deskbridge/providers"
)

// OffboardingInput is the input of the Offboarding workflow.
type OffboardingInput struct {
	Connection Connection
	RequestID  string
	Leaver     Person
	// Requester asked for it, and is the requester of the tickets; needed where there are steps, for
	// the leaver need not know of them.
	Requester *Person
	// LeavesAt holds the deactivation of the account back until then; the steps begin at once.
	LeavesAt time.Time
	// Steps may be none.
	Steps []Step
}

// Offboarding ends the onboardings of the same person that still go on, carries out the steps and
// deactivates the person's account at the desk, whether the steps were done or not. A protected
// account is left alone.
func Offboarding(ctx workflow.Context, in OffboardingInput) (FulfilmentResult, error) {
	requester := in.Leaver
	if in.Requester != nil {
		requester = *in.Requester
	}
	mistakes := ValidatePerson("leaver", in.Leaver)
	if len(in.Steps) > 0 {
		mistakes = errors.Join(mistakes, ValidateSteps(in.Steps))
		if in.Requester == nil {
			mistakes = errors.Join(mistakes, ErrNoRequester)
		}
	}
	f, err := newFulfilment(ctx, FulfilmentInput{Connection: in.Connection, RequestID: in.RequestID, Requester: requester, Steps: in.Steps}, mistakes)
	if err != nil {
		return FulfilmentResult{}, err
	}
	if err := f.supersedeJoiners(in.Leaver); err != nil {
		return f.fail(err)
	}
	result := FulfilmentResult{Completed: true}
	if len(in.Steps) > 0 {
		requesterID, err := f.ensureUser(requester, "requester")
		if err == nil {
			result, err = f.carryOut(requesterID)
		}
		if err != nil { // the account is deactivated all the same
			result = f.notBegun(err)
		}
	}
	if err := f.waitUntil(in.LeavesAt, "last day"); err != nil {
		return f.fail(err)
	}
	// Once more: an onboarding that had just begun was not to be found yet.
	if err := f.supersedeJoiners(in.Leaver); err != nil {
		return f.fail(err)
	}
	if result.Account, err = f.deactivate(in.Leaver); err != nil {
		return f.fail(err)
	}
	done := result.Account != activities.AccountUnsupported && result.Account != activities.AccountRefused
	result.Completed = result.Completed && done
	return f.finish(result)
}

// ErrNoRequester says that the tickets of an offboarding would be the leaver's.
var ErrNoRequester = errors.New("requester: missing; an offboarding with steps needs one, for its tickets must not be the leaver's")

// notBegun says of every step why it was skipped.
func (f *fulfilment) notBegun(err error) FulfilmentResult {
	for i := range f.progress {
		f.progress[i].State, f.progress[i].Reason = StepSkipped, reasonOf(err)
	}
	return FulfilmentResult{Steps: f.progress}
}

func (f *fulfilment) supersedeJoiners(leaver Person) error {
	f.do("Ending onboardings of the same person that still go on")
	ctx := peopleOptions(f.ctx, "End the person's onboardings")
	return workflow.ExecuteActivity(ctx, common.SupersedeJoiners, activities.Leaver{
		Connection: f.Connection.Name, Known: leaver.Known, By: workflow.GetInfo(ctx).WorkflowExecution.ID,
	}).Get(ctx, nil)
}

func (f *fulfilment) deactivate(leaver Person) (activities.Account, error) {
	f.do("Deactivating the account at %s", f.Connection.Name)
	var left activities.LeftUser
	ctx := deskOptions(f.ctx, f.Connection.Name, names.PriorityLeave, "Deactivate the account at "+f.Connection.Name)
	err := f.attention.untilMended(ctx, f.describe, func() bool { return f.hurry }, func() error {
		f.hurry = false
		return workflow.ExecuteActivity(ctx, desk.DeactivateUser, leaver).Get(ctx, &left)
	})
	switch {
	case err == nil || f.ctx.Err() != nil:
		return left.Account, err
	case kindOf(err) == providers.NotFound:
		return activities.AccountAbsent, nil
	}
	f.attention.raise(ctx, string(kindOf(err)), reasonOf(err))
	return activities.AccountRefused, nil
}

// WhoMaySee lists the keyed hashes of those who may see a ticket, each once.
func WhoMaySee(requester Person, forWhom *Person) []string {
	people := slices.Clone(requester.Known)
	if forWhom != nil {
		people = append(people, forWhom.Known...)
	}
	slices.Sort(people)
	return slices.Compact(people)
}

// mayBeSuperseded lets an offboarding of the same person end this onboarding. The update answers
// when nothing of it runs any more.
func (f *fulfilment) mayBeSuperseded() error {
	return workflow.SetUpdateHandler(f.ctx, names.Supersede, func(ctx workflow.Context, by string) error {
		f.supersede(ctx, by)
		return workflow.Await(ctx, func() bool { return f.over })
	})
}

// supersede stops the onboarding: what waits is broken off, no further step begins, and the
// tickets that are open are told why and cancelled.
func (f *fulfilment) supersede(ctx workflow.Context, by string) {
	if f.superseded != "" {
		return
	}
	f.superseded, f.stopped = by, true
	for _, breakOff := range f.breakOff {
		breakOff()
	}
	for _, step := range f.Steps {
		key := providers.Key(f.RequestID + "/" + step.ID)
		if f.tickets[key+fallbackSuffix] != nil {
			key += fallbackSuffix
		}
		if ticket := f.tickets[key]; ticket == nil || ticket.State != StepRunning {
			continue
		}
		// One that has ended does not mind.
		_ = workflow.SignalExternalWorkflow(ctx, names.Ticket(f.Connection.Name, key), "", names.CancelTicket, CancelArgs{Note: f.supersededNote()}).Get(ctx, nil)
	}
	f.describe()
}

func (f *fulfilment) supersededNote() string {
	return "Superseded by " + f.superseded + ": the person leaves."
}

// breakable is a context that ends when the onboarding is superseded.
func (f *fulfilment) breakable(ctx workflow.Context) workflow.Context {
	ctx, breakOff := workflow.WithCancel(ctx)
	f.breakOff = append(f.breakOff, breakOff)
	if f.superseded != "" {
		breakOff()
	}
	return ctx
}
