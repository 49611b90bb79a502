package znuny

import (
	"encoding/xml"
	"errors"
	"io"
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
)

// recorded is what a real Znuny 6.5.1 answered, see testdata/recorded.
func recorded(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile("testdata/recorded/" + name + ".xml")
	require.NoError(t, err)
	return string(content)
}

// replay serves recorded answers, by operation.
func replay(t *testing.T, status int, answers map[string]string) *Desk {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action := strings.Trim(r.Header.Get("SOAPAction"), `"`)
		w.Header().Set("Content-Type", map[int]string{200: "text/xml; charset=UTF-8", 500: "text/plain; charset=UTF-8"}[status])
		w.WriteHeader(status)
		_, _ = io.WriteString(w, recorded(t, answers[action[strings.LastIndex(action, "#")+1:]]))
	}))
	t.Cleanup(server.Close)
	desk, err := New(config(t, server.URL, simulated, simulated.bridge, 10))
	require.NoError(t, err)
	return desk
}

func TestRecordedAnswersOfTheRealDeskAreRead(t *testing.T) {
	desk := replay(t, http.StatusOK, map[string]string{"TicketGet": "TicketGet", "TicketHistoryGet": "TicketHistoryGet", "Dispatch": "rpc.CustomerUserDataGet"})
	ticket, err := desk.FetchTicket(t.Context(), "2")
	require.NoError(t, err)
	require.Equal(t, providers.Ticket{
		ID: "2", Number: "2026112310000011", Key: "ext-t-1", Subject: "Cannot log in żółć", Status: "new", Queue: "Support",
		RequesterIDs: []string{"anna@example.test"}, CreatedAt: time.Date(2026, 11, 23, 11, 35, 10, 0, time.UTC),
		UpdatedAt: time.Date(2026, 11, 23, 11, 35, 11, 0, time.UTC), URL: desk.config.URL + "/index.pl?Action=AgentTicketZoom;TicketID=2",
	}, ticket)
	require.Equal(t, "Anna Nowak", author(`"Anna Nowak" <anna@example.test>`))
	require.Equal(t, "bridge Account", author("bridge Account"))
	users, err := desk.FindUsers(t.Context(), providers.UserQuery{By: providers.ByLogin, Value: "KAROL@example.test"})
	require.NoError(t, err)
	require.Equal(t, []providers.User{{ID: "karol@example.test", Login: "karol@example.test", Email: "karol@example.test", DisplayName: "Karol Żak", Active: true}}, users)

	merged := replay(t, http.StatusOK, map[string]string{"TicketGet": "TicketGet.merged", "TicketHistoryGet": "TicketHistoryGet"})
	_, err = merged.FetchTicket(t.Context(), "3")
	require.ErrorIs(t, err, providers.NotFound, "that history names no target")

	for answer, kind := range map[string]providers.Kind{"TicketGet.AuthFail": providers.Unauthenticated, "TicketGet.AccessDenied": providers.NotFound} {
		_, err := replay(t, http.StatusOK, map[string]string{"TicketGet": answer}).FetchTicket(t.Context(), "2")
		require.ErrorIs(t, err, kind)
	}
	for answer, cure := range map[string]string{"fault.namespace": "set namespace to", "fault.operation": "import webservice.yml"} {
		_, err := replay(t, http.StatusInternalServerError, map[string]string{"TicketGet": answer}).FetchTicket(t.Context(), "2")
		require.ErrorIs(t, err, providers.Misconfigured)
		require.ErrorContains(t, err, cure)
	}
	_, err = replay(t, http.StatusOK, map[string]string{"Dispatch": "rpc.nothing"}).FindUsers(t.Context(), providers.UserQuery{By: providers.ByLogin, Value: "x"})
	require.ErrorIs(t, err, providers.Unauthenticated, "a call that must answer did not")
}

// The shipped WSDL does not even know IsVisibleForCustomer: where it is missing, or is anything
// but 1, an article is internal.
func TestAnArticleThatIsNotSurelyPublicIsInternal(t *testing.T) {
	for _, flag := range []string{"", "<IsVisibleForCustomer />", "<IsVisibleForCustomer>0</IsVisibleForCustomer>", "<IsVisibleForCustomer>true</IsVisibleForCustomer>"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/xml")
			answer := strings.Replace(recorded(t, "TicketGet"), "<IsVisibleForCustomer>1</IsVisibleForCustomer>", flag, 1)
			_, _ = io.WriteString(w, strings.Replace(answer, "<ArchiveFlag>", "<Article><ArticleID>1</ArticleID></Article><ArchiveFlag>", 1))
		}))
		t.Cleanup(server.Close)
		desk, err := New(config(t, server.URL, simulated, simulated.bridge, 10))
		require.NoError(t, err)
		notes, err := desk.FetchNotes(t.Context(), providers.NotesQuery{TicketID: "2"})
		require.NoError(t, err)
		require.Empty(t, notes.Notes, flag)
		require.Equal(t, 2, notes.Withheld)
	}
}

// paths lists the elements of a document by their place.
func paths(t *testing.T, document string) []string {
	t.Helper()
	var found, here []string
	decoder := xml.NewDecoder(strings.NewReader(document))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			here = append(here, token.Name.Space+" "+token.Name.Local)
			found = append(found, strings.Join(here, "/"))
		case xml.EndElement:
			here = here[:len(here)-1]
		}
	}
}

// What the simulated desk writes, element by element and namespace by namespace, the real one
// writes too, so that a desk that understands the one understands the other.
func TestTheSimulatedDeskWritesNothingThatTheRealOneDoesNot(t *testing.T) {
	server := simulate(t, desksim.Options{}, simulated)
	worker := agent{server.URL, simulated}
	const create = `<Ticket><Title>t</Title><Queue>Support</Queue><State>new</State><Priority>3 normal</Priority><CustomerUser>x@example.test</CustomerUser></Ticket><Article><IsVisibleForCustomer>1</IsVisibleForCustomer><Subject>s</Subject><Body>b</Body></Article><Attachment><Content>eA==</Content><ContentType>text/plain</ContentType><Filename>a.txt</Filename></Attachment>`
	const id = "<TicketID>1</TicketID>"
	for _, c := range []struct{ operation, content string }{
		{"TicketCreate", create},
		{"TicketUpdate", id + "<Article><IsVisibleForCustomer>1</IsVisibleForCustomer><Subject>s</Subject><Body>b</Body></Article>"},
		{"TicketGet", id + "<AllArticles>1</AllArticles><Attachments>1</Attachments><DynamicFields>1</DynamicFields>"},
		{"TicketSearch", id},
		{"TicketHistoryGet", id},
	} {
		var real []string
		for _, path := range paths(t, recorded(t, c.operation)) {
			real = append(real, strings.TrimPrefix(path, "http://schemas.xmlsoap.org/soap/envelope/ Envelope/http://schemas.xmlsoap.org/soap/envelope/ Body/"))
		}
		answered := worker.operation(t, c.operation, c.content)
		for _, path := range paths(t, answered) {
			require.True(t, slices.Contains(real, path), "%s: the real desk does not write %s", c.operation, path)
		}
	}
}
