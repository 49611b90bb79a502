package servicenow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestSimulatedDeskConforms(t *testing.T) {
	for _, kind := range []string{transportREST, transportSOAP} {
		t.Run(kind, func(t *testing.T) {
			server := simulate(t, desksim.Options{})
			providertest.Run(t, harness(server.URL, kind))
		})
	}
}

// simulate serves a simulated instance.
func simulate(t *testing.T, options desksim.Options) *httptest.Server {
	t.Helper()
	options.Vendor = desksim.ServiceNow
	options.Queues = map[string][]string{"Support": nil, "Hardware": nil}
	options.Accounts = []desksim.Account{
		{Login: "admin", Token: "pass-admin", Rights: true}, {Login: "bridge", Token: "pass-bridge", Rights: true}, {Login: "weak", Token: "pass-weak"},
	}
	desk, err := desksim.New(options)
	require.NoError(t, err)
	server := httptest.NewServer(desk.Handler("http://desk.test"))
	t.Cleanup(server.Close)
	return server
}

func harness(address, kind string) providertest.Harness {
	missing := strings.Repeat("f", 32)
	h := providertest.Harness{
		URL: address, Credential: "pass-bridge", Weak: "pass-weak", Agent: agent{address + "/api/now"},
		Queue: "Support", Reopened: "Work in Progress", Done: "Closed Complete", Unknown: "nonsense", Priority: "1",
		SomeID: strings.Repeat("a", 32), MissingID: missing, MissingUserID: missing, Attribute: "city",
		Traits: providertest.Traits{
			Identities: []providers.Identity{providers.ByEmployeeNumber, providers.ByLogin, providers.ByEmail}, Renames: true,
		},
		IsCreate: func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/table/sc_req_item")
		},
		IsNote: func(r *http.Request) bool {
			return r.Method == http.MethodPatch && providertest.BodyHas(r, `"comments"`)
		},
		IsUpload: func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/attachment/file")
		},
		New: func(t *testing.T, address, credential string, pageSize int) providers.Desk {
			settings := config(t, address, credential, pageSize)
			settings.Transport = kind
			desk, err := New(settings)
			require.NoError(t, err)
			return desk
		},
	}
	if kind == transportSOAP {
		action := func(r *http.Request, suffix string) bool {
			return strings.HasSuffix(r.Header.Get("SOAPAction"), suffix+`"`)
		}
		h.IsCreate = func(r *http.Request) bool { return action(r, "/sc_req_item/insert") }
		h.IsNote = func(r *http.Request) bool { return action(r, "/update") && providertest.BodyHas(r, "<comments>") }
		h.IsUpload = func(r *http.Request) bool { return action(r, "/ecc_queue/insert") }
	}
	return h
}

func config(t *testing.T, address, password string, pageSize int) Config {
	t.Helper()
	login := strings.TrimPrefix(password, "pass-")
	if login != "weak" {
		login = "bridge"
	}
	return Config{URL: address, Login: login, Password: providertest.Secret(t, password), Queues: []string{"Support"}, PageSize: pageSize}
}

// agent works at the desk as its administrator, by plain calls of the Table API.
type agent struct{ url string }

