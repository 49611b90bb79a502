package znuny

import (
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/settings"
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
	var mistakes settings.Mistakes
	mistakes.Address("url", &c.URL, "https://desk.example.com/znuny", "login and password")
	mistakes.Required("login", c.Login)
	mistakes.Secret("password", c.Password)
	if (c.RPCLogin == "") != c.RPCPassword.IsZero() {
		mistakes.Add("rpc_login, rpc_password: give both or none")
	}
	for field, standard := range map[*string]string{
		&c.WebService: "Deskbridge", &c.Namespace: stockNamespace, &c.KeyField: "ExternalID", &c.State: "new", &c.Priority: "3 normal",
	} {
		settings.Default(field, standard)
	}
	zone := mistakes.Zone("time_zone", &c.TimeZone)
	mistakes.Number("page_size", &c.PageSize, 100, maxPageSize)
	mistakes.Number("max_connections", &c.MaxConnections, 2, 0)
	mistakes.Duration("timeout", c.Timeout)
	return c, zone, mistakes.Err()
}

// Validate reports every mistake in the settings.
func (c Config) Validate() error {
	_, _, err := c.normalize()
	return err
}
