package rt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
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
	desk, err := desksim.New(desksim.Options{
		Queues: map[string][]string{"Support": {"ExternalID"}}, UserFields: []string{"ExternalUserID"},
		Accounts: []desksim.Account{
			{Login: "root", Token: "1-1-root", Rights: true},
			{Login: "bridge", Token: "1-2-bridge", Rights: true},
			{Login: "weak", Token: "1-3-weak"},
		},
	})
	require.NoError(t, err)
	server := httptest.NewServer(desk.Handler("http://desk.test"))
	t.Cleanup(server.Close)
	providertest.Run(t, harness(server.URL, "1-1-root", "1-2-bridge", "1-3-weak"))
}

// TestRealDeskConforms runs on the server that `make desks` starts.
func TestRealDeskConforms(t *testing.T) {
	url := os.Getenv("DESKBRIDGE_TEST_RT_URL")
	if url == "" {
		t.Skip("no real Request Tracker; `make desks` starts one")
	}
	token := func(name string) string {
		content, err := os.ReadFile(os.Getenv("DESKBRIDGE_TEST_RT_TOKENS") + "/token." + name)
		require.NoError(t, err)
		return strings.TrimSpace(string(content))
	}
	providertest.Run(t, harness(url, token("root"), token("bridge"), token("weak")))
}

func harness(url, root, bridge, weak string) providertest.Harness {
	posts := func(suffix string) func(*http.Request) bool {
		return func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, suffix)
		}
	}
	return providertest.Harness{
		URL: url, Credential: bridge, Weak: weak, Agent: agent{url + "/REST/2.0", root},
		Queue: "Support", Reopened: "open", Done: "resolved", Unknown: "nonsense", Priority: "100",
		SomeID: "1", MissingID: "99999999", MissingUserID: "99999999", Attribute: "Organization",
		Traits: providertest.Traits{
			Identities: []providers.Identity{providers.ByEmployeeNumber, providers.ByLogin, providers.ByEmail},
			Renames:    true, Merges: true, NotesOpen: true, NoteFiles: true, OrdersNotes: true, TellsHidden: true,
		},
		IsCreate: posts("/ticket"), IsNote: posts("/correspond"), IsUpload: posts("/comment"),
		New: func(t *testing.T, url, credential string, pageSize int) providers.Desk {
			desk, err := New(Config{URL: url, Token: providertest.Secret(t, credential), EmployeeField: "ExternalUserID", Queues: []string{"Support"}, PageSize: pageSize})
			require.NoError(t, err)
			return desk
		},
	}
}

// agent works at the desk with its administrator's token.
type agent struct{ url, token string }

func (a agent) call(t *testing.T, method, path, contentType string, body io.Reader, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, a.url+path, body)
	require.NoError(t, err)
	request.Header.Set("Authorization", "token "+a.token)
	request.Header.Set("Content-Type", contentType)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Less(t, response.StatusCode, 300, "%s %s: %s", method, path, content)
	if into != nil {
		require.NoError(t, json.Unmarshal(content, into), "%s", content)
	}
}

func (a agent) json(t *testing.T, method, path string, body any, into any) {
	t.Helper()
	content, err := json.Marshal(body)
	require.NoError(t, err)
	a.call(t, method, path, "application/json", bytes.NewReader(content), into)
}

func (a agent) SetStatus(t *testing.T, ticketID, status string) {
	t.Helper()
	a.json(t, http.MethodPut, "/ticket/"+ticketID, map[string]string{"Status": status}, nil)
}

func (a agent) Reply(t *testing.T, ticketID, html, fileName string) {
	t.Helper()
	a.write(t, ticketID, "correspond", "text/html", html, fileName)
}

func (a agent) Comment(t *testing.T, ticketID, text, fileName string) {
	t.Helper()
	a.write(t, ticketID, "comment", "text/plain", text, fileName)
}

func (a agent) write(t *testing.T, ticketID, verb, contentType, content, fileName string) {
	t.Helper()
	note, err := json.Marshal(map[string]string{"Content": content, "ContentType": contentType})
	require.NoError(t, err)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	require.NoError(t, form.WriteField("JSON", string(note)))
	if fileName != "" {
		part, err := form.CreateFormFile("Attachments", fileName)
		require.NoError(t, err)
		_, err = part.Write([]byte("content of " + fileName))
		require.NoError(t, err)
	}
	require.NoError(t, form.Close())
	a.call(t, http.MethodPost, "/ticket/"+ticketID+"/"+verb, form.FormDataContentType(), &body, nil)
}

