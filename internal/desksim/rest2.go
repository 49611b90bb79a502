package desksim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// rest2 speaks Request Tracker 5's REST2, as far as a connector needs it, with its faults of
// character: see package rt's documentation and the transcripts of the real server.
type rest2 struct {
	desk *Desk
	base string
}

var rtRules = rules{
	serve:     serveRT,
	merges:    true,
	statuses:  []string{"new", "open", "stalled", "resolved", "rejected"}, // the default lifecycle
	noteOpens: map[string]string{"new": "open", "resolved": "open", "rejected": "open"},
	sample: Sample{
		Settings: "{url: %[1]s, token: %[2]s, employee_field: ExternalUserID, queues: [Support]}",
		Open:     []string{"new", "open", "stalled"}, Done: []string{"resolved"}, Cancelled: []string{"rejected"},
	},
}

// serveRT serves Request Tracker's protocol.
func serveRT(d *Desk, address string) http.Handler {
	api := &rest2{desk: d, base: address + "/REST/2.0"}
	serve := protocol{
		desk: d, prefix: "/REST/2.0", caller: d.bearer("token "), unknown: message(http.StatusUnauthorized, "Unauthorized"),
	}
	mux, handle := serve.mux()
	handle("GET /rt", api.version)
	handle("POST /user", api.createUser)
	handle("GET /user/{id}", api.getUser)
	handle("PUT /user/{id}", api.updateUser)
	handle("POST /users", api.searchUsers)
	handle("GET /queue/{id}", api.getQueue)
	handle("POST /ticket", api.createTicket)
	handle("GET /ticket/{id}", api.getTicket)
	handle("PUT /ticket/{id}", api.updateTicket)
	handle("DELETE /ticket/{id}", api.deleteTicket)
	handle("POST /ticket/{id}/correspond", api.addNote(Public))
	handle("POST /ticket/{id}/comment", api.addNote(Internal))
	handle("GET /ticket/{id}/attachments", api.listAttachments)
	handle("GET /tickets", api.searchTickets)
	handle("POST /transactions", api.searchTransactions)
	handle("GET /attachment/{id}", api.getAttachment)
	return mux
}

func message(status int, format string, args ...any) answer {
	return answer{status: status, body: object{"message": fmt.Sprintf(format, args...)}}
}

var notFound = message(http.StatusNotFound, "Not Found")

// decode reads a JSON body; RT wants its type to be said.
func decode(r *http.Request, into any) (answer, bool) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return message(http.StatusUnsupportedMediaType, "Unsupported Media Type"), false
	}
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		return message(http.StatusBadRequest, "JSON parse error: %v", err), false
	}
	return answer{}, true
}

func (api *rest2) version(caller, http.ResponseWriter, *http.Request) answer {
	return ok(object{"Version": "5.0.3 (simulated)", "Plugins": []string{}})
}

// ref is how RT refers to a thing.
func (api *rest2) ref(kind string, id any) object {
	return object{"type": kind, "id": fmt.Sprint(id), "_url": fmt.Sprintf("%s/%s/%v", api.base, kind, id)}
}

func (api *rest2) userRef(id int) object { return api.ref("user", api.desk.users[id].Login) }

// list answers one page. RT gives no totals where rows may be hidden from the account.
func list[T any](r *http.Request, rows []T, total bool, row func(T) object) answer {
	query := r.URL.Query()
	size, _ := strconv.Atoi(query.Get("per_page"))
	if size < 1 {
		size = 20
	}
	size = min(size, 100)
	number, _ := strconv.Atoi(query.Get("page"))
	number = max(number, 1)
	start := min((number-1)*size, len(rows))
	items := []object{}
	for _, entry := range rows[start:min(start+size, len(rows))] {
		items = append(items, row(entry))
	}
	reply := object{"items": items, "count": len(items), "page": number, "per_page": size, "total": nil, "pages": nil}
	if total {
		reply["total"], reply["pages"] = len(rows), json.RawMessage("0.0")
		if len(rows) > 0 {
			reply["pages"] = (len(rows) + size - 1) / size
		}
	}
	return ok(reply)
}

func (api *rest2) getQueue(who caller, _ http.ResponseWriter, r *http.Request) answer {
	queue := api.desk.queueByName(r.PathValue("id"))
	if id, err := strconv.Atoi(r.PathValue("id")); err == nil {
		queue = api.desk.queues[id]
	}
	if queue == nil || !who.rights {
		return message(http.StatusForbidden, "Forbidden")
	}
	fields := []object{}
	for _, name := range queue.Fields {
		fields = append(fields, object{"name": name, "type": "customfield"})
	}
	return ok(object{
		"id": queue.ID, "Name": queue.Name, "Disabled": "0", "Lifecycle": "default", "TicketCustomFields": fields,
		"_hyperlinks": []object{{"ref": "create", "type": "ticket", "_url": fmt.Sprintf("%s/ticket?Queue=%d", api.base, queue.ID)}},
	})
}

func (api *rest2) getAttachment(who caller, _ http.ResponseWriter, r *http.Request) answer {
	id, _ := strconv.Atoi(r.PathValue("id"))
	file := api.desk.files[id]
	if file == nil || !who.rights {
		return notFound
	}
	return ok(object{
		"id": file.ID, "Filename": file.Name, "ContentType": file.ContentType,
		"Content": encodeContent(file.Content), "TransactionId": api.ref("transaction", file.Note),
	})
}

func (api *rest2) searchTransactions(who caller, _ http.ResponseWriter, r *http.Request) answer {
	var conditions []condition
	if reply, ok := decode(r, &conditions); !ok {
		return reply
	}
	rows := sorted(api.desk.notes)
	rows = slices.DeleteFunc(rows, func(note *Note) bool { return !hold(conditions, note) })
	if !who.rights {
		rows = nil
	}
	return list(r, rows, false, func(note *Note) object {
		links := []object{}
		for _, id := range note.Parts {
			links = append(links, object{"ref": "attachment", "_url": fmt.Sprintf("%s/attachment/%d", api.base, id)})
		}
		return object{
			"id": strconv.Itoa(note.ID), "type": "transaction", "Type": transactionTypes[note.Kind],
			"Created": note.At, "Creator": api.userRef(note.Author), "_hyperlinks": links,
		}
	})
}

var transactionTypes = map[string]string{
	Created: "Create", Public: "Correspond", Internal: "Comment", Status: "Status", Merged: "AddLink",
}

// condition is one row of a search by JSON.
type condition struct {
	Field, Operator, Value string
}

// hold joins conditions on one field by OR and those on different fields by AND, as RT does.
func hold(conditions []condition, note *Note) bool {
	fields := map[string]bool{}
	for _, c := range conditions {
		fields[c.Field] = fields[c.Field] || c.holdsFor(note)
	}
	for _, holds := range fields {
		if !holds {
			return false
		}
	}
	return true
}

func (c condition) holdsFor(note *Note) bool {
	number, _ := strconv.Atoi(c.Value)
	switch c.Field {
	case "ObjectId":
		return note.Ticket == number
	case "Type":
		return transactionTypes[note.Kind] == c.Value
	case "id":
		order := cmp.Compare(note.ID, number)
		return order == 0 && c.Operator != ">" || order > 0 && c.Operator == ">"
	}
	return true // RT ignores what it does not know
}
