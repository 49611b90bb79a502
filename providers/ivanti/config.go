package ivanti

import (
	"regexp"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/settings"
)

// Config is a connection's settings.
type Config struct {
	// URL is the tenant's, without /api: https://example.saasiteu.com.
	URL    string           `yaml:"url"`
	APIKey providers.Secret `yaml:"api_key"`
	// KeyField is a text field of incidents for our key.
	KeyField string `yaml:"key_field"`
	// Journal is the business object of notes as OData has it, PublicField its flag for what
	// customers see; journal__Notess and PublishToWeb if empty.
	Journal     string `yaml:"journal"`
	PublicField string `yaml:"public_field"`
	// EmployeeField is the field of employees for the employee number; users are not found by it if empty.
	EmployeeField string `yaml:"employee_field"`
	// InactiveStatus is the status of an employee who is deactivated; Terminated if empty.
	InactiveStatus string `yaml:"inactive_status"`
	// StatusFields are further fields that are set with a status, as Resolved may want a Resolution.
	StatusFields map[string]map[string]string `yaml:"status_fields"`
	// Queues are the owner teams that Check probes.
	Queues []string `yaml:"queues"`
	// PageSize is the number of rows a page, at most 100; 100 if zero.
	PageSize int `yaml:"page_size"`
	// MaxConnections to Ivanti; 4 if zero.
	MaxConnections int `yaml:"max_connections"`
	// Timeout bounds one call; 30 s if zero.
	Timeout time.Duration `yaml:"timeout"`
}

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// normalize fills in the defaults and reports every mistake.
func (c Config) normalize() (Config, error) {
	var mistakes settings.Mistakes
	mistakes.Address("url", &c.URL, "https://example.saasiteu.com", "api_key")
	mistakes.Secret("api_key", c.APIKey)
	settings.Default(&c.Journal, "journal__Notess")
	settings.Default(&c.PublicField, "PublishToWeb")
	settings.Default(&c.InactiveStatus, "Terminated")
	names := map[string]string{"key_field": c.KeyField, "journal": c.Journal, "public_field": c.PublicField}
	if c.EmployeeField != "" {
		names["employee_field"] = c.EmployeeField
	}
	for place, name := range names {
		if !identifier.MatchString(name) {
			mistakes.Add("%s: %q; want a name of the tenant's, such as DeskbridgeKey", place, name)
		}
	}
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
