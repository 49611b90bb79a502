package desksim

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
)

// znuny speaks the SOAP of Znuny 6.5's GenericInterface, with the operations of the web service
// that package znuny ships, and that of rpc.pl: see that package's documentation and the
// transcripts of the real server.
type znuny struct{ desk *Desk }

// ZnunyNamespace is the web service's; ZnunyService is its name.
const (
	ZnunyNamespace = "http://www.otrs.org/TicketConnector/"
	ZnunyService   = "Deskbridge"
)

var znunyRules = rules{
	serve:      serveZnuny,
	merges:     true,
	statuses:   []string{"new", "open", "closed successful", "closed unsuccessful", "removed", statusMerged},
	mergeMoves: true, findsMerged: true,
	sample: Sample{
		Settings: "{url: %[1]s, login: deskbridge, password: %[2]s, rpc_login: rpc, rpc_password: %[2]s, queues: [Support]}",
		Open:     []string{"new", "open"}, Done: []string{"closed successful"}, Cancelled: []string{"closed unsuccessful"},
	},
}

// serveZnuny serves Znuny's protocols. The account with the login rpc is the one of rpc.pl.
func serveZnuny(d *Desk, _ string) http.Handler {
	api := &znuny{desk: d}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /nph-genericinterface.pl/Webservice/{name}", api.genericInterface)
	mux.HandleFunc("POST /rpc.pl", api.rpc)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", d.now().Format(http.TimeFormat))
		w.WriteHeader(http.StatusNotFound)
	})
	return mux
}

type znunyOperation func(caller, *element) (*element, *znunyError)

type znunyError struct{ code, message string }

func (api *znuny) genericInterface(w http.ResponseWriter, r *http.Request) {
	w.Header()["Date"] = nil // nph: Znuny writes the headers itself, without this one
	w.Header().Set("Connection", "close")
	if r.PathValue("name") != ZnunyService {
		panic(http.ErrAbortHandler) // the real one closes the connection
	}
	call, err := readSOAP(r)
	if err != nil {
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	api.desk.mu.Lock()
	answer, problem := api.answer(call)
	if err := api.desk.flush(); err != nil {
		problem = err.Error()
	}
	api.desk.mu.Unlock()
	if problem != "" {
		fault := &element{space: ZnunyNamespace, name: "Fault"}
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write(envelope(fault.with(el("faultcode", "Server"), el("faultstring", problem))))
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=UTF-8")
	_, _ = w.Write(envelope(answer))
}

// answer checks the action as Znuny's transport does, then the credentials, then calls.
func (api *znuny) answer(call soapCall) (answer *element, problem string) {
	name := call.operation.name
	if call.action != "" {
		at := strings.LastIndexAny(call.action, "#/")
		switch {
		case at < 0 || call.action[:at] != ZnunyNamespace:
			return nil, fmt.Sprintf("Namespace from SOAPAction '%s' does not match namespace from configuration '%s'", call.action[:max(at, 0)], ZnunyNamespace)
		case call.action[at+1:] != name:
			return nil, fmt.Sprintf("Operation from SOAP data '%s' does not match operation from SOAPAction '%s'", name, call.action[at+1:])
		}
	}
	operation := map[string]znunyOperation{
		"TicketCreate": api.ticketCreate, "TicketUpdate": api.ticketUpdate, "TicketGet": api.ticketGet,
		"TicketSearch": api.ticketSearch, "TicketHistoryGet": api.ticketHistoryGet,
	}[name]
	if operation == nil {
		return nil, "Got no OperationType!"
	}
	answer = &element{}
	who, refused := api.login(name, call.operation)
	if refused == nil {
		answer, refused = operation(who, call.operation)
	}
	if refused != nil {
		answer = (&element{}).with(el("Error", "").with(el("ErrorCode", name+"."+refused.code), el("ErrorMessage", name+": "+refused.message)))
	}
	answer.space, answer.name = ZnunyNamespace, name+"Response"
	if len(answer.children) == 0 {
		answer.attributes = map[string]string{"xsi:nil": "true"}
	}
	return answer, ""
}

func (api *znuny) login(operation string, request *element) (caller, *znunyError) {
	for _, account := range api.desk.options.Accounts {
		if account.Login == request.value("UserLogin") && account.Token == request.value("Password") && account.Token != "" {
			return caller{api.desk.userByLogin(account.Login), account.Rights}, nil
		}
	}
	if operation == "TicketCreate" || operation == "TicketUpdate" {
		return caller{}, &znunyError{"AuthFail", "User could not be authenticated!"}
	}
	return caller{}, &znunyError{"AuthFail", "Authorization failing!"}
}

// parseDate reads a date as Znuny's search does: any other form is none.
func (api *znuny) parseDate(text string) (time.Time, bool) {
	at, err := time.ParseInLocation(time.DateTime, text, api.desk.options.Zone)
	return at, err == nil && !at.After(api.desk.now())
}

func (api *znuny) stamp(at time.Time) string {
	return at.In(api.desk.options.Zone).Format(time.DateTime)
}

func (api *znuny) ticketSearch(who caller, request *element) (*element, *znunyError) {
	limit := 500
	if text := request.value("Limit"); text != "" {
		limit, _ = strconv.Atoi(text)
	}
	ids := request.values("TicketID")
	rows := slices.DeleteFunc(sorted(api.desk.tickets), func(ticket *Ticket) bool {
		if !who.rights || !api.desk.visible(ticket) || len(ids) > 0 && !slices.Contains(ids, strconv.Itoa(ticket.ID)) {
			return true
		}
		for name, stamp := range map[string]time.Time{"TicketCreateTimeNewerDate": ticket.Created, "TicketLastChangeTimeNewerDate": ticket.Updated} {
			if text := request.value(name); text != "" {
				if since, valid := api.parseDate(text); !valid || stamp.Before(since) {
					return true
				}
			}
		}
		for _, field := range request.all("DynamicField") {
			known := slices.Contains(api.desk.queues[ticket.Queue].Fields, field.value("Name")) // an unknown one is ignored
			if known && !strings.EqualFold(ticket.Fields[field.value("Name")], field.value("Equals")) {
				return true
			}
		}
		return false
	})
	slices.SortFunc(rows, func(a, b *Ticket) int { // newest first, and within a second in an order of its own
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID%7, b.ID%7), cmp.Compare(a.ID, b.ID))
	})
	if request.value("SortBy") == "Age" && request.value("OrderBy") == "Up" {
		slices.Reverse(rows)
	}
	answer := &element{}
	for _, ticket := range rows[:min(limit, len(rows))] {
		answer.with(el("TicketID", strconv.Itoa(ticket.ID)))
	}
	return answer, nil
}

