package bmc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
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
	providertest.Run(t, harness(simulate(t).URL))
}

// simulate serves a simulated installation.
func simulate(t *testing.T) *httptest.Server {
	t.Helper()
	desk, err := desksim.New(desksim.Options{
		Vendor: desksim.BMC, Queues: map[string][]string{"Support": nil, "Hardware": nil},
		Accounts: []desksim.Account{
			{Login: "admin", Token: "pass-admin", Rights: true}, {Login: "bridge", Token: "pass-bridge", Rights: true}, {Login: "weak", Token: "pass-weak"},
		},
	})
	require.NoError(t, err)
	server := httptest.NewServer(desk.Handler("http://desk.test"))
	t.Cleanup(server.Close)
	return server
}

func harness(address string) providertest.Harness {
	posts := func(form, part string) func(*http.Request) bool {
		return func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, form) && providertest.BodyHas(r, part)
		}
	}
	return providertest.Harness{
		URL: address, Credential: "pass-bridge", Weak: "pass-weak", Agent: agent{address},
		Queue: "Support", Reopened: "In Progress", Done: "Resolved", Unknown: "nonsense",
		SomeID: "INC000000000001", MissingID: "INC000099999999", MissingUserID: "PPL000099999999", Attribute: "Site City",
		Traits: providertest.Traits{
			Identities: []providers.Identity{providers.ByEmployeeNumber, providers.ByLogin, providers.ByEmail}, Renames: true, NoteFiles: true, OrdersNotes: true,
		},
		IsCreate: posts("/ARService", "HelpDesk_Submit_Service"), IsNote: posts("/HPD:WorkLog", `"Public"`), IsUpload: posts("/HPD:WorkLog", "attach-z2AF"),
		New: func(t *testing.T, address, credential string, pageSize int) providers.Desk {
			return connect(t, config(t, address, credential, pageSize))
		},
	}
}

func config(t *testing.T, address, password string, pageSize int) Config {
	t.Helper()
	login := strings.TrimPrefix(password, "pass-")
	if login != "weak" {
		login = "bridge"
	}
	return Config{
		URL: address, WebServices: address + "/arsys/services", Server: "itsm", Login: login, Password: providertest.Secret(t, password), Company: "Calbro Services",
		Queues: []string{"Support"}, PageSize: pageSize,
		StatusFields: map[string]map[string]string{"Resolved": {"Resolution": "Closed in Activate", "Status_Reason": "No Further Action Required"}},
	}
}

func connect(t *testing.T, settings Config) *Desk {
	t.Helper()
	desk, err := New(settings)
	require.NoError(t, err)
	return desk
}

// agent works at the desk as its administrator, by plain calls of the REST API.
type agent struct{ url string }

func (a agent) call(t *testing.T, method, path, contentType string, content []byte) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, a.url+"/api/arsys/v1/entry/"+path, bytes.NewReader(content))
	require.NoError(t, err)
	request.Header.Set("Authorization", "AR-JWT "+a.logIn(t))
	request.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Less(t, response.StatusCode, 300, "%s %s: %s", method, path, text)
	return text
}

func (a agent) logIn(t *testing.T) string {
	t.Helper()
	response, err := http.PostForm(a.url+"/api/jwt/login", url.Values{"username": {"admin"}, "password": {"pass-admin"}}) //nolint:noctx // a test's own server
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	token, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(token)
}

func (a agent) find(t *testing.T, form, field, value, wanted string) []map[string]any {
	t.Helper()
	query := url.Values{"q": {"'" + field + `' = "` + value + `"`}, "fields": {"values(" + wanted + ")"}}
	var found struct {
		Entries []struct{ Values map[string]any }
	}
	require.NoError(t, json.Unmarshal(a.call(t, http.MethodGet, form+"?"+query.Encode(), "application/json", nil), &found))
	var rows []map[string]any
	for _, entry := range found.Entries {
		rows = append(rows, entry.Values)
	}
	return rows
}

func (a agent) path(t *testing.T, ticketID string) string {
	t.Helper()
	rows := a.find(t, "HPD:IncidentInterface", "Incident Number", ticketID, "Entry ID")
	require.Len(t, rows, 1)
	return fmt.Sprint("HPD:IncidentInterface/", rows[0]["Entry ID"])
}

func (a agent) SetStatus(t *testing.T, ticketID, status string) {
	t.Helper()
	a.call(t, http.MethodPut, a.path(t, ticketID), "application/json", []byte(`{"values":{"Status":"`+status+`"}}`))
}

func (a agent) write(t *testing.T, ticketID, view, content, fileName string) {
	t.Helper()
	entry, err := json.Marshal(map[string]any{"values": map[string]string{"Incident Number": ticketID, "View Access": view, "Detailed Description": content}})
	require.NoError(t, err)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	require.NoError(t, form.WriteField("entry", string(entry)))
	if fileName != "" {
		part, err := form.CreateFormFile("attach-z2AF Work Log01", fileName)
		require.NoError(t, err)
		_, err = part.Write([]byte("content of " + fileName))
		require.NoError(t, err)
	}
	require.NoError(t, form.Close())
	a.call(t, http.MethodPost, "HPD:WorkLog", form.FormDataContentType(), body.Bytes())
}

