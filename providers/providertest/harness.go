// Package providertest is the conformance suite that every desk passes: each promise of
// package providers, and the traps that vendors set. It runs against a live server, real or
// simulated, with a proxy in front that breaks calls on purpose.
package providertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/faults"
	"deskbridge/providers"
)

// Harness is a desk under test.
type Harness struct {
	// URL is where the server answers.
	URL string
	// New makes the desk under test with pages of pageSize rows.
	New func(t *testing.T, url, credential string, pageSize int) providers.Desk
	// Credential works; Weak is of an account without rights.
	Credential, Weak string
	Agent            Agent
	// Queue takes tickets; Reopened, Done and Unknown are statuses: one of an open ticket, one
	// of a resolved one, and one that the desk does not have.
	Queue                   string
	Reopened, Done, Unknown string
	// Priority is one that tickets can have and new ones do not, where the desk sets priorities.
	Priority string
	// SomeID and MissingID are ticket IDs in the desk's spelling, the second of none.
	SomeID, MissingID string
	// MissingUserID is a user ID in the desk's spelling, of nobody.
	MissingUserID string
	// Attribute is a further field of users.
	Attribute string
	Traits    Traits
	// IsCreate, IsNote and IsUpload recognise the desk's writing calls.
	IsCreate, IsNote, IsUpload func(*http.Request) bool
}

// Traits are where vendors differ; each case that depends on one says so.
type Traits struct {
	// Identities are those by which users are found.
	Identities []providers.Identity
	// Renames: a user's login can be changed.
	Renames bool
	// OwnLogins: the desk chooses a user's login itself, and has no employee number.
	OwnLogins bool
	// Merges: tickets can be merged.
	Merges bool
	// NotesOpen: a customer-facing note opens a ticket that is new or resolved.
	NotesOpen bool
	// NoteFiles: files hang on notes, so that a note's files are known.
	NoteFiles bool
	// OrdersNotes: notes of one second come in the order in which they were written.
	OrdersNotes bool
	// TellsHidden: a ticket that may not be seen is told from one that never was.
	TellsHidden bool
}

// Agent is somebody who works at the desk.
type Agent interface {
	SetStatus(t *testing.T, ticketID, status string)
	// Reply writes a customer-facing note in HTML with a file; Comment an internal one with a file.
	Reply(t *testing.T, ticketID, html, fileName string)
	Comment(t *testing.T, ticketID, text, fileName string)
	Merge(t *testing.T, from, into string)
	Delete(t *testing.T, ticketID string)
	// Requesters returns the logins of the ticket's requesters.
	Requesters(t *testing.T, ticketID string) []string
	// Files returns the names of all files of a ticket, internal ones too.
	Files(t *testing.T, ticketID string) []string
}

const pageSize = 3

// suite is one run: a desk behind a proxy that can break calls.
type suite struct {
	Harness
	desk   providers.Full
	broken *faults.Injector
	proxy  *httptest.Server
	run    string
	number int
}

// Run runs every case.
func Run(t *testing.T, harness Harness) {
	s := &suite{Harness: harness, broken: &faults.Injector{}, run: fmt.Sprintf("c%08x", rand.Uint32())}
	target, err := url.Parse(harness.URL)
	require.NoError(t, err)
	s.proxy = httptest.NewServer(s.broken.Wrap(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			// read whole: an early answer closes the body while it is being sent, which breaks the answer
			content, err := io.ReadAll(r.In.Body)
			if err == nil {
				r.Out.Body = io.NopCloser(bytes.NewReader(content))
			}
		},
		Transport: recorder(t, &http.Transport{
			DisableKeepAlives: true, // a connection kept open pins a worker of a small server
		}),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}))
	t.Cleanup(s.proxy.Close)
	full, err := providers.As[providers.Full](s.connect(t, harness.Credential))
	require.NoError(t, err)
	s.desk = full
	for _, group := range [][]testCase{s.ticketCases(), s.changeCases(), s.noteCases(), s.fileCases(), s.userCases(), s.transportCases(), s.checkCases()} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) {
				s.broken.Clear()
				c.run(t)
			})
		}
	}
}

type testCase struct {
	name string
	run  func(t *testing.T)
}

func (s *suite) connect(t *testing.T, credential string) providers.Desk {
	t.Helper()
	return s.New(t, s.proxy.URL, credential, pageSize)
}

// unique makes a text that no other case and no earlier run used.
func (s *suite) unique(prefix string) string {
	s.number++
	return fmt.Sprintf("%s-%s-%d", prefix, s.run, s.number)
}

func (s *suite) key() providers.Key { return providers.Key(s.unique("R") + "/ticket") }

func (s *suite) newUser() providers.NewUser {
	login := s.unique("anna")
	return providers.NewUser{Login: login, Email: login + "@example.test", DisplayName: "Anna " + login + " Żółć", EmployeeNumber: s.unique("E")}
}

func (s *suite) user(t *testing.T) providers.User {
	t.Helper()
	user, err := s.desk.CreateUser(t.Context(), s.newUser())
	require.NoError(t, err)
	return user
}

func (s *suite) newTicket(t *testing.T) providers.NewTicket {
	t.Helper()
	return s.ticketOf(s.user(t))
}

func (s *suite) ticketOf(user providers.User) providers.NewTicket {
	return providers.NewTicket{
		Key: s.key(), Kind: providers.Request, Queue: s.Queue, RequesterID: user.ID,
		Subject: "Laptop für Anna Żółć", Body: "Please prepare a laptop.\nThank you, ąę <b>&amp;</b>",
	}
}

func (s *suite) ticket(t *testing.T) providers.Ticket {
	t.Helper()
	ticket, err := s.desk.CreateTicket(t.Context(), s.newTicket(t))
	require.NoError(t, err)
	return ticket
}

// requireKind checks an error's kind and that it leaks nothing.
func (s *suite) requireKind(t *testing.T, kind providers.Kind, err error, private ...string) {
	t.Helper()
	require.ErrorIs(t, err, kind)
	s.requireClean(t, err, private...)
}

func (s *suite) requireClean(t *testing.T, err error, private ...string) {
	t.Helper()
	require.Error(t, err)
	for _, text := range append(private, s.Credential, s.Weak, "@example.test", "Żółć") {
		require.False(t, text != "" && strings.Contains(err.Error(), text), "an error holds what is private: %q in %q", text, err)
	}
}

// skipUnless leaves out a case that a vendor cannot have.
func skipUnless(t *testing.T, trait bool, name string) {
	t.Helper()
	if !trait {
		t.Skip("this desk does not: " + name)
	}
}

func timeout(t *testing.T, after time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), after)
	t.Cleanup(cancel)
	return ctx
}

// as returns an optional function; a desk without it skips the case.
func as[T any](t *testing.T, desk providers.Desk) T {
	t.Helper()
	function, err := providers.As[T](desk)
	if errors.Is(err, providers.Unsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	return function
}
