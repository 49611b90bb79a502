package desksim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ivanti speaks Ivanti Neurons' OData API as far as a connector needs it: see package ivanti's
// documentation.
type ivanti struct{ desk *Desk }

var ivantiRules = rules{
	serve:    serveIvanti,
	ticketID: func(ticket *Ticket) string { return recID("ticket", ticket.ID) },
	number:   func(ticket *Ticket) string { return strconv.Itoa(10000 + ticket.ID) },
	statuses: []string{"Logged", "Active", "Waiting for Customer", "Resolved", "Closed", "Cancelled"},
	sample: Sample{
		Settings: "{url: %[1]s, api_key: %[2]s, key_field: DeskbridgeKey, queues: [Support]}",
		Open:     []string{"Logged", "Active", "Waiting for Customer"}, Done: []string{"Resolved", "Closed"}, Cancelled: []string{"Cancelled"},
	},
}

// recID makes the ID of an entity; its order is not that of creation.
func recID(kind string, id int) string { return strings.ToUpper(sysID(kind, id)) }

func serveIvanti(d *Desk, _ string) http.Handler {
	api := &ivanti{desk: d}
	mux, handle := protocol{
		desk: d, prefix: "/api", caller: d.bearer("rest_api_key="), unknown: ivantiError(http.StatusUnauthorized, "Unauthorized"),
	}.mux()
	permitted := handle.permitted(ivantiError(http.StatusForbidden, "Access denied"))
	permitted("GET /odata/businessobject/{object}", api.list)
	permitted("POST /odata/businessobject/{object}", api.create)
	permitted("PUT /odata/businessobject/{object}", api.update)
	permitted("GET /rest/Attachment", api.download)
	permitted("POST /rest/Attachment", api.upload)
	return mux
}

func ivantiError(status int, text string) answer {
	return answer{status: status, body: object{"code": "ISM_4000", "description": "…", "message": []string{text}}}
}

