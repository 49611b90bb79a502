package itop

import (
	"regexp"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/settings"
)

// Config is a connection's settings.
type Config struct {
	// URL is the address of iTop, without /webservices.
	URL      string           `yaml:"url"`
	Login    string           `yaml:"login"`
	Password providers.Secret `yaml:"password"`
	// Organization is the name of that of new persons.
	Organization string `yaml:"organization"`
	// RequestClass and IncidentClass are those of new tickets; UserRequest if empty. With the
	// ITIL data model incidents are of class Incident.
	RequestClass  string `yaml:"request_class"`
	IncidentClass string `yaml:"incident_class"`
	// KeyField is a text attribute of both classes for our key; the description's last line if empty.
	KeyField string `yaml:"key_field"`
	// StatusFields are further attributes that are set with a status.
	StatusFields map[string]map[string]string `yaml:"status_fields"`
	// Stimuli lead to a status by the life cycle, such as resolved: ev_resolve; a status without
	// one is set directly.
	Stimuli map[string]string `yaml:"stimuli"`
	// TimeZone is iTop's; UTC if empty.
	TimeZone string `yaml:"time_zone"`
	// Queues are the teams that Check probes.
	Queues []string `yaml:"queues"`
	// PageSize is the number of rows a page, at most 500; 100 if zero.
	PageSize int `yaml:"page_size"`
	// MaxConnections to iTop; 4 if zero.
	MaxConnections int `yaml:"max_connections"`
	// Timeout bounds one call; 30 s if zero.
	Timeout time.Duration `yaml:"timeout"`
}

const maxPageSize = 500

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// normalize fills in the defaults and reports every mistake.
func (c Config) normalize() (Config, *time.Location, error) {
	var mistakes settings.Mistakes
	mistakes.Address("url", &c.URL, "https://itop.example.com", "login and password")
	mistakes.Required("login", c.Login)
	mistakes.Secret("password", c.Password)
	mistakes.Required("organization", c.Organization)
	settings.Default(&c.RequestClass, "UserRequest")
	settings.Default(&c.IncidentClass, "UserRequest")
	for place, name := range map[string]string{"request_class": c.RequestClass, "incident_class": c.IncidentClass, "key_field": c.KeyField} {
		if !identifier.MatchString(name) && (place != "key_field" || name != "") {
			mistakes.Add("%s: %q; want a name of iTop's data model, such as UserRequest", place, name)
		}
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

// classes are those of tickets.
func (c Config) classes() []string {
	if c.RequestClass == c.IncidentClass {
		return []string{c.RequestClass}
	}
	return []string{c.RequestClass, c.IncidentClass}
}
