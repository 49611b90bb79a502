package zendesk

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
)

// statuses are the system's; a custom status shows as the one that it belongs to.
var statuses = []string{"new", "open", "pending", "hold", "solved", "closed"}

// statusDeleted is that of a deleted ticket in the export.
const statusDeleted = "deleted"

// record is a ticket as Zendesk has it (TicketObject).
type record struct {
	ID          int64     `json:"id"`
	ExternalID  string    `json:"external_id"`
	Subject     string    `json:"subject"`
	Status      string    `json:"status"`
	Priority    string    `json:"priority"`
	GroupID     int64     `json:"group_id"`
	RequesterID int64     `json:"requester_id"`
	Tags        []string  `json:"tags"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

func (r record) id() string {
	if r.ID == 0 {
		return ""
	}
	return strconv.FormatInt(r.ID, 10)
}

// merged says whether the ticket was closed by merging it into another.
func (r record) merged() bool { return slices.Contains(r.Tags, "closed_by_merge") }

func (r record) ticket(address, group string) providers.Ticket {
	ticket := providers.Ticket{
		ID: r.id(), Number: r.id(), Key: providers.Key(r.ExternalID), Subject: r.Subject, Status: r.Status, Queue: group,
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), URL: address + "/agent/tickets/" + r.id(),
	}
	if r.RequesterID != 0 {
		ticket.RequesterIDs = []string{strconv.FormatInt(r.RequesterID, 10)}
	}
	return ticket
}

// comment is a comment of a ticket (TicketCommentObject). Public is a pointer, for a comment
// without the flag is internal.
type comment struct {
	ID          int64     `json:"id"`
	AuthorID    int64     `json:"author_id"`
	HTML        string    `json:"html_body"`
	Public      *bool     `json:"public"`
	CreatedAt   time.Time `json:"created_at"`
	Attachments []struct {
		ID          int64  `json:"id"`
		Name        string `json:"file_name"`
		ContentType string `json:"content_type"`
		Size        int64  `json:"size"`
		Deleted     bool   `json:"deleted"`
	} `json:"attachments"`
}

func (c comment) isPublic() bool { return c.Public != nil && *c.Public }

func (c comment) attachments() []providers.Attachment {
	var files []providers.Attachment
	for _, file := range c.Attachments {
		if !file.Deleted {
			files = append(files, providers.Attachment{ID: strconv.FormatInt(file.ID, 10), Name: file.Name, ContentType: file.ContentType, Size: file.Size})
		}
	}
	return files
}

// person is a user (UserForAdmin), as far as it is used.
type person map[string]any

func (p person) text(field string) string {
	value, _ := p[field].(string)
	return value
}

func (p person) id() string {
	value, _ := p["id"].(float64)
	return strconv.FormatInt(int64(value), 10)
}

// field is a user field by its key; ok tells whether Zendesk has it.
func (p person) field(key string) (value string, ok bool) {
	fields, _ := p["user_fields"].(map[string]any)
	raw, ok := fields[key]
	value, _ = raw.(string)
	return value, ok
}

func (d *Desk) user(p person) providers.User {
	suspended, _ := p["suspended"].(bool)
	number := ""
	if d.config.EmployeeField != "" {
		number, _ = p.field(d.config.EmployeeField)
	}
	return providers.User{
		ID: p.id(), Login: p.text("external_id"), Email: strings.ToLower(p.text("email")), EmployeeNumber: number,
		DisplayName: p.text("name"), Active: !suspended && p["active"] == true,
	}
}
