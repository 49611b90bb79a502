package workflows

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"deskbridge/internal/logkey"
	"deskbridge/internal/names"
	"deskbridge/providers"
)

// kindOf reads an activity's failure back as a kind; empty if it has none.
func kindOf(err error) providers.Kind {
	var application *temporal.ApplicationError
	var timeout *temporal.TimeoutError
	switch {
	case errors.As(err, &application):
		return providers.Kind(application.Type())
	case errors.As(err, &timeout):
		return providers.Unavailable
	default:
		return ""
	}
}

// reasonOf is the text of an activity's failure without the layers that Temporal wraps around it.
func reasonOf(err error) string {
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		return application.Message()
	}
	return err.Error()
}

// refuse ends a workflow or an update whose input is wrong.
func refuse(err error) error {
	return temporal.NewNonRetryableApplicationError(err.Error(), string(providers.Invalid), nil)
}

// attention says on a run that it needs a person: in a search attribute and in its state, with
// the reason, which holds the cure.
type attention struct {
	Kind   string
	Reason string
}

// answer lets anybody ask what a person must mend, and how; empty if nothing.
func (a *attention) answer(ctx workflow.Context) error {
	return workflow.SetQueryHandler(ctx, names.Cure, func() (string, error) { return a.Reason, nil })
}

const attentionRetry = 15 * time.Minute

func (a *attention) raise(ctx workflow.Context, kind, reason string) {
	if a.Kind == kind && a.Reason == reason {
		return
	}
	a.Kind, a.Reason = kind, reason
	_ = workflow.UpsertTypedSearchAttributes(ctx, names.Attention.ValueSet(kind))
	workflow.GetLogger(ctx).Warn("needs a person", logkey.Kind, kind)
}

func (a *attention) clear(ctx workflow.Context) {
	if a.Kind == "" {
		return
	}
	a.Kind, a.Reason = "", ""
	_ = workflow.UpsertTypedSearchAttributes(ctx, names.Attention.ValueUnset())
}

// untilMended runs a call until it succeeds or fails for good. Where a person must mend something
// first it raises attention, describes the run anew, and tries again later, or at once when hurry
// turns true.
func (a *attention) untilMended(ctx workflow.Context, describe func(), hurry func() bool, call func() error) error {
	for {
		err := call()
		kind := kindOf(err)
		if err == nil || !kind.NeedsPerson() {
			a.clear(ctx)
			return err
		}
		a.raise(ctx, string(kind), reasonOf(err))
		describe()
		if _, err := workflow.AwaitWithTimeout(ctx, attentionRetry, hurry); err != nil {
			return err
		}
	}
}

func (a *attention) describe(text *strings.Builder) {
	if a.Kind != "" {
		fmt.Fprintf(text, "\n\n**Needs a person:** %s", a.Reason)
	}
}
