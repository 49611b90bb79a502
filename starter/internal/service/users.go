package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"deskbridge/activities"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/workflows"
)

// callWithin bounds a call of a desk that somebody waits for, also while no worker runs.
const callWithin = 50 * time.Second

// CallUsers has a worker do one thing to users of a desk. A failure has the kind of the desk's.
func (s *Service) CallUsers(ctx context.Context, connection string, call workflows.UserCall) (workflows.UserAnswer, error) {
	if err := s.checkConnection(connection); err != nil {
		return workflows.UserAnswer{}, wrong(err)
	}
	if err := s.know(call.Create); err != nil {
		return workflows.UserAnswer{}, err
	}
	id := names.UserCall(connection, uuid.NewString())
	answer, err := s.callUsers(ctx, id, connection, call)
	return answer, s.record(ctx, id, call.Verb(), err)
}

func (s *Service) callUsers(ctx context.Context, id, connection string, call workflows.UserCall) (workflows.UserAnswer, error) {
	var answer workflows.UserAnswer
	call.Connection = s.Config.Connections[connection].Steering(connection)
	run, err := s.Client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: names.TaskQueue,
		StaticSummary:         "Users of " + connection,
		TypedSearchAttributes: temporal.NewSearchAttributes(names.Connection.ValueSet(connection)),
		WorkflowRunTimeout:    callWithin,
	}, "UserCall", call)
	if err != nil {
		return answer, server("users", err)
	}
	err = run.Get(ctx, &answer)
	var application *temporal.ApplicationError
	var timeout *temporal.TimeoutError
	switch {
	case err == nil:
		return answer, nil
	case errors.As(err, &application):
		return answer, &Error{faultOfKind(providers.Kind(application.Type())), errors.New(application.Message())}
	case errors.As(err, &timeout):
		return answer, fail(Down, "users: neither a worker nor the desk answered in time; look for both, then ask again")
	}
	return answer, server("users", err)
}

// faultOfKind says whose fault a desk's failure is.
func faultOfKind(kind providers.Kind) Fault {
	switch kind {
	case providers.NotFound:
		return Absent
	case providers.Conflict, providers.Ambiguous:
		return Clash
	case providers.Invalid, providers.TooLarge:
		return Wrong
	case providers.RateLimited, providers.Unavailable, providers.UnknownOutcome, providers.Malformed:
		return Down
	}
	return Refused
}

// SyncRequest is a list of users to bring to a desk.
type SyncRequest struct {
	Connection string
	SyncID     string
	Mode       workflows.SyncMode
	Limits     workflows.SyncLimits
	Users      []activities.WantedUser
}

// PrepareSync checks a list, with every mistake and its line.
func (s *Service) PrepareSync(r SyncRequest) error {
	mistakes := []error{s.checkConnection(r.Connection), checkID("sync_id", r.SyncID)}
	if r.Mode != workflows.SyncDryRun && r.Mode != workflows.SyncApply {
		mistakes = append(mistakes, fmt.Errorf("mode: %q; want dry-run or apply", r.Mode))
	}
	if r.Limits.Changes < 0 || r.Limits.Deactivations < 0 {
		mistakes = append(mistakes, errors.New("limits: want changes and deactivations of 0 or more"))
	}
	if len(r.Users) == 0 || len(r.Users) > activities.MaxSync {
		mistakes = append(mistakes, fmt.Errorf("users: %d; want 1 to %d", len(r.Users), activities.MaxSync))
	}
	seen := map[string]int{}
	for i, user := range r.Users {
		place := fmt.Sprintf("users[%d]", i)
		validate := workflows.ValidatePerson
		if user.Leaves { // nobody is created
			validate = workflows.ValidateIdentity
		}
		if err := validate(place, user.Person); err != nil {
			mistakes = append(mistakes, err)
		}
		for _, identity := range []string{"number:" + user.EmployeeNumber, "account:" + user.Login, "account:" + user.Email} {
			identity = strings.ToLower(strings.TrimSpace(identity))
			_, value, _ := strings.Cut(identity, ":")
			if before, twice := seen[identity]; twice && value != "" && before != i {
				mistakes = append(mistakes, fmt.Errorf("%s: has an identity of users[%d]; each may be in the list once", place, before))
			}
			seen[identity] = i
		}
		if len(mistakes) > maxMistakes {
			mistakes = append(mistakes, errors.New("users: there are more mistakes; mend these first"))
			break
		}
	}
	return wrong(errors.Join(mistakes...))
}

const maxMistakes = 50

// SyncUsers stores a list that was prepared and starts its sync, once.
func (s *Service) SyncUsers(ctx context.Context, r SyncRequest) (Started, error) {
	for i := range r.Users {
		if err := s.know(&r.Users[i].Person); err != nil {
			return Started{}, err
		}
	}
	bucket, err := s.store(ctx)
	if err != nil {
		return Started{}, err
	}
	list, err := activities.StoreUsers(ctx, bucket, r.Users)
	if err != nil {
		return Started{}, &Error{Down, err}
	}
	return s.startOnce(ctx, start{
		id: names.UserSync(r.Connection, r.SyncID), workflow: "UserSync", connection: r.Connection, request: r.SyncID,
		content: fmt.Appendf(nil, "%s %s %+v", list.SHA256, r.Mode, r.Limits),
		input: workflows.UserSyncInput{
			Connection: s.Config.Connections[r.Connection].Steering(r.Connection), SyncID: r.SyncID,
			List: list, Count: len(r.Users), Mode: r.Mode, Limits: r.Limits,
		},
	})
}

// SyncReport tells how far a sync is, and whether it has ended.
func (s *Service) SyncReport(ctx context.Context, connection, syncID string) (report workflows.SyncReport, ended bool, err error) {
	id := names.UserSync(connection, syncID)
	described, err := s.Client.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return report, false, server("user sync", err)
	}
	ended = described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	return report, ended, s.Query(ctx, id, names.Progress, &report)
}

// Hint tells a connection's watch that something changed at the desk. Nobody watches if no ticket
// waits, and then a hint is of no use.
func (s *Service) Hint(ctx context.Context, connection string) error {
	err := server("hint", s.Client.SignalWorkflow(ctx, names.Watch(connection), "", names.DeskChanged, nil))
	if FaultOf(err) == Absent {
		return nil
	}
	return err
}
