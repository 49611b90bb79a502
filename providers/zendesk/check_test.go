package zendesk

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
	queue := good
	queue.Queues = []string{"Nowhere"}
	providertest.CheckSays(t, connect(t, queue), "", "group does not exist")
	field := good
	field.EmployeeField = "nosuch"
	providertest.CheckSays(t, connect(t, field), "", "no user field with the key nosuch")
	wrong := good
	wrong.Token = providertest.Secret(t, "wrong")
	providertest.CheckSays(t, connect(t, wrong), providers.Unauthenticated, "login and token")
	oauth := good
	oauth.Login = ""
	providertest.CheckSays(t, connect(t, oauth), "")
	elsewhere := good
	elsewhere.URL += "/elsewhere"
	providertest.CheckSays(t, connect(t, elsewhere), providers.NotFound, "without a path")
	weak := config(t, simulated.URL, "pass-weak", 10)
	providertest.CheckSays(t, connect(t, weak), "", "end user", "incremental export", "may not search users")
}
