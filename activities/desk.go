package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"
	"gocloud.dev/blob"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"deskbridge/providers"
)

// Desk holds the activities of one connection. It is safe for concurrent use.
type Desk struct {
	// Connection is the connection's name.
	Connection string
	Desk       providers.Desk
	Level      providers.Level
	// Queue takes tickets whose step names none.
	Queue string
	// Statuses says what each of the desk's statuses means; in lower case.
	Statuses map[string]providers.State
	// Closed and Cancelled are the statuses that close and cancel a ticket.
	Closed, Cancelled string
	// Match is the order of identities by which users are matched.
	Match []providers.Identity
	// Reactivate says what happens to a user who is inactive: activated again, or an error.
	Reactivate bool
	// Authoritative are the fields of a user that are brought up to date whenever one is found.
	Authoritative []string
	// Protected are patterns of accounts that are never deactivated, as [path.Match] has them.
	Protected []string
	// SearchLag is how long the desk's search may lag behind its writes.
	SearchLag time.Duration
	// Pace holds the calls of a long activity to the connection's rate; nil for no limit.
	Pace *rate.Limiter
	// Files holds the files to upload.
	Files *blob.Bucket
	// Uploads bounds the files that are held in memory at once, for desks take a file whole; nil for
	// no bound.
	Uploads *semaphore.Weighted
	// Client signals workflows.
	Client client.Client
}

// CheckResult is what a check of the connection found.
type CheckResult struct {
	// Configured is the connection's level, Reached the one that the type of desk reaches.
	Configured, Reached providers.Level
	Report              providers.Report
}

// CheckConnection probes the desk without changing it.
func (d *Desk) CheckConnection(ctx context.Context) (CheckResult, error) {
	report, err := d.Desk.Check(ctx)
	return CheckResult{Configured: d.Level, Reached: providers.LevelOf(d.Desk), Report: report}, err
}
