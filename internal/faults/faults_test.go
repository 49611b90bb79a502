package faults

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func get(t *testing.T, url string) (int, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, nil
}

func TestEachFaultDoesWhatItSays(t *testing.T) {
	var served atomic.Int64
	injector := &Injector{}
	server := httptest.NewServer(injector.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) })))
	t.Cleanup(server.Close)
	all := func(*http.Request) bool { return true }
	for _, c := range []struct {
		fault  Fault
		served int64
		status int
		lost   bool
	}{
		{Fault{}, 1, 200, false}, {Fault{Lost: true}, 1, 0, true}, {Fault{Reset: true}, 0, 0, true},
		{Fault{Status: 503, RetryAfter: time.Second}, 0, 503, false}, {Fault{Delay: time.Millisecond}, 1, 200, false},
	} {
		served.Store(0)
		injector.Next(1, all, c.fault)
		status, err := get(t, server.URL)
		require.Equal(t, c.lost, err != nil, "%+v", c.fault)
		require.Equal(t, c.status, status)
		require.Equal(t, c.served, served.Load())
	}
	injector.Next(1, all, Fault{Reset: true})
	injector.Clear()
	status, err := get(t, server.URL)
	require.NoError(t, err)
	require.Equal(t, 200, status)
}

func TestTheSameSeedBreaksTheSameRequests(t *testing.T) {
	outcomes := func(seed uint64) (lost int, all []Fault) {
		injector := &Injector{}
		injector.Randomly(Rates{Lost: 0.2, Limited: 0.1, RetryAfter: time.Second}, seed)
		for range 2000 {
			fault := injector.pick(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
			all = append(all, fault)
			if fault.Lost {
				lost++
			}
		}
		return lost, all
	}
	lost, first := outcomes(1)
	_, again := outcomes(1)
	_, other := outcomes(2)
	require.Equal(t, first, again)
	require.NotEqual(t, first, other)
	require.InDelta(t, 400, lost, 80)
}
