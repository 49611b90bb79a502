package desksim

import (
	"crypto/sha1" //nolint:gosec // what GLPI shows of a document
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// glpi speaks GLPI's REST API as far as a connector needs it, as a real one answered for this
// project: see package glpi's documentation.
type glpi struct {
	desk     *Desk
	sessions *issued
}

var glpiRules = rules{
	serve:    serveGLPI,
	statuses: []string{"New", "Processing (assigned)", "Processing (planned)", "Pending", "Solved", "Closed"},
	sample: Sample{
		Settings: "{url: %[1]s, login: deskbridge, password: %[2]s, queues: [Support]}",
		Open:     []string{"New", "Processing (assigned)", "Processing (planned)", "Pending"}, Done: []string{"Solved", "Closed"},
	},
}

// glpiCalls is after how many calls a session is forgotten.
const glpiCalls = 50

func serveGLPI(d *Desk, _ string) http.Handler {
	api := &glpi{desk: d, sessions: d.issuing(glpiCalls)}
	mux, handle := protocol{
		desk: d, prefix: "/apirest.php", caller: api.caller, unknown: glpiError(http.StatusUnauthorized, "ERROR_SESSION_TOKEN_INVALID", "session_token seems invalid"),
	}.mux()
	handle("GET /initSession", api.open)
	handle("GET /getGlpiConfig", func(caller, http.ResponseWriter, *http.Request) answer {
		return ok(object{"cfg_glpi": object{"version": "10.0.16 (simulated)"}})
	})
	permitted := handle.permitted(glpiError(http.StatusForbidden, "ERROR_RIGHT_MISSING", "You don't have permission to perform this action."))
	permitted("GET /search/{kind}", api.search)
	permitted("GET /Group", api.groups)
	permitted("GET /ITILCategory", api.categories)
	permitted("POST /Ticket", api.createTicket)
	permitted("PUT /Ticket/{id}", api.updateTicket)
	permitted("GET /Ticket/{id}/ITILFollowup", api.followups)
	permitted("GET /Ticket/{id}/ITILSolution", api.solutions)
	permitted("GET /Ticket/{id}/Document_Item", api.documents)
	permitted("POST /ITILFollowup", api.addFollowup)
	permitted("GET /ITILFollowup/{id}", api.followup)
	permitted("POST /ITILSolution", api.solve)
	permitted("POST /Document", api.upload)
	permitted("GET /Document/{id}", api.document)
	permitted("POST /User", api.createUser)
	permitted("PUT /User/{id}", api.updateUser)
	permitted("GET /User/{id}/UserEmail", api.emails)
	permitted("PUT /UserEmail/{id}", api.updateEmail)
	return mux
}

func glpiError(status int, code, text string) answer {
	return answer{status: status, body: []string{code, text}}
}

var glpiNotFound = glpiError(http.StatusNotFound, "ERROR_ITEM_NOT_FOUND", "Item not found")

// glpiEncode puts entities into a text, as GLPI stores it.
func glpiEncode(text string) string {
	return strings.NewReplacer("&", "&#38;", "<", "&#60;", ">", "&#62;").Replace(text)
}

func (api *glpi) caller(r *http.Request) (caller, bool) {
	if strings.HasSuffix(r.URL.Path, "/initSession") {
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "user_token "); ok {
			return api.desk.accountOf(token)
		}
		login, password, _ := r.BasicAuth()
		return api.desk.account(login, password)
	}
	return api.sessions.caller(r.Header.Get("Session-Token"))
}

func (api *glpi) open(who caller, _ http.ResponseWriter, _ *http.Request) answer {
	return ok(object{"session_token": api.sessions.issue(who.user.Login)})
}

func (api *glpi) stamp(at time.Time) string {
	return at.In(api.desk.options.Zone).Format(time.DateTime)
}

