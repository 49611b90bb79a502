package desksim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// topdesk speaks TOPdesk's REST API as far as a connector needs it: see package topdesk's
// documentation.
type topdesk struct{ desk *Desk }

var topdeskRules = rules{
	serve:    serveTOPdesk,
	ticketID: func(ticket *Ticket) string { return uuidOf("ticket", ticket.ID) },
	number:   topdeskNumber,
	statuses: []string{"Logged", "In progress", "Waiting for caller", "Completed", "Closed", "Cancelled"},
	sample: Sample{
		Settings: "{url: %[1]s, login: deskbridge, password: %[2]s, branch: Head office, queues: [Support]}",
		Open:     []string{"Logged", "In progress", "Waiting for caller"}, Done: []string{"Completed", "Closed"}, Cancelled: []string{"Cancelled"},
	},
}

// topdeskBranch is the one branch, topdeskReason the one archiving reason.
const (
	topdeskBranch = "Head office"
	topdeskReason = "Left the company"
)

func topdeskNumber(ticket *Ticket) string { return fmt.Sprintf("I 2611 %03d", ticket.ID) }

// uuidOf makes the ID of an entity; its order is not that of creation.
func uuidOf(kind string, id int) string {
	hex := sysID(kind, id)
	return strings.Join([]string{hex[:8], hex[8:12], hex[12:16], hex[16:20], hex[20:]}, "-")
}

func serveTOPdesk(d *Desk, _ string) http.Handler {
	api := &topdesk{desk: d}
	mux, handle := protocol{
		desk: d, prefix: "/tas/api", unknown: topdeskError(http.StatusUnauthorized, "You are not authorized"),
		caller: func(r *http.Request) (caller, bool) {
			login, password, _ := r.BasicAuth()
			return d.account(login, password)
		},
	}.mux()
	handle("GET /productVersion", func(caller, http.ResponseWriter, *http.Request) answer {
		return ok(object{"major": 14, "minor": 2, "patch": 0})
	})
	permitted := handle.permitted(topdeskError(http.StatusForbidden, "You do not have permission"))
	permitted("GET /operatorgroups/lookup", api.groups)
	permitted("GET /branches/lookup", api.branches)
	permitted("GET /archiving-reasons", api.reasons)
	permitted("GET /persons", api.persons)
	permitted("POST /persons", api.createPerson)
	permitted("GET /persons/{id}", api.getPerson)
	permitted("PATCH /persons/{id}", api.updatePerson)
	permitted("PATCH /persons/id/{id}/archive", api.archive)
	permitted("PATCH /persons/id/{id}/unarchive", api.archive)
	permitted("GET /incidents", api.list)
	permitted("POST /incidents", api.create)
	permitted("GET /incidents/statuses", api.statuses)
	permitted("GET /incidents/id/{id}", api.get)
	permitted("PATCH /incidents/id/{id}", api.update)
	permitted("GET /incidents/id/{id}/actions", api.actions)
	permitted("GET /incidents/id/{id}/requests", api.requests)
	permitted("GET /incidents/id/{id}/attachments", api.attachments)
	permitted("POST /incidents/id/{id}/attachments", api.upload)
	permitted("GET /incidents/id/{id}/attachments/{file}/download", api.download)
	return mux
}

func topdeskError(status int, text string) answer {
	return answer{status: status, body: []object{{"message": text}}}
}

var topdeskNotFound = topdeskError(http.StatusNotFound, "Not found")

// topdeskPage cuts a list: 206 while there is more, 204 where there is nothing.
func topdeskPage[T any](rows []T, start, size int, row func(T) object) answer {
	items := []object{}
	for _, entry := range cut(rows, start, size) {
		items = append(items, row(entry))
	}
	switch {
	case len(items) == 0:
		return answer{status: http.StatusNoContent}
	case start+len(items) < len(rows):
		return answer{status: http.StatusPartialContent, body: items}
	}
	return ok(items)
}

func listed[T any](r *http.Request, rows []T, row func(T) object) answer {
	start, _ := strconv.Atoi(r.URL.Query().Get("start"))
	size, err := strconv.Atoi(r.URL.Query().Get("page_size"))
	if err != nil {
		size = 10
	}
	return topdeskPage(rows, start, size, row)
}

func lookup(r *http.Request, names map[string]string) answer {
	results := []object{}
	for id, name := range names {
		if strings.HasPrefix(strings.ToLower(name), strings.ToLower(r.URL.Query().Get("name"))) {
			results = append(results, object{"id": id, "name": name})
		}
	}
	return ok(object{"results": results})
}

