package desksim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// jira speaks the service desk API and the platform API version 2 of Jira as far as a connector
// needs them: see package jira's documentation. Who comes with a personal access token finds the
// Data Center edition, everybody else Cloud.
type jira struct {
	desk      *Desk
	base      string
	temporary map[string]newFile
}

// The project of the one service desk, its ID, and the field Request Type.
const (
	jiraProject     = "SUP"
	jiraServiceDesk = "7"
	jiraRequestType = "customfield_10010"
)

var jiraRules = rules{
	serve:    serveJira,
	ticketID: jiraID,
	number:   jiraKey,
	statuses: []string{"Waiting for support", "In Progress", "Waiting for customer", "Resolved", "Canceled"},
	sample: Sample{
		Settings: "{url: %[1]s, login: deskbridge, token: %[2]s, project: SUP, queues: [Support]}",
		Open:     []string{"Waiting for support", "In Progress", "Waiting for customer"}, Done: []string{"Resolved"}, Cancelled: []string{"Canceled"},
	},
}

func jiraID(ticket *Ticket) string  { return strconv.Itoa(10000 + ticket.ID) }
func jiraKey(ticket *Ticket) string { return fmt.Sprintf("%s-%d", jiraProject, ticket.ID) }

func serveJira(d *Desk, address string) http.Handler {
	api := &jira{desk: d, base: address, temporary: map[string]newFile{}}
	mux, handle := protocol{desk: d, caller: api.caller, unknown: jiraError(http.StatusUnauthorized, "Client must be authenticated to access this resource.")}.mux()
	handle("GET /rest/servicedeskapi/info", api.info)
	handle("GET /rest/servicedeskapi/servicedesk", api.serviceDesks)
	handle("GET /rest/servicedeskapi/servicedesk/{desk}/requesttype", api.requestTypes)
	handle("GET /rest/servicedeskapi/servicedesk/{desk}/requesttype/{type}/field", api.requestTypeFields)
	handle("POST /rest/servicedeskapi/servicedesk/{desk}/customer", api.invite)
	handle("POST /rest/servicedeskapi/servicedesk/{desk}/attachTemporaryFile", api.attachTemporary)
	handle("POST /rest/servicedeskapi/customer", api.createCustomer)
	handle("POST /rest/servicedeskapi/request", api.createRequest)
	handle("GET /rest/servicedeskapi/request/{id}/comment", api.comments)
	handle("POST /rest/servicedeskapi/request/{id}/comment", api.addComment)
	handle("POST /rest/servicedeskapi/request/{id}/attachment", api.attach)
	handle("GET /rest/api/2/myself", api.myself)
	handle("GET /rest/api/2/project/{key}/statuses", api.projectStatuses)
	handle("GET /rest/api/2/user", api.user)
	handle("GET /rest/api/2/user/search", api.searchUsers)
	handle("GET /rest/api/2/issue/{id}", api.issue)
	handle("GET /rest/api/2/issue/{id}/transitions", api.transitions)
	handle("POST /rest/api/2/issue/{id}/transitions", api.transition)
	handle("GET /rest/api/2/search/jql", api.searchCloud)
	handle("GET /rest/api/2/search", api.searchDataCenter)
	return mux
}

func (api *jira) caller(r *http.Request) (caller, bool) {
	if login, token, ok := r.BasicAuth(); ok {
		return api.desk.account(login, token)
	}
	return api.desk.bearer("Bearer ")(r)
}

// isCloud: personal access tokens are of Data Center.
func isCloud(r *http.Request) bool {
	_, _, basic := r.BasicAuth()
	return basic
}

// jiraError is an error of the platform API.
func jiraError(status int, text string) answer {
	return answer{status: status, body: object{"errorMessages": []string{text}, "errors": object{}}}
}

// jsmError is an error of the service desk API.
func jsmError(status int, key, text string) answer {
	return answer{status: status, body: object{"errorMessage": text, "i18nErrorMessage": object{"i18nKey": key, "parameters": []string{}}}}
}

