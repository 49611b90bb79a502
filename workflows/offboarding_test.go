package workflows_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"deskbridge/activities"
	"deskbridge/internal/faults"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/workflows"
)

// offboard runs an offboarding at a desk where the person is.
func (w *world) offboard(in workflows.OffboardingInput) workflows.FulfilmentResult {
	w.t.Helper()
	in.Connection, in.RequestID, in.Leaver = present(), "R9", person
	if len(in.Steps) > 0 {
		in.Requester = &workflows.Person{Login: "boss", Email: "boss@example.test", DisplayName: "The Boss", Known: []string{"boss"}}
	}
	w.ExecuteWorkflow("Offboarding", in)
	require.NoError(w.t, w.GetWorkflowError())
	var result workflows.FulfilmentResult
	require.NoError(w.t, w.GetWorkflowResult(&result))
	return result
}

// supersedes counts how often joiners were looked for.
func (w *world) supersedes() *int {
	count := 0
	w.OnActivity("SupersedeJoiners", mock.Anything, mock.Anything).Return(func(context.Context, activities.Leaver) ([]string, error) {
		count++
		return nil, nil
	})
	return &count
}

func (w *world) userIsActive() bool {
	users, err := w.desk.FindUsers(w.t.Context(), providers.UserQuery{By: providers.ByLogin, Value: person.Login})
	require.NoError(w.t, err)
	require.Len(w.t, users, 1)
	return users[0].Active
}

func TestALeaversAccountIsDeactivatedOnTheLastDayAfterTheSteps(t *testing.T) {
	w := newWorld(t)
	searches := w.supersedes()
	_, err := w.desk.EnsureUser(t.Context(), person)
	require.NoError(t, err)
	w.tickets(nil)
	w.at(47*time.Hour, func() { require.True(t, w.userIsActive(), "the last day has not come") })
	begin := w.Now()
	result := w.offboard(workflows.OffboardingInput{Steps: []workflows.Step{ticketStep("laptop")}, LeavesAt: begin.Add(48 * time.Hour)})
	require.True(t, result.Completed)
	require.Equal(t, activities.AccountDeactivated, result.Account)
	require.Equal(t, workflows.StepDone, result.Steps[0].State)
	require.False(t, w.userIsActive())
	require.Equal(t, 2, *searches, "at the beginning, and before the account is deactivated")
	require.Equal(t, []string{"request.ended completed"}, w.events())
}

func TestALeaverDoesNotSeeTheTicketsOfTheirLeaving(t *testing.T) {
	w := newWorld(t)
	w.supersedes()
	var seen []string
	w.OnWorkflow("Ticket", mock.Anything, mock.Anything).Return(func(_ workflow.Context, in workflows.TicketInput) (workflows.Outcome, error) {
		seen = in.People
		return workflows.Outcome{Result: workflows.OutcomeCompleted}, nil
	})
	w.offboard(workflows.OffboardingInput{Steps: []workflows.Step{ticketStep("laptop")}})
	require.Equal(t, []string{"boss"}, seen)

	w = newWorld(t)
	w.ExecuteWorkflow("Offboarding", workflows.OffboardingInput{Connection: present(), RequestID: "R9", Leaver: person, Steps: []workflows.Step{ticketStep("laptop")}})
	require.ErrorContains(t, w.GetWorkflowError(), "must not be the leaver's")
}

func TestAnAccountIsDeactivatedThoughAStepFailed(t *testing.T) {
	w := newWorld(t)
	w.supersedes()
	_, err := w.desk.EnsureUser(t.Context(), person)
	require.NoError(t, err)
	w.tickets(map[string]workflows.Result{"laptop": workflows.OutcomeRejected})
	result := w.offboard(workflows.OffboardingInput{Steps: []workflows.Step{ticketStep("laptop")}})
	require.False(t, result.Completed)
	require.Equal(t, activities.AccountDeactivated, result.Account)
	require.Equal(t, []string{"request.ended failed"}, w.events())
}

func TestAProtectedAccountIsLeftAloneAndOneThatIsAbsentIsNoFailure(t *testing.T) {
	w := newWorld(t)
	w.supersedes()
	w.desk.Protected = []string{"an*"}
	_, err := w.desk.EnsureUser(t.Context(), person)
	require.NoError(t, err)
	require.Equal(t, activities.AccountProtected, w.offboard(workflows.OffboardingInput{}).Account)
	require.True(t, w.userIsActive())

	w = newWorld(t)
	w.supersedes()
	result := w.offboard(workflows.OffboardingInput{})
	require.Equal(t, activities.AccountAbsent, result.Account)
	require.True(t, result.Completed)
}

func TestADeskThatRefusesIsToldAndThePersonIsAskedFor(t *testing.T) {
	w := newWorld(t)
	w.supersedes()
	_, err := w.desk.EnsureUser(t.Context(), person)
	require.NoError(t, err)
	puts := func(r *http.Request) bool { return r.Method == http.MethodPut || r.Method == http.MethodDelete }
	w.broken.Next(1, puts, faults.Fault{Status: http.StatusUnprocessableEntity})
	result := w.offboard(workflows.OffboardingInput{})
	require.Equal(t, activities.AccountRefused, result.Account)
	require.False(t, result.Completed)
}

