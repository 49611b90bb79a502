package portal

import (
	"bytes"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/mocks"

	"deskbridge/internal/config"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/starter/internal/link"
	"deskbridge/starter/internal/service"
	"deskbridge/workflows"
)

const configuration = `
key: env:PORTAL_TEST_KEY
api: {url: "https://deskbridge.example.test"}
portal: {name: Help, frame_ancestors: ["https://activate.example.test"], session: 1h}
connections:
  rt: &rt
    desk: rt
    queue: Support
    settings: {url: "https://rt.example.com", token: env:RT_TOKEN}
    statuses: {new: waiting, resolved: completed, rejected: rejected}
    close_status: resolved
    cancel_status: rejected
  mute: {<<: *rt, end_users_may: []}
`

// world is a portal over a Temporal server on which Anna has a ticket at each connection.
type world struct {
	t       *testing.T
	handler http.Handler
	links   *link.Signer
	view    workflows.View
	runs    []*workflowservice.DescribeWorkflowExecutionResponse
	updates []client.UpdateWorkflowOptions
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, view: workflows.View{
		Key: "R1/laptop", Connection: "rt", Level: providers.LevelFull, Number: "7", Status: "new", Phase: workflows.PhaseWaiting, Subject: "A <b>laptop</b>", Body: "Please.",
		Notes: []providers.Note{{ID: "1", Author: "Agent <i>", Body: "See https://example.test/a?b=1&c=<2> <img src=x onerror=alert(1)>"}, {ID: "2", Author: "bridge", Body: "Mine"}, {ID: "3", Author: "bridge", Body: "Another's"}},
		By:    map[string]string{"2": "anna", "3": "boss"}, Attention: "operators only", URL: "https://rt.example.com/7",
		History: []workflows.Event{{What: "logged as 7"}, {What: "note failed: desk: internal reason"}, {What: "file 1 could not be attached: desk: internal reason"}, {What: "something for operators"}},
	}}
	t.Setenv("PORTAL_TEST_KEY", strings.Repeat("k", 32))
	loaded, err := config.Parse("test.yaml", []byte(configuration))
	require.NoError(t, err)
	w.links, err = link.New(bytes.Repeat([]byte("k"), 32))
	require.NoError(t, err)
	server := &mocks.Client{}
	for _, id := range []string{"ticket/rt/R1/laptop", "ticket/mute/R1/laptop"} {
		w.runs = append(w.runs, w.described(id))
		server.On("DescribeWorkflowExecution", mock.Anything, id, "").Return(w.runs[len(w.runs)-1], nil)
	}
	server.On("DescribeWorkflowExecution", mock.Anything, mock.Anything, "").Return(nil, serviceerror.NewNotFound("no such workflow"))
	value := &mocks.Value{}
	value.On("Get", mock.Anything).Run(func(args mock.Arguments) {
		if view, is := args.Get(0).(*workflows.View); is {
			*view = w.view
		}
	}).Return(nil)
	server.On("QueryWorkflow", mock.Anything, mock.Anything, "", mock.Anything).Return(value, nil)
	handle := &mocks.WorkflowUpdateHandle{}
	handle.On("Get", mock.Anything, mock.Anything).Run(func(args mock.Arguments) {
		if written, is := args.Get(1).(*workflows.Written); is {
			written.State = "delivered"
		}
	}).Return(nil)
	server.On("UpdateWorkflow", mock.Anything, mock.Anything).Run(func(args mock.Arguments) {
		if options, is := args.Get(1).(client.UpdateWorkflowOptions); is {
			w.updates = append(w.updates, options)
		}
	}).Return(handle, nil)
	pages, err := New(Options{Service: &service.Service{Client: server, Config: loaded}, Links: w.links, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	mux := http.NewServeMux()
	pages.Mount(mux)
	w.handler = mux
	return w
}

func (w *world) described(id string) *workflowservice.DescribeWorkflowExecutionResponse {
	people, err := converter.GetDefaultDataConverter().ToPayload([]string{"anna", "boss"})
	require.NoError(w.t, err)
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: id}, Status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
		SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{names.People.GetName(): people}},
	}}
}

// fall lets calls of the desk fail.
func (w *world) fall() {
	for _, run := range w.runs {
		run.PendingActivities = []*workflowpb.PendingActivityInfo{{Attempt: 3, ActivityType: &commonpb.ActivityType{Name: "AddNote"}, LastFailure: &failurepb.Failure{
			FailureInfo: &failurepb.Failure_ApplicationFailureInfo{ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{Type: string(providers.Unavailable)}},
		}}}
	}
}

// session is a cookie of somebody's.
func (w *world) session(people ...string) string {
	w.t.Helper()
	token, err := w.links.Sign(link.Session, link.Pass{People: people, Until: time.Now().Add(time.Hour)})
	require.NoError(w.t, err)
	return cookie + "=" + token
}

func (w *world) ask(method, path, session string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	request := httptest.NewRequest(method, "https://deskbridge.example.test"+path, body)
	request.Header.Set("Cookie", session)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, request)
	return answer
}

