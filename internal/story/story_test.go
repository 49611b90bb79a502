// Package story is Activate as a stranger would write it: a client that a public generator
// (oapi-codegen) made from the served OpenAPI document, and the Standard Webhooks library. `make
// e2e` generates the client and starts what this talks to; it shares no code with Deskbridge.
package story

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

func environment(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Skip("`make e2e` starts what this talks to")
	}
	return value
}

// client is the generated client with a token.
func client(t *testing.T, token string) *ClientWithResponses {
	t.Helper()
	made, err := NewClientWithResponses(environment(t, "STORY_API"), WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+environment(t, token))
		return nil
	}))
	require.NoError(t, err)
	return made
}

// receiver is Activate's end of the callbacks.
type receiver struct {
	mu     sync.Mutex
	events []string
	seen   map[string]int
	// down lets the next calls fail, as an Activate that is being deployed does.
	down int
	bad  []error
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	verifier, err := standardwebhooks.NewWebhook(environment(t, "STORY_SECRET"))
	require.NoError(t, err)
	r := &receiver{seen: map[string]int{}, down: 3}
	listener, err := net.Listen("tcp", environment(t, "STORY_RECEIVER"))
	require.NoError(t, err)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.down > 0 {
			r.down--
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		if err := verifier.Verify(body, request.Header); err != nil {
			r.bad = append(r.bad, err)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var event struct {
			Type string
			Data struct{ Step, Outcome string }
		}
		_ = json.Unmarshal(body, &event)
		id := request.Header.Get("webhook-id")
		if r.seen[id]++; r.seen[id] == 1 {
			r.events = append(r.events, strings.TrimSpace(event.Type+" "+event.Data.Step+" "+event.Data.Outcome))
		}
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return r
}

func (r *receiver) told() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.events...)
}

// agent works at the real Request Tracker.
func agent(t *testing.T, method, path string, body map[string]string) {
	t.Helper()
	content, err := json.Marshal(body)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), method, environment(t, "STORY_RT")+path, bytes.NewReader(content))
	require.NoError(t, err)
	request.Header.Set("Authorization", "token "+environment(t, "STORY_RT_TOKEN"))
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	_ = answer.Body.Close()
	require.Less(t, answer.StatusCode, 300)
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, time.Minute, 200*time.Millisecond, what)
}

func to[T any](value T) *T { return &value }

