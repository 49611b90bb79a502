package servicedeskplus

import (
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestACheckTellsWhatIsMissing(t *testing.T) {
	simulated := simulate(t)
	good := premises(t, simulated.URL, "pass-bridge", 10)
	providertest.CheckSays(t, connect(t, good), "")
	providertest.CheckSays(t, connect(t, cloud(t, simulated.URL, "pass-bridge", 10)), "")
	names := good
	names.Queues, names.KeyField = []string{"Nowhere"}, "udf_sline_1"
	providertest.CheckSays(t, connect(t, names), "", "support group does not exist", "the desk does not search it")
	wrong := good
	wrong.TechnicianKey = providertest.Secret(t, "wrong")
	providertest.CheckSays(t, connect(t, wrong), providers.Unauthenticated, "technician key")
	refused := cloud(t, simulated.URL, "wrong", 10)
	providertest.CheckSays(t, connect(t, refused), providers.Unauthenticated)
	elsewhere := good
	elsewhere.URL += "/elsewhere"
	providertest.CheckSays(t, connect(t, elsewhere), providers.NotFound, "before /api/v3")
	providertest.CheckSays(t, connect(t, premises(t, simulated.URL, "pass-weak", 10)), "", "may not read requests", "may not read users")
}

func TestSettingsAreThoseOfOneEdition(t *testing.T) {
	require.ErrorContains(t, Config{URL: "https://x.test", KeyField: "udf_x"}.Validate(), "technician_key: missing")
	err := Config{URL: "https://x.test", KeyField: "udf_x", ClientID: "1"}.Validate()
	require.ErrorContains(t, err, "accounts: want an address")
	require.ErrorContains(t, err, "refresh_token: missing")
	require.NotContains(t, err.Error(), "technician_key")
}
