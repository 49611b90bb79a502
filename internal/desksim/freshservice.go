package desksim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// freshservice speaks Freshservice's API v2 as far as a connector needs it: see package
// freshservice's documentation.
type freshservice struct{ desk *Desk }

// freshserviceKey is the one custom field of tickets.
const freshserviceKey = "deskbridge_key"

var freshserviceRules = rules{
	serve:    serveFreshservice,
	statuses: []string{"Open", "Pending", "Resolved", "Closed", "6"}, // from 2 on; 6 is one of its own
	sample: Sample{
		Settings: "{url: %[1]s, api_key: %[2]s, key_field: deskbridge_key, queues: [Support]}",
		Open:     []string{"Open", "Pending", "6"}, Done: []string{"Resolved", "Closed"},
	},
}

func serveFreshservice(d *Desk, _ string) http.Handler {
	api := &freshservice{desk: d}
	mux, handle := protocol{
		desk: d, prefix: "/api/v2", caller: func(r *http.Request) (caller, bool) { key, _, _ := r.BasicAuth(); return d.accountOf(key) },
		unknown: answer{status: http.StatusUnauthorized, body: object{"code": "invalid_credentials", "message": "You have to be logged in to perform this action."}},
	}.mux()
	handle("GET /groups", api.groups)
	handle("GET /ticket_form_fields", api.fields)
	handle("GET /tickets", api.list)
	handle("GET /tickets/filter", api.filter)
	handle("POST /tickets", api.create)
	handle("GET /tickets/{id}", api.get)
	handle("PUT /tickets/{id}", api.update)
	handle("GET /tickets/{id}/conversations", api.conversations)
	handle("POST /tickets/{id}/notes", api.note)
	handle("GET /requesters", api.requesters)
	handle("POST /requesters", api.createRequester)
	handle("GET /requesters/{id}", api.requester)
	handle("PUT /requesters/{id}", api.updateRequester)
	handle("DELETE /requesters/{id}", api.deactivate)
	handle("PUT /requesters/{id}/reactivate", api.reactivate)
	handle("GET /agents", api.agents)
	handle("GET /agents/{id}", api.agent)
	return mux
}

var (
	freshserviceForbidden = answer{status: http.StatusForbidden, body: object{"code": "access_denied", "message": "You are not authorized to perform this action."}}
	freshserviceNotFound  = answer{status: http.StatusNotFound}
)

func freshserviceInvalid(field, code, text string) answer {
	return answer{status: http.StatusBadRequest, body: object{"description": "Validation failed", "errors": []object{{"field": field, "message": text, "code": code}}}}
}

func freshservicePage[T any](r *http.Request, name string, rows []T, row func(T) object) answer {
	size, err := strconv.Atoi(r.URL.Query().Get("per_page"))
	if err != nil {
		size = 30
	}
	number, _ := strconv.Atoi(r.URL.Query().Get("page"))
	items := []object{}
	for _, entry := range cut(rows, (max(number, 1)-1)*size, min(size, 100)) {
		items = append(items, row(entry))
	}
	return ok(object{name: items})
}

func (api *freshservice) groups(who caller, _ http.ResponseWriter, r *http.Request) answer {
	if !who.rights {
		return freshserviceForbidden
	}
	return freshservicePage(r, "groups", sorted(api.desk.queues), func(queue *Queue) object { return object{"id": queue.ID, "name": queue.Name} })
}

func (api *freshservice) fields(who caller, _ http.ResponseWriter, _ *http.Request) answer {
	if !who.rights {
		return freshserviceForbidden
	}
	choices := []object{}
	for i, status := range api.desk.rules.statuses {
		choices = append(choices, object{"id": i + 2, "value": status})
	}
	return ok(object{"ticket_fields": []object{{"name": "subject"}, {"name": "status", "choices": choices}}})
}

func (api *freshservice) status(ticket *Ticket) int {
	return 2 + slices.Index(api.desk.rules.statuses, ticket.Status)
}