func ivantiTime(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// rows lists a business object.
func (api *ivanti) rows(name string) ([]object, bool) {
	rows := []object{}
	switch name {
	case "incidents":
		for _, ticket := range sorted(api.desk.tickets) {
			if api.desk.visible(ticket) {
				rows = append(rows, api.incidentOf(ticket))
			}
		}
	case "employees":
		for _, user := range sorted(api.desk.users) {
			if !user.Privileged && user.Email != "" {
				rows = append(rows, api.employeeOf(user))
			}
		}
	case "standarduserteams":
		for _, queue := range sorted(api.desk.queues) {
			rows = append(rows, object{"RecId": recID("queue", queue.ID), "Team": queue.Name})
		}
	case "journal__Notess":
		for _, note := range sorted(api.desk.notes) {
			if note.Kind == Public || note.Kind == Internal {
				rows = append(rows, api.noteOf(note))
			}
		}
	case "attachments":
		for _, file := range sorted(api.desk.files) {
			if file.Name != "" {
				note := api.desk.notes[file.Note]
				rows = append(rows, object{"RecId": recID("file", file.ID), "ATTACHNAME": file.Name, "ParentLink_RecID": recID("ticket", note.Ticket), "CreatedDateTime": ivantiTime(note.At)})
			}
		}
	default:
		return nil, false
	}
	return rows, true
}

var ivantiTicketFields = []string{"DeskbridgeKey", "Category", "Service", "Urgency", "Impact", "Source"}

func (api *ivanti) incidentOf(ticket *Ticket) object {
	made := object{
		"RecId": recID("ticket", ticket.ID), "IncidentNumber": 10000 + ticket.ID, "Subject": ticket.Subject, "Status": ticket.Status,
		"OwnerTeam": api.desk.queues[ticket.Queue].Name, "ProfileLink_RecID": recID("user", ticket.Requesters[0]), "LastModBy": api.desk.loginOf(ticket.UpdatedBy),
		"CreatedDateTime": ivantiTime(ticket.Created), "LastModDateTime": ivantiTime(ticket.Updated),
	}
	for _, name := range ivantiTicketFields {
		made[name] = nil
		if value := ticket.Fields[name]; value != "" {
			made[name] = value
		}
	}
	return made
}

var ivantiUserFields = []string{"FirstName", "LastName", "Title", "EmployeeNumber", "Status"}

func (api *ivanti) employeeOf(user *User) object {
	made := object{"RecId": recID("user", user.ID), "LoginID": user.Login, "PrimaryEmail": user.Email}
	for _, name := range ivantiUserFields {
		made[name] = user.Attributes[name]
	}
	return made
}

func (api *ivanti) noteOf(note *Note) object {
	text, _ := api.desk.parts(note)
	body := ""
	if text != nil {
		body = asHTML(text)
	}
	return object{
		"RecId": recID("note", note.ID), "ParentLink_RecID": recID("ticket", note.Ticket), "NotesBody": body, "PublishToWeb": note.Kind == Public,
		"CreatedBy": api.desk.loginOf(note.Author), "CreatedDateTime": ivantiTime(note.At),
	}
}

var odataTerm = regexp.MustCompile(`^([A-Za-z_]+) (eq|ge) (.+)$`)

// ivantiHolds says whether a row fulfils a filter, and whether the filter is understood.
func ivantiHolds(row object, filter string) (holds, known bool) {
	for _, terms := range strings.Split(filter, " or ") {
		all := true
		for _, text := range strings.Split(terms, " and ") {
			term := odataTerm.FindStringSubmatch(text)
			if term == nil {
				return false, false
			}
			has, is := row[term[1]]
			if !is {
				return false, false
			}
			value := strings.ReplaceAll(strings.Trim(term[3], "'"), "''", "'")
			all = all && (term[2] == "eq" && strings.EqualFold(fmt.Sprint(has), value) || term[2] == "ge" && fmt.Sprint(has) >= value)
		}
		if all {
			return true, true
		}
	}
	return false, true
}

// list carries out a filter: terms joined by and, or by or. Nothing is 204.
func (api *ivanti) list(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	rows, known := api.rows(r.PathValue("object"))
	if !known {
		return ivantiError(http.StatusNotFound, "Business object is not found")
	}
	query := r.URL.Query()
	if filter := query.Get("$filter"); filter != "" {
		refused := false
		rows = slices.DeleteFunc(rows, func(row object) bool {
			holds, known := ivantiHolds(row, filter)
			refused = refused || !known
			return !holds
		})
		if refused {
			return ivantiError(http.StatusBadRequest, "Undefined field in the filter")
		}
	}
	if strings.HasSuffix(query.Get("$orderby"), " desc") {
		slices.Reverse(rows) // they are in the order of creation
	}
	skip, _ := strconv.Atoi(query.Get("$skip"))
	top, _ := strconv.Atoi(query.Get("$top"))
	page := cut(rows, skip, min(top, 100))
	if len(page) == 0 {
		return answer{status: http.StatusNoContent}
	}
	return ok(object{"@odata.context": "…", "@odata.count": len(rows), "value": page})
}

func (api *ivanti) byRecID(kind, id string, numbers []int) int {
	for _, number := range numbers {
		if strings.EqualFold(recID(kind, number), id) {
			return number
		}
	}
	return 0
}

func keys[T any](table map[int]*T) []int { return slices.Sorted(maps.Keys(table)) }

func (api *ivanti) create(who caller, _ http.ResponseWriter, r *http.Request) answer {
	var fields map[string]any
	if err := json.NewDecoder(r.Body).Decode(&fields); err != nil {
		return ivantiError(http.StatusBadRequest, "The body is not JSON")
	}
	text := func(name string) string { value, _ := fields[name].(string); return value }
	switch r.PathValue("object") {
	case "employees":
		user := &User{}
		if refused := api.fill(user, fields); refused != nil {
			return *refused
		}
		return answer{status: http.StatusCreated, body: api.employeeOf(user)}
	case "journal__Notess":
		ticket := api.desk.tickets[api.byRecID("ticket", text("ParentLink"), keys(api.desk.tickets))]
		if ticket == nil {
			return ivantiError(http.StatusBadRequest, "No parent")
		}
		kind := Internal
		if fields["PublishToWeb"] == true {
			kind = Public
		}
		return answer{status: http.StatusCreated, body: api.noteOf(api.desk.addNote(ticket, who.user.ID, kind, newFile{contentType: "text/html", content: []byte(text("NotesBody"))}))}
	}
	queue := api.desk.queueByName(text("OwnerTeam"))
	requester := api.byRecID("user", text("ProfileLink"), keys(api.desk.users))
	if queue == nil || requester == 0 || text("Symptom") == "" {
		return ivantiError(http.StatusBadRequest, "A required field is missing")
	}
	kept := map[string]string{}
	for name := range fields {
		switch {
		case slices.Contains(ivantiTicketFields, name):
			kept[name] = text(name)
		case !slices.Contains([]string{"Subject", "Symptom", "ProfileLink", "OwnerTeam", "Status"}, name):
			return ivantiError(http.StatusBadRequest, "Undefined field "+name)
		}
	}
	ticket := api.desk.open(who, Ticket{Queue: queue.ID, Subject: text("Subject"), Requesters: []int{requester}, Fields: kept}, newFile{contentType: "text/html", content: []byte(text("Symptom"))})
	return answer{status: http.StatusCreated, body: api.incidentOf(ticket)}
}

func (api *ivanti) fill(user *User, fields map[string]any) *answer {
	for name, value := range fields {
		text, _ := value.(string)
		switch {
		case name == "PrimaryEmail":
			user.Email = text
		case name == "LoginID":
			user.Login = text
		case slices.Contains(ivantiUserFields, name):
			user.Attributes = with(user.Attributes, name, text)
		default:
			refused := ivantiError(http.StatusBadRequest, "Undefined field "+name)
			return &refused
		}
	}
	user.Name = strings.TrimSpace(user.Attributes["FirstName"] + " " + user.Attributes["LastName"])
	user.Disabled = user.Attributes["Status"] == "Terminated"
	api.desk.putUser(user)
	return nil
}

var ivantiKey = regexp.MustCompile(`^([a-z]+)\('([0-9A-Fa-f]{32})'\)$`)

func (api *ivanti) update(who caller, _ http.ResponseWriter, r *http.Request) answer {
	asked := ivantiKey.FindStringSubmatch(r.PathValue("object"))
	var fields map[string]any
	if err := json.NewDecoder(r.Body).Decode(&fields); err != nil || asked == nil {
		return ivantiError(http.StatusBadRequest, "The record is not named")
	}
	if user := api.desk.users[api.byRecID("user", asked[2], keys(api.desk.users))]; asked[1] == "employees" && user != nil {
		if refused := api.fill(user, fields); refused != nil {
			return *refused
		}
		return ok(api.employeeOf(user))
	}
	ticket := api.desk.tickets[api.byRecID("ticket", asked[2], keys(api.desk.tickets))]
	if ticket == nil || ticket.Status == statusDeleted {
		return ivantiError(http.StatusNotFound, "Record is not found")
	}
	if status, given := fields["Status"].(string); given && !api.desk.setStatus(ticket, who.user.ID, status) {
		return ivantiError(http.StatusBadRequest, "The value is not in the validated list")
	}
	return ok(api.incidentOf(ticket))
}

func (api *ivanti) upload(who caller, _ http.ResponseWriter, r *http.Request) answer {
	file, given := firstUpload(r, "file")
	ticket := api.desk.tickets[api.byRecID("ticket", r.FormValue("ObjectID"), keys(api.desk.tickets))]
	if ticket == nil || !given || r.FormValue("ObjectType") != "incidents#" {
		return ivantiError(http.StatusBadRequest, "The object is not named")
	}
	added := api.desk.attach(who, ticket, file)
	return ok([]object{{"Message": recID("file", added.ID), "IsUploaded": true, "FileName": added.Name}})
}

func (api *ivanti) download(_ caller, w http.ResponseWriter, r *http.Request) answer {
	file := api.desk.files[api.byRecID("file", r.URL.Query().Get("ID"), keys(api.desk.files))]
	if file == nil {
		return ivantiError(http.StatusNotFound, "The attachment is not found")
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	return ok(file.Content)
}
