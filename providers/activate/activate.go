// Package activate tells Activate what happened to a request: a POST a happening, signed as
// Standard Webhooks has it (github.com/standard-webhooks/standard-webhooks, spec), authorized by
// OAuth 2.0 client credentials (RFC 6749, 4.4) where the receiver wants that. Addresses come from
// the configuration alone.
package activate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/settings"
)

// Config is the settings of a receiver of callbacks.
type Config struct {
	// URL takes a POST with the event as JSON.
	URL string `yaml:"url"`
	// Secret is the signing secret, "whsec_" and 24 to 64 bytes in base64.
	Secret providers.Secret `yaml:"secret"`
	// OAuth asks for an access token first; optional.
	OAuth *OAuth `yaml:"oauth"`
	// Timeout bounds one call; 30 s if zero.
	Timeout time.Duration `yaml:"timeout"`
}

// OAuth is a client that an authorization server knows, Microsoft Entra for example.
type OAuth struct {
	TokenURL     string           `yaml:"token_url"`
	ClientID     string           `yaml:"client_id"`
	ClientSecret providers.Secret `yaml:"client_secret"`
	Scope        string           `yaml:"scope"`
}

// Validate reports every mistake.
func (c Config) Validate() error {
	const example = "https://activate.example.com/hooks/deskbridge"
	var mistakes settings.Mistakes
	mistakes.Address("url", &c.URL, example, "oauth")
	mistakes.Secret("secret", c.Secret)
	mistakes.Duration("timeout", c.Timeout)
	if c.OAuth != nil {
		oauth := *c.OAuth
		mistakes.Address("oauth.token_url", &oauth.TokenURL, "https://login.microsoftonline.com/<tenant>/oauth2/v2.0/token", "client_id and client_secret")
		mistakes.Required("oauth.client_id", oauth.ClientID)
		mistakes.Secret("oauth.client_secret", oauth.ClientSecret)
	}
	return mistakes.Err()
}

// Event is what happened. It holds no name, address or note: who is told asks for the rest.
type Event struct {
	// Type is "ticket.outcome" or alike.
	Type string `json:"type"`
	// Timestamp is when it happened, UTC.
	Timestamp time.Time `json:"timestamp"`
	Data      Data      `json:"data"`
}

// Data is what an event is about.
type Data struct {
	Connection string `json:"connection"`
	RequestID  string `json:"request_id"`
	// Workflow is the ID of the run at Temporal.
	Workflow string `json:"workflow"`
	// Step, Ticket (its number) and Status (the desk's word) are those of a ticket.
	Step   string `json:"step,omitempty"`
	Ticket string `json:"ticket,omitempty"`
	Status string `json:"status,omitempty"`
	// Outcome is how a ticket or a request ended.
	Outcome string `json:"outcome,omitempty"`
	// Steps are those of a request that ended, each with its state.
	Steps map[string]string `json:"steps,omitempty"`
}

// Receiver is one receiver of callbacks. It is safe for concurrent use.
type Receiver struct {
	secret providers.Secret
	client *rest.Client
	name   string
}

// New makes a receiver; it calls nothing.
func New(name string, config Config) (*Receiver, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	r := &Receiver{secret: config.Secret, name: "callback " + name}
	options := rest.Options{Desk: r.name, BaseURL: config.URL, Timeout: config.Timeout, Classify: classify}
	if config.OAuth != nil {
		options.Session = rest.NewSession(func(ctx context.Context) (string, error) { return r.logIn(ctx, *config.OAuth) }, rest.Bearer)
	}
	r.client = rest.New(options)
	return r, nil
}

// classify lets everything be tried again but what the receiver will never take: it may be
// deployed, or lack a right, for hours.
func classify(status int, _ []byte) (providers.Kind, error) {
	switch status {
	case http.StatusBadRequest, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return providers.Invalid, errors.New("the receiver refuses the event; see its log")
	case http.StatusTooManyRequests:
		return "", nil
	}
	return providers.Unavailable, fmt.Errorf("the receiver answered HTTP %d", status)
}

func (r *Receiver) logIn(ctx context.Context, oauth OAuth) (string, error) {
	secret, err := oauth.ClientSecret.Reveal()
	if err != nil {
		return "", err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {oauth.ClientID}, "client_secret": {secret}}
	if oauth.Scope != "" {
		form.Set("scope", oauth.Scope)
	}
	return r.client.AccessToken(ctx, oauth.TokenURL, form)
}

// Send sends an event once. The same event again has the same ID, by which the receiver knows it.
func (r *Receiver) Send(ctx context.Context, id string, event Event) error {
	const op = "send"
	secret, err := r.secret.Reveal()
	if err != nil {
		return &providers.Error{Kind: providers.Misconfigured, Desk: r.name, Op: op, Err: err}
	}
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return &providers.Error{Kind: providers.Misconfigured, Desk: r.name, Op: op, Err: errors.New("the signing secret is not whsec_ and base64")}
	}
	body, err := json.Marshal(event)
	if err != nil {
		return err
	}
	now := time.Now()
	signature, err := signer.Sign(id, now, body)
	if err != nil {
		return err
	}
	_, err = r.client.Write(ctx, rest.Call{Op: op, Method: http.MethodPost, Body: body, Header: map[string]string{
		"Content-Type":                          "application/json",
		standardwebhooks.HeaderWebhookID:        id,
		standardwebhooks.HeaderWebhookTimestamp: strconv.FormatInt(now.Unix(), 10),
		standardwebhooks.HeaderWebhookSignature: signature,
	}})
	return err
}
