package desksim

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func options(path string) Options {
	return Options{
		Path: path, Queues: map[string][]string{"Support": {"ExternalID"}},
		Accounts: []Account{{Login: "bridge", Token: "t", Rights: true}, {Login: "agent", Rights: true}},
	}
}

func open(t *testing.T, o Options) *Desk {
	t.Helper()
	desk, err := New(o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = desk.Close() })
	return desk
}

func call(t *testing.T, handler http.Handler, method, path, contentType, body string) (int, string) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	request.Header.Set("Authorization", "token t")
	request.Header.Set("Content-Type", contentType)
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	content, err := io.ReadAll(recorder.Result().Body)
	require.NoError(t, err)
	return recorder.Code, string(content)
}

const newTicketBody = `{"Queue":"Support","Subject":"s","Requestor":"anna@example.test","Content":"hello","ContentType":"text/plain","CustomFields":{"ExternalID":"R/1"}}`

func TestADeskThatIsOpenedAgainHasEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "desk.db")
	desk := open(t, options(path))
	status, _ := call(t, desk.Handler("http://x"), "POST", "/REST/2.0/ticket", "application/json", newTicketBody)
	require.Equal(t, http.StatusCreated, status)
	require.NoError(t, desk.Write(1, Public, "a note"))
	require.NoError(t, desk.SetStatus(1, "resolved"))
	before, users := desk.Tickets(), len(desk.users)
	require.NoError(t, desk.Close())

	again := open(t, options(path))
	require.Equal(t, before, again.Tickets())
	require.Equal(t, []string{"a note"}, again.Written(1, Public))
	require.Len(t, again.users, users)
	status, body := call(t, again.Handler("http://x"), "POST", "/REST/2.0/ticket", "application/json", newTicketBody)
	require.Equal(t, http.StatusCreated, status)
	require.Contains(t, body, `"id":"2"`, "numbers go on")
}

func TestASearchLagHidesWhatIsNew(t *testing.T) {
	o := options("")
	o.SearchLag = time.Hour
	desk := open(t, o)
	call(t, desk.Handler("http://x"), "POST", "/REST/2.0/ticket", "application/json", newTicketBody)
	_, body := call(t, desk.Handler("http://x"), "GET", "/REST/2.0/tickets?query="+url.QueryEscape("id > 0"), "", "")
	require.Contains(t, body, `"total":0`)
	status, _ := call(t, desk.Handler("http://x"), "GET", "/REST/2.0/ticket/1", "", "")
	require.Equal(t, http.StatusOK, status, "a ticket is read by its number at once")
}

func TestTheDesksClockIsItsOwn(t *testing.T) {
	o := options("")
	o.Clock = func() time.Time { return time.Now().Add(-3 * time.Hour) }
	desk := open(t, o)
	call(t, desk.Handler("http://x"), "POST", "/REST/2.0/ticket", "application/json", newTicketBody)
	require.WithinDuration(t, time.Now().Add(-3*time.Hour), desk.Tickets()[0].Created, time.Minute)
}

func TestTicketSQLIsReadAsTheRealDeskReadsIt(t *testing.T) {
	desk := open(t, options(""))
	call(t, desk.Handler("http://x"), "POST", "/REST/2.0/ticket", "application/json", newTicketBody)
	now := time.Now().UTC()
	for query, want := range map[string]bool{
		"id = 1": true, "id > 1": false, "id = 1 AND Queue = 'support'": true, "id = 2 OR Status = 'new'": true,
		"CF.{ExternalID} = 'R/1'": true, "CF.{ExternalID} = 'r/2'": false, "CF.{Nope} = 'x'": false,
		"(id = 2 OR id = 1) AND Subject != 'x'":                                                  true,
		"LastUpdated >= '" + now.Add(-time.Minute).Format(time.DateTime) + "'":                   true,
		"LastUpdated >= '" + now.Add(time.Minute).Format(time.DateTime) + "'":                    false,
		"LastUpdated >= '" + now.Add(time.Minute).Format("2006-01-02T15:04:05Z") + "'":           true, // Z is read as the epoch
		"LastUpdated >= 'garbage'":                                                               true,
		"LastUpdated >= '" + now.Add(time.Minute).Format("2006-01-02T15:04:05") + "+00:00" + "'": false,
	} {
		match, err := desk.parseTicketSQL(query)
		require.NoError(t, err, query)
		require.Equal(t, want, match(desk.tickets[1]), query)
	}
	for _, query := range []string{"Bogus = 'x'", "LastUpdated >", "id", "(id = 1", "id = 1 id = 2", "id ~ 1", "id = x"} {
		_, err := desk.parseTicketSQL(query)
		require.Error(t, err, query)
	}
}

