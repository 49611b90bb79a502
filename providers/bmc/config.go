package bmc

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
	var mistakes []error
	mistake := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	c.URL, c.WebServices = strings.TrimRight(c.URL, "/"), strings.TrimRight(c.WebServices, "/")
	for name, text := range map[string]string{"url": c.URL, "web_services": c.WebServices} {
		address, err := url.Parse(text)
		switch {
		case err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "":
			mistake("%s: want an address, for example https://helix.example.com/arsys/services for web_services", name)
		case address.User != nil:
			mistake("%s: credentials do not belong here; use login and password", name)
		}
	}
	for name, text := range map[string]string{"server": c.Server, "login": c.Login, "company": c.Company} {
		if text == "" {
			mistake("%s: missing", name)
		}
	}
	if err := c.Password.Validate(); err != nil {
		mistake("password: %w", err)
	}
	for field, standard := range map[*string]string{
		&c.Namespace: "urn:HPD_IncidentInterface_WS", &c.CreateNamespace: "urn:HPD_IncidentInterface_Create_WS",
		&c.Impact: "4-Minor/Localized", &c.Urgency: "4-Low", &c.ReportedSource: "Web",
	} {
		if *field == "" {
			*field = standard
		}
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
	return c, errors.Join(mistakes...)
}

// Validate reports every mistake in the settings.
func (c Config) Validate() error {
	_, err := c.normalize()
	return err
}
