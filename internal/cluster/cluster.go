// Package cluster connects to Temporal by its standard client configuration: the TEMPORAL_*
// environment variables and the TOML file of docs.temporal.io/develop/environment-configuration.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	tlog "go.temporal.io/sdk/log"

	"deskbridge/internal/logkey"
	"deskbridge/internal/names"
	"deskbridge/internal/payloads"
)

// Dial connects and makes sure that the server answers. With keys payloads and the texts of failures
// are sealed, without they are not; further options come last.
func Dial(ctx context.Context, keys *payloads.Keys, logger *slog.Logger, further ...func(*client.Options)) (client.Client, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, fmt.Errorf("temporal: client configuration: %w", err)
	}
	options.Logger = tlog.NewStructuredLogger(logger)
	keys.Apply(&options)
	for _, apply := range further {
		apply(&options)
	}
	connected, err := client.DialContext(ctx, options)
	if err != nil {
		address := options.HostPort
		if address == "" {
			address = client.DefaultHostPort
		}
		return nil, fmt.Errorf("temporal: no server at %s: %w; set TEMPORAL_ADDRESS, or run `go run ./starter dev`", address, err)
	}
	return connected, nil
}

// DialWhenUp connects as soon as there is a server: one that restarts must not end the programs that
// serve by it.
func DialWhenUp(ctx context.Context, keys *payloads.Keys, logger *slog.Logger, further ...func(*client.Options)) (client.Client, error) {
	const mostly = 10 * time.Second
	for wait := 250 * time.Millisecond; ; wait = min(2*wait, mostly) {
		connected, err := Dial(ctx, keys, logger, further...)
		if err == nil {
			return connected, nil
		}
		logger.Warn("no temporal server yet", logkey.Error, err, logkey.Again, wait.String())
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(wait):
		}
	}
}

// EnsureSearchAttributes adds the search attributes that the namespace lacks, and waits until they
// are known everywhere.
func EnsureSearchAttributes(ctx context.Context, connected client.Client, namespace string) error {
	operator := connected.OperatorService()
	listed, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("temporal: list search attributes of namespace %s: %w", namespace, err)
	}
	lacks := map[string]enumspb.IndexedValueType{}
	for name, kind := range names.SearchAttributes() {
		if _, known := listed.GetCustomAttributes()[name]; !known {
			lacks[name] = kind
		}
	}
	if len(lacks) == 0 {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: lacks})
	if err != nil {
		return fmt.Errorf("temporal: namespace %s lacks search attributes and they cannot be added: %w; add them by hand: %v", namespace, err, names.SearchAttributes())
	}
	return awaitSearchAttributes(ctx, connected, namespace, slices.Sorted(maps.Keys(lacks)))
}

// awaitSearchAttributes waits until the server takes the names: it lists them before that.
func awaitSearchAttributes(ctx context.Context, connected client.Client, namespace string, added []string) error {
	var terms []string
	for _, name := range added {
		terms = append(terms, name+" IS NULL")
	}
	for {
		_, err := connected.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: strings.Join(terms, " AND ")})
		var unknown *serviceerror.InvalidArgument
		if !errors.As(err, &unknown) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// Namespace is the one that the client configuration names.
func Namespace() string {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil || options.Namespace == "" {
		return client.DefaultNamespace
	}
	return options.Namespace
}
