package desksim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

var servicenowRules = rules{
	serve:    serveServiceNow,
	ticketID: func(ticket *Ticket) string { return sysID("ticket", ticket.ID) },
	number:   snowNumber,
	statuses: []string{ // of incident, then of sc_req_item
		"New", "In Progress", "On Hold", "Resolved", "Closed", "Canceled",
		"Open", "Work in Progress", "Closed Complete", "Closed Incomplete", "Closed Skipped",
	},
	sample: Sample{
		Settings:  "{url: %[1]s, login: deskbridge, password: %[2]s, queues: [Support]}",
		Open:      []string{"Open", "Work in Progress", "New", "In Progress", "On Hold"},
		Done:      []string{"Closed Complete", "Resolved", "Closed"},
		Cancelled: []string{"Closed Incomplete", "Closed Skipped", "Canceled"},
	},
}

// serveServiceNow serves the Table API, the Attachment API and the direct web services.
func serveServiceNow(d *Desk, _ string) http.Handler {
	api := &servicenow{desk: d, tokens: d.issuing(snowCalls)}
	mux := http.NewServeMux()
	handle := func(pattern string, serve func(caller, http.ResponseWriter, *http.Request) (int, any)) {
		mux.HandleFunc(pattern, api.rest(serve))
	}
	handle("GET /api/now/table/{table}", api.list)
	handle("POST /api/now/table/{table}", api.create)
	handle("PATCH /api/now/table/{table}/{id}", api.patch)
	handle("DELETE /api/now/table/{table}/{id}", api.delete)
	handle("POST /api/now/attachment/file", api.upload)
	mux.HandleFunc("GET /api/now/attachment/{id}/file", api.download)
	mux.HandleFunc("POST /oauth_token.do", api.token)
	mux.HandleFunc("POST /{service}", api.soap)
	return mux
}

// snowCalls is for how many calls a token lasts.
const snowCalls = 3

// oauthClient is the one application of the registry, with the rights of the account bridge.
const oauthClient = "deskbridge"

// token serves the grants password and client_credentials.
func (api *servicenow) token(w http.ResponseWriter, r *http.Request) {
	api.desk.mu.Lock()
	defer api.desk.mu.Unlock()
	login, password := r.PostFormValue("username"), r.PostFormValue("password")
	if r.PostFormValue("grant_type") == "client_credentials" {
		login, password = "bridge", r.PostFormValue("client_secret")
	}
	w.Header().Set("Content-Type", "application/json")
	if _, known := api.desk.account(login, password); !known || r.PostFormValue("client_id") != oauthClient || r.PostFormValue("client_secret") == "" {
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(object{"error": "server_error", "error_description": "access_denied"})
		return
	}
	_ = json.NewEncoder(w).Encode(object{"access_token": api.tokens.issue(login), "token_type": "Bearer", "expires_in": 1799})
}

func (api *servicenow) caller(r *http.Request) (caller, bool) {
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return api.tokens.caller(bearer)
	}
	login, password, _ := r.BasicAuth()
	return api.desk.account(login, password)
}

// rest authenticates, serialises and saves; a body of type *snowError is an error.
func (api *servicenow) rest(serve func(caller, http.ResponseWriter, *http.Request) (int, any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(content))
		api.desk.mu.Lock()
		status, body := http.StatusUnauthorized, any(&snowError{401, "User Not Authenticated", "Required to provide Auth information"})
		if who, known := api.caller(r); known {
			status, body = serve(who, w, r)
		}
		if refused, ok := body.(*snowError); ok {
			status, body = refused.status, object{"error": object{"message": refused.message, "detail": refused.detail}, "status": "failure"}
		}
		text, err := json.Marshal(body)
		if saved := api.desk.flush(); saved != nil || err != nil {
			status = http.StatusInternalServerError
		}
		w.Header().Set("Date", api.desk.now().Format(http.TimeFormat))
		api.desk.mu.Unlock()
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		w.WriteHeader(status)
		if status != http.StatusNoContent {
			_, _ = w.Write(text)
		}
	}
}

