package desksim

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// halo speaks HaloITSM's API as far as a connector needs it: see package halo's documentation. A
// client's secret is an account's token.
type halo struct {
	desk   *Desk
	tokens *issued
}

var haloRules = rules{
	serve:       serveHalo,
	merges:      true,
	statuses:    []string{"New", "In Progress", "With User", "Resolved", "Closed", "Cancelled"},
	findsMerged: true,
	leaveMerge: func(d *Desk, from, _ *Ticket, _ int) {
		from.Status, from.Updated = "Closed", d.now()
	},
	sample: Sample{
		Settings: "{url: %[1]s, client_id: deskbridge, client_secret: %[2]s, site: Main, queues: [Support]}",
		Open:     []string{"New", "In Progress", "With User"}, Done: []string{"Resolved", "Closed"}, Cancelled: []string{"Cancelled"},
	},
}

const haloSite = "Main"

func serveHalo(d *Desk, _ string) http.Handler {
	api := &halo{desk: d, tokens: d.issuing(haloCalls)}
	mux, handle := protocol{
		desk: d, prefix: "/api", caller: api.caller, unknown: answer{status: http.StatusUnauthorized, body: object{"ClassName": "Unauthorized"}},
	}.mux()
	permitted := handle.permitted(answer{status: http.StatusForbidden, body: object{"error": "Forbidden"}})
	permitted("GET /Status", func(caller, http.ResponseWriter, *http.Request) answer { return ok(api.names(d.rules.statuses)) })
	permitted("GET /TicketType", func(caller, http.ResponseWriter, *http.Request) answer {
		return ok(api.names([]string{"Incident", "Service Request"}))
	})
	permitted("GET /Team", api.teams)
	permitted("GET /Site", api.sites)
	permitted("GET /Users", api.users)
	permitted("GET /Users/{id}", api.user)
	permitted("POST /Users", api.putUser)
	permitted("GET /Tickets", api.list)
	permitted("GET /Tickets/{id}", api.get)
	permitted("POST /Tickets", api.put)
	permitted("GET /Actions", api.actions)
	permitted("POST /Actions", api.act)
	permitted("GET /Attachment", api.attachments)
	permitted("GET /Attachment/{id}", api.download)
	permitted("POST /Attachment", api.upload)
	mux.HandleFunc("POST /auth/token", api.token)
	return mux
}

// haloCalls is for how many calls a token lasts.
const haloCalls = 50

func (api *halo) token(w http.ResponseWriter, r *http.Request) {
	api.desk.mu.Lock()
	defer api.desk.mu.Unlock()
	who, known := api.desk.accountOf(r.PostFormValue("client_secret"))
	w.Header().Set("Content-Type", "application/json")
	if !known || r.PostFormValue("grant_type") != "client_credentials" || r.PostFormValue("scope") == "" {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(object{"error": "invalid_client"})
		return
	}
	_ = json.NewEncoder(w).Encode(object{"access_token": api.tokens.issue(who.user.Login), "token_type": "Bearer", "expires_in": 3600})
}

func (api *halo) caller(r *http.Request) (caller, bool) {
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return api.tokens.caller(bearer)
}

var (
	haloNotFound = answer{status: http.StatusNotFound, body: object{"error": "NotFound"}}
	haloInvalid  = answer{status: http.StatusBadRequest, body: object{"error": "BadRequest"}}
)

// one reads the array of one that is written.
func haloOne[T any](r *http.Request) (T, bool) {
	var many []T
	err := json.NewDecoder(r.Body).Decode(&many)
	if err != nil || len(many) != 1 {
		var none T
		return none, false
	}
	return many[0], true
}

func (api *halo) names(names []string) []object {
	rows := []object{}
	for i, name := range names {
		rows = append(rows, object{"id": i + 1, "name": name})
	}
	return rows
}

func (api *halo) teams(caller, http.ResponseWriter, *http.Request) answer {
	rows := []object{}
	for _, queue := range sorted(api.desk.queues) {
		rows = append(rows, object{"id": queue.ID, "name": queue.Name, "inactive": false})
	}
	return ok(rows)
}

func (api *halo) sites(caller, http.ResponseWriter, *http.Request) answer {
	return ok(object{"record_count": 1, "sites": []object{{"id": 18, "name": haloSite, "inactive": false}}})
}

