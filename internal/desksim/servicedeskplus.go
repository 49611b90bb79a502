package desksim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// servicedeskplus speaks ManageEngine ServiceDesk Plus' API v3 as far as a connector needs it:
// see package servicedeskplus' documentation. A refresh token is an account's.
type servicedeskplus struct {
	desk   *Desk
	tokens *issued
}

// sdpKeyField is the one additional field of requests.
const sdpKeyField = "udf_sline_901"

var servicedeskplusRules = rules{
	serve:    serveServiceDeskPlus,
	ticketID: sdpID,
	number:   func(ticket *Ticket) string { return strconv.Itoa(ticket.ID) },
	statuses: []string{"Open", "Onhold", "Resolved", "Closed", "Cancelled"},
	sample: Sample{
		Settings: "{url: %[1]s, technician_key: %[2]s, key_field: udf_sline_901, queues: [Support]}",
		Open:     []string{"Open", "Onhold"}, Done: []string{"Resolved", "Closed"}, Cancelled: []string{"Cancelled"},
	},
}

// sdpCalls is for how many calls an access token lasts.
const sdpCalls = 20

// sdpID differs from the number that people see.
func sdpID(ticket *Ticket) string { return strconv.Itoa(123640000 + ticket.ID) }

func serveServiceDeskPlus(d *Desk, _ string) http.Handler {
	api := &servicedeskplus{desk: d, tokens: d.issuing(sdpCalls)}
	mux, handle := protocol{
		desk: d, prefix: "/api/v3", caller: api.caller, unknown: sdpError(http.StatusUnauthorized, 4001, "authtoken"),
	}.mux()
	permitted := handle.permitted(sdpError(http.StatusForbidden, 4002, ""))
	permitted("GET /groups", api.groups)
	permitted("GET /statuses", api.statuses)
	permitted("GET /users", api.users)
	permitted("POST /users", api.createUser)
	permitted("PUT /users/{id}", api.updateUser)
	permitted("GET /requests", api.list)
	permitted("POST /requests", api.create)
	permitted("GET /requests/{id}", api.get)
	permitted("PUT /requests/{id}", api.update)
	permitted("GET /requests/{id}/notes", api.notes)
	permitted("POST /requests/{id}/notes", api.addNote)
	permitted("GET /requests/{id}/notes/{note}", api.note)
	permitted("PUT /requests/{id}/upload", api.upload)
	permitted("PUT /requests/{id}/_uploads", api.upload)
	permitted("GET /requests/{id}/attachments/{file}", api.download)
	mux.HandleFunc("POST /oauth/v2/token", api.token)
	return mux
}

// token serves Zoho's accounts server, which answers errors with 200.
func (api *servicedeskplus) token(w http.ResponseWriter, r *http.Request) {
	api.desk.mu.Lock()
	defer api.desk.mu.Unlock()
	who, known := api.desk.accountOf(r.PostFormValue("refresh_token"))
	w.Header().Set("Content-Type", "application/json")
	if !known || r.PostFormValue("grant_type") != "refresh_token" || r.PostFormValue("client_secret") == "" {
		_ = json.NewEncoder(w).Encode(object{"error": "invalid_code"})
		return
	}
	_ = json.NewEncoder(w).Encode(object{"access_token": api.tokens.issue(who.user.Login), "token_type": "Bearer", "expires_in": 3600})
}

func (api *servicedeskplus) caller(r *http.Request) (caller, bool) {
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Zoho-oauthtoken ")
	if !ok {
		return api.desk.accountOf(r.Header.Get("authtoken"))
	}
	return api.tokens.caller(bearer)
}

func sdpError(status, code int, field string) answer {
	message := object{"status_code": code, "message": "…", "type": "failed"}
	if field != "" {
		message["field"] = field
	}
	return answer{status: status, body: object{"response_status": object{"status_code": 4000, "status": "failed", "messages": []object{message}}}}
}

var sdpNotFound = sdpError(http.StatusNotFound, 4007, "")

func sdpOne(status int, name string, body object) answer {
	return answer{status: status, body: object{name: body, "response_status": object{"status_code": 2000, "status": "success"}}}
}

// sdpInput reads input_data.
func sdpInput(r *http.Request, into any) bool {
	return json.Unmarshal([]byte(r.FormValue("input_data")), into) == nil
}

type sdpListInfo struct {
	List struct {
		Criteria []struct {
			Field, Condition string
			Values           []string
		} `json:"search_criteria"`
		Sort  string `json:"sort_field"`
		Rows  int    `json:"row_count"`
		Start int    `json:"start_index"`
	} `json:"list_info"`
}

// sdpList cuts a list; indexes begin with 1, and the status is an array.
func sdpList(r *http.Request, name string, rows []object) answer {
	var info sdpListInfo
	if !sdpInput(r, &info) {
		return sdpError(http.StatusBadRequest, 4001, "input_data")
	}
	size := info.List.Rows
	if size == 0 {
		size = 10
	}
	page := append([]object{}, cut(rows, info.List.Start-1, min(size, 100))...)
	return ok(object{
		name: page, "response_status": []object{{"status_code": 2000, "status": "success"}},
		"list_info": object{"has_more_rows": info.List.Start-1+len(page) < len(rows), "start_index": info.List.Start, "row_count": len(page)},
	})
}

