package desksim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// maxBody bounds what a caller may send, in bytes.
const maxBody = 64 << 20

// caller is who makes a request.
type caller struct {
	user   *User
	rights bool
}

// object is a JSON object that is about to be answered.
type object = map[string]any

// answer is what a handler wants to say; a nil body is none, bytes are sent as they are.
type answer struct {
	status   int
	body     any
	location string
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

// handler answers a request of somebody who is known.
type handler func(caller, http.ResponseWriter, *http.Request) answer

// protocol is what vendors' JSON protocols have in common: it authenticates, serialises and saves.
type protocol struct {
	desk *Desk
	// prefix begins every path.
	prefix string
	// caller says who calls; false if nobody who is known.
	caller func(*http.Request) (caller, bool)
	// unknown is the answer to somebody who is not known.
	unknown answer
}

// mux makes a multiplexer, and what adds to it.
func (p protocol) mux() (mux *http.ServeMux, handle adder) {
	mux = http.NewServeMux()
	return mux, func(pattern string, serve handler) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+p.prefix+path, p.serve(serve))
	}
}

// adder adds "METHOD /path" to a multiplexer.
type adder func(pattern string, serve handler)

// permitted adds what only accounts with rights may call; forbidden is the answer to others.
func (handle adder) permitted(forbidden answer) adder {
	return func(pattern string, serve handler) {
		handle(pattern, func(who caller, w http.ResponseWriter, r *http.Request) answer {
			if !who.rights {
				return forbidden
			}
			return serve(who, w, r)
		})
	}
}

// serve makes a handler. The body is read before the lock is taken, so that a slow caller stops
// nobody else.
func (p protocol) serve(serve handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(content))
		if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
			if err := r.ParseMultipartForm(maxBody); err != nil { //nolint:gosec // bounded by MaxBytesReader above
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
		}
		p.desk.mu.Lock()
		reply := p.unknown
		if who, known := p.caller(r); known {
			reply = serve(who, w, r)
		}
		text, isRaw := reply.body.([]byte)
		if !isRaw {
			text, err = json.Marshal(reply.body) // under the lock: it may hold the model's own maps
		}
		if saved := p.desk.flush(); saved != nil {
			err = saved
		}
		now := p.desk.now()
		p.desk.mu.Unlock()
		if err != nil {
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Date", now.Format(http.TimeFormat))
		if w.Header().Get("Content-Type") == "" && reply.body != nil {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
		}
		if reply.location != "" {
			w.Header().Set("Location", p.prefix+reply.location)
		}
		w.WriteHeader(reply.status)
		if reply.body != nil {
			_, _ = w.Write(text)
		}
	}
}

// account is the one with this login and password.
func (d *Desk) account(login, password string) (caller, bool) {
	for _, account := range d.options.Accounts {
		if account.Login == login && account.Token == password && password != "" {
			return caller{d.userByLogin(login), account.Rights}, true
		}
	}
	return caller{}, false
}

// accountOf is the one with this token.
func (d *Desk) accountOf(token string) (caller, bool) {
	for _, account := range d.options.Accounts {
		if account.Token == token && token != "" {
			return caller{d.userByLogin(account.Login), account.Rights}, true
		}
	}
	return caller{}, false
}

// issued are the tokens of a vendor's sessions; each is good for some calls, so that clients have
// to renew them.
type issued struct {
	desk *Desk
	// calls is for how many a token is good.
	calls  int
	tokens map[string]*issuedToken
}

type issuedToken struct {
	login string
	calls int
}

func (d *Desk) issuing(calls int) *issued {
	return &issued{desk: d, calls: calls, tokens: map[string]*issuedToken{}}
}

// issue makes a token of an account.
func (i *issued) issue(login string) string {
	token := fmt.Sprintf("token-%d", len(i.tokens)+1)
	i.tokens[token] = &issuedToken{login, i.calls}
	return token
}

// caller is the account of a token that is still good.
func (i *issued) caller(token string) (caller, bool) {
	found := i.tokens[token]
	if found == nil || found.calls == 0 {
		return caller{}, false
	}
	found.calls--
	for _, account := range i.desk.options.Accounts {
		if account.Login == found.login {
			return caller{i.desk.userByLogin(account.Login), account.Rights}, true
		}
	}
	return caller{}, false
}

