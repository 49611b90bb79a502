// Package api is the HTTP API: what Activate calls, what end users' own clients call, and what
// desks call with a hint. Its OpenAPI 3.1 document is made from this code by huma and served at
// /openapi.json, readable at /docs; errors are problem details (RFC 9457).
package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"deskbridge/internal/audit"
	"deskbridge/internal/logkey"
	"deskbridge/starter/internal/link"
	"deskbridge/starter/internal/service"
)

// Options are what an API is made of.
type Options struct {
	Service *service.Service
	// Callers tells who bears a token.
	Callers Authenticator
	// Links signs what opens the portal.
	Links  *link.Signer
	Logger *slog.Logger
}

// API is the HTTP API. It is safe for concurrent use.
type API struct {
	Options
	mux    *http.ServeMux
	huma   huma.API
	pace   *pace
	hinted hinted
}

// The limits of requests.
const (
	maxBody     = 1 << 20
	maxListBody = 16 << 20
	// readWithin bounds how long a body may take, but for a file's.
	readWithin     = 15 * time.Second
	readFileWithin = 5 * time.Minute
)

// New makes the API; it calls nobody.
func New(options Options) *API {
	a := &API{Options: options, mux: http.NewServeMux()}
	if options.Service != nil && options.Service.Config != nil {
		a.pace = newPace(options.Service.Config.API.Rate)
	}
	huma.NewError, huma.DefaultArrayNullable = newProblem, false // an empty list is []
	settings := huma.DefaultConfig("Deskbridge", version)
	settings.DocsPath, settings.SchemasPath, settings.CreateHooks = "", "", nil
	settings.RejectUnknownQueryParameters = true
	settings.Info.Description = description
	settings.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "A token of the OpenID Connect issuer in the configuration, with one of the roles automation, administrator and end-user."},
	}
	settings.Tags = tags
	a.huma = humago.New(a.mux, settings)
	a.requests()
	a.tickets()
	a.users()
	a.changes()
	a.webhooks()
	a.health()
	a.codec()
	docs := v5emb.NewWithConfig(swgui.Config{SettingsUI: map[string]string{"defaultModelsExpandDepth": "0"}})
	a.mux.Handle("GET /docs/", docs("Deskbridge", "/openapi.json", "/docs/"))
	a.mux.Handle("GET /{$}", http.RedirectHandler("/docs/", http.StatusSeeOther))
	a.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(huma.NewError(http.StatusNotFound, "there is no such operation; /docs/ has all of them"))
	})
	return a
}

// version is that of the document: the operations below /v1 only ever gain.
const version = "1.0"

const description = `Starts onboardings, fulfilments and offboardings, shows and writes to tickets, keeps users of service desks.

Requests are idempotent: the same request under the same ID is one run, other content is answered 409. Notes, files and closings are the same write if they carry the same Idempotency-Key.

Errors are problem details (RFC 9457): ` + "`errors`" + ` names each field and what to do; nothing is started unless all of a request is right.`

var tags = []*huma.Tag{
	{Name: "requests", Description: "Onboardings, fulfilments and offboardings."},
	{Name: "tickets", Description: "Tickets of a request or of their own, as the portal shows them."},
	{Name: "users", Description: "Users of a desk."},
	{Name: "changes", Description: "What changed since, for an import; it heals a callback that was lost."},
	{Name: "desks", Description: "Hints from desks."},
	{Name: "health"},
}

// OpenAPI is the document, in JSON.
func (a *API) OpenAPI() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }

// Handler serves the API, beside what others mount at other paths.
func (a *API) Handler() http.Handler { return a.mux }

// RequestID is under which a request's context has its ID, for logs.
type RequestID struct{}

// callerKey is under which a request's context has its caller.
type callerKey struct{}

func callerOf(ctx context.Context) Caller {
	caller, _ := ctx.Value(callerKey{}).(Caller)
	return caller
}

// everybody are all roles; staff are those that see all tickets.
var (
	everybody = []Role{Automation, Administrator, EndUser}
	staff     = []Role{Automation, Administrator}
)

// register adds an operation that only these roles may call.
func register[I, O any](a *API, roles []Role, operation huma.Operation, handler func(context.Context, *I) (*O, error)) {
	operation.Security = []map[string][]string{{"bearer": {}}}
	if operation.MaxBodyBytes == 0 {
		operation.MaxBodyBytes = maxBody
	}
	if operation.BodyReadTimeout == 0 {
		operation.BodyReadTimeout = readWithin
	}
	var names []string
	for _, role := range roles {
		names = append(names, string(role))
	}
	operation.Description = strings.TrimSpace(operation.Description + "\n\nRoles: " + strings.Join(names, ", ") + ".")
	operation.Errors = append(operation.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	operation.Middlewares = append(operation.Middlewares, a.guard(roles))
	huma.Register(a.huma, operation, func(ctx context.Context, input *I) (*O, error) {
		output, err := handler(ctx, input)
		told := problem(err)
		var status huma.StatusError
		if errors.As(told, &status) && status.GetStatus() >= http.StatusInternalServerError {
			a.Logger.Error("request failed", logkey.Operation, operation.OperationID, logkey.RequestID, ctx.Value(RequestID{}), logkey.Error, err)
		}
		return output, told
	})
}

// guard lets those in who bear a token with one of these roles, and not more often than the
// configuration allows.
func (a *API) guard(roles []Role) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		refuse := func(status int, text string) { _ = huma.WriteErr(a.huma, ctx, status, text) }
		token, bears := strings.CutPrefix(ctx.Header("Authorization"), "Bearer ")
		if !bears {
			ctx.SetHeader("WWW-Authenticate", "Bearer")
			refuse(http.StatusUnauthorized, errToken.Error())
			return
		}
		caller, err := a.Callers.Authenticate(ctx.Context(), strings.TrimSpace(token))
		if err != nil {
			ctx.SetHeader("WWW-Authenticate", `Bearer error="invalid_token"`)
			refuse(http.StatusUnauthorized, errToken.Error())
			return
		}
		if !slices.Contains(roles, caller.Role) {
			refuse(http.StatusForbidden, "the token's role does not allow this; the operation's description names those that do")
			return
		}
		if !a.pace.allow(string(caller.Role) + " " + caller.Subject) {
			ctx.SetHeader("Retry-After", "1")
			refuse(http.StatusTooManyRequests, "too many requests of this caller; wait a second (api.rate)")
			return
		}
		if caller.Role == EndUser {
			if caller.People, err = a.Service.Hashes(caller.Person); err != nil {
				a.Logger.Error("people's hashes cannot be made", logkey.Error, err)
				refuse(http.StatusServiceUnavailable, "this server is not set up for end users; its log says why")
				return
			}
		}
		next(huma.WithContext(ctx, audit.By(context.WithValue(ctx.Context(), callerKey{}, caller), caller.Name())))
	}
}
