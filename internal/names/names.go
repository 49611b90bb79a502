// Package names holds every name that a workflow, an activity and a caller must agree on: task
// queues, workflow IDs, signals, updates, queries and search attributes. All of them are frozen:
// running workflows carry them.
package names

import (
	commonpb "go.temporal.io/api/common/v1"
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
	// TicketLogged tells a parent the number of its ticket.
	TicketLogged = "ticket-logged"
	// TicketOutcome tells a parent how a ticket ended.
	TicketOutcome = "ticket-outcome"
	// TicketReopened tells a parent that a ticket is worked on again.
	TicketReopened = "ticket-reopened"
)

// Updates of a Ticket workflow; Onboarding and Fulfilment have Refresh and CompleteAction.
const (
	AddNote        = "add-note"
	Attach         = "attach"
	CloseTicket    = "close"
	Refresh        = "refresh"
	Cancel         = "cancel"
	CompleteAction = "complete-action"
)

// Queries.
const (
	// View answers a Ticket workflow's view.
	View = "view"
	// Progress answers the steps of Onboarding and Fulfilment.
	Progress = "progress"
)

// MemoDigest is the memo that tells the same request from another under the same ID.
const MemoDigest = "deskbridge-digest"

// Search attributes, all of type Keyword. None holds personal data.
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
)

// Value reads a search attribute of a listed workflow; empty if it has none.
func Value(attributes *commonpb.SearchAttributes, key temporal.SearchAttributeKeyKeyword) string {
	var text string
	if payload := attributes.GetIndexedFields()[key.GetName()]; payload != nil {
		_ = converter.GetDefaultDataConverter().FromPayload(payload, &text)
	}
	return text
}

// SearchAttributes lists the search attributes that a namespace needs.
func SearchAttributes() []string {
	var all []string
	for _, key := range []temporal.SearchAttributeKeyKeyword{Connection, Request, TicketNumber, TicketID, TicketStatus, TicketVersion, Phase, Attention} {
		all = append(all, key.GetName())
	}
	return all
}
