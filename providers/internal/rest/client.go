// Package rest is the one HTTP client of the REST desks: resty v2 with one attempt a call,
// time-outs, a limit on answers, no redirects, and errors that carry a kind and no content.
package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"deskbridge/providers"
)

// Defaults of [Options].
const (
	DefaultTimeout   = 30 * time.Second
	DefaultMaxAnswer = 40 << 20
	DefaultMaxConns  = 4
)

// Options configures a client.
type Options struct {
	// Desk is the type of desk, for errors.
	Desk string
	// BaseURL has no slash at its end.
	BaseURL string
	// Authorize adds the credentials to a request.
	Authorize func(*resty.Request) error
	// Session authorizes by a token that the desk gives, in the place of Authorize.
	Session *Session
	// Timeout bounds one call; zero means [DefaultTimeout].
	Timeout time.Duration
	// MaxAnswer bounds an answer in bytes; zero means [DefaultMaxAnswer].
	MaxAnswer int
	// MaxConns bounds connections to the desk; zero means [DefaultMaxConns].
	MaxConns int
	// Classify overrides the table status -> kind by what the desk's error says; the empty
	// kind keeps the table's. It may give the cause in our words, too: what it is given must
	// not get into an error's text.
	Classify func(status int, body []byte) (providers.Kind, error)
}

// Client calls one desk. It is safe for concurrent use.
type Client struct {
	options Options
	resty   *resty.Client
}

// Call is one request.
type Call struct {
	// Op is what is tried, for errors: "create ticket".
	Op     string
	Method string
	// Path holds {name} for each of Params, whose values are escaped.
	Path   string
	Params map[string]string
	Query  url.Values
	// Header is sent with its names as they are written.
	Header map[string]string
	// JSON is sent as the body unless Form or Body is set.
	JSON any
	Form []FormPart
	// LogIn marks the call that opens the session.
	LogIn bool
	// Body is sent as it is, with the type in Header.
	Body []byte
	// Optional says that an answer may be empty, as 204 is for a list without rows.
	Optional bool
	// Into takes the JSON of the answer, Raw its bytes.
	Into any
	Raw  *[]byte
}

// FormPart is one part of a multipart/form-data body.
type FormPart struct {
	Name        string
	FileName    string
	ContentType string
	Content     []byte
}

// Answer is what the desk said.
type Answer struct {
	Status int
	Header http.Header
	// At is the desk's clock, UTC; zero if it sent no Date.
	At time.Time
}

// CreatedID is the last part of the Location of what a call created; empty if none is named.
func (a Answer) CreatedID() string {
	location := a.Header.Get("Location")
	return location[strings.LastIndex(location, "/")+1:]
}

// DeskTime is the desk's clock, without which changes cannot be followed.
func (c *Client) DeskTime(op string, at time.Time) (time.Time, error) {
	if at.IsZero() {
		return time.Time{}, c.Errorf(op, providers.Misconfigured, errors.New("the answer has no Date header, so that the desk's clock is unknown; let the proxy pass it"))
	}
	return at, nil
}

// answerTime reads the Date of an answer; zero if it has none.
func answerTime(header http.Header) time.Time {
	at, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// New makes a client.
func New(options Options) *Client {
	if options.Timeout == 0 {
		options.Timeout = DefaultTimeout
	}
	if options.MaxAnswer == 0 {
		options.MaxAnswer = DefaultMaxAnswer
	}
	if options.MaxConns == 0 {
		options.MaxConns = DefaultMaxConns
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: 10 * time.Second,
		MaxConnsPerHost:     options.MaxConns,
		MaxIdleConnsPerHost: options.MaxConns,
		IdleConnTimeout:     5 * time.Second, // a kept connection pins a process of a small desk
	}
	client := resty.NewWithClient(&http.Client{Transport: transport, Timeout: options.Timeout}).
		SetBaseURL(options.BaseURL).
		SetResponseBodyLimit(options.MaxAnswer).
		SetHeader("Accept", "application/json").
		SetHeader("User-Agent", "deskbridge").
		SetLogger(silent{}).
		SetPreRequestHook(replay).
		SetRedirectPolicy(resty.RedirectPolicyFunc(func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}))
	return &Client{options: options, resty: client}
}

// Read makes a call that changes nothing at the desk, whatever its method.
func (c *Client) Read(ctx context.Context, call Call) (Answer, error) {
	return c.do(ctx, call, reading)
}

// Write makes a call that changes something: without an answer its outcome is unknown.
func (c *Client) Write(ctx context.Context, call Call) (Answer, error) {
	return c.do(ctx, call, writing)
}

