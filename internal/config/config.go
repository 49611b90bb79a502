// Package config reads the one configuration file of Deskbridge: strictly, with every mistake at
// once, each with its line and its cure. Secrets are in it only by reference.
package config

import (
	"errors"
	"fmt"
	"time"

	"deskbridge/activities"
	"deskbridge/internal/payloads"
	"deskbridge/providers"
	"deskbridge/providers/activate"
	"deskbridge/providers/all"
	"deskbridge/providers/target"
	"deskbridge/workflows"

	"go.yaml.in/yaml/v3"
)

// Config is a whole configuration.
type Config struct {
	// Connections are the configured desks by name.
	Connections map[string]*Connection `yaml:"connections"`
	// Targets are what automated steps call, by name.
	Targets map[string]target.Config `yaml:"targets"`
	// Files is the blob store for files on their way to a desk: file:///folder, s3://bucket,
	// gs://bucket or azblob://container.
	Files string `yaml:"files"`
	// FileTypes are the media types of files that are taken.
	FileTypes activities.FileTypes `yaml:"file_types"`
	// Key is the secret from which the keys for people's hashes and for links are derived; at
	// least 32 bytes. Only the starter reads it.
	Key providers.Secret `yaml:"key"`
	// PayloadKeys are the keys by which what the Temporal server stores is sealed.
	PayloadKeys PayloadKeys `yaml:"payload_keys"`
	API         API         `yaml:"api"`
	// Portal is the page that end users see.
	Portal Portal `yaml:"portal"`
	// Callbacks are the receivers of what happens, by name.
	Callbacks map[string]activate.Config `yaml:"callbacks"`
	// Plans are lists of steps for a kind of user, by name.
	Plans map[string]Plan `yaml:"plans"`
}

// PayloadKeys refers to a keyset as `starter keys` makes it, or says that payloads are not sealed.
type PayloadKeys struct {
	reference providers.Secret
	none      bool
}

// unsealed is in the place of a reference where the Temporal server may store everything readably.
const unsealed = "none"

// UnmarshalText takes a reference, or none.
func (k *PayloadKeys) UnmarshalText(text []byte) error {
	if k.none = string(text) == unsealed; k.none {
		return nil
	}
	return k.reference.UnmarshalText(text)
}

// Open reads the keyset; nil if payloads are not to be sealed.
func (k PayloadKeys) Open() (*payloads.Keys, error) {
	if k.none {
		return nil, nil //nolint:nilnil // no keys are a way to work
	}
	if k.reference.IsZero() {
		return nil, errors.New("payload_keys: missing in the configuration; make a keyset with `starter keys new FILE`, give it to every worker and starter, and write payload_keys: file:FILE")
	}
	text, err := k.reference.Reveal()
	if err != nil {
		return nil, fmt.Errorf("payload_keys: %w", err)
	}
	keys, err := payloads.ParseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("payload_keys: %w", err)
	}
	return keys, nil
}

// API is the HTTP API of `starter serve`.
type API struct {
	// URL is where others reach it, for links: https://deskbridge.example.com.
	URL  string `yaml:"url"`
	OIDC OIDC   `yaml:"oidc"`
	// TemporalUI are the addresses of Temporal UIs that may ask the codec endpoint.
	TemporalUI []string `yaml:"temporal_ui"`
	// Rate is the number of requests a second that one caller may send.
	Rate float64 `yaml:"rate"`
}

// OIDC says whose bearer tokens are taken (OpenID Connect Discovery 1.0), Microsoft Entra's for
// example.
type OIDC struct {
	Issuer   string `yaml:"issuer"`
	Audience string `yaml:"audience"`
	// RolesClaim is the claim that lists roles; "roles" as Entra's app roles.
	RolesClaim string `yaml:"roles_claim"`
	// Roles says which of the issuer's roles is which of ours.
	Roles Roles `yaml:"roles"`
	// Claims say by which claims an end user is known at the desk.
	Claims Claims `yaml:"claims"`
}

// Roles are the issuer's names of our roles.
type Roles struct {
	Automation    string `yaml:"automation"`
	Administrator string `yaml:"administrator"`
	EndUser       string `yaml:"end_user"`
}

// Claims are the claims that hold an end user's identities; one that is empty is not used.
type Claims struct {
	EmployeeNumber string `yaml:"employee_number"`
	Login          string `yaml:"login"`
	Email          string `yaml:"email"`
}

// Portal is how the page for end users is shown.
type Portal struct {
	// Name is its heading.
	Name string `yaml:"name"`
	// FrameAncestors are the addresses of pages that may embed it.
	FrameAncestors []string `yaml:"frame_ancestors"`
	// LinkValid is how long a link can be opened, Session how long the page can be used then.
	LinkValid time.Duration `yaml:"link_valid"`
	Session   time.Duration `yaml:"session"`
}

// Webhook says how a desk proves that a call is its own; a call is a hint that triggers a read.
type Webhook struct {
	Secret providers.Secret `yaml:"secret"`
	// Header carries the secret itself. Signature carries an HMAC-SHA256 of the body in hexadecimal
	// or base64, with the content of the header Timestamp before it if that is named.
	Header    string `yaml:"header"`
	Signature string `yaml:"signature"`
	Timestamp string `yaml:"timestamp"`
}

// What end users may do with their tickets, in the portal and by the API.
const (
	MayNote   = "note"
	MayAttach = "attach"
	MayClose  = "close"
)

