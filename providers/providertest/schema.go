package providertest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Schemas holds SOAP messages against vendors' WSDLs with xmllint of Debian's libxml2-utils.
// Where that is missing the test is skipped; CI sets DESKBRIDGE_REQUIRE=xmllint and fails.
type Schemas struct {
	dir   string
	files map[string]string // namespace -> schema
	mu    sync.Mutex
	seen  map[string][]string // namespace -> messages
}

var (
	schemaPattern    = regexp.MustCompile(`(?s)<(\w+:)?schema\b[^>]*>.*?</(\w+:)?schema>`)
	targetPattern    = regexp.MustCompile(`targetNamespace="([^"]*)"`)
	declaration      = regexp.MustCompile(`xmlns:?\w*="[^"]*"`)
	bodyPattern      = regexp.MustCompile(`(?s)<(?:\w+:)?Body[^>]*>(.*)</(?:\w+:)?Body>`)
	namespacePattern = regexp.MustCompile(`^\s*<(?:(\w+):)?[^>]*`)
)

// NewSchemas reads the schemas of WSDLs.
func NewSchemas(t *testing.T, wsdls ...string) *Schemas {
	t.Helper()
	if _, err := exec.LookPath("xmllint"); err != nil {
		if strings.Contains(os.Getenv("DESKBRIDGE_REQUIRE"), "xmllint") {
			require.NoError(t, err, "install libxml2-utils")
		}
		t.Skip("no xmllint; install libxml2-utils to hold messages against the vendors' schemas")
	}
	s := &Schemas{dir: t.TempDir(), files: map[string]string{}, seen: map[string][]string{}}
	for _, wsdl := range wsdls {
		content, err := os.ReadFile(wsdl)
		require.NoError(t, err)
		head, _, _ := bytes.Cut(content, []byte("types"))
		outside := declaration.FindAllString(string(head), -1)
		for _, schema := range schemaPattern.FindAllString(string(content), -1) {
			head, _, _ := strings.Cut(schema, ">")
			for _, declared := range outside {
				if name, _, _ := strings.Cut(declared, "="); !strings.Contains(head, name+"=") {
					schema = strings.Replace(schema, "schema ", "schema "+declared+" ", 1)
				}
			}
			namespace := targetPattern.FindStringSubmatch(head)[1]
			path := filepath.Join(s.dir, fmt.Sprintf("schema%d.xsd", len(s.files)))
			require.NoError(t, os.WriteFile(path, []byte(schema), 0o600))
			s.files[namespace] = path
		}
	}
	require.NotEmpty(t, s.files)
	return s
}

// Requests notes every request that is answered with 200 and has one of the namespaces.
func (s *Schemas) Requests(next http.Handler) http.Handler {
	return s.record(next, func(request, _ []byte) { s.add(request) })
}

// Exchanges notes the answers, too.
func (s *Schemas) Exchanges(next http.Handler) http.Handler {
	return s.record(next, func(request, answer []byte) {
		s.add(request)
		s.add(answer)
	})
}

func (s *Schemas) record(next http.Handler, note func(request, answer []byte)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(content))
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		if recorder.Code == http.StatusOK {
			note(content, recorder.Body.Bytes())
		}
		for name, values := range recorder.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
	})
}

// add notes the content of an envelope's body.
func (s *Schemas) add(envelope []byte) {
	body := bodyPattern.FindSubmatch(envelope)
	if body == nil {
		return
	}
	message := strings.TrimSpace(string(body[1]))
	head := namespacePattern.FindStringSubmatch(message)
	attribute := "xmlns"
	if len(head) > 1 && head[1] != "" {
		attribute += ":" + head[1]
	}
	namespace := regexp.MustCompile(attribute + `="([^"]*)"`).FindStringSubmatch(string(envelope))
	if namespace == nil || s.files[namespace[1]] == "" {
		return
	}
	declared := strings.TrimRight(head[0], "/ ")
	for _, outside := range append(declaration.FindAllString(string(envelope), -1), `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`) {
		if name, _, _ := strings.Cut(outside, "="); !strings.Contains(declared, name+"=") && name != "xmlns" {
			declared += " " + outside
		}
	}
	message = declared + strings.TrimPrefix(message, strings.TrimRight(head[0], "/ "))
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.seen[namespace[1]], message) {
		s.seen[namespace[1]] = append(s.seen[namespace[1]], message)
	}
}

// Check fails the test if a message is not valid, or if one of the operations never came.
func (s *Schemas) Check(t *testing.T, operations ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	all := ""
	for namespace, messages := range s.seen {
		var files []string
		for i, message := range messages {
			path := filepath.Join(s.dir, fmt.Sprintf("%s.%d.xml", filepath.Base(s.files[namespace]), i))
			require.NoError(t, os.WriteFile(path, []byte(message), 0o600))
			files = append(files, path)
			all += message
		}
		for chunk := range slices.Chunk(files, 200) {
			output, err := exec.CommandContext(t.Context(), "xmllint", append([]string{"--noout", "--schema", s.files[namespace]}, chunk...)...).CombinedOutput()
			require.NoError(t, err, "%s", failures(string(output)))
		}
	}
	for _, operation := range operations {
		require.Regexp(t, `<(\w+:)?`+operation+`[ >]`, all, "no message of %s was seen", operation)
	}
}

// failures leaves out the lines of what is valid.
func failures(output string) string {
	var lines []string
	for line := range strings.Lines(output) {
		if !strings.HasSuffix(strings.TrimSpace(line), "validates") && len(lines) < 20 {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
