package desksim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

var bmcRules = rules{
	serve:    serveBMC,
	ticketID: incidentNumber,
	statuses: []string{"New", "Assigned", "In Progress", "Pending", "Resolved", "Closed", "Cancelled"},
	sample: Sample{
		Settings: "{url: %[1]s, web_services: %[1]s/arsys/services, server: itsm, company: Calbro Services, login: deskbridge, password: %[2]s, queues: [Support], " +
			"status_fields: {Resolved: {Resolution: Closed by the requester, Status_Reason: No Further Action Required}}}",
		Open: []string{"New", "Assigned", "In Progress", "Pending"}, Done: []string{"Resolved", "Closed"}, Cancelled: []string{"Cancelled"},
	},
}

// serveBMC serves the AR REST API, and the mid tier's web services under /arsys/services.
func serveBMC(d *Desk, _ string) http.Handler {
	api := &bmc{desk: d}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/jwt/login", api.logIn)
	mux.HandleFunc("GET /api/arsys/v1/entry/{form}", api.serve(api.list))
	mux.HandleFunc("POST /api/arsys/v1/entry/{form}", api.serve(api.create))
	mux.HandleFunc("PUT /api/arsys/v1/entry/{form}/{id}", api.serve(api.update))
	mux.HandleFunc("DELETE /api/arsys/v1/entry/{form}/{id}", api.serve(api.delete))
	mux.HandleFunc("GET /api/arsys/v1/entry/{form}/{id}/attach/{field}", api.serve(api.download))
	mux.HandleFunc("POST /arsys/services/ARService", api.soap)
	return mux
}

// tokenFor makes the token of an account; the real one is signed and ends.
func tokenFor(login string) string { return "jwt." + login + ".signed" }

func (api *bmc) logIn(w http.ResponseWriter, r *http.Request) {
	api.desk.mu.Lock()
	who, known := api.desk.account(r.PostFormValue("username"), r.PostFormValue("password"))
	login := ""
	if known {
		login = who.user.Login
	}
	api.desk.mu.Unlock()
	if !known {
		api.refuse(w, &arError{401, 623, "Authentication failed"})
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, tokenFor(login))
}

// refuse writes AR System's list of messages.
func (api *bmc) refuse(w http.ResponseWriter, refused *arError) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(refused.status)
	_ = json.NewEncoder(w).Encode([]object{{"messageType": "ERROR", "messageText": refused.text, "messageNumber": refused.number, "messageAppendedText": ""}})
}

func (api *bmc) serve(handle func(caller, http.ResponseWriter, *http.Request) *arError) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(content))
		api.desk.mu.Lock()
		defer api.desk.mu.Unlock()
		w.Header().Set("Date", api.desk.now().Format(http.TimeFormat))
		for _, account := range api.desk.options.Accounts {
			if r.Header.Get("Authorization") != "AR-JWT "+tokenFor(account.Login) {
				continue
			}
			refused := handle(caller{api.desk.userByLogin(account.Login), account.Rights}, w, r)
			if err := api.desk.flush(); err != nil {
				refused = &arError{500, 8760, "not saved"}
			}
			if refused != nil {
				api.refuse(w, refused)
			}
			return
		}
		api.refuse(w, &arError{401, 623, "Authentication failed"})
	}
}

