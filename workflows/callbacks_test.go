package workflows_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"deskbridge/activities"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/workflows"
)

func presentTicket() workflows.TicketInput {
	in := ticketInput(providers.LevelFull)
	in.Connection, in.People = present(), []string{"hash"}
	return in
}

func TestActivateIsToldEverythingOnceAndInOrder(t *testing.T) {
	w := newWorld(t)
	w.refuse = []int{http.StatusBadGateway, http.StatusUnauthorized} // it is being deployed
	w.at(time.Hour, func() {
		w.later()
		require.NoError(t, w.sim.Write(1, "public", "Soon."))
		w.poll("1")
	})
	w.at(2*time.Hour, func() { w.status("resolved") })
	w.at(3*time.Hour, func() { w.status("open") })
	w.at(4*time.Hour, func() { w.status("rejected") })
	require.Equal(t, workflows.OutcomeRejected, w.outcome(presentTicket()).Result)
	require.Equal(t, []string{"ticket.logged", "ticket.changed", "ticket.outcome completed", "ticket.reopened", "ticket.outcome rejected"}, w.events())
	ids := slices.Clone(w.toldID)
	slices.Sort(ids)
	require.Len(t, slices.Compact(ids), 5, "each event has its own ID")
	require.Equal(t, "1", w.told[0].Data.Ticket)
	require.Equal(t, "laptop", w.told[0].Data.Step)
}

func TestACallbackThatIsRefusedForGoodIsGivenUpAndTheTicketGoesOn(t *testing.T) {
	w := newWorld(t)
	w.refuse = []int{http.StatusGone}
	w.at(time.Hour, func() { w.status("resolved") })
	require.Equal(t, workflows.OutcomeCompleted, w.outcome(presentTicket()).Result)
	require.Equal(t, []string{"ticket.outcome completed"}, w.events())
	require.Contains(t, history(w.view()), "activate was not told")
}

func TestATicketOfTheFirstEditionTellsNobody(t *testing.T) {
	w := newWorld(t)
	w.at(time.Hour, func() { w.status("resolved") })
	w.outcome(ticketInput(providers.LevelFull))
	require.Empty(t, w.told)
	require.Zero(t, w.created)
}

func TestWhatChangedIsPublishedOnceAndOnlyIfItDid(t *testing.T) {
	w := newWorld(t)
	var outcomes []string
	published := 0
	w.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) {
		attributes, _ := args.Get(0).(temporal.SearchAttributes)
		if at, set := attributes.GetTime(names.ChangedAt); set {
			require.False(t, at.IsZero())
			published++
			outcome, _ := attributes.GetKeyword(names.Outcome)
			outcomes = append(outcomes, outcome)
		}
	}).Return(nil)
	w.at(time.Hour, func() { w.poll("1") })
	w.at(2*time.Hour, func() { w.poll("1") })
	w.at(3*time.Hour, func() { w.status("resolved") })
	w.outcome(presentTicket())
	require.Equal(t, []string{"", "completed", "completed"}, outcomes, "waiting, its outcome, its end")
	require.Equal(t, 3, published)
}

func TestActivateIsToldOfARequestWhosePeopleTheDeskRefuses(t *testing.T) {
	w := newWorld(t)
	w.OnActivity("MatchUser", mock.Anything, mock.Anything).Return(activities.EnsuredUser{}, temporal.NewNonRetryableApplicationError("the desk refuses", string(providers.Invalid), nil))
	w.ExecuteWorkflow("Onboarding", joiner(time.Time{}, ticketStep("laptop")))
	require.ErrorContains(t, w.GetWorkflowError(), "the desk refuses")
	require.Equal(t, []string{"request.ended failed"}, w.events())
	answer, err := w.QueryWorkflow(names.Progress)
	require.NoError(t, err)
	var progress workflows.Progress
	require.NoError(t, answer.Get(&progress))
	require.False(t, *progress.Completed)
}
