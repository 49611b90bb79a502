package ops

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// promtool is Prometheus' own, or the test is skipped.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	program, err := exec.LookPath("promtool")
	if err != nil {
		if strings.Contains(os.Getenv("DESKBRIDGE_REQUIRE"), "promtool") {
			t.Fatal("promtool is missing; install Prometheus")
		}
		t.Skip("no promtool; install Prometheus")
	}
	output, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	require.NoError(t, err, string(output))
}

func TestAlertRulesAreRightAndFireWhenTheyShould(t *testing.T) {
	promtool(t, "check", "rules", "alerts.yml")
	promtool(t, "test", "rules", "alerts_test.yml")
}

type panel struct {
	ID          int
	Title, Type string
	Description string
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct{ Expr, LegendFormat string }
}

func TestTheDashboardAsksWhatPrometheusUnderstands(t *testing.T) {
	var dashboard struct {
		UID, Title string
		Panels     []panel
	}
	require.NoError(t, json.Unmarshal([]byte(Dashboard), &dashboard))
	require.Equal(t, "deskbridge", dashboard.UID)
	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var rules []rule
	seen := map[int]bool{}
	for _, panel := range dashboard.Panels {
		require.NotEmpty(t, panel.Title)
		require.NotEmpty(t, panel.Description, panel.Title)
		require.False(t, seen[panel.ID], "panel %d is there twice", panel.ID)
		seen[panel.ID] = true
		require.LessOrEqual(t, panel.GridPos.X+panel.GridPos.W, 24, panel.Title)
		require.NotEmpty(t, panel.Targets, panel.Title)
		for _, target := range panel.Targets {
			expression := strings.NewReplacer("$__rate_interval", "5m", "$connection", ".*").Replace(target.Expr)
			require.NotContains(t, expression, "$", panel.Title)
			rules = append(rules, rule{"deskbridge:panel", expression})
		}
	}
	require.Greater(t, len(rules), 10)
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "dashboard.yml")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	promtool(t, "check", "rules", "--lint=none", path)
}

func TestEachAlertSaysWhatToDo(t *testing.T) {
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert       string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(Alerts), &file))
	require.NotEmpty(t, file.Groups)
	tests, err := os.ReadFile("alerts_test.yml")
	require.NoError(t, err)
	for _, rule := range file.Groups[0].Rules {
		require.Contains(t, []string{"critical", "warning"}, rule.Labels["severity"], rule.Alert)
		require.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
		require.NotEmpty(t, rule.Annotations["action"], rule.Alert)
		require.Contains(t, string(tests), "alertname: "+rule.Alert, "an alert that no test lets fire")
	}
}
