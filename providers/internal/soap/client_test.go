package soap

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hooklift/gowsdl/soap"
	"github.com/stretchr/testify/require"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
)

// login and loginResponse have the shape of what gowsdl generates.
type login struct {
	XMLName xml.Name `xml:"urn:desk login"`
	User    string   `xml:"user"`
	Note    string   `xml:"note,omitempty"`
	Inner   *inner   `xml:"inner,omitempty"`
}

type inner struct {
	Deep string `xml:"deep"`
}

type loginResponse struct {
	XMLName xml.Name `xml:"urn:desk loginResponse"`
	Session string   `xml:"session"`
	Rows    []string `xml:"row"`
}

const answered = `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><loginResponse xmlns="urn:desk"><session>s1</session></loginResponse></soap:Body></soap:Envelope>`

type request struct {
	header http.Header
	body   string
	remote string
}

// serve starts a service that answers the same to every call and remembers what it was sent.
func serve(t *testing.T, options Options, status int, contentType, body string) (*Client, func() []request) {
	t.Helper()
	var mu sync.Mutex
	var seen []request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		mu.Lock()
		seen = append(seen, request{r.Header, string(content), r.RemoteAddr})
		mu.Unlock()
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	options.HTTP.Desk, options.HTTP.BaseURL = "test", server.URL
	return New(options), func() []request {
		mu.Lock()
		defer mu.Unlock()
		return seen
	}
}

func call(into *loginResponse) Call {
	return Call{Op: "log in", Path: "/service", Action: "urn:desk#login", Request: &login{User: "canary-user", Inner: &inner{Deep: "d & e\r\nf"}}, Response: into}
}

func TestChildrenHaveNoNamespaceWhereTheSchemaWantsNone(t *testing.T) {
	for unqualified, want := range map[bool]xml.Name{true: {Local: "user"}, false: {Space: "urn:other", Local: "user"}} {
		client, seen := serve(t, Options{Unqualified: unqualified}, 200, "text/xml", answered)
		c := call(&loginResponse{})
		c.Namespace = "urn:other"
		_, err := client.Read(t.Context(), c)
		require.NoError(t, err)
		var envelope struct {
			Body struct {
				Operation struct {
					XMLName  xml.Name
					Children []struct{ XMLName xml.Name } `xml:",any"`
					Deep     string                       `xml:"inner>deep"`
				} `xml:",any"`
			}
		}
		require.NoError(t, xml.Unmarshal([]byte(seen()[0].body), &envelope))
		require.Equal(t, xml.Name{Space: "urn:other", Local: "login"}, envelope.Body.Operation.XMLName)
		require.Equal(t, want, envelope.Body.Operation.Children[0].XMLName)
		require.Equal(t, "d & e\r\nf", envelope.Body.Operation.Deep, "a text arrives as it was given")
	}
}

func TestTheActionIsQuotedAndConnectionsAreKept(t *testing.T) {
	client, seen := serve(t, Options{}, 200, "text/xml", answered)
	for range 3 {
		var into loginResponse
		_, err := client.Read(t.Context(), call(&into))
		require.NoError(t, err)
		require.Equal(t, "s1", into.Session)
	}
	for _, request := range seen() {
		require.Equal(t, `"urn:desk#login"`, request.header.Get("SOAPAction"))
		require.Equal(t, "text/xml; charset=utf-8", request.header.Get("Content-Type"))
		require.Equal(t, seen()[0].remote, request.remote, "one connection serves all")
	}
	c := call(&loginResponse{})
	c.Action = ""
	_, err := client.Read(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, []string{`""`}, seen()[3].header["Soapaction"], "an empty action is sent as one")
}