func sdpTime(at time.Time) object {
	return object{"display_value": at.Format("Jan 2, 2006 03:04 PM"), "value": strconv.FormatInt(at.UnixMilli(), 10)}
}

func (api *servicedeskplus) groups(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	rows := []object{}
	for _, queue := range sorted(api.desk.queues) {
		rows = append(rows, object{"id": strconv.Itoa(queue.ID), "name": queue.Name})
	}
	return sdpList(r, "groups", rows)
}

func (api *servicedeskplus) statuses(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	rows := []object{}
	for i, status := range api.desk.rules.statuses {
		rows = append(rows, object{"id": strconv.Itoa(i), "name": status})
	}
	return sdpList(r, "statuses", rows)
}

var sdpUserFields = []string{"employee_id", "jobtitle", "phone", "mobile"}

func sdpUser(user *User) object {
	made := object{"id": strconv.Itoa(user.ID), "name": user.Name, "email_id": user.Email, "login_name": user.Login}
	for _, name := range sdpUserFields {
		made[name] = user.Attributes[name]
	}
	return made
}

func (api *servicedeskplus) users(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	var info sdpListInfo
	if !sdpInput(r, &info) || len(info.List.Criteria) != 1 {
		return sdpError(http.StatusBadRequest, 4001, "search_criteria")
	}
	asked := info.List.Criteria[0]
	rows := []object{}
	for _, user := range sorted(api.desk.users) {
		if has, _ := sdpUser(user)[asked.Field].(string); !user.Privileged && has != "" && strings.EqualFold(has, asked.Values[0]) {
			rows = append(rows, sdpUser(user))
		}
	}
	return sdpList(r, "users", rows)
}

func (api *servicedeskplus) createUser(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	return api.fillUser(r, &User{}, http.StatusCreated)
}

func (api *servicedeskplus) updateUser(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	id, _ := strconv.Atoi(r.PathValue("id"))
	user := api.desk.users[id]
	if user == nil {
		return sdpNotFound
	}
	return api.fillUser(r, user, http.StatusOK)
}

func (api *servicedeskplus) fillUser(r *http.Request, user *User, status int) answer {
	var body struct{ User map[string]string }
	if !sdpInput(r, &body) {
		return sdpError(http.StatusBadRequest, 4001, "input_data")
	}
	for name, value := range body.User {
		switch {
		case name == "name":
			user.Name = value
		case name == "email_id":
			user.Email = value
		case name == "login_name":
			user.Login = value
		case slices.Contains(sdpUserFields, name):
			user.Attributes = with(user.Attributes, name, value)
		default:
			return sdpError(http.StatusBadRequest, 4014, name)
		}
	}
	api.desk.putUser(user)
	return sdpOne(status, "user", sdpUser(user))
}

func (api *servicedeskplus) requestOf(ticket *Ticket) object {
	attachments := []object{}
	for _, file := range api.desk.attached(ticket) {
		attachments = append(attachments, object{
			"id": strconv.Itoa(file.ID), "name": file.Name, "content_type": file.ContentType, "size": strconv.Itoa(len(file.Content)),
			"content_url": fmt.Sprintf("/api/v3/requests/%s/attachments/%d", sdpID(ticket), file.ID),
		})
	}
	fields := object{sdpKeyField: nil}
	if key := ticket.Fields[sdpKeyField]; key != "" {
		fields[sdpKeyField] = key
	}
	requester := api.desk.users[ticket.Requesters[0]]
	return object{
		"id": sdpID(ticket), "display_id": strconv.Itoa(ticket.ID), "subject": ticket.Subject, "is_trashed": ticket.Status == statusDeleted,
		"status": object{"id": "1", "name": ticket.Status, "internal_name": ticket.Status}, "group": object{"id": strconv.Itoa(ticket.Queue), "name": api.desk.queues[ticket.Queue].Name},
		"requester":    object{"id": strconv.Itoa(requester.ID), "name": requester.Name, "email_id": requester.Email},
		"created_time": sdpTime(ticket.Created), "last_updated_time": sdpTime(ticket.Updated), "udf_fields": fields, "attachments": attachments, "category": nil,
	}
}

// list carries out the criteria; all of them have to hold.
func (api *servicedeskplus) list(who caller, _ http.ResponseWriter, r *http.Request) answer {
	var info sdpListInfo
	if !sdpInput(r, &info) {
		return sdpError(http.StatusBadRequest, 4001, "input_data")
	}
	for _, asked := range info.List.Criteria {
		if !slices.Contains([]string{"last_updated_time", "created_time", "udf_fields." + sdpKeyField}, asked.Field) {
			return sdpError(http.StatusBadRequest, 4001, asked.Field)
		}
	}
	rows := []object{}
	for _, ticket := range api.desk.listed(who) {
		matches := true
		for _, asked := range info.List.Criteria {
			after, _ := strconv.ParseInt(asked.Values[0], 10, 64)
			switch asked.Field {
			case "last_updated_time":
				matches = matches && ticket.Updated.UnixMilli() > after
			case "created_time":
				matches = matches && ticket.Created.UnixMilli() > after
			default:
				matches = matches && strings.EqualFold(ticket.Fields[sdpKeyField], asked.Values[0])
			}
		}
		if matches {
			rows = append(rows, api.requestOf(ticket))
		}
	}
	return sdpList(r, "requests", rows)
}

