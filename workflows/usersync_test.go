package workflows_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"

	"deskbridge/activities"
	"deskbridge/internal/faults"
	"deskbridge/providers"
	"deskbridge/workflows"
)

// sync stores a list and runs its sync.
func (w *world) sync(mode workflows.SyncMode, limits workflows.SyncLimits, users ...activities.WantedUser) workflows.SyncReport {
	w.t.Helper()
	list, err := activities.StoreUsers(w.t.Context(), w.desk.Files, users)
	require.NoError(w.t, err)
	server := &mocks.Client{}
	for _, user := range users {
		run := &mocks.WorkflowRun{}
		run.On("Get", mock.Anything, mock.Anything).Run(func(args mock.Arguments) {
			w.created++
			ensured, err := w.desk.EnsureUser(context.Background(), user.Person)
			require.NoError(w.t, err)
			*args.Get(1).(*activities.EnsuredUser) = ensured
		}).Return(nil)
		id := "user/rt/" + user.Known[0]
		server.On("ExecuteWorkflow", mock.Anything, mock.MatchedBy(func(options client.StartWorkflowOptions) bool { return options.ID == id }), mock.Anything, mock.Anything).Return(run, nil)
	}
	w.desk.Client = server
	w.ExecuteWorkflow("UserSync", workflows.UserSyncInput{Connection: present(), SyncID: "S1", List: list, Count: len(users), Mode: mode, Limits: limits})
	require.NoError(w.t, w.GetWorkflowError())
	var report workflows.SyncReport
	require.NoError(w.t, w.GetWorkflowResult(&report))
	return report
}

func wanted(login, name string, leaves bool) activities.WantedUser {
	return activities.WantedUser{Person: workflows.Person{Login: login, Email: login + "@example.test", DisplayName: name, Known: []string{login}}, Leaves: leaves}
}

// staffed is a world with two users, and a list that creates, changes, keeps and deactivates.
func staffed(t *testing.T) (*world, []activities.WantedUser) {
	w := newWorld(t)
	for _, user := range []activities.WantedUser{wanted("old", "Old Name", false), wanted("kept", "Kept", false), wanted("leaver", "Leaver", false)} {
		_, err := w.desk.EnsureUser(t.Context(), user.Person)
		require.NoError(t, err)
	}
	w.desk.Protected = []string{"bridge"}
	return w, []activities.WantedUser{wanted("new", "New", false), wanted("old", "New Name", false), wanted("kept", "Kept", false), wanted("leaver", "", true), wanted("bridge", "", true)}
}

var generous = workflows.SyncLimits{Changes: 10, Deactivations: 10}

func TestADryRunChangesNothingAndTellsWhatItWould(t *testing.T) {
	w, users := staffed(t)
	before := len(w.sim.Users())
	report := w.sync(workflows.SyncDryRun, generous, users...)
	require.Equal(t, workflows.SyncPlanned, report.Phase)
	require.Nil(t, report.Applied)
	plan := report.Plan
	require.Equal(t, []int{1, 1, 1, 1, 1}, []int{plan.Created, plan.Updated, plan.Deactivated, plan.Unchanged, len(plan.Problems)})
	require.Equal(t, 5, plan.Problems[0].Line)
	require.Contains(t, plan.Problems[0].Reason, "protected")
	require.NotContains(t, plan.Problems[0].Reason, "example.test")
	require.Len(t, w.sim.Users(), before)
	require.Zero(t, w.created)
}

func TestAListIsAppliedAndAgainChangesNothing(t *testing.T) {
	w, users := staffed(t)
	// The worker's call is lost in the middle: the retry goes on and does nothing twice.
	w.broken.Next(1, func(r *http.Request) bool { return r.Method == http.MethodPut }, faults.Fault{Status: http.StatusServiceUnavailable})
	report := w.sync(workflows.SyncApply, generous, users...)
	require.Equal(t, workflows.SyncApplied, report.Phase)
	done := report.Applied
	require.Equal(t, []int{1, 1, 1, 1, 1}, []int{done.Created, done.Updated, done.Deactivated, done.Unchanged, len(done.Problems)})
	found, err := w.desk.FindUsers(t.Context(), providers.UserQuery{By: providers.ByLogin, Value: "old"})
	require.NoError(t, err)
	require.Equal(t, "New Name", found[0].DisplayName)
	found, err = w.desk.FindUsers(t.Context(), providers.UserQuery{By: providers.ByLogin, Value: "leaver"})
	require.NoError(t, err)
	require.False(t, found[0].Active)
}

func TestAPlanBeyondALimitChangesNothing(t *testing.T) {
	for limit, limits := range map[string]workflows.SyncLimits{
		"deactivates 1 users, the limit is 0": {Changes: 10}, "changes 3 users, the limit is 2": {Changes: 2, Deactivations: 10},
	} {
		w, users := staffed(t)
		before := len(w.sim.Users())
		report := w.sync(workflows.SyncApply, limits, users...)
		require.Equal(t, workflows.SyncRefused, report.Phase)
		require.Contains(t, report.Refusal, limit)
		require.Len(t, w.sim.Users(), before)
		found, err := w.desk.FindUsers(t.Context(), providers.UserQuery{By: providers.ByLogin, Value: "leaver"})
		require.NoError(t, err)
		require.True(t, found[0].Active)
	}
}
