package rt

import (
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/settings"
)

// Config is a connection's settings.
type Config struct {
	// URL is where RT answers, without /REST/2.0.
	URL string `yaml:"url"`
	// Token authenticates the integration account.
	Token providers.Secret `yaml:"token"`
	// KeyField is the ticket custom field that holds our key; ExternalID if empty.
	KeyField string `yaml:"key_field"`
	// EmployeeField is the user custom field that holds the employee number; without it
	// users are not matched by employee number.
	EmployeeField string `yaml:"employee_field"`
	// TimeZone is the zone of the integration account in RT; UTC if empty.
	TimeZone string `yaml:"time_zone"`
	// Queues are the queues that Check probes.
	Queues []string `yaml:"queues"`
	// PageSize is the number of rows a page, at most 100; 100 if zero.
	PageSize int `yaml:"page_size"`
	// MaxConnections to RT, no more than it has server processes; 2 if zero.
	MaxConnections int `yaml:"max_connections"`
	// Timeout bounds one call; 30 s if zero.
	Timeout time.Duration `yaml:"timeout"`
}

const maxPageSize = 100 // RT cuts larger pages without notice (measured on 5.0.3)

// normalize fills in the defaults and reports every mistake.
func (c Config) normalize() (Config, *time.Location, error) {
	var mistakes settings.Mistakes
	mistakes.Address("url", &c.URL, "https://rt.example.com", "token")
	mistakes.Secret("token", c.Token)
	if strings.ContainsAny(c.KeyField+c.EmployeeField, "{}'\\") {
		mistakes.Add("key_field, employee_field: a name without braces, quotes and backslashes is wanted")
	}
	settings.Default(&c.KeyField, "ExternalID")
	zone := mistakes.Zone("time_zone", &c.TimeZone)
	mistakes.Number("page_size", &c.PageSize, maxPageSize, maxPageSize)
	mistakes.Number("max_connections", &c.MaxConnections, 2, 0)
	mistakes.Duration("timeout", c.Timeout)
	return c, zone, mistakes.Err()
}

// Validate reports every mistake in the settings.
func (c Config) Validate() error {
	_, _, err := c.normalize()
	return err
}
