package api

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
)

func TestPayloadsAreOpenedForAdministratorsOfAKnownTemporalUIAlone(t *testing.T) {
	w := newWorld(t)
	sealed, err := w.api.Service.Keys.Converter().ToPayloads("Anna")
	require.NoError(t, err)
	body, err := protojson.Marshal(sealed)
	require.NoError(t, err)
	const opened = "IkFubmEi" // "Anna", in base64
	ask := func(url, token, origin, method string) (int, string, http.Header) {
		request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
		require.NoError(t, err)
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		if origin != "" {
			request.Header.Set("Origin", origin)
		}
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(text), answer.Header
	}
	decode := w.server.URL + "/codec/decode"
	for name, refused := range map[string]struct {
		token, origin string
		status        int
	}{
		"no token":      {"", "", http.StatusUnauthorized},
		"nonsense":      {"nonsense", "", http.StatusUnauthorized},
		"expired":       {w.token("administrator", "root", "exp", "past"), "", http.StatusUnauthorized},
		"Activate":      {w.token("automation", "activate"), "", http.StatusForbidden},
		"an end user":   {w.token("end-user", "anna"), "", http.StatusForbidden},
		"another page":  {w.token("administrator", "root"), "https://elsewhere.example.com", http.StatusForbidden},
		"a guessed way": {"", "", http.StatusUnauthorized},
	} {
		url := decode
		if name == "a guessed way" {
			url = w.server.URL + Static{Token: "guess"}.CodecPath() + "/decode"
		}
		status, text, _ := ask(url, refused.token, refused.origin, http.MethodPost)
		require.Equal(t, refused.status, status, name)
		require.NotContains(t, text, opened, name)
	}
	status, text, header := ask(decode, w.token("administrator", "root"), "https://temporal.example.com", http.MethodPost)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, opened)
	require.Equal(t, "https://temporal.example.com", header.Get("Access-Control-Allow-Origin"))
	status, _, header = ask(decode, "", "https://temporal.example.com", http.MethodOptions)
	require.Equal(t, http.StatusNoContent, status, "a browser asks first, without a token")
	require.Contains(t, header.Get("Access-Control-Allow-Headers"), "Authorization")

	development := w.api.Options
	development.Callers = Static{Token: "the token of a development machine"}
	server := httptest.NewServer(New(development).Handler())
	defer server.Close()
	status, text, _ = ask(server.URL+Static{Token: "the token of a development machine"}.CodecPath()+"/decode", "", "", http.MethodPost)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, opened)
}
