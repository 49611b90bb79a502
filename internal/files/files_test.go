package files

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFolderIsMadeAndAnUnknownAddressIsRefused(t *testing.T) {
	bucket, err := Open(t.Context(), "file://"+t.TempDir()+"/a/b")
	require.NoError(t, err)
	require.NoError(t, bucket.WriteAll(t.Context(), "incoming/x", []byte("x"), nil))
	require.NoError(t, bucket.Copy(t.Context(), "y", "incoming/x", nil))
	require.NoError(t, bucket.Close())

	_, err = Open(t.Context(), "ftp://somewhere")
	require.ErrorContains(t, err, "files: ")
}
