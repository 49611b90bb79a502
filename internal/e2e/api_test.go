package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"deskbridge/internal/desksim"
	"deskbridge/internal/faults"
	"deskbridge/workflows"
)

const callbackSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// issuer gives tokens as an OpenID Connect provider does.
type issuer struct {
	key *rsa.PrivateKey
	url string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	provider := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "1", Algorithm: "RS256"}}}
	server := httptest.NewServer(provider)
	t.Cleanup(server.Close)
	provider.SetIssuer(server.URL)
	return &issuer{key, server.URL}
}

func (i *issuer) token(t *testing.T, role, email string) string {
	t.Helper()
	claims, err := json.Marshal(map[string]any{
		"iss": i.url, "aud": "deskbridge", "sub": role + " " + email, "exp": time.Now().Add(time.Hour).Unix(), "roles": []string{role}, "email": email, "name": email,
	})
	require.NoError(t, err)
	return oidctest.SignIDToken(i.key, "1", "RS256", string(claims))
}

// startAPI serves the API until the test ends.
func (s *stack) startAPI(t *testing.T) {
	t.Helper()
	require.NoError(t, s.api.Start())
	t.Cleanup(func() {
		s.api.Stop()
		if log, err := os.ReadFile(filepath.Join(s.folder, "api.log")); t.Failed() && err == nil {
			t.Logf("the API's log:\n%s", log)
		}
	})
	eventually(t, func() bool {
		answer, err := http.Get(s.apiURL + "/readyz")
		if err == nil {
			_ = answer.Body.Close()
		}
		return err == nil && answer.StatusCode < 300
	}, "the API is ready")
}

// story makes a client of the served document and lets it run.
func (s *stack) story(t *testing.T) {
	s.startAPI(t)
	answer, err := http.Get(s.apiURL + "/openapi.json")
	require.NoError(t, err)
	document := filepath.Join(s.folder, "openapi.json")
	file, err := os.Create(document)
	require.NoError(t, err)
	_, err = file.ReadFrom(answer.Body)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	module := filepath.Join(s.root, "internal", "story")
	run := func(env []string, name string, args ...string) {
		command := exec.CommandContext(t.Context(), name, args...)
		command.Dir, command.Env = module, append(os.Environ(), env...)
		output, err := command.CombinedOutput()
		require.NoError(t, err, string(output))
		require.NotContains(t, string(output), "SKIP")
	}
	run(nil, filepath.Join(s.root, ".build", "bin", "oapi-codegen"), "-generate", "types,client", "-package", "story", "-o", "client.go", document)
	id := s.unique("S") // of this run: the desk remembers those before
	run([]string{
		"STORY_ID=" + id, "STORY_API=" + s.apiURL, "STORY_RECEIVER=" + s.receiver, "STORY_SECRET=" + callbackSecret, "STORY_RT=" + s.rt.url, "STORY_RT_TOKEN=" + s.rt.token,
		"STORY_AUTOMATION=" + s.issuer.token(t, "automation", "activate@example.test"),
		"STORY_ANNA=" + s.issuer.token(t, "end-user", "Anna-"+id+"@Example.test"), "STORY_BEN=" + s.issuer.token(t, "end-user", "ben@example.test"),
	}, "go", "test", "-count=1", "-v", ".")
}

// offboarding meets an onboarding of the same person, under another of their identities.
func (s *stack) offboarding(t *testing.T) {
	id := s.unique("J")
	s.ok(t, nil, "onboard", "--file", s.request(t, `
connection: rt
request_id: %[1]s
joiner: {employee_number: E-%[1]s, login: %[1]s, email: %[1]s@example.test, display_name: Carl}
steps:
  - id: laptop
    ticket: {subject: Laptop for Carl}
  - id: card
    ticket: {subject: Card for Carl}
    needs: [laptop]
  - id: later
    wait: {for: 240h}
`, id))
	number := s.logged(t, "rt", id+"/laptop")
	s.ok(t, nil, "offboard", "--file", s.request(t, `
connection: rt
request_id: %[1]s-off
leaver: {email: %[1]s@example.test, display_name: Carl}
`, id))
	stdout, _, code := s.run(t, "watch", "onboarding/rt/"+id)
	require.Equal(t, 4, code)
	require.Contains(t, stdout, "laptop (ticket): failed")
	require.Contains(t, stdout, "Superseded by offboarding/rt/"+id+"-off")
	require.Contains(t, stdout, "card (ticket): skipped")
	s.ok(t, nil, "watch", "offboarding/rt/"+id+"-off")
	require.Equal(t, "rejected", s.rt.ticket(t, number).Status)
	view := s.view(t, "rt", id+"/laptop")
	require.Equal(t, workflows.OutcomeCancelled, view.Outcome.Result)
	notes := 0
	for _, note := range view.Notes {
		if strings.Contains(note.Body, "Superseded by") {
			notes++
		}
	}
	require.Equal(t, 1, notes, "noted once")
	var found workflows.UserAnswer
	s.ok(t, &found, "users", "find", "--connection", "rt", "--login", id)
	require.Len(t, found.Users, 1)
	require.False(t, found.Users[0].Active)

	var left workflows.UserAnswer
	s.ok(t, &left, "users", "deactivate", "--connection", "rt-activate", "--login", "root")
	require.EqualValues(t, "protected", left.Left.Account)
}

