package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	"gocloud.dev/blob"

	"deskbridge/providers"
)

// WantedUser is one line of a list of users: how a person should be at the desk.
type WantedUser struct {
	Person
	// Leaves says that the account is to be deactivated.
	Leaves bool `json:"leaves,omitempty"`
}

// MaxSync is the longest list of users.
const MaxSync = 20_000

// StoreUsers puts a list of users into the blob store, for it is too large for a workflow's input
// and full of names.
func StoreUsers(ctx context.Context, bucket *blob.Bucket, users []WantedUser) (File, error) {
	content, err := json.Marshal(users)
	if err != nil {
		return File{}, err
	}
	list := File{Name: "users.json", ContentType: "application/json"}
	list.Size, list.SHA256, err = store(ctx, bucket, bytes.NewReader(content))
	return list, err
}

// SyncUsers asks for a part of a list of users to be brought to the desk, or looked at only.
type SyncUsers struct {
	List File
	// From and To bound the part.
	From, To int
	// Workflow creates people one at a time.
	Workflow string
}

// SyncedUsers counts what was done, or what would be.
type SyncedUsers struct {
	Created, Updated, Deactivated, Unchanged int
	// Problems are those that were left as they were.
	Problems []UserProblem
}

// Changes counts the users that were or would be changed.
func (s SyncedUsers) Changes() int { return s.Created + s.Updated + s.Deactivated }

// Add adds what another part counted.
func (s *SyncedUsers) Add(other SyncedUsers) {
	s.Created += other.Created
	s.Updated += other.Updated
	s.Deactivated += other.Deactivated
	s.Unchanged += other.Unchanged
	s.Problems = append(s.Problems, other.Problems...)
}

// UserProblem is a line of a list that needs a person.
type UserProblem struct {
	// Line counts from 1.
	Line   int
	Kind   providers.Kind
	Reason string
}

// PlanUsers looks at a part of a list and counts what [Desk.ApplyUsers] would do.
func (d *Desk) PlanUsers(ctx context.Context, part SyncUsers) (SyncedUsers, error) {
	return d.eachWanted(ctx, part, d.planUser)
}

// ApplyUsers brings a part of a list to the desk. A retry goes on where its heartbeat was.
func (d *Desk) ApplyUsers(ctx context.Context, part SyncUsers) (SyncedUsers, error) {
	return d.eachWanted(ctx, part, func(ctx context.Context, wanted WantedUser) (SyncedUsers, error) {
		return d.applyUser(ctx, part.Workflow, wanted)
	})
}

// progress is what a heartbeat holds.
type progress struct {
	Next int
	Done SyncedUsers
}

func (d *Desk) eachWanted(ctx context.Context, part SyncUsers, visit func(context.Context, WantedUser) (SyncedUsers, error)) (SyncedUsers, error) {
	content, err := d.readFile(ctx, "sync users", part.List)
	if err != nil {
		return SyncedUsers{}, err
	}
	var users []WantedUser
	if err := json.Unmarshal(content, &users); err != nil || part.From < 0 || part.To > len(users) {
		return SyncedUsers{}, fmt.Errorf("sync users: %w: the stored list is not what the run was started with", providers.Invalid)
	}
	at := progress{Next: part.From}
	if activity.HasHeartbeatDetails(ctx) {
		_ = activity.GetHeartbeatDetails(ctx, &at)
	}
	for ; at.Next < part.To; at.Next++ {
		if d.Pace != nil {
			if err := d.Pace.Wait(ctx); err != nil {
				return SyncedUsers{}, err
			}
		}
		one, err := visit(ctx, users[at.Next])
		kind := providers.KindOf(err)
		switch {
		case err != nil && (kind == "" || kind.Retryable() || kind == providers.Unauthenticated || kind == providers.Forbidden):
			return SyncedUsers{}, err // not this user's fault
		case err != nil:
			one = SyncedUsers{Problems: []UserProblem{{Line: at.Next + 1, Kind: kind, Reason: err.Error()}}}
		}
		at.Done.Add(one)
		recordProgress(ctx, progress{at.Next + 1, at.Done})
	}
	return at.Done, nil
}

var (
	oneCreated     = SyncedUsers{Created: 1}
	oneUpdated     = SyncedUsers{Updated: 1}
	oneDeactivated = SyncedUsers{Deactivated: 1}
	oneUnchanged   = SyncedUsers{Unchanged: 1}
)

var errProtected = fmt.Errorf("sync users: %w: the account is protected and stays as it is", providers.Invalid)

func (d *Desk) planUser(ctx context.Context, wanted WantedUser) (SyncedUsers, error) {
	if wanted.Leaves {
		left, deactivator, err := d.leaver(ctx, wanted.Person)
		return countLeaver(left, deactivator, err)
	}
	found, err := d.matchUser(ctx, wanted.Person)
	switch {
	case err != nil:
		return SyncedUsers{}, err
	case found == nil:
		return oneCreated, nil
	case !found.Active && !d.Reactivate:
		return SyncedUsers{}, fmt.Errorf("sync users: %w: user %s is deactivated; activate the user at the desk, or set inactive_users to reactivate", providers.Misconfigured, found.ID)
	case !found.Active || changes(changesOf(*found, wanted.Person, UserFields())):
		_, err := providers.As[providers.UserUpdater](d.Desk)
		return oneUpdated, err
	}
	return oneUnchanged, nil
}

// countLeaver counts what becomes, or became, of a leaver.
func countLeaver(left LeftUser, deactivator providers.UserDeactivator, err error) (SyncedUsers, error) {
	switch {
	case err != nil:
		return SyncedUsers{}, err
	case deactivator != nil:
		return oneDeactivated, nil
	case left.Account == AccountProtected:
		return SyncedUsers{}, errProtected
	case left.Account == AccountUnsupported:
		return SyncedUsers{}, fmt.Errorf("sync users: %w: this desk lets nobody deactivate users; do it by hand", providers.Unsupported)
	}
	return oneUnchanged, nil
}

func (d *Desk) applyUser(ctx context.Context, workflow string, wanted WantedUser) (SyncedUsers, error) {
	if wanted.Leaves {
		left, deactivator, err := d.leaver(ctx, wanted.Person)
		if err == nil && deactivator != nil {
			err = deactivator.DeactivateUser(ctx, left.UserID)
		}
		return countLeaver(left, deactivator, err)
	}
	found, err := d.matchUser(ctx, wanted.Person)
	if err != nil {
		return SyncedUsers{}, err
	}
	if found == nil {
		input, err := json.Marshal(UserInput{Connection: d.Connection, Person: wanted.Person, SearchLag: d.SearchLag})
		if err != nil {
			return SyncedUsers{}, err
		}
		_, err = createUserOnce(ctx, d.Client, NewUser{Connection: d.Connection, Person: wanted.Person, Workflow: workflow, Input: input})
		return oneCreated, err
	}
	present, err := d.presentUser(ctx, *found, wanted.Person, UserFields())
	if err != nil {
		return SyncedUsers{}, err
	}
	if present.Updated || present.Reactivated {
		return oneUpdated, nil
	}
	return oneUnchanged, nil
}

// UserInput is the input of the workflow that creates a person.
type UserInput struct {
	Connection string
	Person     Person
	// SearchLag is how long the desk's search may lag behind its writes: for so long nobody else
	// may create the person.
	SearchLag time.Duration
}
