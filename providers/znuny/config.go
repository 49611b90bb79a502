package znuny

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
	// URL is where Znuny answers, with its path: https://desk.example.com/znuny.
	URL string `yaml:"url"`
	// WebService is the name of the web service in Znuny; Deskbridge if empty.
	WebService string `yaml:"web_service"`
	// Namespace is the web service's; that of GenericTicketConnectorSOAP if empty.
	Namespace string `yaml:"namespace"`
	// Login and Password are those of the integration's agent.
	Login    string           `yaml:"login"`
	Password providers.Secret `yaml:"password"`
	// RPCLogin and RPCPassword are SOAP::User and SOAP::Password of rpc.pl. Without them
	// customer users are neither found nor created.
	RPCLogin    string           `yaml:"rpc_login"`
	RPCPassword providers.Secret `yaml:"rpc_password"`
	// KeyField is the dynamic field of tickets that holds our key; ExternalID if empty.
	KeyField string `yaml:"key_field"`
	// TimeZone is Znuny's OTRSTimeZone; UTC if empty.
	TimeZone string `yaml:"time_zone"`
	// State and Priority are those of a new ticket; "new" and "3 normal" if empty.
	State    string `yaml:"state"`
	Priority string `yaml:"priority"`
	// CustomerID is the company of a customer user that is created; its login if empty.
	CustomerID string `yaml:"customer_id"`
	// Queues are the queues that Check probes.
	Queues []string `yaml:"queues"`
	// PageSize is the number of tickets that are read at once, at most 500; 100 if zero.
	PageSize int `yaml:"page_size"`
	// MaxConnections to Znuny, no more than its web server has processes; 2 if zero.
	MaxConnections int `yaml:"max_connections"`
	// Timeout bounds one call; 30 s if zero.
	Timeout time.Duration `yaml:"timeout"`
}

const (
	stockNamespace = "http://www.otrs.org/TicketConnector/"
	maxPageSize    = 500
)

// normalize fills in the defaults and reports every mistake.
func (c Config) normalize() (Config, *time.Location, error) {
	var mistakes []error
	c.URL = strings.TrimRight(c.URL, "/")
	address, err := url.Parse(c.URL)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "" {
		mistakes = append(mistakes, errors.New("url: want the address of Znuny with its path, for example https://desk.example.com/znuny"))
	} else if address.User != nil {
		mistakes = append(mistakes, errors.New("url: credentials do not belong here; use login and password"))
	}
	if c.Login == "" {
		mistakes = append(mistakes, errors.New("login: missing; want the login of the agent that the integration uses"))
	}
	if err := c.Password.Validate(); err != nil {
		mistakes = append(mistakes, fmt.Errorf("password: %w", err))
	}
	if (c.RPCLogin == "") != c.RPCPassword.IsZero() {
		mistakes = append(mistakes, errors.New("rpc_login, rpc_password: give both or none"))
	}
	for field, standard := range map[*string]string{
		&c.WebService: "Deskbridge", &c.Namespace: stockNamespace, &c.KeyField: "ExternalID",
		&c.TimeZone: "UTC", &c.State: "new", &c.Priority: "3 normal",
	} {
		if *field == "" {
			*field = standard
		}
	}
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		mistakes = append(mistakes, fmt.Errorf("time_zone: %q is no zone of the IANA database; want for example Europe/Berlin", c.TimeZone))
	}
	if c.PageSize == 0 {
		c.PageSize = 100
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
