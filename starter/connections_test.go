package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
)

func TestStatusesAreHeldAgainstTheDesks(t *testing.T) {
	mapped := map[string]providers.State{"open": providers.Waiting, "done": providers.Completed}
	require.Equal(t, []providers.Finding{{Function: "statuses"}}, checkStatuses(mapped, []string{"Open", "Done"}))
	findings := checkStatuses(mapped, []string{"Open", "Solved"})
	require.Len(t, findings, 2)
	require.Equal(t, `the desk has no status "done"`, findings[0].Problem)
	require.Contains(t, findings[0].Cure, "Open, Solved")
	require.Equal(t, `the desk's status "Solved" means nothing`, findings[1].Problem)
}