// rows lists what a search sees: not what is in the trash.
func (api *glpi) rows(kind string) []object {
	var all []object
	switch kind {
	case "Ticket":
		for _, ticket := range sorted(api.desk.tickets) {
			if api.desk.visible(ticket) {
				all = append(all, object{
					"1": glpiEncode(ticket.Subject), "2": ticket.ID, "4": strconv.Itoa(ticket.Requesters[0]), "8": api.desk.queues[ticket.Queue].Name,
					"12": 1 + slices.Index(api.desk.rules.statuses, ticket.Status), "15": api.stamp(ticket.Created), "19": api.stamp(ticket.Updated),
					"21": glpiEncode(ticket.Fields["content"]),
				})
			}
		}
	case "User":
		for _, user := range sorted(api.desk.users) {
			if user.Privileged || user.Email == "" {
				continue
			}
			active := 1
			if user.Disabled {
				active = 0
			}
			all = append(all, object{
				"1": user.Login, "2": user.ID, "5": user.Email, "8": active, "9": glpiEncode(user.Attributes["firstname"]),
				"22": user.Attributes["registration_number"], "34": glpiEncode(user.Attributes["realname"]),
			})
		}
	}
	return all
}

// holds carries out one criterion; fields that it does not know fulfil it.
func glpiHolds(row object, field, how, value string) bool {
	raw, known := row[field]
	has := fmt.Sprint(raw)
	switch how {
	case "contains":
		inner := strings.TrimSuffix(strings.TrimPrefix(value, "^"), "$")
		if inner != value {
			return strings.EqualFold(has, inner)
		}
		return strings.Contains(strings.ToLower(has), strings.ToLower(inner))
	case "equals":
		return has == value
	case "morethan":
		a, notNumber := strconv.Atoi(has)
		b, _ := strconv.Atoi(value)
		return notNumber == nil && a > b || notNumber != nil && has > value
	}
	return !known
}

func (api *glpi) search(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	query := r.URL.Query()
	found := slices.DeleteFunc(api.rows(r.PathValue("kind")), func(row object) bool {
		result := true
		for i := 0; query.Has(fmt.Sprintf("criteria[%d][field]", i)); i++ {
			at := fmt.Sprintf("criteria[%d]", i)
			holds := glpiHolds(row, query.Get(at+"[field]"), query.Get(at+"[searchtype]"), query.Get(at+"[value]"))
			switch {
			case i == 0:
				result = holds
			case query.Get(at+"[link]") == "OR":
				result = result || holds
			default:
				result = result && holds
			}
		}
		return !result
	})
	return api.ranged(query, len(found), func(start, size int) any {
		reply := object{"totalcount": len(found), "count": len(cut(found, start, size)), "sort": []string{"2"}, "order": []string{"ASC"}}
		if rows := cut(found, start, size); len(rows) > 0 {
			reply["data"] = rows
		}
		return reply
	})
}

// ranged cuts a list; 206 where there is more.
func (api *glpi) ranged(query url.Values, total int, body func(start, size int) any) answer {
	from, to, _ := strings.Cut(query.Get("range"), "-")
	start, _ := strconv.Atoi(from)
	end, err := strconv.Atoi(to)
	if err != nil {
		end = start + 49
	}
	reply := ok(body(start, end-start+1))
	if end+1 < total {
		reply.status = http.StatusPartialContent
	}
	return reply
}

func (api *glpi) list(r *http.Request, rows []object) answer {
	return api.ranged(r.URL.Query(), len(rows), func(start, size int) any { return append([]object{}, cut(rows, start, size)...) })
}

func (api *glpi) groups(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	rows := []object{}
	for _, queue := range sorted(api.desk.queues) {
		if strings.EqualFold("^"+queue.Name+"$", r.URL.Query().Get("searchText[name]")) {
			rows = append(rows, object{"id": queue.ID, "name": queue.Name, "completename": "IT > " + queue.Name})
		}
	}
	return api.list(r, rows)
}

func (api *glpi) categories(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	if !strings.EqualFold(r.URL.Query().Get("searchText[name]"), "^Hardware$") {
		return api.list(r, nil)
	}
	return api.list(r, []object{{"id": 4, "name": "Hardware", "completename": "IT > Hardware"}})
}

