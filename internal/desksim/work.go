package desksim

import (
	"errors"
	"fmt"
	"slices"
)

// The methods here are what an agent does, for tests and tools that are not a person at the page.

// SetStatus sets a ticket's status.
func (d *Desk) SetStatus(ticketID int, status string) error {
	return d.work(ticketID, func(ticket *Ticket, agent int) error {
		if !d.setStatus(ticket, agent, status) {
			return fmt.Errorf("there is no status %q", status)
		}
		return nil
	})
}

// Write adds a note of kind [Public] or [Internal] in plain text.
func (d *Desk) Write(ticketID int, kind, text string) error {
	return d.WriteAs(ticketID, kind, "text/plain", text, "")
}

// WriteAs adds a note whose text is of a content type, with a file if it is given a name.
func (d *Desk) WriteAs(ticketID int, kind, contentType, text, fileName string) error {
	return d.work(ticketID, func(ticket *Ticket, agent int) error {
		parts := []newFile{{contentType: contentType, content: []byte(text)}}
		if fileName != "" {
			parts = append(parts, newFile{name: fileName, contentType: "text/plain", content: []byte("content of " + fileName)})
		}
		d.addNote(ticket, agent, kind, parts...)
		return nil
	})
}

// Merge merges a ticket into another.
func (d *Desk) Merge(from, into int) error {
	return d.work(from, func(ticket *Ticket, agent int) error {
		target := d.live(into)
		if target == nil || target == ticket {
			return errors.New("there is no ticket to merge into")
		}
		d.merge(ticket, target, agent)
		return nil
	})
}

// Delete deletes a ticket.
func (d *Desk) Delete(ticketID int) error { return d.SetStatus(ticketID, statusDeleted) }

// AddField gives a queue a custom field.
func (d *Desk) AddField(queue, name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	found := d.queueByName(queue)
	if found == nil {
		return fmt.Errorf("there is no queue %q", queue)
	}
	found.Fields = append(found.Fields, name)
	d.touch("queue", found.ID, found)
	return d.flush()
}

// Tickets returns copies of all tickets, merged and deleted ones too, oldest first.
func (d *Desk) Tickets() []Ticket {
	d.mu.Lock()
	defer d.mu.Unlock()
	var tickets []Ticket
	for _, ticket := range sorted(d.tickets) {
		tickets = append(tickets, *ticket)
	}
	return tickets
}

// Users returns copies of all users, oldest first.
func (d *Desk) Users() []User {
	d.mu.Lock()
	defer d.mu.Unlock()
	var users []User
	for _, user := range sorted(d.users) {
		users = append(users, *user)
	}
	return users
}

// Number returns the number of the ticket with this ID of the vendor's; 0 if there is none.
func (d *Desk) Number(vendorID string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ticket := d.byVendorID(vendorID); ticket != nil {
		return ticket.ID
	}
	return 0
}

// Requesters returns the logins of a ticket's requesters.
func (d *Desk) Requesters(ticketID int) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var logins []string
	for _, id := range d.live(ticketID).Requesters {
		logins = append(logins, d.users[id].Login)
	}
	return logins
}

// Files returns the names of a ticket's files, those of internal notes too.
func (d *Desk) Files(ticketID int) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := []string{}
	for _, file := range d.attached(d.live(ticketID)) {
		names = append(names, file.Name)
	}
	slices.Sort(names)
	return names
}

// Written returns the texts of a ticket's notes of one kind, oldest first.
func (d *Desk) Written(ticketID int, kind string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var texts []string
	for _, note := range d.history(d.live(ticketID)) {
		if note.Kind == kind && len(note.Parts) > 0 {
			texts = append(texts, string(d.files[note.Parts[0]].Content))
		}
	}
	return texts
}

func (d *Desk) work(ticketID int, do func(ticket *Ticket, agent int) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	ticket := d.live(ticketID)
	if ticket == nil {
		return fmt.Errorf("there is no ticket %d", ticketID)
	}
	if err := do(ticket, d.userByLogin(systemUser).ID); err != nil {
		return err
	}
	return d.flush()
}

// Entry is a row of a ticket's history as the desk's table has it.
type Entry struct {
	// Ticket is the row's own, also where that was merged into another.
	Ticket int
	Kind   string
	Author string
	Text   string
	// Files are the names of what is attached.
	Files []string
}

// Entries returns all rows of all histories, oldest first.
func (d *Desk) Entries() []Entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	var entries []Entry
	for _, note := range sorted(d.notes) {
		entry := Entry{Ticket: note.Ticket, Kind: note.Kind, Author: d.loginOf(note.Author)}
		text, files := d.parts(note)
		if text != nil {
			entry.Text = string(text.Content)
		}
		for _, file := range files {
			entry.Files = append(entry.Files, file.Name)
		}
		entries = append(entries, entry)
	}
	return entries
}

// Merges says whether agents of this vendor's desk can merge tickets.
func Merges(vendor Vendor) bool { return vendors[vendor].merges }
