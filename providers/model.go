package providers

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Key is our idempotency key of a ticket, "<requestId>/<stepId>". Every ticket that we log
// carries it in a field of the desk.
type Key string

// The second half has room for what a workflow appends to a step's ID.
var keyPattern = regexp.MustCompile(`^` + idPattern + `/[A-Za-z0-9][A-Za-z0-9._-]{0,79}$`)

const idPattern = `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`

var idOnly = regexp.MustCompile(`^` + idPattern + `$`)

// ParseKey checks the shape of a key.
func ParseKey(text string) (Key, error) {
	if !keyPattern.MatchString(text) {
		return "", fmt.Errorf("key %q: want <requestId>/<stepId>, each 1 to 64 letters, digits, dots, dashes or underscores and a letter or digit first", text)
	}
	return Key(text), nil
}

// ValidID tells whether text can be a request ID or a step ID, a half of a [Key].
func ValidID(text string) bool { return idOnly.MatchString(text) }

// TicketKind says what a ticket is.
type TicketKind string

// The kinds of ticket.
const (
	Request  TicketKind = "request"
	Incident TicketKind = "incident"
)

// NewTicket is a ticket to log.
type NewTicket struct {
	Key     Key
	Kind    TicketKind
	Subject string
	// Body is plain text.
	Body string
	// Queue routes the ticket: queue, assignment group or request type, as the desk has it.
	Queue string
	// RequesterID is the desk's own ID of the user.
	RequesterID string
	// Fields sets further fields of the desk, for category and routing.
	Fields map[string]string
}

// Ticket is a request or incident as the desk has it.
type Ticket struct {
	// ID never changes; Number is what people see. Some desks use one for both.
	ID, Number string
	// Key is empty on tickets that are not ours.
	Key     Key
	Subject string
	// Status is the desk's own word, never translated.
	Status string
	Queue  string
	// RequesterIDs are desk user IDs.
	RequesterIDs []string
	// UpdatedBy is the desk user who changed the ticket last, if the desk says so.
	UpdatedBy string
	CreatedAt time.Time
	UpdatedAt time.Time
	// URL opens the ticket in the desk for an agent.
	URL string
	// Merged says that the ticket was merged into another, and is told by changes only: who
	// asks for such a ticket by its ID gets the target.
	Merged bool `json:",omitempty"`
}

// Version differs after any change that the desk's own precision shows.
func (t Ticket) Version() string {
	return t.UpdatedAt.UTC().Format(time.RFC3339Nano) + " " + t.Status
}

// TicketUpdate sets the raw status of a ticket.
type TicketUpdate struct {
	TicketID string
	Status   string
}

// Note is a customer-facing note. Internal notes have no type here: they never leave a desk package.
type Note struct {
	ID string
	// Author is the desk's name of who wrote it.
	Author string
	// Body is plain text.
	Body string
	// Truncated says that Body was cut at [MaxNoteBody].
	Truncated   bool
	CreatedAt   time.Time
	Attachments []Attachment
}

// NewNote is a customer-facing note to add; Body is plain text.
type NewNote struct {
	TicketID string
	Body     string
}

// Text is the body without white space at its ends; [Invalid] if nothing is left, [TooLarge]
// beyond [MaxNoteBody].
func (n NewNote) Text() (string, error) {
	body := strings.TrimSpace(n.Body)
	switch {
	case body == "":
		return "", fmt.Errorf("%w: the note is empty", Invalid)
	case len(body) > MaxNoteBody:
		return "", fmt.Errorf("%w: the note has %d bytes; at most %d are taken", TooLarge, len(body), MaxNoteBody)
	}
	return body, nil
}

// MaxNoteBody is the largest note body that is read or written, in bytes.
const MaxNoteBody = 32 << 10

// NewAttachment is a file to upload.
type NewAttachment struct {
	TicketID    string
	Name        string
	ContentType string
	Content     []byte
}

// Validate refuses a name that is a path, and what is larger than [MaxAttachment].
func (a NewAttachment) Validate() error {
	switch {
	case a.Name == "" || strings.ContainsAny(a.Name, "/\\\r\n\x00"):
		return fmt.Errorf("%w: a file needs a name without slashes and line ends", Invalid)
	case len(a.Content) > MaxAttachment:
		return fmt.Errorf("%w: the file has %d bytes; at most %d are taken", TooLarge, len(a.Content), MaxAttachment)
	}
	return nil
}

// MaxAttachment is the largest file that is uploaded, in bytes.
const MaxAttachment = 25 << 20

// Attachment is a file at the desk; Size is in bytes.
type Attachment struct {
	ID          string
	Name        string
	ContentType string
	Size        int64
}

// Identity says by what a user is known.
type Identity string

// The identities by which a user is matched.
const (
	ByEmployeeNumber Identity = "employee_number"
	ByLogin          Identity = "login"
	ByEmail          Identity = "email"
)

// User is a person at the desk.
type User struct {
	// ID is the desk's own and never changes, also when the login does.
	ID             string
	Login          string
	Email          string
	EmployeeNumber string
	DisplayName    string
	Active         bool
}

// NewUser is a user to create. Login may be empty where the desk can do without.
type NewUser struct {
	Login          string
	Email          string
	EmployeeNumber string
	DisplayName    string
	// Attributes are further fields by the desk's own name, for example Organization.
	Attributes map[string]string
}

// UserUpdate changes those fields of a user that are not nil.
type UserUpdate struct {
	UserID      string
	Login       *string
	Email       *string
	DisplayName *string
	Active      *bool
	// Attributes are further fields by the desk's own name.
	Attributes map[string]string
}

// Report is what a check of a connection found.
type Report struct {
	// Version is what the desk calls itself.
	Version  string
	Findings []Finding
	// Statuses are those that tickets can have, where the desk can tell: what the statuses of a
	// connection are held against.
	Statuses []string `json:",omitempty"`
}

// Finding is one function of the desk and whether it works.
type Finding struct {
	// Function is in the words of the integration levels, for example "log a ticket".
	Function string
	// Problem is empty when the function works.
	Problem string
	// Cure says what to do at the desk or in the configuration.
	Cure string
}

// State is what a desk's status means to a request that waits.
type State string

// The states. A status without one is Unmapped and never counts as done.
const (
	Waiting   State = "waiting"
	Completed State = "completed"
	Rejected  State = "rejected"
	Cancelled State = "cancelled"
	Duplicate State = "duplicate"
	Unmapped  State = "unmapped"
)

// Final says whether the desk is done with the ticket.
func (s State) Final() bool { return s != Waiting && s != Unmapped && s != "" }

// States lists the states that a status can be mapped to.
func States() []State { return []State{Waiting, Completed, Rejected, Cancelled, Duplicate} }
