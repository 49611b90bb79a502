package bmc

import (
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/settings"
)

// Config is a connection's settings.
type Config struct {
	// URL is the AR System's REST API: https://helix-restapi.example.com.
	URL string `yaml:"url"`
	// WebServices is the mid tier's: https://helix.example.com/arsys/services.
	WebServices string `yaml:"web_services"`
	// Server is the AR System server's name, as the mid tier knows it.
	Server string `yaml:"server"`
	// Login and Password are the integration account's, for both.
	Login    string           `yaml:"login"`
	Password providers.Secret `yaml:"password"`
	// Namespace and CreateNamespace are those of the two web services; those of BMC if empty.
	Namespace       string `yaml:"namespace"`
	CreateNamespace string `yaml:"create_namespace"`
	// Company narrows the support groups, and is that of a person who is created.
	Company string `yaml:"company"`
	// Impact, Urgency and ReportedSource are those of a new incident; 4-Minor/Localized, 4-Low
	// and Web if empty.
	Impact         string `yaml:"impact"`
	Urgency        string `yaml:"urgency"`
	ReportedSource string `yaml:"reported_source"`
	// StatusFields are further fields that are set with a status, by their names in the web
	// service, as Resolved wants Resolution and Status_Reason.
	StatusFields map[string]map[string]string `yaml:"status_fields"`
	// Queues are the support groups that Check probes.
	Queues []string `yaml:"queues"`
	// PageSize is the number of rows a page, at most 1000; 100 if zero.
	PageSize int `yaml:"page_size"`
	// MaxConnections to each server; 4 if zero.
	MaxConnections int `yaml:"max_connections"`
	// Timeout bounds one call; 30 s if zero.
	Timeout time.Duration `yaml:"timeout"`
}

const maxPageSize = 1000

// normalize fills in the defaults and reports every mistake.
func (c Config) normalize() (Config, error) {
	var mistakes settings.Mistakes
	mistakes.Address("url", &c.URL, "https://helix-restapi.example.com", "login and password")
	mistakes.Address("web_services", &c.WebServices, "https://helix.example.com/arsys/services", "login and password")
	mistakes.Required("server", c.Server)
	mistakes.Required("login", c.Login)
	mistakes.Required("company", c.Company)
	mistakes.Secret("password", c.Password)
	for field, standard := range map[*string]string{
		&c.Namespace: "urn:HPD_IncidentInterface_WS", &c.CreateNamespace: "urn:HPD_IncidentInterface_Create_WS",
		&c.Impact: "4-Minor/Localized", &c.Urgency: "4-Low", &c.ReportedSource: "Web",
	} {
		settings.Default(field, standard)
	}
	mistakes.Number("page_size", &c.PageSize, 100, maxPageSize)
	mistakes.Number("max_connections", &c.MaxConnections, rest.DefaultMaxConns, 0)
	mistakes.Duration("timeout", c.Timeout)
	return c, mistakes.Err()
}

// Validate reports every mistake in the settings.
func (c Config) Validate() error {
	_, err := c.normalize()
	return err
}
