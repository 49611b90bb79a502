//go:build !nocloud

package files

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheCloudsAreKnownByTheirAddresses(t *testing.T) {
	t.Setenv("AZURE_STORAGE_ACCOUNT", "account")
	t.Setenv("AZURE_STORAGE_KEY", "a2V5")
	for _, address := range []string{"s3://bucket?region=eu-central-1", "gs://bucket?access_id=-", "azblob://container"} {
		bucket, err := Open(t.Context(), address)
		require.NoError(t, err, address)
		require.NoError(t, bucket.Close())
	}
}
