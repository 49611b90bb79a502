package desksim

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// rtPriority keeps a ticket's priority among its fields.
const rtPriority = "Priority"

// encodeContent is base64 in lines, as RT writes it.
func encodeContent(content []byte) string {
	text := base64.StdEncoding.EncodeToString(content)
	var lines strings.Builder
	for len(text) > 76 {
		lines.WriteString(text[:76] + "\n")
		text = text[76:]
	}
	return lines.String() + text + "\n"
}

// ticket finds the ticket of a path; a merged one answers with its target.
func (api *rest2) ticket(r *http.Request) *Ticket {
	id, _ := strconv.Atoi(r.PathValue("id"))
	return api.desk.live(id)
}

func (api *rest2) ticketRow(ticket *Ticket, query map[string][]string) object {
	queue := api.ref("queue", ticket.Queue)
	if slices.Contains(query["fields[Queue]"], "Name") {
		queue["Name"] = api.desk.queues[ticket.Queue].Name
	}
	requesters := []object{}
	for _, id := range ticket.Requesters {
		requesters = append(requesters, api.userRef(id))
	}
	return object{
		"type": "ticket", "_url": fmt.Sprintf("%s/ticket/%d", api.base, ticket.ID), "id": strconv.Itoa(ticket.ID),
		"Subject": ticket.Subject, "Status": ticket.Status, "Queue": queue, "Requestor": requesters,
		"Created": ticket.Created, "LastUpdated": ticket.Updated, "LastUpdatedBy": api.userRef(ticket.UpdatedBy),
		"Priority":     cmp.Or(ticket.Fields[rtPriority], "0"),
		"CustomFields": api.fields(api.desk.queues[ticket.Queue].Fields, ticket.Fields),
		"EffectiveId":  api.ref("ticket", ticket.ID),
	}
}

func (api *rest2) getTicket(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.ticket(r)
	switch {
	case ticket == nil:
		return notFound
	case !who.rights:
		return message(http.StatusForbidden, "Forbidden")
	}
	row := api.ticketRow(ticket, r.URL.Query())
	row["id"] = ticket.ID // a number here, a string in lists
	return ok(row)
}

func (api *rest2) searchTickets(who caller, _ http.ResponseWriter, r *http.Request) answer {
	query := r.URL.Query()
	match := func(*Ticket) bool { return false }
	if sql := query.Get("query"); sql != "" {
		parsed, err := api.desk.parseTicketSQL(sql)
		if err != nil {
			return message(http.StatusBadRequest, "%v", err)
		}
		match = parsed
	}
	rows := slices.DeleteFunc(sorted(api.desk.tickets), func(ticket *Ticket) bool {
		return !who.rights || !api.desk.visible(ticket) || !match(ticket)
	})
	slices.SortStableFunc(rows, func(a, b *Ticket) int {
		order := cmp.Compare(a.ID, b.ID)
		if query.Get("orderby") == "LastUpdated" {
			order = cmp.Or(a.Updated.Compare(b.Updated), order)
		}
		if strings.EqualFold(query.Get("order"), "DESC") {
			return -order
		}
		return order
	})
	return list(r, rows, true, func(ticket *Ticket) object { return api.ticketRow(ticket, query) })
}

var onlyASCII = regexp.MustCompile(`^[\x00-\x7F]*$`)

type newTicket struct {
	Queue, Subject, Content, ContentType string
	Requestor                            any
	CustomFields                         map[string]string
}

func (api *rest2) createTicket(who caller, _ http.ResponseWriter, r *http.Request) answer {
	var body newTicket
	if reply, ok := decode(r, &body); !ok {
		return reply
	}
	queue := api.desk.queueByName(body.Queue)
	switch {
	case body.Queue == "":
		return message(http.StatusBadRequest, "Could not create ticket. Queue not set")
	case queue == nil || !who.rights:
		return message(http.StatusForbidden, "No permission to create tickets in the queue '%s'", body.Queue)
	}
	now := api.desk.now()
	ticket := &Ticket{
		ID: api.desk.next("ticket"), Queue: queue.ID, Subject: body.Subject, Status: "new",
		Requesters: api.requesters(body.Requestor), Fields: map[string]string{}, Created: now, Updated: now,
	}
	for _, name := range queue.Fields {
		if value, given := body.CustomFields[name]; given { // others are dropped without a word
			ticket.Fields[name] = value
		}
	}
	api.desk.tickets[ticket.ID] = ticket
	api.desk.write(ticket, Note{Kind: Created, Author: who.user.ID}, newFile{contentType: cmp.Or(body.ContentType, "text/plain"), content: []byte(body.Content)})
	return answer{status: http.StatusCreated, body: api.ref("ticket", ticket.ID), location: fmt.Sprintf("/ticket/%d", ticket.ID)}
}

// requesters takes one or many, by number, login or address; an unknown one becomes a user.
func (api *rest2) requesters(given any) []int {
	var names []string
	switch given := given.(type) {
	case string:
		names = []string{given}
	case []any:
		for _, name := range given {
			names = append(names, fmt.Sprint(name))
		}
	}
	var ids []int
	for _, name := range names {
		user := api.findUser(name)
		if user == nil {
			user = api.desk.userByEmail(name)
		}
		if user == nil {
			user = &User{Login: name, Email: name}
			api.desk.putUser(user)
		}
		ids = append(ids, user.ID)
	}
	return ids
}

