package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
	"deskbridge/internal/faults"
	"deskbridge/internal/payloads"
	"deskbridge/providers"
	"deskbridge/providers/topdesk"
)

// scene is one onboarding that went well, told by a real desk package to a simulated desk.
type scene struct {
	t     *testing.T
	asked *request
	facts facts
	table *desksim.Desk
	desk  *topdesk.Desk
	mu    sync.Mutex
	user  string
}

var (
	began   = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	allDone = true
)

// newScene plays an onboarding; what a plant says is left out.
func newScene(t *testing.T, without ...string) *scene {
	t.Helper()
	left := func(what string) bool {
		for _, name := range without {
			if name == what {
				return true
			}
		}
		return false
	}
	s := &scene{t: t, asked: &request{
		id: "C1-00001", connection: "topdesk", end: resolve, accepted: true, refused: map[string]string{}, endedAt: began,
		file: "canary-file.txt", notes: []string{"canary-note"}, answers: []string{"canary-answer"}, secrets: []string{"canary-internal"},
	}}
	var err error
	options := desksim.Options{
		Vendor: desksim.TOPdesk, Queues: map[string][]string{"Support": nil},
		Accounts: []desksim.Account{{Login: "deskbridge", Token: "pass", Rights: true}},
	}
	if left("search") {
		options.SearchLag = time.Hour
	}
	s.table, err = desksim.New(options)
	require.NoError(t, err)
	var protocol http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { protocol.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	protocol = s.table.Handler(server.URL)
	t.Setenv("ORACLE_PASSWORD", "pass")
	password, err := providers.ParseSecret("env:ORACLE_PASSWORD")
	require.NoError(t, err)
	s.desk, err = topdesk.New(topdesk.Config{URL: server.URL, Login: "deskbridge", Password: password, Branch: "Head office"})
	require.NoError(t, err)
	if left("one creator") { // two at once at a slow desk: each looks before the other has created
		var slow faults.Injector
		slow.Next(2, func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/persons")
		}, faults.Fault{Delay: 500 * time.Millisecond})
		protocol = slow.Wrap(protocol)
		var creating sync.WaitGroup
		creating.Go(func() { s.newUser() })
		creating.Go(func() { s.newUser() })
		creating.Wait()
	} else {
		s.newUser()
	}
	if !left("ticket") {
		number := s.newTicket()
		if !left("note") {
			s.write(number)
		}
		if !left("file") {
			s.attach(number, "content")
		}
	}
	shown := view{Phase: "watching", Outcome: "completed"}
	require.NoError(t, json.Unmarshal([]byte(`[{"body":"canary-answer"},{"body":"canary-note"}]`), &shown.Notes))
	require.NoError(t, json.Unmarshal([]byte(`[{"at":"2026-11-23T11:59:00Z","what":"logged as 1"},{"at":"2026-11-23T12:00:20Z","what":"outcome: completed"}]`), &shown.History))
	s.facts = facts{
		effects: map[string]map[string]int{s.asked.id: {"key": 2}}, // twice under one key: the target did it once
		told: map[string]map[string]int{
			"ticket/topdesk/C1-00001/laptop": {"ticket.logged": 1, "ticket.outcome": 1}, "onboarding/topdesk/C1-00001": {"request.ended": 1},
		},
		views: map[string]view{s.asked.id: shown}, runs: map[string]progress{s.asked.id: {Completed: &allDone}}, troubled: map[string]string{},
	}
	return s
}

func (s *scene) newUser() {
	user, err := s.desk.CreateUser(s.t.Context(), providers.NewUser{Login: "canary1", Email: s.asked.email(), DisplayName: "Canaria Person"})
	if assert.NoError(s.t, err) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.user = user.ID
	}
}

func (s *scene) newTicket() string {
	s.t.Helper()
	ticket, err := s.desk.CreateTicket(s.t.Context(), providers.NewTicket{Key: providers.Key(s.asked.key()), Subject: "Laptop", Body: "Please.", Queue: "Support", RequesterID: s.user})
	require.NoError(s.t, err)
	return ticket.ID
}

func (s *scene) write(ticket string) {
	s.t.Helper()
	_, err := s.desk.AddNote(s.t.Context(), providers.NewNote{TicketID: ticket, Body: "canary-note"})
	require.NoError(s.t, err)
}

func (s *scene) attach(ticket, content string) {
	s.t.Helper()
	_, err := s.desk.UploadAttachment(s.t.Context(), providers.NewAttachment{TicketID: ticket, Name: "canary-file.txt", ContentType: "text/plain", Content: []byte(content)})
	require.NoError(s.t, err)
}

// ticket is the desk's ID of the scene's ticket.
func (s *scene) ticket() string {
	s.t.Helper()
	found, err := s.desk.FindTicket(s.t.Context(), providers.Key(s.asked.key()))
	require.NoError(s.t, err)
	return found.ID
}

func (s *scene) show(change func(*view)) {
	shown := s.facts.views[s.asked.id]
	change(&shown)
	s.facts.views[s.asked.id] = shown
}

func (s *scene) judge() *report {
	s.facts.tables = map[string]table{"topdesk": tableOf(s.table)}
	return judge([]*request{s.asked}, s.facts)
}

