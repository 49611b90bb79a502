package text

import (
	"html"
	"strings"

	tokens "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// breaks is how many line ends part an element from what is around it.
var breaks = map[atom.Atom]int{
	atom.Div: 1, atom.Li: 1, atom.Tr: 1, atom.Dt: 1, atom.Dd: 1, atom.Section: 1, atom.Article: 1, atom.Header: 1, atom.Footer: 1,
	atom.P: 2, atom.Ul: 2, atom.Ol: 2, atom.Table: 2, atom.Blockquote: 2, atom.Pre: 2, atom.Hr: 2,
	atom.H1: 2, atom.H2: 2, atom.H3: 2, atom.H4: 2, atom.H5: 2, atom.H6: 2,
}

// unseen elements hold what people do not see.
var unseen = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Head: true, atom.Title: true, atom.Template: true, atom.Noscript: true}

// FromHTML turns HTML into plain text: lines and paragraphs stay parted, a link keeps its
// address, white space shows as a browser would show it.
func FromHTML(content string) string {
	var out plainWriter
	hidden, target, shown := 0, "", 0
	for reader := tokens.NewTokenizer(strings.NewReader(content)); ; {
		kind := reader.Next()
		if kind == tokens.ErrorToken {
			return out.String()
		}
		token := reader.Token()
		switch {
		case kind == tokens.TextToken && hidden == 0:
			out.write(token.Data)
		case unseen[token.DataAtom] && kind == tokens.StartTagToken:
			hidden++
		case unseen[token.DataAtom] && kind == tokens.EndTagToken:
			hidden = max(hidden-1, 0)
		case token.DataAtom == atom.Br:
			out.pending++
		case token.DataAtom == atom.A && kind == tokens.StartTagToken:
			target, shown = address(token), out.text.Len()
		case token.DataAtom == atom.A && kind == tokens.EndTagToken:
			if target != "" && !strings.Contains(out.text.String()[shown:], target) {
				out.write(" (" + target + ")")
			}
			target = ""
		case breaks[token.DataAtom] > 0 && !out.bullet:
			out.pending = max(out.pending, breaks[token.DataAtom])
			if token.DataAtom == atom.Li && kind == tokens.StartTagToken {
				out.write("- ")
				out.bullet = true
			}
		}
	}
}

// address is where a link leads, if a person could follow it.
func address(link tokens.Token) string {
	for _, attribute := range link.Attr {
		if attribute.Key == "href" && (strings.HasPrefix(attribute.Val, "https://") || strings.HasPrefix(attribute.Val, "http://")) {
			return attribute.Val
		}
	}
	return ""
}

// plainWriter collapses white space as a browser does.
type plainWriter struct {
	text strings.Builder
	// pending are line ends, and space a space, that come before the next text.
	pending int
	space   bool
	// bullet: nothing was written since the bullet of a list, so that a paragraph begins behind it.
	bullet bool
}

func (w *plainWriter) write(data string) {
	const white = " \t\r\n\f"
	if strings.Trim(data, white) == "" {
		w.space = w.space || data != ""
		return
	}
	switch {
	case w.text.Len() > 0 && w.pending > 0:
		w.text.WriteString(strings.Repeat("\n", w.pending))
	case w.text.Len() > 0 && (w.space || strings.ContainsAny(data[:1], white)):
		w.text.WriteByte(' ')
	}
	words := strings.FieldsFunc(data, func(r rune) bool { return strings.ContainsRune(white, r) })
	w.text.WriteString(strings.Join(words, " "))
	w.pending, w.bullet, w.space = 0, false, strings.ContainsAny(data[len(data)-1:], white)
}

// String ends the text; spaces that do not collapse are spaces.
func (w *plainWriter) String() string { return strings.ReplaceAll(w.text.String(), "\u00a0", " ") }

// ToHTML writes plain text as HTML that [FromHTML] reads back.
func ToHTML(plain string) string {
	lines := strings.Split(strings.ReplaceAll(plain, "\r\n", "\n"), "\n")
	for i, line := range lines {
		line = strings.ReplaceAll(strings.ReplaceAll(line, "\t", "    "), "  ", " \u00a0")
		if strings.HasPrefix(line, " ") {
			line = "\u00a0" + line[1:]
		}
		lines[i] = html.EscapeString(line)
	}
	return strings.Join(lines, "<br>")
}