// access finds a ticket that the caller may see.
func (api *znuny) access(who caller, id string) (*Ticket, *znunyError) {
	number, _ := strconv.Atoi(id)
	ticket := api.desk.tickets[number]
	if id == "" {
		return nil, &znunyError{"MissingParameter", "TicketID parameter is missing!"}
	}
	if ticket == nil || ticket.Status == statusDeleted || !who.rights {
		return nil, &znunyError{"AccessDenied", "User does not have access to the ticket!"}
	}
	return ticket, nil
}

func (api *znuny) ticketGet(who caller, request *element) (*element, *znunyError) {
	ids := request.values("TicketID")
	if len(ids) == 0 {
		ids = []string{""}
	}
	answer := &element{}
	for _, id := range ids {
		ticket, refused := api.access(who, id)
		if refused != nil {
			return nil, refused
		}
		answer.with(api.ticket(ticket, request))
	}
	return answer, nil
}

func ticketNumber(ticket *Ticket) string {
	return ticket.Created.UTC().Format("20060102") + fmt.Sprintf("10%06d", ticket.ID)
}

// ticket writes a ticket; the elements come in the alphabet's order, as Znuny's do.
func (api *znuny) ticket(ticket *Ticket, request *element) *element {
	row := el("Ticket", "").with(el("Age", "1"), el("ArchiveFlag", "n"))
	if request.value("AllArticles") == "1" {
		for _, note := range api.articles(ticket) {
			row.with(api.article(note, request))
		}
	}
	customer := ""
	if len(ticket.Requesters) > 0 {
		customer = api.desk.users[ticket.Requesters[0]].Login
	}
	row.with(el("Changed", api.stamp(ticket.Updated)), el("Created", api.stamp(ticket.Created)), el("CustomerID", ""), el("CustomerUserID", customer))
	if request.value("DynamicFields") == "1" {
		for _, name := range api.desk.queues[ticket.Queue].Fields {
			row.with(el("DynamicField", "").with(el("Name", name), el("Value", ticket.Fields[name])))
		}
	}
	stateType := map[string]string{"new": "new", "open": "open", statusMerged: statusMerged, "removed": "removed"}[ticket.Status]
	return row.with(
		el("Lock", "unlock"), el("Queue", api.desk.queues[ticket.Queue].Name), el("QueueID", strconv.Itoa(ticket.Queue)),
		el("State", ticket.Status), el("StateType", cmp.Or(stateType, "closed")),
		el("TicketID", strconv.Itoa(ticket.ID)), el("TicketNumber", ticketNumber(ticket)), el("Title", ticket.Subject),
	)
}

// articles are a ticket's messages; changes of status are events only.
func (api *znuny) articles(ticket *Ticket) []*Note {
	return slices.DeleteFunc(api.desk.history(ticket), func(note *Note) bool { return len(note.Parts) == 0 })
}

