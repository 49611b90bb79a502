package jira

import (
	"regexp"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/settings"
)

// Config is a connection's settings.
type Config struct {
	// URL is the site's: https://example.atlassian.net.
	URL string `yaml:"url"`
	// Edition is cloud or datacenter; cloud if empty.
	Edition string `yaml:"edition"`
	// Login is the account's e-mail address on Cloud; without it the token is a personal access
	// token of Data Center.
	Login string           `yaml:"login"`
	Token providers.Secret `yaml:"token"`
	// Project is the key of the service desk's project, such as SUP.
	Project string `yaml:"project"`
	// KeyField holds our key: labels, or a text field such as customfield_10050; labels if empty.
	KeyField string `yaml:"key_field"`
	// RequestTypeField is the field "Request Type"; customfield_10010 if empty.
	RequestTypeField string `yaml:"request_type_field"`
	// StatusFields are further fields by name that are set with a status, as Done may want a resolution.
	StatusFields map[string]map[string]string `yaml:"status_fields"`
	// Queues are the request types that Check probes.
	Queues []string `yaml:"queues"`
	// PageSize is the number of rows a page, at most 100; 50 if zero.
	PageSize int `yaml:"page_size"`
	// MaxConnections to Jira; 4 if zero.
	MaxConnections int `yaml:"max_connections"`
	// Timeout bounds one call; 30 s if zero.
	Timeout time.Duration `yaml:"timeout"`
}

const (
	editionCloud      = "cloud"
	editionDataCenter = "datacenter"
	labels            = "labels"
)

var (
	projectKey  = regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)
	customField = regexp.MustCompile(`^customfield_([0-9]+)$`)
)

// normalize fills in the defaults and reports every mistake.
func (c Config) normalize() (Config, error) {
	var mistakes settings.Mistakes
	mistakes.Address("url", &c.URL, "https://example.atlassian.net", "login and token")
	settings.Default(&c.Edition, editionCloud)
	if c.Edition != editionCloud && c.Edition != editionDataCenter {
		mistakes.Add("edition: %q; want cloud or datacenter", c.Edition)
	}
	if c.Edition == editionCloud {
		mistakes.Required("login", c.Login)
	}
	mistakes.Secret("token", c.Token)
	if !projectKey.MatchString(c.Project) {
		mistakes.Add("project: %q; want the key of the service desk's project, such as SUP", c.Project)
	}
	settings.Default(&c.KeyField, labels)
	if c.KeyField != labels && !customField.MatchString(c.KeyField) {
		mistakes.Add("key_field: %q; want labels, or a text field such as customfield_10050", c.KeyField)
	}
	settings.Default(&c.RequestTypeField, "customfield_10010")
	if !customField.MatchString(c.RequestTypeField) {
		mistakes.Add("request_type_field: %q; want a field such as customfield_10010", c.RequestTypeField)
	}
	mistakes.Number("page_size", &c.PageSize, 50, 100)
	mistakes.Number("max_connections", &c.MaxConnections, rest.DefaultMaxConns, 0)
	mistakes.Duration("timeout", c.Timeout)
	return c, mistakes.Err()
}

// Validate reports every mistake in the settings.
func (c Config) Validate() error {
	_, err := c.normalize()
	return err
}
