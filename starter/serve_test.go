package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/config"
	"deskbridge/internal/devstack"
)

func TestAStaticTokenIsForThisMachineOnly(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("token", []byte("0123456789abcdef\n"), 0o600))
	require.NoError(t, os.WriteFile("short", []byte("secret"), 0o600))
	loaded, err := config.Parse("x.yaml", []byte(goodConfig))
	require.NoError(t, err)
	for _, c := range []struct{ listen, static, want string }{
		{"127.0.0.1:8080", "token", ""}, {"localhost:8080", "token", ""}, {"[::1]:8080", "token", ""},
		{"0.0.0.0:8080", "token", "on this machine only"}, {":8080", "token", "on this machine only"}, {"deskbridge.example.com:8080", "token", "on this machine only"},
		{"127.0.0.1:8080", "short", "fewer than 16 bytes"}, {"127.0.0.1:8080", "nothing", "no such file"}, {"127.0.0.1:8080", "", "api.oidc: missing"},
	} {
		callers, err := authenticator(t.Context(), loaded, c.listen, c.static)
		if c.want != "" {
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "secret")
			continue
		}
		require.NoError(t, err)
		_, err = callers.Authenticate(t.Context(), "0123456789abcdef")
		require.NoError(t, err)
		_, err = callers.Authenticate(t.Context(), "0123456789abcdeF")
		require.Error(t, err)
	}
}

func TestALineOfTheLogHasAnIDAndAPatternAndNothingThatWasAskedFor(t *testing.T) {
	var log bytes.Buffer
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") == "panic-canary" {
			panic("unexpected")
		}
		w.WriteHeader(http.StatusTeapot)
	})
	handler := logged(mux, slog.New(slog.NewJSONHandler(&log, nil)))
	ask := func(path, id string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(http.MethodGet, path, nil)
		request.Header.Set("X-Request-Id", id)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		return answer
	}
	require.Equal(t, "activate-4711", ask("/users/canary?email=canary@example.test", "activate-4711").Header().Get("X-Request-Id"))
	require.NotEqual(t, "a b\nc-canary", ask("/users/canary", "a b\nc-canary").Header().Get("X-Request-Id"))
	require.Equal(t, http.StatusInternalServerError, ask("/users/panic-canary", "").Code)
	require.NotContains(t, log.String(), "canary")
	require.Contains(t, log.String(), `"request_id":"activate-4711","method":"GET","pattern":"GET /users/{id}","status":418`)
	require.Contains(t, log.String(), `"msg":"panic"`)
}

func TestTheServerLetsRequestsFinishAndEndsPagesThatAreKeptLive(t *testing.T) {
	port, err := devstack.Port(0)
	require.NoError(t, err)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	begun := make(chan struct{}, 2)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /slow", func(w http.ResponseWriter, _ *http.Request) {
		begun <- struct{}{}
		time.Sleep(300 * time.Millisecond)
		_, _ = io.WriteString(w, "done")
	})
	mux.HandleFunc("GET /live", func(_ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- listenAndServe(ctx, address, mux, slog.New(slog.DiscardHandler)) }()
	require.Eventually(t, func() bool {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
	answers := make(chan string, 2)
	for _, path := range []string{"/slow", "/live"} {
		go func() {
			answer, err := http.Get("http://" + address + path)
			if err != nil {
				answers <- err.Error()
				return
			}
			content, _ := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			answers <- string(content)
		}()
	}
	<-begun
	<-begun
	cancel()
	require.ElementsMatch(t, []string{"done", ""}, []string{<-answers, <-answers})
	require.NoError(t, <-served)
}
