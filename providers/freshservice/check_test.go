package freshservice

import (
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestACheckTellsWhatIsMissing(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	good := config(t, simulated.URL, "pass-bridge", 10)
	providertest.CheckSays(t, connect(t, good), "")
	queue := good
	queue.Queues = []string{"Nowhere"}
	providertest.CheckSays(t, connect(t, queue), "", "agent group does not exist")
	key := good
	key.KeyField = "other"
	providertest.CheckSays(t, connect(t, key), "", "Freshservice does not search it", "create a custom field")
	wrong := good
	wrong.APIKey = providertest.Secret(t, "wrong")
	providertest.CheckSays(t, connect(t, wrong), providers.Unauthenticated, "API key")
	elsewhere := good
	elsewhere.URL += "/elsewhere"
	providertest.CheckSays(t, connect(t, elsewhere), providers.NotFound, "without a path")
	providertest.CheckSays(t, connect(t, config(t, simulated.URL, "pass-weak", 10)), "", "may not read tickets", "may not list requesters")
	require.ErrorContains(t, Config{}.Validate(), "key_field")
}