func (api *topdesk) groups(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	names := map[string]string{}
	for _, queue := range api.desk.queues {
		names[uuidOf("queue", queue.ID)] = queue.Name
	}
	return lookup(r, names)
}

func (api *topdesk) branches(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	return lookup(r, map[string]string{uuidOf("branch", 1): topdeskBranch, uuidOf("branch", 2): topdeskBranch + " annex"})
}

func (api *topdesk) reasons(caller, http.ResponseWriter, *http.Request) answer {
	return ok([]object{{"id": uuidOf("reason", 1), "name": topdeskReason}})
}

func (api *topdesk) personOf(user *User) object {
	made := object{
		"id": uuidOf("user", user.ID), "dynamicName": user.Name, "email": user.Email, "archived": user.Disabled, "networkLoginName": user.Login,
		"branch": object{"id": uuidOf("branch", 1), "name": topdeskBranch}, "creationDate": "2020-01-01T00:00:00Z", "modificationDate": "2020-01-01T00:00:00Z",
	}
	for _, name := range topdeskFields {
		made[name] = user.Attributes[name]
	}
	return made
}

var topdeskFields = []string{"firstName", "surName", "employeeNumber", "jobTitle", "phoneNumber", "mobileNumber", "title"}

// fiql is one comparison.
var fiql = regexp.MustCompile(`^([A-Za-z]+)(==|=ge=)"?([^"]*)"?$`)

func (api *topdesk) persons(_ caller, w http.ResponseWriter, r *http.Request) answer {
	w.Header().Set("Content-Type", "application/x.topdesk-collection-person-v2+json")
	asked := fiql.FindStringSubmatch(r.URL.Query().Get("query"))
	if asked == nil || !strings.Contains(r.Header.Get("Accept"), "collection-person-v2") {
		return topdeskError(http.StatusBadRequest, "The query is not understood")
	}
	items := []object{}
	for _, user := range sorted(api.desk.users) {
		has, _ := api.personOf(user)[asked[1]].(string)
		if !user.Privileged && has != "" && strings.EqualFold(has, asked[3]) {
			items = append(items, api.personOf(user))
		}
	}
	return ok(object{"item": items})
}

func (api *topdesk) findPerson(r *http.Request) *User {
	for _, user := range api.desk.users {
		if uuidOf("user", user.ID) == r.PathValue("id") {
			return user
		}
	}
	return nil
}

func (api *topdesk) getPerson(_ caller, w http.ResponseWriter, r *http.Request) answer {
	user := api.findPerson(r)
	if user == nil {
		return topdeskNotFound
	}
	w.Header().Set("Content-Type", "application/x.topdesk-person-v2+json")
	return ok(api.personOf(user))
}

func (api *topdesk) createPerson(_ caller, w http.ResponseWriter, r *http.Request) answer {
	return api.fillPerson(w, r, &User{}, http.StatusCreated)
}

func (api *topdesk) updatePerson(_ caller, w http.ResponseWriter, r *http.Request) answer {
	user := api.findPerson(r)
	if user == nil {
		return topdeskNotFound
	}
	return api.fillPerson(w, r, user, http.StatusOK)
}

func (api *topdesk) fillPerson(w http.ResponseWriter, r *http.Request, user *User, status int) answer {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || user.ID == 0 && (body["surName"] == nil || body["branch"] == nil) {
		return topdeskError(http.StatusBadRequest, "surName and branch are mandatory")
	}
	for name, value := range body {
		text, _ := value.(string)
		switch {
		case name == "email":
			user.Email = text
		case name == "networkLoginName":
			user.Login = text
		case slices.Contains(topdeskFields, name):
			user.Attributes = with(user.Attributes, name, text)
		case name != "branch":
			return topdeskError(http.StatusBadRequest, "Unknown field "+name)
		}
	}
	user.Name = strings.TrimSpace(user.Attributes["firstName"] + " " + user.Attributes["surName"])
	api.desk.putUser(user)
	w.Header().Set("Content-Type", "application/x.topdesk-person-v2+json")
	return answer{status: status, body: api.personOf(user)}
}

