package freshservice

import (
	"regexp"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/settings"
)

// Config is a connection's settings.
type Config struct {
	// URL is the account's: https://example.freshservice.com.
	URL string `yaml:"url"`
	// APIKey is an agent's.
	APIKey providers.Secret `yaml:"api_key"`
	// KeyField is the name of the custom field of tickets that holds our key, as the API has it.
	KeyField string `yaml:"key_field"`
	// Workspace is the ID of the workspace for new tickets; the primary one if zero.
	Workspace int64 `yaml:"workspace"`
	// Priority of new tickets: 1 low to 4 urgent; 2 if zero.
	Priority int `yaml:"priority"`
	// Queues are the agent groups that Check probes.
	Queues []string `yaml:"queues"`
	// PageSize is the number of rows a page, at most 100; 100 if zero.
	PageSize int `yaml:"page_size"`
	// MaxConnections to Freshservice; 4 if zero.
	MaxConnections int `yaml:"max_connections"`
	// Timeout bounds one call; 30 s if zero.
	Timeout time.Duration `yaml:"timeout"`
}

var fieldName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// normalize fills in the defaults and reports every mistake.
func (c Config) normalize() (Config, error) {
	var mistakes settings.Mistakes
	mistakes.Address("url", &c.URL, "https://example.freshservice.com", "api_key")
	mistakes.Secret("api_key", c.APIKey)
	if !fieldName.MatchString(c.KeyField) {
		mistakes.Add("key_field: %q; want the name of a custom field of tickets, such as deskbridge_key", c.KeyField)
	}
	const urgent = 4
	mistakes.Number("priority", &c.Priority, 2, urgent)
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
