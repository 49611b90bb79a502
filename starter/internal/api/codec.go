package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

// maxCodecBody bounds what the Temporal UI sends to be read: a page of a history.
const maxCodecBody = 16 << 20

// codec serves the codec endpoint of the Temporal UI and CLI
// (docs.temporal.io/production-deployment/data-encryption) at /codec: whoever may call it reads
// every payload, so that administrators alone may. It is a protocol of Temporal's and not part of
// the document.
func (a *API) codec() {
	if a.Service == nil || a.Service.Keys == nil {
		return
	}
	open := http.MaxBytesHandler(a.Service.Keys.Handler(), maxCodecBody)
	a.mux.Handle("/codec/", a.fromTemporalUI(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, bears := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		caller, err := a.Callers.Authenticate(r.Context(), strings.TrimSpace(token))
		switch {
		case !bears || err != nil:
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, errToken.Error(), http.StatusUnauthorized)
		case caller.Role != Administrator:
			http.Error(w, "only the role administrator reads payloads", http.StatusForbidden)
		default:
			open.ServeHTTP(w, r)
		}
	})))
	if static, is := a.Callers.(Static); is {
		a.mux.Handle(static.CodecPath()+"/", a.fromTemporalUI(open))
	}
}

// CodecPath is where the codec endpoint of a machine for development is: its Temporal UI has no
// login, and so bears no token. Who knows the token knows the path.
func (s Static) CodecPath() string {
	sum := sha256.Sum256([]byte("codec/" + s.Token))
	return "/codec/" + hex.EncodeToString(sum[:16])
}

// fromTemporalUI lets the pages of the configured Temporal UIs call (CORS).
func (a *API) fromTemporalUI(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" {
			if !slices.Contains(a.Service.Config.API.TemporalUI, origin) {
				http.Error(w, "this page may not read payloads; add its address to api.temporal_ui", http.StatusForbidden)
				return
			}
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Vary", "Origin")
			w.Header().Set("Access-Control-Allow-Headers", "Authorization, Authorization-Extras, Content-Type, X-Namespace")
			w.Header().Set("Access-Control-Allow-Methods", "POST")
		}
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}
