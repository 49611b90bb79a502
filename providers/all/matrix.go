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
	table.WriteString("| function | needed for |")
	rule := "\n|---|---|"
	for _, name := range Types() {
		fmt.Fprintf(&table, " %s (`%s`) |", types[name].Title, name)
		rule += "---|"
	}
	table.WriteString(rule + "\n| **level reached** | |")
	for _, name := range Types() {
		fmt.Fprintf(&table, " **%s** |", providers.LevelOf(types[name].Zero))
	}
	for _, function := range providers.Functions() {
		needed := string(function.Needed)
		if needed == "" {
			needed = "beside the levels"
		}
		fmt.Fprintf(&table, "\n| %s | %s |", function.Name, needed)
		for _, name := range Types() {
			mark := "no"
			if function.Has(types[name].Zero) {
				mark = "yes"
			}
			fmt.Fprintf(&table, " %s |", mark)
		}
	}
	return table.String() + "\n"
}
