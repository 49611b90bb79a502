package glpi

import (
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/settings"
)

// Config is a connection's settings.
type Config struct {
	// URL is the address of GLPI, without /apirest.php.
	URL string `yaml:"url"`
	// Login and Password are the account's; without a login Password is its user token.
	Login    string           `yaml:"login"`
	Password providers.Secret `yaml:"password"`
	// AppToken is that of the API client, where GLPI demands one.
	AppToken providers.Secret `yaml:"app_token"`
	// Entity is the ID of the entity of new tickets and users; the root entity if zero.
	Entity int64 `yaml:"entity"`
	// Solution is the text of the solution with which a ticket is solved.
	Solution string `yaml:"solution"`
	// TimeZone is the server's; UTC if empty.
	TimeZone string `yaml:"time_zone"`
	// Queues are the groups that Check probes.
	Queues []string `yaml:"queues"`
	// PageSize is the number of rows a page, at most 500; 100 if zero.
	PageSize int `yaml:"page_size"`
	// MaxConnections to GLPI; 4 if zero.
	MaxConnections int `yaml:"max_connections"`
	// Timeout bounds one call; 30 s if zero.
	Timeout time.Duration `yaml:"timeout"`
}

const maxPageSize = 500

// normalize fills in the defaults and reports every mistake.
func (c Config) normalize() (Config, *time.Location, error) {
	var mistakes settings.Mistakes
	mistakes.Address("url", &c.URL, "https://glpi.example.com", "login and password")
	mistakes.Secret("password", c.Password)
	settings.Default(&c.Solution, "Closed by the requester.")
	if c.Entity < 0 {
		mistakes.Add("entity: %d; want the ID of an entity", c.Entity)
	}
	zone := mistakes.Zone("time_zone", &c.TimeZone)
	mistakes.Number("page_size", &c.PageSize, 100, maxPageSize)
	mistakes.Number("max_connections", &c.MaxConnections, rest.DefaultMaxConns, 0)
	mistakes.Duration("timeout", c.Timeout)
	return c, zone, mistakes.Err()
}

// Validate reports every mistake in the settings.
func (c Config) Validate() error {
	_, _, err := c.normalize()
	return err
}
