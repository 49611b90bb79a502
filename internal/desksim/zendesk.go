package desksim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// zendesk speaks Zendesk Support's REST API v2 as far as a connector needs it: see package
// zendesk's documentation.
type zendesk struct {
	desk    *Desk
	base    string
	uploads map[string]newFile
	// answered are the tickets by their Idempotency-Key.
	answered map[string]int
}

var zendeskRules = rules{
	serve:       serveZendesk,
	merges:      true,
	statuses:    []string{"new", "open", "pending", "hold", "solved", "closed"},
	findsMerged: true,
	leaveMerge: func(d *Desk, from, into *Ticket, author int) {
		from.Status = "closed"
		text := fmt.Sprintf("<p>This request was closed and merged into request #%d.</p>", into.ID)
		d.write(from, Note{Kind: Internal, Author: author}, newFile{contentType: "text/html", content: []byte(text)})
	},
	sample: Sample{
		Settings: "{url: %[1]s, login: deskbridge, token: %[2]s, queues: [Support]}",
		Open:     []string{"new", "open", "pending", "hold"}, Done: []string{"solved", "closed"},
	},
}

func serveZendesk(d *Desk, address string) http.Handler {
	api := &zendesk{desk: d, base: address, uploads: map[string]newFile{}, answered: map[string]int{}}
	mux, handle := protocol{
		desk: d, prefix: "/api/v2", caller: api.caller, unknown: answer{status: http.StatusUnauthorized, body: object{"error": "Couldn't authenticate you"}},
	}.mux()
	handle("GET /users/me", api.me)
	handle("GET /users/search", api.searchUsers)
	handle("POST /users", api.createUser)
	handle("GET /users/{id}", api.getUser)
	handle("PUT /users/{id}", api.updateUser)
	handle("GET /users/{id}/identities", api.identities)
	handle("POST /users/{id}/identities", api.addIdentity)
	handle("PUT /users/{id}/identities/{identity}/make_primary", api.makePrimary)
	handle("GET /groups", api.groups)
	handle("GET /ticket_fields", api.ticketFields)
	handle("GET /tickets", api.listTickets)
	handle("POST /tickets", api.createTicket)
	handle("GET /tickets/show_many", api.showMany)
	handle("GET /tickets/{id}", api.getTicket)
	handle("PUT /tickets/{id}", api.updateTicket)
	handle("GET /tickets/{id}/comments", api.comments)
	handle("GET /incremental/tickets/cursor", api.export)
	handle("POST /uploads", api.upload)
	return mux
}

func (api *zendesk) caller(r *http.Request) (caller, bool) {
	login, token, _ := r.BasicAuth()
	if name, ok := strings.CutSuffix(login, "/token"); ok {
		return api.desk.account(name, token)
	}
	return api.desk.bearer("Bearer ")(r)
}

var (
	zendeskForbidden = answer{status: http.StatusForbidden, body: object{"error": object{"title": "Forbidden", "message": "You do not have access to this page."}}}
	zendeskNotFound  = answer{status: http.StatusNotFound, body: object{"error": "RecordNotFound", "description": "Not found"}}
)

func zendeskInvalid(field, code, text string) answer {
	return answer{status: http.StatusUnprocessableEntity, body: object{
		"error": "RecordInvalid", "description": "Record validation errors", "details": object{field: []object{{"description": text, "error": code}}},
	}}
}

// page cuts a list by page[size] and page[after].
func zendeskPage[T any](r *http.Request, name string, rows []T, row func(T) object) answer {
	query := r.URL.Query()
	size, err := strconv.Atoi(query.Get("page[size]"))
	if err != nil {
		size = 100
	}
	start, _ := strconv.Atoi(strings.TrimPrefix(query.Get("page[after]"), "after"))
	items := []object{}
	for _, entry := range cut(rows, start, size) {
		items = append(items, row(entry))
	}
	more := start+size < len(rows)
	meta := object{"has_more": more, "after_cursor": nil, "before_cursor": nil}
	if more {
		meta["after_cursor"] = fmt.Sprintf("after%d", start+size)
	}
	return ok(object{name: items, "meta": meta, "links": object{"next": nil, "prev": nil}})
}

func (api *zendesk) groups(who caller, _ http.ResponseWriter, r *http.Request) answer {
	queues := sorted(api.desk.queues)
	if !who.rights {
		queues = nil
	}
	return zendeskPage(r, "groups", queues, func(queue *Queue) object {
		return object{"id": queue.ID, "name": queue.Name, "deleted": false, "default": false, "description": "", "is_public": true}
	})
}

func (api *zendesk) ticketFields(who caller, _ http.ResponseWriter, _ *http.Request) answer {
	if !who.rights {
		return zendeskForbidden
	}
	return ok(object{"ticket_fields": []object{{"id": 36, "title": "Cost centre", "type": "text", "active": true}, {"id": 37, "title": "Old", "type": "text", "active": false}}})
}

