package files

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFolderIsMadeAndTheCloudsAreKnownByTheirAddresses(t *testing.T) {
	bucket, err := Open(t.Context(), "file://"+t.TempDir()+"/a/b")
	require.NoError(t, err)
	require.NoError(t, bucket.WriteAll(t.Context(), "incoming/x", []byte("x"), nil))
	require.NoError(t, bucket.Copy(t.Context(), "y", "incoming/x", nil))
	require.NoError(t, bucket.Close())

	t.Setenv("AZURE_STORAGE_ACCOUNT", "account")
	t.Setenv("AZURE_STORAGE_KEY", "a2V5")
	for _, address := range []string{"s3://bucket?region=eu-central-1", "gs://bucket?access_id=-", "azblob://container"} {
		bucket, err := Open(t.Context(), address)
		require.NoError(t, err, address)
		require.NoError(t, bucket.Close())
	}
	_, err = Open(t.Context(), "ftp://somewhere")
	require.ErrorContains(t, err, "files: ")
}
