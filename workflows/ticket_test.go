package workflows_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"deskbridge/activities"
	"deskbridge/internal/desksim"
	"deskbridge/internal/faults"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/workflows"
)

func TestATicketIsLoggedOnceAndEndsWithTheDesksOutcome(t *testing.T) {
	for status, want := range map[string]workflows.Result{"resolved": workflows.OutcomeCompleted, "rejected": workflows.OutcomeRejected} {
		w := newWorld(t)
		w.at(100*24*time.Hour, func() {
			require.NoError(t, w.sim.Write(1, desksim.Internal, "a secret of the desk"))
			require.NoError(t, w.sim.Write(1, desksim.Public, "Here you are."))
			w.status(status)
		})
		outcome := w.outcome(ticketInput(providers.LevelFull))
		require.Equal(t, want, outcome.Result)
		require.Equal(t, status, outcome.Status)
		require.Equal(t, "RT_System", outcome.By)
		require.Equal(t, "Here you are.", outcome.Note)
		require.Len(t, w.sim.Tickets(), 1)
		view := w.view()
		require.Equal(t, workflows.PhaseEnded, view.Phase)
		require.Len(t, view.Notes, 1)
	}
}

func TestACreateWhoseAnswerIsLostMakesOneTicket(t *testing.T) {
	w := newWorld(t)
	isCreate := func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/ticket")
	}
	w.broken.Next(3, isCreate, faults.Fault{Lost: true})
	w.at(time.Hour, func() { w.status("resolved") })
	require.Equal(t, workflows.OutcomeCompleted, w.outcome(ticketInput(providers.LevelFull)).Result)
	require.Len(t, w.sim.Tickets(), 1)
}

func TestARetryOfACreateWaitsUntilASlowSearchShowsWhatHappened(t *testing.T) {
	w := newWorld(t, func(o *desksim.Options) { o.SearchLag = 5 * time.Second })
	w.desk.SearchLag = 300 * time.Millisecond
	w.broken.Next(1, func(r *http.Request) bool {
		created := r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/ticket")
		if created { // the desk's search shows it after a while of ours
			time.AfterFunc(100*time.Millisecond, func() { w.seconds.Add(5) })
		}
		return created
	}, faults.Fault{Lost: true})
	w.outcome(ticketInput(providers.LevelLogOnly))
	require.Len(t, w.sim.Tickets(), 1)
}

func TestLogOnlyDoesNotWait(t *testing.T) {
	w := newWorld(t)
	require.Equal(t, workflows.Logged, w.outcome(ticketInput(providers.LevelLogOnly)).Result)
	require.Len(t, w.sim.Tickets(), 1)
}

func TestAnUnmappedStatusNeverCountsAsDone(t *testing.T) {
	w := newWorld(t)
	w.at(time.Hour, func() { w.status("stalled") })
	w.at(2*time.Hour, func() {
		require.Contains(t, w.view().Attention, `status "stalled" of ticket 1 has no meaning here`)
		require.Nil(t, w.view().Outcome)
		w.desk.Statuses["stalled"] = providers.Rejected // an administrator adds it
		w.update("u", names.Refresh, nil)
	})
	require.Equal(t, workflows.OutcomeRejected, w.outcome(ticketInput(providers.LevelFull)).Result)
	require.Empty(t, w.view().Attention)
}

func TestAReopenedTicketWaitsForAnotherOutcome(t *testing.T) {
	w := newWorld(t)
	w.at(1*time.Hour, func() { w.status("resolved") })
	w.at(2*time.Hour, func() {
		require.Equal(t, workflows.PhaseWatching, w.view().Phase)
		w.status("open")
	})
	w.at(90*24*time.Hour, func() {
		require.Equal(t, workflows.PhaseWaiting, w.view().Phase)
		w.status("rejected")
	})
	require.Equal(t, workflows.OutcomeRejected, w.outcome(ticketInput(providers.LevelFull)).Result)
	require.Contains(t, history(w.view()), "outcome: completed, status: open, reopened, status: rejected, outcome: rejected")
}

