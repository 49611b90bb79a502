// Package names holds every name that a workflow, an activity and a caller must agree on: task
// queues, workflow IDs, signals, updates, queries and search attributes. All of them are frozen:
// running workflows carry them.
package names

import (
	"maps"
	"slices"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"deskbridge/providers"
)

// TaskQueue serves workflows and the activities that need no desk.
const TaskQueue = "deskbridge"

// DeskTaskQueue serves the activities of one connection, so that a slow desk holds up no other.
func DeskTaskQueue(connection string) string { return "desk/" + connection }

// Workflow IDs.

// Onboarding is the ID of an Onboarding workflow.
func Onboarding(connection, requestID string) string {
	return "onboarding/" + connection + "/" + requestID
}

// Fulfilment is the ID of a Fulfilment workflow.
func Fulfilment(connection, requestID string) string {
	return "fulfilment/" + connection + "/" + requestID
}

// Ticket is the ID of a Ticket workflow.
func Ticket(connection string, key providers.Key) string {
	return "ticket/" + connection + "/" + string(key)
}

// Offboarding is the ID of an Offboarding workflow.
func Offboarding(connection, requestID string) string {
	return "offboarding/" + connection + "/" + requestID
}

// UserSync is the ID of a UserSync workflow.
func UserSync(connection, syncID string) string { return "usersync/" + connection + "/" + syncID }

// User is the ID of the workflow that alone creates a person; hash is the keyed hash of an
// identity, for an ID is no place for an address.
func User(connection, hash string) string { return "user/" + connection + "/" + hash }

// UserCall is the ID of a UserCall workflow.
func UserCall(connection, callID string) string { return "usercall/" + connection + "/" + callID }

// Watch is the ID of a DeskWatch workflow.
func Watch(connection string) string { return "watch/" + connection }

// Check is the ID of a ConnectionCheck workflow.
func Check(connection string) string { return "check/" + connection }

// Signals.
const (
	// TicketChanged tells a Ticket workflow what a poll or a sweep saw.
	TicketChanged = "ticket-changed"
	// TicketWaiting tells a DeskWatch that a ticket waits.
	TicketWaiting = "ticket-waiting"
	// DeskChanged tells a DeskWatch that something changed at the desk: a hint that triggers a read.
	DeskChanged = "desk-changed"
	// CancelTicket tells a Ticket workflow that its request was superseded.
	CancelTicket = "cancel-ticket"
	// TicketLogged tells a parent the number of its ticket.
	TicketLogged = "ticket-logged"
	// TicketOutcome tells a parent how a ticket ended.
	TicketOutcome = "ticket-outcome"
	// TicketReopened tells a parent that a ticket is worked on again.
	TicketReopened = "ticket-reopened"
)

// Updates of a Ticket workflow; Onboarding, Fulfilment and Offboarding have Refresh and
// CompleteAction, Onboarding has Supersede.
const (
	AddNote        = "add-note"
	Attach         = "attach"
	CloseTicket    = "close"
	Refresh        = "refresh"
	Cancel         = "cancel"
	CompleteAction = "complete-action"
	Supersede      = "supersede"
)

// Queries.
const (
	// View answers a Ticket workflow's view.
	View = "view"
	// Progress answers the steps of Onboarding, Fulfilment and Offboarding, and how far a UserSync is.
	Progress = "progress"
	// Cure answers of every workflow that can need a person what they must mend, and how.
	Cure = "cure"
)

// Memos.
const (
	// MemoDigest tells the same request from another under the same ID.
	MemoDigest = "deskbridge-digest"
	// MemoSubject is a ticket's subject, for lists.
	MemoSubject = "deskbridge-subject"
)

// Search attributes. None holds personal data.
var (
	Connection    = temporal.NewSearchAttributeKeyKeyword("DeskbridgeConnection")
	Request       = temporal.NewSearchAttributeKeyKeyword("DeskbridgeRequest")
	TicketNumber  = temporal.NewSearchAttributeKeyKeyword("DeskbridgeTicketNumber")
	TicketID      = temporal.NewSearchAttributeKeyKeyword("DeskbridgeTicketId")
	TicketStatus  = temporal.NewSearchAttributeKeyKeyword("DeskbridgeTicketStatus")
	TicketVersion = temporal.NewSearchAttributeKeyKeyword("DeskbridgeTicketVersion")
	// Phase is waiting or watching on a Ticket workflow that a sweep must read.
	Phase = temporal.NewSearchAttributeKeyKeyword("DeskbridgePhase")
	// Attention is the kind of trouble that needs a person.
	Attention = temporal.NewSearchAttributeKeyKeyword("DeskbridgeAttention")
	// Outcome is how a ticket ended.
	Outcome = temporal.NewSearchAttributeKeyKeyword("DeskbridgeOutcome")
	// People are keyed hashes of the identities of those who may see a ticket, or of the joiner of
	// an Onboarding.
	People = temporal.NewSearchAttributeKeyKeywordList("DeskbridgePeople")
	// ChangedAt is when something of a ticket changed last, by Temporal's clock.
	ChangedAt = temporal.NewSearchAttributeKeyTime("DeskbridgeChangedAt")
)

// Value reads a search attribute of a listed workflow; empty if it has none.
func Value(attributes *commonpb.SearchAttributes, key temporal.SearchAttributeKeyKeyword) string {
	var text string
	read(attributes, key.GetName(), &text)
	return text
}

// Values reads a list of keywords of a listed workflow.
func Values(attributes *commonpb.SearchAttributes, key temporal.SearchAttributeKeyKeywordList) []string {
	var texts []string
	read(attributes, key.GetName(), &texts)
	return texts
}

// Time reads a time of a listed workflow; zero if it has none.
func Time(attributes *commonpb.SearchAttributes, key temporal.SearchAttributeKeyTime) time.Time {
	var at time.Time
	read(attributes, key.GetName(), &at)
	return at
}

func read(attributes *commonpb.SearchAttributes, name string, into any) {
	if payload := attributes.GetIndexedFields()[name]; payload != nil {
		_ = converter.GetDefaultDataConverter().FromPayload(payload, into)
	}
}

// SearchAttributes are those that a namespace needs, with their types.
func SearchAttributes() map[string]enumspb.IndexedValueType {
	all := map[string]enumspb.IndexedValueType{}
	for _, key := range []temporal.SearchAttributeKey{
		Connection, Request, TicketNumber, TicketID, TicketStatus, TicketVersion, Phase, Attention, Outcome, People, ChangedAt,
	} {
		all[key.GetName()] = key.GetValueType()
	}
	return all
}

// SearchAttributeNames lists them in order.
func SearchAttributeNames() []string { return slices.Sorted(maps.Keys(SearchAttributes())) }

// Priorities on a task queue, from the first served to the last (DESIGN 6).
const (
	PriorityScreen = 1 // somebody waits at a screen
	PriorityLeave  = 2 // somebody leaves, and must not get in any more
	PriorityLog    = 3
	PriorityFollow = 3
	PriorityPoll   = 4
	PrioritySweep  = 5
)
