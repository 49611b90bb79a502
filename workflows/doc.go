// Package workflows is the durable story of Deskbridge; it is deterministic and imports no
// clock, no network and no configuration.
//
//	Onboarding       people exist at the desk -> start date -> the steps
//	Fulfilment       the requester exists -> the steps, in parallel where they may
//	Ticket           one a ticket: log once -> files -> wait -> outcome -> reopen watch
//	DeskWatch        one a connection: polls changes, signals the waiting tickets, sweeps
//	Offboarding      joiners in flight end -> the steps -> the account is deactivated
//	UserSync         many users at once: a plan, limits, then the changes
//	User             one a person: creates the person at a desk, once
//	UserCall         one thing that somebody at a screen does to users
//	ConnectionCheck  probes a desk for an administrator
//
// Whatever steers a workflow travels in its input, so that a replay sees the same world. The
// names of signals, updates, queries, task queues and IDs are in internal/names. A change to
// released code is versioned; the histories in testdata guard it.
package workflows