func (api *bmc) list(who caller, w http.ResponseWriter, r *http.Request) *arError {
	all, refused := api.rows(who, r.PathValue("form"))
	if refused != nil {
		return refused
	}
	query := r.URL.Query()
	holds := qualify(query.Get("q"))
	var found []arRow
	for _, row := range all {
		ok, refused := holds(row)
		if refused != nil {
			return refused
		}
		if ok {
			found = append(found, row)
		}
	}
	if by, direction, ok := strings.Cut(query.Get("sort"), "."); ok {
		slices.SortStableFunc(found, func(a, b arRow) int {
			order := strings.Compare(a.values[by], b.values[by])
			if direction == "desc" {
				return -order
			}
			return order
		})
	}
	if limit, err := strconv.Atoi(query.Get("limit")); err == nil {
		found = found[:min(limit, len(found))]
	}
	wanted := strings.Split(strings.TrimSuffix(strings.TrimPrefix(query.Get("fields"), "values("), ")"), ",")
	entries := []object{}
	for _, row := range found {
		entries = append(entries, api.entry(r, row, wanted))
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(object{"entries": entries, "_links": object{"self": []object{{"href": r.URL.String()}}}})
	return nil
}

// entry writes an entry with the fields that were asked for; what is empty is null.
func (api *bmc) entry(r *http.Request, row arRow, wanted []string) object {
	values := object{}
	for _, name := range wanted {
		if text := row.values[name]; text != "" {
			values[name] = text
		} else {
			values[name] = nil
		}
		if file := row.files[name]; file != nil {
			values[name] = object{"name": file.Name, "sizeBytes": len(file.Content), "href": "https://example.invalid/attach"}
		}
	}
	return object{"values": values, "_links": object{"self": []object{{"href": "https://" + r.Host + "/api/arsys/v1/entry/" + r.PathValue("form") + "/" + row.id}}}}
}

// readValues reads {"values": {...}}, by itself or as the part entry of a form with files.
func readValues(r *http.Request) (values map[string]string, files []newFile, refused *arError) {
	var body struct{ Values map[string]string }
	var content []byte
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		if err := r.ParseMultipartForm(maxBody); err != nil { //nolint:gosec // bounded by serve
			return nil, nil, &arError{400, 8900, "the form cannot be read"}
		}
		content = []byte(r.FormValue("entry"))
		if uploads := r.MultipartForm.File["entry"]; len(uploads) > 0 {
			content = readUpload(uploads[0])
		}
		for _, upload := range r.MultipartForm.File["attach-z2AF Work Log01"] {
			files = append(files, newFile{name: upload.Filename, contentType: "application/octet-stream", content: readUpload(upload)})
		}
	} else {
		content, _ = io.ReadAll(r.Body)
	}
	if err := json.Unmarshal(content, &body); err != nil || body.Values == nil {
		return nil, nil, &arError{400, 8901, "the entry cannot be read"}
	}
	return body.Values, files, nil
}

func (api *bmc) create(who caller, w http.ResponseWriter, r *http.Request) *arError {
	values, files, refused := readValues(r)
	if refused != nil {
		return refused
	}
	if !who.rights {
		return arNoPermission
	}
	var id string
	switch r.PathValue("form") {
	case "CTM:People":
		user := &User{ID: api.desk.next("user")}
		if refused := api.fillPerson(user, values); refused != nil {
			return refused
		}
		id = personID(user)
	case "HPD:WorkLog":
		ticket := api.byNumber(values["Incident Number"])
		if ticket == nil {
			return arNoEntry
		}
		kind := Internal
		if values["View Access"] == "Public" {
			kind = Public
		}
		updated, by := ticket.Updated, ticket.UpdatedBy
		note := api.desk.addNote(ticket, who.user.ID, kind, append([]newFile{{contentType: "text/plain", content: []byte(values["Detailed Description"])}}, files...)...)
		ticket.Updated, ticket.UpdatedBy = updated, by // a work log does not touch its incident
		id = workLogID(note)
	default:
		return arNoPermission
	}
	w.Header().Set("Location", "https://"+r.Host+"/api/arsys/v1/entry/"+r.PathValue("form")+"/"+id)
	w.WriteHeader(http.StatusCreated)
	return nil
}

func (api *bmc) byNumber(number string) *Ticket {
	for _, ticket := range api.desk.tickets {
		if incidentNumber(ticket) == number && ticket.Status != statusDeleted {
			return ticket
		}
	}
	return nil
}

func (api *bmc) update(who caller, w http.ResponseWriter, r *http.Request) *arError {
	values, _, refused := readValues(r)
	if refused != nil {
		return refused
	}
	for _, user := range api.desk.users {
		if personID(user) == r.PathValue("id") && who.rights {
			if refused := api.fillPerson(user, values); refused != nil {
				return refused
			}
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
	}
	for _, ticket := range api.desk.tickets {
		if entryID(ticket) == r.PathValue("id") && who.rights {
			if !api.desk.setStatus(ticket, who.user.ID, values["Status"]) {
				return &arError{400, 326, "Value is not one of the enumeration"}
			}
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
	}
	return arNoEntry
}

func (api *bmc) delete(who caller, w http.ResponseWriter, r *http.Request) *arError {
	for _, ticket := range api.desk.tickets {
		if entryID(ticket) == r.PathValue("id") && who.rights {
			api.desk.setStatus(ticket, who.user.ID, statusDeleted)
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
	}
	return arNoEntry
}

func (api *bmc) download(who caller, w http.ResponseWriter, r *http.Request) *arError {
	rows, refused := api.rows(who, r.PathValue("form"))
	if refused != nil {
		return refused
	}
	for _, row := range rows {
		if file := row.files[r.PathValue("field")]; row.id == r.PathValue("id") && file != nil {
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = w.Write(file.Content)
			return nil
		}
	}
	return arNoEntry
}
