package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"deskbridge/internal/config"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/workflows"
)

// Kind is what a request is.
type Kind string

// The kinds of request.
const (
	Onboarding  Kind = "onboarding"
	Fulfilment  Kind = "fulfilment"
	Offboarding Kind = "offboarding"
)

// WorkflowID is the ID of a request's run.
func (k Kind) WorkflowID(connection, requestID string) string {
	switch k {
	case Onboarding:
		return names.Onboarding(connection, requestID)
	case Offboarding:
		return names.Offboarding(connection, requestID)
	}
	return names.Fulfilment(connection, requestID)
}

// Request is an onboarding, a fulfilment or an offboarding that is asked for.
type Request struct {
	Connection string `yaml:"connection"`
	RequestID  string `yaml:"request_id"`
	// Joiner and Manager are an onboarding's, Leaver an offboarding's.
	Joiner    *workflows.Person `yaml:"joiner" json:",omitempty"`
	Manager   *workflows.Person `yaml:"manager" json:",omitempty"`
	Leaver    *workflows.Person `yaml:"leaver" json:",omitempty"`
	Requester *workflows.Person `yaml:"requester" json:",omitempty"`
	// For is whom a fulfilment is for, if that is not the requester.
	For *workflows.Person `yaml:"for" json:",omitempty"`
	// StartAt holds an onboarding's steps back, LeavesAt the deactivation of a leaver's account.
	StartAt  time.Time `yaml:"start_at" json:",omitzero"`
	LeavesAt time.Time `yaml:"leaves_at" json:",omitzero"`
	// Plan names a list of steps in the configuration, which come before Steps.
	Plan  string           `yaml:"plan" json:",omitempty"`
	Steps []workflows.Step `yaml:"steps" json:",omitempty"`
}

// Started is what a caller is told.
type Started struct {
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id"`
	// Existing says that the same request was started before.
	Existing bool `json:"existing"`
}

// Prepare checks a request against the configuration, with every mistake at once, and returns it
// with its plan's steps. It asks nobody.
func (s *Service) Prepare(kind Kind, r Request) (Request, error) {
	mistakes := []error{s.checkNames(r.Connection, r.RequestID), r.belongs(kind)}
	for _, person := range []struct {
		role string
		*workflows.Person
	}{{"joiner", r.Joiner}, {"leaver", r.Leaver}, {"requester", r.Requester}, {"manager", r.Manager}, {"for", r.For}} {
		if person.Person != nil {
			mistakes = append(mistakes, workflows.ValidatePerson(person.role, *person.Person))
		}
	}
	if r.Plan != "" {
		plan, known := s.Config.Plans[r.Plan]
		if !known {
			mistakes = append(mistakes, fmt.Errorf("plan: the configuration has no plan %q", r.Plan))
		}
		planned, err := plan.Expand(config.Subject{RequestID: r.RequestID, Person: r.subject(), Requester: r.requester()})
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("plan: %q: %w", r.Plan, err))
		}
		r.Steps = append(planned, r.Steps...)
	}
	if len(r.Steps) > 0 || kind != Offboarding {
		mistakes = append(mistakes, workflows.ValidateSteps(r.Steps))
	}
	mistakes = append(mistakes, s.Config.CheckTargets(r.Steps), s.checkQueues(r))
	return r, wrong(errors.Join(mistakes...))
}

// belongs reports what a kind of request needs, and what it does not have.
func (r Request) belongs(kind Kind) error {
	var mistakes []error
	need := func(field string, given bool) {
		if !given {
			mistakes = append(mistakes, fmt.Errorf("%s: missing; an %s needs one", field, kind))
		}
	}
	alien := func(fields string, given bool, owner Kind) {
		if given {
			mistakes = append(mistakes, fmt.Errorf("%s: only an %s has them; remove them, or ask for an %s", fields, owner, owner))
		}
	}
	if kind == Onboarding {
		need("joiner", r.Joiner != nil)
	} else {
		alien("joiner, manager, start_at", r.Joiner != nil || r.Manager != nil || !r.StartAt.IsZero(), Onboarding)
	}
	if kind == Offboarding {
		need("leaver", r.Leaver != nil)
		if r.Requester == nil && (len(r.Steps) > 0 || r.Plan != "") {
			mistakes = append(mistakes, workflows.ErrNoRequester)
		}
	} else {
		alien("leaver, leaves_at", r.Leaver != nil || !r.LeavesAt.IsZero(), Offboarding)
	}
	if kind == Fulfilment {
		if r.Requester == nil {
			mistakes = append(mistakes, errors.New("requester: missing; a fulfilment needs one"))
		}
	} else if r.For != nil {
		mistakes = append(mistakes, errors.New("for: only a fulfilment has it; remove it"))
	}
	return errors.Join(mistakes...)
}

