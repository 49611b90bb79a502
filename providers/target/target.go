// Package target calls the HTTP target of an automated step. Targets come from the
// configuration alone; a request names one and gives its arguments, never a URL.
package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-resty/resty/v2"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
)

// Config is a target's settings.
type Config struct {
	// URL takes a POST with the call as JSON.
	URL string `yaml:"url"`
	// Authorization is the value of the header of that name, if the target wants one.
	Authorization providers.Secret `yaml:"authorization"`
	// Timeout bounds one call; 30 s if zero.
	Timeout time.Duration `yaml:"timeout"`
}

// Validate reports every mistake.
func (c Config) Validate() error {
	var mistakes []error
	address, err := url.Parse(c.URL)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "" {
		mistakes = append(mistakes, errors.New("url: want an address such as https://automation.example.com/hooks/laptop"))
	}
	if err := c.Authorization.Validate(); err != nil && !c.Authorization.IsZero() {
		mistakes = append(mistakes, fmt.Errorf("authorization: %w", err))
	}
	if c.Timeout < 0 {
		mistakes = append(mistakes, fmt.Errorf("timeout: %s; want a positive duration such as 30s", c.Timeout))
	}
	return errors.Join(mistakes...)
}

// Call is what a target is asked. The key also goes into the header Idempotency-Key, by which a
// target tells a call that is tried again from a new one.
type Call struct {
	Key       providers.Key  `json:"key"`
	Workflow  string         `json:"workflow"`
	Arguments map[string]any `json:"arguments,omitempty"`
}

// Result is what a target answered.
type Result struct {
	// Accepted says that the work goes on (HTTP 202) and is completed by a later call.
	Accepted bool
	// Output is the JSON of the answer, if there was any.
	Output json.RawMessage `json:",omitempty"`
}

// maxOutput bounds an answer, which becomes part of the run, in bytes.
const maxOutput = 256 << 10

// Target is one configured target.
type Target struct {
	client *rest.Client
}

// New makes a target; it calls nothing.
func New(name string, config Config) (*Target, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	return &Target{client: rest.New(rest.Options{
		Desk: "target " + name, BaseURL: config.URL, Timeout: config.Timeout, MaxAnswer: maxOutput,
		Authorize: func(request *resty.Request) error {
			if config.Authorization.IsZero() {
				return nil
			}
			value, err := config.Authorization.Reveal()
			request.SetHeader("Authorization", value)
			return err
		},
	})}, nil
}

// Call calls the target once.
func (t *Target) Call(ctx context.Context, call Call) (Result, error) {
	var output output
	answer, err := t.client.Write(ctx, rest.Call{
		Op: "call", Method: http.MethodPost, JSON: call, Into: &output,
		Header: map[string]string{"Idempotency-Key": string(call.Key)},
	})
	return Result{Accepted: answer.Status == http.StatusAccepted, Output: json.RawMessage(output)}, err
}

// output takes any JSON as it is.
type output json.RawMessage

// UnmarshalJSON keeps the text.
func (o *output) UnmarshalJSON(data []byte) error {
	*o = append((*o)[:0], data...)
	return nil
}
