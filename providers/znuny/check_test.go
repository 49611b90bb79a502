package znuny

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
	"deskbridge/providers"
	"deskbridge/providers/providertest"
	wire "deskbridge/providers/znuny/internal/ticketconnector"
)

var simulated = accounts{root: "pass-root", bridge: "pass-bridge", weak: "pass-weak", rpc: "pass-rpc"}

func TestCheckTellsApartWhatIsWrong(t *testing.T) {
	whole := desksim.Options{Queues: map[string][]string{"Support": {"ExternalID"}}}
	for name, c := range map[string]struct {
		options desksim.Options
		change  func(*Config)
		fails   providers.Kind
		wants   []string
	}{
		"wrong password":             {whole, func(c *Config) { c.Password = providertest.Secret(t, "wrong") }, providers.Unauthenticated, []string{"login or password"}},
		"wrong namespace":            {whole, func(c *Config) { c.Namespace = "http://example.com/" }, providers.Misconfigured, []string{"set namespace to"}},
		"wrong address":              {whole, func(c *Config) { c.URL += "/znuny" }, providers.NotFound, []string{"index.pl"}},
		"wrong web service":          {whole, func(c *Config) { c.WebService = "Other" }, providers.Unavailable, []string{`not the web service "Other"`, "correct web_service"}},
		"missing dynamic field":      {desksim.Options{Queues: map[string][]string{"Support": {"Other"}}}, func(*Config) {}, "", []string{"no such dynamic field", "Admin > Dynamic Fields"}},
		"missing role":               {whole, func(c *Config) { c.Login, c.Password = "weak", providertest.Secret(t, simulated.weak) }, "", []string{"may not create tickets there", "permission rw"}},
		"missing queue":              {whole, func(c *Config) { c.Queues = []string{"Nowhere"} }, "", []string{"does not exist or is not valid"}},
		"no customer users":          {whole, func(c *Config) { c.RPCLogin, c.RPCPassword = "", providers.Secret{} }, "", []string{"not available", "SOAP::User"}},
		"wrong password of rpc.pl":   {whole, func(c *Config) { c.RPCPassword = providertest.Secret(t, "wrong") }, "", []string{"refuses rpc_login"}},
		"wrong zone":                 {whole, func(c *Config) { c.TimeZone = "Asia/Tokyo" }, "", []string{"not in the zone Asia/Tokyo"}},
		"wrong state of new tickets": {whole, func(c *Config) { c.State = "fresh" }, "", []string{"Ticket->StateID"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := simulate(t, c.options, simulated)
			agent{server.URL, simulated}.operation(t, "TicketCreate", `<Ticket><Title>t</Title><Queue>Support</Queue><State>new</State><Priority>3 normal</Priority><CustomerUser>x@example.test</CustomerUser></Ticket><Article><Subject>s</Subject><Body>b</Body></Article>`)
			settings := config(t, server.URL, simulated, simulated.bridge, 10)
			c.change(&settings)
			desk, err := New(settings)
			require.NoError(t, err)
			providertest.CheckSays(t, desk, c.fails, c.wants...)
		})
	}
}

func TestAMissingKeyFieldStopsACreateAlsoAtAnEmptyDesk(t *testing.T) {
	server := simulate(t, desksim.Options{Queues: map[string][]string{"Support": {"Other"}}}, simulated)
	desk, err := New(config(t, server.URL, simulated, simulated.bridge, 10))
	require.NoError(t, err)
	_, err = desk.CreateTicket(t.Context(), providers.NewTicket{Key: "R/1", Queue: "Support", RequesterID: "x@example.test", Subject: "s", Body: "b"})
	require.ErrorIs(t, err, providers.Misconfigured)
	require.ErrorContains(t, err, "Admin > Dynamic Fields")
	agent{server.URL, simulated}.operation(t, "TicketCreate", `<Ticket><Title>t</Title><Queue>Support</Queue><State>new</State><Priority>3 normal</Priority><CustomerUser>x@example.test</CustomerUser></Ticket><Article><Subject>s</Subject><Body>b</Body></Article>`)
	_, err = desk.FindTicket(t.Context(), "R/1")
	require.ErrorIs(t, err, providers.Misconfigured, "Znuny ignores the condition and finds every ticket")
}

func TestCheckChangesNothing(t *testing.T) {
	server := simulate(t, desksim.Options{}, simulated)
	desk, err := New(config(t, server.URL, simulated, simulated.bridge, 10))
	require.NoError(t, err)
	_, err = desk.Check(t.Context())
	require.NoError(t, err)
	changes, err := desk.FetchChanges(t.Context(), providers.ChangesQuery{Since: time.Now().Add(-time.Hour)})
	require.NoError(t, err)
	require.Empty(t, changes.Tickets)
}