func (a agent) Merge(t *testing.T, from, into string) {
	t.Helper()
	var messages []string
	a.json(t, http.MethodPut, "/ticket/"+from, map[string]string{"MergeInto": into}, &messages)
	require.Contains(t, messages, "Merge Successful")
}

func (a agent) Delete(t *testing.T, ticketID string) {
	t.Helper()
	a.call(t, http.MethodDelete, "/ticket/"+ticketID, "application/json", nil, nil)
}

func (a agent) Requesters(t *testing.T, ticketID string) []string {
	t.Helper()
	var ticket struct{ Requestor []struct{ ID string } }
	a.call(t, http.MethodGet, "/ticket/"+ticketID, "application/json", nil, &ticket)
	var logins []string
	for _, requestor := range ticket.Requestor {
		logins = append(logins, requestor.ID)
	}
	return logins
}

func (a agent) Files(t *testing.T, ticketID string) []string {
	t.Helper()
	var list struct{ Items []struct{ Filename string } }
	a.call(t, http.MethodGet, "/ticket/"+ticketID+"/attachments?fields=Filename&per_page=100", "application/json", nil, &list)
	names := []string{}
	for _, item := range list.Items {
		if item.Filename != "" {
			names = append(names, item.Filename)
		}
	}
	slices.Sort(names)
	return names
}

func TestSettingsReportEveryMistakeWithItsCure(t *testing.T) {
	_, err := New(Config{URL: "rt.example.com", TimeZone: "Mars/Olympus", PageSize: 500, MaxConnections: -1, Timeout: -time.Second})
	for _, want := range []string{"url: want", "token: missing", "time_zone: \"Mars/Olympus\"", "page_size: 500", "max_connections: -1", "timeout: -1s"} {
		require.ErrorContains(t, err, want)
	}
	_, err = New(Config{URL: "https://me:secret@rt.example.com"})
	require.ErrorContains(t, err, "url: credentials do not belong here")
	require.NotContains(t, err.Error(), "secret@")
}

func TestTheZoneOfTheAccountIsProbed(t *testing.T) {
	for zone, wrong := range map[string]bool{"UTC": false, "America/New_York": true, "Asia/Tokyo": true} {
		location, err := time.LoadLocation(zone)
		require.NoError(t, err)
		desk, err := desksim.New(desksim.Options{
			Queues: map[string][]string{"Support": {"ExternalID"}}, UserFields: []string{"ExternalUserID"}, Zone: location,
			Accounts: []desksim.Account{{Login: "bridge", Token: "1-2-bridge", Rights: true}},
		})
		require.NoError(t, err)
		server := httptest.NewServer(desk.Handler("http://desk.test"))
		t.Cleanup(server.Close)
		connected := harness(server.URL, "", "", "").New(t, server.URL, "1-2-bridge", 10)
		_, err = connected.CreateTicket(t.Context(), providers.NewTicket{Key: "R/zone", Queue: "Support", RequesterID: "1", Subject: "s", Body: "b"})
		require.NoError(t, err)
		report, err := connected.Check(t.Context())
		require.NoError(t, err)
		found := slices.ContainsFunc(report.Findings, func(f providers.Finding) bool { return strings.Contains(f.Problem, "another zone") })
		require.Equal(t, wrong, found, zone)
	}
}

func TestAMissingKeyFieldStopsACreate(t *testing.T) {
	desk, err := desksim.New(desksim.Options{
		Queues:   map[string][]string{"Support": {"Other"}},
		Accounts: []desksim.Account{{Login: "bridge", Token: "1-2-bridge", Rights: true}},
	})
	require.NoError(t, err)
	server := httptest.NewServer(desk.Handler("http://desk.test"))
	t.Cleanup(server.Close)
	connected := harness(server.URL, "", "", "").New(t, server.URL, "1-2-bridge", 10)
	_, err = connected.CreateTicket(t.Context(), providers.NewTicket{Key: "R/1", Queue: "Support", RequesterID: "1", Subject: "s", Body: "b"})
	require.ErrorIs(t, err, providers.Misconfigured)
	require.ErrorContains(t, err, "Admin > Custom Fields")
	report, err := connected.Check(t.Context())
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(report.Findings, func(f providers.Finding) bool {
		return strings.Contains(f.Function, "key field") && strings.Contains(f.Cure, "Admin > Custom Fields")
	}), fmt.Sprint(report))
}
