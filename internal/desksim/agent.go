package desksim

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"
)

//go:embed pages/page.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/page.html"))

// agentPage is the desk as its agent sees it.
type agentPage struct {
	desk  *Desk
	login string
}

type ticketRow struct {
	ID                                          int
	Number                                      string
	Subject, Queue, Status, Requesters, Updated string
	Fields                                      []field
}

type field struct{ Name, Value string }

type noteRow struct {
	Kind, Label, At, Author, Body string
	Files                         []*File
}

// AgentPage serves a plain page for the agent with this login: the queue, a ticket, notes, status,
// merge and delete. It has no log-in of its own: serve it on loopback only.
func (d *Desk) AgentPage(login string) http.Handler {
	page := &agentPage{desk: d, login: login}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", page.queue)
	mux.HandleFunc("GET /ticket/{id}", page.ticket)
	mux.HandleFunc("GET /file/{id}", page.file)
	mux.HandleFunc("POST /ticket/{id}/note", page.change(func(r *http.Request, ticket *Ticket, agent int) string {
		kind := Internal
		if r.PostFormValue("kind") == Public {
			kind = Public
		}
		d.addNote(ticket, agent, kind, newFile{contentType: "text/plain", content: []byte(strings.ReplaceAll(r.PostFormValue("body"), "\r\n", "\n"))})
		return ""
	}))
	mux.HandleFunc("POST /ticket/{id}/status", page.change(func(r *http.Request, ticket *Ticket, agent int) string {
		if !d.setStatus(ticket, agent, r.PostFormValue("status")) {
			return "There is no such status."
		}
		return ""
	}))
	mux.HandleFunc("POST /ticket/{id}/merge", page.change(func(r *http.Request, ticket *Ticket, agent int) string {
		into := d.live(d.byShownNumber(r.PostFormValue("into")))
		if into == nil || into == ticket {
			return fmt.Sprintf("Ticket %s cannot be merged into.", r.PostFormValue("into"))
		}
		d.merge(ticket, into, agent)
		return ""
	}))
	mux.HandleFunc("POST /ticket/{id}/delete", page.change(func(_ *http.Request, ticket *Ticket, agent int) string {
		d.setStatus(ticket, agent, statusDeleted)
		return ""
	}))
	return http.NewCrossOriginProtection().Handler(mux)
}

func render(w http.ResponseWriter, status int, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
	w.WriteHeader(status)
	_ = pages.ExecuteTemplate(w, name, data)
}

func stamp(at time.Time) string { return at.Local().Format(time.DateTime) }

func (p *agentPage) queue(w http.ResponseWriter, _ *http.Request) {
	p.desk.mu.Lock()
	rows := []ticketRow{}
	for _, ticket := range slices.Backward(sorted(p.desk.tickets)) {
		if ticket.MergedInto == 0 && ticket.Status != statusDeleted {
			rows = append(rows, p.row(ticket))
		}
	}
	p.desk.mu.Unlock()
	render(w, http.StatusOK, "queue", map[string]any{"Agent": p.login, "Tickets": rows})
}

func (p *agentPage) row(ticket *Ticket) ticketRow {
	var names []string
	for _, id := range ticket.Requesters {
		user := p.desk.users[id]
		names = append(names, strings.TrimSpace(user.Name+" <"+user.Email+">"))
	}
	row := ticketRow{
		ID: ticket.ID, Number: p.desk.rules.shownNumber(ticket), Subject: ticket.Subject, Queue: p.desk.queues[ticket.Queue].Name, Status: ticket.Status,
		Requesters: strings.Join(names, ", "), Updated: stamp(ticket.Updated),
	}
	for _, name := range slices.Sorted(maps.Keys(ticket.Fields)) {
		if value := ticket.Fields[name]; value != "" {
			row.Fields = append(row.Fields, field{name, value})
		}
	}
	return row
}

// find answers the live ticket of a path, or says that there is none.
func (p *agentPage) find(w http.ResponseWriter, r *http.Request) *Ticket {
	id, _ := strconv.Atoi(r.PathValue("id"))
	ticket := p.desk.live(id)
	if ticket == nil || ticket.Status == statusDeleted {
		render(w, http.StatusNotFound, "gone", "It was deleted, or never was.")
		return nil
	}
	return ticket
}

func (p *agentPage) ticket(w http.ResponseWriter, r *http.Request) {
	p.desk.mu.Lock()
	defer p.desk.mu.Unlock()
	ticket := p.find(w, r)
	if ticket == nil {
		return
	}
	sample := p.desk.rules.sample
	var notes []noteRow
	for _, note := range p.desk.history(ticket) {
		notes = append(notes, p.note(note))
	}
	render(w, http.StatusOK, "ticket", map[string]any{"Ticket": p.row(ticket), "Notes": notes, "Statuses": p.desk.rules.statuses,
		"Done": sample.Done[0], "Reopen": sample.Open[min(1, len(sample.Open)-1)], "Merges": p.desk.rules.merges})
}

func (p *agentPage) note(note *Note) noteRow {
	row := noteRow{Kind: note.Kind, Label: note.Kind, At: stamp(note.At), Author: p.desk.users[note.Author].Login}
	switch note.Kind {
	case Status:
		row.Kind, row.Label = "event", fmt.Sprintf("status %s → %s", note.Old, note.New)
	case Merged:
		row.Kind, row.Label = "event", "another ticket was merged into this one"
	case Public:
		row.Label = "to the customer"
	}
	for _, id := range note.Parts {
		file := p.desk.files[id]
		if file.Name != "" {
			row.Files = append(row.Files, file)
		} else if row.Body == "" {
			row.Body = plainOf(file)
		}
	}
	return row
}

// plainOf shows a text without its tags, if it has some.
func plainOf(text *File) string {
	if !strings.HasPrefix(text.ContentType, "text/html") {
		return string(text.Content)
	}
	var plain strings.Builder
	for tokens := html.NewTokenizer(bytes.NewReader(text.Content)); ; {
		switch tokens.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(plain.String())
		case html.TextToken:
			plain.WriteString(tokens.Token().Data)
		case html.StartTagToken, html.SelfClosingTagToken:
			if name, _ := tokens.TagName(); slices.Contains([]string{"br", "p", "div", "li"}, string(name)) {
				plain.WriteString("\n")
			}
		}
	}
}

func (p *agentPage) file(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	p.desk.mu.Lock()
	file := p.desk.files[id]
	p.desk.mu.Unlock()
	if file == nil {
		http.NotFound(w, r)
		return
	}
	// Never shown in place: a file from outside could be a page.
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
	_, _ = w.Write(file.Content)
}

// change makes the handler of a form; do answers a problem in words, or nothing.
func (p *agentPage) change(do func(r *http.Request, ticket *Ticket, agent int) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		if err := r.ParseForm(); err != nil {
			http.Error(w, "The form cannot be read.", http.StatusBadRequest)
			return
		}
		p.desk.mu.Lock()
		defer p.desk.mu.Unlock()
		ticket := p.find(w, r)
		if ticket == nil {
			return
		}
		if problem := do(r, ticket, p.desk.userByLogin(p.login).ID); problem != "" {
			render(w, http.StatusBadRequest, "gone", problem)
			return
		}
		if err := p.desk.flush(); err != nil {
			http.Error(w, "The desk's file cannot be written.", http.StatusInternalServerError)
			return
		}
		where := fmt.Sprintf("/ticket/%d", ticket.ID)
		if ticket.Status == statusDeleted || ticket.MergedInto != 0 {
			where = "/"
		}
		http.Redirect(w, r, where, http.StatusSeeOther)
	}
}
