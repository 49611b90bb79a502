package halo

import (
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestACheckTellsWhatIsMissing(t *testing.T) {
	simulated := simulate(t)
	good := config(t, simulated.URL, "pass-bridge", 10)
	providertest.CheckSays(t, connect(t, good), "")
	names := good
	names.Queues, names.Site, names.RequestType = []string{"Nowhere"}, "None", "Wish"
	providertest.CheckSays(t, connect(t, names), "", "team does not exist", "site None does not exist", "ticket type does not exist")
	wrong := good
	wrong.ClientSecret = providertest.Secret(t, "wrong")
	providertest.CheckSays(t, connect(t, wrong), providers.Unauthenticated, "client_secret")
	elsewhere := good
	elsewhere.TokenURL = simulated.URL + "/elsewhere/token"
	providertest.CheckSays(t, connect(t, elsewhere), providers.NotFound, "token_url")
	tenant := good
	tenant.Tenant = "acme"
	providertest.CheckSays(t, connect(t, tenant), "")
	providertest.CheckSays(t, connect(t, config(t, simulated.URL, "pass-weak", 10)), "", "may not read statuses", "may not read tickets")
	require.ErrorContains(t, Config{URL: "https://x.test"}.Validate(), "client_id: missing")
}