func joiner(start time.Time, steps ...workflows.Step) workflows.OnboardingInput {
	return workflows.OnboardingInput{Connection: present(), RequestID: "R1", Joiner: person, StartAt: start, Steps: steps}
}

func (w *world) onboard(in workflows.OnboardingInput) workflows.FulfilmentResult {
	w.t.Helper()
	w.ExecuteWorkflow("Onboarding", in)
	require.NoError(w.t, w.GetWorkflowError())
	var result workflows.FulfilmentResult
	require.NoError(w.t, w.GetWorkflowResult(&result))
	return result
}

func TestAnOnboardingThatWaitsForItsStartIsSuperseded(t *testing.T) {
	w := newWorld(t)
	begin := w.Now()
	var answered *updated
	w.at(time.Hour, func() { answered = w.update("superseded-by-offboarding/rt/R9", names.Supersede, "offboarding/rt/R9") })
	result := w.onboard(joiner(begin.Add(240*time.Hour), ticketStep("laptop")))
	require.Equal(t, "offboarding/rt/R9", result.Superseded)
	require.Equal(t, map[string]string{"laptop": workflows.StepSkipped}, states(result))
	require.Contains(t, result.Steps[0].Reason, "offboarding/rt/R9")
	require.NoError(t, answered.rejected)
	require.Equal(t, time.Hour, w.Now().Sub(begin).Round(time.Second), "it does not wait for the start")
	require.Equal(t, []string{"request.ended superseded"}, w.events())
	require.Empty(t, w.sim.Tickets())
}

func TestAnOnboardingWhoseTicketIsOpenIsSupersededAndTheTicketNotedAndCancelledOnce(t *testing.T) {
	w := newWorld(t)
	supersede := func() { w.update("superseded-by-offboarding/rt/R9", names.Supersede, "offboarding/rt/R9") }
	w.at(time.Hour, supersede)
	w.at(time.Hour+time.Second, supersede)
	action := actionStep("mailbox", "later")
	action.Action.Within = 240 * time.Hour
	result := w.onboard(joiner(time.Time{}, ticketStep("laptop"), action, ticketStep("card", "laptop")))
	require.Equal(t, map[string]string{"laptop": workflows.StepFailed, "mailbox": workflows.StepFailed, "card": workflows.StepSkipped}, states(result))
	require.Equal(t, "rejected", w.sim.Tickets()[0].Status)
	require.Equal(t, []string{"Superseded by offboarding/rt/R9: the person leaves."}, w.sim.Written(1, "public"))
	require.Len(t, w.sim.Tickets(), 1)
}

func TestOneWhoCreatesAPersonHoldsTheirPlaceUntilTheSearchShowsThem(t *testing.T) {
	w := newWorld(t)
	begin := w.Now()
	w.ExecuteWorkflow("User", activities.UserInput{Connection: "rt", Person: person, SearchLag: time.Minute})
	require.NoError(t, w.GetWorkflowError())
	require.Equal(t, time.Minute, w.Now().Sub(begin).Round(time.Second))
	var created activities.EnsuredUser
	require.NoError(t, w.GetWorkflowResult(&created))
	require.True(t, created.Created)

	again := newWorld(t)
	_, err := again.desk.EnsureUser(t.Context(), person)
	require.NoError(t, err)
	begin = again.Now()
	again.ExecuteWorkflow("User", activities.UserInput{Connection: "rt", Person: person, SearchLag: time.Minute})
	require.NoError(t, again.GetWorkflowError())
	require.Less(t, again.Now().Sub(begin), time.Minute, "nobody was created, so that there is nothing to wait for")
}

func TestAPersonWhoIsThereIsFoundWithoutAnotherRun(t *testing.T) {
	w := newWorld(t)
	_, err := w.desk.EnsureUser(t.Context(), person)
	require.NoError(t, err)
	w.tickets(nil)
	w.onboard(joiner(time.Time{}, ticketStep("laptop")))
	require.Zero(t, w.created)
	w = newWorld(t)
	w.tickets(nil)
	w.onboard(joiner(time.Time{}, ticketStep("laptop")))
	require.Equal(t, 1, w.created)
}

func TestAHintOfTheDeskIsReadAtOnce(t *testing.T) {
	w := newWorld(t)
	w.at(40*time.Second, func() {
		for range 5 {
			w.SignalWorkflow(names.DeskChanged, nil)
		}
	})
	waits := activities.Polled{Waiting: 1}
	at, _ := watched(t, w, waits, waits, waits, waits, waits, waits, waits)
	require.Contains(t, at, 40*time.Second)
	polls := 0
	for _, one := range at {
		if one == 40*time.Second {
			polls++
		}
	}
	require.LessOrEqual(t, polls, 2, "one read sees it all, and one more what came during it")
}

func TestAnOffboardingThatIsCancelledTellsActivateAndLeavesTheAccount(t *testing.T) {
	w := newWorld(t)
	w.supersedes()
	_, err := w.desk.EnsureUser(t.Context(), person)
	require.NoError(t, err)
	w.at(time.Hour, func() { w.CancelWorkflow() })
	w.ExecuteWorkflow("Offboarding", workflows.OffboardingInput{Connection: present(), RequestID: "R9", Leaver: person, LeavesAt: w.Now().Add(48 * time.Hour)})
	require.Error(t, w.GetWorkflowError())
	require.True(t, w.userIsActive())
	require.Equal(t, []string{"request.ended cancelled"}, w.events())
}