func TestActivateRunsTheWholeStoryByAGeneratedClient(t *testing.T) {
	ctx := t.Context()
	activate, anna, ben := client(t, "STORY_AUTOMATION"), client(t, "STORY_ANNA"), client(t, "STORY_BEN")
	callbacks := newReceiver(t)
	const connection = "rt-activate"
	id := environment(t, "STORY_ID")
	began := time.Now().UTC().Add(-time.Second)

	stored, err := activate.StoreFileWithBodyWithResponse(ctx, &StoreFileParams{Name: "Vertrag żółć.txt"}, "application/octet-stream", strings.NewReader("a contract"))
	require.NoError(t, err)
	require.NotNil(t, stored.JSON201, string(stored.Body))
	onboarding := Onboarding{
		Connection: connection, RequestId: id,
		Joiner: Person{Login: to("anna-" + id), Email: to("anna-" + id + "@example.test"), EmployeeNumber: to(id), DisplayName: to("Anna Żółć")},
		Steps: &[]Step{
			{Id: "laptop", Ticket: &Ticket{Subject: "A laptop for Anna", Files: &[]File{*stored.JSON201}}},
			{Id: "mailbox", Needs: &[]string{"laptop"}, Action: &Action{Target: to("later")}},
		},
	}
	started, err := activate.StartOnboardingWithResponse(ctx, onboarding)
	require.NoError(t, err)
	require.Equal(t, 202, started.StatusCode(), string(started.Body))
	again, err := activate.StartOnboardingWithResponse(ctx, onboarding)
	require.NoError(t, err)
	require.Equal(t, 200, again.StatusCode(), string(again.Body))
	require.True(t, again.JSON200.Existing)
	onboarding.Steps = &[]Step{{Id: "other", Wait: &Wait{For: to("1s")}}}
	clash, err := activate.StartOnboardingWithResponse(ctx, onboarding)
	require.NoError(t, err)
	require.Equal(t, 409, clash.StatusCode())

	number := ""
	eventually(t, "the ticket is logged", func() bool {
		progress, err := activate.ShowOnboardingWithResponse(ctx, connection, id)
		require.NoError(t, err)
		if progress.JSON200 != nil && len(progress.JSON200.Steps) > 0 && progress.JSON200.Steps[0].Ticket != nil {
			number = *progress.JSON200.Steps[0].Ticket
		}
		return number != ""
	})

	// Anna sees it, Ben does not.
	eventually(t, "Anna's list has it", func() bool {
		mine, err := anna.ListTicketsWithResponse(ctx, &ListTicketsParams{})
		require.NoError(t, err)
		return mine.JSON200 != nil && len(mine.JSON200.Tickets) == 1 && mine.JSON200.Tickets[0].Ticket == number
	})
	others, err := ben.ShowTicketWithResponse(ctx, connection, id, "laptop")
	require.NoError(t, err)
	require.Equal(t, 404, others.StatusCode())

	agent(t, http.MethodPost, "/ticket/"+number+"/comment", map[string]string{"Content": "internal: only a used one is left", "ContentType": "text/plain"})
	agent(t, http.MethodPost, "/ticket/"+number+"/correspond", map[string]string{"Content": "Which size?", "ContentType": "text/plain"})
	var view *TicketView
	shown := func(condition func() bool) func() bool {
		return func() bool {
			answer, err := anna.ShowTicketWithResponse(ctx, connection, id, "laptop")
			require.NoError(t, err)
			require.NotNil(t, answer.JSON200, string(answer.Body))
			require.NotContains(t, string(answer.Body), "used one")
			view = answer.JSON200
			return condition()
		}
	}
	eventually(t, "the public note is seen", shown(func() bool { return len(view.Notes) == 1 && view.Notes[0].Body == "Which size?" }))
	for range 2 { // the same note twice is one
		written, err := anna.AddNoteWithResponse(ctx, connection, id, "laptop", &AddNoteParams{IdempotencyKey: to("answer")}, AddNoteJSONRequestBody{Body: "14 inches ąę"})
		require.NoError(t, err)
		require.Equal(t, WrittenState("delivered"), written.JSON200.State, string(written.Body))
	}
	attached, err := anna.AttachFileWithBodyWithResponse(ctx, connection, id, "laptop", &AttachFileParams{Name: "sketch.txt"}, "application/octet-stream", strings.NewReader("a sketch"))
	require.NoError(t, err)
	require.Equal(t, WrittenState("delivered"), attached.JSON200.State, string(attached.Body))
	eventually(t, "Anna's note and file are there once", shown(func() bool { return len(view.Notes) == 2 && len(view.Attachments) == 2 }))
	require.True(t, view.Notes[1].Mine)
	require.Equal(t, "Vertrag żółć.txt", view.Attachments[0].Name)

	closed, err := anna.CloseTicketWithResponse(ctx, connection, id, "laptop", &CloseTicketParams{}, CloseTicketJSONRequestBody{Note: to("It came, thank you.")})
	require.NoError(t, err)
	require.Equal(t, WrittenState("delivered"), closed.JSON200.State, string(closed.Body))

	// The asynchronous action: its target accepted the work, and Activate completes it.
	eventually(t, "the action is running", func() bool {
		progress, err := activate.ShowOnboardingWithResponse(ctx, connection, id)
		require.NoError(t, err)
		return progress.JSON200 != nil && progress.JSON200.Steps[1].State == "running"
	})
	completed, err := activate.CompleteOnboardingActionWithResponse(ctx, connection, id, "mailbox", CompleteOnboardingActionJSONRequestBody{Output: &map[string]any{"mailbox": "anna@example.test"}})
	require.NoError(t, err)
	require.Equal(t, 204, completed.StatusCode(), string(completed.Body))
	eventually(t, "the onboarding is complete", func() bool {
		progress, err := activate.ShowOnboardingWithResponse(ctx, connection, id)
		require.NoError(t, err)
		return progress.JSON200 != nil && progress.JSON200.Completed != nil && *progress.JSON200.Completed
	})

	want := []string{"ticket.logged laptop", "ticket.changed laptop", "ticket.outcome laptop completed", "request.ended  completed"}
	eventually(t, "every callback came, though Activate was down at first", func() bool { return len(callbacks.told()) >= len(want) })
	for _, event := range want {
		require.Contains(t, callbacks.told(), event)
	}
	require.Empty(t, callbacks.bad, "every signature is right")

	// The feed has it all, for an import.
	eventually(t, "the feed has the outcome", func() bool {
		feed, err := activate.ListChangesCsvWithResponse(ctx, &ListChangesCsvParams{Since: &began})
		require.NoError(t, err)
		rows, err := csv.NewReader(bytes.NewReader(feed.Body)).ReadAll()
		require.NoError(t, err)
		require.Equal(t, []string{"ticket", "connection", "request_id", "step", "status", "phase", "outcome", "attention", "changed_at"}, rows[0])
		for _, row := range rows[1:] {
			if row[0] == number && row[1] == connection {
				return row[3] == "laptop" && row[4] == "resolved" && row[6] == "completed"
			}
		}
		return false
	})

	// A person who leaves.
	left, err := activate.StartOffboardingWithResponse(ctx, Offboarding{Connection: connection, RequestId: id + "-off", Leaver: Person{Login: to("anna-" + id), DisplayName: to("Anna")}})
	require.NoError(t, err)
	require.Equal(t, 202, left.StatusCode(), string(left.Body))
	eventually(t, "the account is deactivated", func() bool {
		progress, err := activate.ShowOffboardingWithResponse(ctx, connection, id+"-off")
		require.NoError(t, err)
		return progress.JSON200 != nil && progress.JSON200.Account != nil && *progress.JSON200.Account == "deactivated"
	})
	found, err := activate.FindUsersWithResponse(ctx, connection, &FindUsersParams{By: "login", Value: "anna-" + id})
	require.NoError(t, err)
	require.NotNil(t, found.JSON200, string(found.Body))
	require.Len(t, found.JSON200.Users, 1)
	require.False(t, found.JSON200.Users[0].Active)
}
