// Package files opens the blob store in which files wait for their way to a desk.
package files

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // the scheme file://
)

// Open opens the store at an address: file:///folder, s3://bucket, gs://bucket or
// azblob://container, with the credentials that each cloud's own environment gives
// (gocloud.dev/howto/blob). An empty address is a folder for this user.
func Open(ctx context.Context, address string) (*blob.Bucket, error) {
	if address == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("files: %w; set files in the configuration", err)
		}
		address = "file://" + filepath.ToSlash(filepath.Join(cache, "deskbridge", "files"))
	}
	if strings.HasPrefix(address, "file://") && !strings.Contains(address, "?") {
		address += "?create_dir=true&no_tmp_dir=true&metadata=skip"
	}
	bucket, err := blob.OpenBucket(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	return bucket, nil
}
