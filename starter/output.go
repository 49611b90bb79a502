package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// print writes a value as JSON, or what table writes.
func (a *app) print(w io.Writer, value any, table func(io.Writer)) error {
	if a.output == "json" {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(value)
	}
	aligned := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	table(aligned)
	return aligned.Flush()
}

// row writes one line of a table.
func row(w io.Writer, cells ...any) {
	texts := make([]string, len(cells))
	for i, cell := range cells {
		texts[i] = strings.ReplaceAll(fmt.Sprint(cell), "\t", " ")
	}
	_, _ = fmt.Fprintln(w, strings.Join(texts, "\t"))
}
