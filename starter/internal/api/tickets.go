package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"deskbridge/activities"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/starter/internal/service"
	"deskbridge/workflows"
)

type storedFile = activities.File

// TicketRow is one ticket of a list.
type TicketRow struct {
	Connection string    `json:"connection"`
	RequestID  string    `json:"request_id"`
	Step       string    `json:"step"`
	Ticket     string    `json:"ticket" doc:"Its number at the desk; empty until it is logged."`
	Subject    string    `json:"subject,omitempty"`
	Status     string    `json:"status" doc:"The desk's own word."`
	Phase      string    `json:"phase" enum:"logging,waiting,watching,ended"`
	Outcome    string    `json:"outcome,omitempty" doc:"logged, completed, rejected, cancelled, duplicate, vanished, expired or failed."`
	Attention  string    `json:"attention,omitempty" doc:"The kind of what a person must mend."`
	ChangedAt  time.Time `json:"changed_at"`
}

func rowOf(row service.Row) TicketRow {
	changed := row.ChangedAt
	if changed.IsZero() {
		changed = row.StartedAt
	}
	phase := row.Phase
	if phase == "" {
		phase = workflows.PhaseLogging
	}
	return TicketRow{
		Connection: row.Connection, RequestID: row.RequestID, Step: row.Step, Ticket: row.Ticket, Subject: row.Subject, Status: row.Status,
		Phase: phase, Outcome: row.Outcome, Attention: row.Attention, ChangedAt: changed.UTC(),
	}
}

// TicketRows is one page of tickets.
type TicketRows struct {
	Tickets []TicketRow `json:"tickets"`
	Next    string      `json:"next,omitempty" doc:"The page that follows; none on the last."`
}

// Note is a customer-facing note.
type Note struct {
	ID          string       `json:"id"`
	Author      string       `json:"author" doc:"The desk's name of who wrote it."`
	Mine        bool         `json:"mine" doc:"The caller wrote it here."`
	Ours        bool         `json:"ours" doc:"It was written from Activate's side."`
	Body        string       `json:"body" doc:"Plain text."`
	Truncated   bool         `json:"truncated,omitempty"`
	CreatedAt   time.Time    `json:"created_at"`
	Attachments []Attachment `json:"attachments,omitempty"`
}

// Attachment is a file at the desk.
type Attachment struct {
	Name string `json:"name"`
	Size int64  `json:"size" doc:"In bytes."`
}

// Queued is something that the desk does not have yet.
type Queued struct {
	Kind string    `json:"kind" enum:"note,file,close,cancel,priority"`
	Body string    `json:"body,omitempty"`
	File string    `json:"file,omitempty"`
	At   time.Time `json:"at"`
}

// TicketView is all that is known of a ticket.
type TicketView struct {
	TicketRow
	Body        string       `json:"body,omitempty" doc:"What was asked for."`
	LoggedAt    *time.Time   `json:"logged_at,omitempty"`
	Notes       []Note       `json:"notes"`
	OlderNotes  int          `json:"older_notes,omitempty" doc:"Notes that only the desk still has."`
	Attachments []Attachment `json:"attachments"`
	Queued      []Queued     `json:"queued" doc:"What was written and the desk does not have yet."`
	DueAt       *time.Time   `json:"due_at,omitempty" doc:"Until when it should be done."`
	History     []Happening  `json:"history"`
	May         []string     `json:"may" doc:"What the caller may do: note, attach, close, cancel."`
	DeskDown    bool         `json:"desk_down" doc:"The desk does not answer at the moment: what is shown may be old, what is written comes later."`
	URL         string       `json:"url,omitempty" doc:"Opens the ticket at the desk, for staff."`
	Cure        string       `json:"cure,omitempty" doc:"What a person must mend, and how; for staff."`
}

// Happening is one line of a ticket's history.
type Happening struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
}

// TicketPath names a ticket by its key.
type TicketPath struct {
	Connection string `path:"connection"`
	RequestID  string `path:"request_id"`
	Step       string `path:"step"`
}

func (p TicketPath) workflowID() string {
	return names.Ticket(p.Connection, providers.Key(p.RequestID+"/"+p.Step))
}

// open lets a caller get at a ticket: staff at every one, end users at their own. A foreign ticket
// is not there.
func (a *API) open(ctx context.Context, path TicketPath) (service.Standing, error) {
	standing, err := a.Service.Stand(ctx, path.workflowID())
	if err != nil {
		return standing, err
	}
	if caller := callerOf(ctx); caller.Role == EndUser && !standing.Known(caller.People) {
		return standing, huma.NewError(http.StatusNotFound, "ticket: there is no such run, or it has ended")
	}
	return standing, nil
}