func haloUser(user *User) object {
	return object{
		"id": user.ID, "name": user.Name, "emailaddress": user.Email, "login": user.Login, "inactive": user.Disabled, "site_id": 18,
		"title": user.Attributes["title"],
	}
}

// users finds parts of addresses, names and logins.
func (api *halo) users(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	part := strings.ToLower(r.URL.Query().Get("search"))
	rows := []object{}
	for _, user := range sorted(api.desk.users) {
		if !user.Privileged && user.Email != "" && strings.Contains(strings.ToLower(user.Email+" "+user.Name+" "+user.Login), part) {
			rows = append(rows, haloUser(user))
		}
	}
	return ok(object{"record_count": len(rows), "users": rows})
}

func (api *halo) user(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	id, _ := strconv.Atoi(r.PathValue("id"))
	user := api.desk.users[id]
	if user == nil {
		return haloNotFound
	}
	return ok(haloUser(user))
}

func (api *halo) putUser(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	given, read := haloOne[struct {
		ID                               int
		SiteID                           int `json:"site_id"`
		Name, EmailAddress, Login, Title *string
		Inactive                         *bool
	}](r)
	user := &User{}
	if given.ID != 0 {
		user = api.desk.users[given.ID]
	}
	if !read || user == nil || given.ID == 0 && given.SiteID == 0 {
		return haloInvalid
	}
	for field, value := range map[*string]*string{&user.Name: given.Name, &user.Email: given.EmailAddress, &user.Login: given.Login} {
		if value != nil {
			*field = *value
		}
	}
	if given.Title != nil {
		user.Attributes = with(user.Attributes, "title", *given.Title)
	}
	if given.Inactive != nil {
		user.Disabled = *given.Inactive
	}
	api.desk.putUser(user)
	return answer{status: http.StatusCreated, body: haloUser(user)}
}

func haloTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

func (api *halo) ticketOf(ticket *Ticket) object {
	status := 1 + slices.Index(api.desk.rules.statuses, ticket.Status)
	made := object{
		"id": ticket.ID, "summary": ticket.Subject, "status_id": status, "team": api.desk.queues[ticket.Queue].Name, "user_id": ticket.Requesters[0],
		"dateoccurred": haloTime(ticket.Created), "last_update": haloTime(ticket.Updated), "lastactiondate": haloTime(ticket.Updated), "deleted": ticket.Status == statusDeleted,
	}
	if ticket.MergedInto != 0 {
		made["merged_into_id"] = ticket.MergedInto
	}
	return made
}

// list has no details.
func (api *halo) list(who caller, _ http.ResponseWriter, r *http.Request) answer {
	query := r.URL.Query()
	rows := api.desk.listed(who)
	if text := query.Get("lastupdatefromdate"); text != "" {
		since, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return haloInvalid
		}
		rows = slices.DeleteFunc(rows, func(ticket *Ticket) bool { return ticket.Updated.Before(since) })
	}
	if part := query.Get("search"); part != "" {
		rows = slices.DeleteFunc(rows, func(ticket *Ticket) bool {
			return !strings.Contains(strings.ToLower(ticket.Subject+ticket.Fields["details"]), strings.ToLower(part))
		})
	}
	number, _ := strconv.Atoi(query.Get("page_no"))
	size, _ := strconv.Atoi(query.Get("page_size"))
	page := []object{}
	for _, ticket := range cut(rows, (number-1)*size, min(size, 100)) {
		page = append(page, api.ticketOf(ticket))
	}
	return ok(object{"record_count": len(rows), "page_no": number, "page_size": size, "tickets": page})
}

// get shows a deleted ticket, too.
func (api *halo) get(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.byVendorID(r.PathValue("id"))
	if ticket == nil {
		return haloNotFound
	}
	made := api.ticketOf(ticket)
	made["details_html"], made["details"] = ticket.Fields["details"], strings.ReplaceAll(ticket.Fields["details"], "<br>", "\r\n")
	return ok(made)
}