func (api *servicedeskplus) create(who caller, _ http.ResponseWriter, r *http.Request) answer {
	var body struct {
		Request struct {
			Subject, Description string
			Group                struct{ Name string }
			Requester            struct{ ID string }
			Category             struct{ Name string }
			Fields               map[string]string `json:"udf_fields"`
		}
	}
	if !sdpInput(r, &body) {
		return sdpError(http.StatusBadRequest, 4001, "input_data")
	}
	id, _ := strconv.Atoi(body.Request.Requester.ID)
	queue := api.desk.queueByName(body.Request.Group.Name)
	switch {
	case queue == nil:
		return sdpError(http.StatusBadRequest, 4001, "group")
	case api.desk.users[id] == nil:
		return sdpError(http.StatusBadRequest, 4001, "requester")
	}
	for name := range body.Request.Fields {
		if name != sdpKeyField {
			return sdpError(http.StatusBadRequest, 4014, "udf_fields")
		}
	}
	ticket := api.desk.open(who, Ticket{Queue: queue.ID, Subject: body.Request.Subject, Requesters: []int{id}, Fields: body.Request.Fields},
		newFile{contentType: "text/html", content: []byte(body.Request.Description)})
	return sdpOne(http.StatusCreated, "request", api.requestOf(ticket))
}

// get shows what is in the trash, too.
func (api *servicedeskplus) get(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.byVendorID(r.PathValue("id"))
	if ticket == nil {
		return sdpNotFound
	}
	return sdpOne(http.StatusOK, "request", api.requestOf(ticket))
}

func (api *servicedeskplus) update(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.standing(who, r.PathValue("id"))
	var body struct {
		Request struct {
			Status  struct{ Name string }
			Closure *object `json:"closure_info"`
		}
	}
	switch {
	case ticket == nil:
		return sdpNotFound
	case !sdpInput(r, &body):
		return sdpError(http.StatusBadRequest, 4001, "input_data")
	case body.Request.Status.Name == "Closed" && body.Request.Closure == nil:
		return sdpError(http.StatusBadRequest, 4012, "closure_info")
	case !api.desk.setStatus(ticket, who.user.ID, body.Request.Status.Name):
		return sdpError(http.StatusOK, 4001, "status") // a failure with HTTP 200
	}
	return sdpOne(http.StatusOK, "request", api.requestOf(ticket))
}

func (api *servicedeskplus) noteOf(note *Note) object {
	text, _ := api.desk.parts(note)
	return object{
		"id": strconv.Itoa(note.ID), "description": asHTML(text), "show_to_requester": note.Kind == Public, "created_time": sdpTime(note.At),
		"created_by": object{"id": strconv.Itoa(note.Author), "name": api.desk.loginOf(note.Author)},
	}
}

// notes lists without the texts.
func (api *servicedeskplus) notes(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.standing(who, r.PathValue("id"))
	if ticket == nil {
		return sdpNotFound
	}
	rows := []object{}
	for _, note := range api.desk.discussion(ticket) {
		row := api.noteOf(note)
		delete(row, "description")
		rows = append(rows, row)
	}
	return sdpList(r, "notes", rows)
}

func (api *servicedeskplus) note(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	id, _ := strconv.Atoi(r.PathValue("note"))
	note := api.desk.notes[id]
	if note == nil {
		return sdpNotFound
	}
	return sdpOne(http.StatusOK, "note", api.noteOf(note))
}

func (api *servicedeskplus) addNote(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.standing(who, r.PathValue("id"))
	var body struct {
		Note struct {
			Description string
			Shown       bool `json:"show_to_requester"`
		}
	}
	if ticket == nil || !sdpInput(r, &body) {
		return sdpNotFound
	}
	kind := Internal
	if body.Note.Shown {
		kind = Public
	}
	note := api.desk.addNote(ticket, who.user.ID, kind, newFile{contentType: "text/html", content: []byte(body.Note.Description)})
	return sdpOne(http.StatusCreated, "note", api.noteOf(note))
}

func (api *servicedeskplus) upload(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.standing(who, r.PathValue("id"))
	file, given := firstUpload(r, "input_file")
	if ticket == nil || !given {
		return sdpNotFound
	}
	added := api.desk.attach(who, ticket, file)
	return ok(object{"files": []object{{"id": strconv.Itoa(added.ID), "name": added.Name}}, "response_status": object{"status_code": 2000, "status": "success"}})
}

func (api *servicedeskplus) download(_ caller, w http.ResponseWriter, r *http.Request) answer {
	id, _ := strconv.Atoi(r.PathValue("file"))
	file := api.desk.files[id]
	if file == nil {
		return sdpNotFound
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	return ok(file.Content)
}
