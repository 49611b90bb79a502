package zendesk

import (
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/settings"
)

// Config is a connection's settings.
type Config struct {
	// URL is the account's: https://example.zendesk.com.
	URL string `yaml:"url"`
	// Login is the e-mail address of the integration's administrator; without it the token is
	// an OAuth access token.
	Login string           `yaml:"login"`
	Token providers.Secret `yaml:"token"`
	// EmployeeField is the key of the user field that holds the employee number; users are not
	// found by it if empty.
	EmployeeField string `yaml:"employee_field"`
	// Queues are the groups that Check probes.
	Queues []string `yaml:"queues"`
	// PageSize is the number of rows a page, at most 100; 100 if zero.
	PageSize int `yaml:"page_size"`
	// MaxConnections to Zendesk; 4 if zero.
	MaxConnections int `yaml:"max_connections"`
	// Timeout bounds one call; 30 s if zero.
	Timeout time.Duration `yaml:"timeout"`
}

// normalize fills in the defaults and reports every mistake.
func (c Config) normalize() (Config, error) {
	var mistakes settings.Mistakes
	mistakes.Address("url", &c.URL, "https://example.zendesk.com", "login and token")
	mistakes.Secret("token", c.Token)
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
