package glpi

import (
	"encoding/json"
	"html"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/reference"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/thread"
	"deskbridge/providers/internal/zoned"
)

// The numbers of search options; those of tickets and of users are counted apart.
const (
	fieldName = 1
	fieldID   = 2

	ticketRequester   = 4
	ticketGroup       = 8
	ticketStatus      = 12
	ticketOpened      = 15
	ticketModified    = 19
	ticketDescription = 21

	userEmail     = 5
	userActive    = 8
	userFirstname = 9
	userNumber    = 22
	userRealname  = 34
)

var (
	ticketFields = []int{fieldName, fieldID, ticketRequester, ticketGroup, ticketStatus, ticketOpened, ticketModified, ticketDescription}
	userFields   = []int{fieldName, fieldID, userEmail, userActive, userFirstname, userNumber, userRealname}
)

// statuses are GLPI's, from 1 on.
var statuses = []string{"New", "Processing (assigned)", "Processing (planned)", "Pending", "Solved", "Closed"}

// solved is the number of Solved.
const solved = 5

func statusName(number string) string {
	if at, err := strconv.Atoi(number); err == nil && at >= 1 && at <= len(statuses) {
		return statuses[at-1]
	}
	return number
}

// statusNumber is 0 for what is no status.
func statusNumber(status string) int {
	return 1 + slices.IndexFunc(statuses, func(known string) bool { return strings.EqualFold(known, status) })
}

// row is a row of a search: search option -> value.
type row map[string]json.RawMessage

// texts reads a value that is a text, a number, null or a list of them.
func (r row) texts(field int) []string {
	raw := r[strconv.Itoa(field)]
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		list = []json.RawMessage{raw}
	}
	var values []string
	for _, entry := range list {
		var value string
		if json.Unmarshal(entry, &value) != nil {
			value = string(entry)
		}
		if value != "" && value != "null" {
			values = append(values, decode(value))
		}
	}
	return values
}

// text is the first value; empty if there is none.
func (r row) text(field int) string {
	for _, value := range r.texts(field) {
		return value
	}
	return ""
}

// decode takes the entities from a text, once, as GLPI puts them.
func decode(encoded string) string { return html.UnescapeString(encoded) }

func (d *Desk) ticket(r row) providers.Ticket {
	id := r.text(fieldID)
	return providers.Ticket{
		ID: id, Number: id, Key: reference.Find(text.FromHTML(r.text(ticketDescription))), Subject: r.text(fieldName), Status: statusName(r.text(ticketStatus)),
		Queue: r.text(ticketGroup), RequesterIDs: r.texts(ticketRequester), CreatedAt: zoned.Parse(r.text(ticketOpened), d.zone),
		UpdatedAt: zoned.Parse(r.text(ticketModified), d.zone), URL: d.config.URL + "/front/ticket.form.php?id=" + id,
	}
}

func user(r row) providers.User {
	return providers.User{
		ID: r.text(fieldID), Login: r.text(fieldName), Email: r.text(userEmail), EmployeeNumber: r.text(userNumber),
		DisplayName: strings.TrimSpace(r.text(userFirstname) + " " + r.text(userRealname)), Active: r.text(userActive) == "1",
	}
}

// message is a followup or a solution; the author is a name, for names are asked for.
type message struct {
	ID      int64           `json:"id"`
	Content string          `json:"content"`
	Private json.RawMessage `json:"is_private"`
	Author  any             `json:"users_id"`
	Date    string          `json:"date"`
	Created string          `json:"date_creation"`
}

// public says whether a followup is proved not to be private: by 0, as a number or as text.
func (m message) public() bool { return strings.Trim(string(m.Private), `"`) == "0" }

// entry makes an entry of a followup (f) or a solution (s).
func (d *Desk) entry(kind string, m message) thread.Entry {
	date := m.Date
	if date == "" {
		date = m.Created
	}
	at := zoned.Parse(date, d.zone)
	made := thread.Entry{Place: thread.ByTime(at), Public: kind == solutionKind || m.public()}
	made.ID, made.CreatedAt = kind+strconv.FormatInt(m.ID, 10), at
	if name, ok := m.Author.(string); ok {
		made.Author = decode(name)
	}
	made.SetBody(text.FromHTML(decode(m.Content)))
	return made
}

const (
	followupKind = "f"
	solutionKind = "s"
)

// literal writes a time as a search reads it; a second less, for "morethan" excludes it.
func (d *Desk) literal(at time.Time) string { return zoned.Literal(at.Add(-time.Second), d.zone) }