func (api *halo) put(who caller, _ http.ResponseWriter, r *http.Request) answer {
	given, read := haloOne[struct {
		ID       int
		StatusID int `json:"status_id"`
		Summary  string
		Details  string `json:"details_html"`
		Team     string
		UserID   int `json:"user_id"`
	}](r)
	if !read {
		return haloInvalid
	}
	if given.ID != 0 {
		ticket := api.desk.standing(who, strconv.Itoa(given.ID))
		if ticket == nil {
			return haloNotFound
		}
		if given.StatusID >= 1 && given.StatusID <= len(api.desk.rules.statuses) {
			api.desk.setStatus(ticket, who.user.ID, api.desk.rules.statuses[given.StatusID-1])
		}
		return answer{status: http.StatusCreated, body: api.ticketOf(ticket)}
	}
	queue := api.desk.queueByName(given.Team)
	if queue == nil || api.desk.users[given.UserID] == nil {
		return haloInvalid
	}
	ticket := api.desk.open(who, Ticket{Queue: queue.ID, Subject: given.Summary, Requesters: []int{given.UserID}, Fields: map[string]string{"details": given.Details}},
		newFile{contentType: "text/html", content: []byte(given.Details)})
	return answer{status: http.StatusCreated, body: []object{api.ticketOf(ticket)}} // an array, too
}

func (api *halo) actionOf(note *Note) object {
	text, _ := api.desk.parts(note)
	return object{
		"id": note.ID, "ticket_id": note.Ticket, "who": api.desk.loginOf(note.Author), "outcome": "Note", "datetime": haloTime(note.At),
		"note": string(text.Content), "note_html": asHTML(text), "hiddenfromuser": note.Kind == Internal,
	}
}

// actions are those of the ticket itself.
func (api *halo) actions(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.byVendorID(r.URL.Query().Get("ticket_id"))
	if ticket == nil {
		return haloNotFound
	}
	rows := []object{}
	for _, note := range api.desk.own(ticket) {
		if note.Kind == Public || note.Kind == Internal && r.URL.Query().Get("excludeprivate") != "true" {
			rows = append(rows, api.actionOf(note))
		}
	}
	slices.Reverse(rows)
	return ok(object{"record_count": len(rows), "actions": rows})
}

func (api *halo) act(who caller, _ http.ResponseWriter, r *http.Request) answer {
	given, read := haloOne[struct {
		TicketID int    `json:"ticket_id"`
		HTML     string `json:"note_html"`
		Hidden   bool   `json:"hiddenfromuser"`
		Outcome  string
	}](r)
	ticket := api.desk.standing(who, strconv.Itoa(given.TicketID))
	if !read || ticket == nil || given.Outcome == "" {
		return haloInvalid
	}
	kind := Public
	if given.Hidden {
		kind = Internal
	}
	note := api.desk.addNote(ticket, who.user.ID, kind, newFile{contentType: "text/html", content: []byte(given.HTML)})
	return answer{status: http.StatusCreated, body: api.actionOf(note)}
}

func (api *halo) attachments(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.byVendorID(r.URL.Query().Get("ticket_id"))
	if ticket == nil {
		return haloNotFound
	}
	rows := []object{}
	for _, file := range api.desk.attached(ticket) {
		rows = append(rows, object{"id": file.ID, "filename": file.Name})
	}
	return ok(object{"attachments": rows})
}

func (api *halo) upload(who caller, _ http.ResponseWriter, r *http.Request) answer {
	given, read := haloOne[struct {
		TicketID int    `json:"ticket_id"`
		Data     string `json:"data_base64"`
		Filename string
	}](r)
	content, err := base64.StdEncoding.DecodeString(given.Data)
	ticket := api.desk.standing(who, strconv.Itoa(given.TicketID))
	if !read || err != nil || ticket == nil {
		return haloInvalid
	}
	file := api.desk.attach(who, ticket, newFile{name: given.Filename, contentType: "application/octet-stream", content: content})
	return answer{status: http.StatusCreated, body: object{"id": file.ID}}
}

// download answers in JSON for every other file: both forms are known of Halo.
func (api *halo) download(_ caller, w http.ResponseWriter, r *http.Request) answer {
	id, _ := strconv.Atoi(r.PathValue("id"))
	file := api.desk.files[id]
	switch {
	case file == nil:
		return haloNotFound
	case id%2 == 0:
		return ok(object{"id": id, "filename": file.Name, "data_base64": base64.StdEncoding.EncodeToString(file.Content)})
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	return ok(file.Content)
}