// Clock reads the desk's clock from the Date of any answer, for desks whose API sends none.
func (c *Client) Clock(ctx context.Context, op, path string) (time.Time, error) {
	if err := c.pass(ctx, op); err != nil {
		return time.Time{}, err
	}
	response, err := c.resty.R().SetContext(ctx).Head(path)
	if err != nil {
		return time.Time{}, c.transportError(ctx, op, err, reading)
	}
	return c.DeskTime(op, answerTime(response.Header()))
}

// replayable marks the context of a call that changes nothing.
type replayable struct{}

// replay lets net/http send a request again on a new connection where a kept one turns out to
// be closed, as it does for GET: a search by POST changes nothing either. The header's empty
// list is not sent, see [http.Transport].
func replay(_ *resty.Client, request *http.Request) error {
	if request.Context().Value(replayable{}) != nil {
		request.Header["X-Idempotency-Key"] = nil
	}
	return nil
}

func (c *Client) do(ctx context.Context, call Call, effect effect) (Answer, error) {
	sending := ctx
	if effect == reading {
		sending = context.WithValue(ctx, replayable{}, true)
	}
	sending, span := startSpan(sending, call)
	defer span.End()
	began := time.Now()
	response, err := c.execute(sending, call)
	var known *providers.Error
	if errors.As(err, &known) { // of the log-in, or of the connection's budget: this call was not made
		return Answer{}, err
	}
	exchange := providers.Exchange{Op: call.Op, Method: call.Method, Path: call.Path, Took: time.Since(began)}
	if err == nil {
		exchange.Status = response.StatusCode()
	}
	endSpan(span, exchange.Status)
	providers.Observe(ctx, exchange)
	if err != nil {
		var kind providers.Kind
		if errors.As(err, &kind) {
			return Answer{}, c.Errorf(call.Op, kind, err)
		}
		return Answer{}, c.transportError(ctx, call.Op, err, effect)
	}
	answer := Answer{Status: response.StatusCode(), Header: response.Header(), At: answerTime(response.Header())}
	if response.StatusCode() < 200 || response.StatusCode() > 299 {
		if call.LogIn && call.Into != nil {
			_ = json.Unmarshal(response.Body(), call.Into) // why it is refused
		}
		return answer, c.statusError(call.Op, response, effect)
	}
	if call.Raw != nil {
		*call.Raw = response.Body()
	}
	if call.Into == nil || len(response.Body()) == 0 && (effect == writing || call.Optional) {
		return answer, nil
	}
	if err := json.Unmarshal(response.Body(), call.Into); err != nil {
		return answer, c.Errorf(call.Op, effect.kind(providers.Malformed), errors.New("the answer is not the JSON that was expected"))
	}
	return answer, nil
}

// execute sends a call, once unless a session has to be opened anew.
func (c *Client) execute(ctx context.Context, call Call) (*resty.Response, error) {
	if c.options.Session != nil && !call.LogIn {
		return c.options.Session.execute(ctx, call, func() (*resty.Request, error) { return c.request(ctx, call) })
	}
	request, err := c.request(ctx, call)
	if err != nil {
		return nil, err
	}
	return request.Execute(call.Method, call.Path)
}

// pass waits for the turn of a call.
func (c *Client) pass(ctx context.Context, op string) error {
	wait, err := providers.Pass(ctx)
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	refused := c.Errorf(op, providers.RateLimited, err)
	refused.RetryAfter = wait
	return refused
}

func (c *Client) request(ctx context.Context, call Call) (*resty.Request, error) {
	if err := c.pass(ctx, call.Op); err != nil {
		return nil, err
	}
	request := c.resty.R().SetContext(ctx).SetPathParams(call.Params).SetQueryParamsFromValues(call.Query)
	for name, value := range call.Header {
		request.SetHeaderVerbatim(name, value)
	}
	switch {
	case call.Form != nil:
		fields := make([]*resty.MultipartField, len(call.Form))
		for i, part := range call.Form {
			fields[i] = &resty.MultipartField{Param: part.Name, FileName: part.FileName, ContentType: part.ContentType, Reader: bytes.NewReader(part.Content)}
		}
		request.SetMultipartFields(fields...)
	case call.Body != nil:
		request.SetBody(call.Body)
	case call.JSON != nil:
		request.SetHeader("Content-Type", "application/json").SetBody(call.JSON)
	}
	if c.options.Authorize == nil {
		return request, nil
	}
	return request, c.options.Authorize(request)
}

// silent drops resty's own log lines, which hold addresses and bodies.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
