package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/mocks"

	"deskbridge/activities"
	"deskbridge/internal/config"
	"deskbridge/internal/names"
	"deskbridge/internal/payloads"
	"deskbridge/providers"
	"deskbridge/starter/internal/link"
	"deskbridge/starter/internal/service"
	"deskbridge/workflows"
)

const configuration = `
key: env:API_TEST_KEY
files: file://%[1]s
api: {url: "https://deskbridge.example.test", temporal_ui: ["https://temporal.example.com"], oidc: {issuer: "%[2]s", audience: deskbridge}, rate: 1000}
connections:
  rt: &rt
    desk: rt
    queue: Support
    settings: {url: "https://rt.example.com", token: env:RT_TOKEN}
    statuses: {new: waiting, resolved: completed, rejected: rejected}
    close_status: resolved
    cancel_status: rejected
    webhook: {header: X-Secret, secret: env:API_TEST_KEY}
  zendesk:
    <<: *rt
    end_users_may: [note]
    webhook: {signature: X-Zendesk-Webhook-Signature, timestamp: X-Zendesk-Webhook-Signature-Timestamp, secret: env:API_TEST_KEY}
`

// world is an API with an issuer, over a Temporal server that knows two tickets: Anna's and Ben's.
type world struct {
	t      *testing.T
	api    *API
	server *httptest.Server
	// changes are the calls that start or change something at Temporal.
	mu      sync.Mutex
	changes []string
	key     *rsa.PrivateKey
	issuer  string
	log     bytes.Buffer
}

var signing = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, key: signing()}
	issuer := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: w.key.Public(), KeyID: "1", Algorithm: "RS256"}}}
	issuing := httptest.NewServer(issuer)
	t.Cleanup(issuing.Close)
	issuer.SetIssuer(issuing.URL)
	w.issuer = issuing.URL
	t.Setenv("API_TEST_KEY", strings.Repeat("k", 32))
	loaded, err := config.Parse("test.yaml", fmt.Appendf(nil, configuration, t.TempDir(), w.issuer))
	require.NoError(t, err)
	callers, err := NewOIDC(t.Context(), loaded.API.OIDC)
	require.NoError(t, err)
	keys, err := payloads.NewKeys()
	require.NoError(t, err)
	asked := &service.Service{Config: loaded, Keys: keys}
	asked.Client = w.temporal(asked)
	key, err := asked.DerivedKey("links")
	require.NoError(t, err)
	links, err := link.New(key)
	require.NoError(t, err)
	w.api = New(Options{Service: asked, Callers: callers, Links: links, Logger: slog.New(slog.NewJSONHandler(&w.log, nil))})
	w.server = httptest.NewServer(w.api.Handler())
	t.Cleanup(w.server.Close)
	return w
}

// token is one that the issuer gave to somebody.
func (w *world) token(role, login string, with ...string) string {
	w.t.Helper()
	claims := map[string]any{
		"iss": w.issuer, "aud": "deskbridge", "sub": "subject-" + login, "exp": time.Now().Add(time.Hour).Unix(),
		"roles": []string{role}, "preferred_username": login, "name": "Somebody",
	}
	for i := 0; i+1 < len(with); i += 2 {
		claims[with[i]] = with[i+1]
		if with[i+1] == "false" {
			claims[with[i]] = false
		}
		if with[i] == "exp" {
			claims["exp"] = time.Now().Add(-time.Minute).Unix()
		}
	}
	text, err := json.Marshal(claims)
	require.NoError(w.t, err)
	return oidctest.SignIDToken(w.key, "1", "RS256", string(text))
}

