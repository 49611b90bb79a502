package providers

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind is what went wrong, independent of the desk. It is an error constant, so that
// errors.Is(err, providers.NotFound) works.
type Kind string

// The kinds of error.
const (
	// NotFound: there is no such thing, or it was deleted.
	NotFound Kind = "not-found"
	// Conflict: it exists already, or changed meanwhile.
	Conflict Kind = "conflict"
	// Ambiguous: more than one thing matches.
	Ambiguous Kind = "ambiguous"
	// Invalid: the desk refuses what was asked; the same request fails again.
	Invalid Kind = "invalid"
	// Unauthenticated: the credentials are wrong.
	Unauthenticated Kind = "unauthenticated"
	// Forbidden: the account lacks a right.
	Forbidden Kind = "forbidden"
	// Misconfigured: the desk or the connection lacks something that a person must set up.
	Misconfigured Kind = "misconfigured"
	// Unsupported: this desk cannot do that.
	Unsupported Kind = "unsupported"
	// TooLarge: a file, a note or an answer is over a limit.
	TooLarge Kind = "too-large"
	// RateLimited: too many calls; RetryAfter says when.
	RateLimited Kind = "rate-limited"
	// Unavailable: the desk is down or unreachable, and nothing was changed.
	Unavailable Kind = "unavailable"
	// UnknownOutcome: the request was sent and no answer came, so that it may have taken effect.
	UnknownOutcome Kind = "unknown-outcome"
	// Malformed: the answer cannot be understood.
	Malformed Kind = "malformed"
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{
		NotFound, Conflict, Ambiguous, Invalid, Unauthenticated, Forbidden, Misconfigured,
		Unsupported, TooLarge, RateLimited, Unavailable, UnknownOutcome, Malformed,
	}
}

// Error makes a kind an error.
func (k Kind) Error() string { return string(k) }

// Retryable says whether the same request may succeed later without anybody's doing.
func (k Kind) Retryable() bool {
	switch k {
	case RateLimited, Unavailable, UnknownOutcome, Malformed:
		return true
	default:
		return false
	}
}

// NeedsPerson says whether somebody must mend something first, after which the same request may succeed.
func (k Kind) NeedsPerson() bool {
	switch k {
	case Unauthenticated, Forbidden, Misconfigured, Ambiguous:
		return true
	default:
		return false
	}
}

// Error is a failure of a desk. Its text never holds a secret, a body or an address.
type Error struct {
	Kind Kind
	// Desk is the type of desk, for example "rt".
	Desk string
	// Op is what was tried, for example "create ticket".
	Op string
	// RetryAfter is how long the desk asked to wait; zero if it did not say.
	RetryAfter time.Duration
	// Err is the cause or the cure.
	Err error
}

// Error reads "desk: operation: cause".
func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %s: %s", e.Desk, e.Op, e.Kind)
	if e.Err != nil {
		text += ": " + strings.TrimPrefix(e.Err.Error(), string(e.Kind)+": ")
	}
	return text
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// KindOf returns the kind of an error; the empty kind if it has none.
func KindOf(err error) Kind {
	var desk *Error
	if errors.As(err, &desk) {
		return desk.Kind
	}
	var kind Kind
	if errors.As(err, &kind) {
		return kind
	}
	return ""
}
