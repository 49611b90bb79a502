package config

import (
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"deskbridge/activities"
	"deskbridge/providers"
)

// checkService checks what `starter serve` needs.
func (l *loader) checkService(config *Config) {
	if !config.Key.IsZero() {
		if err := config.Key.Validate(); err != nil {
			l.add([]string{"key"}, "%s", err)
		}
	}
	if keys := config.PayloadKeys; !keys.none && !keys.reference.IsZero() {
		if err := keys.reference.Validate(); err != nil {
			l.add([]string{"payload_keys"}, "%s; or none, and the Temporal server stores everything readably", err)
		}
	}
	api := config.API
	if api.URL != "" && !isAddress(api.URL) {
		l.add([]string{"api", "url"}, "%q; want an address such as https://deskbridge.example.com", api.URL)
	}
	for _, address := range api.TemporalUI {
		if !isAddress(address) || strings.HasSuffix(address, "/") {
			l.add([]string{"api", "temporal_ui"}, "%q; want addresses such as https://temporal.example.com, without a slash at the end", address)
		}
	}
	if api.Rate < 0 {
		l.add([]string{"api", "rate"}, "%v; want requests a second, above 0", api.Rate)
	}
	if api.OIDC.Issuer != "" || api.OIDC.Audience != "" {
		if !isAddress(api.OIDC.Issuer) {
			l.add([]string{"api", "oidc", "issuer"}, "%q; want the issuer's address, such as https://login.microsoftonline.com/<tenant>/v2.0", api.OIDC.Issuer)
		}
		if api.OIDC.Audience == "" {
			l.add([]string{"api", "oidc", "audience"}, "missing; want this application's ID at the issuer: a token for another application is refused")
		}
	}
	for _, ancestor := range config.Portal.FrameAncestors {
		if ancestor != "'self'" && (!isAddress(ancestor) || strings.ContainsAny(ancestor, " ;,")) {
			l.add([]string{"portal", "frame_ancestors"}, "%q; want addresses such as https://activate.example.com", ancestor)
		}
	}
	if config.Portal.LinkValid < 0 || config.Portal.Session < 0 {
		l.add([]string{"portal"}, "link_valid and session: want positive durations such as 5m and 1h")
	}
	for _, name := range slices.Sorted(maps.Keys(config.Connections)) {
		connection := config.Connections[name]
		if connection == nil || connection.Callback == "" {
			continue
		}
		if _, known := config.Callbacks[connection.Callback]; !known {
			l.add([]string{"connections", name, "callback"}, "there is no callback %q; add it to callbacks", connection.Callback)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(config.Plans)) {
		for _, err := range config.Plans[name].mistakes(config) {
			l.add([]string{"plans", name}, "%s", err)
		}
	}
}

func isAddress(text string) bool {
	address, err := url.Parse(text)
	return err == nil && (address.Scheme == "https" || address.Scheme == "http") && address.Host != ""
}

// checkPeople checks what concerns users, and the desk's webhook.
func (l *loader) checkPeople(at func(...string) []string, c *Connection) {
	for _, pattern := range c.Protected {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			l.add(at("protected"), "%q is no pattern; want for example svc-* or admin@example.com", pattern)
		}
	}
	for _, field := range c.Authoritative {
		if !slices.Contains(activities.UserFields(), field) {
			l.add(at("authoritative"), "%q is no field; want some of %s", field, strings.Join(activities.UserFields(), ", "))
		}
	}
	for _, verb := range c.EndUsersMay {
		if !slices.Contains([]string{MayNote, MayAttach, MayClose}, verb) {
			l.add(at("end_users_may"), "%q; want some of note, attach, close, or none: []", verb)
		}
	}
	if c.Due != nil {
		l.spread(at("due"), c.Due.Mistakes())
		if _, err := providers.As[providers.Prioritizer](c.kind.Zero); err != nil && c.Due.Priority != "" {
			l.add(at("due", "priority"), "%s tickets get no other priority by us; remove it", c.kind.Title)
		}
	}
	if c.Webhook == nil {
		return
	}
	if err := c.Webhook.Secret.Validate(); err != nil {
		l.add(at("webhook", "secret"), "%s", err)
	}
	if (c.Webhook.Header == "") == (c.Webhook.Signature == "") {
		l.add(at("webhook"), "want either header, which carries the secret, or signature, which carries an HMAC-SHA256 of the body")
	}
	if c.Webhook.Timestamp != "" && c.Webhook.Signature == "" {
		l.add(at("webhook", "timestamp"), "it is only used with signature")
	}
}