// result writes a row as the Table API does: with display values each field is an object, and
// without them a reference is one when it is set.
func result(r *http.Request, row snow) object {
	query := r.URL.Query()
	names := slices.Sorted(maps.Keys(row.fields))
	if wanted := query.Get("sysparm_fields"); wanted != "" {
		names = slices.DeleteFunc(strings.Split(wanted, ","), func(name string) bool { _, known := row.fields[name]; return !known })
	}
	made := object{}
	for _, name := range names {
		value, shown := row.fields[name], row.fields[name]
		if display, ok := row.dv[name]; ok {
			shown = display
		}
		switch {
		case query.Get("sysparm_display_value") == "all":
			made[name] = object{"value": value, "display_value": shown}
		case query.Get("sysparm_exclude_reference_link") != "true" && value != "" && slices.Contains([]string{"assignment_group", "caller_id", "requested_for"}, name):
			made[name] = object{"link": "https://example.invalid/api/now/table/x/" + value, "value": value}
		default:
			made[name] = value
		}
	}
	return made
}

func (api *servicenow) list(who caller, w http.ResponseWriter, r *http.Request) (int, any) {
	query := r.URL.Query()
	all, refused := api.query(who, r.PathValue("table"), query.Get("sysparm_query"))
	if refused != nil {
		return 0, refused
	}
	limit := 10000
	if text := query.Get("sysparm_limit"); text != "" {
		limit, _ = strconv.Atoi(text)
	}
	offset, _ := strconv.Atoi(query.Get("sysparm_offset"))
	w.Header().Set("X-Total-Count", strconv.Itoa(len(all)))
	results := []object{}
	for _, row := range window(all, offset, limit) {
		results = append(results, result(r, row))
	}
	return http.StatusOK, object{"result": results}
}

func readFields(r *http.Request) (map[string]string, *snowError) {
	var fields map[string]string
	if err := json.NewDecoder(r.Body).Decode(&fields); err != nil {
		return nil, &snowError{400, "Exception while reading request", err.Error()}
	}
	return fields, nil
}

func (api *servicenow) create(who caller, _ http.ResponseWriter, r *http.Request) (int, any) {
	fields, refused := readFields(r)
	if refused != nil {
		return 0, refused
	}
	row, refused := api.insert(who, r.PathValue("table"), fields)
	if refused != nil {
		return 0, refused
	}
	return http.StatusCreated, object{"result": result(r, *row)}
}

func (api *servicenow) patch(who caller, _ http.ResponseWriter, r *http.Request) (int, any) {
	fields, refused := readFields(r)
	if refused != nil {
		return 0, refused
	}
	row, refused := api.update(who, r.PathValue("table"), r.PathValue("id"), fields)
	if refused != nil {
		return 0, refused
	}
	return http.StatusOK, object{"result": result(r, *row)}
}

func (api *servicenow) delete(who caller, _ http.ResponseWriter, r *http.Request) (int, any) {
	ticket := bySysID("ticket", api.desk.tickets, r.PathValue("id"))
	if ticket == nil || !who.rights || ticket.Status == statusDeleted {
		return 0, snowNoRecord
	}
	api.desk.setStatus(ticket, who.user.ID, statusDeleted)
	return http.StatusNoContent, nil
}

func (api *servicenow) upload(who caller, _ http.ResponseWriter, r *http.Request) (int, any) {
	query := r.URL.Query()
	ticket := bySysID("ticket", api.desk.tickets, query.Get("table_sys_id"))
	content, _ := io.ReadAll(r.Body)
	switch {
	case ticket == nil || ticket.Class != query.Get("table_name"):
		return 0, &snowError{400, "Invalid table_sys_id", ""}
	case !who.rights:
		return 0, snowACL
	}
	note := api.attach(who, ticket, query.Get("file_name"), r.Header.Get("Content-Type"), content)
	return http.StatusCreated, object{"result": object{"sys_id": sysID("file", note.Parts[0]), "file_name": query.Get("file_name"), "size_bytes": strconv.Itoa(len(content))}}
}

