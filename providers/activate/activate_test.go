package activate

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"deskbridge/providers"
)

const signing = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func secret(t *testing.T, name, value string) providers.Secret {
	t.Helper()
	t.Setenv(name, value)
	parsed, err := providers.ParseSecret("env:" + name)
	require.NoError(t, err)
	return parsed
}

// receiver answers each path with its status, and wants a token that it gave.
type receiver struct {
	*httptest.Server
	token  string
	logIns int
	got    []http.Header
	bodies [][]byte
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{token: "first"}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		switch request.URL.Path {
		case "/token":
			r.logIns++
			_ = json.NewEncoder(w).Encode(map[string]string{"access_token": r.token})
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/down":
			w.WriteHeader(http.StatusNotFound)
		default:
			if authorization := request.Header.Get("Authorization"); authorization != "" && authorization != "Bearer "+r.token {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			r.got, r.bodies = append(r.got, request.Header), append(r.bodies, body)
			w.WriteHeader(http.StatusAccepted)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

var event = Event{Type: "ticket.outcome", Timestamp: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Data: Data{Connection: "rt", RequestID: "R1", Step: "laptop", Ticket: "7", Outcome: "completed"}}

func TestAnEventIsSignedAsStandardWebhooksHasIt(t *testing.T) {
	r := newReceiver(t)
	to, err := New("activate", Config{URL: r.URL + "/hook", Secret: secret(t, "SIGNING", signing)})
	require.NoError(t, err)
	require.NoError(t, to.Send(t.Context(), "msg_1", event))
	verifier, err := standardwebhooks.NewWebhook(signing)
	require.NoError(t, err)
	require.NoError(t, verifier.Verify(r.bodies[0], r.got[0]))
	require.Error(t, verifier.Verify(append(r.bodies[0], ' '), r.got[0]))
	require.Equal(t, "msg_1", r.got[0].Get("webhook-id"))
	require.JSONEq(t, `{"type":"ticket.outcome","timestamp":"2026-11-23T12:00:00Z","data":{"connection":"rt","request_id":"R1","workflow":"","step":"laptop","ticket":"7","outcome":"completed"}}`, string(r.bodies[0]))
}

func TestAnAccessTokenIsAskedForOnceAndAgainWhenItIsRefused(t *testing.T) {
	r := newReceiver(t)
	to, err := New("activate", Config{URL: r.URL + "/hook", Secret: secret(t, "SIGNING", signing), OAuth: &OAuth{
		TokenURL: r.URL + "/token", ClientID: "deskbridge", ClientSecret: secret(t, "CLIENT", "canary"), Scope: "api://activate/.default",
	}})
	require.NoError(t, err)
	require.NoError(t, to.Send(t.Context(), "msg_1", event))
	require.NoError(t, to.Send(t.Context(), "msg_2", event))
	require.Equal(t, 1, r.logIns)
	r.token = "second"
	require.NoError(t, to.Send(t.Context(), "msg_3", event))
	require.Equal(t, 2, r.logIns)
	require.Equal(t, "Bearer second", r.got[2].Get("Authorization"))
}

func TestOnlyWhatTheReceiverWillNeverTakeEndsTheTrying(t *testing.T) {
	r := newReceiver(t)
	for path, want := range map[string]providers.Kind{"/gone": providers.Invalid, "/down": providers.Unavailable} {
		to, err := New("activate", Config{URL: r.URL + path, Secret: secret(t, "SIGNING", signing)})
		require.NoError(t, err)
		require.ErrorIs(t, to.Send(t.Context(), "msg_1", event), want)
	}
	to, err := New("activate", Config{URL: r.URL + "/hook", Secret: secret(t, "SIGNING", "no base64 canary")})
	require.NoError(t, err)
	err = to.Send(t.Context(), "msg_1", event)
	require.ErrorIs(t, err, providers.Misconfigured)
	require.NotContains(t, err.Error(), "canary")
}

func TestSettingsAreCheckedTogether(t *testing.T) {
	_, err := New("x", Config{URL: "ftp://x", Timeout: -1, OAuth: &OAuth{}})
	for _, want := range []string{"url: want", "secret: missing", "timeout:", "oauth.token_url: want", "oauth.client_id: missing", "oauth.client_secret: missing"} {
		require.ErrorContains(t, err, want)
	}
}
