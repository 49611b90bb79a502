package target

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
)

func TestACallCarriesItsKeyItsArgumentsAndTheCredential(t *testing.T) {
	var header http.Header
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		header, body = r.Header, string(content)
		switch r.URL.Path {
		case "/later":
			w.WriteHeader(http.StatusAccepted)
		case "/empty":
			w.WriteHeader(http.StatusNoContent)
		default:
			_, _ = io.WriteString(w, `{"mailbox": 7}`)
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("TARGET_AUTH", "Bearer canary")
	secret, err := providers.ParseSecret("env:TARGET_AUTH")
	require.NoError(t, err)
	call := Call{Key: "R1/mailbox", Workflow: "onboarding/rt/R1", Arguments: map[string]any{"of": "E1"}}
	for path, want := range map[string]Result{
		"/now": {Output: []byte(`{"mailbox": 7}`)}, "/later": {Accepted: true}, "/empty": {},
	} {
		target, err := New("mailbox", Config{URL: server.URL + path, Authorization: secret})
		require.NoError(t, err)
		result, err := target.Call(t.Context(), call)
		require.NoError(t, err)
		require.Equal(t, want, result, path)
		require.Equal(t, "R1/mailbox", header.Get("Idempotency-Key"))
		require.Equal(t, "Bearer canary", header.Get("Authorization"))
		require.JSONEq(t, `{"key":"R1/mailbox","workflow":"onboarding/rt/R1","arguments":{"of":"E1"}}`, body)
	}
}

func TestSettingsAreCheckedTogether(t *testing.T) {
	var plain providers.Secret
	require.NoError(t, plain.UnmarshalText([]byte("hunter2")))
	_, err := New("x", Config{URL: "ftp://x", Authorization: plain, Timeout: -1})
	for _, want := range []string{"url: want", "authorization: a secret is given by reference", "timeout:"} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "hunter2")
}
