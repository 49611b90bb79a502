package providers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
)

func TestAnErrorIsItsKindAndItsCause(t *testing.T) {
	cause := errors.New("because")
	var err error = &providers.Error{Kind: providers.NotFound, Desk: "rt", Op: "fetch ticket", Err: cause}
	wrapped := fmt.Errorf("activity: %w", err)
	require.ErrorIs(t, wrapped, providers.NotFound)
	require.NotErrorIs(t, wrapped, providers.Forbidden)
	require.ErrorIs(t, wrapped, cause)
	require.Equal(t, providers.NotFound, providers.KindOf(wrapped))
	require.Equal(t, "rt: fetch ticket: not-found: because", err.Error())
	require.Equal(t, providers.Conflict, providers.KindOf(fmt.Errorf("%w: taken", providers.Conflict)))
	require.Empty(t, providers.KindOf(cause))
}

func TestEveryKindIsEitherRetriedOrMendedOrFinal(t *testing.T) {
	for _, kind := range providers.Kinds() {
		require.False(t, kind.Retryable() && kind.NeedsPerson(), kind)
	}
	require.True(t, providers.UnknownOutcome.Retryable())
	require.True(t, providers.Unauthenticated.NeedsPerson())
	require.False(t, providers.Invalid.Retryable())
}

type bare struct{ providers.Desk }

type logging struct {
	providers.Desk
	providers.UserFinder
	providers.UserCreator
	providers.NoteFetcher
	providers.AttachmentUploader
}

func TestAMissingFunctionIsAnErrorThatNamesIt(t *testing.T) {
	_, err := providers.As[providers.NoteAdder](bare{})
	require.ErrorIs(t, err, providers.Unsupported)
	require.ErrorContains(t, err, "NoteAdder")
	require.Empty(t, providers.LevelOf(bare{}))
	require.Equal(t, providers.LevelLogOnly, providers.LevelOf(logging{}))
}

func TestLevelsAreOrdered(t *testing.T) {
	require.True(t, providers.LevelFull.AtLeast(providers.LevelLogOnly))
	require.True(t, providers.LevelStatusSync.AtLeast(providers.LevelStatusSync))
	require.False(t, providers.LevelLogOnly.AtLeast(providers.LevelFull))
	require.False(t, providers.LevelFull.AtLeast("nonsense"))
}

func TestKeysAreTwoIDs(t *testing.T) {
	for _, good := range []string{"R-1/laptop", "a/b", "R_1.x/step.fallback"} {
		_, err := providers.ParseKey(good)
		require.NoError(t, err, good)
	}
	for _, bad := range []string{"", "a", "/", "a/", "/b", "a/b/c", "a b/c", "a'/b", "-a/b", "ä/b", "a/b\n"} {
		_, err := providers.ParseKey(bad)
		require.Error(t, err, bad)
	}
}

func TestASecretIsNeverPrinted(t *testing.T) {
	t.Setenv("A_TOKEN", "canary")
	secret, err := providers.ParseSecret("env:A_TOKEN")
	require.NoError(t, err)
	value, err := secret.Reveal()
	require.NoError(t, err)
	require.Equal(t, "canary", value)
	encoded, err := json.Marshal(map[string]any{"s": secret})
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprint(secret), fmt.Sprintf("%v %+v %#v %s", secret, secret, secret, secret), string(encoded)} {
		require.NotContains(t, text, "canary")
		require.NotContains(t, text, "A_TOKEN")
	}
	path := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(path, []byte("first\n"), 0o600))
	secret, err = providers.ParseSecret("file:" + path)
	require.NoError(t, err)
	value, _ = secret.Reveal()
	require.Equal(t, "first", value)
	require.NoError(t, os.WriteFile(path, []byte("second"), 0o600))
	value, _ = secret.Reveal()
	require.Equal(t, "second", value, "a rotated file is taken up")
}

func TestASecretThatIsNoReferenceIsRefusedAndNotRepeated(t *testing.T) {
	for _, text := range []string{"hunter2", "env:", "http://x"} {
		_, err := providers.ParseSecret(text)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
	missing, err := providers.ParseSecret("env:NOT_SET_ANYWHERE")
	require.NoError(t, err)
	_, err = missing.Reveal()
	require.ErrorIs(t, err, providers.Misconfigured)
	require.ErrorContains(t, err, "env:NOT_SET_ANYWHERE")
	require.NotErrorIs(t, err, context.Canceled)
}
