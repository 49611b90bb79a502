package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"gocloud.dev/gcerrors"

	"deskbridge/activities"
	"deskbridge/internal/config"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/workflows"
)

// TicketRequest is one ticket that somebody wants, without an onboarding or a fulfilment.
type TicketRequest struct {
	Connection string
	RequestID  string
	// Step is the second half of the key.
	Step      string
	Requester workflows.Person
	// For is whom it is for, if that is not the requester.
	For    *workflows.Person `json:",omitempty"`
	Ticket workflows.TicketRequest
}

// PrepareTicket checks a ticket against the configuration, with every mistake at once.
func (s *Service) PrepareTicket(r TicketRequest) error {
	_, err := s.Prepare(Fulfilment, Request{
		Connection: r.Connection, RequestID: r.RequestID, Requester: &r.Requester, For: r.For,
		Steps: []workflows.Step{{ID: r.Step, Ticket: &r.Ticket}},
	})
	return err
}

// LogTicket starts the run of a ticket that was prepared, once.
func (s *Service) LogTicket(ctx context.Context, r TicketRequest) (Started, error) {
	content, err := json.Marshal(r)
	if err != nil {
		return Started{}, err
	}
	if err := s.know(&r.Requester, r.For); err != nil {
		return Started{}, err
	}
	key := providers.Key(r.RequestID + "/" + r.Step)
	people := workflows.WhoMaySee(r.Requester, r.For)
	return s.startOnce(ctx, start{
		id: names.Ticket(r.Connection, key), workflow: "Ticket", connection: r.Connection, request: r.RequestID,
		people: people, subject: r.Ticket.Subject, content: content,
		input: workflows.TicketInput{
			Connection: s.Config.Connections[r.Connection].Steering(r.Connection), Key: key, Requester: r.Requester, Request: r.Ticket, People: people,
		},
	})
}

// StoreFile puts a file into the blob store as it is read.
func (s *Service) StoreFile(ctx context.Context, name string, content io.Reader) (activities.File, error) {
	bucket, err := s.store(ctx)
	if err != nil {
		return activities.File{}, err
	}
	file, err := activities.StoreFile(ctx, bucket, name, s.Config.FileTypes, content)
	switch providers.KindOf(err) {
	case providers.Unavailable:
		return file, &Error{Down, err}
	case providers.Invalid, providers.TooLarge:
		return file, &Error{Wrong, &fileError{err}}
	}
	return file, err
}

// fileError names the file first, as all mistakes name their place, and not the kind.
type fileError struct{ err error }

func (e *fileError) Error() string {
	return "file: " + strings.TrimPrefix(e.err.Error(), string(providers.KindOf(e.err))+": ")
}

func (e *fileError) Unwrap() error { return e.err }

// View shows a ticket from the state of its run.
func (s *Service) View(ctx context.Context, workflowID string) (workflows.View, error) {
	var view workflows.View
	return view, s.Query(ctx, workflowID, names.View, &view)
}

// Write sends a note, a file, a closing or a cancelling to a ticket's run, which keeps it until the
// desk has it. The same ID is the same write.
func (s *Service) Write(ctx context.Context, workflowID, id, update string, args any) (workflows.Written, error) {
	var written workflows.Written
	err := s.Update(ctx, workflowID, id, update, &written, args)
	return written, err
}

// Refresh looks at the desk now.
func (s *Service) Refresh(ctx context.Context, workflowID string) (workflows.View, error) {
	var view workflows.View
	return view, s.Update(ctx, workflowID, "", names.Refresh, &view)
}

// Standing is what the Temporal server alone knows of a ticket's run, without a worker.
type Standing struct {
	// People are the keyed hashes of those who may see it.
	People []string
	// Revision grows with everything that happens to the run.
	Revision  int64
	ChangedAt time.Time
	Ended     bool
	// Failing says that calls of the desk for this ticket fail at the moment and are tried again.
	Failing bool
}

// Stand tells how a ticket's run stands. It is cheap: nothing but the Temporal server is asked.
func (s *Service) Stand(ctx context.Context, workflowID string) (Standing, error) {
	described, err := s.Client.DescribeWorkflowExecution(ctx, workflowID, "")
	if err != nil {
		return Standing{}, server("ticket", err)
	}
	info := described.GetWorkflowExecutionInfo()
	standing := Standing{
		People:   names.Values(info.GetSearchAttributes(), names.People),
		Revision: info.GetHistoryLength(), Ended: info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
		Failing: failing(described), ChangedAt: names.Time(info.GetSearchAttributes(), names.ChangedAt),
	}
	if standing.ChangedAt.IsZero() {
		standing.ChangedAt = info.GetStartTime().AsTime()
	}
	return standing, nil
}