func (a agent) call(t *testing.T, method, path string, query url.Values, body any) []map[string]any {
	t.Helper()
	content, isRaw := body.([]byte)
	if !isRaw {
		var err error
		content, err = json.Marshal(body)
		require.NoError(t, err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, a.url+path+"?"+query.Encode(), bytes.NewReader(content))
	require.NoError(t, err)
	request.SetBasicAuth("admin", "pass-admin")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Less(t, response.StatusCode, 300, "%s %s: %s", method, path, text)
	var many struct{ Result []map[string]any }
	var one struct{ Result map[string]any }
	if json.Unmarshal(text, &many) == nil {
		return many.Result
	}
	_ = json.Unmarshal(text, &one)
	return []map[string]any{one.Result}
}

func (a agent) table(t *testing.T, ticketID string) string {
	t.Helper()
	found := a.call(t, http.MethodGet, "/table/task", url.Values{"sysparm_query": {"sys_id=" + ticketID}}, nil)
	require.Len(t, found, 1)
	return found[0]["sys_class_name"].(string)
}

func (a agent) SetStatus(t *testing.T, ticketID, status string) {
	t.Helper()
	table := a.table(t, ticketID)
	found := a.call(t, http.MethodGet, "/table/sys_choice", url.Values{"sysparm_query": {"name=" + table + "^label=" + status}}, nil)
	require.Len(t, found, 1)
	a.call(t, http.MethodPatch, "/table/"+table+"/"+ticketID, nil, map[string]any{"state": found[0]["value"], "close_code": "Solved", "close_notes": "done"})
}

func (a agent) write(t *testing.T, ticketID, field, content, fileName string) {
	t.Helper()
	table := a.table(t, ticketID)
	a.call(t, http.MethodPatch, "/table/"+table+"/"+ticketID, nil, map[string]any{field: content})
	if fileName != "" {
		a.call(t, http.MethodPost, "/attachment/file", url.Values{"table_name": {table}, "table_sys_id": {ticketID}, "file_name": {fileName}}, []byte("content of "+fileName))
	}
}

func (a agent) Reply(t *testing.T, ticketID, html, fileName string) {
	t.Helper()
	a.write(t, ticketID, "comments", "[code]"+html+"[/code]", fileName)
}

func (a agent) Comment(t *testing.T, ticketID, text, fileName string) {
	t.Helper()
	a.write(t, ticketID, "work_notes", text, fileName)
}

func (a agent) Merge(t *testing.T, _, _ string) {
	t.Helper()
	require.Fail(t, "ServiceNow has no merging")
}

func (a agent) Delete(t *testing.T, ticketID string) {
	t.Helper()
	a.call(t, http.MethodDelete, "/table/"+a.table(t, ticketID)+"/"+ticketID, nil, nil)
}

func (a agent) Requesters(t *testing.T, ticketID string) []string {
	t.Helper()
	table := a.table(t, ticketID)
	found := a.call(t, http.MethodGet, "/table/"+table, url.Values{"sysparm_query": {"sys_id=" + ticketID}, "sysparm_exclude_reference_link": {"true"}}, nil)
	field := map[string]string{"incident": "caller_id", "sc_req_item": "requested_for"}[table]
	user := a.call(t, http.MethodGet, "/table/sys_user", url.Values{"sysparm_query": {fmt.Sprint("sys_id=", found[0][field])}}, nil)
	return []string{fmt.Sprint(user[0]["user_name"])}
}

func (a agent) Files(t *testing.T, ticketID string) []string {
	t.Helper()
	names := []string{}
	for _, row := range a.call(t, http.MethodGet, "/table/sys_attachment", url.Values{"sysparm_query": {"table_sys_id=" + ticketID}}, nil) {
		names = append(names, fmt.Sprint(row["file_name"]))
	}
	slices.Sort(names)
	return names
}

func connect(t *testing.T, settings Config) *Desk {
	t.Helper()
	desk, err := New(settings)
	require.NoError(t, err)
	return desk
}

func TestIncidentsAndRequestsGoToTheirTables(t *testing.T) {
	server := simulate(t, desksim.Options{})
	for _, kind := range []string{transportREST, transportSOAP} {
		settings := config(t, server.URL, "pass-bridge", 10)
		settings.Transport = kind
		settings.StatusFields = map[string]map[string]string{"resolved": {"close_code": "Solved", "close_notes": "Closed in Activate"}}
		desk := connect(t, settings)
		user, err := desk.CreateUser(t.Context(), providers.NewUser{Login: "anna-" + kind, Email: kind + "@example.test", DisplayName: "Anna Nowak"})
		require.NoError(t, err)
		for ticketKind, want := range map[providers.TicketKind]string{providers.Incident: "New", providers.Request: "Open"} {
			ticket, err := desk.CreateTicket(t.Context(), providers.NewTicket{
				Key: providers.Key("R-" + kind + "/" + string(ticketKind)), Kind: ticketKind, Queue: "Support", RequesterID: user.ID, Subject: "s", Body: "b",
				Fields: map[string]string{"category": "hardware"},
			})
			require.NoError(t, err)
			require.Equal(t, want, ticket.Status)
			if ticketKind == providers.Incident {
				require.True(t, strings.HasPrefix(ticket.Number, "INC"))
				closed, err := desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: "Resolved"})
				require.NoError(t, err, "with the fields that the data policy wants")
				require.Equal(t, "Resolved", closed.Status)
				_, err = desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: "Closed"})
				require.ErrorIs(t, err, providers.Invalid)
				require.ErrorContains(t, err, "status_fields")
			}
		}
	}
}

