// Package place is where a list of changes continues that is read in the order of something
// that never changes, such as the ID or the time of creation: a ticket that changes meanwhile
// keeps its place, so that none is skipped.
package place

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Place is after a row, and past further rows.
type Place struct {
	// After is the last row's value of what orders the list; empty at the start.
	After string
	// Skip counts rows to pass over: those that the account does not see, or those with the same value.
	Skip int
}

// String writes a place as a page of the contract; the start is not empty, so that a page
// after one without rows is told from the first.
func (p Place) String() string { return fmt.Sprintf("%s %d", p.After, p.Skip) }

// Parse reads a place; after says how its value looks. An empty page is the start.
func Parse(page string, after *regexp.Regexp) (Place, error) {
	if page == "" {
		return Place{}, nil
	}
	value, rows, _ := strings.Cut(page, " ")
	skip, err := strconv.Atoi(rows)
	if err != nil || skip < 0 || value != "" && !after.MatchString(value) {
		return Place{}, fmt.Errorf("page %q is none of ours", page)
	}
	return Place{After: value, Skip: skip}, nil
}

// Next is the place after a page whose rows have these values, where the following page is
// asked for rows from the last value on, and not after it.
func (p Place) Next(values []string) Place {
	if len(values) == 0 {
		return p
	}
	last := values[len(values)-1]
	same := 0
	for _, value := range values {
		if value == last {
			same++
		}
	}
	if last == p.After {
		same += p.Skip
	}
	return Place{After: last, Skip: same}
}
