package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/go-resty/resty/v2"

	"deskbridge/providers"
)

// effect says whether a call changes something at the desk.
type effect int

const (
	reading effect = iota
	writing
)

// kind turns a failure after sending into an unknown outcome if the call writes.
func (e effect) kind(whenReading providers.Kind) providers.Kind {
	if e == writing {
		return providers.UnknownOutcome
	}
	return whenReading
}

// statusKinds is the table status -> kind of RFC 9110; a desk overrides it in Options.Classify.
var statusKinds = map[int]providers.Kind{
	http.StatusBadRequest:            providers.Invalid,
	http.StatusUnauthorized:          providers.Unauthenticated,
	http.StatusPaymentRequired:       providers.Forbidden,
	http.StatusForbidden:             providers.Forbidden,
	http.StatusNotFound:              providers.NotFound,
	http.StatusMethodNotAllowed:      providers.Unsupported,
	http.StatusNotAcceptable:         providers.Unsupported,
	http.StatusProxyAuthRequired:     providers.Misconfigured,
	http.StatusRequestTimeout:        providers.Unavailable,
	http.StatusConflict:              providers.Conflict,
	http.StatusGone:                  providers.NotFound,
	http.StatusPreconditionFailed:    providers.Conflict,
	http.StatusRequestEntityTooLarge: providers.TooLarge,
	http.StatusUnsupportedMediaType:  providers.Unsupported,
	http.StatusUnprocessableEntity:   providers.Invalid,
	http.StatusLocked:                providers.Unavailable,
	http.StatusTooEarly:              providers.Unavailable,
	http.StatusTooManyRequests:       providers.RateLimited,
	http.StatusNotImplemented:        providers.Unsupported,
}

func (c *Client) statusError(op string, response *resty.Response, effect effect) error {
	status := response.StatusCode()
	kind, known := statusKinds[status]
	cause := fmt.Errorf("HTTP %d", status)
	if c.options.Classify != nil {
		if own, why := c.options.Classify(status, response.Body()); own != "" {
			kind, known = own, true
			if why != nil {
				cause = why
			}
		}
	}
	switch {
	case known:
	case status >= 300 && status < 400:
		kind = providers.Misconfigured
		cause = fmt.Errorf("HTTP %d: the desk redirects; put its final address into url", status)
	case status >= 400 && status < 500:
		kind = providers.Invalid
	default:
		kind = effect.kind(providers.Unavailable)
	}
	err := c.Errorf(op, kind, cause)
	switch {
	case kind == providers.RateLimited: // vendors tell the reset of a limit with every answer
		err.RetryAfter = retryAfter(response.Header(), "Retry-After", "RateLimit-Reset", "X-RateLimit-Reset")
	case kind.Retryable():
		err.RetryAfter = retryAfter(response.Header(), "Retry-After")
	}
	return err
}

func (c *Client) transportError(ctx context.Context, op string, err error, effect effect) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %s: %w", c.options.Desk, op, ctx.Err())
	}
	if errors.Is(err, resty.ErrResponseBodyTooLarge) {
		return c.Errorf(op, providers.TooLarge, fmt.Errorf("the answer is larger than %d bytes", c.options.MaxAnswer))
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return c.Errorf(op, providers.Misconfigured, errors.New("the desk's certificate is not trusted; add its authority to the worker's trust store"))
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return c.Errorf(op, providers.Unavailable, errors.New(reason(err)))
	}
	return c.Errorf(op, effect.kind(providers.Unavailable), errors.New(reason(err)))
}

// reason names a transport error without its text, which holds the URL.
func reason(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		return "the desk's host name cannot be resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection lost"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	default:
		return "the connection failed"
	}
}

// maxRetryAfter bounds how long a desk can make us wait before we ask again.
const maxRetryAfter = time.Hour

// retryAfter reads how long a desk asks to wait, from the first of these headers that it sent:
// Retry-After, seconds or a date (RFC 9110, 10.2.3), or when its limit is lifted: RateLimit-Reset in seconds (draft-ietf-httpapi-
// ratelimit-headers), X-RateLimit-Reset in seconds, as a Unix time or as an ISO 8601 date, as
// vendors have it. A date is held against the desk's own clock.
func retryAfter(header http.Header, names ...string) time.Duration {
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	for _, name := range names {
		text := header.Get(name)
		if text == "" {
			continue
		}
		wait := time.Duration(0)
		const unix = 1e9 // seconds since 1970, and not from now
		if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds >= unix {
			wait = time.Unix(seconds, 0).Sub(now)
		} else if err == nil {
			wait = time.Duration(min(seconds, int64(maxRetryAfter/time.Second))) * time.Second
		} else if at, err := http.ParseTime(text); err == nil {
			wait = at.Sub(now)
		} else if at, err := parseISO(text); err == nil {
			wait = at.Sub(now)
		}
		return min(max(wait, 0), maxRetryAfter)
	}
	return 0
}

// parseISO reads a date with seconds or, as Atlassian writes it, without.
func parseISO(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		at, err = time.Parse("2006-01-02T15:04Z07:00", text)
	}
	return at, err
}

// Errorf makes an error of this desk.
func (c *Client) Errorf(op string, kind providers.Kind, cause error) *providers.Error {
	return &providers.Error{Kind: kind, Desk: c.options.Desk, Op: op, Err: cause}
}

// Failf makes an error of this desk with a text of ours.
func (c *Client) Failf(op string, kind providers.Kind, format string, args ...any) error {
	return c.Errorf(op, kind, fmt.Errorf(format, args...))
}

// Refuse makes an error of this desk of one that has a kind, before anything is sent.
func (c *Client) Refuse(op string, err error) error {
	return c.Errorf(op, providers.KindOf(err), err)
}

// Explain adds the cure to errors of one kind.
func (c *Client) Explain(err error, kind providers.Kind, op, format string, args ...any) error {
	if err != nil && errors.Is(err, kind) {
		return c.Failf(op, kind, format, args...)
	}
	return err
}
