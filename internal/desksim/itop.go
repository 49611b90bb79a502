package desksim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// itop speaks iTop's REST/JSON services as far as a connector needs them, as a real one answered
// for this project: see package itop's documentation.
type itop struct{ desk *Desk }

var itopRules = rules{
	serve:    serveITop,
	ticketID: func(ticket *Ticket) string { return fmt.Sprintf("%s::%d", ticket.Class, ticket.ID) },
	number:   itopNumber,
	statuses: []string{"new", "assigned", "pending", "resolved", "closed", "rejected"},
	sample: Sample{
		Settings: "{url: %[1]s, login: deskbridge, password: %[2]s, organization: Demo, queues: [Support]}",
		Open:     []string{"new", "assigned", "pending"}, Done: []string{"resolved", "closed"}, Cancelled: []string{"rejected"},
	},
}

func itopNumber(ticket *Ticket) string { return fmt.Sprintf("R-%06d", ticket.ID) }

const itopOrganization = "Demo"

func serveITop(d *Desk, _ string) http.Handler {
	api := &itop{desk: d}
	mux, handle := protocol{
		desk: d, unknown: itopError(1, "Error: Invalid login"),
		caller: func(r *http.Request) (caller, bool) {
			return d.account(r.PostFormValue("auth_user"), r.PostFormValue("auth_pwd"))
		},
	}.mux()
	handle("POST /webservices/rest.php", api.run)
	return mux
}

// itopError is an error, which comes with HTTP 200.
func itopError(code int, text string) answer {
	return ok(object{"code": code, "message": text})
}

type itopOperation struct {
	Operation, Class, Stimulus string
	Key                        json.RawMessage
	Fields                     map[string]json.RawMessage
	Output                     string `json:"output_fields"`
}

// text is a field of the operation, as text.
func (o itopOperation) text(name string) string {
	var value string
	if json.Unmarshal(o.Fields[name], &value) == nil {
		return value
	}
	return string(o.Fields[name])
}

func (api *itop) run(who caller, _ http.ResponseWriter, r *http.Request) answer {
	var asked itopOperation
	if err := json.Unmarshal([]byte(r.PostFormValue("json_data")), &asked); err != nil {
		return itopError(4, "Error: Invalid JSON")
	}
	switch {
	case asked.Operation == "list_operations":
		return ok(object{"code": 0, "message": "Operations: 7", "version": "1.3", "operations": []object{}})
	case !who.rights:
		return itopError(1, "The current user does not have enough permissions for exporting data of class "+asked.Class)
	}
	switch asked.Operation {
	case "core/get":
		return api.get(asked)
	case "core/create":
		return api.create(who, asked)
	case "core/update", "core/apply_stimulus":
		return api.update(who, asked)
	}
	return itopError(11, "Unknown verb '"+asked.Operation+"'")
}

// itopRow is an object: its class, number and attributes.
type itopRow struct {
	class  string
	id     int
	fields map[string]any
}

// rows lists a class.
func (api *itop) rows(class string) []itopRow {
	var all []itopRow
	switch class {
	case "Person":
		for _, user := range sorted(api.desk.users) {
			if !user.Privileged && user.Attributes["name"] != "" {
				all = append(all, api.personRow(user))
			}
		}
	case "Team":
		for _, queue := range sorted(api.desk.queues) {
			all = append(all, itopRow{class, queue.ID, map[string]any{"name": queue.Name}})
		}
	case "Organization":
		all = append(all, itopRow{class, 3, map[string]any{"name": itopOrganization}})
	case "Attachment":
		for _, file := range sorted(api.desk.files) {
			if file.Name != "" {
				ticket := api.desk.tickets[api.desk.notes[file.Note].Ticket]
				all = append(all, itopRow{class, file.ID, map[string]any{
					"item_class": ticket.Class, "item_id": strconv.Itoa(ticket.ID),
					"contents": object{"data": base64.StdEncoding.EncodeToString(file.Content), "mimetype": file.ContentType, "filename": file.Name},
				}})
			}
		}
	default:
		for _, ticket := range sorted(api.desk.tickets) {
			if ticket.Class == class && ticket.Status != statusDeleted {
				all = append(all, api.ticketRow(ticket))
			}
		}
	}
	return all
}

