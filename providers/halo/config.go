package halo

import (
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/settings"
)

// Config is a connection's settings.
type Config struct {
	// URL is the tenant's: https://example.haloitsm.com.
	URL string `yaml:"url"`
	// TokenURL is the address of the token; URL with /auth/token if empty. Tenant goes with it
	// where it is set.
	TokenURL string `yaml:"token_url"`
	Tenant   string `yaml:"tenant"`
	// ClientID and ClientSecret are those of an API application with client credentials.
	ClientID     string           `yaml:"client_id"`
	ClientSecret providers.Secret `yaml:"client_secret"`
	// Site is the name of that of new users.
	Site string `yaml:"site"`
	// RequestType and IncidentType are the ticket types by name; the tenant's standard if empty.
	RequestType  string `yaml:"request_type"`
	IncidentType string `yaml:"incident_type"`
	// Outcome is the name of the action that a note is; Note if empty.
	Outcome string `yaml:"outcome"`
	// Queues are the teams that Check probes.
	Queues []string `yaml:"queues"`
	// PageSize is the number of rows a page, at most 100; 100 if zero.
	PageSize int `yaml:"page_size"`
	// MaxConnections to Halo; 4 if zero.
	MaxConnections int `yaml:"max_connections"`
	// Timeout bounds one call; 30 s if zero.
	Timeout time.Duration `yaml:"timeout"`
}

// normalize fills in the defaults and reports every mistake.
func (c Config) normalize() (Config, error) {
	var mistakes settings.Mistakes
	mistakes.Address("url", &c.URL, "https://example.haloitsm.com", "client_id and client_secret")
	settings.Default(&c.TokenURL, c.URL+"/auth/token")
	mistakes.Address("token_url", &c.TokenURL, "https://example.haloitsm.com/auth/token", "client_id and client_secret")
	mistakes.Required("client_id", c.ClientID)
	mistakes.Secret("client_secret", c.ClientSecret)
	mistakes.Required("site", c.Site)
	settings.Default(&c.Outcome, "Note")
	mistakes.Number("page_size", &c.PageSize, 100, 100)
	mistakes.Number("max_connections", &c.MaxConnections, rest.DefaultMaxConns, 0)
	mistakes.Duration("timeout", c.Timeout)
	return c, mistakes.Err()
}

// Validate reports every mistake in the settings.
func (c Config) Validate() error {
	_, err := c.normalize()
	return err
}
