package rest

import (
	"context"
	"net/http"
	"net/url"

	"github.com/go-resty/resty/v2"

	"deskbridge/providers"
)

// AccessToken asks for an OAuth 2.0 access token (RFC 6749, 4.3, 4.4 and 6) by a form with the
// grant and the credentials; path may be a whole address. A grant that is refused is
// [providers.Unauthenticated]: RFC 6749, 5.2 answers it with 400, some with 200.
func (c *Client) AccessToken(ctx context.Context, path string, form url.Values) (string, error) {
	const op = "log in"
	var answer struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
	}
	_, err := c.Read(ctx, Call{
		Op: op, Method: http.MethodPost, Path: path, LogIn: true, Body: []byte(form.Encode()), Into: &answer,
		Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
	})
	switch {
	case answer.Error != "" && (err == nil || providers.KindOf(err) == providers.Invalid):
		return "", c.Failf(op, providers.Unauthenticated, "the authorization server refuses the client or its credentials; correct client_id and client_secret")
	case err == nil && answer.AccessToken == "":
		return "", c.Failf(op, providers.Malformed, "the answer holds no token")
	}
	return answer.AccessToken, err
}

// Bearer adds a token as RFC 6750 has it.
func Bearer(request *resty.Request, token string) { request.SetAuthToken(token) }