// archive archives a person, which demands a reason, or takes it back.
func (api *topdesk) archive(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	user := api.findPerson(r)
	if user == nil {
		return topdeskNotFound
	}
	user.Disabled = strings.HasSuffix(r.URL.Path, "/archive")
	if user.Disabled {
		var reason struct{ ID string }
		if _ = json.NewDecoder(r.Body).Decode(&reason); reason.ID != uuidOf("reason", 1) {
			user.Disabled = false
			return topdeskError(http.StatusBadRequest, "A reason is mandatory")
		}
	}
	api.desk.putUser(user)
	return ok(object{"id": uuidOf("user", user.ID), "surName": user.Attributes["surName"], "branch": object{"id": uuidOf("branch", 1), "name": topdeskBranch}})
}

// incidentOf writes an incident; times are in the old format unless iso8601 is asked for.
func (api *topdesk) incidentOf(r *http.Request, ticket *Ticket) object {
	stamp := func(at time.Time) string {
		if r.URL.Query().Get("dateFormat") == "iso8601" {
			return at.UTC().Format(time.RFC3339)
		}
		return at.UTC().Format("2006-01-02T15:04:05.000-0700")
	}
	line, status := "firstLine", ticket.Status
	if ticket.Status == statusDeleted {
		line, status = "firstLineArchived", api.desk.rules.statuses[0]
	}
	requester := api.desk.users[ticket.Requesters[0]]
	return object{
		"id": uuidOf("ticket", ticket.ID), "number": topdeskNumber(ticket), "status": line, "briefDescription": ticket.Subject,
		"externalNumber": ticket.Fields["externalNumber"], "request": ticket.Fields["request"],
		"processingStatus": object{"id": uuidOf("status", slices.Index(api.desk.rules.statuses, status)), "name": status},
		"completed":        status == "Completed" || status == "Closed", "closed": status == "Closed",
		"operatorGroup": object{"id": uuidOf("queue", ticket.Queue), "name": api.desk.queues[ticket.Queue].Name},
		"caller":        object{"id": uuidOf("user", requester.ID), "dynamicName": requester.Name},
		"creationDate":  stamp(ticket.Created), "modificationDate": stamp(ticket.Updated),
		"modifier": object{"id": uuidOf("user", ticket.UpdatedBy), "name": api.desk.loginOf(ticket.UpdatedBy)},
	}
}

func (api *topdesk) list(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	query := r.URL.Query()
	asked := fiql.FindStringSubmatch(query.Get("query"))
	if query.Has("query") && asked == nil {
		return topdeskError(http.StatusBadRequest, "The query is not understood")
	}
	var since time.Time
	if asked != nil && asked[1] == "modificationDate" {
		var err error
		if since, err = time.Parse(time.RFC3339, asked[3]); err != nil {
			return topdeskError(http.StatusBadRequest, "The date is not understood")
		}
	}
	rows := slices.DeleteFunc(sorted(api.desk.tickets), func(ticket *Ticket) bool {
		changed := ticket.Created // a ticket that changes stays where it was in other searches
		if !since.IsZero() {
			changed = ticket.Updated
		}
		hidden := ticket.Status == statusDeleted && query.Get("all") != "true" || api.desk.lags(changed)
		return hidden || ticket.Updated.Before(since) || asked != nil && asked[1] == "externalNumber" && ticket.Fields["externalNumber"] != asked[3]
	})
	if query.Get("sort") == "id:asc" {
		slices.SortFunc(rows, func(a, b *Ticket) int { return cmp.Compare(uuidOf("ticket", a.ID), uuidOf("ticket", b.ID)) })
	}
	start, _ := strconv.Atoi(query.Get("pageStart"))
	size, err := strconv.Atoi(query.Get("pageSize"))
	if err != nil {
		size = 10
	}
	return topdeskPage(rows, start, size, func(ticket *Ticket) object { return api.incidentOf(r, ticket) })
}

