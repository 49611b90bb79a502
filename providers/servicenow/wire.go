package servicenow

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/zoned"
)

// record is a row: field -> value.
type record map[string]value

// value is what a field holds and what people see of it.
type value struct{ Value, Display string }

// UnmarshalJSON takes a string, null, or an object with value and display_value or link.
func (v *value) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		var object struct {
			Value   *string `json:"value"`
			Display *string `json:"display_value"`
		}
		if err := json.Unmarshal(data, &object); err != nil {
			return err
		}
		if object.Value != nil {
			v.Value = *object.Value
		}
		if object.Display != nil {
			v.Display = *object.Display
		}
		return nil
	}
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	if text != nil {
		v.Value, v.Display = *text, *text
	}
	return nil
}

func (r record) value(field string) string   { return r[field].Value }
func (r record) display(field string) string { return r[field].Display }

// ticketFields are those that make a ticket.
func (d *Desk) ticketFields() []string {
	return []string{
		"sys_id", "number", "short_description", "state", "assignment_group", d.config.KeyField,
		"sys_class_name", "sys_created_on", "sys_updated_on", "sys_updated_by",
	}
}

func (d *Desk) ticket(row record) providers.Ticket {
	return providers.Ticket{
		ID:        row.value("sys_id"),
		Number:    row.value("number"),
		Key:       providers.Key(row.value(d.config.KeyField)),
		Subject:   row.value("short_description"),
		Status:    row.display("state"),
		Queue:     row.display("assignment_group"),
		UpdatedBy: row.value("sys_updated_by"),
		CreatedAt: zoned.Parse(row.value("sys_created_on"), time.UTC),
		UpdatedAt: zoned.Parse(row.value("sys_updated_on"), time.UTC),
		URL:       d.config.URL + "/nav_to.do?uri=" + row.value("sys_class_name") + ".do?sys_id=" + row.value("sys_id"),
	}
}

func user(row record) providers.User {
	return providers.User{
		ID: row.value("sys_id"), Login: row.value("user_name"), Email: row.value("email"), EmployeeNumber: row.value("employee_number"),
		DisplayName: strings.TrimSpace(row.value("first_name") + " " + row.value("last_name")), Active: row.value("active") == "true" || row.value("active") == "1",
	}
}

// quote writes a value of an encoded query: ^ parts its terms and is doubled.
func quote(value string) string { return strings.ReplaceAll(value, "^", "^^") }

// codeBlock is HTML in a journal entry.
var codeBlock = regexp.MustCompile(`(?s)\[code\](.*?)\[/code\]`)

// plain turns a journal entry into text.
func plain(entry string) string {
	return codeBlock.ReplaceAllStringFunc(entry, func(block string) string {
		made, _ := text.Plain("text/html", []byte(codeBlock.FindStringSubmatch(block)[1]))
		return made
	})
}

// noteCursor is how far notes were read: a second, and the entries of that second that were
// seen. A later entry of the same second can have any sys_id.
type noteCursor struct {
	at   string
	seen []string
}

func (c noteCursor) String() string {
	if c.at == "" {
		return ""
	}
	return c.at + "|" + strings.Join(c.seen, ",")
}

func parseNoteCursor(text string) (noteCursor, error) {
	if text == "" {
		return noteCursor{}, nil
	}
	at, seen, _ := strings.Cut(text, "|")
	cursor := noteCursor{at: at, seen: strings.Split(seen, ",")}
	if _, err := time.Parse(time.DateTime, at); err != nil {
		return noteCursor{}, fmt.Errorf("cursor %q is none of ours", text)
	}
	return cursor, nil
}
