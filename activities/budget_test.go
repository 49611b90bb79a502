package activities

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/names"
)

func TestABudgetIsNeverExceededInItsPeriod(t *testing.T) {
	const calls, per = 200, time.Second
	budget := NewBudget(calls, per)
	ctx, cancel := context.WithTimeout(t.Context(), per)
	defer cancel()
	made := 0
	for ctx.Err() == nil {
		if _, err := budget.pass(ctx, 0); err != nil {
			break
		}
		made++
	}
	require.LessOrEqual(t, made, calls)
	require.Greater(t, made, calls/20, "more than what may be spent at once")
}

func TestWhoIsInMoreOfAHurryFindsWhatOthersLeave(t *testing.T) {
	budget := NewBudget(2000, time.Hour) // 100 at once
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	spend := func(priority int) (made int, wait time.Duration) {
		for {
			wait, err := budget.pass(soon, left(priority))
			if err != nil {
				require.ErrorIs(t, err, errSpent)
				return made, wait
			}
			made++
		}
	}
	sweeps, wait := spend(names.PrioritySweep)
	require.Equal(t, 30, sweeps, "a sweep leaves seven tenths")
	require.Greater(t, wait, 50*time.Millisecond, "it says how long it would take")
	polls, _ := spend(names.PriorityPoll)
	require.Equal(t, 30, polls, "polls leave four tenths")
	logs, _ := spend(names.PriorityLog)
	require.Equal(t, 20, logs)
	screens, _ := spend(names.PriorityScreen)
	require.Equal(t, 20, screens, "who waits at a screen leaves nothing")
}

func TestASmallBudgetServesEverybodyInTheEnd(t *testing.T) {
	for _, calls := range []int{1, 2, 20} {
		_, err := NewBudget(calls, time.Hour).pass(t.Context(), left(names.PrioritySweep))
		require.NoError(t, err, "%d calls", calls)
	}
}
