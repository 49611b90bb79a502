package itop

import (
	"cmp"
	"encoding/json"
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

// answer is what every operation answers. Code is a pointer, for an answer without it is none.
type answer struct {
	Code    *int              `json:"code"`
	Message string            `json:"message"`
	Version string            `json:"version"`
	Objects map[string]object `json:"objects"`
	at      time.Time
}

// object is one of the objects of an answer.
type object struct {
	Class  string                     `json:"class"`
	Key    string                     `json:"key"`
	Fields map[string]json.RawMessage `json:"fields"`
}

// sorted lists the objects by their number.
func (a answer) sorted() []object {
	var all []object
	for _, found := range a.Objects {
		all = append(all, found)
	}
	slices.SortFunc(all, func(a, b object) int { return cmp.Compare(a.number(), b.number()) })
	return all
}

func (o object) number() int64 {
	number, _ := strconv.ParseInt(o.Key, 10, 64)
	return number
}

// text reads a field; numbers come as text or as numbers.
func (o object) text(field string) string {
	var value string
	if json.Unmarshal(o.Fields[field], &value) == nil {
		return value
	}
	return strings.Trim(string(o.Fields[field]), "{}[]")
}

// ticketFields are those that make a ticket.
func (d *Desk) ticketFields() string {
	fields := "ref,title,description,status,team_name,caller_id,start_date,last_update"
	if d.config.KeyField != "" {
		fields += "," + d.config.KeyField
	}
	return fields
}

func (d *Desk) ticket(o object) providers.Ticket {
	ticket := providers.Ticket{
		ID: o.Class + "::" + o.Key, Number: o.text("ref"), Subject: o.text("title"), Status: o.text("status"), Queue: o.text("team_name"),
		CreatedAt: zoned.Parse(o.text("start_date"), d.zone), UpdatedAt: zoned.Parse(o.text("last_update"), d.zone),
		URL: d.config.URL + "/pages/UI.php?operation=details&class=" + o.Class + "&id=" + o.Key,
	}
	if d.config.KeyField != "" {
		ticket.Key = providers.Key(o.text(d.config.KeyField))
	} else {
		ticket.Key = reference.Find(text.FromHTML(o.text("description")))
	}
	if caller := o.text("caller_id"); caller != "" && caller != "0" {
		ticket.RequesterIDs = []string{caller}
	}
	return ticket
}

// logEntry is an entry of a log.
type logEntry struct {
	Date  string `json:"date"`
	Login string `json:"user_login"`
	Text  string `json:"message"`
	HTML  string `json:"message_html"`
}

// log reads public_log, oldest first.
func (d *Desk) log(o object) ([]thread.Entry, error) {
	var log struct {
		Entries []logEntry `json:"entries"`
	}
	if err := json.Unmarshal(o.Fields["public_log"], &log); err != nil {
		return nil, err
	}
	slices.Reverse(log.Entries)
	entries := make([]thread.Entry, len(log.Entries))
	for i, row := range log.Entries {
		entries[i] = thread.Entry{Place: thread.ByNumber(int64(i + 1)), Public: true}
		entries[i].ID, entries[i].Author, entries[i].CreatedAt = strconv.Itoa(i+1), row.Login, zoned.Parse(row.Date, d.zone)
		if row.HTML != "" {
			entries[i].SetBody(text.FromHTML(row.HTML))
		} else {
			entries[i].SetBody(row.Text)
		}
	}
	return entries, nil
}

// personFields are those that make a user.
const personFields = "first_name,name,email,employee_number,status,org_id"

func user(o object) providers.User {
	return providers.User{
		ID: o.Key, Email: o.text("email"), EmployeeNumber: o.text("employee_number"),
		DisplayName: strings.TrimSpace(o.text("first_name") + " " + o.text("name")), Active: o.text("status") == "active",
	}
}
