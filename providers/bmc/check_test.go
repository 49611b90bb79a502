package bmc

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestCheckTellsApartWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		fails  providers.Kind
		wants  []string
	}{
		"wrong password":            {func(c *Config) { c.Login = "nobody" }, providers.Unauthenticated, []string{"refused login or password"}},
		"wrong address":             {func(c *Config) { c.URL += "/helix" }, providers.NotFound, []string{"no AR REST API at this address"}},
		"wrong address of mid tier": {func(c *Config) { c.WebServices += "/x" }, "", []string{"web services do not answer", "soap:address"}},
		"wrong namespace":           {func(c *Config) { c.Namespace = "urn:Other" }, "", []string{"do not"}},
		"missing permission":        {func(c *Config) { *c = config(t, c.URL, "pass-weak", 10) }, "", []string{"may not read CTM:People", "Contact People Admin", "sees no incident"}},
		"missing group":             {func(c *Config) { c.Queues = []string{"Nowhere"} }, "", []string{"support group does not exist at company Calbro Services"}},
		"wrong company":             {func(c *Config) { c.Company = "Other" }, "", []string{"support group does not exist at company Other"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := simulate(t)
			settings := config(t, server.URL, "pass-bridge", 10)
			logged(t, connect(t, settings), providers.NewTicket{Key: "R/1", Subject: "s", Body: "b"})
			c.change(&settings)
			providertest.CheckSays(t, connect(t, settings), c.fails, c.wants...)
		})
	}
}

func TestSettingsReportEveryMistakeWithItsCure(t *testing.T) {
	_, err := New(Config{URL: "x", PageSize: 1001, MaxConnections: -1, Timeout: -time.Second})
	for _, want := range []string{"url: want", "web_services: want", "server: missing", "login: missing", "company: missing", "password: missing", "page_size: 1001", "max_connections: -1", "timeout: -1s"} {
		require.ErrorContains(t, err, want)
	}
	_, err = New(Config{URL: "https://me:secret@helix.example.com"})
	require.ErrorContains(t, err, "url: credentials do not belong here")
	require.NotContains(t, err.Error(), "secret@")
}

func TestMessagesOfARSystemHaveKinds(t *testing.T) {
	for body, want := range map[string]providers.Kind{
		`[{"messageType":"ERROR","messageNumber":302}]`: providers.NotFound, `[{"messageNumber":623}]`: providers.Unauthenticated,
		`[{"messageNumber":382}]`: providers.Conflict, `[{"messageNumber":353}]`: providers.Forbidden, `[{"messageNumber":44900}]`: providers.Invalid,
		`[{"messageNumber":92}]`: "", `{"message":"x"}`: "", `<html>`: "", `[]`: "",
	} {
		kind, _ := classify(500, []byte(body))
		require.Equal(t, want, kind, body)
	}
	kind, _ := classify(429, []byte(`[{"messageNumber":44900}]`))
	require.Empty(t, kind, "a status that says enough is left to the table")
}
