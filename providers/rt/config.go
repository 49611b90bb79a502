package rt

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"deskbridge/providers"
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
	var mistakes []error
	address, err := url.Parse(c.URL)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "" {
		mistakes = append(mistakes, errors.New("url: want the address of RT, for example https://rt.example.com"))
	} else if address.User != nil {
		mistakes = append(mistakes, errors.New("url: credentials do not belong here; use token"))
	}
	if err := c.Token.Validate(); err != nil {
		mistakes = append(mistakes, fmt.Errorf("token: %w", err))
	}
	if strings.ContainsAny(c.KeyField+c.EmployeeField, "{}'\\") {
		mistakes = append(mistakes, errors.New("key_field, employee_field: a name without braces, quotes and backslashes is wanted"))
	}
	if c.KeyField == "" {
		c.KeyField = "ExternalID"
	}
	if c.TimeZone == "" {
		c.TimeZone = "UTC"
	}
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		mistakes = append(mistakes, fmt.Errorf("time_zone: %q is no zone of the IANA database; want for example Europe/Berlin", c.TimeZone))
	}
	if c.PageSize == 0 {
		c.PageSize = maxPageSize
	}
	if c.PageSize < 1 || c.PageSize > maxPageSize {
		mistakes = append(mistakes, fmt.Errorf("page_size: %d; want 1 to %d", c.PageSize, maxPageSize))
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = 2
	}
	if c.MaxConnections < 1 {
		mistakes = append(mistakes, fmt.Errorf("max_connections: %d; want 1 or more", c.MaxConnections))
	}
	if c.Timeout < 0 {
		mistakes = append(mistakes, fmt.Errorf("timeout: %s; want a positive duration such as 30s", c.Timeout))
	}
	return c, zone, errors.Join(mistakes...)
}

// Validate reports every mistake in the settings.
func (c Config) Validate() error {
	_, _, err := c.normalize()
	return err
}