// Connection is one configured desk account.
type Connection struct {
	// Desk is the type of desk, for example rt.
	Desk  string          `yaml:"desk"`
	Level providers.Level `yaml:"level"`
	// Settings are the desk's own.
	Settings yaml.Node `yaml:"settings"`
	// Queue takes tickets whose step names none.
	Queue string `yaml:"queue"`
	// Statuses says what each status of the desk means.
	Statuses map[string]providers.State `yaml:"statuses"`
	// CloseStatus and CancelStatus are set at the desk to close and to cancel a ticket.
	CloseStatus  string `yaml:"close_status"`
	CancelStatus string `yaml:"cancel_status"`
	// Match is the order of identities by which users are matched.
	Match []providers.Identity `yaml:"match"`
	// InactiveUsers is reactivate or stop.
	InactiveUsers string `yaml:"inactive_users"`
	// ReopenWindow is how long a ticket is watched after its outcome.
	ReopenWindow time.Duration `yaml:"reopen_window"`
	// SearchLag is how long the desk's search may lag behind its writes.
	SearchLag time.Duration `yaml:"search_lag"`
	// Rate is the number of activities a second that all workers together may run at this desk.
	Rate float64 `yaml:"rate"`
	// Budget is what the desk allows in calls; nil if it does not say.
	Budget *Budget `yaml:"budget"`
	Poll   Poll    `yaml:"poll"`
	// Callback names the receiver that is told what happens to requests at this desk.
	Callback string `yaml:"callback"`
	// Protected are patterns of logins, addresses and employee numbers whose accounts are never
	// deactivated, such as svc-*.
	Protected []string `yaml:"protected"`
	// Authoritative are the fields of a user that are brought up to date when one is found.
	Authoritative []string `yaml:"authoritative"`
	// EndUsersMay is what end users may do with their tickets: note, attach, close.
	EndUsersMay []string `yaml:"end_users_may"`
	// Webhook takes hints of the desk; none are taken without it.
	Webhook *Webhook `yaml:"webhook"`
	// Due says until when tickets must have their outcome; without it they wait for ever.
	Due *workflows.DuePolicy `yaml:"due"`

	settings any
	kind     all.Type
}

// Budget is a number of HTTP calls in a period, for each worker process that serves the connection.
type Budget struct {
	Calls int           `yaml:"calls"`
	Per   time.Duration `yaml:"per"`
}

// Poll steers how a connection is watched.
type Poll struct {
	Fastest time.Duration `yaml:"fastest"`
	Slowest time.Duration `yaml:"slowest"`
	Sweep   time.Duration `yaml:"sweep"`
	Overlap time.Duration `yaml:"overlap"`
}

// The values of inactive_users.
const (
	Reactivate = "reactivate"
	StopAt     = "stop"
)

// defaults fills in what may be left out.
func (c *Connection) defaults() {
	set := func(value *time.Duration, otherwise time.Duration) {
		if *value == 0 {
			*value = otherwise
		}
	}
	set(&c.Poll.Fastest, 15*time.Second)
	set(&c.Poll.Slowest, 2*time.Minute)
	set(&c.Poll.Sweep, time.Hour)
	set(&c.Poll.Overlap, max(time.Minute, 2*c.SearchLag))
	set(&c.ReopenWindow, 7*24*time.Hour)
	if c.Level == "" {
		c.Level = providers.LevelOf(c.kind.Zero)
	}
	if len(c.Match) == 0 {
		c.Match = []providers.Identity{providers.ByEmployeeNumber, providers.ByLogin, providers.ByEmail}
	}
	if c.InactiveUsers == "" {
		c.InactiveUsers = Reactivate
	}
	if c.Rate == 0 {
		c.Rate = 10
	}
	if c.EndUsersMay == nil {
		c.EndUsersMay = []string{MayNote, MayAttach, MayClose}
	}
}

// defaults fills in what may be left out.
func (c *Config) defaults() {
	if c.FileTypes == nil {
		c.FileTypes = DefaultFileTypes
	}
	if c.API.Rate == 0 {
		c.API.Rate = 20
	}
	if c.API.OIDC.RolesClaim == "" {
		c.API.OIDC.RolesClaim = "roles"
	}
	if c.API.OIDC.Roles == (Roles{}) {
		c.API.OIDC.Roles = Roles{Automation: "automation", Administrator: "administrator", EndUser: "end-user"}
	}
	if c.API.OIDC.Claims == (Claims{}) {
		c.API.OIDC.Claims = Claims{Login: "preferred_username", Email: "email"}
	}
	if c.Portal.Name == "" {
		c.Portal.Name = "My tickets"
	}
	if c.Portal.LinkValid == 0 {
		c.Portal.LinkValid = 5 * time.Minute
	}
	if c.Portal.Session == 0 {
		c.Portal.Session = time.Hour
	}
}

// DefaultFileTypes are what people attach; nothing of it runs when it is opened.
var DefaultFileTypes = activities.FileTypes{
	"image/png", "image/jpeg", "image/gif", "image/webp", "image/heic", "image/tiff", "application/pdf", "text/plain", "text/csv",
	"application/json", "application/zip", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation",
	"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet", "application/vnd.ms-outlook",
	"message/rfc822", "video/mp4", "video/quicktime",
}

// NewDesk makes the connection's desk; it calls nothing.
func (c *Connection) NewDesk() (providers.Desk, error) {
	desk, err := c.kind.New(c.settings)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	return desk, nil
}

// Steering is the part of a connection that travels in a workflow's input.
func (c *Connection) Steering(name string) workflows.Connection {
	return workflows.Connection{
		Name: name, Level: c.Level, ReopenWindow: c.ReopenWindow, SearchLag: c.SearchLag, Callback: c.Callback, Due: c.Due, Edition: workflows.Edition,
		Watch: workflows.WatchSettings{Fastest: c.Poll.Fastest, Slowest: c.Poll.Slowest, Sweep: c.Poll.Sweep, Overlap: c.Poll.Overlap},
	}
}
