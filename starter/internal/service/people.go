package service

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"deskbridge/workflows"
)

// minKey is the least that `key` must have, in bytes.
const minKey = 32

// DerivedKey is a key for one purpose, derived from the configured one (HKDF, RFC 5869).
func (s *Service) DerivedKey(purpose string) ([]byte, error) {
	if s.Config.Key.IsZero() {
		return nil, wrong(errors.New("key: missing in the configuration; give it by reference, env:NAME or file:PATH, with at least 32 random bytes (openssl rand -base64 32)"))
	}
	secret, err := s.Config.Key.Reveal()
	if err != nil {
		return nil, wrong(fmt.Errorf("key: %w", err))
	}
	if len(secret) < minKey {
		return nil, wrong(fmt.Errorf("key: it has %d bytes; want at least %d random ones (openssl rand -base64 32)", len(secret), minKey))
	}
	return hkdf.Key(sha256.New, []byte(secret), nil, "deskbridge "+purpose, sha256.Size)
}

// Hashes are keyed hashes of a person's identities, by which tickets are found again without a
// name or an address in a search attribute (HMAC-SHA256, cut to 128 bits). Login and e-mail
// address share one space, for a user principal name is both.
func (s *Service) Hashes(person workflows.Person) ([]string, error) {
	key, err := s.DerivedKey("people")
	if err != nil {
		return nil, err
	}
	var hashes []string
	for _, identity := range []struct{ space, value string }{
		{"account", person.Email}, {"account", person.Login}, {"number", person.EmployeeNumber},
	} {
		value := strings.ToLower(strings.TrimSpace(identity.value))
		if value == "" {
			continue
		}
		sum := hmac.New(sha256.New, key)
		_, _ = fmt.Fprintf(sum, "%s:%s", identity.space, value)
		hash := base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:16])
		if !slices.Contains(hashes, hash) {
			hashes = append(hashes, hash)
		}
	}
	return hashes, nil
}

// know puts the hashes of their identities to people.
func (s *Service) know(people ...*workflows.Person) error {
	for _, person := range people {
		if person == nil {
			continue
		}
		hashes, err := s.Hashes(*person)
		if err != nil {
			return err
		}
		person.Known = hashes
	}
	return nil
}
