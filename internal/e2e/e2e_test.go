package e2e

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"deskbridge/workflows"
)

func TestTheMainJobOnARealDesk(t *testing.T) {
	s := newStack(t)
	require.NoError(t, os.WriteFile(filepath.Join(s.folder, "Vertrag żółć.pdf"), []byte("%PDF-1.4 contract"), 0o600))
	t.Run("onboarding survives a killed worker and a killed server", func(t *testing.T) { s.onboarding(t, "rt", s.rt) })
	t.Run("onboarding on the real Znuny, with users over rpc.pl", func(t *testing.T) { s.onboarding(t, "znuny", s.znuny.orSkip(t)) })
	t.Run("note, attachment and close from the command line appear in RT, and an internal comment never shows", s.twoWay)
	t.Run("a merged ticket is followed", s.merged)
	t.Run("a ticket that is merged at Znuny is followed", s.mergedAtZnuny)
	t.Run("a deleted ticket ends as vanished", s.deleted)
	t.Run("a watch that somebody ended goes on with the next worker", s.watchEnded)
	t.Run("a rejected ticket stops, a failed action falls back, and what follows waits for it", s.failures)
	t.Run("log-only does not wait, and status-sync does not write", s.levels)
	t.Run("a cancelled ticket is cancelled at the desk too", s.cancelled)
	t.Run("a reopened ticket waits again", s.reopened)
	t.Run("what is wrong is refused before anything starts", s.refusals)
	t.Run("the same request twice is one run, other content is a conflict", s.twice)
	t.Run("a check names the level and each missing right with its cure", s.check)
	t.Run("a check of Znuny tells apart what is wrong", s.checkZnuny)
	t.Run("a generated client runs the whole story over HTTP", s.story)
	t.Run("an offboarding ends the person's onboarding, and leaves a protected account alone", s.offboarding)
	t.Run("a list of users is looked at first, held to its limits, and applied", s.syncUsers)
	t.Run("many onboardings of one new person make one user where a desk accepts duplicates", s.onePerson)
	t.Run("tickets live at every desk that is simulated", s.vendors)
	t.Run("a check of every simulated desk tells apart what is wrong", s.checkSimulated)
	t.Run("what was done for a request is on record, and a missing record is found", s.audited)
	t.Run("the Temporal server's database holds no name, address, note or secret", s.sealed)
}

func onboardingRequest(s *stack, t *testing.T, connection, id string) string {
	return s.request(t, `
connection: %[2]s
request_id: %[1]s
joiner: {employee_number: E-%[1]s, login: %[1]s, email: %[1]s@example.test, display_name: Anna Żółć}
requester: {login: boss-%[1]s, email: boss-%[1]s@example.test, display_name: The Boss}
steps:
  - id: laptop
    ticket: {subject: Laptop für Anna Żółć, body: Please prepare a laptop., queue: Hardware, attach: [Vertrag żółć.pdf]}
  - id: hand-out
    needs: [laptop]
    action: {target: hand-out, arguments: {model: X1}}
`, id, connection)
}

// realDesk is a desk seen by its administrator.
type realDesk interface {
	// withKey counts the tickets that carry a key.
	withKey(t *testing.T, key string) int
	// look reads a ticket by the number that people see.
	look(t *testing.T, number string) seen
	reply(t *testing.T, number, text string)
	resolve(t *testing.T, number string)
}

// seen is a ticket at its desk; Resolved and By are what the outcome will say once it is resolved.
type seen struct {
	Queue, Requester, Key string
	Files                 []string
	Resolved, By          string
}

func (s *stack) onboarding(t *testing.T, connection string, desk realDesk) {
	id := s.unique("R")
	key := id + "/laptop"
	s.ok(t, nil, "onboard", "--file", onboardingRequest(s, t, connection, id))
	number := s.logged(t, connection, key)

	require.Equal(t, 1, desk.withKey(t, key))
	ticket := desk.look(t, number)
	require.Equal(t, "Hardware", ticket.Queue)
	require.Equal(t, "boss-"+id, ticket.Requester)
	require.Equal(t, key, ticket.Key)
	require.Equal(t, []string{"Vertrag żółć.pdf"}, ticket.Files)

	s.worker.Kill()
	s.server.Kill()
	desk.reply(t, number, "Soon.")       // while nothing of ours runs
	require.NoError(t, s.worker.Start()) // before its server: it waits for it
	require.NoError(t, s.server.Start())
	eventually(t, func() bool { return len(s.tryView(t, connection, key).Notes) == 1 }, "the note that came meanwhile is seen")
	// A poll that was running when the worker was killed is missed after 15 s only; what comes
	// meanwhile may be seen by the worker's start alone. A second note shows that polls go on.
	desk.reply(t, number, "It is ready.")
	eventually(t, func() bool { return len(s.tryView(t, connection, key).Notes) == 2 }, "polls go on")

	desk.resolve(t, number)
	resolved := time.Now()
	s.ok(t, nil, "watch", "onboarding/"+connection+"/"+id)
	calls, at := s.called(id + "/hand-out")
	require.Equal(t, 1, calls)
	require.Less(t, at.Sub(resolved), 2*interval, "the workflow goes on within two poll intervals")
	require.Equal(t, 1, desk.withKey(t, key))

	view := s.view(t, connection, key)
	require.Equal(t, workflows.OutcomeCompleted, view.Outcome.Result)
	require.Equal(t, ticket.Resolved, view.Outcome.Status)
	require.Equal(t, ticket.By, view.Outcome.By)
	require.Equal(t, "It is ready.", view.Outcome.Note)
}