// may says what a caller may do with a ticket.
func (a *API) may(caller Caller, view workflows.View) []string {
	if caller.Role == EndUser {
		return a.Service.EndUserMay(view)
	}
	allowed := service.Takes(view)
	if view.Outcome == nil && view.Phase != workflows.PhaseEnded {
		allowed = append(allowed, "cancel")
	}
	return allowed
}

func (a *API) viewOf(caller Caller, view workflows.View, standing service.Standing) TicketView {
	connection, request, step, _ := service.SplitTicketID(names.Ticket(view.Connection, view.Key))
	told := TicketView{
		TicketRow: TicketRow{
			Connection: connection, RequestID: request, Step: step, Ticket: view.Number, Subject: view.Subject,
			Status: view.Status, Phase: view.Phase, ChangedAt: standing.ChangedAt.UTC(),
		},
		Body: view.Body, OlderNotes: view.Omitted, Notes: []Note{}, Attachments: attachments(view.Files), Queued: []Queued{}, History: []Happening{},
		May: a.may(caller, view),
	}
	if view.Outcome != nil {
		told.Outcome = string(view.Outcome.Result)
	}
	if !view.LoggedAt.IsZero() {
		told.LoggedAt = &view.LoggedAt
	}
	if !view.DueAt.IsZero() {
		told.DueAt = &view.DueAt
	}
	for _, note := range view.Notes {
		by, ours := view.By[note.ID]
		told.Notes = append(told.Notes, Note{
			ID: note.ID, Author: note.Author, Body: note.Body, Truncated: note.Truncated, CreatedAt: note.CreatedAt,
			Ours: ours, Mine: ours && slices.Contains(caller.People, by), Attachments: attachments(note.Attachments),
		})
	}
	for _, write := range view.Queued {
		queued := Queued{Kind: write.Kind, Body: write.Body, At: write.At}
		if write.File != nil {
			queued.File = write.File.Name
		}
		told.Queued = append(told.Queued, queued)
	}
	for _, event := range view.History {
		told.History = append(told.History, Happening(event))
	}
	if caller.Role != EndUser {
		told.URL, told.Cure = view.URL, view.Attention
	}
	return told
}

func attachments(files []providers.Attachment) []Attachment {
	all := []Attachment{}
	for _, file := range files {
		all = append(all, Attachment{Name: file.Name, Size: file.Size})
	}
	return all
}

func (a *API) tickets() {
	a.logTickets()
	a.listTickets()
	a.showTickets()
	a.writeTickets()
	a.portalLinks()
}

func (a *API) logTickets() {
	register(a, everybody, huma.Operation{
		OperationID: "log-ticket", Method: http.MethodPost, Path: "/v1/tickets", Tags: []string{"tickets"}, DefaultStatus: http.StatusAccepted,
		Summary: "Log a ticket", Responses: a.before(), Errors: []int{http.StatusConflict, http.StatusUnprocessableEntity},
		Description: "Answers 202, or 200 if the same ticket was asked for before. An end user logs for themselves: requester, for, queue, fields and files are left out.",
	}, func(ctx context.Context, input *struct {
		Body struct {
			Connection string  `json:"connection" minLength:"1"`
			RequestID  string  `json:"request_id" minLength:"1" maxLength:"64"`
			Step       string  `json:"step,omitempty" maxLength:"64" doc:"The second half of the ticket's key; ticket, if left out."`
			Requester  *Person `json:"requester,omitempty"`
			For        *Person `json:"for,omitempty" doc:"Whom it is for, if that is not the requester; they see it too."`
			Ticket     Ticket  `json:"ticket"`
		}
	}) (*StartedOutput, error) {
		body := input.Body
		wanted, err := body.Ticket.model("ticket")
		if err != nil {
			return nil, &service.Error{Fault: service.Wrong, Err: err}
		}
		asked := service.TicketRequest{Connection: body.Connection, RequestID: body.RequestID, Step: body.Step, For: body.For.model(), Ticket: *wanted}
		if asked.Step == "" {
			asked.Step = "ticket"
		}
		if requester := body.Requester.model(); requester != nil {
			asked.Requester = *requester
		}
		if caller := callerOf(ctx); caller.Role == EndUser {
			if body.Requester != nil || body.For != nil || body.Ticket.Queue != "" || len(body.Ticket.Fields) > 0 || len(body.Ticket.Files) > 0 || body.Ticket.DueAt != nil || body.Ticket.DueWithin != "" {
				return nil, huma.NewError(http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{
					Location: "body", Message: "requester, for, ticket.queue, ticket.fields, ticket.files, ticket.due_at, ticket.due_within: leave them out; the ticket is yours, and files are attached once it is logged",
				})
			}
			asked.Requester = caller.Person
		}
		if err := a.Service.PrepareTicket(asked); err != nil {
			return nil, err
		}
		if err := a.Service.CheckFiles(ctx, []workflows.Step{{ID: asked.Step, Ticket: &asked.Ticket}}); err != nil {
			return nil, err
		}
		started, err := a.Service.LogTicket(ctx, asked)
		if err != nil {
			return nil, err
		}
		return startedOutput(started, "/v1/tickets/"+asked.Connection+"/"+asked.RequestID+"/"+asked.Step), nil
	})
}

