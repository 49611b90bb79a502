// Package contracts holds what desks and simulators said to each other over HTTP against the
// vendors' OpenAPI documents, in strict mode: undeclared query parameters and properties are
// errors too. It is a module of its own, for the validator is heavy. The exchanges are those of
// the conformance suite, which records them where DESKBRIDGE_RECORD says; see `make contracts`.
package contracts

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// document is a vendor's, and the part of the exchanges that it describes.
type document struct {
	name, desk string
	// run begins the names of the exchanges, where not all of the desk's are described.
	run string
	// paths begin those that the document describes.
	paths []string
	// vague: the document does not say what bodies hold, so that no property is declared.
	vague bool
	// beyond is what the vendor's pages say and the document lacks, or has wrong.
	beyond []exemption
	// least is how many exchanges the suite makes at least.
	least int
}

// exemption leaves out problems of paths that begin so and whose text holds this.
type exemption struct{ path, problem string }

var documents = []document{
	// The Quebec release's, from the Ballerina connector; it has no Attachment API.
	{name: "servicenow.json", desk: "servicenow", paths: []string{"/api/now/table/"}, vague: true, least: 500},
	{name: "freshservice.yml", desk: "freshservice", paths: []string{"/api/v2/tickets", "/api/v2/requesters", "/api/v2/agents"}, least: 400, beyond: []exemption{
		{"/api/v2/tickets/filter", ""}, {"/api/v2/requesters/", "/reactivate' not found"}, // api.freshservice.com has them
		{"/api/v2/tickets", "missing property 'email'"}, // requester_id does as well
		{"/api/v2/tickets/", "'$.query.page'"}, {"/api/v2/tickets/", "'$.query.per_page'"}, {"/api/v2/tickets/", "multipart/form-data"},
		{"/api/v2/requesters", "external_id'"}, {"/api/v2/tickets", ".attachments'"}, // in recorded answers
		{"/api/v2/tickets", ".deleted'"}, {"/api/v2/tickets", ".spam'"}, {"/api/v2/tickets", ".custom_fields."},
	}},
	{name: "jira-platform.json", desk: "jira", run: "cloud", paths: []string{"/rest/api/2/"}, least: 250, beyond: []exemption{
		{"/rest/api/2/project/", "/statuses' not found"},                      // left out of the reduced copy
		{"/rest/api/2/", ".fields."},                                          // every issue has its own
		{"/rest/api/2/issue/", "204 operation response content type '' does"}, // the document gives nothing a type
	}},
	{name: "jsm.json", desk: "jira", run: "cloud", paths: []string{"/rest/servicedeskapi/"}, least: 300, beyond: []exemption{
		{"/rest/servicedeskapi/request", "'$.body.requestFieldValues."}, // every request type has its own
		// it says octet-stream for what takes a form, as the description of the endpoint has it
		{"/rest/servicedeskapi/servicedesk/7/attachTemporaryFile", "multipart/form-data"}, {"/rest/servicedeskapi/servicedesk/7/attachTemporaryFile", "'X-Atlassian-Token'"},
	}},
	{name: "topdesk-incident.json", desk: "topdesk", paths: []string{"/tas/api/incidents"}, least: 250},
	{name: "topdesk-supporting.json", desk: "topdesk", paths: []string{"/tas/api/persons", "/tas/api/operatorgroups", "/tas/api/branches"}, least: 200, beyond: []exemption{
		{"/tas/api/persons/id/", "request property 'id'"}, // the reason; the document says object and no more
	}},
	{name: "topdesk-general.json", desk: "topdesk", paths: []string{"/tas/api/productVersion", "/tas/api/archiving-reasons"}, least: 2},
	{name: "zendesk.json", desk: "zendesk", paths: []string{"/api/v2/"}, least: 500, beyond: []exemption{
		// developer.zendesk.com: paging by cursor and by offset, of every list
		{"/api/v2/", "'page[size]'"}, {"/api/v2/", "'page[after]'"}, {"/api/v2/", "'$.body.meta'"}, {"/api/v2/", "'$.body.links'"},
		{"/api/v2/", "'$.body.count'"}, {"/api/v2/", "'$.body.next_page'"}, {"/api/v2/", "'$.body.previous_page'"},
		{"/api/v2/incremental/", "'per_page'"}, {"/api/v2/incremental/", "'start_time' is missing"}, // not with a cursor
		{"/api/v2/tickets", "'Idempotency-Key'"}, {"/api/v2/users", ".user_fields"}, {"/api/v2/users", "].user_fields."},
		{"/api/v2/incremental/", "].status: value must be one of"}, // deleted, by the endpoint's description
		{"/api/v2/uploads", "'filename'"},                          // by the endpoint's description
		// UserInput lacks what UserForAdmin has
		{"/api/v2/users/", "'$.body.user.external_id'"}, {"/api/v2/users/", "'$.body.user.notes'"}, {"/api/v2/users/", "'$.body.user.suspended'"},
		{"/api/v2/users/me", "'$.body.user."}, // the validator does not look into anyOf within allOf
	}},
}

