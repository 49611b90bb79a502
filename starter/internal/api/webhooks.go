package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"go.temporal.io/sdk/client"

	"deskbridge/internal/config"
)

// hinted remembers when each connection's watch was told last.
type hinted struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// hintEvery is how often a watch is told at most: one read sees all that changed.
const hintEvery = 2 * time.Second

func (h *hinted) may(connection string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last == nil {
		h.last = map[string]time.Time{}
	}
	if now.Sub(h.last[connection]) < hintEvery {
		return false
	}
	h.last[connection] = now
	return true
}

func (a *API) webhooks() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "hint", Method: http.MethodPost, Path: "/v1/webhooks/{connection}", Tags: []string{"desks"}, DefaultStatus: http.StatusAccepted,
		MaxBodyBytes: maxBody, BodyReadTimeout: readWithin, Errors: []int{http.StatusUnauthorized, http.StatusServiceUnavailable},
		Summary:     "A desk says that something changed",
		Description: "A hint that triggers a read; what it says is not looked at. The connection's webhook says how the desk proves itself: by a header with the secret, or by a signature of the body.",
	}, func(ctx context.Context, input *hint) (*struct{}, error) {
		connection := a.Service.Config.Connections[input.Connection]
		if connection == nil || connection.Webhook == nil || !proven(*connection.Webhook, input.header, input.RawBody) {
			return nil, huma.NewError(http.StatusUnauthorized, "the call does not prove that it is this desk's; let it send what the connection's webhook wants")
		}
		if !a.hinted.may(input.Connection, time.Now()) {
			return nil, nil
		}
		return nil, problem(a.Service.Hint(ctx, input.Connection))
	})
}

type hint struct {
	Connection string `path:"connection"`
	RawBody    []byte
	header     func(string) string
}

// Resolve takes the headers: which of them counts is the configuration's.
func (h *hint) Resolve(ctx huma.Context) []error {
	h.header = ctx.Header
	return nil
}

// proven says whether a call carries the secret, or a signature that only its holder can make.
func proven(webhook config.Webhook, header func(string) string, body []byte) bool {
	secret, err := webhook.Secret.Reveal()
	if err != nil {
		return false
	}
	if webhook.Header != "" {
		return subtle.ConstantTimeCompare([]byte(header(webhook.Header)), []byte(secret)) == 1
	}
	sum := hmac.New(sha256.New, []byte(secret))
	if webhook.Timestamp != "" {
		sum.Write([]byte(header(webhook.Timestamp)))
	}
	sum.Write(body)
	return hmac.Equal(signature(header(webhook.Signature)), sum.Sum(nil))
}

// signature reads an HMAC in hexadecimal or base64, with or without "sha256=" before it.
func signature(text string) []byte {
	text = strings.TrimPrefix(strings.TrimSpace(text), "sha256=")
	if decoded, err := hex.DecodeString(text); err == nil {
		return decoded
	}
	decoded, _ := base64.StdEncoding.DecodeString(text)
	return decoded
}

func (a *API) health() {
	operation := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Tags: []string{"health"}, Summary: summary, DefaultStatus: http.StatusNoContent}
	}
	huma.Register(a.huma, operation("live", "/healthz", "The process lives"), func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	ready := operation("ready", "/readyz", "The process can work: the Temporal server answers")
	ready.Errors = []int{http.StatusServiceUnavailable}
	huma.Register(a.huma, ready, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if _, err := a.Service.Client.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
			return nil, huma.NewError(http.StatusServiceUnavailable, "the Temporal server does not answer")
		}
		return nil, nil
	})
}