// ticketOf writes a ticket; the recorded answer has more, the document demands no more.
func (api *freshservice) ticketOf(ticket *Ticket) object {
	made := object{
		"id": ticket.ID, "subject": ticket.Subject, "description": "<div>…</div>", "description_text": "…", "status": api.status(ticket), "priority": 2, "type": "Incident",
		"requester_id": ticket.Requesters[0], "group_id": ticket.Queue, "tags": []string{}, "is_escalated": false, "deleted": false, "spam": false,
		"custom_fields": object{freshserviceKey: nil}, "created_at": ticket.Created.Format(time.RFC3339), "updated_at": ticket.Updated.Format(time.RFC3339),
	}
	if ticket.Status == statusDeleted {
		made["deleted"], made["status"] = true, 5
	}
	if key := ticket.Fields[freshserviceKey]; key != "" {
		made["custom_fields"] = object{freshserviceKey: key}
	}
	return made
}

// list shows the newest first; updated_since means after.
func (api *freshservice) list(who caller, _ http.ResponseWriter, r *http.Request) answer {
	if !who.rights {
		return freshserviceForbidden
	}
	rows := api.desk.listed(who)
	if text := r.URL.Query().Get("updated_since"); text != "" {
		since, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return freshserviceInvalid("updated_since", "invalid_value", "It should be a valid date")
		}
		rows = slices.DeleteFunc(rows, func(ticket *Ticket) bool { return !ticket.Updated.After(since) })
	}
	slices.Reverse(rows)
	return freshservicePage(r, "tickets", rows, api.ticketOf)
}

var freshserviceQuery = regexp.MustCompile(`^"([a-z_]+):'([^']*)'"$`)

func (api *freshservice) filter(who caller, _ http.ResponseWriter, r *http.Request) answer {
	asked := freshserviceQuery.FindStringSubmatch(r.URL.Query().Get("query"))
	switch {
	case !who.rights:
		return freshserviceForbidden
	case asked == nil || asked[1] != freshserviceKey:
		return freshserviceInvalid("query", "invalid_value", "The query contains a field that is not supported")
	}
	rows := slices.DeleteFunc(api.desk.listed(who), func(ticket *Ticket) bool { return !strings.EqualFold(ticket.Fields[freshserviceKey], asked[2]) })
	return freshservicePage(r, "tickets", rows, api.ticketOf)
}

func (api *freshservice) create(who caller, _ http.ResponseWriter, r *http.Request) answer {
	var body struct {
		Subject, Description string
		RequesterID          int               `json:"requester_id"`
		GroupID              int               `json:"group_id"`
		Custom               map[string]string `json:"custom_fields"`
		Status, Priority     int
	}
	err := json.NewDecoder(r.Body).Decode(&body)
	switch {
	case !who.rights:
		return freshserviceForbidden
	case err != nil || body.Subject == "" || body.Description == "" || body.Status == 0 || body.Priority == 0:
		return freshserviceInvalid("description", "missing_field", "It should be a/an String")
	case api.desk.users[body.RequesterID] == nil || api.desk.queues[body.GroupID] == nil:
		return freshserviceInvalid("requester_id", "invalid_value", "There is no requester matching the given requester_id")
	}
	for name := range body.Custom {
		if name != freshserviceKey {
			return freshserviceInvalid(name, "invalid_field", "Unexpected/invalid field in request")
		}
	}
	ticket := api.desk.open(who, Ticket{Queue: body.GroupID, Subject: body.Subject, Requesters: []int{body.RequesterID}, Fields: body.Custom},
		newFile{contentType: "text/html", content: []byte(body.Description)})
	return answer{status: http.StatusCreated, body: object{"ticket": api.ticketOf(ticket)}}
}

// find finds deleted tickets too, as Freshservice does.
func (api *freshservice) find(who caller, r *http.Request) (*Ticket, answer) {
	if !who.rights {
		return nil, freshserviceForbidden
	}
	return api.desk.byVendorID(r.PathValue("id")), freshserviceNotFound
}

