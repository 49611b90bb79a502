package providertest

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// recorder writes each exchange with the desk into DESKBRIDGE_RECORD/<desk>, for
// internal/contracts; without that variable it does nothing.
func recorder(t *testing.T, next http.RoundTripper) http.RoundTripper {
	t.Helper()
	folder := os.Getenv("DESKBRIDGE_RECORD")
	if folder == "" {
		return next
	}
	here, err := os.Getwd()
	require.NoError(t, err)
	folder = filepath.Join(folder, filepath.Base(here))
	require.NoError(t, os.MkdirAll(folder, 0o750))
	return &recording{next: next, prefix: filepath.Join(folder, filepath.Base(t.Name()))}
}

type recording struct {
	next   http.RoundTripper
	prefix string
	number atomic.Int64
}

// RoundTrip records what was answered.
func (r *recording) RoundTrip(request *http.Request) (*http.Response, error) {
	asked, err := httputil.DumpRequestOut(request, true)
	if err != nil {
		return nil, err
	}
	response, err := r.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	answered, err := httputil.DumpResponse(response, true)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s.%04d", r.prefix, r.number.Add(1))
	for suffix, content := range map[string][]byte{".request": asked, ".answer": answered} {
		if err := os.WriteFile(name+suffix, content, 0o600); err != nil {
			return nil, err
		}
	}
	return response, nil
}