// load makes a strict validator. Of a vague document it is strict about query parameters only.
func load(t *testing.T, d document) validator.Validator {
	t.Helper()
	content, err := os.ReadFile("testdata/" + d.name)
	require.NoError(t, err)
	parsed, err := libopenapi.NewDocument(content)
	require.NoError(t, err)
	options := []config.Option{config.WithStrictMode(), config.WithoutSecurityValidation()}
	if d.vague {
		options = append(options, config.WithStrictIgnorePaths("$.body.**"))
	}
	v, problems := validator.NewValidator(parsed, options...)
	require.Empty(t, problems)
	return v
}

// recorded is the folder of what was said.
func recorded(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("DESKBRIDGE_RECORD")
	if folder == "" {
		t.Skip("nothing was recorded; run `make contracts`")
	}
	return folder
}

// requests are the recorded ones that a document may describe.
func requests(t *testing.T, folder string, d document) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, d.desk, d.run+"*.request"))
	require.NoError(t, err)
	return files
}

func read(t *testing.T, file string) (request, answer []byte) {
	t.Helper()
	request, err := os.ReadFile(file)
	require.NoError(t, err)
	answer, err = os.ReadFile(strings.TrimSuffix(file, ".request") + ".answer")
	require.NoError(t, err)
	return request, answer
}

func TestWhatWasSaidIsValidByTheVendorsDocuments(t *testing.T) {
	folder := recorded(t)
	for _, d := range documents {
		t.Run(d.name, func(t *testing.T) {
			v := load(t, d)
			checked, seen := 0, map[string]bool{}
			for _, file := range requests(t, folder, d) {
				content, answer := read(t, file)
				if problems, described := check(t, v, d, content, answer); described {
					checked++
					for _, problem := range problems { // each once, with an exchange where it is
						if !seen[problem] {
							seen[problem] = true
							assert.Fail(t, problem, "%.600s\n%.1200s", content, answer)
						}
					}
				}
			}
			require.GreaterOrEqual(t, checked, d.least, "the suite recorded too little")
			t.Logf("%d exchanges are valid", checked)
		})
	}
}

// check returns what is wrong with a request, and with its answer if that is no error.
func check(t *testing.T, v validator.Validator, d document, content, answer []byte) (problems []string, described bool) {
	t.Helper()
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(content)))
	require.NoError(t, err)
	for _, path := range d.paths {
		described = described || strings.HasPrefix(request.URL.Path, path)
	}
	if !described {
		return nil, false
	}
	request.URL.Scheme, request.URL.Host = "http", request.Host
	var found []*errors.ValidationError
	if answer == nil {
		_, found = v.ValidateHttpRequest(request)
		return d.texts(request, found), true
	}
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusBadRequest { // what the desk refuses may be invalid
		_, found = v.ValidateHttpRequest(request)
	}
	if response.StatusCode < 300 {
		_, more := v.ValidateHttpResponse(request, response)
		found = append(found, more...)
	}
	return d.texts(request, found), true
}

// texts writes problems that are not exempt.
func (d document) texts(request *http.Request, found []*errors.ValidationError) (problems []string) {
	for _, problem := range found {
		text, _, _ := strings.Cut(fmt.Sprint(problem.Message, ": ", problem.Reason), " Declared ") // in no given order
		for _, more := range problem.SchemaValidationErrors {
			text += fmt.Sprint("; ", more.FieldPath, ": ", more.Reason)
		}
		if !d.exempt(request.URL.Path, text) {
			problems = append(problems, text)
		}
	}
	return problems
}

func (d document) exempt(path, problem string) bool {
	return slices.ContainsFunc(d.beyond, func(e exemption) bool { return strings.HasPrefix(path, e.path) && strings.Contains(problem, e.problem) })
}

