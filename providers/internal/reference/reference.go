// Package reference keeps our key in a ticket's text, for desks that have no field for it: the
// last line of the description reads "Reference: <key>".
package reference

import (
	"regexp"
	"strings"

	"deskbridge/providers"
)

const prefix = "Reference: "

var line = regexp.MustCompile(`(?m)^` + prefix + `(\S+)\s*\z`)

// Line is the line that carries the key; what a search has to find.
func Line(key providers.Key) string { return prefix + string(key) }

// Append adds the line to a description in plain text.
func Append(description string, key providers.Key) string {
	return strings.TrimSpace(description + "\n\n" + Line(key))
}

// Find reads the key from the last line of a description in plain text; empty if there is none.
func Find(description string) providers.Key {
	found := line.FindStringSubmatch(description)
	if found == nil {
		return ""
	}
	key, err := providers.ParseKey(found[1])
	if err != nil {
		return ""
	}
	return key
}
