package topdesk

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/reference"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/thread"
)

// named is how TOPdesk refers to a thing.
type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// incident is an incident, as far as it is used.
type incident struct {
	ID               string `json:"id"`
	Number           string `json:"number"`
	Line             string `json:"status"`
	BriefDescription string `json:"briefDescription"`
	ExternalNumber   string `json:"externalNumber"`
	Request          string `json:"request"`
	ProcessingStatus *named `json:"processingStatus"`
	Completed        bool   `json:"completed"`
	Closed           bool   `json:"closed"`
	OperatorGroup    *named `json:"operatorGroup"`
	Caller           *struct {
		ID string `json:"id"`
	} `json:"caller"`
	Created  moment `json:"creationDate"`
	Modified moment `json:"modificationDate"`
	Modifier *named `json:"modifier"`
}

// incidentFields are those that make a ticket.
const incidentFields = "id,number,status,briefDescription,externalNumber,request,processingStatus,completed,closed,operatorGroup,caller,creationDate,modificationDate,modifier"

// moment is a time in either format: 2020-10-01T14:10:00Z or 2020-10-01T14:10:00.000+0000.
type moment struct{ time.Time }

// UnmarshalJSON reads both formats; what is none is zero.
func (m *moment) UnmarshalJSON(data []byte) error {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.000-0700"} {
		if at, err := time.Parse(layout, strings.Trim(string(data), `"`)); err == nil {
			m.Time = at.UTC()
		}
	}
	return nil
}

func (i incident) archived() bool { return strings.HasSuffix(i.Line, "Archived") }

// gone says whether the incident was taken out of work without having been closed.
func (i incident) gone() bool { return i.archived() && !i.Closed }

func (i incident) partial() bool { return strings.HasPrefix(i.Line, "partial") }

func (i incident) status() string {
	switch {
	case i.ProcessingStatus != nil && i.ProcessingStatus.Name != "":
		return i.ProcessingStatus.Name
	case i.Closed:
		return "closed"
	case i.Completed:
		return "completed"
	}
	return "open"
}

// maxExternal is how many characters externalNumber takes.
const maxExternal = 60

// hashed begins the externalNumber of a key that is too long for it.
const hashed = "sha256:"

// external is what externalNumber holds of a key.
func external(key providers.Key) string {
	if len(key) <= maxExternal {
		return string(key)
	}
	sum := sha256.Sum256([]byte(key))
	return hashed + hex.EncodeToString(sum[:])[:maxExternal-len(hashed)]
}

// key reads our key; a long one from the line of the request whose hash is the externalNumber.
func (i incident) key() providers.Key {
	if !strings.HasPrefix(i.ExternalNumber, hashed) {
		return providers.Key(i.ExternalNumber)
	}
	for line := range strings.Lines(i.Request) {
		if key := reference.Find(line); key != "" && external(key) == i.ExternalNumber {
			return key
		}
	}
	return ""
}

func (d *Desk) ticket(i incident) providers.Ticket {
	ticket := providers.Ticket{
		ID: i.ID, Number: i.Number, Key: i.key(), Subject: i.BriefDescription, Status: i.status(), CreatedAt: i.Created.Time, UpdatedAt: i.Modified.Time,
		URL: d.config.URL + "/tas/secure/incident?action=show&unid=" + i.ID,
	}
	if i.OperatorGroup != nil {
		ticket.Queue = i.OperatorGroup.Name
	}
	if i.Caller != nil && i.Caller.ID != "" {
		ticket.RequesterIDs = []string{i.Caller.ID}
	}
	if i.Modifier != nil {
		ticket.UpdatedBy = i.Modifier.Name
	}
	return ticket
}

// entry is an entry of the actions or of the request. Invisible is a pointer, for one without
// the flag is internal.
type entry struct {
	ID        string `json:"id"`
	Memo      string `json:"memoText"`
	Invisible *bool  `json:"invisibleForCaller"`
	Entered   moment `json:"entryDate"`
	Operator  *named `json:"operator"`
	Person    *named `json:"person"`
}

func (e entry) note() thread.Entry {
	made := thread.Entry{Place: thread.ByTime(e.Entered.Time), Public: e.Invisible != nil && !*e.Invisible}
	made.ID, made.CreatedAt = e.ID, e.Entered.Time
	made.SetBody(text.FromHTML(e.Memo))
	for _, author := range []*named{e.Operator, e.Person} {
		if author != nil && made.Author == "" {
			made.Author = author.Name
		}
	}
	return made
}

// person is a person in version 2.
type person struct {
	ID           string `json:"id"`
	FirstName    string `json:"firstName"`
	SurName      string `json:"surName"`
	Email        string `json:"email"`
	Network      string `json:"networkLoginName"`
	TAS          string `json:"tasLoginName"`
	EmployeeCode string `json:"employeeNumber"`
	Archived     bool   `json:"archived"`
}

func (d *Desk) user(p person) providers.User {
	user := providers.User{
		ID: p.ID, Login: p.Network, Email: p.Email, EmployeeNumber: p.EmployeeCode,
		DisplayName: strings.TrimSpace(p.FirstName + " " + p.SurName), Active: !p.Archived,
	}
	if d.config.LoginField == "tasLoginName" {
		user.Login = p.TAS
	}
	return user
}