// temporal is a server on which every request is new, and where ticket/rt/R1/laptop is Anna's and
// ticket/rt/R2/phone is Ben's.
func (w *world) temporal(asked *service.Service) *mocks.Client {
	server := &mocks.Client{}
	change := func(format string, args ...any) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.changes = append(w.changes, fmt.Sprintf(format, args...))
	}
	run := &mocks.WorkflowRun{}
	run.On("GetID").Return("id")
	run.On("GetRunID").Return("run")
	run.On("Get", mock.Anything, mock.Anything).Run(func(args mock.Arguments) {
		if answer, is := args.Get(1).(*workflows.UserAnswer); is {
			*answer = workflows.UserAnswer{UserID: "7", Users: []providers.User{{ID: "7", Login: "anna", Active: true}}, Left: &activities.LeftUser{UserID: "7", Account: "deactivated"}}
		}
	}).Return(nil)
	server.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything).Run(func(args mock.Arguments) {
		options, _ := args.Get(1).(client.StartWorkflowOptions)
		change("start %s", options.ID)
	}).Return(run, nil)
	handle := &mocks.WorkflowUpdateHandle{}
	handle.On("Get", mock.Anything, mock.Anything).Run(func(args mock.Arguments) {
		switch answer := args.Get(1).(type) {
		case *workflows.Written:
			answer.State = "delivered"
		case *workflows.View:
			*answer = view("R1/laptop")
		}
	}).Return(nil)
	server.On("UpdateWorkflow", mock.Anything, mock.Anything).Run(func(args mock.Arguments) {
		options, _ := args.Get(1).(client.UpdateWorkflowOptions)
		change("update %s %s %s", options.UpdateName, options.WorkflowID, options.UpdateID)
	}).Return(handle, nil)
	server.On("CancelWorkflow", mock.Anything, mock.Anything, "").Run(func(args mock.Arguments) { change("cancel %s", args.String(1)) }).Return(nil)
	server.On("SignalWorkflow", mock.Anything, mock.Anything, "", names.DeskChanged, nil).Run(func(args mock.Arguments) { change("signal %s", args.String(1)) }).Return(nil)
	server.On("CheckHealth", mock.Anything, mock.Anything).Return(&client.CheckHealthResponse{}, nil)
	people := func(login string) []string {
		hashes, err := asked.Hashes(workflows.Person{Login: login})
		require.NoError(w.t, err)
		return hashes
	}
	for id, login := range map[string]string{"ticket/rt/R1/laptop": "anna", "ticket/rt/R2/phone": "ben", "ticket/zendesk/R3/desk": "anna", "usersync/rt/S1": "nobody"} {
		server.On("DescribeWorkflowExecution", mock.Anything, id, "").Return(described(w.t, id, people(login)), nil)
	}
	server.On("DescribeWorkflowExecution", mock.Anything, mock.Anything, "").Return(nil, serviceerror.NewNotFound("no such workflow"))
	server.On("QueryWorkflow", mock.Anything, mock.Anything, "", mock.Anything).Return(answer(view("R1/laptop")), nil)
	server.On("ListWorkflow", mock.Anything, mock.Anything).Run(func(args mock.Arguments) {
		request, _ := args.Get(1).(*workflowservice.ListWorkflowExecutionsRequest)
		change("list %s", request.GetQuery())
	}).Return(&workflowservice.ListWorkflowExecutionsResponse{
		Executions: []*workflowpb.WorkflowExecutionInfo{described(w.t, "ticket/rt/R1/laptop", people("anna")).GetWorkflowExecutionInfo()}, NextPageToken: []byte("more"),
	}, nil)
	return server
}

func view(key providers.Key) workflows.View {
	return workflows.View{
		Key: key, Connection: "rt", Level: providers.LevelFull, Number: "7", Status: "new", Phase: workflows.PhaseWaiting, Subject: "A laptop",
		Notes: []providers.Note{{ID: "1", Author: "agent", Body: "Which one?"}}, URL: "https://rt.example.com/7", Attention: "for staff",
	}
}

func answer(value any) converter.EncodedValue {
	encoded := &mocks.Value{}
	encoded.On("Get", mock.Anything).Run(func(args mock.Arguments) {
		content, _ := json.Marshal(value)
		_ = json.Unmarshal(content, args.Get(0))
	}).Return(nil)
	return encoded
}

func described(t *testing.T, id string, people []string) *workflowservice.DescribeWorkflowExecutionResponse {
	t.Helper()
	attributes := &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{}}
	for key, value := range map[string]any{
		names.People.GetName(): people, names.TicketNumber.GetName(): "7", names.TicketStatus.GetName(): "new", names.Phase.GetName(): "waiting",
		names.ChangedAt.GetName(): time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
	} {
		payload, err := converter.GetDefaultDataConverter().ToPayload(value)
		require.NoError(t, err)
		attributes.IndexedFields[key] = payload
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: id}, Status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, SearchAttributes: attributes,
	}}
}

// told is an answer of the API.
type told struct {
	status int
	header http.Header
	body   string
}

func (w *world) call(method, path, token, body string, header ...string) told {
	w.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, w.server.URL+path, strings.NewReader(body))
	require.NoError(w.t, err)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	require.NoError(w.t, err)
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	require.NoError(w.t, err)
	return told{answer.StatusCode, answer.Header, string(content)}
}

// did are the changes since the last question.
func (w *world) did() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	done := w.changes
	w.changes = nil
	return done
}