const ticketPath = "/portal/tickets/rt/R1/laptop"

var formType = []string{"Content-Type", "application/x-www-form-urlencoded", "Accept", "text/plain"}

func TestALinkOpensASessionThatAnEmbeddingPageCanHave(t *testing.T) {
	w := newWorld(t)
	token, err := w.links.Sign(link.Open, link.Pass{People: []string{"anna"}, Ticket: "ticket/rt/R1/laptop", Until: time.Now().Add(time.Minute)})
	require.NoError(t, err)
	opened := w.ask(http.MethodGet, "/portal/open?link="+token, "", nil)
	require.Equal(t, http.StatusSeeOther, opened.Code)
	require.Equal(t, ticketPath, opened.Header().Get("Location"))
	set := opened.Header().Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "Secure", "SameSite=None", "Partitioned", "Path=/portal/"} {
		require.Contains(t, set, want)
	}
	require.Contains(t, opened.Header().Get("Content-Security-Policy"), "frame-ancestors https://activate.example.test")
	require.Equal(t, "no-referrer", opened.Header().Get("Referrer-Policy"))
	session, _, _ := strings.Cut(set, ";")
	shown := w.ask(http.MethodGet, ticketPath, session, nil)
	require.Equal(t, http.StatusOK, shown.Code, shown.Body)
	require.Equal(t, http.StatusSeeOther, w.ask(http.MethodGet, "/portal/", session, nil).Code, "a link to one ticket shows no list")
	require.Equal(t, http.StatusNotFound, w.ask(http.MethodGet, "/portal/tickets/mute/R1/laptop", session, nil).Code, "and no other ticket")
}

func TestNobodyElseGetsAnything(t *testing.T) {
	w := newWorld(t)
	expired, err := w.links.Sign(link.Session, link.Pass{People: []string{"anna"}, Until: time.Now().Add(-time.Second)})
	require.NoError(t, err)
	asLink, err := w.links.Sign(link.Open, link.Pass{People: []string{"anna"}, Until: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		session string
		want    int
	}{
		"no session": {"", 403}, "expired": {cookie + "=" + expired, 403}, "a link": {cookie + "=" + asLink, 403}, "another person": {w.session("eve"), 404},
	} {
		for method, paths := range map[string][]string{
			http.MethodGet:  {ticketPath, ticketPath + "/live"},
			http.MethodPost: {ticketPath + "/notes", ticketPath + "/attachments", ticketPath + "/close"},
		} {
			for _, path := range paths {
				answer := w.ask(method, path, c.session, strings.NewReader("text=x"), "Content-Type", "application/x-www-form-urlencoded")
				if strings.HasSuffix(path, "/live") && c.want == 404 {
					require.Equal(t, http.StatusServiceUnavailable, answer.Code)
				} else {
					require.Equal(t, c.want, answer.Code, "%s %s %s", name, method, path)
				}
				require.NotContains(t, answer.Body.String(), "laptop")
			}
		}
	}
	require.Empty(t, w.updates)
	crossed := w.ask(http.MethodPost, ticketPath+"/notes", w.session("anna"), strings.NewReader("text=x"), append(formType, "Sec-Fetch-Site", "cross-site")...)
	require.Equal(t, http.StatusForbidden, crossed.Code, "another site's form")
	require.Empty(t, w.updates)
}

func TestAPageShowsWhatIsForThePersonAndNothingForOperators(t *testing.T) {
	w := newWorld(t)
	page := w.ask(http.MethodGet, ticketPath, w.session("anna"), nil).Body.String()
	for _, want := range []string{
		"A &lt;b&gt;laptop&lt;/b&gt;", "Agent &lt;i&gt;", "<strong>You</strong>", "<strong>From your side</strong>", "Logged as 7", "did not take your note", "did not take a file.",
		`<a href="https://example.test/a?b=1&amp;c=" rel="nofollow noreferrer`, "&lt;img src=x onerror=alert(1)&gt;",
	} {
		require.Contains(t, page, want)
	}
	for _, not := range []string{"operators", "rt.example.com", "internal reason", "<img", "does not answer"} {
		require.NotContains(t, page, not)
	}
	w.fall()
	require.Contains(t, w.ask(http.MethodGet, ticketPath, w.session("anna"), nil).Body.String(), "does not answer at the moment")
	w.view.Connection = "mute"
	page = w.ask(http.MethodGet, "/portal/tickets/mute/R1/laptop", w.session("anna"), nil).Body.String()
	require.NotContains(t, page, "<form")
}

func TestWithinASecondANoteComesBeforeTheStatusThatItCaused(t *testing.T) {
	second := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	all := events(workflows.View{
		Notes: []providers.Note{{ID: "1", Body: "a note", CreatedAt: second}},
		History: []workflows.Event{
			{At: second.Add(100 * time.Millisecond), What: "logged as 7"}, {At: second.Add(300 * time.Millisecond), What: "status: open"},
			{At: second.Add(-time.Second), What: "merged into 8"},
		},
	}, visitor{})
	var order []string
	for _, one := range all {
		order = append(order, one.Text)
	}
	require.Equal(t, []string{"Merged into ticket 8", "Logged as 7", "a note", "Status: open"}, order)
}

func TestWhatIsTypedIsSentOnceAndByWhomItIs(t *testing.T) {
	w := newWorld(t)
	key := "6f1c0a4e-3d6a-4a58-9d55-0d5c3a1b7f10"
	form := url.Values{"text": {"Hello\r\nthere"}, "key": {key}}.Encode()
	for range 2 {
		answer := w.ask(http.MethodPost, ticketPath+"/notes", w.session("anna", "number"), strings.NewReader(form), formType...)
		require.Equal(t, "The service desk has it.", answer.Body.String())
	}
	require.Equal(t, w.updates[0].UpdateID, w.updates[1].UpdateID, "the same form is the same write")
	require.Equal(t, []any{workflows.NoteArgs{Body: "Hello\nthere", By: "anna"}}, w.updates[0].Args)
	w.ask(http.MethodPost, ticketPath+"/close", w.session("anna"), strings.NewReader(form), formType...)
	require.NotEqual(t, w.updates[0].UpdateID, w.updates[2].UpdateID, "a closing is no note")

	plain := w.ask(http.MethodPost, ticketPath+"/notes", w.session("anna"), strings.NewReader(form), formType[:2]...)
	require.Equal(t, ticketPath+"?told=delivered", plain.Header().Get("Location"), "without the script the page comes again")
	for bad, want := range map[string]string{"text=++": "Please write something first.", "text=" + strings.Repeat("x", 40000): "too long", "text=" + strings.Repeat("x", maxForm): "too long"} {
		answer := w.ask(http.MethodPost, ticketPath+"/notes", w.session("anna"), strings.NewReader(bad), formType...)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Code)
		require.Contains(t, answer.Body.String(), want)
	}
	require.Equal(t, http.StatusUnprocessableEntity, w.ask(http.MethodPost, "/portal/tickets/mute/R1/laptop/notes", w.session("anna"), strings.NewReader(form), formType...).Code)
	require.Len(t, w.updates, 4)
}

