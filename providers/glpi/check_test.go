package glpi

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"deskbridge/internal/desksim"
	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestACheckTellsWhatIsMissing(t *testing.T) {
	simulated := simulate(t, desksim.Options{})
	good := config(t, simulated.URL, "pass-bridge", 10)
	providertest.CheckSays(t, connect(t, good), "")
	token := good
	token.Login = ""
	providertest.CheckSays(t, connect(t, token), "")
	queue := good
	queue.Queues = []string{"Nowhere"}
	providertest.CheckSays(t, connect(t, queue), "", "group does not exist")
	wrong := good
	wrong.Password = providertest.Secret(t, "wrong")
	providertest.CheckSays(t, connect(t, wrong), providers.Unauthenticated, "login with credentials")
	elsewhere := good
	elsewhere.URL += "/elsewhere"
	providertest.CheckSays(t, connect(t, elsewhere), providers.NotFound, "without /apirest.php")
	providertest.CheckSays(t, connect(t, config(t, simulated.URL, "pass-weak", 10)), "", "may not read users", "may not read tickets")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`["ERROR_WRONG_APP_TOKEN_PARAMETER","parameter app_token seems wrong"]`))
	}))
	t.Cleanup(server.Close)
	app := good
	app.URL, app.AppToken = server.URL, providertest.Secret(t, "app")
	providertest.CheckSays(t, connect(t, app), providers.Unauthenticated)
}
