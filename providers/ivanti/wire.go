package ivanti

import (
	"encoding/json"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/thread"
)

// record is a record of a business object: field -> value.
type record map[string]json.RawMessage

// text reads a field as text; a number as it is written, null as nothing.
func (r record) text(field string) string {
	var value *string
	if json.Unmarshal(r[field], &value) == nil {
		if value == nil {
			return ""
		}
		return *value
	}
	return string(r[field])
}

// yes says whether a flag is set; one that is missing or null is not.
func (r record) yes(field string) bool { return string(r[field]) == "true" }

// time reads a field; zero for what is none.
func (r record) time(field string) time.Time {
	at, err := time.Parse(time.RFC3339, r.text(field))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

func (d *Desk) ticket(r record) providers.Ticket {
	ticket := providers.Ticket{
		ID: r.text("RecId"), Number: r.text("IncidentNumber"), Key: providers.Key(r.text(d.config.KeyField)), Subject: r.text("Subject"), Status: r.text("Status"),
		Queue: r.text("OwnerTeam"), UpdatedBy: r.text("LastModBy"), CreatedAt: r.time("CreatedDateTime"), UpdatedAt: r.time("LastModDateTime"),
		URL: d.config.URL + "/Login.aspx?Scope=ObjectWorkspace&CommandId=Search&ObjectType=Incident%23&CommandData=RecId%2C%3D%2C0%2C" + r.text("RecId") + "%2Cstring%2CAND%7C",
	}
	for _, field := range []string{"ProfileLink_RecID", "ProfileLink"} {
		if id := r.text(field); id != "" && ticket.RequesterIDs == nil {
			ticket.RequesterIDs = []string{id}
		}
	}
	return ticket
}

// entry makes an entry of a journal note.
func (d *Desk) entry(r record) thread.Entry {
	made := thread.Entry{Place: thread.ByTime(r.time("CreatedDateTime")), Public: r.yes(d.config.PublicField)}
	made.ID, made.Author, made.CreatedAt = r.text("RecId"), r.text("CreatedBy"), r.time("CreatedDateTime")
	body := r.text("NotesBody")
	if strings.Contains(body, "<") {
		body = text.FromHTML(body)
	}
	made.SetBody(body)
	return made
}

func (d *Desk) user(r record) providers.User {
	user := providers.User{
		ID: r.text("RecId"), Login: r.text("LoginID"), Email: r.text("PrimaryEmail"),
		DisplayName: strings.TrimSpace(r.text("FirstName") + " " + r.text("LastName")), Active: !strings.EqualFold(r.text("Status"), d.config.InactiveStatus),
	}
	if d.config.EmployeeField != "" {
		user.EmployeeNumber = r.text(d.config.EmployeeField)
	}
	return user
}