func TestTheOracleFindsNothingWhereAllWentWell(t *testing.T) {
	report := newScene(t).judge()
	require.Zero(t, report.faults(), report)
	for name, count := range map[string]int{"requests": 1, "tickets": 1, "users created": 1, "calls of the target repeated under their key": 1} {
		require.Equal(t, count, report.column(name).count, name)
	}
}

func TestTheOracleReportsAPlantedFaultInEachColumn(t *testing.T) {
	plants := map[string]func() *scene{
		ticketsDoubled: func() *scene { // no search before a second create
			s := newScene(t, "search")
			s.newTicket()
			return s
		},
		ticketsLost:  func() *scene { return newScene(t, "ticket") },
		usersDoubled: func() *scene { return newScene(t, "one creator") },
		notesDoubled: func() *scene { s := newScene(t); s.write(s.ticket()); return s },
		notesLost:    func() *scene { return newScene(t, "note") },
		attachmentsDoubled: func() *scene {
			s := newScene(t)
			s.attach(s.ticket(), "other content under the same name")
			return s
		},
		attachmentsLost: func() *scene { return newScene(t, "file") },
		answersUnseen: func() *scene {
			s := newScene(t)
			s.show(func(v *view) { v.Notes = v.Notes[1:] })
			return s
		},
		internalShown: func() *scene {
			s := newScene(t)
			s.show(func(v *view) {
				require.NoError(t, json.Unmarshal([]byte(`[{"body":"canary-answer"},{"body":"canary-note"},{"body":"canary-internal"}]`), &v.Notes))
			})
			return s
		},
		signalsMissed: func() *scene { s := newScene(t); s.show(func(v *view) { v.Outcome = "" }); return s },
		signalsLate: func() *scene {
			s := newScene(t)
			s.facts.outages = []outage{{began.Add(5 * time.Second), began.Add(10 * time.Second)}} // explains 20 s of them
			s.show(func(v *view) { v.History[1].At = began.Add(2*interval + 21*time.Second) })
			return s
		},
		outcomesWrong: func() *scene { s := newScene(t); s.show(func(v *view) { v.Outcome = "rejected" }); return s },
		actionsTwice: func() *scene {
			s := newScene(t)
			s.facts.effects[s.asked.id]["another key"] = 1
			return s
		},
		actionsMissed:     func() *scene { s := newScene(t); delete(s.facts.effects, s.asked.id); return s },
		callbacksLost:     func() *scene { s := newScene(t); delete(s.facts.told, "onboarding/topdesk/C1-00001"); return s },
		workflowsStuck:    func() *scene { s := newScene(t); delete(s.facts.runs, s.asked.id); return s },
		workflowsTroubled: func() *scene { s := newScene(t); s.facts.troubled["watch/topdesk"] = "forbidden"; return s },
	}
	for _, column := range newScene(t).judge().columns {
		if column.plain {
			continue
		}
		t.Run(column.name, func(t *testing.T) {
			plant := plants[column.name]
			require.NotNil(t, plant, "nothing is planted for this column")
			report := plant().judge()
			require.Equal(t, 1, report.column(column.name).count, report)
			require.Contains(t, report.String(), report.column(column.name).found[0])
		})
	}
}

func TestWhatAnOutageExplainsIsNotLate(t *testing.T) {
	s := newScene(t)
	s.facts.outages = []outage{{began.Add(5 * time.Second), began.Add(10 * time.Second)}, {began.Add(8 * time.Second), began.Add(12 * time.Second)}}
	s.show(func(v *view) { v.History[1].At = began.Add(2*interval + 21*time.Second) })
	require.Zero(t, s.judge().faults(), s.judge())
}

func TestACanaryIsFoundWhereverItFlies(t *testing.T) {
	w := &world{folder: t.TempDir(), secrets: map[string]string{"password": "s3cret-of-the-desk"}}
	keys, err := payloads.NewKeys()
	require.NoError(t, err)
	require.NoError(t, keys.WriteNew(filepath.Join(w.folder, "payload.keys")))
	text, err := os.ReadFile(filepath.Join(w.folder, "payload.keys"))
	require.NoError(t, err)
	flying := w.canaries()
	for what, content := range map[string]string{
		"a note": "x canary-note-C1-00001-0 x", "an address": "to=person1@canary.test", "a name": "Dear Canaria Person 7", "a password": "Basic s3cret-of-the-desk", "a key": string(text),
	} {
		require.NotEmpty(t, flying.in("log", []byte(content)), what)
	}
	require.Empty(t, flying.in("log", []byte("ticket/rt/C1-00001/laptop is logged as 7")))
}

func TestASeedPlansTheSameTwice(t *testing.T) {
	desks := theDesks()
	for _, d := range desks {
		d.name = string(d.vendor)
		d.sample, _ = desksim.SampleOf(d.vendor)
	}
	told := func(seed uint64) string {
		var text strings.Builder
		ends := map[string]int{}
		for _, r := range newRequests(400, seed, desks) {
			fmt.Fprintln(&text, r.id, r.connection, r.person, r.end, r.file, r.notes, r.answers, r.delay)
			ends[r.end]++
			if r.end == merge {
				require.True(t, r.into.isTarget)
				require.Equal(t, r.connection, r.into.connection)
			}
		}
		for _, end := range []string{resolve, reject, reopen, merge, vanish} {
			require.NotZero(t, ends[end], end)
		}
		return text.String()
	}
	first := told(7)
	require.Equal(t, first, told(7))
	require.NotEqual(t, told(7), told(8))
}
