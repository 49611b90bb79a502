package znuny

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/desksim"
	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestSimulatedDeskConforms(t *testing.T) {
	accounts := accounts{root: "pass-root", bridge: "pass-bridge", weak: "pass-weak", rpc: "pass-rpc"}
	providertest.Run(t, harness(simulate(t, desksim.Options{}, accounts).URL, accounts))
}

// simulate serves a simulated desk under /otrs.
func simulate(t *testing.T, options desksim.Options, accounts accounts) *httptest.Server {
	t.Helper()
	options.Vendor = desksim.Znuny
	options.Accounts = []desksim.Account{
		{Login: "root@localhost", Token: accounts.root, Rights: true}, {Login: "bridge", Token: accounts.bridge, Rights: true},
		{Login: "weak", Token: accounts.weak}, {Login: "rpc", Token: accounts.rpc},
	}
	if options.Queues == nil {
		options.Queues = map[string][]string{"Support": {"ExternalID", "CostCentre"}}
	}
	desk, err := desksim.New(options)
	require.NoError(t, err)
	server := httptest.NewServer(desk.Handler("http://desk.test"))
	t.Cleanup(server.Close)
	return server
}

// TestRealDeskConforms runs on the server that `make desks` starts.
func TestRealDeskConforms(t *testing.T) {
	url := os.Getenv("DESKBRIDGE_TEST_ZNUNY_URL")
	if url == "" {
		t.Skip("no real Znuny; `make desks` starts one")
	}
	password := func(name string) string {
		content, err := os.ReadFile(os.Getenv("DESKBRIDGE_TEST_ZNUNY_PASSWORDS") + "/" + name)
		require.NoError(t, err)
		return strings.TrimSpace(string(content))
	}
	providertest.Run(t, harness(url, accounts{
		root: password("root"), bridge: password("bridge"), weak: password("weak"), rpc: password("rpc"),
	}))
}

// accounts are the passwords of root@localhost, bridge, weak and rpc.pl.
type accounts struct{ root, bridge, weak, rpc string }

func (a accounts) login(password string) string {
	if password == a.weak {
		return "weak"
	}
	return "bridge"
}

func harness(url string, accounts accounts) providertest.Harness {
	return providertest.Harness{
		URL: url, Credential: accounts.bridge, Weak: accounts.weak, Agent: agent{url, accounts},
		Queue: "Support", Reopened: "open", Done: "closed successful", Unknown: "nonsense",
		SomeID: "1", MissingID: "99999999", MissingUserID: "nobody-99999999", Attribute: "UserCity",
		Traits: providertest.Traits{
			Identities: []providers.Identity{providers.ByLogin, providers.ByEmail}, Merges: true, NoteFiles: true, OrdersNotes: true,
		},
		IsCreate: calls("TicketCreate", ""), IsNote: calls("TicketUpdate", "<IsVisibleForCustomer>1<"), IsUpload: calls("TicketUpdate", "<Attachment>"),
		New: func(t *testing.T, url, credential string, pageSize int) providers.Desk {
			desk, err := New(config(t, url, accounts, credential, pageSize))
			require.NoError(t, err)
			return desk
		},
	}
}

func config(t *testing.T, url string, accounts accounts, credential string, pageSize int) Config {
	return Config{
		URL: url, Login: accounts.login(credential), Password: providertest.Secret(t, credential), RPCLogin: "rpc", RPCPassword: providertest.Secret(t, accounts.rpc),
		Queues: []string{"Support"}, PageSize: pageSize,
	}
}

// calls recognises an operation by its SOAPAction and a part of its body.
func calls(operation, part string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return strings.HasSuffix(r.Header.Get("SOAPAction"), "#"+operation+`"`) && providertest.BodyHas(r, part)
	}
}

// agent works at the desk as its administrator, by XML that is written here.
type agent struct {
	url      string
	accounts accounts
}

var soapBody = regexp.MustCompile(`(?s)<soap:Body>(.*)</soap:Body>`)

func (a agent) post(t *testing.T, path, action, body string) string {
	t.Helper()
	envelope := `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:tic="` + stockNamespace + `"><soapenv:Body>` + body + `</soapenv:Body></soapenv:Envelope>`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url+path, strings.NewReader(envelope))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "text/xml; charset=utf-8")
	request.Header.Set("SOAPAction", `"`+action+`"`)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	found := soapBody.FindSubmatch(content)
	require.NotNil(t, found, "%s", content)
	require.NotContains(t, string(found[1]), "<Error>")
	require.Equal(t, http.StatusOK, response.StatusCode, "%s", content)
	return string(found[1])
}

