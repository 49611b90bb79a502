package topdesk

import (
	"slices"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/settings"
)

// Config is a connection's settings.
type Config struct {
	// URL is the address of TOPdesk: https://example.topdesk.net.
	URL string `yaml:"url"`
	// Login is the operator's; Password the application password.
	Login    string           `yaml:"login"`
	Password providers.Secret `yaml:"password"`
	// Branch is the name of the branch of new persons.
	Branch string `yaml:"branch"`
	// Line is that of new incidents, firstLine or secondLine; firstLine if empty.
	Line string `yaml:"line"`
	// RequestType and IncidentType are the call types by name; none is set if empty.
	RequestType  string `yaml:"request_type"`
	IncidentType string `yaml:"incident_type"`
	// LoginField of a person is networkLoginName or tasLoginName; networkLoginName if empty.
	LoginField string `yaml:"login_field"`
	// ArchivingReason is the name of the reason with which persons are archived, if one is demanded.
	ArchivingReason string `yaml:"archiving_reason"`
	// Queues are the operator groups that Check probes.
	Queues []string `yaml:"queues"`
	// PageSize is the number of rows a page, at most 100; 100 if zero.
	PageSize int `yaml:"page_size"`
	// MaxConnections to TOPdesk; 4 if zero.
	MaxConnections int `yaml:"max_connections"`
	// Timeout bounds one call; 30 s if zero.
	Timeout time.Duration `yaml:"timeout"`
}

// normalize fills in the defaults and reports every mistake.
func (c Config) normalize() (Config, error) {
	var mistakes settings.Mistakes
	mistakes.Address("url", &c.URL, "https://example.topdesk.net", "login and password")
	mistakes.Required("login", c.Login)
	mistakes.Secret("password", c.Password)
	mistakes.Required("branch", c.Branch)
	settings.Default(&c.Line, "firstLine")
	if !slices.Contains([]string{"firstLine", "secondLine"}, c.Line) {
		mistakes.Add("line: %q; want firstLine or secondLine", c.Line)
	}
	settings.Default(&c.LoginField, "networkLoginName")
	if !slices.Contains([]string{"networkLoginName", "tasLoginName"}, c.LoginField) {
		mistakes.Add("login_field: %q; want networkLoginName or tasLoginName", c.LoginField)
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
