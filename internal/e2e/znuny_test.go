package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/workflows"
)

// znuny is the desk seen by its administrator, in XML that is written here.
type znuny struct{ url, passwords, password string }

// newZnuny returns nil where there is no real Znuny.
func newZnuny(t *testing.T) *znuny {
	t.Helper()
	url := os.Getenv("DESKBRIDGE_TEST_ZNUNY_URL")
	if url == "" {
		return nil
	}
	passwords := os.Getenv("DESKBRIDGE_TEST_ZNUNY_PASSWORDS")
	password, err := os.ReadFile(filepath.Join(passwords, "root"))
	require.NoError(t, err)
	return &znuny{url, passwords, strings.TrimSpace(string(password))}
}

func (z *znuny) orSkip(t *testing.T) *znuny {
	t.Helper()
	if z == nil {
		t.Skip("no real Znuny; `make e2e` starts one")
	}
	return z
}

// connections is the part of the configuration, with what is wrong in each but the first.
func (z *znuny) connections() string {
	if z == nil {
		return ""
	}
	return fmt.Sprintf(`
  znuny: &znuny
    desk: znuny
    level: full
    queue: Support
    settings: &znuny-settings
      url: %[1]s
      login: bridge
      password: file:%[2]s/bridge
      rpc_login: rpc
      rpc_password: file:%[2]s/rpc
      queues: [Support, Hardware]
    statuses: {new: waiting, open: waiting, closed successful: completed, closed unsuccessful: rejected}
    close_status: closed successful
    cancel_status: closed unsuccessful
    reopen_window: 1h
    poll: {fastest: 5s, slowest: 5s, sweep: 5s, overlap: 10s}
  znuny-password: {<<: *znuny, settings: {<<: *znuny-settings, password: "file:%[2]s/weak"}}
  znuny-namespace: {<<: *znuny, settings: {<<: *znuny-settings, namespace: "http://example.com/"}}
  znuny-field: {<<: *znuny, settings: {<<: *znuny-settings, key_field: NoSuchField}}
  znuny-role: {<<: *znuny, settings: {<<: *znuny-settings, login: weak, password: "file:%[2]s/weak"}}
  znuny-users: {<<: *znuny, settings: {<<: *znuny-settings, rpc_password: "file:%[2]s/weak"}}`, z.url, z.passwords)
}

func (z *znuny) call(t *testing.T, operation, content string) string {
	t.Helper()
	const namespace = "http://www.otrs.org/TicketConnector/"
	envelope := `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><t:` + operation + ` xmlns:t="` + namespace + `"><UserLogin>root@localhost</UserLogin><Password>` +
		z.password + `</Password>` + content + `</t:` + operation + `></e:Body></e:Envelope>`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, z.url+"/nph-genericinterface.pl/Webservice/Deskbridge", strings.NewReader(envelope))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "text/xml; charset=utf-8")
	request.Header.Set("SOAPAction", `"`+namespace+"#"+operation+`"`)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NotContains(t, string(answer), "<Error>")
	require.Equal(t, http.StatusOK, response.StatusCode)
	return string(answer)
}

// values are the texts of all elements of a name.
func values(answer, name string) []string {
	var found []string
	for _, match := range regexp.MustCompile("<"+name+">([^<]*)</"+name+">").FindAllStringSubmatch(answer, -1) {
		found = append(found, match[1])
	}
	return found
}

func (z *znuny) id(t *testing.T, number string) string {
	t.Helper()
	ids := values(z.call(t, "TicketSearch", "<TicketNumber>"+number+"</TicketNumber>"), "TicketID")
	require.Len(t, ids, 1)
	return ids[0]
}

func (z *znuny) withKey(t *testing.T, key string) int {
	t.Helper()
	return len(values(z.call(t, "TicketSearch", "<DynamicField><Name>ExternalID</Name><Equals>"+key+"</Equals></DynamicField>"), "TicketID"))
}

func (z *znuny) look(t *testing.T, number string) seen {
	t.Helper()
	answer := z.call(t, "TicketGet", "<TicketID>"+z.id(t, number)+"</TicketID><DynamicFields>1</DynamicFields><AllArticles>1</AllArticles><Attachments>1</Attachments>")
	key := regexp.MustCompile("<Name>ExternalID</Name><Value>([^<]*)</Value>").FindStringSubmatch(answer)
	require.NotNil(t, key)
	return seen{
		Queue: values(answer, "Queue")[0], Requester: values(answer, "CustomerUserID")[0], Key: key[1], Files: values(answer, "Filename"),
		Resolved: "closed successful",
	}
}

func (z *znuny) reply(t *testing.T, number, text string) {
	t.Helper()
	z.call(t, "TicketUpdate", "<TicketID>"+z.id(t, number)+"</TicketID><Article><CommunicationChannel>Internal</CommunicationChannel><IsVisibleForCustomer>1</IsVisibleForCustomer><SenderType>agent</SenderType><Subject>Reply</Subject><Body>"+
		text+"</Body><ContentType>text/plain; charset=utf-8</ContentType></Article>")
}

func (z *znuny) resolve(t *testing.T, number string) {
	t.Helper()
	z.call(t, "TicketUpdate", "<TicketID>"+z.id(t, number)+"</TicketID><Ticket><State>closed successful</State></Ticket>")
}

// merge is what an agent does in the browser: the GenericInterface has no such operation.
func (z *znuny) merge(t *testing.T, from, into string) {
	t.Helper()
	password, err := os.ReadFile(filepath.Join(z.passwords, "rpc"))
	require.NoError(t, err)
	arguments := []string{"rpc", strings.TrimSpace(string(password)), "TicketObject", "TicketMerge", "MainTicketID", z.id(t, into), "MergeTicketID", z.id(t, from), "UserID", "1"}
	envelope := `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><Dispatch xmlns="/Core"><a>` + strings.Join(arguments, "</a><a>") + `</a></Dispatch></e:Body></e:Envelope>`
	response, err := http.Post(z.url+"/rpc.pl", "text/xml; charset=utf-8", strings.NewReader(envelope)) //nolint:noctx // a test's own desk
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Contains(t, string(answer), ">1<")
}

func (s *stack) mergedAtZnuny(t *testing.T) {
	desk := s.znuny.orSkip(t)
	key, number := s.ticket(t, "znuny")
	_, into := s.ticket(t, "znuny")
	desk.merge(t, number, into)
	eventually(t, func() bool { return s.view(t, "znuny", key).Number == into }, "the wait moves to the target")
	require.Nil(t, s.view(t, "znuny", key).Outcome, "merged is no outcome, the target's is")
	desk.resolve(t, into)
	eventually(t, func() bool { return s.view(t, "znuny", key).Outcome != nil }, "the target's outcome is ours")
	require.Equal(t, workflows.OutcomeCompleted, s.view(t, "znuny", key).Outcome.Result)
}

func (s *stack) checkZnuny(t *testing.T) {
	s.znuny.orSkip(t)
	stdout := s.ok(t, nil, "connections", "check", "znuny")
	require.Contains(t, stdout, "level full, reaches full")
	for connection, want := range map[string]string{
		"znuny-password":  "refused login or password",
		"znuny-namespace": "set namespace to",
		"znuny-field":     "no such dynamic field",
		"znuny-role":      "may not create tickets there",
		"znuny-users":     "refuses rpc_login",
	} {
		stdout, stderr, code := s.run(t, "connections", "check", connection)
		require.NotZero(t, code, connection)
		require.Contains(t, stdout+stderr, want, connection)
	}
}