func (a *API) listTickets() {
	register(a, everybody, huma.Operation{
		OperationID: "list-tickets", Method: http.MethodGet, Path: "/v1/tickets", Tags: []string{"tickets"}, Summary: "List tickets, the latest first",
		Description: "End users get their own. Staff get all, or those of a connection, a number, a request, or a person.", Errors: []int{http.StatusUnprocessableEntity},
	}, func(ctx context.Context, input *struct {
		Connection     string `query:"connection"`
		Ticket         string `query:"ticket" doc:"The number at the desk."`
		RequestID      string `query:"request_id"`
		EmployeeNumber string `query:"employee_number" doc:"Tickets that this person may see; of login and email alike."`
		Login          string `query:"login"`
		Email          string `query:"email"`
		Limit          int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		Page           string `query:"page" doc:"The next of the page before."`
	}) (*struct{ Body TicketRows }, error) {
		page, err := base64.RawURLEncoding.DecodeString(input.Page)
		if err != nil {
			return nil, huma.NewError(http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{Location: "query.page", Message: "page: want the next of the page before"})
		}
		var rows service.Rows
		caller := callerOf(ctx)
		person := workflows.Person{EmployeeNumber: input.EmployeeNumber, Login: input.Login, Email: input.Email}
		of := input.EmployeeNumber+input.Login+input.Email != ""
		switch {
		case caller.Role == EndUser && (of || input.Connection+input.Ticket+input.RequestID != ""):
			return nil, huma.NewError(http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{Location: "query", Message: "query: end users get all tickets of their own; leave the filters out"})
		case caller.Role == EndUser:
			rows, err = a.Service.TicketsOf(ctx, caller.People, input.Limit, page)
		case of && input.Connection+input.Ticket+input.RequestID != "":
			return nil, huma.NewError(http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{Location: "query", Message: "query: want either a person, or connection, ticket and request_id"})
		case of:
			var hashes []string
			if hashes, err = a.Service.Hashes(person); err == nil {
				rows, err = a.Service.TicketsOf(ctx, hashes, input.Limit, page)
			}
		default:
			rows, err = a.Service.Tickets(ctx, input.Connection, input.Ticket, input.RequestID, input.Limit, page)
		}
		if err != nil {
			return nil, err
		}
		return &struct{ Body TicketRows }{ticketRows(rows)}, nil
	})
}

func ticketRows(rows service.Rows) TicketRows {
	told := TicketRows{Tickets: []TicketRow{}, Next: base64.RawURLEncoding.EncodeToString(rows.Next)}
	for _, row := range rows.Rows {
		told.Tickets = append(told.Tickets, rowOf(row))
	}
	return told
}

func (a *API) showTickets() {
	const path = "/v1/tickets/{connection}/{request_id}/{step}"
	show := func(ctx context.Context, path TicketPath, ask func(context.Context, string) (workflows.View, error)) (*struct{ Body TicketView }, error) {
		standing, err := a.open(ctx, path)
		if err != nil {
			return nil, err
		}
		view, err := ask(ctx, path.workflowID())
		if err != nil {
			return nil, err
		}
		told := a.viewOf(callerOf(ctx), view, standing)
		told.DeskDown = a.Service.DeskDown(ctx, path.Connection, standing)
		return &struct{ Body TicketView }{told}, nil
	}
	register(a, everybody, huma.Operation{
		OperationID: "show-ticket", Method: http.MethodGet, Path: path, Tags: []string{"tickets"},
		Summary: "Show a ticket: status, notes, files, history", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, input *TicketPath) (*struct{ Body TicketView }, error) {
		return show(ctx, *input, a.Service.View)
	})
	register(a, everybody, huma.Operation{
		OperationID: "refresh-ticket", Method: http.MethodPost, Path: path + "/refresh", Tags: []string{"tickets"}, DefaultStatus: http.StatusOK,
		Summary: "Look at the desk now, and show the ticket", Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, input *TicketPath) (*struct{ Body TicketView }, error) {
		return show(ctx, *input, a.Service.Refresh)
	})
}
