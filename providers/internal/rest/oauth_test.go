package rest

import (
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
)

func TestAGrantThatIsRefusedIsToldFromAServerThatDoesNotWork(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   providers.Kind
	}{
		{200, `{"access_token":"t","token_type":"Bearer"}`, ""},
		{200, `{"error":"invalid_code"}`, providers.Unauthenticated},
		{400, `{"error":"invalid_client","error_description":"secret anna@example.test"}`, providers.Unauthenticated},
		{400, `{"message":"?"}`, providers.Invalid},
		{401, `{"error":"invalid_client"}`, providers.Unauthenticated},
		{200, `{}`, providers.Malformed},
		{503, `{"error":"temporarily_unavailable"}`, providers.Unavailable},
	} {
		client := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
			content, _ := io.ReadAll(r.Body)
			if string(content) != "grant_type=client_credentials" || r.URL.Path != "/token" {
				w.WriteHeader(http.StatusTeapot)
			}
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		})
		token, err := client.AccessToken(t.Context(), "/token", url.Values{"grant_type": {"client_credentials"}})
		require.Equal(t, c.want, providers.KindOf(err), c.body)
		if err == nil {
			require.Equal(t, "t", token)
		} else {
			require.NotContains(t, err.Error(), "anna@example.test")
		}
	}
}
