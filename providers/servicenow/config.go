package servicenow

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"deskbridge/providers"
)

// Config is a connection's settings.
type Config struct {
	// URL is the instance's: https://example.service-now.com.
	URL string `yaml:"url"`
	// Transport is rest or soap; rest if empty.
	Transport string `yaml:"transport"`
	// Login and Password are the integration account's, for basic authentication.
	Login    string           `yaml:"login"`
	Password providers.Secret `yaml:"password"`
	// Incidents and Requests are the tables into which tickets go; incident with caller_id,
	// and sc_req_item with requested_for, if empty.
	Incidents Table `yaml:"incidents"`
	Requests  Table `yaml:"requests"`
	// KeyField is the field of task that holds our key; correlation_id if empty.
	KeyField string `yaml:"key_field"`
	// StatusFields are further fields that are set with a status, as Resolved wants
	// close_code and close_notes.
	StatusFields map[string]map[string]string `yaml:"status_fields"`
	// TimeZone is the zone in which the instance reads times of queries; UTC if empty.
	TimeZone string `yaml:"time_zone"`
	// Queues are the assignment groups that Check probes.
	Queues []string `yaml:"queues"`
	// PageSize is the number of rows a page, at most 250; 100 if zero.
	PageSize int `yaml:"page_size"`
	// MaxConnections to the instance; 4 if zero.
	MaxConnections int `yaml:"max_connections"`
	// Timeout bounds one call; 30 s if zero.
	Timeout time.Duration `yaml:"timeout"`
}

// Table is an extension of task, and its field that names who asks.
type Table struct {
	Name      string `yaml:"name"`
	Requester string `yaml:"requester"`
}

const (
	transportREST = "rest"
	transportSOAP = "soap"
	// maxPageSize is the limit of getRecords (direct web services); REST allows more.
	maxPageSize = 250
)

var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// normalize fills in the defaults and reports every mistake.
func (c Config) normalize() (Config, *time.Location, error) {
	var mistakes []error
	mistake := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	c.URL = strings.TrimRight(c.URL, "/")
	address, err := url.Parse(c.URL)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "" {
		mistake("url: want the instance's address, for example https://example.service-now.com")
	} else if address.User != nil {
		mistake("url: credentials do not belong here; use login and password")
	}
	if c.Login == "" {
		mistake("login: missing; want the user_name of the integration account")
	}
	if err := c.Password.Validate(); err != nil {
		mistake("password: %w", err)
	}
	if c.Transport == "" {
		c.Transport = transportREST
	}
	if c.Transport != transportREST && c.Transport != transportSOAP {
		mistake("transport: %q; want rest or soap", c.Transport)
	}
	if c.Incidents == (Table{}) {
		c.Incidents = Table{Name: "incident", Requester: "caller_id"}
	}
	if c.Requests == (Table{}) {
		c.Requests = Table{Name: "sc_req_item", Requester: "requested_for"}
	}
	if c.KeyField == "" {
		c.KeyField = "correlation_id"
	}
	for place, name := range map[string]string{
		"incidents.name": c.Incidents.Name, "incidents.requester": c.Incidents.Requester,
		"requests.name": c.Requests.Name, "requests.requester": c.Requests.Requester, "key_field": c.KeyField,
	} {
		if !identifier.MatchString(name) {
			mistake("%s: %q; want a name of ServiceNow, such as incident or caller_id", place, name)
		}
	}
	if c.TimeZone == "" {
		c.TimeZone = "UTC"
	}
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		mistake("time_zone: %q is no zone of the IANA database; want for example Europe/Berlin", c.TimeZone)
	}
	if c.PageSize == 0 {
		c.PageSize = 100
	}
	if c.PageSize < 1 || c.PageSize > maxPageSize {
		mistake("page_size: %d; want 1 to %d", c.PageSize, maxPageSize)
	}
	if c.MaxConnections < 0 {
		mistake("max_connections: %d; want 1 or more", c.MaxConnections)
	}
	if c.Timeout < 0 {
		mistake("timeout: %s; want a positive duration such as 30s", c.Timeout)
	}
	return c, zone, errors.Join(mistakes...)
}

// Validate reports every mistake in the settings.
func (c Config) Validate() error {
	_, _, err := c.normalize()
	return err
}
