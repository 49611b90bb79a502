package servicenow

import (
	"regexp"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/settings"
)

// Config is a connection's settings.
type Config struct {
	// URL is the instance's: https://example.service-now.com.
	URL string `yaml:"url"`
	// Transport is rest or soap; rest if empty.
	Transport string `yaml:"transport"`
	// Login and Password are the integration account's. By themselves they are sent with each
	// call (basic authentication).
	Login    string           `yaml:"login"`
	Password providers.Secret `yaml:"password"`
	// ClientID and ClientSecret are those of an OAuth application registry of the instance: with
	// login and password the token is that account's, without them the registry's own user's.
	ClientID     string           `yaml:"client_id"`
	ClientSecret providers.Secret `yaml:"client_secret"`
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
	var mistakes settings.Mistakes
	mistakes.Address("url", &c.URL, "https://example.service-now.com", "login and password")
	if c.ClientID != "" {
		mistakes.Secret("client_secret", c.ClientSecret)
	}
	if c.ClientID == "" || c.Login != "" || !c.Password.IsZero() {
		mistakes.Required("login", c.Login)
		mistakes.Secret("password", c.Password)
	}
	settings.Default(&c.Transport, transportREST)
	if c.Transport != transportREST && c.Transport != transportSOAP {
		mistakes.Add("transport: %q; want rest or soap", c.Transport)
	}
	if c.Incidents == (Table{}) {
		c.Incidents = Table{Name: "incident", Requester: "caller_id"}
	}
	if c.Requests == (Table{}) {
		c.Requests = Table{Name: "sc_req_item", Requester: "requested_for"}
	}
	settings.Default(&c.KeyField, "correlation_id")
	for place, name := range map[string]string{
		"incidents.name": c.Incidents.Name, "incidents.requester": c.Incidents.Requester,
		"requests.name": c.Requests.Name, "requests.requester": c.Requests.Requester, "key_field": c.KeyField,
	} {
		if !identifier.MatchString(name) {
			mistakes.Add("%s: %q; want a name of ServiceNow, such as incident or caller_id", place, name)
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
