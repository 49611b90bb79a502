package workflows

import (
	"errors"
	"fmt"
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
	if err := ValidatePerson("joiner", in.Joiner); err != nil {
		return FulfilmentResult{}, refuse(err)
	}
	f, err := newFulfilment(ctx, FulfilmentInput{Connection: in.Connection, RequestID: in.RequestID, Requester: requester, Steps: in.Steps})
	if err != nil {
		return FulfilmentResult{}, err
	}
	requesterID, err := f.ensureUser(in.Joiner, "joiner")
	if err == nil && in.Requester != nil {
		requesterID, err = f.ensureUser(*in.Requester, "requester")
	}
	if err == nil && in.Manager != nil {
		_, err = f.ensureUser(*in.Manager, "manager")
	}
	if err != nil {
		return FulfilmentResult{}, err
	}
	if wait := in.StartAt.Sub(workflow.Now(ctx)); wait > 0 {
		f.do("Waiting for the start date %s", in.StartAt.UTC().Format(time.DateOnly))
		if err := workflow.NewTimerWithOptions(ctx, wait, workflow.TimerOptions{Summary: "Start date"}).Get(ctx, nil); err != nil {
			return FulfilmentResult{}, err
		}
	}
	return f.run(requesterID)
}

// ValidatePerson reports a person by whom nobody can be matched.
func ValidatePerson(role string, person Person) error {
	if person.EmployeeNumber == "" && person.Login == "" && person.Email == "" {
		return fmt.Errorf("%s: give at least one of employee_number, login and email", role)
	}
	if person.DisplayName == "" {
		return errors.New(role + ": display_name: missing; a user who must be created needs it")
	}
	return nil
}
