//go:build !nocloud

package files

// The clouds' stores. They are left out with the tag nocloud, for tests that need none: compiling
// them for the race detector takes minutes.
import (
	_ "gocloud.dev/blob/azureblob" // the scheme azblob://
	_ "gocloud.dev/blob/gcsblob"   // the scheme gs://
	_ "gocloud.dev/blob/s3blob"    // the scheme s3://
)