// DeskDown says that calls of the desk fail at the moment, this ticket's or those of the watch:
// what is shown may be old, and what is written comes later.
func (s *Service) DeskDown(ctx context.Context, connection string, standing Standing) bool {
	if standing.Failing {
		return true
	}
	watch, err := s.Client.DescribeWorkflowExecution(ctx, names.Watch(connection), "")
	return err == nil && failing(watch)
}

// failing says whether a desk's activity of a run failed and is tried again.
func failing(described *workflowservice.DescribeWorkflowExecutionResponse) bool {
	for _, pending := range described.GetPendingActivities() {
		kind := providers.Kind(pending.GetLastFailure().GetApplicationFailureInfo().GetType())
		name := pending.GetActivityType().GetName()
		if kind.Retryable() && name != "SendCallback" && name != "CallTarget" {
			return true
		}
	}
	return false
}

// Known says whether one of these hashes is among those who may see the ticket.
func (s Standing) Known(hashes []string) bool {
	return slices.ContainsFunc(hashes, func(hash string) bool { return slices.Contains(s.People, hash) })
}

// EndUsersMay says whether end users may do something with tickets of a connection.
func (s *Service) EndUsersMay(connection, verb string) bool {
	settings := s.Config.Connections[connection]
	return settings != nil && slices.Contains(settings.EndUsersMay, verb)
}

// Takes lists what a ticket takes from Activate's side now: note, attach, close.
func Takes(view workflows.View) []string {
	takes := []string{}
	if view.Level != providers.LevelFull || view.Phase == workflows.PhaseEnded {
		return takes
	}
	takes = append(takes, config.MayNote, config.MayAttach)
	closing := slices.ContainsFunc(view.Queued, func(write workflows.Write) bool { return write.Kind == workflows.WriteClose })
	if view.Outcome == nil && !closing {
		takes = append(takes, config.MayClose)
	}
	return takes
}

// EndUserMay lists what an end user may do with a ticket now.
func (s *Service) EndUserMay(view workflows.View) []string {
	return slices.DeleteFunc(Takes(view), func(verb string) bool { return !s.EndUsersMay(view.Connection, verb) })
}

// Row is one ticket in a list or in the feed of changes.
type Row struct {
	Connection, RequestID, Step string
	WorkflowID                  string
	Ticket, Status, Phase       string
	Outcome, Attention          string
	Subject                     string
	StartedAt, ChangedAt        time.Time
}

// Rows is one page of tickets.
type Rows struct {
	Rows []Row
	// Next asks for the following page; empty on the last.
	Next []byte
}

// maxPage bounds the rows of one page.
const maxPage = 1000

// TicketsOf lists the tickets that people with these hashes may see, the latest first.
func (s *Service) TicketsOf(ctx context.Context, hashes []string, limit int, page []byte) (Rows, error) {
	if len(hashes) == 0 {
		return Rows{}, nil
	}
	return s.rows(ctx, fmt.Sprintf("%s IN ('%s')", names.People.GetName(), strings.Join(hashes, "','")), limit, page)
}

