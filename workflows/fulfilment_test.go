package workflows_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"deskbridge/internal/faults"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/workflows"
)

func ticketStep(id string, needs ...string) workflows.Step {
	return workflows.Step{ID: id, Needs: needs, Ticket: &workflows.TicketRequest{Subject: id}}
}

func actionStep(id, target string, needs ...string) workflows.Step {
	return workflows.Step{ID: id, Needs: needs, Action: &workflows.ActionStep{Target: target}}
}

// tickets lets each ticket end after an hour with the result that its subject has here.
func (w *world) tickets(results map[string]workflows.Result) {
	w.OnWorkflow("Ticket", mock.Anything, mock.Anything).Return(func(ctx workflow.Context, in workflows.TicketInput) (workflows.Outcome, error) {
		err := workflow.Sleep(ctx, time.Hour)
		result, known := results[in.Request.Subject]
		if !known {
			result = workflows.OutcomeCompleted
		}
		return workflows.Outcome{Result: result}, err
	})
}

func (w *world) fulfil(steps ...workflows.Step) workflows.FulfilmentResult {
	w.t.Helper()
	w.ExecuteWorkflow("Fulfilment", workflows.FulfilmentInput{Connection: connection(providers.LevelFull), RequestID: "R1", Requester: person, Steps: steps})
	require.NoError(w.t, w.GetWorkflowError())
	var result workflows.FulfilmentResult
	require.NoError(w.t, w.GetWorkflowResult(&result))
	return result
}

func states(result workflows.FulfilmentResult) map[string]string {
	found := map[string]string{}
	for _, step := range result.Steps {
		found[step.ID] = step.State
	}
	return found
}

func TestStepsRunInTheOrderOfTheirNeedsAndInParallel(t *testing.T) {
	w := newWorld(t)
	w.tickets(nil)
	begin := w.Now()
	result := w.fulfil(ticketStep("a"), ticketStep("b"), ticketStep("c", "a", "b"), actionStep("d", "good", "c"))
	require.True(t, result.Completed)
	require.Equal(t, map[string]string{"a": "done", "b": "done", "c": "done", "d": "done"}, states(result))
	require.InDelta(t, 2, w.Now().Sub(begin).Hours(), 0.1, "a and b wait at the same time")
	require.Equal(t, []string{"R1/d"}, w.calls)
	require.JSONEq(t, `{"done":true}`, string(result.Steps[3].Output))
}

func TestAFailureStopsWhatHasNotBegun(t *testing.T) {
	w := newWorld(t)
	w.tickets(map[string]workflows.Result{"a": workflows.OutcomeRejected})
	result := w.fulfil(ticketStep("a"), ticketStep("b"), actionStep("c", "good", "b"), actionStep("d", "good", "a"))
	require.False(t, result.Completed)
	require.Equal(t, "failed", states(result)["a"])
	require.Equal(t, "done", states(result)["b"], "what runs is not broken off")
	require.Equal(t, "skipped", states(result)["d"])
}

func TestAFailureThatIsContinuedAfterCountsAsDone(t *testing.T) {
	w := newWorld(t)
	w.tickets(map[string]workflows.Result{"a": workflows.Vanished})
	first := ticketStep("a")
	first.OnFailure = workflows.Continue
	result := w.fulfil(first, actionStep("b", "good", "a"))
	require.True(t, result.Completed)
	require.Equal(t, map[string]string{"a": "failed", "b": "done"}, states(result))
}

func TestAnActionThatFailsFallsBackToATicket(t *testing.T) {
	w := newWorld(t)
	w.tickets(nil)
	step := actionStep("a", "bad")
	step.OnFailure, step.Fallback = workflows.FallBack, &workflows.TicketRequest{Subject: "by hand"}
	result := w.fulfil(step, actionStep("b", "good", "a"))
	require.True(t, result.Completed)
	require.Equal(t, map[string]string{"a": "done", "b": "done"}, states(result))
	require.Equal(t, []string{"R1/a", "R1/b"}, w.calls)
}