func (api *freshservice) get(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket, refused := api.find(who, r)
	if ticket == nil {
		return refused
	}
	return ok(object{"ticket": api.ticketOf(ticket)})
}

func (api *freshservice) update(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket, refused := api.find(who, r)
	if ticket == nil {
		return refused
	}
	var body struct{ Status int }
	err := json.NewDecoder(r.Body).Decode(&body)
	if err != nil || body.Status < 2 || body.Status >= 2+len(api.desk.rules.statuses) {
		return freshserviceInvalid("status", "invalid_value", "It should be one of these values: '2,3,4,5,6'")
	}
	api.desk.setStatus(ticket, who.user.ID, api.desk.rules.statuses[body.Status-2])
	return ok(object{"ticket": api.ticketOf(ticket)})
}

func (api *freshservice) conversationOf(note *Note) object {
	text, files := api.desk.parts(note)
	attachments := []object{}
	for _, file := range files {
		attachments = append(attachments, object{
			"id": file.ID, "name": file.Name, "content_type": file.ContentType, "size": len(file.Content), "attachment_url": "https://files.example.invalid/x",
			"created_at": note.At.Format(time.RFC3339), "updated_at": note.At.Format(time.RFC3339),
		})
	}
	return object{
		"id": note.ID, "user_id": note.Author, "body": "<div>" + asHTML(text) + "</div>", "body_text": string(text.Content), "private": note.Kind == Internal, "incoming": false,
		"to_emails": []string{}, "created_at": note.At.Format(time.RFC3339), "updated_at": note.At.Format(time.RFC3339), "attachments": attachments,
	}
}

func (api *freshservice) conversations(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket, refused := api.find(who, r)
	if ticket == nil {
		return refused
	}
	return freshservicePage(r, "conversations", api.desk.discussion(ticket), api.conversationOf)
}

// note takes JSON or a form; what is not said to be public is private.
func (api *freshservice) note(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket, refused := api.find(who, r)
	if ticket == nil {
		return refused
	}
	kind, text := Internal, r.FormValue("body")
	private := r.FormValue("private")
	if r.MultipartForm == nil {
		var body struct {
			Body    string
			Private *bool
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		text = body.Body
		if body.Private != nil {
			private = strconv.FormatBool(*body.Private)
		}
	}
	if private == "false" {
		kind = Public
	}
	if text == "" {
		return freshserviceInvalid("body", "missing_field", "It should be a/an String")
	}
	parts := []newFile{{contentType: "text/html", content: []byte(text)}}
	if file, given := firstUpload(r, "attachments[]"); given {
		parts = append(parts, file)
	}
	return answer{status: http.StatusCreated, body: object{"conversation": api.conversationOf(api.desk.addNote(ticket, who.user.ID, kind, parts...))}}
}

var freshserviceFields = []string{"job_title", "work_phone_number", "mobile_phone_number"}

func (api *freshservice) requesterOf(user *User) object {
	first, last := user.Attributes["first_name"], user.Attributes["last_name"]
	made := object{
		"id": user.ID, "first_name": first, "last_name": last, "primary_email": user.Email, "active": !user.Disabled, "is_agent": false, "external_id": user.Login,
		"custom_fields": object{}, "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z",
	}
	for _, name := range freshserviceFields {
		made[name] = user.Attributes[name]
	}
	return made
}

func agentOf(user *User) object {
	return object{"id": user.ID, "first_name": user.Login, "last_name": "", "email": user.Email, "active": true, "occasional": false, "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z"}
}

// people are the requesters or the agents that are asked for.
func (api *freshservice) people(r *http.Request, privileged func(*User) bool) []*User {
	query := r.URL.Query()
	asked := freshserviceQuery.FindStringSubmatch(query.Get("query"))
	return slices.DeleteFunc(sorted(api.desk.users), func(user *User) bool {
		return !privileged(user) || query.Has("email") && !strings.EqualFold(user.Email, query.Get("email")) ||
			query.Has("query") && (asked == nil || asked[1] != "external_id" || !strings.EqualFold(user.Login, asked[2]))
	})
}

func isRequester(user *User) bool { return !user.Privileged }
func isAgent(user *User) bool     { return user.Privileged }

func (api *freshservice) requesters(who caller, _ http.ResponseWriter, r *http.Request) answer {
	if !who.rights {
		return freshserviceForbidden
	}
	return freshservicePage(r, "requesters", api.people(r, isRequester), api.requesterOf)
}

func (api *freshservice) agents(who caller, _ http.ResponseWriter, r *http.Request) answer {
	if !who.rights {
		return freshserviceForbidden
	}
	return freshservicePage(r, "agents", api.people(r, isAgent), agentOf)
}

func (api *freshservice) person(who caller, r *http.Request, is func(*User) bool) (*User, answer) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	switch user := api.desk.users[id]; {
	case !who.rights:
		return nil, freshserviceForbidden
	case user == nil || !is(user):
		return nil, freshserviceNotFound
	default:
		return user, answer{}
	}
}

