package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"deskbridge/internal/names"
	"deskbridge/workflows"
)

// Hold is one thing that a run waits for.
type Hold struct {
	WorkflowID string `json:"workflow_id"`
	// State is the run's: running, completed, failed, ...
	State string `json:"state"`
	// Waits says for what, and since when.
	Waits string    `json:"waits,omitempty"`
	Since time.Time `json:"since,omitzero"`
	// Failure is what the last attempt met, of so many; the next is at Next.
	Failure  string    `json:"failure,omitempty"`
	Attempts int32     `json:"attempts,omitempty"`
	Next     time.Time `json:"next,omitzero"`
	// Do is what a person can do about it.
	Do string `json:"do"`
	// fine says that it goes on by itself at once.
	fine bool
}

// Why tells what the runs of a request, of a ticket number or of a workflow ID wait for. It asks the
// server, and the runs themselves only for what they know better: it answers without a worker too.
func (s *Service) Why(ctx context.Context, what string) ([]Hold, error) {
	if strings.ContainsAny(what, `'"\`) {
		return nil, wrong(fmt.Errorf("%q: want a request ID, a ticket number or a workflow ID", what))
	}
	requestID := what
	if connection, rest, both := strings.Cut(what, "/"); both && s.Config.Connections[connection] != nil {
		requestID = rest // as the audit names it
	}
	page, err := s.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{PageSize: maxPage, Query: fmt.Sprintf(
		"%s = '%s' OR %s = '%s' OR WorkflowId = '%s'", names.Request.GetName(), requestID, names.TicketNumber.GetName(), what, what)})
	if err != nil {
		return nil, server("why "+what, err)
	}
	if len(page.GetExecutions()) == 0 {
		return nil, fail(Absent, "%s: no such request, ticket number or workflow ID is known here; see `starter list`", what)
	}
	holds := []Hold{}
	connections := map[string]bool{}
	seen := map[string]bool{}
	for _, run := range page.GetExecutions() {
		id := run.GetExecution().GetWorkflowId()
		if seen[id] {
			continue // an earlier run of the same workflow
		}
		seen[id] = true
		found, err := s.holds(ctx, run)
		if err != nil {
			return nil, err
		}
		holds = append(holds, found...)
		if names.Value(run.GetSearchAttributes(), names.Phase) == workflows.PhaseWaiting && run.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
			connections[names.Value(run.GetSearchAttributes(), names.Connection)] = true
		}
	}
	for connection := range connections {
		watch, err := s.watchHolds(ctx, connection)
		if err != nil {
			return nil, err
		}
		holds = append(holds, watch...)
	}
	return holds, nil
}

// watchHolds are those of what tells the waiting tickets: none where it polls.
func (s *Service) watchHolds(ctx context.Context, connection string) ([]Hold, error) {
	id := names.Watch(connection)
	described, err := s.Client.DescribeWorkflowExecution(ctx, id, "")
	if FaultOf(server("", err)) == Absent || err == nil && described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return []Hold{{WorkflowID: id, State: "ended", Waits: "nothing polls " + connection, Do: "restart a worker that runs workflows: at its start it watches each connection for which tickets wait"}}, nil
	}
	if err != nil {
		return nil, server("why "+id, err)
	}
	var holds []Hold
	found, err := s.holdsOf(ctx, described)
	for _, hold := range found {
		if hold.Attempts > 0 && !hold.fine {
			holds = append(holds, hold)
		}
	}
	return holds, err
}

func (s *Service) holds(ctx context.Context, run *workflowpb.WorkflowExecutionInfo) ([]Hold, error) {
	id := run.GetExecution().GetWorkflowId()
	if run.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		hold := Hold{WorkflowID: id, State: strings.ToLower(run.GetStatus().String()), Since: run.GetCloseTime().AsTime(), Do: "nothing; it has ended"}
		if outcome := names.Value(run.GetSearchAttributes(), names.Outcome); outcome != "" {
			hold.Waits = "nothing: its outcome is " + outcome
		}
		return []Hold{hold}, nil
	}
	described, err := s.Client.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return nil, server("why "+id, err)
	}
	return s.holdsOf(ctx, described)
}

func (s *Service) holdsOf(ctx context.Context, described *workflowservice.DescribeWorkflowExecutionResponse) ([]Hold, error) {
	info := described.GetWorkflowExecutionInfo()
	id, attributes := info.GetExecution().GetWorkflowId(), info.GetSearchAttributes()
	connection := names.Value(attributes, names.Connection)
	var holds []Hold
	add := func(hold Hold) {
		hold.WorkflowID, hold.State = id, "running"
		holds = append(holds, hold)
	}
	if task := described.GetPendingWorkflowTask(); task != nil {
		hold := Hold{Waits: "a worker that runs workflows", Since: task.GetScheduledTime().AsTime(), Attempts: task.GetAttempt()}
		switch idle, err := s.unserved(ctx, names.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW); {
		case err != nil:
			return nil, err
		case idle:
			hold.Do = "start a worker: none serves workflows"
		case hold.Attempts > 1:
			hold.Do = "the worker's code does not take this run; its log says why. After an upgrade promote the version before: starter deployment promote"
		default:
			hold.Do, hold.fine = "nothing; it is about to go on", true
		}
		add(hold)
	}
	for _, pending := range described.GetPendingActivities() {
		hold, err := s.pending(ctx, pending, connection)
		if err != nil {
			return nil, err
		}
		add(hold)
	}
	if attention := names.Value(attributes, names.Attention); attention != "" {
		hold := Hold{Waits: "a person: " + attention, Do: "mend that; then starter retry " + id}
		if connection != "" {
			hold.Do = "mend that, starter connections check " + connection + " names what is wrong at the desk; then starter retry " + id
		}
		asking, cancel := context.WithTimeout(ctx, soon)
		defer cancel()
		_ = s.Query(asking, id, names.Cure, &hold.Failure)
		add(hold)
	}
	phase, number := names.Value(attributes, names.Phase), names.Value(attributes, names.TicketNumber)
	follows := phase == workflows.PhaseWaiting || phase == workflows.PhaseWatching
	if slices.ContainsFunc(holds, func(hold Hold) bool { return !hold.fine || !follows }) {
		return holds, nil
	}
	holds = nil // what is done for it right now is not what it waits for
	switch phase {
	case workflows.PhaseWaiting:
		add(Hold{Waits: fmt.Sprintf("the agents of %s: ticket %s is %s", connection, number, names.Value(attributes, names.TicketStatus)), Since: names.Time(attributes, names.ChangedAt),
			Do: "nothing here; an agent must resolve the ticket"})
	case workflows.PhaseWatching:
		add(Hold{Waits: "a reopening of ticket " + number + ", whose outcome is " + names.Value(attributes, names.Outcome), Since: names.Time(attributes, names.ChangedAt), Do: "nothing; the request went on"})
	default:
		add(Hold{Waits: s.doing(ctx, id), Since: info.GetStartTime().AsTime(), Do: "see its tickets and steps: starter watch " + id})
	}
	return holds, nil
}

// doing is what a request says of itself.
func (s *Service) doing(ctx context.Context, id string) string {
	asking, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	var progress workflows.Progress
	if s.Query(asking, id, names.Progress, &progress) != nil {
		return "its tickets, steps or date; no worker answers what exactly"
	}
	text := progress.Doing
	for _, step := range progress.Steps {
		if step.State == workflows.StepRunning {
			text += fmt.Sprintf("; step %s runs (%s %s)", step.ID, step.Kind, cmp.Or(step.Ticket, "without a number yet"))
		}
	}
	return text
}

func (s *Service) pending(ctx context.Context, pending *workflowpb.PendingActivityInfo, connection string) (Hold, error) {
	name, queue := pending.GetActivityType().GetName(), pending.GetActivityOptions().GetTaskQueue().GetName()
	hold := Hold{Waits: name, Since: pending.GetScheduledTime().AsTime(), Attempts: pending.GetAttempt()}
	if next := pending.GetNextAttemptScheduleTime(); next != nil {
		hold.Next = next.AsTime()
	}
	if failure := pending.GetLastFailure(); failure != nil {
		var options client.Options
		s.Keys.Apply(&options)
		converter := options.FailureConverter
		if converter == nil {
			converter = temporal.GetDefaultFailureConverter()
		}
		err := converter.FailureToError(failure)
		hold.Failure = err.Error()
		var application *temporal.ApplicationError
		if errors.As(err, &application) {
			hold.Failure = application.Message()
		}
	}
	started := pending.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED
	if queue != "" && !started {
		switch idle, err := s.unserved(ctx, queue, enumspb.TASK_QUEUE_TYPE_ACTIVITY); {
		case err != nil:
			return hold, err
		case idle:
			hold.Do = "start a worker: none serves the task queue " + queue
			return hold, nil
		}
	}
	switch {
	case pending.GetPaused():
		hold.Do = "somebody paused it in Temporal; unpause it there"
	case hold.Failure != "" && strings.HasPrefix(queue, names.DeskTaskQueue("")):
		hold.Do = "nothing is lost, it is tried again until it succeeds; starter connections check " + connection + " names what is wrong at the desk"
	case hold.Failure != "":
		hold.Do = "nothing is lost, it is tried again; mend what the failure names"
	case started:
		hold.Do, hold.fine = "nothing; it runs right now", hold.Failure == ""
	default:
		hold.Do, hold.fine = "its turn comes; if that takes long, the connection's rate or budget is spent", time.Since(hold.Since) < pollerSeen
	}
	return hold, nil
}

// unserved says whether no worker polls a task queue.
func (s *Service) unserved(ctx context.Context, queue string, kind enumspb.TaskQueueType) (bool, error) {
	described, err := s.Client.DescribeTaskQueue(ctx, queue, kind)
	if err != nil {
		return false, server("task queue "+queue, err)
	}
	for _, poller := range described.GetPollers() {
		if time.Since(poller.GetLastAccessTime().AsTime()) < pollerSeen {
			return false, nil
		}
	}
	return true, nil
}

// pollerSeen is how long ago a worker that lives has polled at most: a long poll takes a minute.
const pollerSeen = 90 * time.Second
