// Package text turns what desks write into plain text.
package text

import (
	"strings"

	"deskbridge/providers"
)

// Plain turns a message of a content type into text; ok is false for one that is none.
func Plain(contentType string, content []byte) (text string, ok bool) {
	switch strings.TrimSpace(strings.ToLower(strings.SplitN(contentType, ";", 2)[0])) {
	case "text/plain":
		return strings.ToValidUTF8(string(content), "\uFFFD"), true
	case "text/html":
		return FromHTML(string(content)), true
	}
	return "", false
}

// Body trims a note's text and cuts it at [providers.MaxNoteBody].
func Body(text string) (body string, truncated bool) {
	text = strings.TrimSpace(text)
	if len(text) <= providers.MaxNoteBody {
		return text, false
	}
	return strings.ToValidUTF8(text[:providers.MaxNoteBody], ""), true
}

// Line puts a text on one line, as a subject has to be.
func Line(text string) string { return strings.Join(strings.Fields(text), " ") }

// Names parts a name for desks that want two, at the last space; a name of one word is
// both, and the login stands in for a name that is not there.
func Names(display, login string) (first, last string) {
	display = Line(display)
	if display == "" {
		display = login
	}
	space := strings.LastIndex(display, " ")
	if space < 0 {
		return display, display
	}
	return display[:space], display[space+1:]
}