func (api *topdesk) create(who caller, _ http.ResponseWriter, r *http.Request) answer {
	var body struct {
		BriefDescription, Request, ExternalNumber string
		CallerLookup, OperatorGroup               struct{ ID string }
		CallType, Category                        struct{ Name string }
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len([]rune(body.BriefDescription)) > 80 || len(body.ExternalNumber) > 60 {
		return topdeskError(http.StatusBadRequest, "A field is too long")
	}
	var queue *Queue
	var requester *User
	for _, known := range api.desk.queues {
		if uuidOf("queue", known.ID) == body.OperatorGroup.ID {
			queue = known
		}
	}
	for _, known := range api.desk.users {
		if uuidOf("user", known.ID) == body.CallerLookup.ID {
			requester = known
		}
	}
	if queue == nil || requester == nil || body.Category.Name == "Nowhere" {
		return topdeskError(http.StatusBadRequest, "The caller, the group or the category does not exist")
	}
	text := File{ContentType: "text/html", Content: []byte(body.Request)}
	fields := map[string]string{"externalNumber": body.ExternalNumber, "request": strings.ReplaceAll(string(text.Content), "<br>", "\n"), "callType": body.CallType.Name}
	ticket := api.desk.open(who, Ticket{Queue: queue.ID, Subject: body.BriefDescription, Requesters: []int{requester.ID}, Fields: fields},
		newFile{contentType: "text/html", content: text.Content})
	return answer{status: http.StatusCreated, body: api.incidentOf(r, ticket)}
}

func (api *topdesk) statuses(caller, http.ResponseWriter, *http.Request) answer {
	all := []object{}
	for i, status := range api.desk.rules.statuses {
		all = append(all, object{"id": uuidOf("status", i), "name": status, "processingState": "Updated by operator", "default": i == 0})
	}
	return ok(all)
}

// get shows an archived incident, too.
func (api *topdesk) get(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.byVendorID(r.PathValue("id"))
	if ticket == nil {
		return topdeskNotFound
	}
	return ok(api.incidentOf(r, ticket))
}

func (api *topdesk) update(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.byVendorID(r.PathValue("id"))
	var body struct {
		Action           string
		Invisible        bool `json:"actionInvisibleForCaller"`
		ProcessingStatus struct{ ID string }
	}
	err := json.NewDecoder(r.Body).Decode(&body)
	switch {
	case ticket == nil:
		return topdeskNotFound
	case err != nil || ticket.Status == statusDeleted:
		return topdeskError(http.StatusBadRequest, "The incident is archived")
	}
	if body.Action != "" {
		kind := Public
		if body.Invisible {
			kind = Internal
		}
		api.desk.addNote(ticket, who.user.ID, kind, newFile{contentType: "text/html", content: []byte(body.Action)})
	}
	for i, status := range api.desk.rules.statuses {
		if uuidOf("status", i) == body.ProcessingStatus.ID {
			api.desk.setStatus(ticket, who.user.ID, status)
		}
	}
	return ok(api.incidentOf(r, ticket))
}

func (api *topdesk) entryOf(note *Note) object {
	text, _ := api.desk.parts(note)
	return object{
		"id": uuidOf("note", note.ID), "memoText": asHTML(text), "plainText": string(text.Content), "invisibleForCaller": note.Kind == Internal, "flag": 0,
		"entryDate": note.At.Format(time.RFC3339), "operator": object{"id": uuidOf("user", note.Author), "name": api.desk.loginOf(note.Author)},
	}
}

// actions lists the newest first.
func (api *topdesk) actions(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.byVendorID(r.PathValue("id"))
	if ticket == nil {
		return topdeskNotFound
	}
	notes := api.desk.discussion(ticket)
	slices.Reverse(notes)
	return listed(r, notes, api.entryOf)
}

func (api *topdesk) requests(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.byVendorID(r.PathValue("id"))
	if ticket == nil {
		return topdeskNotFound
	}
	descriptions := slices.DeleteFunc(api.desk.history(ticket), func(note *Note) bool { return note.Kind != Created })
	slices.Reverse(descriptions)
	return listed(r, descriptions, func(note *Note) object {
		entry := api.entryOf(note)
		delete(entry, "invisibleForCaller") // a request is the caller's
		return entry
	})
}

func (api *topdesk) fileOf(file *File) object {
	note := api.desk.notes[file.Note]
	return object{
		"id": uuidOf("file", file.ID), "fileName": file.Name, "size": len(file.Content), "invisibleForCaller": note.Kind == Internal, "description": "",
		"entryDate": note.At.Format(time.RFC3339), "downloadUrl": "/tas/api/x",
	}
}

func (api *topdesk) attachments(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.byVendorID(r.PathValue("id"))
	if ticket == nil {
		return topdeskNotFound
	}
	return listed(r, api.desk.attached(ticket), api.fileOf)
}

func (api *topdesk) upload(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.byVendorID(r.PathValue("id"))
	file, given := firstUpload(r, "file")
	if ticket == nil || !given {
		return topdeskNotFound
	}
	return ok(api.fileOf(api.desk.attach(who, ticket, file)))
}

func (api *topdesk) download(_ caller, w http.ResponseWriter, r *http.Request) answer {
	for _, file := range api.desk.files {
		if uuidOf("file", file.ID) == r.PathValue("file") {
			w.Header().Set("Content-Type", "application/octet-stream")
			return ok(file.Content)
		}
	}
	return topdeskNotFound
}