func TestAnActionOnAnotherTaskQueueIsAStep(t *testing.T) {
	w := newWorld(t)
	w.RegisterActivity(NewMailbox)
	result := w.fulfil(workflows.Step{ID: "a", Action: &workflows.ActionStep{Activity: "NewMailbox", TaskQueue: "powershell", Arguments: map[string]any{"of": "anna"}}})
	require.True(t, result.Completed)
	require.JSONEq(t, `{"mailbox":"anna"}`, string(result.Steps[0].Output))
}

// NewMailbox is an activity of the customer.
func NewMailbox(arguments map[string]any) (map[string]any, error) {
	return map[string]any{"mailbox": arguments["of"]}, nil
}

func TestAnAcceptedActionWaitsForItsCompletion(t *testing.T) {
	w := newWorld(t)
	var unknown, early *updated
	w.at(time.Minute, func() {
		unknown = w.update("u", names.CompleteAction, workflows.CompleteActionArgs{Step: "zz"})
		early = w.update("e", names.CompleteAction, workflows.CompleteActionArgs{Step: "b"})
	})
	w.at(time.Hour, func() {
		w.update("a", names.CompleteAction, workflows.CompleteActionArgs{Step: "a", Output: json.RawMessage(`{"id":7}`)})
	})
	w.at(2*time.Hour, func() {
		w.update("b", names.CompleteAction, workflows.CompleteActionArgs{Step: "b", Failure: "no licence"})
	})
	result := w.fulfil(actionStep("a", "later"), actionStep("b", "later", "a"))
	require.ErrorContains(t, unknown.rejected, `no automated step "zz"`)
	require.ErrorContains(t, early.rejected, "has not begun")
	require.Equal(t, map[string]string{"a": "done", "b": "failed"}, states(result))
	require.JSONEq(t, `{"id":7}`, string(result.Steps[0].Output))
	require.Equal(t, "no licence", result.Steps[1].Reason)
}

func TestAWaitHoldsBackWhatNeedsIt(t *testing.T) {
	w := newWorld(t)
	begin := w.Now()
	result := w.fulfil(workflows.Step{ID: "a", Wait: &workflows.WaitStep{Until: begin.Add(30 * 24 * time.Hour)}}, workflows.Step{ID: "b", Needs: []string{"a"}, Wait: &workflows.WaitStep{For: 24 * time.Hour}})
	require.True(t, result.Completed)
	require.InDelta(t, 31, w.Now().Sub(begin).Hours()/24, 0.1)
}

func TestACancelledFulfilmentCancelsItsTickets(t *testing.T) {
	w := newWorld(t)
	w.at(time.Minute, w.CancelWorkflow)
	w.ExecuteWorkflow("Fulfilment", workflows.FulfilmentInput{Connection: connection(providers.LevelFull), RequestID: "R1", Requester: person, Steps: []workflows.Step{ticketStep("a"), ticketStep("b", "a")}})
	require.ErrorContains(t, w.GetWorkflowError(), "canceled")
	answer, err := w.QueryWorkflow(names.Progress)
	require.NoError(t, err)
	var progress workflows.Progress
	require.NoError(t, answer.Get(&progress))
	require.Equal(t, "failed", progress.Steps[0].State)
	require.Equal(t, "skipped", progress.Steps[1].State)
	require.Equal(t, "rejected", w.sim.Tickets()[0].Status)
}

