package service

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/audit"
	"deskbridge/internal/config"
)

func TestWhoAskedIsOnRecordAndWhatWasNotCarriedOutIsNot(t *testing.T) {
	s := &Service{Config: &config.Config{Files: "file://" + t.TempDir()}}
	ctx := audit.By(t.Context(), "administrator 7f3a")
	require.NoError(t, s.record(ctx, "ticket/rt/R-1/laptop", "add-note", nil))
	refused := fail(Refused, "the ticket is not followed any more")
	require.ErrorIs(t, s.record(ctx, "ticket/rt/R-1/laptop", "close", refused), refused)
	require.Error(t, s.record(ctx, "ticket/rt/R-1/laptop", "close", fail(Down, "no worker answers")))
	require.Error(t, s.record(ctx, "ticket/rt/R-1/laptop", "close", errors.New("canceled")))
	log, err := s.Audit(ctx)
	require.NoError(t, err)
	entries, err := log.Read(ctx, "rt/R-1")
	require.NoError(t, err)
	require.Len(t, entries, 2)
	require.Equal(t, []string{"administrator 7f3a", "add-note", audit.OK}, []string{entries[0].Who, entries[0].Did, entries[0].Result})
	require.Equal(t, []string{"close", "refused"}, []string{entries[1].Did, entries[1].Result})
}

func TestWithoutItsRecordNothingCountsAsDone(t *testing.T) {
	s := &Service{Config: &config.Config{Files: "file:///dev/null/nowhere"}}
	err := s.record(t.Context(), "ticket/rt/R-1/laptop", "add-note", nil)
	require.Equal(t, Down, FaultOf(err))
}
