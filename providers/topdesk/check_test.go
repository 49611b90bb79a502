package topdesk

import (
	"testing"

	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestACheckTellsWhatIsMissing(t *testing.T) {
	simulated := simulate(t)
	good := config(t, simulated.URL, "pass-bridge", 10)
	providertest.CheckSays(t, connect(t, good), "")
	queue := good
	queue.Queues, queue.Branch, queue.ArchivingReason = []string{"Nowhere"}, "Head", "Retired"
	providertest.CheckSays(t, connect(t, queue), "", "operator group does not exist", "branch Head does not exist", "no archiving reason Retired")
	wrong := good
	wrong.Password = providertest.Secret(t, "wrong")
	providertest.CheckSays(t, connect(t, wrong), providers.Unauthenticated, "application password")
	elsewhere := good
	elsewhere.URL += "/elsewhere"
	providertest.CheckSays(t, connect(t, elsewhere), providers.NotFound, "before /tas")
	providertest.CheckSays(t, connect(t, config(t, simulated.URL, "pass-weak", 10)), "", "may not read persons", "may not read incidents")
}