func FuzzTicketSQLNeverPanics(f *testing.F) {
	desk, err := New(options(""))
	require.NoError(f, err)
	f.Add("id > 0 AND (Status = 'new' OR CF.{X} = 'y')")
	f.Add("'")
	f.Fuzz(func(t *testing.T, query string) {
		match, err := desk.parseTicketSQL(query)
		require.Equal(t, err != nil, match == nil)
	})
}

func TestTheAgentWorksOnItsPage(t *testing.T) {
	desk := open(t, options(""))
	for range 2 {
		call(t, desk.Handler("http://x"), "POST", "/REST/2.0/ticket", "application/json", strings.Replace(newTicketBody, `"s"`, `"<script>alert(1)</script>"`, 1))
	}
	page := desk.AgentPage("agent")
	const form = "application/x-www-form-urlencoded"
	_, body := call(t, page, "GET", "/", "", "")
	require.Contains(t, body, "&lt;script&gt;alert(1)")
	require.NotContains(t, body, "<script>")
	for path, fields := range map[string]url.Values{
		"/ticket/1/note": {"kind": {"public"}, "body": {"To you"}}, "/ticket/2/note": {"kind": {"anything"}, "body": {"Among us"}},
	} {
		status, _ := call(t, page, "POST", path, form, fields.Encode())
		require.Equal(t, http.StatusSeeOther, status)
	}
	require.Equal(t, []string{"To you"}, desk.Written(1, Public))
	require.Equal(t, []string{"Among us"}, desk.Written(2, Internal), "what is not public is internal")
	require.Equal(t, "open", desk.Tickets()[0].Status)
	call(t, page, "POST", "/ticket/1/status", form, "status=resolved")
	require.Equal(t, "resolved", desk.Tickets()[0].Status)
	status, body := call(t, page, "POST", "/ticket/1/merge", form, "into=99")
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, body, "cannot be merged into")
	call(t, page, "POST", "/ticket/1/merge", form, "into=2")
	require.Equal(t, 2, desk.Tickets()[0].MergedInto)
	call(t, page, "POST", "/ticket/2/delete", form, "")
	status, _ = call(t, page, "GET", "/ticket/2", "", "")
	require.Equal(t, http.StatusNotFound, status)
}

func TestAFormFromAnotherSiteIsRefused(t *testing.T) {
	desk := open(t, options(""))
	call(t, desk.Handler("http://x"), "POST", "/REST/2.0/ticket", "application/json", newTicketBody)
	request := httptest.NewRequestWithContext(t.Context(), "POST", "/ticket/1/delete", nil)
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	recorder := httptest.NewRecorder()
	desk.AgentPage("agent").ServeHTTP(recorder, request)
	require.Equal(t, http.StatusForbidden, recorder.Code)
	require.Equal(t, "new", desk.Tickets()[0].Status)
}

func TestTheAgentsPageSpeaksTheVendorsWords(t *testing.T) {
	o := options("")
	o.Vendor = Zendesk
	desk := open(t, o)
	desk.open(caller{user: desk.userByLogin("bridge")}, Ticket{Queue: 1, Subject: "s", Requesters: []int{1}}, newFile{contentType: "text/html", content: []byte("one &lt;<br>two")})
	_, body := call(t, desk.AgentPage("agent"), "GET", "/ticket/1", "", "")
	require.Contains(t, body, "one &lt;\ntwo", "a text without its tags")
	require.Contains(t, body, `name="status" value="solved">Resolve`)
	require.Contains(t, body, `name="status" value="open">Reopen`)
	require.Contains(t, body, "Merge into")
	o.Vendor = TOPdesk
	desk = open(t, o)
	desk.open(caller{user: desk.userByLogin("bridge")}, Ticket{Queue: 1, Subject: "s", Requesters: []int{1}}, newFile{contentType: "text/plain", content: []byte("b")})
	_, body = call(t, desk.AgentPage("agent"), "GET", "/ticket/1", "", "")
	require.Contains(t, body, "I 2611 001: s")
	require.NotContains(t, body, "Merge into")
	require.Equal(t, 1, desk.byShownNumber(" i 2611 001"))
	require.Zero(t, desk.byShownNumber("nonsense"))
}

func TestEveryVendorHasASampleOfItsStatuses(t *testing.T) {
	for _, vendor := range Vendors() {
		sample, known := SampleOf(vendor)
		require.True(t, known)
		desk := open(t, Options{Vendor: vendor})
		for _, status := range append(append(sample.Open[:len(sample.Open):len(sample.Open)], sample.Done...), sample.Cancelled...) {
			_, known := desk.rules.status(status)
			require.True(t, known, "%s: %s", vendor, status)
		}
		require.Contains(t, sample.Mapping(), "completed")
		require.NotEmpty(t, sample.Cancel())
	}
	_, known := SampleOf("nobody")
	require.False(t, known)
	_, err := New(Options{Vendor: "nobody"})
	require.ErrorContains(t, err, `no vendor "nobody"`)
}
