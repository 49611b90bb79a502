package desksim

import (
	"slices"
	"strings"
)

// Vendor is whose desk is simulated.
type Vendor string

// The vendors.
const (
	RT         Vendor = "rt"
	Znuny      Vendor = "znuny"
	ServiceNow Vendor = "servicenow"
	BMC        Vendor = "bmc"
)

const statusMerged = "merged"

// rules are what a vendor's desk does of itself.
type rules struct {
	// statuses are those that a ticket can have; the first is a new ticket's.
	statuses []string
	// noteOpens maps a status to the one that a public note leads to.
	noteOpens map[string]string
	// mergeMoves: the notes of a merged ticket go to its target; otherwise each keeps its own.
	mergeMoves bool
	// findsMerged: searches find merged tickets.
	findsMerged bool
}

var vendors = map[Vendor]rules{
	RT: {
		statuses:  []string{"new", "open", "stalled", "resolved", "rejected"}, // the default lifecycle
		noteOpens: map[string]string{"new": "open", "resolved": "open", "rejected": "open"},
	},
	Znuny: {
		statuses:   []string{"new", "open", "closed successful", "closed unsuccessful", "removed", statusMerged},
		mergeMoves: true, findsMerged: true,
	},
	BMC: {statuses: []string{"New", "Assigned", "In Progress", "Pending", "Resolved", "Closed", "Cancelled"}},
	ServiceNow: {
		statuses: []string{ // of incident, then of sc_req_item
			"New", "In Progress", "On Hold", "Resolved", "Closed", "Canceled",
			"Open", "Work in Progress", "Closed Complete", "Closed Incomplete", "Closed Skipped",
		},
	},
}

func (d *Desk) rules() rules { return vendors[d.options.Vendor] }

// status finds a status whatever its letter case, as the desks do.
func (r rules) status(text string) (string, bool) {
	at := slices.IndexFunc(r.statuses, func(known string) bool { return strings.EqualFold(known, text) })
	if at < 0 {
		return text, text == statusDeleted
	}
	return r.statuses[at], true
}
