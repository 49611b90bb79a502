package portal

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"deskbridge/internal/config"
	"deskbridge/internal/logkey"
	"deskbridge/starter/internal/link"
	"deskbridge/starter/internal/service"
)

//go:embed page.html page.css page.js
var assets embed.FS

// Options are what a portal is made of.
type Options struct {
	Service *service.Service
	Links   *link.Signer
	Logger  *slog.Logger
}

// Portal serves the pages below /portal/. It is safe for concurrent use.
type Portal struct {
	Options
	pages  *template.Template
	policy string
	origin *http.CrossOriginProtection
	live   chan struct{}
}

// maxLive bounds the pages that are kept live at once; others are live again when one is closed.
const maxLive = 1000

// New makes a portal; it calls nobody.
func New(options Options) (*Portal, error) {
	p := &Portal{Options: options, origin: http.NewCrossOriginProtection(), live: make(chan struct{}, maxLive)}
	read := func(name string) string {
		content, _ := assets.ReadFile(name) // embedded
		return string(content)
	}
	style, script := read("page.css"), read("page.js")
	pages, err := template.New("page.html").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(style) }, "script": func() template.JS { return template.JS(script) }, //nolint:gosec // our own
		"note": render, "when": when, "iso": func(at time.Time) string { return at.UTC().Format(time.RFC3339) }, "size": size,
	}).ParseFS(assets, "page.html")
	if err != nil {
		return nil, err
	}
	p.pages, p.policy = pages, policy(options.Service.Config.Portal, style, script)
	return p, nil
}

// policy is the page's Content-Security-Policy (CSP level 3): nothing but its own style and script.
func policy(settings config.Portal, style, script string) string {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	ancestors := "'none'"
	if len(settings.FrameAncestors) > 0 {
		ancestors = strings.Join(settings.FrameAncestors, " ")
	}
	return "default-src 'none'; style-src " + hash(style) + "; script-src " + hash(script) +
		"; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors " + ancestors
}

// Mount serves the portal.
func (p *Portal) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /portal/open", p.secured(p.open))
	for pattern, page := range map[string]func(http.ResponseWriter, *http.Request, visitor){
		"GET /portal/{$}": p.list,
		"GET /portal/tickets/{connection}/{request}/{step}":              p.show,
		"GET /portal/tickets/{connection}/{request}/{step}/live":         p.stream,
		"POST /portal/tickets/{connection}/{request}/{step}/notes":       p.note,
		"POST /portal/tickets/{connection}/{request}/{step}/attachments": p.attach,
		"POST /portal/tickets/{connection}/{request}/{step}/close":       p.close,
	} {
		mux.HandleFunc(pattern, p.secured(p.visit(page)))
	}
}

// secured sets the headers that every answer has, and refuses what comes from other sites.
func (p *Portal) secured(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", p.policy)
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", "no-store")
		if len(p.Service.Config.Portal.FrameAncestors) == 0 {
			header.Set("X-Frame-Options", "DENY")
		}
		if err := p.origin.Check(r); err != nil {
			p.sorry(w, http.StatusForbidden, "This came from another site and was refused.")
			return
		}
		next(w, r)
	}
}

const cookie = "deskbridge-portal"

// open turns a link into a session.
func (p *Portal) open(w http.ResponseWriter, r *http.Request) {
	pass, err := p.Links.Check(link.Open, r.URL.Query().Get("link"))
	if err != nil {
		p.sorry(w, http.StatusForbidden, "This link is not valid, or not any more. Open your tickets from the portal again.")
		return
	}
	pass.Until = time.Now().Add(p.Service.Config.Portal.Session)
	token, err := p.Links.Sign(link.Session, pass)
	if err != nil {
		p.broken(w, r, err)
		return
	}
	session := &http.Cookie{Name: cookie, Value: token, Path: "/portal/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Expires: pass.Until}
	if strings.HasPrefix(p.Service.Config.API.URL, "https://") {
		session.Secure = true
		if len(p.Service.Config.Portal.FrameAncestors) > 0 {
			session.SameSite, session.Partitioned = http.SameSiteNoneMode, true
		}
	}
	http.SetCookie(w, session)
	to := "/portal/"
	if connection, request, step, ok := service.SplitTicketID(pass.Ticket); ok {
		to = path(connection, request, step)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func path(connection, request, step string) string {
	return "/portal/tickets/" + url.PathEscape(connection) + "/" + url.PathEscape(request) + "/" + url.PathEscape(step)
}

// visitor is whose session it is.
type visitor struct{ link.Pass }

// visit lets those in who have a session.
func (p *Portal) visit(next func(http.ResponseWriter, *http.Request, visitor)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session, err := r.Cookie(cookie)
		if err != nil {
			p.sorry(w, http.StatusForbidden, "You are not signed in here. Open your tickets from the portal again.")
			return
		}
		pass, err := p.Links.Check(link.Session, session.Value)
		if err != nil {
			p.sorry(w, http.StatusForbidden, "Your visit has ended. Open your tickets from the portal again.")
			return
		}
		next(w, r, visitor{pass})
	}
}

// page is what a page shows.
type page struct {
	Name string
	// Sorry is shown in place of all else.
	Sorry  string
	List   []item
	More   string
	Ticket *ticket
	// Live is the address of what keeps the page live.
	Live string
}

func (p *Portal) render(w http.ResponseWriter, status int, shown page) {
	shown.Name = p.Service.Config.Portal.Name
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := p.pages.Execute(w, shown); err != nil {
		p.Logger.Warn("the page could not be written", logkey.Error, err)
	}
}

// fragment is the part of a page that is kept live.
func (p *Portal) fragment(w io.Writer, shown ticket) error {
	return p.pages.ExecuteTemplate(w, "ticket", shown)
}

func (p *Portal) sorry(w http.ResponseWriter, status int, text string) {
	p.render(w, status, page{Sorry: text})
}

// broken says what a person can do about an error, and logs it.
func (p *Portal) broken(w http.ResponseWriter, r *http.Request, err error) {
	switch service.FaultOf(err) {
	case service.Absent:
		p.sorry(w, http.StatusNotFound, "There is no such ticket of yours.")
	case service.Wrong, service.Refused:
		p.sorry(w, http.StatusUnprocessableEntity, err.Error())
	default:
		if r.Context().Err() == nil {
			p.Logger.Error("portal", logkey.Error, err)
		}
		p.sorry(w, http.StatusServiceUnavailable, "This does not work at the moment. Please try again in a minute; nothing that you sent before is lost.")
	}
}
