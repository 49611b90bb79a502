package text

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
)

func TestNamesArePartedAtTheLastSpace(t *testing.T) {
	for display, want := range map[string][2]string{
		"Anna Maria  Żółć ": {"Anna Maria", "Żółć"}, "Anna Żółć": {"Anna", "Żółć"}, "Prince": {"Prince", "Prince"}, "": {"login", "login"}, " \t": {"login", "login"},
	} {
		first, last := Names(display, "login")
		require.Equal(t, want, [2]string{first, last}, display)
	}
}

func TestHTMLBecomesTextAndOtherTypesAreNone(t *testing.T) {
	text, ok := Plain("text/html; charset=utf-8", []byte("<p>It is <b>ready</b> &amp; ąę</p><script>alert(1)</script>"))
	require.True(t, ok)
	require.Equal(t, "It is ready & ąę", Line(text))
	text, ok = Plain("Text/Plain", []byte("a\xffb <b>"))
	require.True(t, ok)
	require.Equal(t, "a\uFFFDb <b>", text)
	_, ok = Plain("application/pdf", nil)
	require.False(t, ok)
}

func TestABodyIsCutBetweenLetters(t *testing.T) {
	body, truncated := Body("  short \n")
	require.Equal(t, "short", body)
	require.False(t, truncated)
	body, truncated = Body("x" + strings.Repeat("ż", providers.MaxNoteBody))
	require.True(t, truncated)
	require.LessOrEqual(t, len(body), providers.MaxNoteBody)
	require.True(t, strings.HasSuffix(body, "ż"))
}
