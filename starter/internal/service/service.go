// Package service is what Activate, people at a command line and end users ask of Deskbridge: one
// verb each, whichever way it comes in. It talks to the Temporal server and the blob store, never
// to a desk, and has no credential of one.
package service

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"gocloud.dev/blob"

	"deskbridge/internal/audit"
	"deskbridge/internal/config"
	"deskbridge/internal/files"
	"deskbridge/internal/payloads"
)

// Fault says whose fault a failure is, and what follows from it.
type Fault string

// The faults.
const (
	// Wrong: what was asked for is wrong; nothing was started.
	Wrong Fault = "wrong"
	// Absent: there is no such thing.
	Absent Fault = "absent"
	// Clash: the same ID was used for something else.
	Clash Fault = "clash"
	// Refused: it is right, and cannot be done now or ever, as the text says.
	Refused Fault = "refused"
	// Down: a part that is needed does not answer; try again.
	Down Fault = "down"
)

// Error is a failure with its fault; its text says where and what to do.
type Error struct {
	Fault Fault
	Err   error
}

// Error is the text.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func fail(fault Fault, format string, args ...any) error {
	return &Error{fault, fmt.Errorf(format, args...)}
}

// wrong makes an error of what somebody sent; nil of nil.
func wrong(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Wrong, err}
}

// FaultOf returns the fault of an error; empty if it has none.
func FaultOf(err error) Fault {
	var known *Error
	if errors.As(err, &known) {
		return known.Fault
	}
	return ""
}

// Service does what is asked. It is safe for concurrent use.
type Service struct {
	Client client.Client
	Config *config.Config
	// Keys open what the server stores; nil if it is not sealed.
	Keys *payloads.Keys

	opening sync.Mutex
	files   *blob.Bucket
}

// store opens the blob store for the first who needs it.
func (s *Service) store(ctx context.Context) (*blob.Bucket, error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	if s.files == nil {
		bucket, err := files.Open(ctx, s.Config.Files)
		if err != nil {
			return nil, &Error{Down, err}
		}
		s.files = bucket
	}
	return s.files, nil
}

// record keeps in the audit that somebody did something with a run, and passes the outcome on.
// Without its record what was done does not count as done: it can be sent again.
func (s *Service) record(ctx context.Context, workflowID, did string, outcome error) error {
	result := audit.OK
	if outcome != nil {
		fault := FaultOf(outcome)
		if fault != Refused && fault != Clash { // nothing was there, or nothing was done
			return outcome
		}
		result = string(fault)
	}
	bucket, err := s.store(ctx)
	if err != nil {
		return errors.Join(outcome, err)
	}
	err = audit.New(bucket).Append(ctx, audit.Subject(workflowID), audit.Record{
		At: time.Now().UTC(), Who: audit.Who(ctx), Did: did, Workflow: workflowID, Result: result,
	})
	if err != nil && outcome == nil {
		return &Error{Down, err}
	}
	return outcome
}

// Audit reads the audit.
func (s *Service) Audit(ctx context.Context) (*audit.Log, error) {
	bucket, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	return audit.New(bucket), nil
}

// server names the fault of the Temporal server's errors.
func server(op string, err error) error {
	var gone *serviceerror.NotFound
	var application *temporal.ApplicationError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &gone):
		return fail(Absent, "%s: there is no such run, or it has ended", op)
	case errors.As(err, &application):
		return &Error{Refused, errors.New(application.Message())}
	case errors.Is(err, context.Canceled):
		return err
	}
	return fail(Down, "%s: %w", op, err)
}