func (s *stack) tryView(t *testing.T, connection, key string) workflows.View {
	t.Helper()
	if _, _, code := s.run(t, "ticket", "view", key, "--connection", connection); code != 0 {
		return workflows.View{}
	}
	return s.view(t, connection, key)
}

// ticket logs a ticket from the command line and returns its key and number.
func (s *stack) ticket(t *testing.T, connection string) (key, number string) {
	t.Helper()
	id := s.unique("T")
	s.ok(t, nil, "ticket", "log", "--connection", connection, "--request", id, "--email", id+"@example.test", "--name", "Ben "+id, "--subject", "A question")
	return id + "/ticket", s.logged(t, connection, id+"/ticket")
}

func (s *stack) twoWay(t *testing.T) {
	key, number := s.ticket(t, "rt")
	s.rt.write(t, number, "comment", "internal: a difficult user")
	s.ok(t, nil, "ticket", "note", number, "Any news? ąę")
	s.ok(t, nil, "ticket", "note", number, "Any news? ąę", "--id", "the-same")
	s.ok(t, nil, "ticket", "note", number, "Any news? ąę", "--id", "the-same")
	s.ok(t, nil, "ticket", "attach", number, "Vertrag żółć.pdf")
	s.rt.write(t, number, "correspond", "We look into it.")
	eventually(t, func() bool { return len(s.view(t, "rt", key).Notes) == 3 }, "two notes of ours and one of the agent")
	view := s.view(t, "rt", key)
	require.Equal(t, "Any news? ąę", view.Notes[0].Body)
	require.Equal(t, "We look into it.", view.Notes[2].Body)
	require.Equal(t, []string{"Vertrag żółć.pdf"}, s.rt.files(t, number))
	stdout := s.ok(t, nil, "ticket", "close", number, "Thank you, solved.")
	require.Contains(t, stdout, "delivered")
	require.Equal(t, "resolved", s.rt.ticket(t, number).Status)
	stdout = s.ok(t, nil, "ticket", "view", number)
	require.Contains(t, stdout, "Thank you, solved.")
	require.NotContains(t, stdout, "difficult")
	require.NotContains(t, stdout, "A file was attached")
}

func (s *stack) merged(t *testing.T) {
	key, number := s.ticket(t, "rt")
	var created struct{ ID string }
	s.rt.call(t, http.MethodPost, "/ticket", map[string]string{"Queue": "Support", "Subject": "The same question", "Requestor": "root"}, &created)
	s.rt.write(t, number, "correspond", "We have this already.")
	s.rt.set(t, number, "MergeInto", created.ID)
	eventually(t, func() bool { return s.view(t, "rt", key).Number == created.ID }, "the wait moves to the target")
	s.rt.set(t, created.ID, "Status", "resolved")
	eventually(t, func() bool { return s.view(t, "rt", key).Outcome != nil }, "the target's outcome is ours")
	view := s.view(t, "rt", key)
	require.Equal(t, workflows.OutcomeCompleted, view.Outcome.Result)
	require.Equal(t, "We have this already.", view.Notes[0].Body)
}

func (s *stack) deleted(t *testing.T) {
	key, number := s.ticket(t, "rt")
	s.rt.call(t, http.MethodDelete, "/ticket/"+number, nil, nil)
	eventually(t, func() bool { return s.view(t, "rt", key).Outcome != nil }, "the ticket has an outcome")
	require.Equal(t, workflows.Vanished, s.view(t, "rt", key).Outcome.Result)
	_, stderr, code := s.run(t, "watch", "ticket/rt/"+key)
	require.Equal(t, 4, code, stderr)
}