func (api *zendesk) ticketOf(ticket *Ticket) object {
	tags := []string{}
	if ticket.MergedInto != 0 {
		tags = append(tags, "closed_by_merge")
	}
	made := object{
		"id": ticket.ID, "url": fmt.Sprintf("%s/api/v2/tickets/%d.json", api.base, ticket.ID), "external_id": nil, "subject": ticket.Subject, "raw_subject": ticket.Subject,
		"description": "", "status": ticket.Status, "group_id": ticket.Queue, "requester_id": ticket.Requesters[0], "submitter_id": ticket.Requesters[0],
		"tags": tags, "custom_fields": []object{{"id": 36, "value": ticket.Fields["36"]}}, "is_public": true, "type": nil, "priority": nil,
		"created_at": ticket.Created.Format(time.RFC3339), "updated_at": ticket.Updated.Format(time.RFC3339),
	}
	for _, name := range []string{"external_id", "type", "priority"} {
		if value := ticket.Fields[name]; value != "" {
			made[name] = value
		} else if name != "external_id" {
			delete(made, name)
		}
	}
	return made
}

func (api *zendesk) listTickets(who caller, _ http.ResponseWriter, r *http.Request) answer {
	if !who.rights {
		return zendeskForbidden
	}
	rows := []object{}
	for _, ticket := range sorted(api.desk.tickets) {
		if ticket.Status != statusDeleted && (!r.URL.Query().Has("external_id") || ticket.Fields["external_id"] == r.URL.Query().Get("external_id")) {
			rows = append(rows, api.ticketOf(ticket))
		}
	}
	return ok(object{"tickets": rows, "count": len(rows), "next_page": nil, "previous_page": nil})
}

func (api *zendesk) showMany(who caller, _ http.ResponseWriter, r *http.Request) answer {
	if !who.rights {
		return zendeskForbidden
	}
	rows := []object{}
	for _, id := range strings.Split(r.URL.Query().Get("ids"), ",") {
		if ticket := api.desk.standing(who, id); ticket != nil {
			rows = append(rows, api.ticketOf(ticket))
		}
	}
	return ok(object{"tickets": rows, "count": len(rows), "next_page": nil, "previous_page": nil})
}

func (api *zendesk) findTicket(who caller, r *http.Request) (*Ticket, answer) {
	if !who.rights {
		return nil, zendeskForbidden
	}
	return api.desk.standing(who, r.PathValue("id")), zendeskNotFound
}

func (api *zendesk) getTicket(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket, refused := api.findTicket(who, r)
	if ticket == nil {
		return refused
	}
	return ok(object{"ticket": api.ticketOf(ticket)})
}

type zendeskTicket struct {
	Subject, Status, Type, Priority string
	ExternalID                      string `json:"external_id"`
	RequesterID                     int    `json:"requester_id"`
	GroupID                         int    `json:"group_id"`
	Comment                         *struct {
		Body    string
		HTML    string `json:"html_body"`
		Public  *bool
		Uploads []string
	}
	CustomFields []struct {
		ID    int
		Value string
	} `json:"custom_fields"`
}

func (api *zendesk) createTicket(who caller, w http.ResponseWriter, r *http.Request) answer {
	var body struct{ Ticket zendeskTicket }
	given := &body.Ticket
	switch err := json.NewDecoder(r.Body).Decode(&body); {
	case !who.rights:
		return zendeskForbidden
	case err != nil || api.desk.users[given.RequesterID] == nil || api.desk.queues[given.GroupID] == nil:
		return zendeskInvalid("requester", "InvalidValue", "Requester or group is invalid")
	case given.Comment == nil || given.Comment.Body+given.Comment.HTML == "":
		return zendeskInvalid("base", "BlankValue", "Description: cannot be blank")
	}
	key := r.Header.Get("Idempotency-Key")
	if id := api.answered[key]; key != "" && id != 0 {
		w.Header().Set("x-idempotency-lookup", "hit")
		return answer{status: http.StatusCreated, body: object{"ticket": api.ticketOf(api.desk.tickets[id])}}
	}
	fields := map[string]string{"external_id": given.ExternalID, "type": given.Type, "priority": given.Priority}
	for _, custom := range given.CustomFields {
		fields[strconv.Itoa(custom.ID)] = custom.Value
	}
	ticket := api.desk.open(who, Ticket{Queue: given.GroupID, Subject: given.Subject, Requesters: []int{given.RequesterID}, Fields: fields},
		newFile{contentType: "text/html", content: []byte(given.Comment.HTML)})
	api.answered[key] = ticket.ID
	return answer{status: http.StatusCreated, body: object{"ticket": api.ticketOf(ticket)}}
}

