package providertest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
)

// Secret makes a reference to a credential that is in the environment during the test.
func Secret(t *testing.T, value string) providers.Secret {
	t.Helper()
	name := fmt.Sprintf("PROVIDERTEST_SECRET_%x", value)
	t.Setenv(name, value)
	secret, err := providers.ParseSecret("env:" + name)
	require.NoError(t, err)
	return secret
}

// BodyHas looks into a request's body and leaves it as it was.
func BodyHas(r *http.Request, part string) bool {
	content, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(content))
	return err == nil && bytes.Contains(content, []byte(part))
}

// CheckSays runs a check that fails with a kind, or has findings, and requires the words in
// what it says. Each problem has to come with its cure.
func CheckSays(t *testing.T, desk providers.Desk, fails providers.Kind, wants ...string) {
	t.Helper()
	report, err := desk.Check(t.Context())
	said := ""
	if err != nil {
		said = err.Error()
	}
	require.Equal(t, fails, providers.KindOf(err), said)
	for _, finding := range report.Findings {
		require.Equal(t, finding.Problem == "", finding.Cure == "", finding.Function)
		said += finding.Problem + finding.Cure
	}
	for _, want := range wants {
		require.Contains(t, said, want)
	}
}