func TestAMergedTicketIsFollowedWithItsNotes(t *testing.T) {
	w := newWorld(t)
	other, err := w.desk.LogTicket(t.Context(), providers.NewTicket{Key: "R0/other", RequesterID: "1", Subject: "Other"})
	require.NoError(t, err)
	w.at(time.Hour, func() {
		require.NoError(t, w.sim.Write(2, desksim.Public, "Before the merge."))
		require.NoError(t, w.sim.Merge(2, 1))
		require.NoError(t, w.sim.Write(1, desksim.Public, "After the merge."))
		w.poll("2")
	})
	w.at(2*time.Hour, func() {
		require.Equal(t, other.Number, w.view().Number)
		w.status("resolved")
	})
	require.Equal(t, workflows.OutcomeCompleted, w.outcome(ticketInput(providers.LevelFull)).Result)
	view := w.view()
	require.Equal(t, "Before the merge.", view.Notes[0].Body)
	require.Equal(t, "After the merge.", view.Notes[1].Body)
	require.Contains(t, history(view), "merged into 1")
}

func TestADeletedTicketEndsAsVanished(t *testing.T) {
	w := newWorld(t)
	w.at(time.Hour, func() {
		require.NoError(t, w.sim.Delete(1))
		w.poll("1")
	})
	require.Equal(t, workflows.Vanished, w.outcome(ticketInput(providers.LevelFull)).Result)
}

func TestATicketThatIsDeletedAfterItsOutcomeKeepsIt(t *testing.T) {
	w := newWorld(t)
	begin := w.Now()
	w.at(time.Hour, func() { w.status("resolved") })
	w.at(2*time.Hour, func() {
		require.NoError(t, w.sim.Delete(1))
		w.poll("1")
	})
	require.Equal(t, workflows.OutcomeCompleted, w.outcome(ticketInput(providers.LevelFull)).Result)
	require.Less(t, w.Now().Sub(begin), 3*time.Hour, "there is nothing left that could be reopened")
}

func TestAHiddenTicketRaisesAttentionAndWaitsOn(t *testing.T) {
	w := newWorld(t)
	w.at(time.Hour, func() { w.SignalWorkflow(names.TicketChanged, activities.Change{Hidden: true}) })
	w.at(2*time.Hour, func() {
		require.Contains(t, w.view().Attention, "may not see ticket 1")
		require.Equal(t, workflows.PhaseWaiting, w.view().Phase)
		w.status("resolved")
	})
	require.Equal(t, workflows.OutcomeCompleted, w.outcome(ticketInput(providers.LevelFull)).Result)
	require.Empty(t, w.view().Attention)
}

func TestAnOutcomeCountsThoughTheNotesCannotBeRead(t *testing.T) {
	w := newWorld(t)
	w.at(time.Hour, func() {
		w.broken.Next(1, posts("/transactions"), faults.Fault{Status: http.StatusForbidden})
		w.status("resolved")
	})
	require.Equal(t, workflows.OutcomeCompleted, w.outcome(ticketInput(providers.LevelFull)).Result)
	require.Contains(t, w.view().Attention, "fetch notes: forbidden")
}

func TestOldNewsIsDroppedAndEqualStampsAreLookedInto(t *testing.T) {
	w := newWorld(t)
	var before activities.Ticket
	w.at(time.Hour, func() {
		var err error
		before, err = w.desk.FetchTicket(t.Context(), "1")
		require.NoError(t, err)
		w.later()
		w.status("resolved")
		w.SignalWorkflow(names.TicketChanged, activities.Change{Ticket: &before})
	})
	w.at(2*time.Hour, func() {
		require.Equal(t, workflows.PhaseWatching, w.view().Phase, "old news reopened the ticket")
		stale := before
		current, err := w.desk.FetchTicket(t.Context(), "1")
		require.NoError(t, err)
		stale.UpdatedAt = current.UpdatedAt
		w.SignalWorkflow(names.TicketChanged, activities.Change{Ticket: &stale})
	})
	require.Equal(t, workflows.OutcomeCompleted, w.outcome(ticketInput(providers.LevelFull)).Result)
	require.NotContains(t, history(w.view()), "reopened")
}

