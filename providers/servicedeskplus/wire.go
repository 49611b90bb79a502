package servicedeskplus

import (
	"encoding/json"
	"strconv"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/thread"
)

// named is how ServiceDesk Plus refers to a thing.
type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// moment is a time: milliseconds since 1970, as text.
type moment struct {
	Value string `json:"value"`
}

func (m *moment) time() time.Time {
	if m == nil {
		return time.Time{}
	}
	milliseconds, err := strconv.ParseInt(m.Value, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(milliseconds).UTC()
}

// milliseconds writes a time as a criterion has it.
func milliseconds(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }

// request is a request, as far as it is used.
type request struct {
	ID          string                     `json:"id"`
	Number      string                     `json:"display_id"`
	Subject     string                     `json:"subject"`
	Status      *named                     `json:"status"`
	Group       *named                     `json:"group"`
	Requester   *named                     `json:"requester"`
	Created     *moment                    `json:"created_time"`
	Updated     *moment                    `json:"last_updated_time"`
	Trashed     bool                       `json:"is_trashed"`
	Fields      map[string]json.RawMessage `json:"udf_fields"`
	Attachments []struct {
		ID      string          `json:"id"`
		Name    string          `json:"name"`
		Type    string          `json:"content_type"`
		Size    json.RawMessage `json:"size"`
		Address string          `json:"content_url"`
	} `json:"attachments"`
}

// requestFields are those that make a ticket.
var requestFields = []string{"display_id", "subject", "status", "group", "requester", "created_time", "last_updated_time", "udf_fields", "is_trashed"}

func (d *Desk) key(r request) providers.Key {
	var key string
	_ = json.Unmarshal(r.Fields[d.config.KeyField], &key)
	return providers.Key(key)
}

func (d *Desk) ticket(r request) providers.Ticket {
	ticket := providers.Ticket{
		ID: r.ID, Number: r.Number, Key: d.key(r), Subject: r.Subject, CreatedAt: r.Created.time(), UpdatedAt: r.Updated.time(),
		URL: d.config.URL + "/WorkOrder.do?woMode=viewWO&woID=" + r.ID,
	}
	if d.config.cloud() {
		ticket.URL = d.config.URL + "/ui/requests/" + r.ID + "/details"
	}
	if ticket.Number == "" {
		ticket.Number = r.ID
	}
	if ticket.UpdatedAt.IsZero() {
		ticket.UpdatedAt = ticket.CreatedAt // a request that was not changed yet
	}
	if r.Status != nil {
		ticket.Status = r.Status.Name
	}
	if r.Group != nil {
		ticket.Queue = r.Group.Name
	}
	if r.Requester != nil {
		ticket.RequesterIDs = []string{r.Requester.ID}
	}
	return ticket
}

// note is a note. Shown is a pointer, for a note without the flag is internal.
type note struct {
	ID          string  `json:"id"`
	Description string  `json:"description"`
	Shown       *bool   `json:"show_to_requester"`
	CreatedBy   *named  `json:"created_by"`
	AddedBy     *named  `json:"added_by"`
	CreatedTime *moment `json:"created_time"`
	AddedTime   *moment `json:"added_time"`
}

func (n note) entry() thread.Entry {
	number, _ := strconv.ParseInt(n.ID, 10, 64)
	made := thread.Entry{Place: thread.ByNumber(number), Public: n.Shown != nil && *n.Shown}
	made.ID, made.CreatedAt = n.ID, n.CreatedTime.time()
	if made.CreatedAt.IsZero() {
		made.CreatedAt = n.AddedTime.time()
	}
	for _, author := range []*named{n.CreatedBy, n.AddedBy} {
		if author != nil && made.Author == "" {
			made.Author = author.Name
		}
	}
	made.SetBody(text.FromHTML(n.Description))
	return made
}

// person is a user, as far as it is used.
type person struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Email     string `json:"email_id"`
	LoginName string `json:"login_name"`
	Employee  string `json:"employee_id"`
}

func (p person) user() providers.User {
	return providers.User{ID: p.ID, Login: p.LoginName, Email: p.Email, EmployeeNumber: p.Employee, DisplayName: p.Name, Active: true}
}