func (api *freshservice) agent(who caller, _ http.ResponseWriter, r *http.Request) answer {
	user, refused := api.person(who, r, isAgent)
	if user == nil {
		return refused
	}
	return ok(object{"agent": agentOf(user)})
}

func (api *freshservice) requester(who caller, _ http.ResponseWriter, r *http.Request) answer {
	user, refused := api.person(who, r, isRequester)
	if user == nil {
		return refused
	}
	return ok(object{"requester": api.requesterOf(user)})
}

func (api *freshservice) createRequester(who caller, _ http.ResponseWriter, r *http.Request) answer {
	if !who.rights {
		return freshserviceForbidden
	}
	return api.fill(r, &User{}, http.StatusCreated)
}

func (api *freshservice) updateRequester(who caller, _ http.ResponseWriter, r *http.Request) answer {
	user, refused := api.person(who, r, isRequester)
	if user == nil {
		return refused
	}
	return api.fill(r, user, http.StatusOK)
}

func (api *freshservice) fill(r *http.Request, user *User, status int) answer {
	var fields map[string]string
	if err := json.NewDecoder(r.Body).Decode(&fields); err != nil || fields["first_name"] == "" || fields["primary_email"] == "" {
		return freshserviceInvalid("first_name", "missing_field", fmt.Sprint("It should be a/an String ", err))
	}
	if other := api.desk.userByEmail(fields["primary_email"]); other != nil && other != user {
		return freshserviceInvalid("primary_email", "duplicate_value", "It should be a unique value")
	}
	for name, value := range fields {
		switch {
		case name == "primary_email":
			user.Email = value
		case name == "external_id":
			user.Login = value
		case name == "first_name" || name == "last_name" || slices.Contains(freshserviceFields, name):
			user.Attributes = with(user.Attributes, name, value)
		default:
			return freshserviceInvalid(name, "invalid_field", "Unexpected/invalid field in request")
		}
	}
	user.Name = strings.TrimSpace(user.Attributes["first_name"] + " " + user.Attributes["last_name"])
	api.desk.putUser(user)
	return answer{status: status, body: object{"requester": api.requesterOf(user)}}
}

func (api *freshservice) deactivate(who caller, _ http.ResponseWriter, r *http.Request) answer {
	user, refused := api.person(who, r, isRequester)
	if user == nil {
		return refused
	}
	user.Disabled = true
	api.desk.putUser(user)
	return answer{status: http.StatusNoContent}
}

func (api *freshservice) reactivate(who caller, _ http.ResponseWriter, r *http.Request) answer {
	user, refused := api.person(who, r, isRequester)
	if user == nil {
		return refused
	}
	user.Disabled = false
	api.desk.putUser(user)
	return ok(object{"requester": api.requesterOf(user)})
}
