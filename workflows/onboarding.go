package workflows

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"
)

// OnboardingInput is the input of the Onboarding workflow.
type OnboardingInput struct {
	Connection Connection
	RequestID  string
	Joiner     Person
	// Requester asked for it, and is the requester of the tickets; the joiner if there is none.
	Requester *Person
	Manager   *Person
	// StartAt holds the steps back until then.
	StartAt time.Time
	Steps   []Step
}

// Onboarding makes sure that the people exist at the desk, waits for the start date and carries
// out the steps.
func Onboarding(ctx workflow.Context, in OnboardingInput) (FulfilmentResult, error) {
	requester := in.Joiner
	if in.Requester != nil {
		requester = *in.Requester
	}
	mistakes := errors.Join(ValidatePerson("joiner", in.Joiner), ValidateSteps(in.Steps))
	f, err := newFulfilment(ctx, FulfilmentInput{Connection: in.Connection, RequestID: in.RequestID, Requester: requester, For: &in.Joiner, Steps: in.Steps}, mistakes)
	if err != nil {
		return FulfilmentResult{}, err
	}
	if err := f.mayBeSuperseded(); err != nil {
		return FulfilmentResult{}, err
	}
	requesterID, err := f.ensureUser(in.Joiner, "joiner")
	if err == nil && in.Requester != nil {
		requesterID, err = f.ensureUser(*in.Requester, "requester")
	}
	if err == nil && in.Manager != nil {
		_, err = f.ensureUser(*in.Manager, "manager")
	}
	if err == nil {
		err = f.waitUntil(in.StartAt, "start date")
	}
	if err != nil && f.superseded == "" {
		return f.fail(err)
	}
	return f.run(requesterID)
}

func (f *fulfilment) waitUntil(at time.Time, what string) error {
	wait := at.Sub(workflow.Now(f.ctx))
	if wait <= 0 || f.superseded != "" {
		return nil
	}
	f.do("Waiting for the %s %s", what, at.UTC().Format(time.DateOnly))
	ctx := f.breakable(f.ctx)
	summary := strings.ToUpper(what[:1]) + what[1:]
	return workflow.NewTimerWithOptions(ctx, wait, workflow.TimerOptions{Summary: summary}).Get(ctx, nil)
}

// ValidateIdentity reports a person by whom nobody can be matched.
func ValidateIdentity(role string, person Person) error {
	if person.EmployeeNumber == "" && person.Login == "" && person.Email == "" {
		return fmt.Errorf("%s: give at least one of employee_number, login and email", role)
	}
	return nil
}

// ValidatePerson reports a person who can be neither matched nor created.
func ValidatePerson(role string, person Person) error {
	if err := ValidateIdentity(role, person); err != nil {
		return err
	}
	if person.DisplayName == "" {
		return errors.New(role + ": display_name: missing; a user who must be created needs it")
	}
	return nil
}