func TestATokenIsRenewedWhenItIsRefused(t *testing.T) {
	server := simulate(t, desksim.Options{}) // its tokens last for three calls
	for _, kind := range []string{transportREST, transportSOAP} {
		for grant, settings := range map[string]Config{
			"password":           {Login: "bridge", Password: providertest.Secret(t, "pass-bridge"), ClientSecret: providertest.Secret(t, "any")},
			"client credentials": {ClientSecret: providertest.Secret(t, "pass-bridge")},
		} {
			settings.URL, settings.ClientID, settings.Transport = server.URL, "deskbridge", kind
			desk := connect(t, settings)
			login := "anna-" + kind + strings.ReplaceAll(grant, " ", "")
			user, err := desk.CreateUser(t.Context(), providers.NewUser{Login: login, Email: login + "@example.test", DisplayName: "Anna Nowak"})
			require.NoError(t, err)
			_, err = desk.CreateTicket(t.Context(), providers.NewTicket{Key: providers.Key("R/" + login), Queue: "Support", RequesterID: user.ID, Subject: "s", Body: "b"})
			require.NoError(t, err, "%s by %s", grant, kind)
			settings.ClientSecret, settings.Password = providertest.Secret(t, "wrong"), providers.Secret{}
			settings.Login = ""
			_, err = connect(t, settings).FindTicket(t.Context(), "R/1")
			require.ErrorIs(t, err, providers.Unauthenticated)
		}
	}
	_, err := New(Config{URL: "https://example.service-now.com", ClientID: "x"})
	require.ErrorContains(t, err, "client_secret: missing")
	require.NotContains(t, err.Error(), "login")
}

func TestHiddenRowsDoNotEndAListOfChanges(t *testing.T) {
	pages := map[string]string{"": `{"result":[]}`, "2": `{"result":[]}`, "4": `{"result":[{"sys_id":"` + strings.Repeat("a", 32) + `","sys_updated_on":"2026-11-23 12:00:00","state":"1"}]}`}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Total-Count", "5")
		_, _ = io.WriteString(w, pages[strings.TrimPrefix(r.URL.Query().Get("sysparm_offset"), "0")])
	}))
	t.Cleanup(server.Close)
	desk := connect(t, config(t, server.URL, "pass-bridge", 2))
	query := providers.ChangesQuery{Since: time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC)}
	var seen []string
	for range 3 {
		page, err := desk.FetchChanges(t.Context(), query)
		require.NoError(t, err)
		for _, ticket := range page.Tickets {
			seen = append(seen, ticket.ID)
		}
		require.NotEmpty(t, page.Next)
		query.Page = page.Next
	}
	require.Equal(t, []string{strings.Repeat("a", 32)}, seen)
}

