package servicedeskplus

import (
	"regexp"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/settings"
)

// Config is a connection's settings.
type Config struct {
	// URL is the address before /api/v3: https://sdpondemand.manageengine.eu/app/itdesk in the
	// cloud, https://sdp.example.com:8443 on premises.
	URL string `yaml:"url"`
	// TechnicianKey is that of an integration key, on premises.
	TechnicianKey providers.Secret `yaml:"technician_key"`
	// Accounts is Zoho's accounts server of the cloud's region, https://accounts.zoho.eu; with
	// ClientID, ClientSecret and RefreshToken of a client that has the scope SDPOnDemand.requests.ALL
	// and SDPOnDemand.users.ALL.
	Accounts     string           `yaml:"accounts"`
	ClientID     string           `yaml:"client_id"`
	ClientSecret providers.Secret `yaml:"client_secret"`
	RefreshToken providers.Secret `yaml:"refresh_token"`
	// KeyField is the additional field of requests for our key, such as udf_sline_901.
	KeyField string `yaml:"key_field"`
	// ClosureComments go with the status Closed.
	ClosureComments string `yaml:"closure_comments"`
	// Queues are the support groups that Check probes.
	Queues []string `yaml:"queues"`
	// PageSize is the number of rows a page, at most 100; 100 if zero.
	PageSize int `yaml:"page_size"`
	// MaxConnections to the desk; 4 if zero.
	MaxConnections int `yaml:"max_connections"`
	// Timeout bounds one call; 30 s if zero.
	Timeout time.Duration `yaml:"timeout"`
}

var fieldName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// normalize fills in the defaults and reports every mistake.
func (c Config) normalize() (Config, error) {
	var mistakes settings.Mistakes
	mistakes.Address("url", &c.URL, "https://sdpondemand.manageengine.eu/app/itdesk", "technician_key, or refresh_token")
	if c.cloud() {
		mistakes.Address("accounts", &c.Accounts, "https://accounts.zoho.eu", "client_id and client_secret")
		mistakes.Required("client_id", c.ClientID)
		mistakes.Secret("client_secret", c.ClientSecret)
		mistakes.Secret("refresh_token", c.RefreshToken)
	} else {
		mistakes.Secret("technician_key", c.TechnicianKey)
	}
	if !fieldName.MatchString(c.KeyField) {
		mistakes.Add("key_field: %q; want the name of an additional field of requests, such as udf_sline_901", c.KeyField)
	}
	settings.Default(&c.ClosureComments, "Closed by the requester.")
	mistakes.Number("page_size", &c.PageSize, 100, 100)
	mistakes.Number("max_connections", &c.MaxConnections, rest.DefaultMaxConns, 0)
	mistakes.Duration("timeout", c.Timeout)
	return c, mistakes.Err()
}

// cloud says whether the settings are those of the cloud.
func (c Config) cloud() bool {
	return c.Accounts != "" || c.ClientID != "" || !c.ClientSecret.IsZero() || !c.RefreshToken.IsZero()
}

// Validate reports every mistake in the settings.
func (c Config) Validate() error {
	_, err := c.normalize()
	return err
}
