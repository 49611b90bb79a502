package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
	"deskbridge/providers"
	"deskbridge/workflows"
)

// office is a desk that works from Monday to Friday, 8 to 16 in Berlin, and not on the holiday.
var office = workflows.Calendar{
	TimeZone: "Europe/Berlin", Days: []string{"mon", "tue", "wed", "thu", "fri"}, From: "08:00", Until: "16:00", Holidays: []string{"2026-11-25"},
}

func TestATicketIsRemindedOfEscalatedAndExpiresInWorkingTime(t *testing.T) {
	w := newWorld(t)
	begin := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) // Monday, 10:00 in Berlin
	w.SetStartTime(begin)
	in := ticketInput(providers.LevelFull)
	in.Connection.Callback = "activate"
	in.Connection.Due = &workflows.DuePolicy{Within: 16 * time.Hour, Remind: []time.Duration{8 * time.Hour}, Expire: 4 * time.Hour, Priority: "90", Calendar: office}
	in.Request.Files = nil
	seen := map[string]workflows.View{}
	look := func(name string, after time.Duration) { w.at(after, func() { seen[name] = w.view() }) }
	// Due on Thursday at 10:00 in Berlin, after two days of eight hours and a holiday.
	look("waiting", 24*time.Hour-time.Minute)
	look("reminded", 24*time.Hour+time.Minute)  // Tuesday, 10:00
	look("overdue", 3*24*time.Hour+time.Minute) // Thursday, 10:00
	outcome := w.outcome(in)
	require.Equal(t, workflows.Expired, outcome.Result)
	require.False(t, outcome.Result.Succeeded())
	require.Equal(t, begin.Add(3*24*time.Hour+4*time.Hour), outcome.At.UTC().Truncate(time.Minute))
	require.Equal(t, begin.Add(3*24*time.Hour), seen["waiting"].DueAt.UTC().Truncate(time.Minute))
	require.Empty(t, seen["waiting"].Notes)
	require.Len(t, seen["reminded"].Notes, 1)
	require.Contains(t, seen["reminded"].Notes[0].Body, "due 2026-11-26 09:00 UTC")
	require.Empty(t, seen["reminded"].Attention)
	require.Contains(t, seen["overdue"].Attention, "was due 2026-11-26 09:00 UTC")
	require.Empty(t, w.view().Attention, "nobody has to do anything about a ticket that expired")
	require.Len(t, w.sim.Written(1, desksim.Public), 2)
	require.Equal(t, "90", w.sim.Tickets()[0].Fields["Priority"])
	require.Equal(t, []string{"ticket.logged", "ticket.reminder", "ticket.overdue", "ticket.outcome expired"}, w.events())
}

func TestATicketThatIsDoneInTimeIsNotRemindedOf(t *testing.T) {
	w := newWorld(t)
	in := ticketInput(providers.LevelFull)
	in.Request.DueWithin = 10 * time.Hour
	in.Connection.Due = &workflows.DuePolicy{Within: time.Hour, Remind: []time.Duration{time.Hour}}
	w.at(8*time.Hour, func() { w.status("resolved") })
	require.Equal(t, workflows.OutcomeCompleted, w.outcome(in).Result)
	require.Empty(t, w.sim.Written(1, desksim.Public))
}

func TestAnOverdueTicketStaysInAttentionUntilTheDeskIsDone(t *testing.T) {
	w := newWorld(t)
	in := ticketInput(providers.LevelStatusSync)
	in.Request.DueAt = w.Now().Add(time.Hour)
	w.at(2*time.Hour, func() {
		require.NoError(t, w.sim.Write(1, desksim.Public, "Soon."))
		w.poll("1")
	})
	w.at(3*time.Hour, func() {
		require.Contains(t, w.view().Attention, "was due")
		w.status("resolved")
	})
	w.at(4*time.Hour, func() { require.Empty(t, w.view().Attention) })
	require.Equal(t, workflows.OutcomeCompleted, w.outcome(in).Result)
	require.Len(t, w.sim.Written(1, desksim.Public), 1, "at this level nothing is written")
}

func TestATicketThatExpiredAndIsDoneLaterIsTold(t *testing.T) {
	w := newWorld(t)
	in := ticketInput(providers.LevelStatusSync)
	in.Connection.Callback = "activate"
	in.Connection.Due = &workflows.DuePolicy{Within: time.Hour, Expire: time.Hour}
	w.at(3*time.Hour, func() {
		require.Equal(t, workflows.Expired, w.view().Outcome.Result)
		w.status("open")
	})
	w.at(4*time.Hour, func() {
		require.Equal(t, workflows.Expired, w.view().Outcome.Result, "it is not reopened by being worked on")
		w.status("resolved")
	})
	require.Equal(t, workflows.OutcomeCompleted, w.outcome(in).Result)
	told := func(kind string) int {
		count := 0
		for _, event := range w.told {
			if event.Type == kind {
				count++
			}
		}
		return count
	}
	require.Equal(t, 2, told("ticket.outcome"))
	require.Zero(t, told("ticket.reopened"))
}

func TestADuePolicyIsChecked(t *testing.T) {
	require.NoError(t, workflows.DuePolicy{Within: time.Hour, Calendar: office}.Mistakes())
	require.NoError(t, workflows.DuePolicy{}.Mistakes())
	err := workflows.DuePolicy{
		Within: -1, Remind: []time.Duration{0},
		Calendar: workflows.Calendar{TimeZone: "Berlin", Days: []string{"monday"}, From: "17:00", Until: "08:00", Holidays: []string{"Christmas"}},
	}.Mistakes()
	for _, want := range []string{"calendar.time_zone: ", "calendar.days: ", "calendar.from, until: ", "calendar.holidays: ", "within, expire: ", "remind: "} {
		require.ErrorContains(t, err, want)
	}
}
