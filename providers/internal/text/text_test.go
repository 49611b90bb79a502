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

func TestHTMLKeepsLinesParagraphsAndLinks(t *testing.T) {
	for content, want := range map[string]string{
		"<p>one</p>\n<p>two<br/>three</p>":                                   "one\n\ntwo\nthree",
		"<div>a</div><div>b<div>c</div></div>":                               "a\nb\nc",
		"Dear <b>Anna</b>,<br><br>  see   <i>below</i> .":                    "Dear Anna,\n\nsee below .",
		`<a href="https://example.test/x?a=1&amp;b=2">Reset</a> it`:          "Reset (https://example.test/x?a=1&b=2) it",
		`<a href="https://example.test">https://example.test</a>`:            "https://example.test",
		`<a href="javascript:alert(1)">no</a>`:                               "no",
		"<ul><li>one</li><li>two</li></ul>end":                               "- one\n- two\n\nend",
		"<ol><li><p>one</p></li><li><p>two</p><p>more</p></li></ol>":         "- one\n\n- two\n\nmore",
		"<style>p{}</style><head><title>t</title></head>x<script>y</script>": "x",
		"1 &lt; 2 &amp;amp; <unknown>3</unknown>":                            "1 < 2 &amp; 3",
		"": "", "<br><br>": "", "not <closed": "not",
	} {
		require.Equal(t, want, FromHTML(content), content)
	}
}

func TestWhatIsWrittenAsHTMLIsReadBack(t *testing.T) {
	for _, plain := range []string{
		"Wo ist mein Laptop? ąę <b>&amp;</b>\n\nSecond paragraph.", "a\n  indented  twice\n\n\nend", "https://example.test/?a=1&b=\"2\"", "x",
	} {
		require.Equal(t, plain, FromHTML(ToHTML(plain)))
		require.Equal(t, plain, FromHTML("<div class=\"comment\">"+ToHTML(plain)+"</div>"))
	}
	require.NotContains(t, ToHTML("<script>alert(1)</script>"), "<script")
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
