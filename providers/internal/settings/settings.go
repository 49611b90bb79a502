// Package settings checks the settings of a desk and reports every mistake at once, each with
// the name of the setting and what to do.
package settings

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"deskbridge/providers"
)

// Mistakes collects what is wrong.
type Mistakes []error

// Add notes a mistake; its text begins with the setting's name.
func (m *Mistakes) Add(format string, args ...any) { *m = append(*m, fmt.Errorf(format, args...)) }

// Err joins the mistakes; nil if there are none.
func (m *Mistakes) Err() error { return errors.Join(*m...) }

// Address takes the slashes from the end of an HTTP address and checks it. Credentials in an
// address end up in logs, so that they are refused; instead names the settings for them.
func (m *Mistakes) Address(name string, text *string, example, instead string) {
	*text = strings.TrimRight(*text, "/")
	address, err := url.Parse(*text)
	switch {
	case err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "":
		m.Add("%s: want an address, for example %s", name, example)
	case address.User != nil:
		m.Add("%s: credentials do not belong here; use %s", name, instead)
	}
}

// Required checks that a setting is there.
func (m *Mistakes) Required(name, text string) {
	if text == "" {
		m.Add("%s: missing", name)
	}
}

// Secret checks a reference to a credential.
func (m *Mistakes) Secret(name string, secret providers.Secret) {
	if err := secret.Validate(); err != nil {
		m.Add("%s: %w", name, err)
	}
}

// Zone reads a time zone of the IANA database; UTC if it is empty.
func (m *Mistakes) Zone(name string, text *string) *time.Location {
	Default(text, "UTC")
	zone, err := time.LoadLocation(*text)
	if err != nil {
		m.Add("%s: %q is no zone of the IANA database; want for example Europe/Berlin", name, *text)
	}
	return zone
}

// Number fills in the standard for zero and checks the range from 1; without a limit if most is zero.
func (m *Mistakes) Number(name string, value *int, standard, most int) {
	if *value == 0 {
		*value = standard
	}
	switch {
	case most > 0 && (*value < 1 || *value > most):
		m.Add("%s: %d; want 1 to %d", name, *value, most)
	case *value < 1:
		m.Add("%s: %d; want 1 or more", name, *value)
	}
}

// Duration checks that a duration is not negative; zero means the standard.
func (m *Mistakes) Duration(name string, value time.Duration) {
	if value < 0 {
		m.Add("%s: %s; want a positive duration such as 30s", name, value)
	}
}

// Default fills in the standard for an empty text.
func Default(text *string, standard string) {
	if *text == "" {
		*text = standard
	}
}
