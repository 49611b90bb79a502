package desksim

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Vendor is whose desk is simulated, by the name of its provider.
type Vendor string

// The vendors.
const (
	BMC             Vendor = "bmc"
	Freshservice    Vendor = "freshservice"
	GLPI            Vendor = "glpi"
	Halo            Vendor = "halo"
	ITop            Vendor = "itop"
	Ivanti          Vendor = "ivanti"
	Jira            Vendor = "jira"
	RT              Vendor = "rt"
	ServiceDeskPlus Vendor = "servicedeskplus"
	ServiceNow      Vendor = "servicenow"
	TOPdesk         Vendor = "topdesk"
	Zendesk         Vendor = "zendesk"
	Znuny           Vendor = "znuny"
)

// vendors is the registry: what makes a vendor's desk is in the vendor's own file.
var vendors = map[Vendor]rules{
	BMC:             bmcRules,
	Freshservice:    freshserviceRules,
	GLPI:            glpiRules,
	Halo:            haloRules,
	ITop:            itopRules,
	Ivanti:          ivantiRules,
	Jira:            jiraRules,
	RT:              rtRules,
	ServiceDeskPlus: servicedeskplusRules,
	ServiceNow:      servicenowRules,
	TOPdesk:         topdeskRules,
	Zendesk:         zendeskRules,
	Znuny:           znunyRules,
}

const statusMerged = "merged"

// rules are what a vendor's desk does of itself, and how it is reached.
type rules struct {
	// serve makes the vendor's protocol; address is where it is reached.
	serve func(desk *Desk, address string) http.Handler
	// ticketID is a ticket's ID as the vendor writes it; the number if nil.
	ticketID func(*Ticket) string
	// number is what people see of a ticket; the vendor's ID if nil.
	number func(*Ticket) string
	// merges: agents can merge tickets.
	merges bool
	// statuses are those that a ticket can have; the first is a new ticket's.
	statuses []string
	// noteOpens maps a status to the one that a public note leads to.
	noteOpens map[string]string
	// mergeMoves: the notes of a merged ticket go to its target; otherwise each keeps its own.
	mergeMoves bool
	// findsMerged: searches find merged tickets.
	findsMerged bool
	// leaveMerge is what a merge leaves on the two tickets; nil if nothing else.
	leaveMerge func(desk *Desk, from, into *Ticket, author int)
	sample     Sample
}

// Sample is how a connection to a simulated desk is configured that has the queue Support and
// the account deskbridge.
type Sample struct {
	// Settings is YAML: %[1]s is the address, %[2]s the reference to the password.
	Settings string
	// Open, Done and Cancelled are statuses; a new ticket's is the first that is open.
	Open, Done, Cancelled []string
}

// Mapping is what the statuses mean, in YAML.
func (s Sample) Mapping() string {
	var meanings []string
	for state, statuses := range map[string][]string{"waiting": s.Open, "completed": s.Done, "rejected": s.Cancelled} {
		for _, status := range statuses {
			meanings = append(meanings, fmt.Sprintf("%q: %s", status, state))
		}
	}
	slices.Sort(meanings)
	return "{" + strings.Join(meanings, ", ") + "}"
}

// Cancel is the status of a ticket that is cancelled; where a desk has none, done has to do.
func (s Sample) Cancel() string { return append(slices.Clone(s.Cancelled), s.Done...)[0] }

// Vendors lists the vendors in alphabetical order.
func Vendors() []Vendor { return slices.Sorted(maps.Keys(vendors)) }

// SampleOf returns the vendor's sample of a connection; false for an unknown vendor.
func SampleOf(vendor Vendor) (Sample, bool) {
	known, ok := vendors[vendor]
	return known.sample, ok
}

// Handler serves the vendor's protocol; address is where it is reached.
func (d *Desk) Handler(address string) http.Handler { return d.rules.serve(d, address) }

// vendorID is a ticket's ID as the vendor writes it.
func (r rules) vendorID(ticket *Ticket) string {
	if r.ticketID == nil {
		return strconv.Itoa(ticket.ID)
	}
	return r.ticketID(ticket)
}

// shownNumber is what people see of a ticket.
func (r rules) shownNumber(ticket *Ticket) string {
	if r.number == nil {
		return r.vendorID(ticket)
	}
	return r.number(ticket)
}

// byShownNumber finds a ticket's number by what people see of it; 0 if there is none.
func (d *Desk) byShownNumber(shown string) int {
	for _, ticket := range d.tickets {
		if strings.EqualFold(d.rules.shownNumber(ticket), strings.TrimSpace(shown)) {
			return ticket.ID
		}
	}
	return 0
}

// byVendorID finds a ticket by its ID as the vendor writes it, merged and deleted ones too.
func (d *Desk) byVendorID(id string) *Ticket {
	for _, ticket := range d.tickets {
		if d.rules.vendorID(ticket) == id {
			return ticket
		}
	}
	return nil
}

// status finds a status whatever its letter case, as the desks do.
func (r rules) status(text string) (string, bool) {
	at := slices.IndexFunc(r.statuses, func(known string) bool { return strings.EqualFold(known, text) })
	if at < 0 {
		return text, text == statusDeleted
	}
	return r.statuses[at], true
}