func TestWhatTheUserWritesReachesTheDeskOnce(t *testing.T) {
	w := newWorld(t)
	var note, again, lost, file, closed *updated
	isNote := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/correspond") }
	w.at(time.Hour, func() {
		note = w.update("n1", names.AddNote, workflows.NoteArgs{Body: "Any news?"})
	})
	w.at(2*time.Hour, func() {
		again = w.update("n1", names.AddNote, workflows.NoteArgs{Body: "Any news?"})
	})
	w.at(3*time.Hour, func() {
		w.broken.Next(2, isNote, faults.Fault{Lost: true})
		lost = w.update("n2", names.AddNote, workflows.NoteArgs{Body: "Any news?"})
	})
	w.at(4*time.Hour, func() {
		stored, err := activities.StoreFile(t.Context(), w.desk.Files, "ż.txt", activities.FileTypes{"text/*"}, strings.NewReader("hello"))
		require.NoError(t, err)
		file = w.update("f1", names.Attach, workflows.AttachArgs{File: stored})
	})
	w.at(5*time.Hour, func() {
		closed = w.update("c1", names.CloseTicket, workflows.CloseArgs{Note: "Solved, thank you."})
	})
	outcome := w.outcome(ticketInput(providers.LevelFull))
	require.Equal(t, workflows.OutcomeCompleted, outcome.Result)
	for _, write := range []*updated{note, again, lost, file, closed} {
		require.NoError(t, write.rejected)
		require.Equal(t, "delivered", write.written.State)
	}
	require.Equal(t, []string{"Any news?", "Any news?", "Solved, thank you."}, w.sim.Written(1, desksim.Public))
	require.Len(t, w.view().Notes, 3, "our own notes do not come back as new ones")
	require.Equal(t, "ż.txt", w.view().Files[0].Name)
}

func TestWhatTheUserWritesWhileTheDeskIsDownIsDeliveredLater(t *testing.T) {
	w := newWorld(t)
	var note *updated
	w.at(time.Hour, func() {
		w.broken.Next(8, func(*http.Request) bool { return true }, faults.Fault{Status: http.StatusServiceUnavailable, RetryAfter: time.Minute})
		note = w.update("n1", names.AddNote, workflows.NoteArgs{Body: "Hello?"})
	})
	w.at(time.Hour+5*time.Minute, func() {
		require.Equal(t, "queued", note.written.State)
		require.Len(t, w.view().Queued, 1)
	})
	w.at(24*time.Hour, func() { w.status("resolved") })
	require.Equal(t, workflows.OutcomeCompleted, w.outcome(ticketInput(providers.LevelFull)).Result)
	require.Equal(t, []string{"Hello?"}, w.sim.Written(1, desksim.Public))
}

func TestANoteThatGoesBeforeAClosingIsWrittenOnceThoughTheClosingMustWait(t *testing.T) {
	w := newWorld(t)
	isClose := func(r *http.Request) bool { return r.Method == http.MethodPut }
	w.at(time.Hour, func() {
		w.broken.Next(1, isClose, faults.Fault{Status: http.StatusForbidden})
		w.broken.Next(1, posts("/correspond"), faults.Fault{Delay: 200 * time.Millisecond})
		w.update("c1", names.CloseTicket, workflows.CloseArgs{Note: "Solved, thank you."})
	})
	w.at(time.Hour+time.Millisecond, func() {
		w.update("n1", names.AddNote, workflows.NoteArgs{Body: "One more thing."}) // while the first is on its way
	})
	w.at(2*time.Hour, func() { w.status("resolved") })
	w.outcome(ticketInput(providers.LevelFull))
	require.Equal(t, []string{"Solved, thank you.", "One more thing."}, w.sim.Written(1, desksim.Public))
}

