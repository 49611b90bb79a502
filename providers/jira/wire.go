package jira

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/thread"
	"deskbridge/providers/internal/zoned"
)

// labelPrefix begins the label that holds our key.
const labelPrefix = "deskbridge:"

// issue is an issue of the platform API.
type issue struct {
	ID     string                     `json:"id"`
	Key    string                     `json:"key"`
	Fields map[string]json.RawMessage `json:"fields"`
}

// into reads a field; what is missing or of another shape stays empty.
func (i issue) into(field string, value any) {
	if raw, ok := i.Fields[field]; ok {
		_ = json.Unmarshal(raw, value)
	}
}

// issueFields are those that make a ticket.
func (d *Desk) issueFields() string {
	return strings.Join([]string{"summary", "status", "created", "updated", "reporter", d.config.KeyField, d.config.RequestTypeField}, ",")
}

// timeLayout is that of the platform API: 2026-11-23T12:00:00.000+0000.
const timeLayout = "2006-01-02T15:04:05.000-0700"

func parseTime(text string) time.Time {
	at, err := time.Parse(timeLayout, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

func (d *Desk) ticket(i issue) providers.Ticket {
	var summary, created, updated string
	var status struct{ Name string }
	var reporter account
	var request struct{ RequestType struct{ Name string } }
	i.into("summary", &summary)
	i.into("created", &created)
	i.into("updated", &updated)
	i.into("status", &status)
	i.into("reporter", &reporter)
	i.into(d.config.RequestTypeField, &request)
	ticket := providers.Ticket{
		ID: i.ID, Number: i.Key, Key: d.key(i), Subject: summary, Status: status.Name, Queue: request.RequestType.Name,
		CreatedAt: parseTime(created), UpdatedAt: parseTime(updated), URL: d.config.URL + "/browse/" + i.Key,
	}
	if id := d.userID(reporter); id != "" {
		ticket.RequesterIDs = []string{id}
	}
	return ticket
}

// key reads our key from the label or the field that holds it.
func (d *Desk) key(i issue) providers.Key {
	if d.config.KeyField != labels {
		var value string
		i.into(d.config.KeyField, &value)
		return providers.Key(value)
	}
	var all []string
	i.into(labels, &all)
	for _, label := range all {
		if key, ours := strings.CutPrefix(label, labelPrefix); ours {
			return providers.Key(key)
		}
	}
	return ""
}

// account is a user, of either API and edition.
type account struct {
	AccountID   string `json:"accountId"`
	Name        string `json:"name"`
	Key         string `json:"key"`
	Email       string `json:"emailAddress"`
	DisplayName string `json:"displayName"`
	Active      bool   `json:"active"`
}

// userID is what never changes: the account ID, or the key on Data Center.
func (d *Desk) userID(a account) string {
	if d.config.Edition == editionCloud {
		return a.AccountID
	}
	return a.Key
}

func (d *Desk) user(a account) providers.User {
	user := providers.User{ID: d.userID(a), Email: a.Email, DisplayName: a.DisplayName, Active: a.Active}
	if d.config.Edition == editionDataCenter {
		user.Login = a.Name
	}
	return user
}

// typeField is a field of a request type.
type typeField struct {
	ID       string `json:"fieldId"`
	Name     string `json:"name"`
	Required bool   `json:"required"`
	Schema   struct {
		Type  string `json:"type"`
		Items string `json:"items"`
	} `json:"jiraSchema"`
}

// value writes a text as a field's type wants it.
func (f typeField) value(given string) (any, error) {
	switch {
	case f.Schema.Type == "number":
		number, err := strconv.ParseFloat(given, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: field %q wants a number", providers.Invalid, f.Name)
		}
		return number, nil
	case f.Schema.Type == "option":
		return map[string]string{"value": given}, nil
	case f.Schema.Type == "array":
		values := []any{}
		for part := range strings.SplitSeq(given, ",") {
			part = strings.TrimSpace(part)
			switch f.Schema.Items {
			case "string":
				values = append(values, part)
			case "option":
				values = append(values, map[string]string{"value": part})
			default:
				values = append(values, map[string]string{"name": part})
			}
		}
		return values, nil
	case slices.Contains([]string{"string", "date", "datetime", "any", ""}, f.Schema.Type):
		return given, nil
	}
	return map[string]string{"name": given}, nil
}

// comment is a comment of the service desk API. Public is a pointer, for a comment without the
// flag is internal.
type comment struct {
	ID       string `json:"id"`
	Body     string `json:"body"`
	Rendered struct {
		HTML string `json:"html"`
	} `json:"renderedBody"`
	Author  account `json:"author"`
	Public  *bool   `json:"public"`
	Created struct {
		Milliseconds int64 `json:"epochMillis"`
	} `json:"created"`
	Attachments struct {
		Values []attachment `json:"values"`
	} `json:"attachments"`
}

type attachment struct {
	Name  string `json:"filename"`
	Type  string `json:"mimeType"`
	Size  int64  `json:"size"`
	Links struct {
		REST string `json:"jiraRest"`
	} `json:"_links"`
}

// file is an attachment; its ID ends its address.
func (a attachment) file() providers.Attachment {
	return providers.Attachment{ID: a.Links.REST[strings.LastIndex(a.Links.REST, "/")+1:], Name: a.Name, ContentType: a.Type, Size: a.Size}
}

func (c comment) entry() thread.Entry {
	number, _ := strconv.ParseInt(c.ID, 10, 64)
	entry := thread.Entry{Place: thread.ByNumber(number), Public: c.Public != nil && *c.Public}
	entry.ID, entry.Author, entry.CreatedAt = c.ID, c.Author.DisplayName, time.UnixMilli(c.Created.Milliseconds).UTC()
	if c.Rendered.HTML != "" {
		entry.SetBody(text.FromHTML(c.Rendered.HTML))
	} else {
		entry.SetBody(c.Body)
	}
	for _, file := range c.Attachments.Values {
		entry.Attachments = append(entry.Attachments, file.file())
	}
	return entry
}

var (
	address = regexp.MustCompile(`https?://\S+`)
	// special begins wiki markup anywhere; bullet at the beginning of a line; dash around a word.
	special = regexp.MustCompile(`[\\*_+^~{}\[\]|!]`)
	bullet  = regexp.MustCompile(`(?m)^(\s*)([#-]+\s|h[1-6]\.|bq\.)`)
	dash    = regexp.MustCompile(`(^|\s)-(\S)`)
)

// wiki writes plain text so that Jira shows it as it is.
func wiki(plain string) string {
	var out strings.Builder
	escape := func(part string) {
		part = special.ReplaceAllString(part, `\$0`)
		part = bullet.ReplaceAllString(part, `$1\$2`)
		out.WriteString(dash.ReplaceAllString(part, `$1\-$2`))
	}
	at := 0
	for _, found := range address.FindAllStringIndex(plain, -1) {
		escape(plain[at:found[0]])
		out.WriteString(plain[found[0]:found[1]])
		at = found[1]
	}
	escape(plain[at:])
	return out.String()
}

// literal writes a time as JQL in this zone reads it, to the minute before.
func literal(at time.Time, zone *time.Location) string {
	const seconds = len(":05")
	text := zoned.Literal(at, zone)
	return text[:len(text)-seconds]
}