func (a agent) operation(t *testing.T, name, content string) string {
	t.Helper()
	return a.post(t, "/nph-genericinterface.pl/Webservice/Deskbridge", stockNamespace+"#"+name,
		"<tic:"+name+"><UserLogin>root@localhost</UserLogin><Password>"+a.accounts.root+"</Password>"+content+"</tic:"+name+">")
}

func (a agent) rpc(t *testing.T, arguments ...string) {
	t.Helper()
	body := `<Dispatch xmlns="/Core"><a>rpc</a><a>` + a.accounts.rpc + `</a>`
	for _, argument := range arguments {
		body += "<a>" + argument + "</a>"
	}
	answer := a.post(t, "/rpc.pl", "/Core#Dispatch", body+"</Dispatch>")
	require.NotContains(t, answer, `nil="true"`, arguments)
}

func (a agent) SetStatus(t *testing.T, ticketID, status string) {
	t.Helper()
	a.operation(t, "TicketUpdate", "<TicketID>"+ticketID+"</TicketID><Ticket><State>"+status+"</State></Ticket>")
}

func (a agent) Reply(t *testing.T, ticketID, html, fileName string) {
	t.Helper()
	a.write(t, ticketID, "1", "text/html", html, fileName)
}

func (a agent) Comment(t *testing.T, ticketID, text, fileName string) {
	t.Helper()
	a.write(t, ticketID, "0", "text/plain", text, fileName)
}

func (a agent) write(t *testing.T, ticketID, visible, contentType, content, fileName string) {
	t.Helper()
	var escaped bytes.Buffer
	require.NoError(t, xml.EscapeText(&escaped, []byte(content)))
	file := ""
	if fileName != "" {
		file = "<Attachment><Content>" + base64.StdEncoding.EncodeToString([]byte("content of "+fileName)) + "</Content><ContentType>text/plain</ContentType><Filename>" + fileName + "</Filename></Attachment>"
	}
	a.operation(t, "TicketUpdate", "<TicketID>"+ticketID+"</TicketID><Article><CommunicationChannel>Internal</CommunicationChannel><IsVisibleForCustomer>"+visible+
		"</IsVisibleForCustomer><SenderType>agent</SenderType><Subject>Reply</Subject><Body>"+escaped.String()+"</Body><ContentType>"+contentType+"; charset=utf-8</ContentType></Article>"+file)
}

func (a agent) Merge(t *testing.T, from, into string) {
	t.Helper()
	a.rpc(t, "TicketObject", "TicketMerge", "MainTicketID", into, "MergeTicketID", from, "UserID", "1")
}

func (a agent) Delete(t *testing.T, ticketID string) {
	t.Helper()
	a.rpc(t, "TicketObject", "TicketDelete", "TicketID", ticketID, "UserID", "1")
}

func (a agent) Requesters(t *testing.T, ticketID string) []string {
	t.Helper()
	answer := a.operation(t, "TicketGet", "<TicketID>"+ticketID+"</TicketID>")
	return []string{regexp.MustCompile("<CustomerUserID>(.*)</CustomerUserID>").FindStringSubmatch(answer)[1]}
}

func (a agent) Files(t *testing.T, ticketID string) []string {
	t.Helper()
	answer := a.operation(t, "TicketGet", "<TicketID>"+ticketID+"</TicketID><AllArticles>1</AllArticles><Attachments>1</Attachments>")
	names := []string{}
	for _, match := range regexp.MustCompile("<Filename>(.*?)</Filename>").FindAllStringSubmatch(answer, -1) {
		names = append(names, strings.ReplaceAll(match[1], "&quot;", `"`))
	}
	slices.Sort(names)
	return names
}

// testdata/vendor.wsdl is the document that Znuny ships, mended where no validator takes it or
// where the real server says otherwise (see ticketconnector.wsdl).
func TestRequestsAreValidByTheVendorsSchema(t *testing.T) {
	schemas := providertest.NewSchemas(t, "testdata/vendor.wsdl")
	accounts := accounts{root: "pass-root", bridge: "pass-bridge", weak: "pass-weak", rpc: "pass-rpc"}
	inner := simulate(t, desksim.Options{}, accounts)
	server := httptest.NewServer(schemas.Requests(inner.Config.Handler))
	t.Cleanup(server.Close)
	providertest.Run(t, harness(server.URL, accounts))
	schemas.Check(t, "TicketCreate", "TicketUpdate", "TicketGet", "TicketSearch", "TicketHistoryGet")
}