// Reply writes plain text: work logs are no HTML.
func (a agent) Reply(t *testing.T, ticketID, html, fileName string) {
	t.Helper()
	a.write(t, ticketID, "Public", strings.NewReplacer("<p>", "", "</p>", "", "<b>", "", "</b>", "", "&amp;", "&").Replace(html), fileName)
}

func (a agent) Comment(t *testing.T, ticketID, text, fileName string) {
	t.Helper()
	a.write(t, ticketID, "Internal", text, fileName)
}

func (a agent) Merge(t *testing.T, _, _ string) {
	t.Helper()
	require.Fail(t, "BMC has no merging")
}

func (a agent) Delete(t *testing.T, ticketID string) {
	t.Helper()
	a.call(t, http.MethodDelete, a.path(t, ticketID), "application/json", nil)
}

func (a agent) Requesters(t *testing.T, ticketID string) []string {
	t.Helper()
	person := a.find(t, "HPD:IncidentInterface", "Incident Number", ticketID, "Person ID")[0]["Person ID"]
	return []string{fmt.Sprint(a.find(t, "CTM:People", "Person ID", fmt.Sprint(person), "Remedy Login ID")[0]["Remedy Login ID"])}
}

func (a agent) Files(t *testing.T, ticketID string) []string {
	t.Helper()
	names := []string{}
	for _, row := range a.find(t, "HPD:WorkLog", "Incident Number", ticketID, "z2AF Work Log01") {
		if file, ok := row["z2AF Work Log01"].(map[string]any); ok {
			names = append(names, fmt.Sprint(file["name"]))
		}
	}
	slices.Sort(names)
	return names
}

// logged makes a person and an incident.
func logged(t *testing.T, desk *Desk, ticket providers.NewTicket) providers.Ticket {
	t.Helper()
	user, err := desk.CreateUser(t.Context(), providers.NewUser{Login: "anna-" + string(ticket.Key), Email: "anna-" + string(ticket.Key) + "@example.test", DisplayName: "Anna " + string(ticket.Key)})
	require.NoError(t, err)
	ticket.RequesterID, ticket.Queue = user.ID, "Support"
	made, err := desk.CreateTicket(t.Context(), ticket)
	require.NoError(t, err)
	return made
}

// The documents are those of the vendor; its namespace of the first has no urn.
func TestSOAPIsValidByTheVendorsSchemas(t *testing.T) {
	schemas := providertest.NewSchemas(t, "testdata/incident.wsdl", "testdata/create.wsdl")
	server := httptest.NewServer(schemas.Exchanges(simulate(t).Config.Handler))
	t.Cleanup(server.Close)
	settings := config(t, server.URL, "pass-bridge", 10)
	settings.Namespace = "HPD_IncidentInterface_WS"
	desk := connect(t, settings)
	ticket := logged(t, desk, providers.NewTicket{Key: "R/1", Kind: providers.Incident, Subject: "s", Body: "b", Fields: map[string]string{"Categorization_Tier_1": "Hardware"}})
	for _, status := range []string{"In Progress", "Resolved"} {
		_, err := desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: status})
		require.NoError(t, err)
	}
	schemas.Check(t, "HelpDesk_Submit_Service", "HelpDesk_Submit_ServiceResponse", "HelpDesk_Query_Service", "HelpDesk_Query_ServiceResponse", "HelpDesk_Modify_Service", "HelpDesk_Modify_ServiceResponse")
}

func TestAChangeOfStatusLosesNothingOfTheIncident(t *testing.T) {
	server := simulate(t)
	desk := connect(t, config(t, server.URL, "pass-bridge", 10))
	ticket := logged(t, desk, providers.NewTicket{Key: "R/1", Kind: providers.Request, Subject: "s", Body: "b", Fields: map[string]string{"Categorization_Tier_1": "Hardware", "Impact": "2-Significant/Large"}})
	_, err := desk.UpdateTicket(t.Context(), providers.TicketUpdate{TicketID: ticket.ID, Status: "pending"})
	require.NoError(t, err)
	current, err := desk.whole(t.Context(), "test", ticket.ID)
	require.NoError(t, err)
	require.Equal(t, "Hardware", current.Categorization_Tier_1)
	require.Equal(t, "2-Significant/Large", current.Impact)
	require.Equal(t, "b\n\nReference: R/1", current.Notes)
	require.Equal(t, "Pending", current.Status)
	notes, err := desk.FetchNotes(t.Context(), providers.NotesQuery{TicketID: ticket.ID})
	require.NoError(t, err)
	require.Empty(t, notes.Notes, "the work log of the change is internal")
}