func TestOnboardingMakesEverybodyExistAndWaitsForTheStart(t *testing.T) {
	w := newWorld(t)
	w.tickets(nil)
	begin := w.Now()
	boss := workflows.Person{Login: "boss", Email: "boss@example.test", DisplayName: "The Boss"}
	chief := workflows.Person{Login: "chief", Email: "chief@example.test", DisplayName: "The Chief"}
	w.ExecuteWorkflow("Onboarding", workflows.OnboardingInput{
		Connection: connection(providers.LevelFull), RequestID: "R1", Joiner: person, Requester: &boss, Manager: &chief,
		StartAt: begin.Add(7 * 24 * time.Hour), Steps: []workflows.Step{ticketStep("laptop"), actionStep("mailbox", "good", "laptop")},
	})
	require.NoError(t, w.GetWorkflowError())
	require.Greater(t, w.Now().Sub(begin), 7*24*time.Hour)
	for _, login := range []string{"anna", "boss", "chief"} {
		finder, err := providers.As[providers.UserFinder](w.desk.Desk)
		require.NoError(t, err)
		users, err := finder.FindUsers(t.Context(), providers.UserQuery{By: providers.ByLogin, Value: login})
		require.NoError(t, err)
		require.Len(t, users, 1, login)
	}
}

func TestAUserWhoIsCreatedWithAnAnswerLostIsOneUser(t *testing.T) {
	w := newWorld(t)
	w.tickets(nil)
	w.broken.Next(2, posts("/user"), faults.Fault{Lost: true})
	require.True(t, w.fulfil(ticketStep("a")).Completed)
}

func TestAnAmbiguousUserIsWaitedForAndTriedAgainAtOnceWhenMended(t *testing.T) {
	w := newWorld(t)
	w.tickets(nil)
	creator, err := providers.As[providers.UserCreator](w.desk.Desk)
	require.NoError(t, err)
	_, err = creator.CreateUser(t.Context(), providers.NewUser{Login: "somebody", Email: person.Email})
	require.NoError(t, err)
	w.desk.Match = []providers.Identity{providers.ByLogin} // so that the address is taken by a stranger
	begin := w.Now()
	w.at(time.Minute, func() {
		answer, err := w.QueryWorkflow(names.Progress)
		require.NoError(t, err)
		var progress workflows.Progress
		require.NoError(t, answer.Get(&progress))
		require.Contains(t, progress.Attention, "none of [login] matches")
		w.desk.Match = append(w.desk.Match, providers.ByEmail)
		w.update("r", names.Refresh, nil)
	})
	require.True(t, w.fulfil(actionStep("a", "good")).Completed)
	require.Less(t, w.Now().Sub(begin), 10*time.Minute)
}

func TestEveryMistakeInTheStepsIsReportedAtOnce(t *testing.T) {
	err := workflows.ValidateSteps([]workflows.Step{
		{ID: "a", Needs: []string{"a", "zz"}, Ticket: &workflows.TicketRequest{}},
		{ID: "a", Action: &workflows.ActionStep{}},
		{ID: "../x", Wait: &workflows.WaitStep{}, Ticket: &workflows.TicketRequest{Subject: "s", Kind: "wish"}},
		{ID: "c", Needs: []string{"d"}, Wait: &workflows.WaitStep{For: -1}, OnFailure: "perhaps"},
		{ID: "d", Needs: []string{"c"}, Action: &workflows.ActionStep{Activity: "x"}, OnFailure: workflows.FallBack},
	})
	for _, want := range []string{
		`steps[0] "a": needs: it needs itself`, `steps[0] "a": needs: there is no step "zz"`, `steps[0] "a": ticket: subject`,
		`steps[1] "a": id: given twice`, `steps[1] "a": action: want either target or activity`,
		`steps[2] "../x": id: want`, "want exactly one of ticket, action and wait", `kind: "wish"`,
		`steps[3] "c": wait: want`, `on_failure: "perhaps"`, `activity and task_queue go together`, "fallback: missing", "in a circle: c -> d -> c",
	} {
		require.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, workflows.ValidateSteps(nil), "none")
	w := newWorld(t)
	w.ExecuteWorkflow("Fulfilment", workflows.FulfilmentInput{Connection: connection(providers.LevelFull), RequestID: "R1"})
	require.ErrorContains(t, w.GetWorkflowError(), "steps: none")
}
