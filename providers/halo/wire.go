package halo

import (
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/reference"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/thread"
)

// moment is a time, with its zone or without; then it is UTC.
type moment struct{ time.Time }

// UnmarshalJSON reads both forms; what is none is zero.
func (m *moment) UnmarshalJSON(data []byte) error {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.999999999"} {
		if at, err := time.Parse(layout, strings.Trim(string(data), `"`)); err == nil && at.Year() > 1 {
			m.Time = at.UTC()
		}
	}
	return nil
}

// record is a ticket, as far as it is used. Details are there where they were asked for.
type record struct {
	ID          int64  `json:"id"`
	Summary     string `json:"summary"`
	Details     string `json:"details"`
	DetailsHTML string `json:"details_html"`
	StatusID    int64  `json:"status_id"`
	Team        string `json:"team"`
	UserID      int64  `json:"user_id"`
	Occurred    moment `json:"dateoccurred"`
	Updated     moment `json:"last_update"`
	LastAction  moment `json:"lastactiondate"`
	MergedInto  int64  `json:"merged_into_id"`
	Deleted     bool   `json:"deleted"`
}

func (r record) updated() time.Time {
	if r.Updated.After(r.LastAction.Time) {
		return r.Updated.Time
	}
	if r.LastAction.IsZero() {
		return r.Occurred.Time
	}
	return r.LastAction.Time
}

// key reads our key from the details, in either form.
func (r record) key() providers.Key {
	if key := reference.Find(r.Details); key != "" {
		return key
	}
	return reference.Find(text.FromHTML(r.DetailsHTML))
}

func (d *Desk) ticket(r record, statuses []named) providers.Ticket {
	id := strconv.FormatInt(r.ID, 10)
	ticket := providers.Ticket{
		ID: id, Number: id, Key: r.key(), Subject: r.Summary, Status: strconv.FormatInt(r.StatusID, 10), Queue: r.Team,
		CreatedAt: r.Occurred.Time, UpdatedAt: r.updated(), URL: d.config.URL + "/ticket?id=" + id,
	}
	for _, status := range statuses {
		if status.ID == r.StatusID {
			ticket.Status = status.Name
		}
	}
	if r.UserID != 0 {
		ticket.RequesterIDs = []string{strconv.FormatInt(r.UserID, 10)}
	}
	return ticket
}

// action is an action of a ticket. Hidden is a pointer, for one without the flag is internal.
type action struct {
	ID     int64  `json:"id"`
	Who    string `json:"who"`
	Note   string `json:"note"`
	HTML   string `json:"note_html"`
	Hidden *bool  `json:"hiddenfromuser"`
	At     moment `json:"datetime"`
}

func (a action) entry() thread.Entry {
	made := thread.Entry{Place: thread.ByNumber(a.ID), Public: a.Hidden != nil && !*a.Hidden}
	made.ID, made.Author, made.CreatedAt = strconv.FormatInt(a.ID, 10), a.Who, a.At.Time
	if a.HTML != "" {
		made.SetBody(text.FromHTML(a.HTML))
	} else {
		made.SetBody(a.Note)
	}
	return made
}

// person is a user, as far as it is used.
type person struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Email    string `json:"emailaddress"`
	Login    string `json:"login"`
	Inactive bool   `json:"inactive"`
}

func (p person) user() providers.User {
	return providers.User{ID: strconv.FormatInt(p.ID, 10), Login: p.Login, Email: p.Email, DisplayName: p.Name, Active: !p.Inactive}
}
