package desksim

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// predicate says whether a ticket matches a query.
type predicate func(*Ticket) bool

var ticketSQLTokens = regexp.MustCompile(`'(?:[^'\\]|\\.)*'|\(|\)|[<>=!]+|[^\s()<>=!']+`)

// parseTicketSQL reads the part of Request Tracker's TicketSQL that a connector needs:
// comparisons joined by AND, OR and brackets. As at the real desk an unknown field is an
// error, an unknown custom field matches nothing, and a date that cannot be read is the epoch.
func (d *Desk) parseTicketSQL(sql string) (predicate, error) {
	p := &ticketSQL{desk: d, tokens: ticketSQLTokens.FindAllString(sql, -1)}
	match, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.at < len(p.tokens) {
		return nil, fmt.Errorf("unexpected %q in '%s'", p.tokens[p.at], sql)
	}
	return match, nil
}

type ticketSQL struct {
	desk   *Desk
	tokens []string
	at     int
}

func (p *ticketSQL) take() string {
	if p.at >= len(p.tokens) {
		return ""
	}
	p.at++
	return p.tokens[p.at-1]
}

func (p *ticketSQL) accept(word string) bool {
	if p.at < len(p.tokens) && strings.EqualFold(p.tokens[p.at], word) {
		p.at++
		return true
	}
	return false
}

func (p *ticketSQL) expression() (predicate, error) {
	left, err := p.conjunction()
	for err == nil && p.accept("OR") {
		first := left
		var second predicate
		second, err = p.conjunction()
		left = func(t *Ticket) bool { return first(t) || second(t) }
	}
	return left, err
}

func (p *ticketSQL) conjunction() (predicate, error) {
	left, err := p.comparison()
	for err == nil && p.accept("AND") {
		first := left
		var second predicate
		second, err = p.comparison()
		left = func(t *Ticket) bool { return first(t) && second(t) }
	}
	return left, err
}

func (p *ticketSQL) comparison() (predicate, error) {
	if p.accept("(") {
		inner, err := p.expression()
		if err == nil && !p.accept(")") {
			err = fmt.Errorf("a bracket is not closed")
		}
		return inner, err
	}
	field, operator := p.take(), p.take()
	if p.at >= len(p.tokens) || !slices.Contains([]string{"=", "!=", "<", ">", "<=", ">="}, operator) {
		return nil, fmt.Errorf("incomplete query near '%s %s'", field, operator)
	}
	return p.desk.compare(field, operator, unquote(p.take()))
}

func unquote(token string) string {
	if strings.HasPrefix(token, "'") {
		token = token[1 : len(token)-1]
	}
	return strings.ReplaceAll(token, `\'`, `'`)
}

func (d *Desk) compare(field, operator, value string) (predicate, error) {
	holds := func(order int) bool {
		switch operator {
		case "=":
			return order == 0
		case "!=":
			return order != 0
		case "<":
			return order < 0
		case "<=":
			return order <= 0
		case ">":
			return order > 0
		}
		return order >= 0
	}
	text := func(get func(*Ticket) string) (predicate, error) {
		return func(t *Ticket) bool { return holds(strings.Compare(strings.ToLower(get(t)), strings.ToLower(value))) }, nil
	}
	switch {
	case field == "id":
		number, err := strconv.Atoi(value)
		return func(t *Ticket) bool { return holds(t.ID - number) }, err
	case field == "Queue":
		return text(func(t *Ticket) string { return d.queues[t.Queue].Name })
	case field == "Status":
		return text(func(t *Ticket) string { return t.Status })
	case field == "Subject":
		return text(func(t *Ticket) string { return t.Subject })
	case field == "LastUpdated" || field == "Created":
		at := d.parseDate(value)
		return func(t *Ticket) bool {
			stamp := t.Updated
			if field == "Created" {
				stamp = t.Created
			}
			return holds(stamp.Compare(at))
		}, nil
	case strings.HasPrefix(field, "CF.{") && strings.HasSuffix(field, "}"):
		name := field[len("CF.{") : len(field)-1]
		return func(t *Ticket) bool { has, ok := t.Fields[name]; return ok && holds(strings.Compare(has, value)) }, nil
	}
	return nil, fmt.Errorf("Unknown field: %s", field) //nolint:staticcheck // the desk's own words
}

// parseDate reads a date in the accounts' zone, whatever zone the text names. A text that ends
// in Z or is no date is the epoch, so that everything matches (seen on RT 5.0.3).
func (d *Desk) parseDate(value string) time.Time {
	for _, suffix := range []string{" UTC", " GMT", " +0000", "+00:00"} {
		value = strings.TrimSuffix(value, suffix)
	}
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, value, d.options.Zone); err == nil {
			return at
		}
	}
	return time.Time{}
}
