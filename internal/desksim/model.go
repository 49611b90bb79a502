// Package desksim is a simulated service desk: one model of users, tickets, notes and files
// with its own clock, zone, search lag and faults, which speaks vendors' protocols over HTTP
// and shows a plain page to its agent.
//
// Each vendor has a file, or some that begin with its name (Request Tracker's with rest2): its
// protocol, and the rules by which its desk treats statuses, notes and merges; vendors.go is
// their registry, protocol.go what JSON protocols have in common. The conformance suite of the desks runs
// against it and against real servers alike, so that the two cannot drift apart. SOAP is read and
// written as plain XML here, never by the types that the desks are generated with.
package desksim

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// User is a person at the desk.
type User struct {
	ID         int
	Login      string
	Email      string
	Name       string
	Disabled   bool
	Privileged bool
	// Fields are custom fields; Attributes the vendor's further fields.
	Fields, Attributes map[string]string
}

// Queue is where tickets go.
type Queue struct {
	ID   int
	Name string
	// Fields are the custom fields that its tickets have.
	Fields []string
}

// Ticket is a ticket. A merged one keeps its row and names its target.
type Ticket struct {
	ID    int
	Queue int
	// Class is the vendor's table or form of the ticket; empty where there is one only.
	Class            string
	Subject          string
	Status           string
	Requesters       []int
	Fields           map[string]string
	Created, Updated time.Time
	UpdatedBy        int
	MergedInto       int
}

// The kinds of note.
const (
	Created  = "created"
	Public   = "public"
	Internal = "internal"
	Status   = "status"
	Merged   = "merged"
)

// Note is an entry in a ticket's history.
type Note struct {
	ID       int
	Ticket   int
	Kind     string
	Author   int
	At       time.Time
	Old, New string
	// Parts are file IDs: the text first, then what is attached.
	Parts []int
}

// File is a part of a note: its text, or something attached if it has a name.
type File struct {
	ID          int
	Note        int
	Name        string
	ContentType string
	Content     []byte
}

// Account is somebody who may call the desk's API.
type Account struct {
	Login, Token string
	// Rights are missing on an account without them: it sees no queue and parts of users only.
	Rights bool
}

// statusDeleted is the status of a deleted ticket.
const statusDeleted = "deleted"

// Options configures a simulated desk.
type Options struct {
	// Vendor is whose desk this is; [RT] if empty.
	Vendor Vendor
	// Path is the SQLite file; in memory if empty.
	Path string
	// Queues and the custom fields of their tickets.
	Queues map[string][]string
	// UserFields are the users' custom fields.
	UserFields []string
	Accounts   []Account
	// Zone is the accounts' time zone; UTC if nil.
	Zone *time.Location
	// Clock is the desk's clock, which need not be ours; [time.Now] if nil.
	Clock func() time.Time
	// SearchLag hides a new ticket from searches for that long, and at TOPdesk, ServiceNow and
	// Zendesk a change from the list of changes.
	SearchLag time.Duration
}

// Desk is a simulated service desk, safe for concurrent use.
type Desk struct {
	mu      sync.Mutex
	options Options
	rules   rules
	store   *store
	dirty   []entity
	lastID  map[string]int
	users   map[int]*User
	queues  map[int]*Queue
	tickets map[int]*Ticket
	notes   map[int]*Note
	files   map[int]*File
}

