// Package soap calls SOAP 1.1 services (document/literal, wrapped) with the types that gowsdl
// generates. gowsdl encodes and decodes; everything between is the HTTP client of package
// rest, so that both share time-outs, limits, kept connections, redaction and kinds.
//
// What gowsdl v0.5.0's runtime does not do is done here, each with a test: faults inside HTTP
// 500 and 200 and in foreign namespaces, answers in other encodings than UTF-8 or without a
// namespace, children without a namespace where the schema wants them so, a SOAPAction in
// quotes, connections that are kept, no document types and no entities, bounded answers.
//
// Source: SOAP 1.1 (w3.org/TR/2000/NOTE-SOAP-20000508), WS-I Basic Profile 1.1, RFC 7303.
package soap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/hooklift/gowsdl/soap"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
)

// Options configures a client.
type Options struct {
	// HTTP is the client beneath; its Classify is set here.
	HTTP rest.Options
	// Unqualified leaves an operation's children without a namespace, as a schema with
	// elementFormDefault="unqualified" wants it.
	Unqualified bool
	// Headers makes the SOAP headers of a call; each is a struct with an XMLName. Credentials
	// are read anew at each call.
	Headers func() ([]any, error)
	// Classify reads a fault; the empty kind keeps what its code says. The cause is in our
	// words: nothing of a fault may get into an error's text, for it can repeat what was sent.
	Classify func(Fault) (providers.Kind, error)
}

// Call is one operation.
type Call struct {
	// Op is what is tried, for errors: "create ticket".
	Op string
	// Path is below the client's BaseURL.
	Path  string
	Query url.Values
	// Action is the SOAPAction without its quotes.
	Action string
	// Namespace replaces the one that Request was generated with, unless it is empty.
	Namespace string
	// Request and Response are pointers to generated types.
	Request, Response any
}

// Client calls one service. It is safe for concurrent use.
type Client struct {
	options Options
	// HTTP is the client beneath, for what the service offers beside SOAP.
	HTTP *rest.Client
}

// New makes a client.
func New(options Options) *Client {
	c := &Client{options: options}
	options.HTTP.Classify = c.classifyStatus
	c.HTTP = rest.New(options.HTTP)
	return c
}

// Read calls an operation that changes nothing at the desk.
func (c *Client) Read(ctx context.Context, call Call) (rest.Answer, error) {
	return c.call(ctx, call, c.HTTP.Read, providers.Unavailable, providers.Malformed)
}

// Write calls an operation that changes something: without an answer its outcome is unknown.
func (c *Client) Write(ctx context.Context, call Call) (rest.Answer, error) {
	return c.call(ctx, call, c.HTTP.Write, providers.UnknownOutcome, providers.UnknownOutcome)
}

type send func(context.Context, rest.Call) (rest.Answer, error)

// call gives failed to a fault that says nothing and garbled to an answer that is none.
func (c *Client) call(ctx context.Context, call Call, send send, failed, garbled providers.Kind) (rest.Answer, error) {
	exchange := &exchange{client: c, call: call, send: send, failed: failed, garbled: garbled}
	client := soap.NewClient("http://desk.invalid", soap.WithHTTPClient(exchange))
	if c.options.Headers != nil {
		headers, err := c.options.Headers()
		if err != nil {
			return rest.Answer{}, c.HTTP.Refuse(call.Op, err)
		}
		client.SetHeaders(headers...)
	}
	err := client.CallContext(ctx, call.Action, call.Request, call.Response)
	var known *providers.Error
	switch {
	case err == nil, errors.As(err, &known), ctx.Err() != nil:
	case exchange.sent:
		err = c.HTTP.Errorf(call.Op, garbled, errors.New("the answer is not the one that the WSDL promises"))
	default:
		err = c.HTTP.Errorf(call.Op, providers.Invalid, errors.New("the request cannot be written as XML"))
	}
	return exchange.answer, err
}

// exchange is one call's trip over HTTP, in the place of gowsdl's own client.
type exchange struct {
	client          *Client
	call            Call
	send            send
	failed, garbled providers.Kind
	sent            bool
	answer          rest.Answer
}

// Do sends what gowsdl encoded and returns what it can decode.
func (e *exchange) Do(request *http.Request) (*http.Response, error) {
	encoded, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	envelope, namespace, err := e.client.outgoing(encoded, e.call.Namespace)
	if err != nil {
		return nil, err
	}
	var raw []byte
	e.sent = true
	e.answer, err = e.send(request.Context(), rest.Call{
		Op: e.call.Op, Method: http.MethodPost, Path: e.call.Path, Query: e.call.Query, Body: envelope, Raw: &raw,
		Header: map[string]string{
			"Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml", "SOAPAction": `"` + e.call.Action + `"`,
		},
	})
	if err != nil {
		return nil, err
	}
	document, fault, err := incoming(raw, e.answer.Header.Get("Content-Type"), namespace)
	if err != nil {
		return nil, e.client.HTTP.Errorf(e.call.Op, e.garbled, err)
	}
	if fault != nil {
		kind, cause := e.client.classify(*fault)
		if kind == "" {
			kind = e.failed
		}
		if cause == nil {
			cause = fmt.Errorf("HTTP %d with a SOAP fault", e.answer.Status)
		}
		return nil, e.client.HTTP.Errorf(e.call.Op, kind, cause)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(bytes.NewReader(document))}, nil
}