// bearer reads an account's token after a prefix in the header Authorization.
func (d *Desk) bearer(prefix string) func(*http.Request) (caller, bool) {
	return func(r *http.Request) (caller, bool) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), prefix)
		if !ok {
			return caller{}, false
		}
		return d.accountOf(token)
	}
}

// sorted lists the values of a table by number.
func sorted[T any](table map[int]*T) []*T {
	var rows []*T
	for _, id := range slices.Sorted(maps.Keys(table)) {
		rows = append(rows, table[id])
	}
	return rows
}

// cut is the part of rows from start on, at most size.
func cut[T any](rows []T, start, size int) []T {
	start = min(max(start, 0), len(rows))
	return rows[start:min(start+max(size, 0), len(rows))]
}

// open logs a ticket with its description.
func (d *Desk) open(who caller, ticket Ticket, description newFile) *Ticket {
	ticket.ID, ticket.Created = d.next("ticket"), d.now()
	if ticket.Status == "" {
		ticket.Status = d.rules.statuses[0]
	}
	if ticket.Fields == nil {
		ticket.Fields = map[string]string{}
	}
	d.tickets[ticket.ID] = &ticket
	d.write(&ticket, Note{Kind: Created, Author: who.user.ID}, description)
	return &ticket
}

// standing is a ticket as most vendors show it by its ID: not if it was deleted.
func (d *Desk) standing(who caller, vendorID string) *Ticket {
	ticket := d.byVendorID(vendorID)
	if ticket == nil || ticket.Status == statusDeleted || !who.rights {
		return nil
	}
	return ticket
}

// listed are the tickets that a search finds.
func (d *Desk) listed(who caller) []*Ticket {
	return slices.DeleteFunc(sorted(d.tickets), func(ticket *Ticket) bool { return !who.rights || !d.visible(ticket) })
}

// discussion are a ticket's public and internal notes with a text, oldest first.
func (d *Desk) discussion(ticket *Ticket) []*Note {
	return slices.DeleteFunc(d.history(ticket), func(note *Note) bool {
		text, _ := d.parts(note)
		return text == nil || note.Kind != Public && note.Kind != Internal
	})
}

// own are the entries of a ticket itself, without those of tickets merged into it, oldest first.
func (d *Desk) own(ticket *Ticket) []*Note {
	return slices.DeleteFunc(sorted(d.notes), func(note *Note) bool { return note.Ticket != ticket.ID })
}

// parts are a note's text, nil if it has none, and its files.
func (d *Desk) parts(note *Note) (text *File, files []*File) {
	for _, id := range note.Parts {
		if file := d.files[id]; file.Name == "" {
			text = file
		} else {
			files = append(files, file)
		}
	}
	return text, files
}

// attached are all files of a ticket.
func (d *Desk) attached(ticket *Ticket) []*File {
	var all []*File
	for _, note := range d.history(ticket) {
		_, files := d.parts(note)
		all = append(all, files...)
	}
	return all
}

// attach adds a file that hangs on no note.
func (d *Desk) attach(who caller, ticket *Ticket, file newFile) *File {
	note := d.write(ticket, Note{Kind: "attachment", Author: who.user.ID}, file)
	return d.files[note.Parts[0]]
}

// loginOf is a user's login, for those who write.
func (d *Desk) loginOf(id int) string {
	if user := d.users[id]; user != nil {
		return user.Login
	}
	return "system"
}

// firstUpload is the first file of a form's part; false if there is none.
func firstUpload(r *http.Request, part string) (newFile, bool) {
	if r.MultipartForm == nil || len(r.MultipartForm.File[part]) == 0 {
		return newFile{}, false
	}
	upload := r.MultipartForm.File[part][0]
	return newFile{name: upload.Filename, contentType: upload.Header.Get("Content-Type"), content: readUpload(upload)}, true
}

// asHTML is a text as HTML; what is HTML already stays.
func asHTML(text *File) string {
	if strings.HasPrefix(text.ContentType, "text/html") {
		return string(text.Content)
	}
	return strings.ReplaceAll(html.EscapeString(string(text.Content)), "\n", "<br>")
}