func (s *stack) watchEnded(t *testing.T) {
	key, number := s.ticket(t, "rt")
	connected, err := client.Dial(client.Options{HostPort: s.address})
	require.NoError(t, err)
	t.Cleanup(connected.Close)
	require.NoError(t, connected.TerminateWorkflow(t.Context(), "watch/rt", "", "by mistake"))
	s.rt.set(t, number, "Status", "resolved") // while nobody watches
	s.worker.Stop()
	require.NoError(t, s.worker.Start())
	eventually(t, func() bool { return s.tryView(t, "rt", key).Outcome != nil }, "the outcome is seen all the same")
}

func (s *stack) failures(t *testing.T) {
	id := s.unique("F")
	s.ok(t, nil, "fulfil", "--file", s.request(t, `
connection: rt
request_id: %[1]s
requester: {email: %[1]s@example.test, display_name: Ben}
steps:
  - id: account
    action: {target: broken}
    on_failure: ticket
    fallback: {subject: Make the account by hand, body: The automated step failed.}
  - id: phone
    ticket: {subject: A phone}
    on_failure: continue
  - id: card
    needs: [account, phone]
    wait: {for: 1s}
  - id: desk
    needs: [card]
    ticket: {subject: A desk}
  - id: chair
    needs: [desk]
    ticket: {subject: A chair}
`, id))
	s.rt.set(t, s.logged(t, "rt", id+"/account.fallback"), "Status", "resolved")
	s.rt.set(t, s.logged(t, "rt", id+"/phone"), "Status", "rejected")
	s.rt.set(t, s.logged(t, "rt", id+"/desk"), "Status", "rejected")
	stdout, _, code := s.run(t, "watch", "fulfilment/rt/"+id)
	require.Equal(t, 4, code)
	for _, want := range []string{"account (action): done", "phone (ticket): failed", "card (wait): done", "desk (ticket): failed", "chair (ticket): skipped"} {
		require.Contains(t, stdout, want)
	}
	require.Zero(t, s.rt.withKey(t, id+"/chair"))
}

func (s *stack) levels(t *testing.T) {
	key, number := s.ticket(t, "rt-log-only")
	view := s.view(t, "rt-log-only", key)
	require.Equal(t, workflows.Logged, view.Outcome.Result)
	require.Equal(t, workflows.PhaseEnded, view.Phase)
	require.Equal(t, "new", s.rt.ticket(t, number).Status)

	key, number = s.ticket(t, "rt-status-sync")
	_, stderr, code := s.run(t, "ticket", "note", number, "hello")
	require.Equal(t, 4, code)
	require.Contains(t, stderr, "only level full writes")
	s.rt.set(t, number, "Status", "resolved")
	eventually(t, func() bool { return s.view(t, "rt-status-sync", key).Outcome != nil }, "status-sync waits for the outcome")
}

func (s *stack) cancelled(t *testing.T) {
	key, number := s.ticket(t, "rt")
	s.ok(t, nil, "ticket", "cancel", number, "Not needed any more.")
	require.Equal(t, "rejected", s.rt.ticket(t, number).Status)
	require.Equal(t, workflows.OutcomeCancelled, s.view(t, "rt", key).Outcome.Result)
}

func (s *stack) reopened(t *testing.T) {
	key, number := s.ticket(t, "rt")
	s.rt.set(t, number, "Status", "resolved")
	eventually(t, func() bool { return s.view(t, "rt", key).Phase == workflows.PhaseWatching }, "it has its outcome")
	s.rt.set(t, number, "Status", "open")
	eventually(t, func() bool { return s.view(t, "rt", key).Phase == workflows.PhaseWaiting }, "it waits again")
	require.Nil(t, s.view(t, "rt", key).Outcome)
	s.rt.set(t, number, "Status", "rejected")
	eventually(t, func() bool { return s.view(t, "rt", key).Outcome != nil }, "it has another outcome")
	require.Equal(t, workflows.OutcomeRejected, s.view(t, "rt", key).Outcome.Result)
}

func (s *stack) refusals(t *testing.T) {
	_, stderr, code := s.run(t, "fulfil", "--file", s.request(t, `
connection: nowhere
request_id: "../etc"
requester: {display_name: Ben}
steps:
  - {id: a, needs: [a, zz], ticket: {subject: x}}
  - {id: b, action: {target: nothing}, on_failure: perhaps}
`))
	require.Equal(t, 2, code)
	for _, want := range []string{`no connection "nowhere"`, `request_id: "../etc"`, "employee_number, login and email", "it needs itself", `no step "zz"`, `no target "nothing"`, `on_failure: "perhaps"`} {
		require.Contains(t, stderr, want)
	}
	_, stderr, code = s.run(t, "ticket", "view", "99999999")
	require.Equal(t, 4, code)
	require.Contains(t, stderr, "starter list")
}

