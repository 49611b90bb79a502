package workflows_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"deskbridge/workflows"
)

// histories are recorded by internal/record from real runs of released code, a folder a release.
const histories = "testdata/histories/*/*.json"

func TestEveryRecordedHistoryReplays(t *testing.T) {
	files, err := filepath.Glob(histories)
	require.NoError(t, err)
	require.NotEmpty(t, files, "no history at %s: the replay test would prove nothing", histories)
	replayed := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			replayed[replay(t, file)] = true
		})
	}
	for _, name := range []string{"Onboarding", "Fulfilment", "Ticket", "DeskWatch", "ConnectionCheck"} {
		require.True(t, replayed[name], "no history of %s", name)
	}
}

func replay(t *testing.T, file string) (workflowType string) {
	t.Helper()
	replayer := worker.NewWorkflowReplayer()
	workflows.Register(replayer)
	history := read(t, file)
	require.NoError(t, replayer.ReplayWorkflowHistory(quiet{}, history))
	return history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName()
}

func read(t *testing.T, file string) *historypb.History {
	t.Helper()
	content, err := os.Open(file)
	require.NoError(t, err)
	defer func() { _ = content.Close() }()
	history, err := client.HistoryFromJSON(content, client.HistoryJSONOptions{})
	require.NoError(t, err)
	return history
}

// TestAReplayOfAnotherHistoryFails shows that the replay test can fail: it leaves out the events
// of one activity.
func TestAReplayOfAnotherHistoryFails(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*/resolved-onboarding-1.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	history := read(t, files[0])
	for _, event := range history.GetEvents() {
		if scheduled := event.GetActivityTaskScheduledEventAttributes(); scheduled != nil {
			scheduled.ActivityType.Name = "AnotherActivity"
		}
	}
	replayer := worker.NewWorkflowReplayer()
	workflows.Register(replayer)
	require.Error(t, replayer.ReplayWorkflowHistory(quiet{}, history))
}
