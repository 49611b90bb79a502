package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"deskbridge/internal/config"
	"deskbridge/internal/names"
	"deskbridge/workflows"
)

// Written tells what became of a write so far.
type Written struct {
	State   string `json:"state" enum:"delivered,queued,failed" doc:"queued: it is kept and comes to the desk as soon as it can."`
	Failure string `json:"failure,omitempty"`
}

// Idempotent is a write that may be sent again.
type Idempotent struct {
	Key string `header:"Idempotency-Key" maxLength:"200" doc:"The same key is the same write, however often it is sent; random if left out."`
}

// id is made of the key for one kind of write of one caller: nobody answers for another's key. The
// Temporal server keeps update IDs in the clear, so it is a hash, of whatever somebody puts into a key.
func (i Idempotent) id(caller Caller, update string) string {
	if i.Key == "" {
		return uuid.NewString()
	}
	content := sha256.Sum256([]byte(update + " " + caller.Name() + " " + i.Key))
	return hex.EncodeToString(content[:])
}

// allow refuses what the caller may not do with a ticket. What the ticket itself does not take its
// run refuses.
func (a *API) allow(ctx context.Context, path TicketPath, verb string) error {
	if _, err := a.open(ctx, path); err != nil {
		return err
	}
	if callerOf(ctx).Role == EndUser && !a.Service.EndUsersMay(path.Connection, verb) {
		return huma.NewError(http.StatusForbidden, "end users may not "+verb+" tickets of this connection (end_users_may)")
	}
	return nil
}

func (a *API) write(ctx context.Context, path TicketPath, key Idempotent, update string, args any) (*struct{ Body Written }, error) {
	written, err := a.Service.Write(ctx, path.workflowID(), key.id(callerOf(ctx), update), update, args)
	if err != nil {
		return nil, err
	}
	return &struct{ Body Written }{Written(written)}, nil
}

// closing is a note that goes before the end.
type closing struct {
	Note string `json:"note,omitempty" maxLength:"32768" doc:"A customer-facing note that goes before it."`
}

func (a *API) writeTickets() {
	const path = "/v1/tickets/{connection}/{request_id}/{step}"
	operation := func(verb, suffix, summary string) huma.Operation {
		return huma.Operation{
			OperationID: verb, Method: http.MethodPost, Path: path + suffix, Tags: []string{"tickets"}, Summary: summary, DefaultStatus: http.StatusOK,
			Description: "Answers when the desk has it, or after 20 seconds that it is queued.",
			Errors:      []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
		}
	}
	register(a, everybody, operation("add-note", "/notes", "Add a customer-facing note"), func(ctx context.Context, input *struct {
		TicketPath
		Idempotent
		Body struct {
			Body string `json:"body" minLength:"1" maxLength:"32768" doc:"Plain text."`
		}
	}) (*struct{ Body Written }, error) {
		if err := a.allow(ctx, input.TicketPath, config.MayNote); err != nil {
			return nil, err
		}
		return a.write(ctx, input.TicketPath, input.Idempotent, names.AddNote, workflows.NoteArgs{Body: input.Body.Body, By: callerOf(ctx).hash()})
	})
	attach := operation("attach-file", "/attachments", "Attach a file")
	attach.RequestBody = fileBody
	attach.Errors = append(attach.Errors, http.StatusRequestEntityTooLarge)
	register(a, everybody, attach, func(ctx context.Context, input *struct {
		TicketPath
		Idempotent
		Upload
	}) (*struct{ Body Written }, error) {
		if err := a.allow(ctx, input.TicketPath, config.MayAttach); err != nil {
			return nil, err
		}
		file, err := a.store(ctx, &input.Upload)
		if err != nil {
			return nil, err
		}
		return a.write(ctx, input.TicketPath, input.Idempotent, names.Attach, workflows.AttachArgs{File: file, By: callerOf(ctx).hash()})
	})
	register(a, everybody, operation("close-ticket", "/close", "Close a ticket at the desk"), func(ctx context.Context, input *struct {
		TicketPath
		Idempotent
		Body closing
	}) (*struct{ Body Written }, error) {
		if err := a.allow(ctx, input.TicketPath, config.MayClose); err != nil {
			return nil, err
		}
		return a.write(ctx, input.TicketPath, input.Idempotent, names.CloseTicket, workflows.CloseArgs{Note: input.Body.Note, By: callerOf(ctx).hash()})
	})
	register(a, staff, operation("cancel-ticket", "/cancel", "Cancel a ticket, at the desk too"), func(ctx context.Context, input *struct {
		TicketPath
		Idempotent
		Body closing
	}) (*struct{ Body Written }, error) {
		if _, err := a.open(ctx, input.TicketPath); err != nil {
			return nil, err
		}
		return a.write(ctx, input.TicketPath, input.Idempotent, names.Cancel, workflows.CancelArgs{Note: input.Body.Note})
	})
}
