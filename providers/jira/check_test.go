package jira

import (
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestACheckTellsWhatIsMissing(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	for _, edition := range []string{editionCloud, editionDataCenter} {
		good := config(t, simulated.URL, edition, "pass-bridge", 10)
		providertest.CheckSays(t, connect(t, good), "")
		project := good
		project.Project = "NONE"
		providertest.CheckSays(t, connect(t, project), "", "no service desk with the project NONE", "may not browse project NONE")
		queue := good
		queue.Queues = []string{"Nowhere"}
		providertest.CheckSays(t, connect(t, queue), "", "no such request type")
		key := good
		key.KeyField = "customfield_99"
		providertest.CheckSays(t, connect(t, key), "", "the request type has no field customfield_99", "Jira does not search it")
		wrong := good
		wrong.Token = providertest.Secret(t, "wrong")
		providertest.CheckSays(t, connect(t, wrong), providers.Unauthenticated, "login and token")
		elsewhere := good
		elsewhere.URL += "/elsewhere"
		providertest.CheckSays(t, connect(t, elsewhere), providers.NotFound, "context path")
	}
}

func TestSettingsTellEveryMistake(t *testing.T) {
	err := Config{URL: "https://x:y@example.test", Edition: "server", KeyField: "Label", RequestTypeField: "Type", Project: "sup"}.Validate()
	for _, want := range []string{"url: credentials", `edition: "server"`, "token: missing", `project: "sup"`, `key_field: "Label"`, "request_type_field:"} {
		require.ErrorContains(t, err, want)
	}
}