func TestANoteWhoseAnswerWasLostBeforeARightWasIsWrittenOnce(t *testing.T) {
	w := newWorld(t)
	w.at(time.Hour, func() {
		lost := false
		w.broken.Next(1, func(r *http.Request) bool { lost = lost || posts("/correspond")(r); return lost }, faults.Fault{Lost: true})
		// The second attempt, which would read it back, may not read any more.
		w.broken.Next(1, func(*http.Request) bool { return lost }, faults.Fault{Status: http.StatusForbidden})
		w.update("n1", names.AddNote, workflows.NoteArgs{Body: "Any news?"})
	})
	w.at(2*time.Hour, func() { w.status("resolved") })
	w.outcome(ticketInput(providers.LevelFull))
	require.Equal(t, []string{"Any news?"}, w.sim.Written(1, desksim.Public))
}

func TestWritingIsRefusedBelowLevelFullAndForBadInput(t *testing.T) {
	w := newWorld(t)
	var below, refresh *updated
	w.at(time.Hour, func() {
		below = w.update("n1", names.AddNote, workflows.NoteArgs{Body: "x"})
		refresh = w.update("r1", names.Refresh, nil)
		w.status("resolved")
	})
	w.outcome(ticketInput(providers.LevelStatusSync))
	require.ErrorContains(t, below.rejected, "only level full writes")
	require.NoError(t, refresh.rejected)

	w = newWorld(t)
	var bad []*updated
	w.at(time.Hour, func() {
		bad = append(bad,
			w.update("n1", names.AddNote, workflows.NoteArgs{Body: " \n"}),
			w.update("n2", names.AddNote, workflows.NoteArgs{Body: strings.Repeat("x", providers.MaxNoteBody+1)}),
			w.update("f1", names.Attach, workflows.AttachArgs{File: activities.File{Name: "x"}}))
		w.status("resolved")
	})
	w.outcome(ticketInput(providers.LevelFull))
	for _, update := range bad {
		require.Error(t, update.rejected)
	}
	require.Empty(t, w.sim.Written(1, desksim.Public))
}

func TestACancelIsMadeAtTheDeskToo(t *testing.T) {
	w := newWorld(t)
	w.at(time.Hour, func() { w.update("c", names.Cancel, workflows.CancelArgs{Note: "Not needed."}) })
	require.Equal(t, workflows.OutcomeCancelled, w.outcome(ticketInput(providers.LevelFull)).Result)
	require.Equal(t, "rejected", w.sim.Tickets()[0].Status)
	require.Equal(t, []string{"Not needed."}, w.sim.Written(1, desksim.Public))
}

func TestACancelledRunCancelsAtTheDesk(t *testing.T) {
	w := newWorld(t)
	w.at(time.Hour, w.CancelWorkflow)
	w.ExecuteWorkflow("Ticket", ticketInput(providers.LevelFull))
	require.ErrorContains(t, w.GetWorkflowError(), "canceled")
	require.Equal(t, "rejected", w.sim.Tickets()[0].Status)
	require.Equal(t, workflows.OutcomeCancelled, w.view().Outcome.Result)
}

func TestADeskThatNeedsAPersonIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	in := ticketInput(providers.LevelFull)
	in.Request.Queue = "Bare"
	w.at(time.Hour, func() {
		require.Contains(t, w.view().Attention, "has no custom field ExternalID")
		require.Empty(t, w.sim.Tickets())
		require.NoError(t, w.sim.AddField("Bare", "ExternalID"))
	})
	w.at(2*time.Hour, func() {
		require.Empty(t, w.view().Attention)
		w.status("resolved")
	})
	require.Equal(t, workflows.OutcomeCompleted, w.outcome(in).Result)
}