func (s *stack) syncUsers(t *testing.T) {
	id := s.unique("U")
	var created workflows.UserAnswer
	s.ok(t, &created, "users", "create", "--connection", "rt-activate", "--login", id+"-old", "--email", id+"-old@example.test", "--name", "Old")
	list := filepath.Join(s.folder, "users.csv")
	require.NoError(t, os.WriteFile(list, fmt.Appendf(nil, "login,email,display_name,leaves\n%[1]s-a,%[1]s-a@example.test,Anna Żółć,\n%[1]s-b,%[1]s-b@example.test,Ben,\n%[1]s-old,%[1]s-old@example.test,New Name,\nroot,,,true\n", id), 0o600))
	sync := func(id string, more ...string) workflows.SyncReport {
		var report workflows.SyncReport
		s.ok(t, &report, append([]string{"users", "sync", "--connection", "rt-activate", "--file", list, "--id", id}, more...)...)
		return report
	}
	planned := sync(id + "-1")
	require.Equal(t, workflows.SyncPlanned, planned.Phase)
	require.Equal(t, 2, planned.Plan.Created)
	require.Equal(t, 1, planned.Plan.Updated)
	require.Equal(t, 0, planned.Plan.Deactivated)
	require.Len(t, planned.Plan.Problems, 1)
	require.Equal(t, 4, planned.Plan.Problems[0].Line)
	require.Contains(t, planned.Plan.Problems[0].Reason, "protected")
	_, stderr, code := s.run(t, "users", "sync", "--connection", "rt-activate", "--file", list, "--id", id+"-2", "--apply", "--max-changes", "2")
	require.Equal(t, 4, code, stderr)
	require.Contains(t, stderr, "the plan changes 3 users, the limit is 2")
	var found workflows.UserAnswer
	s.ok(t, &found, "users", "find", "--connection", "rt", "--login", id+"-a")
	require.Empty(t, found.Users, "nothing was changed yet")

	applied := sync(id+"-3", "--apply")
	require.Equal(t, workflows.SyncApplied, applied.Phase)
	require.Equal(t, 2, applied.Applied.Created)
	require.Equal(t, 1, applied.Applied.Updated)
	again := sync(id+"-4", "--apply")
	require.Equal(t, 3, again.Applied.Unchanged)
	require.Zero(t, again.Applied.Changes())
	s.ok(t, &found, "users", "find", "--connection", "rt", "--login", id+"-old")
	require.Equal(t, "New Name", found.Users[0].DisplayName)
}

// onePerson starts a hundred onboardings of one new person at once, at a desk that takes a second
// person with the same address.
func (s *stack) onePerson(t *testing.T) {
	const many = 100
	desk := s.simulated.desk("topdesk")
	// A slow desk: whoever looks finds nobody while another is being created.
	creates := func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/persons")
	}
	s.simulated.broken["topdesk"].Next(many, creates, faults.Fault{Delay: time.Second})
	t.Cleanup(s.simulated.broken["topdesk"].Clear)
	id := s.unique("D")
	var starting errgroup.Group
	starting.SetLimit(8)
	paths := make([]string, many)
	for i := range paths {
		paths[i] = s.request(t, `
connection: topdesk-busy
request_id: %[1]s-%[2]d
joiner: {email: %[1]s@example.test, display_name: Dora}
steps:
  - {id: hello, wait: {for: 1s}}
`, id, i)
	}
	s.worker.Stop() // so that all begin at once
	for _, path := range paths {
		starting.Go(func() error {
			_, stderr, code := s.run(t, "onboard", "--file", path)
			if code != 0 {
				return fmt.Errorf("exit %d: %s", code, stderr)
			}
			return nil
		})
	}
	require.NoError(t, starting.Wait())
	require.NoError(t, s.worker.Start())
	list := func(more ...string) int {
		var runs []struct{}
		s.ok(t, &runs, append([]string{"list", "--connection", "topdesk-busy", "--limit", "500"}, more...)...)
		return len(runs)
	}
	eventually(t, func() bool { return list("--running") == 0 }, "all have ended, none waits for a person because of a double")
	require.Equal(t, many, list())
	require.Equal(t, 1, usersWith(desk, id+"@example.test"))
}

func usersWith(desk *desksim.Desk, email string) int {
	count := 0
	for _, user := range desk.Users() {
		if strings.EqualFold(user.Email, email) {
			count++
		}
	}
	return count
}