// Tickets lists tickets by what is given of a connection, a number and a request.
func (s *Service) Tickets(ctx context.Context, connection, number, requestID string, limit int, page []byte) (Rows, error) {
	var terms []string
	for _, term := range []struct{ attribute, value string }{
		{names.Connection.GetName(), connection}, {names.TicketNumber.GetName(), number}, {names.Request.GetName(), requestID},
	} {
		if strings.ContainsAny(term.value, `'"\`) {
			return Rows{}, fail(Wrong, "%q: a value without quotes and backslashes is wanted", term.value)
		}
		if term.value != "" {
			terms = append(terms, fmt.Sprintf("%s = '%s'", term.attribute, term.value))
		}
	}
	return s.rows(ctx, strings.Join(terms, " AND "), limit, page)
}

// ChangedSince lists the tickets that changed at or after a time. A page may repeat a ticket and
// never misses one: one that changes while pages are read stays in the list.
func (s *Service) ChangedSince(ctx context.Context, since time.Time, limit int, page []byte) (Rows, error) {
	return s.rows(ctx, fmt.Sprintf("%s >= '%s'", names.ChangedAt.GetName(), since.UTC().Format(time.RFC3339Nano)), limit, page)
}

func (s *Service) rows(ctx context.Context, filter string, limit int, page []byte) (Rows, error) {
	query := "WorkflowType = 'Ticket'"
	if filter != "" {
		query += " AND " + filter
	}
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	listed, err := s.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: int32(limit), NextPageToken: page})
	if err != nil {
		return Rows{}, server("list tickets", err)
	}
	rows := Rows{Next: listed.GetNextPageToken()}
	for _, run := range listed.GetExecutions() {
		if run.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW {
			continue // the run that goes on is in the list too
		}
		attributes := run.GetSearchAttributes()
		id := run.GetExecution().GetWorkflowId()
		row := Row{
			WorkflowID: id, Ticket: names.Value(attributes, names.TicketNumber), Status: names.Value(attributes, names.TicketStatus),
			Phase: names.Value(attributes, names.Phase), Outcome: names.Value(attributes, names.Outcome),
			Attention: names.Value(attributes, names.Attention), ChangedAt: names.Time(attributes, names.ChangedAt),
			StartedAt: run.GetStartTime().AsTime(), Subject: s.memo(run.GetMemo(), names.MemoSubject),
		}
		row.Connection, row.RequestID, row.Step, _ = SplitTicketID(id)
		rows.Rows = append(rows.Rows, row)
	}
	return rows, nil
}

// memo reads a memo; empty if there is none that can be read.
func (s *Service) memo(memo *commonpb.Memo, name string) string {
	var text string
	if payload := memo.GetFields()[name]; payload != nil {
		_ = s.Keys.Converter().FromPayload(payload, &text)
	}
	return text
}

// SplitTicketID takes the ID of a ticket's run apart.
func SplitTicketID(workflowID string) (connection, requestID, step string, ok bool) {
	parts := strings.Split(workflowID, "/")
	if len(parts) != 4 || parts[0] != "ticket" {
		return "", "", "", false
	}
	return parts[1], parts[2], parts[3], true
}

// FindTicket finds a ticket's run by its number, its key or its own ID.
func (s *Service) FindTicket(ctx context.Context, ticket, connection string) (string, error) {
	if strings.HasPrefix(ticket, "ticket/") {
		return ticket, nil
	}
	key, err := providers.ParseKey(ticket)
	if err == nil && connection != "" {
		return names.Ticket(connection, key), nil
	}
	number, requestID := ticket, ""
	if before, _, isKey := strings.Cut(ticket, "/"); isKey {
		number, requestID = "", before
	}
	listed, err := s.Tickets(ctx, connection, number, requestID, maxPage, nil)
	if FaultOf(err) == Wrong {
		return "", wrong(fmt.Errorf("ticket %q: want its number, key or workflow ID", ticket))
	}
	if err != nil {
		return "", err
	}
	var ids []string
	for _, row := range listed.Rows {
		if !slices.Contains(ids, row.WorkflowID) && (requestID == "" || strings.HasSuffix(row.WorkflowID, "/"+ticket)) {
			ids = append(ids, row.WorkflowID)
		}
	}
	switch len(ids) {
	case 0:
		return "", fail(Absent, "no ticket %q is known here; see `starter list`", ticket)
	case 1:
		return ids[0], nil
	}
	return "", wrong(errors.New("ticket " + ticket + " is followed by several runs; name one: " + strings.Join(ids, ", ")))
}

// CheckFiles reports files of steps that are not in the blob store, as they are named there.
func (s *Service) CheckFiles(ctx context.Context, steps []workflows.Step) error {
	var mistakes []error
	for i, step := range steps {
		for _, ticket := range []*workflows.TicketRequest{step.Ticket, step.Fallback} {
			if ticket == nil {
				continue
			}
			for _, file := range ticket.Files {
				bucket, err := s.store(ctx)
				if err != nil {
					return err
				}
				attributes, err := bucket.Attributes(ctx, file.SHA256)
				switch {
				case gcerrors.Code(err) == gcerrors.NotFound, err == nil && attributes.Size != file.Size:
					mistakes = append(mistakes, fmt.Errorf("steps[%d] %q: files: there is no such stored file; store it first, and give what that answered", i, step.ID))
				case err != nil:
					return fail(Down, "files: the blob store does not answer")
				}
			}
		}
	}
	return wrong(errors.Join(mistakes...))
}

// WriteSoon is Write for somebody at a screen who does not wait for a desk: it answers when the run
// has taken the write, which is then kept until the desk has it, or soon after if that is quick.
func (s *Service) WriteSoon(ctx context.Context, workflowID, id, update string, args any) (workflows.Written, error) {
	var written workflows.Written
	handle, err := s.Client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateID: id, UpdateName: update, Args: []any{args}, WaitForStage: client.WorkflowUpdateStageAccepted,
	})
	if err != nil {
		err = updateError(update, workflowID, id, err)
	}
	if err := s.record(ctx, workflowID, update, err); err != nil {
		return written, err
	}
	soon, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	if err := handle.Get(soon, &written); err != nil && soon.Err() == nil {
		return written, updateError(update, workflowID, id, err)
	}
	if written.State == "" {
		written.State = "queued"
	}
	return written, nil
}

// soon is how long somebody at a screen is let wait for a desk.
const soon = 3 * time.Second