// New opens a desk, with what its file holds.
func New(options Options) (*Desk, error) {
	if options.Zone == nil {
		options.Zone = time.UTC
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	if options.Vendor == "" {
		options.Vendor = RT
	}
	rules, known := vendors[options.Vendor]
	if !known {
		return nil, fmt.Errorf("desksim: there is no vendor %q", options.Vendor)
	}
	store, err := openStore(options.Path)
	if err != nil {
		return nil, err
	}
	d := &Desk{
		options: options, rules: rules, store: store, lastID: map[string]int{},
		users: map[int]*User{}, queues: map[int]*Queue{}, tickets: map[int]*Ticket{},
		notes: map[int]*Note{}, files: map[int]*File{},
	}
	if err := d.load(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seed()
	return d, d.flush()
}

// Close closes the file.
func (d *Desk) Close() error { return d.store.close() }

// seed makes the queues and accounts that are not there yet.
func (d *Desk) seed() {
	for _, login := range []string{systemUser, "Nobody"} {
		if d.userByLogin(login) == nil {
			d.putUser(&User{Login: login})
		}
	}
	for _, account := range d.options.Accounts {
		if d.userByLogin(account.Login) == nil {
			d.putUser(&User{Login: account.Login, Email: account.Login + "@desk.test", Privileged: true})
		}
	}
	for name, fields := range d.options.Queues {
		if queue := d.queueByName(name); queue == nil {
			queue = &Queue{ID: d.next("queue"), Name: name, Fields: fields}
			d.queues[queue.ID] = queue
			d.touch("queue", queue.ID, queue)
		}
	}
}

// now is the desk's clock; its precision is one second.
func (d *Desk) now() time.Time {
	return d.options.Clock().UTC().Truncate(time.Second)
}

// systemUser is on whose behalf the desk itself writes.
const systemUser = "RT_System"

// lags says that searches do not show yet what happened at a time.
func (d *Desk) lags(at time.Time) bool { return d.now().Before(at.Add(d.options.SearchLag)) }

// visible says whether a search finds a ticket as it is now.
func (d *Desk) visible(ticket *Ticket) bool {
	return (ticket.MergedInto == 0 || d.rules.findsMerged) && ticket.Status != statusDeleted &&
		!d.lags(ticket.Created)
}

func (d *Desk) next(kind string) int {
	d.lastID[kind]++
	return d.lastID[kind]
}

func (d *Desk) userByLogin(login string) *User {
	for _, user := range d.users {
		if strings.EqualFold(user.Login, login) {
			return user
		}
	}
	return nil
}

func (d *Desk) userByEmail(email string) *User {
	for _, user := range d.users {
		if email != "" && strings.EqualFold(user.Email, email) {
			return user
		}
	}
	return nil
}

func (d *Desk) queueByName(name string) *Queue {
	for _, queue := range d.queues {
		if strings.EqualFold(queue.Name, name) {
			return queue
		}
	}
	return nil
}

// live follows merges to the ticket that is worked on; nil if there is none of this number.
func (d *Desk) live(id int) *Ticket {
	ticket := d.tickets[id]
	for ticket != nil && ticket.MergedInto != 0 {
		ticket = d.tickets[ticket.MergedInto]
	}
	return ticket
}

func (d *Desk) putUser(user *User) {
	if user.ID == 0 {
		user.ID = d.next("user")
	}
	d.users[user.ID] = user
	d.touch("user", user.ID, user)
}

// newFile is a part of a note that is about to be written.
type newFile struct {
	name, contentType string
	content           []byte
}

// write adds an entry to a ticket's history and moves the ticket's time stamp.
func (d *Desk) write(ticket *Ticket, note Note, parts ...newFile) *Note {
	note.ID, note.Ticket, note.At = d.next("note"), ticket.ID, d.now()
	for _, part := range parts {
		file := &File{ID: d.next("file"), Note: note.ID, Name: part.name, ContentType: part.contentType, Content: part.content}
		d.files[file.ID] = file
		d.touch("file", file.ID, file)
		note.Parts = append(note.Parts, file.ID)
	}
	d.notes[note.ID] = &note
	d.touch("note", note.ID, &note)
	ticket.Updated, ticket.UpdatedBy = note.At, note.Author
	d.touch("ticket", ticket.ID, ticket)
	return &note
}

// setStatus changes a status and says whether the desk took it.
func (d *Desk) setStatus(ticket *Ticket, author int, status string) bool {
	known, ok := d.rules.status(status)
	if !ok {
		return false
	}
	if known != ticket.Status {
		old := ticket.Status
		ticket.Status = known
		d.write(ticket, Note{Kind: Status, Author: author, Old: old, New: known})
	}
	return true
}

// addNote adds a note; what a public one does to the status is the vendor's.
func (d *Desk) addNote(ticket *Ticket, author int, kind string, parts ...newFile) *Note {
	note := d.write(ticket, Note{Kind: kind, Author: author}, parts...)
	if reopened := d.rules.noteOpens[ticket.Status]; kind == Public && reopened != "" {
		d.setStatus(ticket, author, reopened)
	}
	return note
}

// merge points a ticket to another, which gets its requesters; each keeps its own history.
func (d *Desk) merge(from, into *Ticket, author int) {
	for _, requester := range from.Requesters {
		if !slices.Contains(into.Requesters, requester) {
			into.Requesters = append(into.Requesters, requester)
		}
	}
	if d.rules.mergeMoves {
		for _, note := range d.history(from) {
			note.Ticket = into.ID
			d.touch("note", note.ID, note)
		}
		from.Status = statusMerged
		d.write(from, Note{Kind: Public, Author: author}, newFile{contentType: "text/plain", content: []byte("Merged Ticket.")})
	}
	if d.rules.leaveMerge != nil {
		d.rules.leaveMerge(d, from, into, author)
	}
	from.MergedInto = into.ID
	d.touch("ticket", from.ID, from)
	d.write(into, Note{Kind: Merged, Author: author})
}

// history lists the entries of a ticket and of those merged into it, oldest first.
func (d *Desk) history(ticket *Ticket) []*Note {
	if d.rules.mergeMoves {
		return d.own(ticket)
	}
	return slices.DeleteFunc(sorted(d.notes), func(note *Note) bool { return d.live(note.Ticket) != ticket })
}