func (api *itop) stamp(at time.Time) string {
	return at.In(api.desk.options.Zone).Format(time.DateTime)
}

// itopPersonFields are those of a person that can be written.
var itopPersonFields = []string{"first_name", "name", "email", "employee_number", "phone", "org_id", "status"}

func (api *itop) personRow(user *User) itopRow {
	row := itopRow{"Person", user.ID, map[string]any{}}
	for _, name := range itopPersonFields {
		row.fields[name] = user.Attributes[name]
	}
	return row
}

func (api *itop) ticketRow(ticket *Ticket) itopRow {
	entries := []object{}
	for _, note := range slices.Backward(api.desk.discussion(ticket)) {
		if note.Kind == Public {
			text, _ := api.desk.parts(note)
			entries = append(entries, object{
				"date": api.stamp(note.At), "user_login": api.desk.loginOf(note.Author), "user_id": strconv.Itoa(note.Author),
				"message": string(text.Content), "message_html": "<p>" + asHTML(text) + "</p>",
			})
		}
	}
	return itopRow{ticket.Class, ticket.ID, map[string]any{
		"ref": itopNumber(ticket), "title": ticket.Subject, "description": "<p>" + ticket.Fields["description"] + "</p>", "status": ticket.Status,
		"team_name": api.desk.queues[ticket.Queue].Name, "caller_id": strconv.Itoa(ticket.Requesters[0]), "start_date": api.stamp(ticket.Created),
		"last_update": api.stamp(ticket.Updated), "public_log": object{"entries": entries}, "private_log": object{"entries": []object{}},
		"urgency": ticket.Fields["urgency"],
	}}
}

// oqlTerm is a comparison of OQL.
var oqlTerm = regexp.MustCompile(`^([a-z_]+) (=|>=|>|LIKE|IN) (.+)$`)

func (row itopRow) holds(term []string) (bool, bool) {
	has, known := row.fields[term[1]]
	text := fmt.Sprint(has)
	if term[1] == "id" {
		text, known = strconv.Itoa(row.id), true
	}
	value := strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(strings.TrimSuffix(strings.TrimPrefix(term[3], "'"), "'"))
	switch term[2] {
	case "IN":
		return slices.Contains(strings.Split(strings.Trim(term[3], "()"), ","), text), known
	case "LIKE":
		return strings.Contains(strings.ToLower(text), strings.ToLower(strings.Trim(value, "%"))), known
	case ">":
		a, _ := strconv.Atoi(text)
		b, _ := strconv.Atoi(value)
		return a > b, known
	case ">=":
		return text >= value, known
	}
	return strings.EqualFold(text, value), known
}

func (api *itop) get(asked itopOperation) answer {
	var oql string
	_ = json.Unmarshal(asked.Key, &oql)
	where, ok := strings.CutPrefix(oql, "SELECT "+asked.Class+" WHERE ")
	if !ok {
		return itopError(100, "Error: OQL syntax error")
	}
	var found []itopRow
	for _, row := range api.rows(asked.Class) {
		matches := true
		for _, text := range strings.Split(where, " AND ") {
			term := oqlTerm.FindStringSubmatch(text)
			if term == nil {
				return itopError(100, "Error: OQL syntax error")
			}
			holds, known := row.holds(term)
			if !known {
				return itopError(100, "Error: Unknown attribute "+term[1]+" from class "+asked.Class)
			}
			matches = matches && holds
		}
		if matches {
			found = append(found, row)
		}
	}
	return api.objects(asked, found)
}

// objects writes what was found or written; a map in no given order, null where there is nothing.
func (api *itop) objects(asked itopOperation, rows []itopRow) answer {
	reply := object{"code": 0, "message": fmt.Sprintf("Found: %d", len(rows)), "objects": nil}
	objects := object{}
	for _, row := range rows {
		fields := object{}
		for _, name := range strings.Split(asked.Output, ",") {
			value, known := row.fields[name]
			if !known {
				return itopError(100, "Error: output_fields: invalid attribute code '"+name+"'")
			}
			fields[name] = value
		}
		objects[fmt.Sprintf("%s::%d", row.class, row.id)] = object{"code": 0, "message": "", "class": row.class, "key": strconv.Itoa(row.id), "fields": fields}
		reply["objects"] = objects
	}
	return ok(reply)
}