// subject is whom the request is for.
func (r Request) subject() workflows.Person {
	for _, person := range []*workflows.Person{r.Joiner, r.Leaver, r.For, r.Requester} {
		if person != nil {
			return *person
		}
	}
	return workflows.Person{}
}

func (r Request) requester() workflows.Person {
	if r.Requester != nil {
		return *r.Requester
	}
	return r.subject()
}

func (s *Service) checkQueues(r Request) error {
	connection := s.Config.Connections[r.Connection]
	if connection == nil || connection.Queue != "" {
		return nil
	}
	var mistakes []error
	for i, step := range r.Steps {
		for _, asked := range []struct {
			what string
			*workflows.TicketRequest
		}{{"ticket", step.Ticket}, {"fallback", step.Fallback}} {
			if asked.TicketRequest != nil && asked.Queue == "" {
				mistakes = append(mistakes, fmt.Errorf("steps[%d] %q: %s: queue: missing; connection %s has no default queue", i, step.ID, asked.what, r.Connection))
			}
		}
	}
	return errors.Join(mistakes...)
}

func (s *Service) checkNames(connection, requestID string) error {
	return errors.Join(s.checkConnection(connection), checkID("request_id", requestID))
}

func (s *Service) checkConnection(connection string) error {
	if _, known := s.Config.Connections[connection]; !known {
		return fmt.Errorf("connection: the configuration has no connection %q", connection)
	}
	return nil
}

func checkID(field, id string) error {
	if !providers.ValidID(id) {
		return fmt.Errorf("%s: %q; want 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first", field, id)
	}
	return nil
}

// Start starts a request that was prepared, unless the same one was: then it reports that run. The
// same ID with other content, as it was asked for, is a [Clash].
func (s *Service) Start(ctx context.Context, kind Kind, asked, prepared Request) (Started, error) {
	if err := s.know(prepared.Joiner, prepared.Leaver, prepared.Requester, prepared.Manager, prepared.For); err != nil {
		return Started{}, err
	}
	begin := start{
		id: kind.WorkflowID(asked.Connection, asked.RequestID), connection: asked.Connection, request: asked.RequestID,
	}
	content, err := json.Marshal(asked.withoutHashes())
	if err != nil {
		return Started{}, err
	}
	begin.content = content
	steering := s.Config.Connections[asked.Connection].Steering(asked.Connection)
	switch kind {
	case Onboarding:
		begin.workflow, begin.people = "Onboarding", prepared.Joiner.Known
		begin.input = workflows.OnboardingInput{
			Connection: steering, RequestID: asked.RequestID, Joiner: *prepared.Joiner, Requester: prepared.Requester,
			Manager: prepared.Manager, StartAt: prepared.StartAt, Steps: prepared.Steps,
		}
	case Offboarding:
		begin.workflow, begin.people = "Offboarding", prepared.Leaver.Known
		begin.input = workflows.OffboardingInput{
			Connection: steering, RequestID: asked.RequestID, Leaver: *prepared.Leaver, Requester: prepared.Requester,
			LeavesAt: prepared.LeavesAt, Steps: prepared.Steps,
		}
	default:
		begin.workflow = "Fulfilment"
		begin.input = workflows.FulfilmentInput{Connection: steering, RequestID: asked.RequestID, Requester: *prepared.Requester, For: prepared.For, Steps: prepared.Steps}
	}
	return s.startOnce(ctx, begin)
}

// withoutHashes is the request as it was asked for: a new key makes no other request of it.
func (r Request) withoutHashes() Request {
	for _, person := range []**workflows.Person{&r.Joiner, &r.Leaver, &r.Requester, &r.Manager, &r.For} {
		if *person != nil {
			bare := **person
			bare.Known = nil
			*person = &bare
		}
	}
	return r
}

// start is a workflow about to be started. Content is what makes two requests the same.
type start struct {
	id, workflow, connection, request string
	people                            []string
	subject                           string
	input                             any
	content                           []byte
}

func (s *Service) startOnce(ctx context.Context, begin start) (Started, error) {
	started, err := s.begin(ctx, begin)
	return started, s.record(ctx, begin.id, "start", err)
}

