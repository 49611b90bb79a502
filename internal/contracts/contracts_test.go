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
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/errors"
	"github.com/stretchr/testify/require"
)

// document is a vendor's, and the part of the exchanges that it describes.
type document struct {
	name, desk string
	// paths begin those that the document describes.
	paths []string
	// vague: the document does not say what bodies hold, so that no property is declared.
	vague bool
	// least is how many exchanges the suite makes at least.
	least int
}

var documents = []document{
	// The Quebec release's, from the Ballerina connector; it has no Attachment API.
	{"servicenow.json", "servicenow", []string{"/api/now/table/"}, true, 500},
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

func TestWhatWasSaidIsValidByTheVendorsDocuments(t *testing.T) {
	folder := os.Getenv("DESKBRIDGE_RECORD")
	if folder == "" {
		t.Skip("nothing was recorded; run `make contracts`")
	}
	for _, d := range documents {
		t.Run(d.desk, func(t *testing.T) {
			v := load(t, d)
			files, err := filepath.Glob(filepath.Join(folder, d.desk, "*.request"))
			require.NoError(t, err)
			checked := 0
			for _, file := range files {
				content, err := os.ReadFile(file)
				require.NoError(t, err)
				answer, err := os.ReadFile(strings.TrimSuffix(file, ".request") + ".answer")
				require.NoError(t, err)
				if problems, described := check(t, v, d, content, answer); described {
					checked++
					require.Empty(t, problems, "%s\n%s", content, answer)
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
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	var found []*errors.ValidationError
	if response.StatusCode != http.StatusBadRequest { // what the desk refuses may be invalid
		_, found = v.ValidateHttpRequest(request)
	}
	if response.StatusCode < 300 {
		_, more := v.ValidateHttpResponse(request, response)
		found = append(found, more...)
	}
	for _, problem := range found {
		problems = append(problems, fmt.Sprint(problem.Message, ": ", problem.Reason))
	}
	return problems, true
}

// The validator itself has to find what a mistake in a desk would be.
func TestAPlantedMistakeIsFound(t *testing.T) {
	const answered = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"result\":[]}"
	for _, c := range []struct{ desk, good, bad string }{
		{"servicenow", "GET /api/now/table/task?sysparm_query=a%3Db HTTP/1.1\r\nHost: x\r\n\r\n", "GET /api/now/table/task?sysparm_querry=a%3Db HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"servicenow", "GET /api/now/table/task?sysparm_limit=3 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /api/now/table/task?sysparm_limit=some HTTP/1.1\r\nHost: x\r\n\r\n"},
	} {
		for _, d := range documents {
			if d.desk != c.desk {
				continue
			}
			problems, described := check(t, load(t, d), d, []byte(c.good), []byte(answered))
			require.True(t, described)
			require.Empty(t, problems)
			problems, _ = check(t, load(t, d), d, []byte(c.bad), []byte(answered))
			require.NotEmpty(t, problems, c.bad)
		}
	}
}