// input reads {"input": {...}} as texts.
func glpiInput(r *http.Request) map[string]string {
	var body struct{ Input map[string]json.RawMessage }
	_ = json.NewDecoder(r.Body).Decode(&body)
	fields := map[string]string{}
	for name, raw := range body.Input {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		fields[name] = text
	}
	return fields
}

func glpiAdded(id int) answer {
	return answer{status: http.StatusCreated, body: object{"id": id, "message": ""}}
}

func glpiChanged(id int) answer { return ok([]object{{strconv.Itoa(id): true, "message": ""}}) }

func (api *glpi) createTicket(who caller, _ http.ResponseWriter, r *http.Request) answer {
	input := glpiInput(r)
	requester, _ := strconv.Atoi(input["_users_id_requester"])
	group, _ := strconv.Atoi(input["_groups_id_assign"])
	if api.desk.users[requester] == nil || api.desk.queues[group] == nil || input["content"] == "" {
		return glpiError(http.StatusBadRequest, "ERROR_GLPI_ADD", "")
	}
	ticket := api.desk.open(who, Ticket{Queue: group, Subject: input["name"], Requesters: []int{requester}, Fields: map[string]string{"content": input["content"], "type": input["type"]}},
		newFile{contentType: "text/html", content: []byte(input["content"])})
	return glpiAdded(ticket.ID)
}

// updateTicket stores any number as a status; what GLPI does not know shows as it is.
func (api *glpi) updateTicket(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.standing(who, r.PathValue("id"))
	if ticket == nil {
		return glpiNotFound
	}
	if number, err := strconv.Atoi(glpiInput(r)["status"]); err == nil && number >= 1 && number <= len(api.desk.rules.statuses) {
		api.desk.setStatus(ticket, who.user.ID, api.desk.rules.statuses[number-1])
	}
	return glpiChanged(ticket.ID)
}

// glpiSolution is the kind of note that a solution is.
const glpiSolution = "solution"

func (api *glpi) messageOf(note *Note, query url.Values) object {
	text, _ := api.desk.parts(note)
	made := object{"id": note.ID, "itemtype": "Ticket", "items_id": note.Ticket, "content": glpiEncode("<p>" + asHTML(text) + "</p>"), "users_id": note.Author, "date_creation": api.stamp(note.At)}
	if query.Get("expand_dropdowns") == "true" {
		made["users_id"] = api.desk.loginOf(note.Author)
	}
	if note.Kind != glpiSolution {
		made["date"], made["is_private"] = api.stamp(note.At), 0
		if note.Kind == Internal {
			made["is_private"] = 1
		}
	}
	return made
}

func (api *glpi) followups(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	return api.messages(r, Public, Internal)
}

func (api *glpi) solutions(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	return api.messages(r, glpiSolution)
}

func (api *glpi) messages(r *http.Request, kinds ...string) answer {
	ticket := api.desk.byVendorID(r.PathValue("id"))
	if ticket == nil {
		return glpiNotFound
	}
	var rows []object
	for _, note := range api.desk.history(ticket) {
		if slices.Contains(kinds, note.Kind) {
			rows = append(rows, api.messageOf(note, r.URL.Query()))
		}
	}
	return api.list(r, rows)
}

func (api *glpi) addFollowup(who caller, _ http.ResponseWriter, r *http.Request) answer {
	input := glpiInput(r)
	ticket := api.desk.standing(who, input["items_id"])
	if ticket == nil || input["itemtype"] != "Ticket" {
		return glpiError(http.StatusBadRequest, "ERROR_GLPI_ADD", "")
	}
	kind := Public
	if input["is_private"] == "1" {
		kind = Internal
	}
	return glpiAdded(api.desk.addNote(ticket, who.user.ID, kind, newFile{contentType: "text/html", content: []byte(input["content"])}).ID)
}

func (api *glpi) followup(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	id, _ := strconv.Atoi(r.PathValue("id"))
	note := api.desk.notes[id]
	if note == nil {
		return glpiNotFound
	}
	return ok(api.messageOf(note, r.URL.Query()))
}

