package rest

import (
	"context"
	"net/http"

	"github.com/go-resty/resty/v2"
)

// Session keeps a token that a desk gives at a log-in. It is opened by the first call that
// needs it, while others wait, and once more when the desk refuses a token that is older than
// the call: such a call was not carried out, so that it is sent again.
type Session struct {
	// Open logs in and returns the token.
	Open func(context.Context) (string, error)
	// Authorize adds the token to a request.
	Authorize func(request *resty.Request, token string)

	turn  chan struct{}
	token string
}

// NewSession makes a session that is not open yet.
func NewSession(open func(context.Context) (string, error), authorize func(*resty.Request, string)) *Session {
	return &Session{Open: open, Authorize: authorize, turn: make(chan struct{}, 1)}
}

// take returns the token, and whether it was there before.
func (s *Session) take(ctx context.Context, refused string) (token string, kept bool, err error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return "", false, ctx.Err()
	}
	if s.token != "" && s.token != refused {
		return s.token, true, nil
	}
	s.token = ""
	opened, err := s.Open(ctx)
	if err != nil {
		return "", false, err
	}
	s.token = opened
	return opened, false, nil
}

// execute sends a call in the session; build makes its request anew each time.
func (s *Session) execute(ctx context.Context, call Call, build func() (*resty.Request, error)) (*resty.Response, error) {
	refused := ""
	for {
		token, kept, err := s.take(ctx, refused)
		if err != nil {
			return nil, err
		}
		request, err := build()
		if err != nil {
			return nil, err
		}
		s.Authorize(request, token)
		response, err := request.Execute(call.Method, call.Path)
		if err != nil || response.StatusCode() != http.StatusUnauthorized || !kept {
			return response, err
		}
		refused = token
	}
}
