package desksim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// encodedQuery is ServiceNow's: terms joined by ^, alternatives by ^NQ, then ORDERBY.
type encodedQuery struct {
	alternatives [][]queryTerm
	order        []orderTerm
}

type queryTerm struct{ field, operator, value string }

type orderTerm struct {
	field string
	down  bool
}

var queryOperators = []string{"ISNOTEMPTY", ">=", "<=", "!=", "STARTSWITH", "IN", "=", ">", "<"}

// parseEncodedQuery reads a query; a term that is none is ignored without a word.
func parseEncodedQuery(text string) encodedQuery {
	parsed := encodedQuery{alternatives: [][]queryTerm{nil}}
	const doubled = "\x00"
	for _, term := range strings.Split(strings.ReplaceAll(text, "^^", doubled), "^") {
		term = strings.ReplaceAll(term, doubled, "^")
		if rest, ok := strings.CutPrefix(term, "NQ"); ok {
			parsed.alternatives = append(parsed.alternatives, nil)
			term = rest
		}
		if field, ok := strings.CutPrefix(term, "ORDERBYDESC"); ok {
			parsed.order = append(parsed.order, orderTerm{field, true})
			continue
		}
		if field, ok := strings.CutPrefix(term, "ORDERBY"); ok {
			parsed.order = append(parsed.order, orderTerm{field, false})
			continue
		}
		if read, ok := parseTerm(term); ok {
			last := len(parsed.alternatives) - 1
			parsed.alternatives[last] = append(parsed.alternatives[last], read)
		}
	}
	return parsed
}

// parseTerm finds the operator that comes first after the field's name.
func parseTerm(term string) (queryTerm, bool) {
	name := strings.IndexFunc(term, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	if name < 1 {
		return queryTerm{}, false
	}
	for _, operator := range queryOperators {
		if value, ok := strings.CutPrefix(term[name:], operator); ok {
			return queryTerm{term[:name], operator, value}, true
		}
	}
	return queryTerm{}, false
}

func (q encodedQuery) holds(row snow, zone *time.Location) bool {
	return slices.ContainsFunc(q.alternatives, func(terms []queryTerm) bool {
		return !slices.ContainsFunc(terms, func(term queryTerm) bool { return !term.holds(row, zone) })
	})
}

func (t queryTerm) holds(row snow, zone *time.Location) bool {
	has, known := row.fields[t.field]
	if !known {
		return true // an unknown field is ignored
	}
	value := t.value
	if strings.HasSuffix(t.field, "_on") { // times are read in the zone of the account
		at, err := time.ParseInLocation(time.DateTime, value, zone)
		if err != nil {
			return true
		}
		value = snowStamp(at)
	}
	order := cmp.Compare(strings.ToLower(has), strings.ToLower(value))
	switch t.operator {
	case "ISNOTEMPTY":
		return has != ""
	case "STARTSWITH":
		return strings.HasPrefix(strings.ToLower(has), strings.ToLower(value))
	case "IN":
		return slices.Contains(strings.Split(t.value, ","), has)
	case ">=":
		return order >= 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	case "<":
		return order < 0
	case "!=":
		return order != 0
	}
	return order == 0
}

func (q encodedQuery) sort(rows []snow) {
	slices.SortStableFunc(rows, func(a, b snow) int {
		for _, term := range q.order {
			order := cmp.Compare(a.fields[term.field], b.fields[term.field])
			if term.down {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
}
