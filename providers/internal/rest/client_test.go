package rest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
)

func serve(t *testing.T, options Options, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	options.Desk, options.BaseURL = "test", server.URL
	return New(options)
}

func TestTheResetOfALimitIsHeardOnlyWhereTheLimitIsReached(t *testing.T) {
	for status, want := range map[int]time.Duration{http.StatusTooManyRequests: 30 * time.Second, http.StatusServiceUnavailable: 0} {
		client := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-RateLimit-Reset", "30")
			w.WriteHeader(status)
		})
		_, err := client.Read(t.Context(), Call{Op: "read", Method: http.MethodGet, Path: "/"})
		var desk *providers.Error
		require.ErrorAs(t, err, &desk)
		require.Equal(t, want, desk.RetryAfter)
	}
}

func TestAVendorsLimitIsHeardWhereRetryAfterIsMissing(t *testing.T) {
	for name, values := range map[string]map[string]time.Duration{
		"RateLimit-Reset":   {"30": 30 * time.Second},
		"X-RateLimit-Reset": {"30": 30 * time.Second, "1795435230": 30 * time.Second, "2026-11-23T12:00:30Z": 30 * time.Second, "2026-11-23T12:01Z": time.Minute, "soon": 0, "1": time.Second},
	} {
		for text, want := range values {
			header := http.Header{"Date": {"Mon, 23 Nov 2026 12:00:00 GMT"}}
			header.Set(name, text)
			require.Equal(t, want, retryAfter(header, "Retry-After", name), "%s: %s", name, text)
			header.Set("Retry-After", "7")
			require.Equal(t, 7*time.Second, retryAfter(header, "Retry-After", name), "what is said plainly goes before")
		}
	}
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "17": 17 * time.Second, "-5": 0, "nonsense": 0, "99999999999": time.Hour,
		now.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second,
		now.Add(-time.Minute).Format(http.TimeFormat):     0,
	} {
		header := http.Header{"Retry-After": {text}, "Date": {now.Format(http.TimeFormat)}}
		require.Equal(t, want, retryAfter(header, "Retry-After"), text)
	}
}

func TestAnAnswerThatIsTooLargeIsCutOff(t *testing.T) {
	client := serve(t, Options{MaxAnswer: 1000}, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 2000)) })
	_, err := client.Read(t.Context(), Call{Op: "read", Method: http.MethodGet, Path: "/"})
	require.ErrorIs(t, err, providers.TooLarge)
	require.ErrorContains(t, err, "1000 bytes")
}

func TestADeskThatDoesNotAnswerInTime(t *testing.T) {
	client := serve(t, Options{Timeout: 50 * time.Millisecond}, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	_, err := client.Read(t.Context(), Call{Op: "read", Method: http.MethodGet, Path: "/"})
	require.ErrorIs(t, err, providers.Unavailable)
	require.ErrorContains(t, err, "no answer in time")
	_, err = client.Write(t.Context(), Call{Op: "write", Method: http.MethodPost, Path: "/", JSON: 1})
	require.ErrorIs(t, err, providers.UnknownOutcome)
}

func TestPathParametersCannotLeaveTheirPlace(t *testing.T) {
	var seen string
	client := serve(t, Options{}, func(_ http.ResponseWriter, r *http.Request) { seen = r.URL.EscapedPath() })
	_, err := client.Read(t.Context(), Call{Op: "read", Method: http.MethodGet, Path: "/user/{id}", Params: map[string]string{"id": "../ticket/1?x=y#z"}})
	require.NoError(t, err)
	require.Equal(t, "/user/..%2Fticket%2F1%3Fx=y%23z", seen)
}

func TestAnErrorHoldsNothingOfTheAddressTheBodyAndTheAnswer(t *testing.T) {
	client := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"message":"canary-answer"}`)
	})
	_, err := client.Write(t.Context(), Call{Op: "write", Method: http.MethodPost, Path: "/{id}", Params: map[string]string{"id": "canary-path"}, JSON: "canary-body"})
	require.ErrorIs(t, err, providers.Invalid)
	require.NotContains(t, err.Error(), "canary")
	broken := New(Options{Desk: "test", BaseURL: "http://canary.invalid"})
	_, err = broken.Read(t.Context(), Call{Op: "read", Method: http.MethodGet, Path: "/canary"})
	require.ErrorIs(t, err, providers.Unavailable)
	require.NotContains(t, err.Error(), "canary")
}

func TestAStatusIsClassifiedByTheDeskFirst(t *testing.T) {
	client := serve(t, Options{Classify: func(status int, body []byte) (providers.Kind, error) {
		if status == http.StatusBadRequest && string(body) == "taken" {
			return providers.Conflict, nil
		}
		return "", nil
	}}, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, strings.TrimPrefix(r.URL.Path, "/"))
	})
	for path, want := range map[string]providers.Kind{"/taken": providers.Conflict, "/other": providers.Invalid} {
		_, err := client.Read(t.Context(), Call{Op: "read", Method: http.MethodGet, Path: path})
		require.ErrorIs(t, err, want)
	}
}

// A server may close a connection that is kept just when the next call is sent.
func TestAReadByPostIsSentAgainOnANewConnectionAndAWriteIsNot(t *testing.T) {
	var calls atomic.Int32
	client := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("X-Idempotency-Key") != "" || string(body) != "same" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		if calls.Add(1)%2 == 0 { // every second call finds its connection closed
			connection, _, _ := http.NewResponseController(w).Hijack()
			_ = connection.Close()
		}
	})
	call := Call{Op: "search", Method: http.MethodPost, Path: "/", Body: []byte("same")}
	for range 3 {
		_, err := client.Read(t.Context(), call)
		require.NoError(t, err)
	}
	require.EqualValues(t, 5, calls.Load())
	_, err := client.Write(t.Context(), call)
	require.ErrorIs(t, err, providers.UnknownOutcome)
	require.EqualValues(t, 6, calls.Load())
}