func TestAWorkLogThatIsNotSurelyPublicIsInternal(t *testing.T) {
	for _, view := range []string{`null`, `"Internal"`, `"public"`, `""`} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, formWorkLog) && !strings.Contains(r.URL.Query().Get("q"), "Work Log ID") {
				_, _ = io.WriteString(w, `{"entries":[{"values":{"Work Log ID":"WLG1","Incident Number":"INC1","View Access":`+view+`,"Detailed Description":"secret"}}]}`)
				return
			}
			if strings.HasSuffix(r.URL.Path, formWorkLog) {
				_, _ = io.WriteString(w, `{"entries":[]}`)
				return
			}
			_, _ = io.WriteString(w, `{"entries":[{"values":{"Incident Number":"INC1"}}]}`)
		}))
		t.Cleanup(server.Close)
		notes, err := connect(t, config(t, server.URL, "pass-bridge", 10)).FetchNotes(t.Context(), providers.NotesQuery{TicketID: "INC1"})
		require.NoError(t, err)
		require.Empty(t, notes.Notes, view)
		require.Equal(t, 1, notes.Withheld)
	}
}

func TestTwoPeopleOfOneNameAreNotConfused(t *testing.T) {
	desk := connect(t, config(t, simulate(t).URL, "pass-bridge", 10))
	var ids []string
	for _, login := range []string{"anna1", "anna2"} {
		user, err := desk.CreateUser(t.Context(), providers.NewUser{Login: login, Email: login + "@example.test", DisplayName: "Anna Nowak"})
		require.NoError(t, err)
		ids = append(ids, user.ID)
	}
	_, err := desk.CreateTicket(t.Context(), providers.NewTicket{Key: "R/1", Queue: "Support", RequesterID: ids[0], Subject: "s", Body: "b"})
	require.ErrorIs(t, err, providers.Ambiguous)
	require.NotContains(t, err.Error(), "Nowak")
	require.NoError(t, desk.DeactivateUser(t.Context(), ids[1]))
	_, err = desk.CreateTicket(t.Context(), providers.NewTicket{Key: "R/1", Queue: "Support", RequesterID: ids[0], Subject: "s", Body: "b"})
	require.NoError(t, err)
}

func TestAWorkLogIsAChangeOfItsIncident(t *testing.T) {
	server := simulate(t)
	desk := connect(t, config(t, server.URL, "pass-bridge", 10))
	ticket := logged(t, desk, providers.NewTicket{Key: "R/1", Subject: "s", Body: "b"})
	since := ticket.UpdatedAt.Add(time.Second)
	time.Sleep(time.Until(since)) // the desk's clock has whole seconds
	agent{server.URL}.Comment(t, ticket.ID, "internal", "")
	changes := providers.ChangesQuery{Since: since}
	var seen []providers.Ticket
	for {
		page, err := desk.FetchChanges(t.Context(), changes)
		require.NoError(t, err)
		seen = append(seen, page.Tickets...)
		if page.Next == "" {
			break
		}
		changes.Page = page.Next
	}
	require.Len(t, seen, 1)
	require.False(t, seen[0].UpdatedAt.Before(since))
}

func TestALongSubjectIsCutAndKeptInTheNotes(t *testing.T) {
	desk := connect(t, config(t, simulate(t).URL, "pass-bridge", 10))
	subject := strings.Repeat("żółć ", 40)
	ticket := logged(t, desk, providers.NewTicket{Key: "R/1", Subject: subject, Body: "b"})
	require.Len(t, []rune(ticket.Subject), maxSummary)
	current, err := desk.whole(t.Context(), "test", ticket.ID)
	require.NoError(t, err)
	require.Contains(t, current.Notes, strings.TrimSpace(subject))
	require.Equal(t, providers.Key("R/1"), ticket.Key)
}

// The answers are those that Cortex XSOAR's BMC pack recorded of a real server.
func TestRecordedAnswersAreRead(t *testing.T) {
	files := map[string]string{formIncident: "bmc-incident-get.json", formWorkLog: "bmc-worklog-list.json"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := os.ReadFile("testdata/" + files[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]])
		_, _ = w.Write(content)
	}))
	t.Cleanup(server.Close)
	desk := connect(t, config(t, server.URL, "pass-bridge", 10))
	ticket, err := desk.FetchTicket(t.Context(), "INC000000000430")
	require.NoError(t, err, "the incident number is neither the request ID nor the entry ID")
	require.Equal(t, "INC000000000430", ticket.ID)
	require.Equal(t, "Resolved", ticket.Status)
	require.Equal(t, time.Date(2022, 6, 21, 16, 23, 14, 0, time.UTC), ticket.UpdatedAt)
	require.Equal(t, []string{"PPL000000000016"}, ticket.RequesterIDs)
	_, err = desk.FetchTicket(t.Context(), "INC000000000527")
	require.ErrorIs(t, err, providers.NotFound)
	logs, _, err := desk.entries(t.Context(), "test", query{form: formWorkLog})
	require.NoError(t, err)
	read := note(logs[0])
	require.Equal(t, "xsoar", read.Author)
	require.Equal(t, []providers.Attachment{{ID: "WLG00000001/1", Name: "attachment.txt", Size: 35}}, read.Attachments)
	require.Equal(t, viewPublic, logs[0]["View Access"], "a secure work log is locked, not internal")
}