func (api *zendesk) updateTicket(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket, refused := api.findTicket(who, r)
	if ticket == nil {
		return refused
	}
	var body struct{ Ticket zendeskTicket }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return answer{status: http.StatusBadRequest, body: object{"error": "Unprocessable"}}
	}
	given := body.Ticket
	switch {
	case ticket.Status == "closed":
		return zendeskInvalid("status", "InvalidValue", "Status: closed prevents ticket update")
	case given.Status != "" && !slices.Contains(api.desk.rules.statuses, given.Status):
		return zendeskInvalid("status", "InvalidValue", "Status is invalid")
	case given.Priority != "" && !slices.Contains([]string{"urgent", "high", "normal", "low"}, given.Priority):
		return zendeskInvalid("priority", "InvalidValue", "Priority "+given.Priority+" is invalid")
	}
	if given.Priority != "" {
		ticket.Fields["priority"] = given.Priority
		api.desk.write(ticket, Note{Kind: "priority", Author: who.user.ID})
	}
	if given.Comment != nil {
		kind := Public // what is not said is public
		if given.Comment.Public != nil && !*given.Comment.Public {
			kind = Internal
		}
		parts := []newFile{{contentType: "text/html", content: []byte(given.Comment.HTML)}}
		for _, token := range given.Comment.Uploads {
			if file, known := api.uploads[token]; known {
				parts = append(parts, file)
			}
		}
		api.desk.addNote(ticket, who.user.ID, kind, parts...)
	}
	if given.Status != "" {
		api.desk.setStatus(ticket, who.user.ID, given.Status)
	}
	return ok(object{"ticket": api.ticketOf(ticket), "audit": object{"id": 1, "ticket_id": ticket.ID, "events": []object{}}})
}

func (api *zendesk) upload(who caller, _ http.ResponseWriter, r *http.Request) answer {
	content, err := io.ReadAll(r.Body)
	name := r.URL.Query().Get("filename")
	if err != nil || name == "" || !who.rights {
		return zendeskForbidden
	}
	token := fmt.Sprintf("upload%d", len(api.uploads)+1)
	api.uploads[token] = newFile{name: name, contentType: r.Header.Get("Content-Type"), content: content}
	return answer{status: http.StatusCreated, body: object{"upload": object{"token": token, "attachment": object{"id": len(api.uploads), "file_name": name, "size": len(content)}, "attachments": []object{}}}}
}

// comments lists the description first, then the notes; each ticket keeps its own.
func (api *zendesk) comments(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket, refused := api.findTicket(who, r)
	if ticket == nil {
		return refused
	}
	notes := slices.DeleteFunc(api.desk.own(ticket), func(note *Note) bool { return !slices.Contains([]string{Created, Public, Internal}, note.Kind) })
	return zendeskPage(r, "comments", notes, func(note *Note) object {
		text, files := api.desk.parts(note)
		attachments := []object{}
		for _, file := range files {
			attachments = append(attachments, object{
				"id": file.ID, "file_name": file.Name, "content_type": file.ContentType, "size": len(file.Content), "inline": false, "deleted": false,
				"content_url": "https://files.example.invalid/token/?name=x", "url": api.base,
			})
		}
		return object{
			"id": note.ID, "type": "Comment", "author_id": note.Author, "html_body": asHTML(text), "body": string(text.Content), "plain_body": string(text.Content),
			"public": note.Kind != Internal, "created_at": note.At.Format(time.RFC3339), "audit_id": note.ID, "attachments": attachments,
		}
	})
}

// export lists what changed from start_time on, but not within the lag, deleted tickets too.
func (api *zendesk) export(who caller, _ http.ResponseWriter, r *http.Request) answer {
	if !who.rights {
		return zendeskForbidden
	}
	query, until := r.URL.Query(), api.desk.now().Add(-api.desk.options.SearchLag)
	size, err := strconv.Atoi(query.Get("per_page"))
	if err != nil {
		size = 1000
	}
	start, skip := query.Get("start_time"), 0
	if cursor := query.Get("cursor"); cursor != "" {
		from, done, _ := strings.Cut(cursor, "=")
		start = from
		skip, _ = strconv.Atoi(done)
	}
	seconds, err := strconv.ParseInt(start, 10, 64)
	if err != nil || time.Unix(seconds, 0).After(until) {
		return answer{status: http.StatusUnprocessableEntity, body: object{"error": "InvalidValue", "description": "Too recent start_time. Use a start_time older than 60 seconds"}}
	}
	changed := slices.DeleteFunc(sorted(api.desk.tickets), func(ticket *Ticket) bool {
		return ticket.Updated.Before(time.Unix(seconds, 0)) || ticket.Updated.After(until)
	})
	slices.SortStableFunc(changed, func(a, b *Ticket) int { return a.Updated.Compare(b.Updated) })
	// The real cursor stands in a log; here what is passed over is the last time and how many had it.
	rows := []object{}
	page := cut(changed, skip, size)
	for _, ticket := range page {
		rows = append(rows, api.ticketOf(ticket))
	}
	last, same := seconds, skip
	if len(page) > 0 {
		last = page[len(page)-1].Updated.Unix()
		same = 0
		for _, ticket := range changed[:skip+len(page)] {
			if ticket.Updated.Unix() == last {
				same++
			}
		}
	}
	return ok(object{
		"tickets": rows, "after_cursor": fmt.Sprintf("%d=%d", last, same), "before_cursor": nil, "after_url": nil, "before_url": nil,
		"end_of_stream": skip+len(page) >= len(changed),
	})
}