func TestAnswersAreReadWhateverTheirNamespaceAndEncoding(t *testing.T) {
	latin1 := strings.ReplaceAll(`<?xml version="1.0" encoding="ISO-8859-1"?>`+answered, "s1", "Z\xfcrich")
	for name, answer := range map[string]struct{ contentType, body, want string }{
		"of another namespace":             {"text/xml", strings.ReplaceAll(answered, "urn:desk", "urn:elsewhere"), "s1"},
		"of none":                          {"text/xml", strings.ReplaceAll(answered, ` xmlns="urn:desk"`, ""), "s1"},
		"prefixed":                         {"text/xml", strings.NewReplacer("<loginResponse xmlns=", "<x:loginResponse xmlns:x=", "</loginResponse", "</x:loginResponse").Replace(answered), "s1"},
		"of SOAP 1.2":                      {"application/soap+xml", strings.ReplaceAll(answered, "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"), "s1"},
		"ISO-8859-1 declared":              {"text/xml", latin1, "Zürich"},
		"ISO-8859-1 but UTF-8 by its type": {"text/xml; charset=utf-8", latin1, "Zürich"},
		"UTF-8 by its type but ISO-8859-1 declared": {"text/xml; charset=utf-8", strings.ReplaceAll(latin1, "\xfc", "ü"), "Zürich"},
		"ISO-8859-1 by its type":                    {"text/xml; charset=iso-8859-1", strings.ReplaceAll(answered, "s1", "Z\xfcrich"), "Zürich"},
		"as text":                                   {"text/plain", answered, "s1"},
	} {
		client, _ := serve(t, Options{}, 200, answer.contentType, answer.body)
		var into loginResponse
		_, err := client.Read(t.Context(), call(&into))
		require.NoError(t, err, name)
		require.Equal(t, answer.want, into.Session, name)
	}
}

