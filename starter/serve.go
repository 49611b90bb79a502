package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/client"

	"deskbridge/internal/cluster"
	"deskbridge/internal/config"
	"deskbridge/internal/logkey"
	"deskbridge/internal/payloads"
	"deskbridge/internal/probe"
	"deskbridge/internal/tracing"
	"deskbridge/internal/version"
	"deskbridge/starter/internal/api"
	"deskbridge/starter/internal/link"
	"deskbridge/starter/internal/portal"
	"deskbridge/starter/internal/service"
)

func (a *app) serveCommand() *cobra.Command {
	var listen, static string
	var probing bool
	command := &cobra.Command{
		Use: "serve", Short: "Serve the HTTP API and the portal", Args: cobra.NoArgs,
		Long: "Serve the HTTP API, readable at /docs/, and the portal for end users. Callers bear tokens of the OpenID Connect issuer in the configuration (api.oidc).\n" +
			"With --static-token one token in a file is taken for an administrator's: for development, on this machine only.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if probing {
				return probe.Ready(listen)
			}
			return a.serve(cmd.Context(), listen, static, slog.New(slog.NewJSONHandler(os.Stderr, nil)))
		},
	}
	command.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address to listen at")
	command.Flags().BoolVar(&probing, "probe", false, "ask the server that listens there whether it can work, and exit: for health checks of containers")
	command.Flags().StringVar(&static, "static-token", "", "file with a token for development")
	return command
}

func (a *app) serve(ctx context.Context, listen, static string, logger *slog.Logger) error {
	loaded, err := config.Load(a.configPath)
	if err != nil {
		return exitError{exitUsage, err}
	}
	callers, err := authenticator(ctx, loaded, listen, static)
	if err != nil {
		return exitError{exitUsage, err}
	}
	asked := &service.Service{Config: loaded}
	traced, err := tracing.Start(ctx, "deskbridge-starter", logger)
	if err != nil {
		return exitError{exitUsage, err}
	}
	defer traced.Stop()
	dial := func(ctx context.Context, keys *payloads.Keys, logger *slog.Logger) (client.Client, error) {
		return cluster.DialWhenUp(ctx, keys, logger, traced.Apply)
	}
	if err := connectBy(ctx, asked, logger, dial); err != nil {
		return err
	}
	defer asked.Client.Close()
	if err := cluster.EnsureSearchAttributes(ctx, asked.Client, cluster.Namespace()); err != nil {
		return err
	}
	handler, err := newHandler(asked, callers, logger)
	if err != nil {
		return err
	}
	return listenAndServe(ctx, listen, handler, logger)
}

// newHandler makes API and portal of a service.
func newHandler(asked *service.Service, callers api.Authenticator, logger *slog.Logger) (http.Handler, error) {
	key, err := asked.DerivedKey("links")
	if err != nil {
		return nil, err
	}
	links, err := link.New(key)
	if err != nil {
		return nil, err
	}
	pages, err := portal.New(portal.Options{Service: asked, Links: links, Logger: logger})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	pages.Mount(mux)
	mux.Handle("/", api.New(api.Options{Service: asked, Callers: callers, Links: links, Logger: logger}).Handler())
	return logged(mux, logger), nil
}

// authenticator is the issuer of the configuration, or a static token on this machine.
func authenticator(ctx context.Context, loaded *config.Config, listen, static string) (api.Authenticator, error) {
	if static == "" {
		if loaded.API.OIDC.Issuer == "" {
			return nil, errors.New("api.oidc: missing in the configuration; say which issuer's tokens are taken, or use --static-token for development")
		}
		return api.NewOIDC(ctx, loaded.API.OIDC)
	}
	host, _, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("--static-token: for development on this machine only; let --listen be 127.0.0.1, not %q", listen)
	}
	content, err := os.ReadFile(static) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("--static-token: %w", err)
	}
	token := strings.TrimSpace(string(content))
	if len(token) < 16 {
		return nil, fmt.Errorf("--static-token: %s holds fewer than 16 bytes", static)
	}
	return api.Static{Token: token}, nil
}

const drainWithin = 10 * time.Second

// listenAndServe serves until the context ends, and lets requests finish.
func listenAndServe(ctx context.Context, listen string, handler http.Handler, logger *slog.Logger) error {
	serving, stop := context.WithCancel(context.Background()) // ends the pages that are kept live
	defer stop()
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		// Bodies have deadlines of their own; an answer waits for a desk at most.
		WriteTimeout: 2 * time.Minute,
		BaseContext:  func(net.Listener) context.Context { return serving },
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("%w; choose another address with --listen", err)
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	logger.Info("serving", logkey.Address, "http://"+listener.Addr().String(), logkey.Version, version.String())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	draining, cancel := context.WithTimeout(context.Background(), drainWithin)
	defer cancel()
	stop()
	return server.Shutdown(draining)
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the status.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets a [http.ResponseController] through.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// logged gives each request an ID and a line in the log: no address of what was asked for but its
// pattern, for paths and queries hold names.
func logged(next http.Handler, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		id := r.Header.Get("X-Request-Id")
		if len(id) < 8 || len(id) > 100 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
			id = uuid.NewString()
		}
		w.Header().Set("X-Request-Id", id)
		recorded := &recorder{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			if broken := recover(); broken != nil {
				logger.Error("panic", logkey.RequestID, id, logkey.Pattern, r.Pattern, logkey.Panic, fmt.Sprint(broken), logkey.Stack, string(debug.Stack()))
				http.Error(recorded, "unexpected; the server's log has it under this request's ID", http.StatusInternalServerError)
			}
			level := slog.LevelInfo
			if strings.HasSuffix(r.Pattern, "healthz") || strings.HasSuffix(r.Pattern, "readyz") {
				level = slog.LevelDebug
			}
			logger.Log(r.Context(), level, "request", logkey.RequestID, id, logkey.Method, r.Method, logkey.Pattern, r.Pattern, logkey.Status, recorded.status, logkey.Duration, time.Since(begin).Milliseconds())
		}()
		ctx := otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := otel.Tracer("deskbridge/api").Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer))
		defer func() {
			span.SetName(cmp.Or(r.Pattern, r.Method)) // known once it was served; no address, for that holds names
			span.SetAttributes(attribute.Int("http.response.status_code", recorded.status))
			span.End()
		}()
		r = r.WithContext(context.WithValue(ctx, api.RequestID{}, id))
		next.ServeHTTP(recorded, r)
	})
}

func openAPICommand() *cobra.Command {
	return &cobra.Command{
		Use: "openapi", Short: "Print the HTTP API's OpenAPI 3.1 document, which `serve` serves at /openapi.json", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			document, err := api.New(api.Options{}).OpenAPI()
			if err != nil {
				return err
			}
			var indented bytes.Buffer
			if err := json.Indent(&indented, document, "", "  "); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), indented.String())
			return err
		},
	}
}