// A term that ServiceNow ignores would give every ticket, user or note: none of them gets through.
func TestAnIgnoredConditionIsNoticed(t *testing.T) {
	row := `{"sys_id":"` + strings.Repeat("b", 32) + `","email":"other@example.test","correlation_id":"","element":"work_notes","value":"internal","sys_updated_on":"2020-01-01 00:00:00","name":"Other"}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/task") && strings.HasPrefix(r.URL.Query().Get("sysparm_query"), "sys_id=") {
			_, _ = io.WriteString(w, `{"result":[{"sys_id":"`+strings.Repeat("a", 32)+`"}]}`)
			return
		}
		_, _ = io.WriteString(w, `{"result":[`+row+`]}`)
	}))
	t.Cleanup(server.Close)
	desk := connect(t, config(t, server.URL, "pass-bridge", 2))
	_, err := desk.FindTicket(t.Context(), "R/1")
	require.ErrorIs(t, err, providers.Misconfigured)
	_, err = desk.FindUsers(t.Context(), providers.UserQuery{By: providers.ByEmail, Value: "anna@example.test"})
	require.ErrorIs(t, err, providers.Misconfigured)
	_, err = desk.FetchChanges(t.Context(), providers.ChangesQuery{Since: time.Now()})
	require.ErrorIs(t, err, providers.Misconfigured)
	notes, err := desk.FetchNotes(t.Context(), providers.NotesQuery{TicketID: strings.Repeat("a", 32)})
	require.NoError(t, err)
	require.Empty(t, notes.Notes)
	require.Equal(t, 1, notes.Withheld)
	tickets, err := desk.FetchTickets(t.Context(), []string{strings.Repeat("a", 32)})
	require.NoError(t, err)
	require.Empty(t, tickets)
}

func TestAValueIsReadInEveryForm(t *testing.T) {
	var row record
	require.NoError(t, json.Unmarshal([]byte(`{"a":"x","b":"","c":null,"d":{"link":"l","value":"v"},"e":{"display_value":"Shown","value":"1"},"f":{"display_value":null,"value":null}}`), &row))
	require.Equal(t, record{"a": {"x", "x"}, "b": {}, "c": {}, "d": {"v", ""}, "e": {"1", "Shown"}, "f": {}}, row)
	require.Equal(t, "It works & runs", strings.Join(strings.Fields(plain("[code]<p>It <b>works</b></p>[/code] &"+" runs")), " "))
	require.Equal(t, "a^^b", quote("a^b"))
}

// The documented answer to a create (Table API, from the Ballerina connector's sample).
func TestTheDocumentedIncidentIsRead(t *testing.T) {
	content := `{"result":{"active":"true","assignment_group":"","caller_id":"","correlation_id":"","number":"INC0010007","opened_by":{"link":"https://example.invalid/api/now/table/sys_user/x","value":"x"},"short_description":"creating a test ticket","state":"1","sys_class_name":"incident","sys_created_on":"2020-04-06 13:04:44","sys_id":"sys_id","sys_updated_on":"2020-04-06 13:04:44","work_notes":""}}`
	var answer struct{ Result record }
	require.NoError(t, json.Unmarshal([]byte(content), &answer))
	desk := connect(t, config(t, "https://example.service-now.com", "pass-bridge", 1))
	ticket := desk.ticket(answer.Result)
	require.Equal(t, "INC0010007", ticket.Number)
	require.Equal(t, time.Date(2020, 4, 6, 13, 4, 44, 0, time.UTC), ticket.UpdatedAt)
	require.Empty(t, ticket.Queue)
	require.Equal(t, "x", answer.Result.value("opened_by"))
}

// The WSDLs are those of incident (composed from the documentation's samples) and of sys_user.
func TestSOAPRequestsAreValidByTheVendorsSchemas(t *testing.T) {
	schemas := providertest.NewSchemas(t, "testdata/incident.wsdl", "testdata/sys_user.wsdl")
	inner := simulate(t, desksim.Options{})
	server := httptest.NewServer(schemas.Exchanges(inner.Config.Handler))
	t.Cleanup(server.Close)
	settings := config(t, server.URL, "pass-bridge", 10)
	settings.Transport, settings.StatusFields = transportSOAP, map[string]map[string]string{"Resolved": {"close_code": "Solved", "close_notes": "done"}}
	desk := connect(t, settings)
	user, err := desk.CreateUser(t.Context(), providers.NewUser{Login: "anna", Email: "anna@example.test", DisplayName: "Anna Nowak", EmployeeNumber: "7", Attributes: map[string]string{"city": "Łódź"}})
	require.NoError(t, err)
	require.NoError(t, desk.DeactivateUser(t.Context(), user.ID))
	ticket, err := desk.CreateTicket(t.Context(), providers.NewTicket{Key: "R/1", Kind: providers.Incident, Queue: "Support", RequesterID: user.ID, Subject: "s", Body: "b", Fields: map[string]string{"category": "x"}})
	require.NoError(t, err)
	_, err = desk.AddNote(t.Context(), providers.NewNote{TicketID: ticket.ID, Body: "a note"})
	require.NoError(t, err)
	_, err = desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: "Resolved"})
	require.NoError(t, err)
	schemas.Check(t, "insert", "update", "getRecords", "getRecordsResponse", "insertResponse", "updateResponse")
}