func TestAFaultIsReadWhereverItIs(t *testing.T) {
	fault := func(space, code string) string {
		return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><f:Fault xmlns:f="` + space + `"><faultcode>` + code +
			`</faultcode><faultstring>canary-text</faultstring><detail><e>taken</e></detail></f:Fault></s:Body></s:Envelope>`
	}
	const envelope = "http://schemas.xmlsoap.org/soap/envelope/"
	soap12 := `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text>x</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>`
	for name, c := range map[string]struct {
		status            int
		contentType, body string
		reading, writing  providers.Kind
	}{
		"in 500":                   {500, "text/xml", fault(envelope, "s:Client"), providers.Invalid, providers.Invalid},
		"in 200":                   {200, "text/xml", fault(envelope, "s:Client.Bad"), providers.Invalid, providers.Invalid},
		"of the server":            {500, "text/xml", fault(envelope, "s:Server"), providers.Unavailable, providers.UnknownOutcome},
		"of the server in 200":     {200, "text/xml", fault(envelope, "Server"), providers.Unavailable, providers.UnknownOutcome},
		"of a foreign namespace":   {500, "text/plain", fault("urn:desk", "Client"), providers.Invalid, providers.Invalid},
		"as HTML":                  {500, "text/html", fault("urn:desk", "Client"), providers.Invalid, providers.Invalid},
		"of SOAP 1.2":              {500, "application/soap+xml", soap12, providers.Invalid, providers.Invalid},
		"of WS-Security":           {500, "text/xml", fault(envelope, "wsse:FailedAuthentication"), providers.Unauthenticated, providers.Unauthenticated},
		"with a header unknown":    {500, "text/xml", fault(envelope, "s:MustUnderstand"), providers.Misconfigured, providers.Misconfigured},
		"beside a status":          {401, "text/xml", fault(envelope, "s:Client"), providers.Unauthenticated, providers.Unauthenticated},
		"that is none: a page":     {500, "text/html", "<html>canary</html>", providers.Unavailable, providers.UnknownOutcome},
		"that the desk classifies": {200, "text/xml", strings.ReplaceAll(fault(envelope, "s:Server"), "canary-text", "in use"), providers.Conflict, providers.Conflict},
	} {
		client, _ := serve(t, Options{Classify: func(fault Fault) (providers.Kind, error) {
			if fault.Text == "in use" && fault.Detail == "taken" {
				return providers.Conflict, errors.New("the name is taken")
			}
			return "", nil
		}}, c.status, c.contentType, c.body)
		_, err := client.Read(t.Context(), call(&loginResponse{}))
		require.ErrorIs(t, err, c.reading, name)
		require.NotContains(t, err.Error(), "canary", name)
		_, err = client.Write(t.Context(), call(&loginResponse{}))
		require.ErrorIs(t, err, c.writing, name)
	}
}

func TestAnAnswerThatIsNoneIsMalformedAndNothingIsFetchedFromIt(t *testing.T) {
	outside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("an entity was fetched") }))
	t.Cleanup(outside.Close)
	for name, body := range map[string]string{
		"a page":             "<html>maintenance</html>",
		"nothing":            "",
		"JSON":               `{"a":1}`,
		"another operation":  strings.ReplaceAll(answered, "loginResponse", "logoutResponse"),
		"cut off":            answered[:len(answered)-20],
		"a document type":    `<!DOCTYPE a [<!ENTITY x SYSTEM "` + outside.URL + `">]>` + strings.ReplaceAll(answered, "s1", "&x;"),
		"an unknown entity":  strings.ReplaceAll(answered, "s1", "&nbsp;"),
		"nested without end": `<Envelope><Body>` + strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100) + `</Body></Envelope>`,
		"two operations":     strings.Replace(answered, "</soap:Body>", "<more/></soap:Body>", 1),
	} {
		client, _ := serve(t, Options{}, 200, "text/xml", body)
		_, err := client.Read(t.Context(), call(&loginResponse{}))
		require.ErrorIs(t, err, providers.Malformed, name)
		_, err = client.Write(t.Context(), call(&loginResponse{}))
		require.ErrorIs(t, err, providers.UnknownOutcome, name)
	}
	client, _ := serve(t, Options{HTTP: rest.Options{MaxAnswer: 1000}}, 200, "text/xml", strings.ReplaceAll(answered, "s1", strings.Repeat("x", 2000)))
	_, err := client.Read(t.Context(), call(&loginResponse{}))
	require.ErrorIs(t, err, providers.TooLarge)
}

// authentication is a header of a vendor; gowsdl calls one without an XMLName <Headers>.
type authentication struct {
	XMLName  xml.Name `xml:"urn:desk AuthenticationInfo"`
	UserName string   `xml:"userName"`
}

func TestHeadersOfVendorsAndOfWSSecurity(t *testing.T) {
	client, seen := serve(t, Options{Unqualified: true, Headers: func() ([]any, error) {
		return []any{authentication{UserName: "u"}, soap.NewWSSSecurityHeader("u", "p", "t1", "1")}, nil
	}}, 200, "text/xml", answered)
	_, err := client.Read(t.Context(), call(&loginResponse{}))
	require.NoError(t, err)
	var envelope struct {
		Header struct {
			Authentication struct {
				UserName string `xml:"urn:desk userName"`
			} `xml:"urn:desk AuthenticationInfo"`
			Any []struct {
				XMLName xml.Name
				Inner   string `xml:",innerxml"`
			} `xml:",any"`
		}
	}
	require.NoError(t, xml.Unmarshal([]byte(seen()[0].body), &envelope))
	require.Equal(t, "u", envelope.Header.Authentication.UserName)
	require.Len(t, envelope.Header.Any, 1)
	require.Equal(t, "Security", envelope.Header.Any[0].XMLName.Local)
	require.Contains(t, envelope.Header.Any[0].Inner, "Username")
	failing, seen := serve(t, Options{Headers: func() ([]any, error) { return nil, providers.Misconfigured }}, 200, "text/xml", answered)
	_, err = failing.Write(t.Context(), call(&loginResponse{}))
	require.ErrorIs(t, err, providers.Misconfigured)
	require.Empty(t, seen(), "nothing is sent without credentials")
}

// gowsdl marks every field omitempty, which cannot send an empty text; internal/gen takes the
// mark from the fields that the WSDL requires.
func TestARequiredTextIsSentWhenItIsEmpty(t *testing.T) {
	client, seen := serve(t, Options{}, 200, "text/xml", answered)
	_, err := client.Read(t.Context(), Call{Op: "log in", Request: &login{}, Response: &loginResponse{}})
	require.NoError(t, err)
	require.Contains(t, seen()[0].body, "<user></user>")
	require.NotContains(t, seen()[0].body, "note")
}

func TestOneRowIsAListToo(t *testing.T) {
	client, _ := serve(t, Options{}, 200, "text/xml", strings.ReplaceAll(answered, "</session>", "</session><row>1</row>"))
	var into loginResponse
	_, err := client.Read(t.Context(), call(&into))
	require.NoError(t, err)
	require.Equal(t, []string{"1"}, into.Rows)
}

func FuzzIncomingNeverPanics(f *testing.F) {
	f.Add([]byte(answered), "text/xml")
	f.Add([]byte("<a"), "text/xml; charset=utf-16")
	f.Fuzz(func(t *testing.T, raw []byte, contentType string) {
		document, _, err := incoming(raw, contentType, "urn:desk")
		require.Equal(t, err != nil, document == nil)
	})
}