func (api *itop) create(who caller, asked itopOperation) answer {
	switch asked.Class {
	case "Person":
		user := &User{}
		if refused := api.fillPerson(user, asked); refused != nil {
			return *refused
		}
		return api.objects(asked, []itopRow{api.personRow(user)})
	case "Attachment":
		id, _ := strconv.Atoi(asked.text("item_id"))
		var held struct{ Data, Mimetype, Filename string }
		_ = json.Unmarshal(asked.Fields["contents"], &held)
		content, err := base64.StdEncoding.DecodeString(held.Data)
		ticket := api.desk.tickets[id]
		if err != nil || ticket == nil {
			return itopError(100, "Error: contents: invalid")
		}
		file := api.desk.attach(who, ticket, newFile{name: held.Filename, contentType: held.Mimetype, content: content})
		return api.objects(asked, []itopRow{{"Attachment", file.ID, map[string]any{"item_id": strconv.Itoa(id)}}})
	}
	for name := range asked.Fields {
		if !slices.Contains([]string{"title", "description", "org_id", "caller_id", "team_id", "origin", "urgency"}, name) {
			return itopError(100, "Error: "+name+": invalid attribute code")
		}
	}
	requester, _ := strconv.Atoi(asked.text("caller_id"))
	queue, _ := strconv.Atoi(asked.text("team_id"))
	if asked.text("description") == "" || asked.text("org_id") == "" || api.desk.users[requester] == nil || api.desk.queues[queue] == nil {
		return itopError(100, "Error: the object cannot be created: mandatory attribute missing")
	}
	ticket := api.desk.open(who, Ticket{
		Queue: queue, Class: asked.Class, Subject: asked.text("title"), Requesters: []int{requester},
		Fields: map[string]string{"description": asked.text("description"), "urgency": asked.text("urgency")},
	}, newFile{contentType: "text/html", content: []byte(asked.text("description"))})
	return api.objects(asked, []itopRow{api.ticketRow(ticket)})
}

func (api *itop) fillPerson(user *User, asked itopOperation) *answer {
	for name := range asked.Fields {
		if !slices.Contains(itopPersonFields, name) {
			refused := itopError(100, "Error: "+name+": invalid attribute code")
			return &refused
		}
		user.Attributes = with(user.Attributes, name, asked.text(name))
	}
	user.Email, user.Name = user.Attributes["email"], strings.TrimSpace(user.Attributes["first_name"]+" "+user.Attributes["name"])
	user.Disabled = user.Attributes["status"] != "active"
	api.desk.putUser(user)
	return nil
}

func (api *itop) update(who caller, asked itopOperation) answer {
	var key string
	_ = json.Unmarshal(asked.Key, &key)
	id, _ := strconv.Atoi(key)
	if asked.Class == "Person" {
		user := api.desk.users[id]
		if user == nil {
			return itopError(100, "Error: No item found for query: SELECT Person WHERE id = "+key)
		}
		if refused := api.fillPerson(user, asked); refused != nil {
			return *refused
		}
		return api.objects(asked, []itopRow{api.personRow(user)})
	}
	ticket := api.desk.tickets[id]
	if ticket == nil || ticket.Status == statusDeleted {
		return itopError(100, "Error: No item found")
	}
	status := asked.text("status")
	if asked.Operation == "core/apply_stimulus" {
		status = map[string]string{"ev_resolve": "resolved", "ev_close": "closed"}[asked.Stimulus]
		if status == "" || status == "closed" && ticket.Status != "resolved" {
			return itopError(100, fmt.Sprintf("Error: Invalid stimulus: '%s' on the object in state '%s'", asked.Stimulus, ticket.Status))
		}
	}
	if status != "" && !api.desk.setStatus(ticket, who.user.ID, status) {
		return itopError(100, "Error: status: Value not allowed ["+status+"]")
	}
	if entry := asked.text("public_log"); entry != "" {
		api.desk.addNote(ticket, who.user.ID, Public, newFile{contentType: "text/html", content: []byte(entry)})
	}
	return api.objects(asked, []itopRow{api.ticketRow(ticket)})
}