var (
	jiraNoIssue   = jiraError(http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
	jsmForbidden  = jsmError(http.StatusForbidden, "sd.forbidden", "You do not have permission to perform this action.")
	jsmNoSuchDesk = jsmError(http.StatusNotFound, "sd.servicedesk.error.not.found", "The service desk does not exist.")
)

// jsmPage cuts a list as the service desk API does.
func jsmPage[T any](r *http.Request, rows []T, standard int, row func(T) object) answer {
	start, _ := strconv.Atoi(r.URL.Query().Get("start"))
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil {
		limit = standard
	}
	values := []object{}
	for _, entry := range cut(rows, start, limit) {
		values = append(values, row(entry))
	}
	return ok(object{"size": len(values), "start": start, "limit": limit, "isLastPage": start+len(values) >= len(rows), "values": values})
}

func jiraTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000-0700") }

func jsmDate(at time.Time) object {
	return object{"iso8601": at.UTC().Format("2006-01-02T15:04:05-0700"), "jira": jiraTime(at), "friendly": "Today", "epochMillis": at.UnixMilli()}
}

// accountID of a user on Cloud, key on Data Center.
func accountID(user *User) string { return fmt.Sprintf("5b10ac8d82e05b22cc7d%04d", user.ID) }
func userKey(user *User) string   { return fmt.Sprintf("JIRAUSER1%04d", user.ID) }

func (api *jira) userOf(r *http.Request, user *User) object {
	name := user.Name
	if name == "" {
		name = user.Login
	}
	made := object{"emailAddress": user.Email, "displayName": name, "active": !user.Disabled, "timeZone": api.desk.options.Zone.String()}
	if isCloud(r) {
		made["accountId"] = accountID(user)
	} else {
		made["name"], made["key"] = user.Login, userKey(user)
	}
	return made
}

func (api *jira) info(caller, http.ResponseWriter, *http.Request) answer {
	return ok(object{"version": "5.12.0 (simulated)", "platformVersion": "9.12.0", "isLicensedForUse": true, "buildDate": jsmDate(api.desk.now()), "buildChangeSet": "0"})
}

func (api *jira) myself(who caller, _ http.ResponseWriter, r *http.Request) answer {
	return ok(api.userOf(r, who.user))
}

func (api *jira) serviceDesks(who caller, _ http.ResponseWriter, r *http.Request) answer {
	desks := []object{
		{"id": "6", "projectId": "10006", "projectName": "Other", "projectKey": "OTHER"},
		{"id": jiraServiceDesk, "projectId": "10007", "projectName": "Support", "projectKey": jiraProject},
	}
	if !who.rights {
		desks = desks[:1]
	}
	return jsmPage(r, desks, 100, func(desk object) object { return desk })
}

func (api *jira) requestTypes(who caller, _ http.ResponseWriter, r *http.Request) answer {
	if r.PathValue("desk") != jiraServiceDesk || !who.rights {
		return jsmNoSuchDesk
	}
	return jsmPage(r, sorted(api.desk.queues), 100, func(queue *Queue) object {
		return object{"id": strconv.Itoa(queue.ID), "name": queue.Name, "description": "", "helpText": "", "issueTypeId": "10001", "serviceDeskId": jiraServiceDesk, "groupIds": []string{}}
	})
}

// jiraFields are those of every request type.
var jiraFields = []object{
	{"fieldId": "summary", "name": "Summary", "required": true, "jiraSchema": object{"type": "string", "system": "summary"}, "validValues": []object{}, "visible": true},
	{"fieldId": "description", "name": "Description", "required": false, "jiraSchema": object{"type": "string", "system": "description"}, "validValues": []object{}, "visible": true},
	{"fieldId": "labels", "name": "Labels", "required": false, "jiraSchema": object{"type": "array", "items": "string", "system": "labels"}, "validValues": []object{}, "visible": false},
	{"fieldId": "customfield_10050", "name": "Reference", "required": false, "jiraSchema": object{"type": "string", "customId": 10050}, "validValues": []object{}, "visible": false},
	{"fieldId": "customfield_10060", "name": "Site", "required": false, "jiraSchema": object{"type": "option", "customId": 10060}, "validValues": []object{}, "visible": true},
}

func (api *jira) requestTypeFields(who caller, _ http.ResponseWriter, r *http.Request) answer {
	id, _ := strconv.Atoi(r.PathValue("type"))
	if r.PathValue("desk") != jiraServiceDesk || !who.rights || api.desk.queues[id] == nil {
		return jsmNoSuchDesk
	}
	return ok(object{"requestTypeFields": jiraFields, "canRaiseOnBehalfOf": true, "canAddRequestParticipants": true})
}

func (api *jira) byName(r *http.Request, name string) *User {
	for _, user := range api.desk.users {
		if isCloud(r) && accountID(user) == name || !isCloud(r) && user.Login == name {
			return user
		}
	}
	return nil
}

func (api *jira) invite(who caller, _ http.ResponseWriter, r *http.Request) answer {
	var body struct{ AccountIDs, Usernames []string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	for _, name := range append(body.AccountIDs, body.Usernames...) {
		if !who.rights || api.byName(r, name) == nil {
			return jsmForbidden
		}
	}
	return answer{status: http.StatusNoContent}
}

func (api *jira) createCustomer(who caller, _ http.ResponseWriter, r *http.Request) answer {
	var body struct{ Email, DisplayName, FullName string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	name := body.DisplayName
	if !isCloud(r) {
		name = body.FullName
	}
	switch {
	case !who.rights:
		return jsmForbidden
	case api.desk.userByEmail(body.Email) != nil:
		return jsmError(http.StatusBadRequest, "sd.customers.error.user.exists", "An account already exists for this email")
	case body.Email == "" || name == "":
		return jsmError(http.StatusBadRequest, "sd.customers.error.invalid", "An e-mail address and a name are needed.")
	}
	user := &User{Email: body.Email, Name: name, Login: body.Email}
	api.desk.putUser(user)
	return answer{status: http.StatusCreated, body: api.userOf(r, user)}
}

func (api *jira) user(who caller, _ http.ResponseWriter, r *http.Request) answer {
	for _, user := range api.desk.users {
		if who.rights && userKey(user) == r.URL.Query().Get("key") {
			return ok(api.userOf(r, user))
		}
	}
	return jiraError(http.StatusNotFound, "The user does not exist")
}

// searchUsers matches the beginning of addresses, names and logins.
func (api *jira) searchUsers(who caller, _ http.ResponseWriter, r *http.Request) answer {
	if !who.rights {
		return jiraError(http.StatusForbidden, "Forbidden")
	}
	asked := strings.ToLower(r.URL.Query().Get("query") + r.URL.Query().Get("username"))
	found := []object{}
	for _, user := range sorted(api.desk.users) {
		matches := strings.HasPrefix(strings.ToLower(user.Email), asked) || !isCloud(r) && strings.HasPrefix(strings.ToLower(user.Login), asked)
		if matches && asked != "" && !user.Privileged && (!user.Disabled || r.URL.Query().Get("includeInactive") == "true") {
			found = append(found, api.userOf(r, user))
		}
	}
	return ok(found)
}

func (api *jira) createRequest(who caller, _ http.ResponseWriter, r *http.Request) answer {
	var body struct {
		ServiceDeskID, RequestTypeID, RaiseOnBehalfOf string
		RequestFieldValues                            map[string]json.RawMessage
	}
	err := json.NewDecoder(r.Body).Decode(&body)
	number, _ := strconv.Atoi(body.RequestTypeID)
	queue, requester := api.desk.queues[number], api.byName(r, body.RaiseOnBehalfOf)
	switch {
	case !who.rights:
		return jsmForbidden
	case err != nil || body.ServiceDeskID != jiraServiceDesk || queue == nil || requester == nil:
		return jsmError(http.StatusBadRequest, "sd.request.create.error", "Your request could not be created.")
	}
	values := map[string]string{}
	fields := map[string]string{}
	for name, raw := range body.RequestFieldValues {
		if !slices.ContainsFunc(jiraFields, func(known object) bool { return known["fieldId"] == name }) {
			return jsmError(http.StatusBadRequest, "sd.request.create.error.field", "Field '"+name+"' is not valid for this request type.")
		}
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		values[name] = text
	}
	fields["labels"], fields["customfield_10050"] = values["labels"], values["customfield_10050"]
	ticket := api.desk.open(who, Ticket{Queue: queue.ID, Subject: values["summary"], Requesters: []int{requester.ID}, Fields: fields},
		newFile{contentType: "text/plain", content: []byte(values["description"])})
	return answer{status: http.StatusCreated, body: object{
		"issueId": jiraID(ticket), "issueKey": jiraKey(ticket), "requestTypeId": body.RequestTypeID, "serviceDeskId": jiraServiceDesk,
		"createdDate": jsmDate(ticket.Created), "reporter": api.userOf(r, requester),
		"requestFieldValues": []object{{"fieldId": "summary", "label": "Summary", "value": ticket.Subject}},
		"currentStatus":      object{"status": ticket.Status, "statusCategory": "NEW", "statusDate": jsmDate(ticket.Created)},
	}}
}

func (api *jira) issueOf(r *http.Request, ticket *Ticket) object {
	all := []string{}
	_ = json.Unmarshal([]byte(ticket.Fields["labels"]), &all)
	queue := api.desk.queues[ticket.Queue]
	return object{"id": jiraID(ticket), "key": jiraKey(ticket), "self": api.base + "/rest/api/2/issue/" + jiraID(ticket), "expand": "", "fields": object{
		"summary": ticket.Subject, "status": object{"name": ticket.Status, "id": "1"}, "created": jiraTime(ticket.Created), "updated": jiraTime(ticket.Updated),
		"reporter": api.userOf(r, api.desk.users[ticket.Requesters[0]]), "labels": all, "customfield_10050": ticket.Fields["customfield_10050"],
		jiraRequestType: object{"requestType": object{"id": strconv.Itoa(queue.ID), "name": queue.Name}},
	}}
}

// find takes an ID or a key.
func (api *jira) find(who caller, id string) *Ticket {
	if number, ok := strings.CutPrefix(id, jiraProject+"-"); ok {
		key, _ := strconv.Atoi(number)
		id = strconv.Itoa(10000 + key)
	}
	return api.desk.standing(who, id)
}

func (api *jira) issue(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.find(who, r.PathValue("id"))
	if ticket == nil {
		return jiraNoIssue
	}
	return ok(api.issueOf(r, ticket))
}

func (api *jira) transitions(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.find(who, r.PathValue("id"))
	if ticket == nil {
		return jiraNoIssue
	}
	transitions := []object{}
	for i, status := range api.desk.rules.statuses {
		if status != ticket.Status {
			transitions = append(transitions, object{"id": strconv.Itoa(11 + i), "name": "To " + status, "to": object{"name": status, "id": strconv.Itoa(i)}, "isAvailable": true})
		}
	}
	return ok(object{"expand": "transitions", "transitions": transitions})
}

func (api *jira) transition(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.find(who, r.PathValue("id"))
	if ticket == nil {
		return jiraNoIssue
	}
	var body struct{ Transition struct{ ID string } }
	_ = json.NewDecoder(r.Body).Decode(&body)
	number, err := strconv.Atoi(body.Transition.ID)
	if err != nil || number < 11 || number >= 11+len(api.desk.rules.statuses) {
		return jiraError(http.StatusBadRequest, "It seems that you have tried to perform an illegal workflow operation.")
	}
	api.desk.setStatus(ticket, who.user.ID, api.desk.rules.statuses[number-11])
	return answer{status: http.StatusNoContent}
}

// projectStatuses lists the statuses of each issue type.
func (api *jira) projectStatuses(who caller, _ http.ResponseWriter, r *http.Request) answer {
	if r.PathValue("key") != jiraProject || !who.rights {
		return jiraError(http.StatusNotFound, "No project could be found")
	}
	statuses := []object{}
	for i, status := range api.desk.rules.statuses {
		statuses = append(statuses, object{"id": strconv.Itoa(i), "name": status})
	}
	return ok([]object{{"id": "10001", "name": "Service Request", "subtask": false, "statuses": statuses}, {"id": "10002", "name": "Incident", "subtask": false, "statuses": statuses[:1]}})
}

func (api *jira) searchCloud(who caller, _ http.ResponseWriter, r *http.Request) answer {
	rows, refused := api.query(who, r)
	if refused != nil {
		return *refused
	}
	start, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Query().Get("nextPageToken"), "token."))
	size, _ := strconv.Atoi(r.URL.Query().Get("maxResults"))
	page := api.issues(r, cut(rows, start, size))
	reply := object{"issues": page, "isLast": start+len(page) >= len(rows)}
	if start+len(page) < len(rows) {
		reply["nextPageToken"] = fmt.Sprintf("token.%d", start+len(page))
	}
	return ok(reply)
}

func (api *jira) searchDataCenter(who caller, _ http.ResponseWriter, r *http.Request) answer {
	rows, refused := api.query(who, r)
	if refused != nil {
		return *refused
	}
	start, _ := strconv.Atoi(r.URL.Query().Get("startAt"))
	size, _ := strconv.Atoi(r.URL.Query().Get("maxResults"))
	return ok(object{"issues": api.issues(r, cut(rows, start, size)), "startAt": start, "maxResults": size, "total": len(rows)})
}

func (api *jira) issues(r *http.Request, rows []*Ticket) []object {
	page := []object{}
	for _, ticket := range rows {
		page = append(page, api.issueOf(r, ticket))
	}
	return page
}

// jqlTerm is a term of JQL: field, operator, value in quotes.
var jqlTerm = regexp.MustCompile(`^(project|labels|updated|cf\[10050\]) (=|>=|~) "(.*)"$`)

// query carries out JQL as far as it is used; its times are in the zone of the account.
func (api *jira) query(who caller, r *http.Request) ([]*Ticket, *answer) {
	where, order, _ := strings.Cut(r.URL.Query().Get("jql"), " ORDER BY ")
	refuse := func(text string) *answer {
		refused := jiraError(http.StatusBadRequest, text)
		return &refused
	}
	if order != "key ASC" {
		return nil, refuse("The order is not supported by the simulation.")
	}
	rows := api.desk.listed(who)
	for _, text := range strings.Split(where, " AND ") {
		term := jqlTerm.FindStringSubmatch(text)
		if term == nil {
			return nil, refuse("Error in the JQL Query: " + text)
		}
		value := strings.Trim(term[3], `\"`)
		var since time.Time
		switch term[1] {
		case "project":
			if value != jiraProject || !who.rights {
				return nil, refuse("The value '" + value + "' does not exist for the field 'project'.")
			}
		case "updated":
			var err error
			if since, err = time.ParseInLocation("2006-01-02 15:04", value, api.desk.options.Zone); err != nil {
				return nil, refuse("Date value '" + value + "' for field 'updated' is invalid.")
			}
		}
		rows = slices.DeleteFunc(rows, func(ticket *Ticket) bool {
			switch term[1] {
			case "labels":
				return !strings.Contains(ticket.Fields["labels"], strconv.Quote(value))
			case "updated":
				return ticket.Updated.Before(since)
			case "cf[10050]": // by words
				return ticket.Fields["customfield_10050"] == ""
			}
			return false
		})
	}
	return rows, nil
}
