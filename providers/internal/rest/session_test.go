package rest

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-resty/resty/v2"
	"github.com/stretchr/testify/require"

	"deskbridge/providers"
)

func TestASessionIsOpenedOnceAndAnewWhenTheDeskForgetsIt(t *testing.T) {
	var logins, forget atomic.Int32
	var body atomic.Value
	var client *Client
	session := NewSession(func(ctx context.Context) (string, error) {
		var token []byte
		_, err := client.Read(ctx, Call{Op: "log in", Method: http.MethodPost, Path: "/login", LogIn: true, Raw: &token})
		return string(token), err
	}, func(request *resty.Request, token string) { request.SetHeader("Authorization", token) })
	client = serve(t, Options{Session: session}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			_, _ = w.Write([]byte{'a' + byte(logins.Add(1))})
			return
		}
		content, _ := io.ReadAll(r.Body)
		body.Store(string(content))
		if r.Header.Get("Authorization") != string([]byte{'a' + byte(logins.Load())}) || forget.CompareAndSwap(1, 0) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	call := Call{Op: "write", Method: http.MethodPost, Path: "/thing"}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, err := client.Write(t.Context(), call)
			require.NoError(t, err)
		})
	}
	group.Wait()
	require.EqualValues(t, 1, logins.Load(), "one log-in serves all")
	forget.Store(1)
	call.Form = []FormPart{{Name: "file", FileName: "a.txt", Content: []byte("whole")}}
	_, err := client.Write(t.Context(), call)
	require.NoError(t, err)
	require.EqualValues(t, 2, logins.Load())
	require.Contains(t, body.Load(), "whole", "what is sent again is sent whole")
}

func TestALogInThatFailsIsTheCallsError(t *testing.T) {
	var client *Client
	session := NewSession(func(ctx context.Context) (string, error) {
		_, err := client.Read(ctx, Call{Op: "log in", Method: http.MethodPost, Path: "/login", LogIn: true})
		return "", err
	}, func(*resty.Request, string) {})
	client = serve(t, Options{Session: session}, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	_, err := client.Write(t.Context(), Call{Op: "write", Method: http.MethodPost, Path: "/thing"})
	require.ErrorIs(t, err, providers.Unauthenticated)
	broken := NewSession(func(context.Context) (string, error) { return "", providers.Misconfigured }, func(*resty.Request, string) {})
	client = New(Options{Desk: "test", BaseURL: "http://127.0.0.1:1", Session: broken})
	_, err = client.Write(t.Context(), Call{Op: "write", Method: http.MethodPost, Path: "/thing"})
	require.ErrorIs(t, err, providers.Misconfigured, "nothing was sent, so that the outcome is known")
}
