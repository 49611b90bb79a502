package portal

import (
	"fmt"
	"html"
	"html/template"
	"net/url"
	"strings"
	"time"

	"github.com/microcosm-cc/bluemonday"
	"mvdan.cc/xurls/v2"
)

// links finds addresses that say how they are opened.
var links = func() interface{ FindAllStringIndex(string, int) [][]int } {
	found, err := xurls.StrictMatchingScheme(`https?://`)
	if err != nil {
		panic(err) // a constant
	}
	return found
}()

// clean lets lines and links pass, and nothing else.
var clean = func() *bluemonday.Policy {
	policy := bluemonday.NewPolicy()
	policy.AllowElements("br")
	policy.AllowAttrs("href").OnElements("a")
	policy.AllowURLSchemes("http", "https")
	policy.RequireParseableURLs(true)
	policy.RequireNoFollowOnLinks(true)
	policy.RequireNoReferrerOnLinks(true)
	policy.AddTargetBlankToFullyQualifiedLinks(true)
	return policy
}()

// render makes a page's part of a note, which is plain text: lines stay, addresses are links.
func render(text string) template.HTML {
	var made strings.Builder
	plain := func(text string) {
		made.WriteString(strings.ReplaceAll(html.EscapeString(text), "\n", "<br>"))
	}
	from := 0
	for _, found := range links.FindAllStringIndex(text, -1) {
		address := text[found[0]:found[1]]
		if parsed, err := url.Parse(address); err != nil || parsed.Host == "" {
			continue
		}
		plain(text[from:found[0]])
		fmt.Fprintf(&made, `<a href="%s">%s</a>`, html.EscapeString(address), html.EscapeString(address))
		from = found[1]
	}
	plain(text[from:])
	return template.HTML(clean.Sanitize(made.String())) //nolint:gosec // that is what cleans it
}

// when is a time for people whose browser runs no script, which shows it in their own zone.
func when(at time.Time) string { return at.UTC().Format("2 Jan 2006, 15:04 UTC") }

func size(bytes int64) string {
	switch {
	case bytes >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
	case bytes >= 1<<10:
		return fmt.Sprintf("%d KB", bytes>>10)
	}
	return fmt.Sprintf("%d bytes", bytes)
}