func (api *znuny) ticketHistoryGet(who caller, request *element) (*element, *znunyError) {
	ticket, refused := api.access(who, request.value("TicketID"))
	if refused != nil {
		return nil, refused
	}
	rows := el("TicketHistory", "")
	event := func(article int, kind, name string) {
		rows.with(el("History", "").with(
			el("ArticleID", strconv.Itoa(article)), el("CreateTime", api.stamp(ticket.Updated)), el("HistoryType", kind), el("Name", name), el("TicketID", strconv.Itoa(ticket.ID)),
		))
	}
	event(0, "NewTicket", "%%"+ticketNumber(ticket)+"%%Support%%3 normal%%new%%"+strconv.Itoa(ticket.ID))
	for _, note := range api.articles(ticket) {
		if note.Kind == Created {
			event(note.ID, "NewTicket", "%%GenericInterface Create")
		} else {
			event(note.ID, "AddNote", "%%GenericInterface Note")
		}
	}
	for _, other := range sorted(api.desk.tickets) {
		if other.MergedInto != 0 && (other == ticket || other.MergedInto == ticket.ID) {
			event(0, "Merged", fmt.Sprintf("%%%%%s%%%%%d%%%%%s%%%%%d", ticketNumber(other), other.ID, ticketNumber(api.desk.tickets[other.MergedInto]), other.MergedInto))
		}
	}
	return (&element{}).with(rows.with(el("TicketID", strconv.Itoa(ticket.ID)))), nil
}

// customer finds the customer user of a ticket: a login, or any address that is well-formed.
func (api *znuny) customer(text string) *User {
	if user := api.desk.userByLogin(text); user != nil && !user.Privileged {
		if user.Disabled {
			return nil
		}
		return user
	}
	if _, err := mail.ParseAddress(text); err != nil || !strings.Contains(text, "@") {
		return nil
	}
	user := &User{Login: text, Attributes: map[string]string{"unknown": "1"}}
	api.desk.putUser(user)
	return user
}

func (api *znuny) ticketCreate(who caller, request *element) (*element, *znunyError) {
	ticket, article := request.child("Ticket"), request.child("Article")
	invalid := func(message string) (*element, *znunyError) {
		return nil, &znunyError{"InvalidParameter", message}
	}
	status, known := api.desk.rules.status(ticket.value("State"))
	queue := api.desk.queueByName(ticket.value("Queue"))
	switch {
	case ticket.value("Title") == "":
		return nil, &znunyError{"MissingParameter", "Ticket->Title parameter is missing!"}
	case ticket.value("CustomerUser") != "root@localhost" && api.customer(ticket.value("CustomerUser")) == nil:
		return invalid("Ticket->CustomerUser parameter is invalid!")
	case queue == nil:
		return invalid("Ticket->QueueID or Ticket->Queue parameter is invalid!")
	case !known:
		return invalid("Ticket->StateID or Ticket->State parameter is invalid!")
	case ticket.value("Priority") != "3 normal":
		return invalid("Ticket->PriorityID or Ticket->Priority parameter is invalid!")
	case !who.rights:
		return nil, &znunyError{"AccessDenied", "Can not create tickets in given Queue or QueueID!"}
	case article.value("Subject") == "" || article.value("Body") == "":
		return nil, &znunyError{"MissingParameter", "Article->Subject parameter is missing!"}
	}
	fields := map[string]string{}
	for _, field := range request.all("DynamicField") {
		if !slices.Contains(queue.Fields, field.value("Name")) {
			return invalid("DynamicField->Name parameter is invalid!")
		}
		fields[field.value("Name")] = field.value("Value")
	}
	files, refused := attachments(request)
	if refused != nil {
		return nil, refused
	}
	now := api.desk.now()
	made := &Ticket{
		ID: api.desk.next("ticket"), Queue: queue.ID, Subject: ticket.value("Title"), Status: status,
		Requesters: []int{api.customer(ticket.value("CustomerUser")).ID}, Fields: maps.Clone(fields), Created: now, Updated: now,
	}
	api.desk.tickets[made.ID] = made
	note := api.desk.write(made, Note{Kind: Created, Author: who.user.ID}, append([]newFile{articleText(article)}, files...)...)
	return (&element{}).with(el("ArticleID", strconv.Itoa(note.ID)), el("TicketID", strconv.Itoa(made.ID)), el("TicketNumber", ticketNumber(made))), nil
}

func (api *znuny) ticketUpdate(who caller, request *element) (*element, *znunyError) {
	ticket, refused := api.access(who, request.value("TicketID"))
	if refused != nil {
		return nil, refused
	}
	files, refused := attachments(request)
	if refused != nil {
		return nil, refused
	}
	article, state := request.child("Article"), request.child("Ticket").value("State")
	if len(files) > 0 && article.name == "" {
		return nil, &znunyError{"MissingParameter", "To create an attachment an article is needed!"}
	}
	if strings.HasPrefix(state, "pending") {
		return nil, &znunyError{"MissingParameter", "Can't set a ticket on a pending state without pendig time!"}
	}
	if _, known := api.desk.rules.status(state); state != "" && !known {
		return nil, &znunyError{"InvalidParameter", "Ticket->StateID or Ticket->State parameter is invalid!"}
	}
	answer := &element{}
	if article.name != "" {
		kind := Internal
		if article.value("IsVisibleForCustomer") == "1" {
			kind = Public
		}
		note := api.desk.write(ticket, Note{Kind: kind, Author: who.user.ID}, append([]newFile{articleText(article)}, files...)...)
		answer.with(el("ArticleID", strconv.Itoa(note.ID)))
	}
	if state != "" {
		api.desk.setStatus(ticket, who.user.ID, state)
	}
	return answer.with(el("TicketID", strconv.Itoa(ticket.ID)), el("TicketNumber", ticketNumber(ticket))), nil
}
