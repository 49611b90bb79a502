package providers

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Secret is a reference to a credential, "env:NAME" or "file:PATH". It prints as *** and is
// resolved at each use, so that a rotated file is taken up without a restart.
type Secret struct {
	reference string
}

// ParseSecret checks a reference. The text itself is never repeated in an error, for it may
// be a credential that somebody put there by mistake.
func ParseSecret(reference string) (Secret, error) {
	scheme, name, ok := strings.Cut(reference, ":")
	if !ok || name == "" || (scheme != "env" && scheme != "file") {
		return Secret{}, errors.New("a secret is given by reference: env:NAME or file:PATH")
	}
	return Secret{reference: reference}, nil
}

// UnmarshalText takes a reference from a configuration; Validate checks it, so that a reader
// of the whole can report it with its place.
func (s *Secret) UnmarshalText(text []byte) error {
	s.reference = string(text)
	return nil
}

// Validate checks the reference without reading the secret.
func (s Secret) Validate() error {
	if s.IsZero() {
		return errors.New("missing; give it by reference: env:NAME or file:PATH")
	}
	_, err := ParseSecret(s.reference)
	return err
}

// IsZero says that no reference was given.
func (s Secret) IsZero() bool { return s.reference == "" }

// String hides the secret.
func (Secret) String() string { return "***" }

// GoString hides the secret.
func (Secret) GoString() string { return "***" }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Reveal reads the credential. The error names the reference, never the content.
func (s Secret) Reveal() (string, error) {
	scheme, name, _ := strings.Cut(s.reference, ":")
	var value string
	switch scheme {
	case "env":
		value = os.Getenv(name)
	case "file":
		content, err := os.ReadFile(name) //nolint:gosec // the path comes from the operator's configuration
		if err != nil {
			return "", fmt.Errorf("%w: secret %s cannot be read", Misconfigured, s.reference)
		}
		value = strings.TrimSpace(string(content))
	default:
		return "", fmt.Errorf("%w: no secret is configured", Misconfigured)
	}
	if value == "" {
		return "", fmt.Errorf("%w: secret %s is empty; set it where the worker runs", Misconfigured, s.reference)
	}
	return value, nil
}
