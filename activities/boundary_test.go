package activities

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"deskbridge/providers"
)

func TestEveryKindCrossesTheBoundaryOnce(t *testing.T) {
	for _, kind := range providers.Kinds() {
		desk := &providers.Error{Kind: kind, Desk: "rt", Op: "op", RetryAfter: 7 * time.Second}
		err := convert(t.Context(), fmt.Errorf("wrapped: %w", desk))
		var application *temporal.ApplicationError
		require.ErrorAs(t, err, &application)
		require.Same(t, err, error(application), "it is the outermost, for the SDK looks at no other")
		require.Equal(t, string(kind), application.Type())
		require.Equal(t, !kind.Retryable(), application.NonRetryable())
		require.Equal(t, 7*time.Second, application.NextRetryDelay(), kind)
	}
}

func TestWhatIsTemporalsOwnPassesTheBoundary(t *testing.T) {
	require.NoError(t, convert(t.Context(), nil))
	for _, err := range []error{activity.ErrResultPending, temporal.NewCanceledError(), temporal.NewApplicationError("x", "y")} {
		require.Equal(t, err, convert(t.Context(), err))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, context.Canceled, convert(ctx, fmt.Errorf("rt: fetch: %w", context.Canceled)))
	var application *temporal.ApplicationError
	require.ErrorAs(t, convert(t.Context(), errors.New("a mistake of ours")), &application)
	require.Equal(t, typeInternal, application.Type())
	require.False(t, application.NonRetryable())
}
