package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeysAreMadeRotatedShownAndDropped(t *testing.T) {
	file := filepath.Join(t.TempDir(), "payload.keys")
	out, err := call(t, goodConfig, "", "keys", "new", file)
	require.NoError(t, err)
	require.Regexp(t, `^\d+  primary\n\d+  standby\n$`, out)
	out, err = call(t, goodConfig, "", "keys", "rotate", file)
	require.NoError(t, err)
	require.Regexp(t, `^\d+  old\n\d+  primary\n\d+  standby\n$`, out)
	old, _, _ := strings.Cut(out, " ")
	_, err = call(t, goodConfig, "", "keys", "drop", file, old)
	require.NoError(t, err)
	out, err = call(t, goodConfig, "", "keys", "show", file)
	require.NoError(t, err)
	require.NotContains(t, out, old)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotContains(t, string(content), old)

	for _, wrong := range [][]string{{"new", file}, {"show", file + ".absent"}, {"drop", file, "x"}, {"drop", file, "1"}} {
		_, err := call(t, goodConfig, "", append([]string{"keys"}, wrong...)...)
		require.Error(t, err, wrong)
	}
	require.NoError(t, os.WriteFile(file, []byte("nonsense"), 0o600))
	_, err = call(t, goodConfig, "", "keys", "rotate", file)
	require.ErrorContains(t, err, "no keyset")
	require.Equal(t, exitUsage, exitCode(err))
}

func TestWithoutKeysNothingIsStartedAndTheCureIsNamed(t *testing.T) {
	_, err := call(t, strings.Replace(goodConfig, "payload_keys: none", "", 1), "", "list")
	require.ErrorContains(t, err, "starter keys new")
	_, err = call(t, strings.Replace(goodConfig, "payload_keys: none", "payload_keys: file:/nowhere/keys", 1), "", "list")
	require.ErrorContains(t, err, "file:/nowhere/keys cannot be read")
	_, err = call(t, strings.Replace(goodConfig, "payload_keys: none", "payload_keys: aGVsbG8=", 1), "", "list")
	require.ErrorContains(t, err, "by reference")
	require.NotContains(t, err.Error(), "aGVsbG8=")
}
