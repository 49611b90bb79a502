package freshservice

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/thread"
)

// statusNames are those of every account; others are written as their number.
var statusNames = map[int]string{2: "Open", 3: "Pending", 4: "Resolved", 5: "Closed"}

func statusName(number int) string {
	if name, known := statusNames[number]; known {
		return name
	}
	return strconv.Itoa(number)
}

// statusNumber reads a status; false if it can be none.
func statusNumber(status string) (int, bool) {
	for number, name := range statusNames {
		if strings.EqualFold(name, status) {
			return number, true
		}
	}
	number, err := strconv.Atoi(status)
	return number, err == nil && number > 0
}

// record is a ticket.
type record struct {
	ID          int64          `json:"id"`
	Subject     string         `json:"subject"`
	Status      int            `json:"status"`
	GroupID     int64          `json:"group_id"`
	RequesterID int64          `json:"requester_id"`
	Deleted     bool           `json:"deleted"`
	Custom      map[string]any `json:"custom_fields"`
	CreatedAt   time.Time      `json:"created_at"`
	UpdatedAt   time.Time      `json:"updated_at"`
}

func (d *Desk) key(r record) providers.Key {
	key, _ := r.Custom[d.config.KeyField].(string)
	return providers.Key(key)
}

func (d *Desk) ticket(r record, groups map[int64]string) providers.Ticket {
	id := strconv.FormatInt(r.ID, 10)
	ticket := providers.Ticket{
		ID: id, Number: id, Key: d.key(r), Subject: r.Subject, Status: statusName(r.Status), Queue: groups[r.GroupID],
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), URL: d.config.URL + "/a/tickets/" + id,
	}
	if r.RequesterID != 0 {
		ticket.RequesterIDs = []string{strconv.FormatInt(r.RequesterID, 10)}
	}
	return ticket
}

// conversation is a note or a reply. Private is a pointer, for one without the flag is internal.
type conversation struct {
	ID          int64     `json:"id"`
	UserID      int64     `json:"user_id"`
	Body        string    `json:"body"`
	Private     *bool     `json:"private"`
	Incoming    bool      `json:"incoming"`
	CreatedAt   time.Time `json:"created_at"`
	Attachments []struct {
		ID          int64  `json:"id"`
		Name        string `json:"name"`
		ContentType string `json:"content_type"`
		Size        int64  `json:"size"`
	} `json:"attachments"`
}

func (c conversation) attachments() []providers.Attachment {
	var files []providers.Attachment
	for _, file := range c.Attachments {
		files = append(files, providers.Attachment{ID: strconv.FormatInt(file.ID, 10), Name: file.Name, ContentType: file.ContentType, Size: file.Size})
	}
	return files
}

func (c conversation) entry() thread.Entry {
	entry := thread.Entry{Place: thread.ByNumber(c.ID), Public: c.Private != nil && !*c.Private}
	entry.ID, entry.CreatedAt, entry.Attachments = strconv.FormatInt(c.ID, 10), c.CreatedAt.UTC(), c.attachments()
	entry.SetBody(text.FromHTML(c.Body))
	return entry
}

// person is a requester, or an agent, whose address has another name.
type person struct {
	ID         int64  `json:"id"`
	FirstName  string `json:"first_name"`
	LastName   string `json:"last_name"`
	Primary    string `json:"primary_email"`
	Email      string `json:"email"`
	ExternalID string `json:"external_id"`
	Active     bool   `json:"active"`
	// all is everything that the answer holds, by which fields are known.
	all map[string]any
}

// UnmarshalJSON keeps the fields that are not named here, too. IDs have more digits than a float.
func (p *person) UnmarshalJSON(data []byte) error {
	type plain person
	if err := json.Unmarshal(data, (*plain)(p)); err != nil {
		return err
	}
	reader := json.NewDecoder(bytes.NewReader(data))
	reader.UseNumber()
	return reader.Decode(&p.all)
}

func (p person) email() string {
	if p.Primary != "" {
		return p.Primary
	}
	return p.Email
}

func (p person) user() providers.User {
	return providers.User{
		ID: strconv.FormatInt(p.ID, 10), Login: p.ExternalID, Email: p.email(), DisplayName: strings.TrimSpace(p.FirstName + " " + p.LastName), Active: p.Active,
	}
}
