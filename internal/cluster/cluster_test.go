package cluster

import (
	"context"
	"encoding/pem"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// cloud answers as a server behind TLS that wants an API key does.
type cloud struct {
	workflowservice.UnimplementedWorkflowServiceServer
	mu   sync.Mutex
	told metadata.MD
}

func (c *cloud) GetSystemInfo(ctx context.Context, _ *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told, _ = metadata.FromIncomingContext(ctx)
	return &workflowservice.GetSystemInfoResponse{Capabilities: &workflowservice.GetSystemInfoResponse_Capabilities{}}, nil
}

func TestAnAPIKeyGoesToTheServerOverTLSOnly(t *testing.T) {
	stub := &cloud{}
	handler := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(handler, stub)
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	t.Setenv("TEMPORAL_ADDRESS", strings.TrimPrefix(server.URL, "https://"))
	t.Setenv("TEMPORAL_NAMESPACE", "desks.acme")
	t.Setenv("TEMPORAL_API_KEY", "key-of-deskbridge")

	_, err := Dial(t.Context(), nil, slog.New(slog.DiscardHandler))
	require.Error(t, err, "its certificate is nobody's that we know")
	require.ErrorContains(t, err, "no server at "+strings.TrimPrefix(server.URL, "https://"))
	require.NotContains(t, err.Error(), "key-of-deskbridge")

	t.Setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", authority)
	connected, err := Dial(t.Context(), nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer connected.Close()
	stub.mu.Lock()
	defer stub.mu.Unlock()
	require.Equal(t, []string{"Bearer key-of-deskbridge"}, stub.told.Get("authorization"))
	require.Equal(t, "desks.acme", Namespace())
}