// solve adds a solution, which solves the ticket.
func (api *glpi) solve(who caller, _ http.ResponseWriter, r *http.Request) answer {
	input := glpiInput(r)
	ticket := api.desk.standing(who, input["items_id"])
	if ticket == nil {
		return glpiError(http.StatusBadRequest, "ERROR_GLPI_ADD", "")
	}
	note := api.desk.addNote(ticket, who.user.ID, glpiSolution, newFile{contentType: "text/html", content: []byte(input["content"])})
	api.desk.setStatus(ticket, who.user.ID, "Solved")
	return glpiAdded(note.ID)
}

func (api *glpi) documents(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.desk.byVendorID(r.PathValue("id"))
	if ticket == nil {
		return glpiNotFound
	}
	rows := []object{}
	for _, file := range api.desk.attached(ticket) {
		rows = append(rows, object{"id": file.ID, "documents_id": file.ID, "items_id": ticket.ID, "itemtype": "Ticket"})
	}
	return api.list(r, rows)
}

func (api *glpi) upload(who caller, _ http.ResponseWriter, r *http.Request) answer {
	var manifest struct {
		Input struct {
			Itemtype string
			ItemsID  int `json:"items_id"`
		}
	}
	text := r.FormValue("uploadManifest")
	if parts := r.MultipartForm.File["uploadManifest"]; len(parts) > 0 {
		text = string(readUpload(parts[0]))
	}
	file, given := firstUpload(r, "filename[0]")
	err := json.Unmarshal([]byte(text), &manifest)
	ticket := api.desk.standing(who, strconv.Itoa(manifest.Input.ItemsID))
	if err != nil || !given || ticket == nil {
		return glpiError(http.StatusBadRequest, "ERROR_UPLOAD_FILE_TOO_BIG_POST_MAX_SIZE", "")
	}
	return glpiAdded(api.desk.attach(who, ticket, file).ID)
}

func (api *glpi) document(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	id, _ := strconv.Atoi(r.PathValue("id"))
	file := api.desk.files[id]
	if file == nil {
		return glpiNotFound
	}
	sum := sha1.Sum(file.Content) //nolint:gosec // what GLPI shows of a document
	return ok(object{"id": file.ID, "filename": glpiEncode(file.Name), "mime": file.ContentType, "sha1sum": hex.EncodeToString(sum[:])})
}

var glpiUserFields = []string{"firstname", "realname", "registration_number", "phone", "mobile"}

func (api *glpi) createUser(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	input := glpiInput(r)
	if api.desk.userByLogin(input["name"]) != nil {
		return glpiError(http.StatusBadRequest, "ERROR_GLPI_ADD", "Unable to add. The user already exists.")
	}
	user := &User{}
	var emails map[string]string
	_ = json.Unmarshal([]byte(input["_useremails"]), &emails)
	for _, email := range emails {
		user.Email = email
	}
	api.fill(user, input)
	return glpiAdded(user.ID)
}

// fill ignores what it does not know.
func (api *glpi) fill(user *User, input map[string]string) {
	for _, name := range glpiUserFields {
		if value, given := input[name]; given {
			user.Attributes = with(user.Attributes, name, value)
		}
	}
	if name := input["name"]; name != "" {
		user.Login = name
	}
	if active, given := input["is_active"]; given {
		user.Disabled = active == "0"
	}
	user.Name = strings.TrimSpace(user.Attributes["firstname"] + " " + user.Attributes["realname"])
	api.desk.putUser(user)
}

func (api *glpi) updateUser(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	id, _ := strconv.Atoi(r.PathValue("id"))
	user := api.desk.users[id]
	if user == nil {
		return glpiNotFound
	}
	api.fill(user, glpiInput(r))
	return glpiChanged(id)
}

func (api *glpi) emails(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	id, _ := strconv.Atoi(r.PathValue("id"))
	return api.list(r, []object{{"id": id, "users_id": id, "is_default": 1, "email": api.desk.users[id].Email}})
}

func (api *glpi) updateEmail(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	id, _ := strconv.Atoi(r.PathValue("id"))
	user := api.desk.users[id]
	if user == nil {
		return glpiNotFound
	}
	user.Email = glpiInput(r)["email"]
	api.desk.putUser(user)
	return glpiChanged(id)
}