func (api *rest2) updateTicket(who caller, _ http.ResponseWriter, r *http.Request) answer {
	var body struct {
		Status, Priority string
		MergeInto        any
	}
	if reply, ok := decode(r, &body); !ok {
		return reply
	}
	ticket := api.ticket(r)
	messages := []string{}
	switch {
	case ticket == nil:
		return message(http.StatusNotFound, "Resource does not exist; use POST to create")
	case !who.rights:
		return ok(messages)
	}
	if body.MergeInto != nil {
		id, _ := strconv.Atoi(fmt.Sprint(body.MergeInto))
		into := api.desk.live(id)
		if into == nil || into == ticket {
			return ok(append(messages, "Merge failed. Couldn't find the ticket"))
		}
		api.desk.merge(ticket, into, who.user.ID)
		messages = append(messages, "Merge Successful")
	}
	if _, err := strconv.Atoi(body.Priority); err == nil { // RT takes no other for a change
		ticket.Fields[rtPriority] = body.Priority
		api.desk.write(ticket, Note{Kind: "priority", Author: who.user.ID})
		messages = append(messages, fmt.Sprintf("Ticket %d: Priority changed to '%s'", ticket.ID, body.Priority))
	}
	if body.Status != "" {
		text := fmt.Sprintf("Ticket %d: Status '%s' isn't a valid status for this ticket.", ticket.ID, body.Status)
		if api.desk.setStatus(ticket, who.user.ID, body.Status) {
			text = fmt.Sprintf("Ticket %d: Status changed to '%s'", ticket.ID, ticket.Status)
		}
		messages = append(messages, text)
	}
	return ok(messages)
}

func (api *rest2) deleteTicket(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.ticket(r)
	switch {
	case ticket == nil:
		return notFound
	case !who.rights:
		return message(http.StatusForbidden, "Forbidden")
	case ticket.Status == statusDeleted:
		return message(http.StatusInternalServerError, "Internal Server Error")
	}
	api.desk.setStatus(ticket, who.user.ID, statusDeleted)
	return answer{status: http.StatusNoContent}
}

type newNote struct {
	Content, ContentType string
	Attachments          []struct{ FileName, FileType, FileContent string }
}

func (api *rest2) addNote(kind string) func(caller, http.ResponseWriter, *http.Request) answer {
	said := map[string]string{Public: "Correspondence added", Internal: "Comments added"}[kind]
	return func(who caller, _ http.ResponseWriter, r *http.Request) answer {
		note, parts, reply, valid := readNote(r)
		ticket := api.ticket(r)
		switch {
		case !valid:
			return reply
		case ticket == nil:
			return notFound
		case !who.rights:
			return message(http.StatusForbidden, "Forbidden")
		}
		parts = append([]newFile{{contentType: note.ContentType, content: []byte(note.Content)}}, parts...)
		written := api.desk.addNote(ticket, who.user.ID, kind, parts...)
		return answer{status: http.StatusCreated, body: []string{said}, location: fmt.Sprintf("/transaction/%d", written.ID)}
	}
}

// readNote reads a note from JSON or from a form with a JSON part and files.
func readNote(r *http.Request) (newNote, []newFile, answer, bool) {
	var note newNote
	var parts []newFile
	if r.MultipartForm == nil {
		if reply, ok := decode(r, &note); !ok {
			return note, nil, reply, false
		}
	} else {
		text := r.FormValue("JSON")
		if uploads := r.MultipartForm.File["JSON"]; len(uploads) > 0 {
			text = string(readUpload(uploads[0]))
		}
		if err := json.Unmarshal([]byte(text), &note); err != nil {
			return note, nil, message(http.StatusBadRequest, "JSON parse error"), false
		}
		for _, upload := range r.MultipartForm.File["Attachments"] {
			parts = append(parts, stored(upload.Filename, upload.Header.Get("Content-Type"), readUpload(upload)))
		}
	}
	if note.ContentType == "" {
		return note, nil, message(http.StatusBadRequest, "ContentType is a required field for application/json"), false
	}
	for _, file := range note.Attachments {
		if !onlyASCII.MatchString(file.FileName) {
			return note, nil, answer{status: http.StatusInternalServerError}, false // RT dies on it
		}
		content, _ := base64.StdEncoding.DecodeString(file.FileContent)
		parts = append(parts, newFile{name: file.FileName, contentType: file.FileType, content: content})
	}
	return note, parts, answer{}, true
}

func (api *rest2) listAttachments(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.ticket(r)
	if ticket == nil || !who.rights {
		return notFound
	}
	var files []*File
	for _, note := range api.desk.history(ticket) {
		for _, id := range note.Parts {
			files = append(files, api.desk.files[id])
		}
	}
	return list(r, files, false, func(file *File) object {
		return object{"id": strconv.Itoa(file.ID), "type": "attachment", "Filename": file.Name, "ContentType": file.ContentType, "ContentLength": strconv.Itoa(len(file.Content))}
	})
}

// stored is a file as RT keeps it: a quote in its name stays escaped, a text becomes UTF-8.
func stored(name, contentType string, content []byte) newFile {
	if strings.HasPrefix(contentType, "text/") && !utf8.Valid(content) {
		var text strings.Builder
		for _, letter := range content {
			text.WriteRune(rune(letter)) // ISO-8859-1
		}
		content = []byte(text.String())
	}
	return newFile{name: strings.ReplaceAll(name, `"`, `\"`), contentType: contentType, content: content}
}

// readUpload reads one uploaded file.
func readUpload(upload *multipart.FileHeader) []byte {
	file, err := upload.Open()
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }()
	content, _ := io.ReadAll(file)
	return content
}