// The validator itself has to find what a mistake in a desk would be: first, in what was
// recorded of every desk, then the mistakes that a desk could really have.
func TestAMistakePlantedIntoWhatWasSaidIsFound(t *testing.T) {
	folder := recorded(t)
	for _, d := range documents {
		t.Run(d.name, func(t *testing.T) {
			v := load(t, d)
			inQuery, inAnswer := 0, 0
			for _, file := range requests(t, folder, d) {
				content, answer := read(t, file)
				if problems, described := check(t, v, d, content, answer); !described || len(problems) > 0 || !bytes.HasPrefix(content, []byte("GET ")) {
					continue
				}
				line, _, _ := bytes.Cut(content, []byte(" HTTP/1.1\r\n"))
				separator := "?"
				if bytes.Contains(line, []byte("?")) {
					separator = "&"
				}
				problems, _ := check(t, v, d, bytes.Replace(content, line, append(line[:len(line):len(line)], separator+"planted=1"...), 1), answer)
				inQuery += min(len(problems), 1)
				planted := bytes.Replace(answer, []byte("\r\n\r\n{\""), []byte("\r\n\r\n{\"planted\":1,\""), 1)
				planted = bytes.Replace(planted, []byte("\r\n\r\n[{\""), []byte("\r\n\r\n[{\"planted\":1,\""), 1)
				problems, _ = check(t, v, d, content, contentLength.ReplaceAll(planted, nil))
				inAnswer += min(len(problems), 1)
				if inQuery > 0 && (inAnswer > 0 || d.vague) {
					return
				}
			}
			require.Fail(t, "a planted mistake was not found", "in queries: %d, in answers: %d", inQuery, inAnswer)
		})
	}
}

var contentLength = regexp.MustCompile(`Content-Length: [0-9]+\r\n`)

func TestAPlantedMistakeIsFound(t *testing.T) {
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n" }
	send := func(method, path, body string) string {
		return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, path, len(body), body)
	}
	for _, c := range []struct{ document, good, bad string }{
		{"freshservice.yml", get("/api/v2/tickets?updated_since=2026-11-23T12:00:00Z"), get("/api/v2/tickets?updated_after=2026-11-23T12:00:00Z")},
		{"freshservice.yml", send("PUT", "/api/v2/tickets/1", `{"status":2}`), send("PUT", "/api/v2/tickets/1", `{"status":"Open"}`)},
		{"jira-platform.json", get("/rest/api/2/search/jql?jql=x"), get("/rest/api/2/search/jql?jql=x&startAt=1")},
		{"jira-platform.json", get("/rest/api/2/user/search?maxResults=3"), get("/rest/api/2/user/search?maxResults=three")},
		{"jsm.json", send("POST", "/rest/servicedeskapi/request", `{"serviceDeskId":"1"}`), send("POST", "/rest/servicedeskapi/request", `{"serviceDeskId":1}`)},
		{"jsm.json", send("POST", "/rest/servicedeskapi/customer", `{"email":"x"}`), send("POST", "/rest/servicedeskapi/customer", `{"mail":"x"}`)},
		{"servicenow.json", get("/api/now/table/task?sysparm_query=a%3Db"), get("/api/now/table/task?sysparm_querry=a%3Db")},
		{"servicenow.json", get("/api/now/table/task?sysparm_limit=3"), get("/api/now/table/task?sysparm_limit=some")},
		{"topdesk-incident.json", get("/tas/api/incidents?pageSize=10"), get("/tas/api/incidents?page_size=10")},
		{"topdesk-incident.json", get("/tas/api/incidents?dateFormat=iso8601"), get("/tas/api/incidents?dateFormat=iso")},
		{"topdesk-supporting.json", get("/tas/api/operatorgroups/lookup?name=x"), get("/tas/api/operatorgroups/lookup?names=x")},
		{"zendesk.json", get("/api/v2/tickets?external_id=1"), get("/api/v2/tickets?externalid=1")},
		{"zendesk.json", send("PUT", "/api/v2/tickets/1", `{"ticket":{"status":"open"}}`), send("PUT", "/api/v2/tickets/1", `{"ticket":{"statuss":"open"}}`)},
		{"zendesk.json", send("PUT", "/api/v2/tickets/1", `{"ticket":{"status":"open"}}`), send("PUT", "/api/v2/tickets/1", `{"ticket":{"status":"resolved"}}`)},
	} {
		for _, d := range documents {
			if d.name != c.document {
				continue
			}
			problems, described := check(t, load(t, d), d, []byte(c.good), nil)
			require.True(t, described)
			require.Empty(t, problems)
			problems, _ = check(t, load(t, d), d, []byte(c.bad), nil)
			require.NotEmpty(t, problems, c.bad)
		}
	}
}
