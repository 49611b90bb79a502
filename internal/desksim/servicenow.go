package desksim

import (
	"crypto/md5" //nolint:gosec // makes an ID, protects nothing
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// servicenow is the tables of ServiceNow that a connector needs, over one model; the Table API
// and the direct web services are two ways to them: see package servicenow's documentation.
type servicenow struct {
	desk   *Desk
	tokens *issued
}

// snow is a row: field -> value; dv has what people see where it is something else.
type snow struct {
	fields, dv map[string]string
	// hidden rows are left out after the limit was applied.
	hidden bool
}

// snowError is what ServiceNow answers in place of rows.
type snowError struct {
	status          int
	message, detail string
}

var (
	snowNoRecord = &snowError{404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval"}
	snowACL      = &snowError{403, "Operation Failed", "ACL Exception Insert Failed due to security constraints"}
)

// snowStates are the values of the field state, by table and label.
var snowStates = map[string]map[string]string{
	"incident":    {"New": "1", "In Progress": "2", "On Hold": "3", "Resolved": "6", "Closed": "7", "Canceled": "8"},
	"sc_req_item": {"Open": "1", "Work in Progress": "2", "Closed Complete": "3", "Closed Incomplete": "4", "Closed Skipped": "7"},
}

// snowTicketFields are what a client may write on a ticket beside its journals.
var snowTicketFields = []string{
	"short_description", "description", "assignment_group", "caller_id", "requested_for", "correlation_id", "category", "close_code", "close_notes", "priority",
}

var snowUserFields = []string{"user_name", "email", "first_name", "last_name", "employee_number", "active", "city", "phone"}

// sysID makes the ID of an entity; its order is not that of creation.
func sysID(kind string, id int) string {
	sum := md5.Sum([]byte(kind + strconv.Itoa(id))) //nolint:gosec // makes an ID, protects nothing
	return hex.EncodeToString(sum[:])
}

func bySysID[T any](kind string, table map[int]*T, id string) *T {
	for number, entity := range table {
		if sysID(kind, number) == id {
			return entity
		}
	}
	return nil
}

func snowStamp(at time.Time) string { return at.UTC().Format(time.DateTime) }

// rows lists a table; an unknown one is an error.
func (api *servicenow) rows(who caller, table string) ([]snow, *snowError) {
	var all []snow
	switch table {
	case "task", "incident", "sc_req_item":
		for _, ticket := range sorted(api.desk.tickets) {
			if ticket.Status != statusDeleted && (table == "task" || ticket.Class == table) {
				all = append(all, api.ticketRow(ticket, table))
			}
		}
	case "sys_user":
		for _, user := range sorted(api.desk.users) {
			all = append(all, api.userRow(user))
		}
	case "sys_user_group":
		for _, queue := range sorted(api.desk.queues) {
			all = append(all, snow{fields: map[string]string{"sys_id": sysID("queue", queue.ID), "name": queue.Name, "active": "true", "sys_created_on": "2020-01-01 00:00:00"}})
		}
	case "sys_choice":
		for name, states := range snowStates {
			for label, value := range states {
				all = append(all, snow{fields: map[string]string{
					"sys_id": sysID("choice"+name, len(label)*100+len(value)), "name": name, "element": "state", "label": label, "value": value, "inactive": "false",
				}})
			}
		}
	case "sys_journal_field":
		all = api.journal()
	case "sys_attachment":
		all = api.attachmentRows()
	default:
		return nil, &snowError{400, "Invalid table " + table, ""}
	}
	for i := range all {
		all[i].hidden = !who.rights
	}
	return all, nil
}

func (api *servicenow) ticketRow(ticket *Ticket, table string) snow {
	row := snow{fields: map[string]string{}, dv: map[string]string{}}
	for _, name := range snowTicketFields {
		row.fields[name] = ticket.Fields[name]
	}
	if table == "task" { // a parent table has no fields of its extensions
		delete(row.fields, "caller_id")
		delete(row.fields, "requested_for")
		delete(row.fields, "category")
	}
	queue := api.desk.queues[ticket.Queue]
	maps.Copy(row.fields, map[string]string{
		"sys_id": sysID("ticket", ticket.ID), "number": snowNumber(ticket), "short_description": ticket.Subject, "sys_class_name": ticket.Class,
		"state": snowStates[ticket.Class][ticket.Status], "assignment_group": sysID("queue", queue.ID), "active": "true",
		"sys_created_on": snowStamp(ticket.Created), "sys_updated_on": snowStamp(ticket.Updated), "sys_updated_by": api.login(ticket.UpdatedBy),
		"comments": "", "work_notes": "", "comments_and_work_notes": "",
	})
	row.dv["state"], row.dv["assignment_group"] = ticket.Status, queue.Name
	return row
}

func snowNumber(ticket *Ticket) string {
	prefix := map[string]string{"incident": "INC", "sc_req_item": "RITM"}[ticket.Class]
	return fmt.Sprintf("%s%07d", prefix, 10000+ticket.ID)
}

func (api *servicenow) login(id int) string {
	if user := api.desk.users[id]; user != nil {
		return user.Login
	}
	return "system"
}

func (api *servicenow) userRow(user *User) snow {
	row := snow{fields: map[string]string{
		"sys_id": sysID("user", user.ID), "user_name": user.Login, "email": user.Email, "active": strconv.FormatBool(!user.Disabled),
		"sys_created_on": "2020-01-01 00:00:00", "name": user.Name,
	}}
	for _, name := range snowUserFields {
		if _, set := row.fields[name]; !set {
			row.fields[name] = user.Attributes[name]
		}
	}
	return row
}

func (api *servicenow) journal() []snow {
	var all []snow
	for _, note := range sorted(api.desk.notes) {
		element := map[string]string{Public: "comments", Internal: "work_notes"}[note.Kind]
		if element == "" {
			continue
		}
		ticket := api.desk.tickets[note.Ticket]
		for _, part := range note.Parts {
			if file := api.desk.files[part]; file.Name == "" {
				all = append(all, snow{fields: map[string]string{
					"sys_id": sysID("note", note.ID), "name": ticket.Class, "element": element, "element_id": sysID("ticket", note.Ticket),
					"value": string(file.Content), "sys_created_on": snowStamp(note.At), "sys_created_by": api.login(note.Author),
				}})
			}
		}
	}
	return all
}

func (api *servicenow) attachmentRows() []snow {
	var all []snow
	for _, file := range sorted(api.desk.files) {
		if file.Name == "" {
			continue
		}
		note := api.desk.notes[file.Note]
		sum := sha256.Sum256(file.Content)
		all = append(all, snow{fields: map[string]string{
			"sys_id": sysID("file", file.ID), "table_name": api.desk.tickets[note.Ticket].Class, "table_sys_id": sysID("ticket", note.Ticket),
			"file_name": file.Name, "content_type": file.ContentType, "size_bytes": strconv.Itoa(len(file.Content)),
			"hash": hex.EncodeToString(sum[:]), "sys_created_on": snowStamp(note.At),
		}})
	}
	return all
}

// query filters and orders rows by an encoded query.
func (api *servicenow) query(who caller, table, encoded string) ([]snow, *snowError) {
	all, refused := api.rows(who, table)
	if refused != nil {
		return nil, refused
	}
	parsed := parseEncodedQuery(encoded)
	// What lags is a search, not a read of a record by its ID.
	lag := table == "task" && api.desk.options.SearchLag > 0 && !strings.Contains(encoded, "sys_id=") && !strings.Contains(encoded, "sys_idIN")
	stamp := "sys_created_on" // a record that changes stays where it was in other searches
	if strings.Contains(encoded, "sys_updated_on") {
		stamp = "sys_updated_on"
	}
	all = slices.DeleteFunc(all, func(row snow) bool {
		if lag {
			changed, _ := time.Parse(time.DateTime, row.fields[stamp])
			if api.desk.lags(changed) {
				return true
			}
		}
		return !parsed.holds(row, api.desk.options.Zone)
	})
	parsed.sort(all)
	return all, nil
}

// window cuts rows as ServiceNow does: the limit first, then what may not be read.
func window(all []snow, offset, limit int) []snow {
	start := min(max(offset, 0), len(all))
	return slices.DeleteFunc(slices.Clone(all[start:min(start+limit, len(all))]), func(row snow) bool { return row.hidden })
}

// insert makes a record; fields that the table does not have are dropped without a word.
func (api *servicenow) insert(who caller, table string, fields map[string]string) (*snow, *snowError) {
	switch {
	case !who.rights:
		return nil, snowACL
	case table == "incident" || table == "sc_req_item":
		return api.insertTicket(who, table, fields)
	case table == "sys_user":
		if fields["user_name"] != "" && api.desk.userByLogin(fields["user_name"]) != nil {
			return nil, &snowError{403, "Operation Failed", "Error during insert of sys_user: Unique Key violation detected by database"}
		}
		user := &User{Attributes: map[string]string{}}
		api.fillUser(user, fields)
		row := api.userRow(user)
		return &row, nil
	case table == "ecc_queue":
		return api.insertAttachment(who, fields)
	}
	return nil, &snowError{400, "Invalid table " + table, ""}
}

func (api *servicenow) insertTicket(who caller, table string, fields map[string]string) (*snow, *snowError) {
	queue := bySysID("queue", api.desk.queues, fields["assignment_group"])
	if queue == nil {
		queue = sorted(api.desk.queues)[0]
	}
	now := api.desk.now()
	ticket := &Ticket{
		ID: api.desk.next("ticket"), Queue: queue.ID, Class: table, Subject: fields["short_description"], Fields: map[string]string{}, Created: now, Updated: now,
		Status: map[string]string{"incident": "New", "sc_req_item": "Open"}[table],
	}
	for _, name := range snowTicketFields {
		if value, given := fields[name]; given {
			ticket.Fields[name] = value
		}
	}
	requester := map[string]string{"incident": fields["caller_id"], "sc_req_item": fields["requested_for"]}[table]
	if user := bySysID("user", api.desk.users, requester); user != nil {
		ticket.Requesters = []int{user.ID}
	}
	api.desk.tickets[ticket.ID] = ticket
	api.desk.write(ticket, Note{Kind: Created, Author: who.user.ID}, newFile{contentType: "text/plain", content: []byte(fields["description"])})
	row := api.ticketRow(ticket, table)
	return &row, nil
}

func (api *servicenow) fillUser(user *User, fields map[string]string) {
	for _, name := range snowUserFields {
		value, given := fields[name]
		if !given {
			continue
		}
		switch name {
		case "user_name":
			user.Login = value
		case "email":
			user.Email = value
		case "active":
			user.Disabled = value != "true"
		default:
			user.Attributes = with(user.Attributes, name, value)
		}
	}
	user.Name = strings.TrimSpace(user.Attributes["first_name"] + " " + user.Attributes["last_name"])
	api.desk.putUser(user)
}

func (api *servicenow) insertAttachment(who caller, fields map[string]string) (*snow, *snowError) {
	name, contentType, _ := strings.Cut(fields["name"], ":")
	_, id, _ := strings.Cut(fields["source"], ":")
	ticket := bySysID("ticket", api.desk.tickets, id)
	content, err := base64.StdEncoding.DecodeString(fields["payload"])
	if ticket == nil || err != nil || fields["agent"] != "AttachmentCreator" || fields["topic"] != "AttachmentCreator" || len(content) > 5<<20 {
		return &snow{fields: map[string]string{"sys_id": sysID("ecc", 0)}}, nil // the queue takes everything, the creator does not
	}
	api.attach(who, ticket, name, contentType, content)
	return &snow{fields: map[string]string{"sys_id": sysID("ecc", len(api.desk.files))}}, nil
}

func (api *servicenow) attach(who caller, ticket *Ticket, name, contentType string, content []byte) *Note {
	return api.desk.write(ticket, Note{Kind: "attachment", Author: who.user.ID}, newFile{name: name, contentType: contentType, content: content})
}

// update changes a record; what it may not change or does not know is left without a word.
func (api *servicenow) update(who caller, table, id string, fields map[string]string) (*snow, *snowError) {
	if user := bySysID("user", api.desk.users, id); table == "sys_user" && user != nil && who.rights {
		if other := api.desk.userByLogin(fields["user_name"]); other != nil && other != user {
			return nil, &snowError{403, "Operation Failed", "Error during update of sys_user: Unique Key violation detected by database"}
		}
		api.fillUser(user, fields)
		row := api.userRow(user)
		return &row, nil
	}
	ticket := bySysID("ticket", api.desk.tickets, id)
	if ticket == nil || ticket.Status == statusDeleted || !who.rights || table != ticket.Class && table != "task" {
		return nil, snowNoRecord
	}
	status := ticket.Status
	for label, value := range snowStates[ticket.Class] {
		if fields["state"] == value {
			status = label
		}
	}
	if (status == "Resolved" || status == "Closed") && status != ticket.Status && (fields["close_code"] == "" || fields["close_notes"] == "") {
		return nil, &snowError{403, "Operation Failed", "Data Policy Exception: The following fields are mandatory: Resolution code, Resolution notes"}
	}
	for _, name := range snowTicketFields {
		value, given := fields[name]
		if _, err := strconv.Atoi(value); name == "priority" && err != nil {
			continue // the field is a number: other text is dropped without a word
		}
		if given {
			ticket.Fields[name] = value
		}
	}
	for field, kind := range map[string]string{"comments": Public, "work_notes": Internal} {
		if fields[field] != "" {
			api.desk.addNote(ticket, who.user.ID, kind, newFile{contentType: "text/plain", content: []byte(fields[field])})
		}
	}
	api.desk.setStatus(ticket, who.user.ID, status)
	row := api.ticketRow(ticket, table)
	return &row, nil
}
