package servicenow

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestCheckTellsApartWhatIsWrong(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		options desksim.Options
		change  func(*Config)
		fails   providers.Kind
		wants   []string
	}{
		"wrong password":    {change: func(c *Config) { c.Login = "nobody" }, fails: providers.Unauthenticated, wants: []string{"refused login or password"}},
		"wrong address":     {change: func(c *Config) { c.URL += "/now" }, fails: providers.NotFound, wants: []string{"no web service at this address"}},
		"missing role":      {change: func(c *Config) { *c = withPassword(t, *c, "pass-weak") }, wants: []string{"may not read sys_choice", "sees no ticket", "such as itil"}},
		"missing group":     {change: func(c *Config) { c.Queues = []string{"Nowhere"} }, wants: []string{"assignment group does not exist"}},
		"missing key field": {change: func(c *Config) { c.KeyField = "u_key" }, wants: []string{"task has no such field", "correct key_field"}},
		"wrong zone":        {options: desksim.Options{Zone: tokyo}, change: func(*Config) {}, wants: []string{"another zone than UTC"}},
	} {
		for _, kind := range []string{transportREST, transportSOAP} {
			t.Run(name+" by "+kind, func(t *testing.T) {
				server := simulate(t, c.options)
				good := config(t, server.URL, "pass-bridge", 10)
				user, err := connect(t, good).CreateUser(t.Context(), providers.NewUser{Login: "anna", Email: "anna@example.test", DisplayName: "Anna Nowak"})
				require.NoError(t, err)
				ticket, err := connect(t, good).CreateTicket(t.Context(), providers.NewTicket{Key: "R/1", Queue: "Support", RequesterID: user.ID, Subject: "s", Body: "b"})
				require.NoError(t, err)
				_, err = connect(t, good).AddNote(t.Context(), providers.NewNote{TicketID: ticket.ID, Body: "b"})
				require.NoError(t, err)
				settings := good
				settings.Transport = kind
				c.change(&settings)
				providertest.CheckSays(t, connect(t, settings), c.fails, c.wants...)
			})
		}
	}
}

func withPassword(t *testing.T, settings Config, password string) Config {
	t.Helper()
	return config(t, settings.URL, password, settings.PageSize)
}

func TestSettingsReportEveryMistakeWithItsCure(t *testing.T) {
	_, err := New(Config{URL: "x", Transport: "carrier pigeon", TimeZone: "Mars/Olympus", PageSize: 251, MaxConnections: -1, Timeout: -time.Second, KeyField: "a^b", Incidents: Table{Name: "Incident"}})
	for _, want := range []string{
		"url: want", "login: missing", "password: missing", `transport: "carrier pigeon"; want rest or soap`, `time_zone: "Mars/Olympus"`, "page_size: 251",
		"max_connections: -1", "timeout: -1s", `key_field: "a^b"`, `incidents.name: "Incident"`, `incidents.requester: ""`,
	} {
		require.ErrorContains(t, err, want)
	}
	_, err = New(Config{URL: "https://me:secret@example.service-now.com"})
	require.ErrorContains(t, err, "url: credentials do not belong here")
	require.NotContains(t, err.Error(), "secret@")
}
