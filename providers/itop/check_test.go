package itop

import (
	"testing"

	"deskbridge/internal/desksim"
	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestACheckTellsWhatIsMissing(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	good := config(t, simulated.URL, "pass-bridge", 10)
	providertest.CheckSays(t, connect(t, good), "")
	names := good
	names.Queues, names.Organization, names.KeyField = []string{"Nowhere"}, "None", "external_ref"
	providertest.CheckSays(t, connect(t, names), "", "team does not exist", "organization None does not exist")
	wrong := good
	wrong.Password = providertest.Secret(t, "wrong")
	providertest.CheckSays(t, connect(t, wrong), providers.Unauthenticated, "REST Services User")
	elsewhere := good
	elsewhere.URL += "/elsewhere"
	providertest.CheckSays(t, connect(t, elsewhere), providers.NotFound, "without /webservices")
	providertest.CheckSays(t, connect(t, config(t, simulated.URL, "pass-weak", 10)), "", "may not read persons", "may not read tickets")
}