// uploaded is a form with a file.
func uploaded(name string, content []byte) (io.Reader, string) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("key", "")
	part, _ := form.CreateFormFile("file", name)
	_, _ = part.Write(content)
	_ = form.Close()
	return &body, form.FormDataContentType()
}

func TestAFileIsTakenByItsContent(t *testing.T) {
	w := newWorld(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"notes.txt": {[]byte("some text"), "The service desk has it."},
		"a.png":     {[]byte("<!doctype html><script>"), "A file of this kind is not taken"},
		"big.txt":   {bytes.Repeat([]byte("x"), providers.MaxAttachment+1), "too large"},
		"empty.txt": {nil, "it is empty"},
	} {
		body, kind := uploaded(name, c.content)
		answer := w.ask(http.MethodPost, ticketPath+"/attachments", w.session("anna"), body, "Content-Type", kind, "Accept", "text/plain")
		require.Contains(t, answer.Body.String(), c.want, name)
	}
	require.Len(t, w.updates, 1)
	args, is := w.updates[0].Args[0].(workflows.AttachArgs)
	require.True(t, is)
	require.Equal(t, "notes.txt", args.File.Name)
	require.Len(t, args.File.SHA256, 64)
}

var (
	tag     = regexp.MustCompile(`<[^>]*>`)
	allowed = regexp.MustCompile(`^<(br/?|/a|a href="https?://[^"<>]*" rel="nofollow noreferrer( noopener)?"( target="_blank")?( rel="[a-z ]*")?)>$`)
)

func FuzzRender(f *testing.F) {
	for _, seed := range []string{"a\nb", "<script>alert(1)</script>", `https://a.test/"onclick=x`, "javascript:alert(1)", "http://[::1]/<b>", "https://a.test/%00&#x22;><i>", "https://#0000000000000000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, found := range tag.FindAllString(string(render(text)), -1) {
			require.Regexp(t, allowed, found)
		}
	})
}

func FuzzUpload(f *testing.F) {
	body, kind := uploaded("a.txt", []byte("text"))
	content, _ := io.ReadAll(body)
	f.Add(content, strings.TrimPrefix(kind, "multipart/form-data; boundary="))
	f.Setenv("XDG_CACHE_HOME", f.TempDir())
	loaded, err := config.Parse("test.yaml", []byte(configuration))
	require.NoError(f, err)
	p := &Portal{Options: Options{Service: &service.Service{Config: loaded}}}
	f.Fuzz(func(t *testing.T, content []byte, boundary string) {
		_, args, err := p.storeUpload(t.Context(), multipart.NewReader(bytes.NewReader(content), boundary), visitor{link.Pass{People: []string{"anna"}}})
		if err == nil {
			require.NotContains(t, args.File.Name, "/")
			require.NotEmpty(t, args.File.Name)
			require.Positive(t, args.File.Size)
		}
	})
}