func (s *stack) twice(t *testing.T) {
	id := s.unique("D")
	path := onboardingRequest(s, t, "rt", id)
	type started struct {
		RunID    string `json:"run_id"`
		Existing bool   `json:"existing"`
	}
	var first, second started
	s.ok(t, &first, "onboard", "--file", path)
	s.ok(t, &second, "onboard", "--file", path)
	require.False(t, first.Existing)
	require.True(t, second.Existing)
	require.Equal(t, first.RunID, second.RunID)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append(content, []byte("  - {id: more, wait: {for: 1s}}\n")...), 0o600))
	_, stderr, code := s.run(t, "onboard", "--file", path)
	require.Equal(t, 3, code, stderr)
	require.Contains(t, stderr, "other content")
}

func (s *stack) check(t *testing.T) {
	stdout := s.ok(t, nil, "connections", "check", "rt")
	require.Contains(t, stdout, "Request Tracker 5")
	require.Contains(t, stdout, "level full, reaches full")
	stdout, _, code := s.run(t, "connections", "check", "rt-weak")
	require.Equal(t, 4, code)
	require.Contains(t, stdout, "SeeQueue")
	require.Contains(t, stdout, "AdminUsers")
}

// sealed reads the Temporal server's database after all of the above: it holds nothing that anybody
// wrote or was told, nobody's name or address, and no secret.
func (s *stack) sealed(t *testing.T) {
	var content []byte
	for _, name := range []string{"temporal.db", "temporal.db-wal"} {
		part, err := os.ReadFile(filepath.Join(s.folder, name))
		require.NoError(t, err)
		content = append(content, part...)
	}
	require.Contains(t, string(content), "ticket/rt/", "this is the database")
	secrets := []string{"@example.test", "Anna", "Żółć", "The Boss", "Laptop", "prepare a laptop", "Any news", "difficult", "Vertrag", callbackSecret, strings.Repeat("k", 32), "pass-bridge"}
	for _, file := range []string{"token.bridge", "token.root"} {
		token, err := os.ReadFile(filepath.Join(os.Getenv("DESKBRIDGE_TEST_RT_TOKENS"), file))
		require.NoError(t, err)
		secrets = append(secrets, strings.TrimSpace(string(token)))
	}
	sealed := func(where string, content []byte) {
		for _, secret := range secrets {
			if at := bytes.Index(content, []byte(secret)); at >= 0 {
				t.Errorf("%s holds %q at byte %d: %q", where, secret, at, content[max(0, at-100):min(len(content), at+100)])
			}
		}
	}
	sealed("the database", content)
	for _, log := range []string{"worker.log", "temporal.log"} {
		text, err := os.ReadFile(filepath.Join(s.folder, log))
		require.NoError(t, err)
		sealed(log, text)
	}
}

// audited looks at what is kept of a request, and changes it.
func (s *stack) audited(t *testing.T) {
	key, _ := s.ticket(t, "rt")
	id := strings.TrimSuffix(key, "/ticket")
	s.ok(t, nil, "ticket", "note", key, "Any news?", "--connection", "rt")
	var entries []struct {
		Who, Did, Result string
		Detail           map[string]string
		Calls            []struct{ Method, Path string }
	}
	s.ok(t, &entries, "audit", "show", "rt/"+id)
	did := map[string]string{}
	for _, entry := range entries {
		did[entry.Did] = entry.Who + " " + entry.Result
		if entry.Did == "LogTicket" {
			require.NotEmpty(t, entry.Detail["ticket"])
			require.NotEmpty(t, entry.Calls)
		}
	}
	require.Equal(t, "worker ok", did["LogTicket"])
	require.Regexp(t, "^command line .+ ok$", did["start"])
	require.Regexp(t, "^command line .+ ok$", did["add-note"])
	table := s.ok(t, nil, "audit", "show", "ticket/rt/"+key)
	require.Contains(t, table, "POST /ticket 201")
	require.NotContains(t, table, "example.test")
	require.Contains(t, s.ok(t, nil, "audit", "verify", "rt/"+id), "unbroken")
	require.Contains(t, s.ok(t, nil, "audit", "verify", "--connection", "rt"), " 0 broken")

	records, err := filepath.Glob(filepath.Join(s.folder, "files", "audit", "rt", id, "*"))
	require.NoError(t, err)
	require.NotEmpty(t, records)
	require.NoError(t, os.Remove(records[1]))
	stdout, _, code := s.run(t, "audit", "verify", "rt/"+id)
	require.Equal(t, 4, code)
	require.Contains(t, stdout, "removed")
}