func (s *Service) begin(ctx context.Context, begin start) (Started, error) {
	sum := sha256.Sum256(begin.content)
	digest := hex.EncodeToString(sum[:])
	attributes := []temporal.SearchAttributeUpdate{names.Connection.ValueSet(begin.connection), names.Request.ValueSet(begin.request)}
	if len(begin.people) > 0 {
		attributes = append(attributes, names.People.ValueSet(begin.people))
	}
	memo := map[string]any{names.MemoDigest: digest}
	if begin.subject != "" {
		memo[names.MemoSubject] = begin.subject
	}
	run, err := s.Client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: begin.id, TaskQueue: names.TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            begin.workflow + " " + begin.request + " at " + begin.connection,
		Memo:                                     memo,
		TypedSearchAttributes:                    temporal.NewSearchAttributes(attributes...),
	}, begin.workflow, begin.input)
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	if !errors.As(err, &exists) {
		if err != nil {
			return Started{}, server("start "+begin.id, err)
		}
		return Started{WorkflowID: run.GetID(), RunID: run.GetRunID()}, nil
	}
	described, err := s.Client.DescribeWorkflowExecution(ctx, begin.id, "")
	if err != nil {
		return Started{}, server("start "+begin.id, err)
	}
	info := described.GetWorkflowExecutionInfo()
	if s.memo(info.GetMemo(), names.MemoDigest) != digest {
		return Started{}, fail(Clash, "%s: a request with this ID and other content was started before; send it unchanged, or use a new request_id", begin.id)
	}
	return Started{WorkflowID: begin.id, RunID: info.GetExecution().GetRunId(), Existing: true}, nil
}

// Progress tells how far a request is.
func (s *Service) Progress(ctx context.Context, kind Kind, connection, requestID string) (workflows.Progress, error) {
	var progress workflows.Progress
	err := s.Query(ctx, kind.WorkflowID(connection, requestID), names.Progress, &progress)
	return progress, err
}

// CancelRequest asks a request's run to end; its tickets are cancelled at the desk.
func (s *Service) CancelRequest(ctx context.Context, kind Kind, connection, requestID string) error {
	id := kind.WorkflowID(connection, requestID)
	return s.record(ctx, id, "cancel", server("cancel "+id, s.Client.CancelWorkflow(ctx, id, "")))
}

// CompleteAction completes an automated step whose target accepted the work. The first answer
// counts.
func (s *Service) CompleteAction(ctx context.Context, workflowID string, args workflows.CompleteActionArgs) error {
	return s.Update(ctx, workflowID, "complete-"+args.Step, names.CompleteAction, nil, args)
}

// Query asks a run. The first question after a worker was killed goes to that worker and is lost;
// the second finds another. [Down] if none does.
func (s *Service) Query(ctx context.Context, workflowID, name string, result any) error {
	const tries = 3
	for try := 1; ; try++ {
		answer, err := s.Client.QueryWorkflow(ctx, workflowID, "", name)
		if err == nil {
			return answer.Get(result)
		}
		var late *serviceerror.DeadlineExceeded
		if !errors.As(err, &late) && !errors.Is(err, context.DeadlineExceeded) {
			return server("ask "+workflowID, err)
		}
		if try == tries || ctx.Err() != nil {
			return fail(Down, "ask %s: no worker answers; is one running?", workflowID)
		}
	}
}

// updateWithin bounds how long a caller waits for an update; the workflow answers sooner.
const updateWithin = time.Minute

// Update sends something to a run and waits for its answer. The same ID is the same update, however
// often it is sent; one that is empty is random.
func (s *Service) Update(ctx context.Context, workflowID, id, update string, result any, args ...any) error {
	if id == "" {
		id = uuid.NewString()
	}
	ctx, cancel := context.WithTimeout(ctx, updateWithin)
	defer cancel()
	handle, err := s.Client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateID: id, UpdateName: update, Args: args, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, result)
	}
	if err != nil {
		err = updateError(update, workflowID, id, err)
	}
	return s.record(ctx, workflowID, update, err)
}

// updateError says what a failed update means.
func updateError(update, workflowID, id string, err error) error {
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &gone):
		return fail(Absent, "%s %s: it has ended, or never was; start a new request", update, workflowID)
	case errors.Is(err, context.DeadlineExceeded):
		return fail(Down, "%s %s: no worker answered in time; start one, then send it again with the ID %s", update, workflowID, id)
	}
	return server(update+" "+workflowID, err)
}
