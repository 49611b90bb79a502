package all

import (
	"fmt"
	"strings"

	"deskbridge/providers"
)

// Matrix is the table of desks and functions, in Markdown. It is generated from the types, so
// that it cannot say what the code does not.
func Matrix() string {
	var table strings.Builder
	needed, rule := "\n| *needed for* | | |", "\n|---|---|---|"
	table.WriteString("| desk | type | level reached |")
	for _, function := range providers.Functions() {
		fmt.Fprintf(&table, " %s |", function.Name)
		rule += "---|"
		if function.Needed == "" {
			needed += " *beside* |"
		} else {
			needed += fmt.Sprintf(" *%s* |", function.Needed)
		}
	}
	table.WriteString(rule + needed)
	for _, name := range Types() {
		fmt.Fprintf(&table, "\n| %s | `%s` | **%s** |", types[name].Title, name, providers.LevelOf(types[name].Zero))
		for _, function := range providers.Functions() {
			mark := "no"
			if function.Has(types[name].Zero) {
				mark = "yes"
			}
			fmt.Fprintf(&table, " %s |", mark)
		}
	}
	return table.String() + "\n"
}