func TestAMissingOperationIsSaidWithItsCure(t *testing.T) {
	inner := simulate(t, desksim.Options{}, simulated)
	old := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("SOAPAction"), `#TicketHistoryGet"`) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(`<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><Fault xmlns="` + stockNamespace + `"><faultcode>Server</faultcode><faultstring>Got no OperationType!</faultstring></Fault></soap:Body></soap:Envelope>`))
			return
		}
		inner.Config.Handler.ServeHTTP(w, r)
	}))
	t.Cleanup(old.Close)
	desk, err := New(config(t, old.URL, simulated, simulated.bridge, 10))
	require.NoError(t, err)
	report, err := desk.Check(t.Context())
	require.NoError(t, err)
	require.Contains(t, report.Findings, providers.Finding{
		Function: "fetch customer-facing notes", Problem: "the web service does not answer TicketHistoryGet",
		Cure: "import webservice.yml into Znuny under Admin > Web Services",
	})
}

func TestRefusalsHaveKindsAndRepeatNothing(t *testing.T) {
	desk, err := New(config(t, "https://desk.example.com/znuny", simulated, simulated.bridge, 10))
	require.NoError(t, err)
	for _, c := range []struct {
		code, message string
		want          providers.Kind
	}{
		{"TicketGet.AuthFail", "TicketGet: Authorization failing!", providers.Unauthenticated},
		{"TicketGet.AccessDenied", "TicketGet: User does not have access to the ticket!", providers.NotFound},
		{"TicketHistoryGet.AccessDenied", "TicketHistoryGet: User does not have access to the ticket 7!", providers.NotFound},
		{"TicketUpdate.AccessDenied", "TicketUpdate: Does not have permissions to create new articles!", providers.Forbidden},
		{"TicketCreate.AccessDenied", "TicketCreate: Can not create tickets in given Queue or QueueID!", providers.Forbidden},
		{"TicketCreate.InvalidParameter", "TicketCreate: Ticket->QueueID or Ticket->Queue parameter is invalid!", providers.Misconfigured},
		{"TicketCreate.InvalidParameter", "TicketCreate: Ticket->CustomerUser parameter is invalid!", providers.Invalid},
		{"TicketCreate.MissingParameter", "TicketCreate: Article->Body parameter is missing! canary", providers.Invalid},
		{"TicketUpdate.MissingParameter", "Can't set a ticket on a pending state without pendig time!", providers.Invalid},
		{"TicketCreate.Anything", "canary", providers.UnknownOutcome},
	} {
		err := desk.refusal("test", &wire.Error{ErrorCode: c.code, ErrorMessage: c.message}, providers.UnknownOutcome)
		require.ErrorIs(t, err, c.want, c.message)
		require.NotContains(t, err.Error(), "canary")
	}
	require.NoError(t, desk.refusal("test", nil, providers.UnknownOutcome))
}

func TestAWindowThatBringsNoNewSecondGrows(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	first, err := parseWindow("", 3)
	require.NoError(t, err)
	second := first.next(at, 3)
	require.Equal(t, window{created: at, limit: 3}, second)
	third := second.next(at, 3)
	require.Equal(t, window{created: at, limit: 6}, third)
	require.Equal(t, window{created: at.Add(time.Second), limit: 3}, third.next(at.Add(time.Second), 3))
	again, err := parseWindow(third.String(), 3)
	require.NoError(t, err)
	require.Equal(t, third, again)
	for _, page := range []string{"x", "1", "1 0", "1 -3", "' OR 1"} {
		_, err := parseWindow(page, 3)
		require.ErrorContains(t, err, "none of ours")
	}
}

func TestSettingsReportEveryMistakeWithItsCure(t *testing.T) {
	_, err := New(Config{URL: "desk.example.com", TimeZone: "Mars/Olympus", PageSize: 501, MaxConnections: -1, Timeout: -time.Second, RPCLogin: "rpc"})
	for _, want := range []string{"url: want", "login: missing", "password: missing", "rpc_login, rpc_password", `time_zone: "Mars/Olympus"`, "page_size: 501", "max_connections: -1", "timeout: -1s"} {
		require.ErrorContains(t, err, want)
	}
	_, err = New(Config{URL: "https://me:secret@desk.example.com"})
	require.ErrorContains(t, err, "url: credentials do not belong here")
	require.NotContains(t, err.Error(), "secret@")
}