func (api *servicenow) download(w http.ResponseWriter, r *http.Request) {
	api.desk.mu.Lock()
	who, known := api.caller(r)
	file := bySysID("file", api.desk.files, r.PathValue("id"))
	api.desk.mu.Unlock()
	switch {
	case !known:
		w.WriteHeader(http.StatusUnauthorized)
	case file == nil || !who.rights:
		w.WriteHeader(http.StatusNotFound)
	default:
		w.Header().Set("Content-Type", file.ContentType)
		_, _ = w.Write(file.Content)
	}
}

// soap serves <table>.do?SOAP: insert, update and getRecords.
func (api *servicenow) soap(w http.ResponseWriter, r *http.Request) {
	table, isService := strings.CutSuffix(r.PathValue("service"), ".do")
	if _, asked := r.URL.Query()["SOAP"]; !isService || !asked {
		http.NotFound(w, r)
		return
	}
	call, err := readSOAP(r)
	api.desk.mu.Lock()
	defer api.desk.mu.Unlock()
	w.Header().Set("Date", api.desk.now().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	who, known := api.caller(r)
	if !known {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	answer, refused := &element{}, &snowError{500, "the request cannot be read", fmt.Sprint(err)}
	if err == nil && call.operation.space == "http://www.service-now.com/"+table {
		answer, refused = api.operation(who, table, call.operation, r.URL.Query().Get("displayvalue"))
	}
	if saved := api.desk.flush(); saved != nil {
		refused = &snowError{500, "not saved", ""}
	}
	if refused != nil {
		w.WriteHeader(http.StatusInternalServerError)
		fault := (&element{name: "SOAP-ENV:Fault", attributes: map[string]string{"xmlns:SOAP-ENV": "http://schemas.xmlsoap.org/soap/envelope/"}}).with(
			el("faultcode", "SOAP-ENV:Server"), el("faultstring", refused.message), el("detail", refused.detail))
		_, _ = w.Write(envelope(fault))
		return
	}
	answer.name, answer.attributes = "tns:"+call.operation.name+"Response", map[string]string{"xmlns:tns": call.operation.space} // its children have no namespace
	_, _ = w.Write(envelope(answer))
}

func (api *servicenow) operation(who caller, table string, request *element, displayvalue string) (*element, *snowError) {
	fields := map[string]string{}
	for _, child := range request.children {
		fields[child.name] = child.text
	}
	switch request.name {
	case "insert":
		row, refused := api.insert(who, table, fields)
		if refused != nil {
			return nil, refused
		}
		answer := (&element{}).with(el("sys_id", row.fields["sys_id"]))
		if number := row.fields["number"]; number != "" {
			answer.with(el("number", number))
		}
		return answer, nil
	case "update":
		row, refused := api.update(who, table, fields["sys_id"], fields)
		if refused != nil {
			return nil, refused
		}
		return (&element{}).with(el("sys_id", row.fields["sys_id"])), nil
	case "getRecords":
		return api.getRecords(who, table, fields, displayvalue)
	}
	return nil, &snowError{500, "no operation " + request.name, ""}
}

// getRecords answers at most 250 rows. A field that is given is a condition of its own.
func (api *servicenow) getRecords(who caller, table string, fields map[string]string, displayvalue string) (*element, *snowError) {
	all, refused := api.query(who, table, fields["__encoded_query"])
	if refused != nil {
		return nil, refused
	}
	first, limit := 0, 250
	if text := fields["__first_row"]; text != "" {
		first, _ = strconv.Atoi(text)
	}
	if last, err := strconv.Atoi(fields["__last_row"]); err == nil {
		limit = min(limit, last-first)
	}
	if asked, err := strconv.Atoi(fields["__limit"]); err == nil {
		limit = min(limit, asked)
	}
	answer := &element{}
	for _, row := range window(all, first, limit) {
		made := el("getRecordsResult", "")
		for _, name := range slices.Sorted(maps.Keys(row.fields)) {
			if value, shown := row.dv[name]; displayvalue == "all" && shown {
				made.with(el("dv_"+name, value))
			}
			made.with(el(name, row.fields[name]))
		}
		answer.with(made)
	}
	return answer, nil
}