func TestATicketThatCannotBeLoggedYetCanBeCancelled(t *testing.T) {
	w := newWorld(t)
	in := ticketInput(providers.LevelFull)
	in.Request.Queue = "Bare"
	w.at(time.Hour, func() { w.update("c", names.Cancel, workflows.CancelArgs{}) })
	require.Equal(t, workflows.OutcomeCancelled, w.outcome(in).Result)
	require.Empty(t, w.sim.Tickets())
}

func TestATicketThatTheDeskRefusesFailsWithTheReason(t *testing.T) {
	w := newWorld(t)
	in := ticketInput(providers.LevelFull)
	in.Request.Fields = map[string]string{"Nope": "x"}
	outcome := w.outcome(in)
	require.Equal(t, workflows.Failed, outcome.Result)
	require.Contains(t, outcome.Reason, `takes no field "Nope"`)
}

func TestContinuingAsNewCarriesEverything(t *testing.T) {
	w := newWorld(t)
	w.at(time.Hour, func() {
		w.later()
		require.NoError(t, w.sim.Write(1, desksim.Public, "We look into it."))
		w.poll("1")
	})
	w.at(2*time.Hour, func() {
		w.SetContinueAsNewSuggested(true)
		w.poll("1")
	})
	w.ExecuteWorkflow("Ticket", ticketInput(providers.LevelFull))
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, w.GetWorkflowError(), &again)
	var next workflows.TicketInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &next))
	require.Equal(t, "We look into it.", next.State.Notes.Notes[0].Body)
	require.Equal(t, "1", next.State.Ticket.Number)

	w = newWorld(t) // the same ticket, continued: it is neither logged again nor forgotten
	_, err := w.desk.LogTicket(t.Context(), providers.NewTicket{Key: next.Key, RequesterID: "1", Subject: "Laptop"})
	require.NoError(t, err)
	w.at(time.Hour, func() { w.status("resolved") })
	require.Equal(t, workflows.OutcomeCompleted, w.outcome(next).Result)
	require.Len(t, w.sim.Tickets(), 1)
	require.Equal(t, "We look into it.", w.view().Notes[0].Body)
}

func TestBadInputIsRefused(t *testing.T) {
	for _, spoil := range []func(*workflows.TicketInput){
		func(in *workflows.TicketInput) { in.Key = "x' OR id > 0" },
		func(in *workflows.TicketInput) { in.Request.Subject = " " },
		func(in *workflows.TicketInput) { in.Request.Body = strings.Repeat("x", providers.MaxNoteBody+1) },
		func(in *workflows.TicketInput) { in.Request.Kind = "wish" },
		func(in *workflows.TicketInput) { in.Requester = workflows.Person{} },
	} {
		w := newWorld(t)
		in := ticketInput(providers.LevelFull)
		spoil(&in)
		w.ExecuteWorkflow("Ticket", in)
		require.Error(t, w.GetWorkflowError())
		require.Empty(t, w.sim.Tickets())
	}
}

// A desk such as Znuny lists a merged ticket with a status of its own, which may even be mapped:
// it means nothing, the target's does.
func TestATicketThatIsListedAsMergedIsLookedUp(t *testing.T) {
	w := newWorld(t)
	w.at(time.Hour, func() {
		require.NoError(t, w.sim.Write(1, desksim.Public, "still open"))
		listed := activities.Ticket{Ticket: providers.Ticket{ID: "1", Number: "1", Key: ticketInput(providers.LevelFull).Key, Status: "merged", Merged: true, UpdatedAt: w.Now().Add(time.Minute)}, State: providers.Duplicate}
		w.SignalWorkflow(names.TicketChanged, activities.Change{Ticket: &listed})
	})
	w.at(2*time.Hour, func() {
		require.Nil(t, w.view().Outcome)
		require.NotEqual(t, "merged", w.view().Status)
	})
	w.at(3*time.Hour, func() { w.status("resolved") })
	require.Equal(t, workflows.OutcomeCompleted, w.outcome(ticketInput(providers.LevelFull)).Result)
}
