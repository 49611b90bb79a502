package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"deskbridge/providers"
	"deskbridge/starter/internal/service"
	"deskbridge/workflows"
)

// Common is what every request has.
type Common struct {
	Connection string  `json:"connection" minLength:"1"`
	RequestID  string  `json:"request_id" minLength:"1" maxLength:"64" doc:"The same request under the same ID is one run; other content is a conflict."`
	Requester  *Person `json:"requester,omitempty" doc:"Who asked for it, and is the requester of the tickets."`
	Plan       string  `json:"plan,omitempty" doc:"A list of steps in the configuration, which come before steps."`
	Steps      []Step  `json:"steps,omitempty" maxItems:"100"`
}

func (c Common) request() (service.Request, error) {
	steps, err := steps(c.Steps)
	return service.Request{Connection: c.Connection, RequestID: c.RequestID, Requester: c.Requester.model(), Plan: c.Plan, Steps: steps}, err
}

// Onboarding asks for a joiner to be made ready.
type Onboarding struct {
	Common
	Joiner  *Person    `json:"joiner"`
	Manager *Person    `json:"manager,omitempty"`
	StartAt *time.Time `json:"start_at,omitempty" doc:"Holds the steps back until then."`
}

// Fulfilment asks for steps to be carried out for a requester.
type Fulfilment struct {
	Common
	For *Person `json:"for,omitempty" doc:"Whom it is for, if that is not the requester; they see its tickets too."`
}

// Offboarding asks for a leaver's steps, after which the account at the desk is deactivated.
type Offboarding struct {
	Common
	Leaver   *Person    `json:"leaver"`
	LeavesAt *time.Time `json:"leaves_at,omitempty" doc:"Holds the deactivation back until then; the steps begin at once, and need a requester."`
}

func at(given *time.Time) time.Time {
	if given == nil {
		return time.Time{}
	}
	return *given
}

// RequestPath names a request.
type RequestPath struct {
	Connection string `path:"connection"`
	RequestID  string `path:"request_id"`
}

func (a *API) requests() {
	addRequest(a, service.Onboarding, "onboardings", "an onboarding", func(body Onboarding) (service.Request, error) {
		r, err := body.request()
		r.Joiner, r.Manager, r.StartAt = body.Joiner.model(), body.Manager.model(), at(body.StartAt)
		return r, err
	})
	addRequest(a, service.Fulfilment, "fulfilments", "a fulfilment", func(body Fulfilment) (service.Request, error) {
		r, err := body.request()
		r.For = body.For.model()
		return r, err
	})
	addRequest(a, service.Offboarding, "offboardings", "an offboarding", func(body Offboarding) (service.Request, error) {
		r, err := body.request()
		r.Leaver, r.LeavesAt = body.Leaver.model(), at(body.LeavesAt)
		return r, err
	})
	a.files()
}

// addRequest adds what one kind of request has: start, progress, cancel, completion of an action.
func addRequest[B any](a *API, kind service.Kind, path, noun string, convert func(B) (service.Request, error)) {
	base := "/v1/" + path
	name := string(kind)
	register(a, staff, huma.Operation{
		OperationID: "start-" + name, Method: http.MethodPost, Path: base, Tags: []string{"requests"}, DefaultStatus: http.StatusAccepted,
		Summary: "Start " + noun, Responses: a.before(), Errors: []int{http.StatusConflict, http.StatusUnprocessableEntity},
		Description: "Answers 202, or 200 if the same request was started before.",
	}, func(ctx context.Context, input *struct{ Body B }) (*StartedOutput, error) {
		asked, err := convert(input.Body)
		if err != nil {
			return nil, err
		}
		prepared, err := a.Service.Prepare(kind, asked)
		if err != nil {
			return nil, err
		}
		if err := a.Service.CheckFiles(ctx, prepared.Steps); err != nil {
			return nil, err
		}
		started, err := a.Service.Start(ctx, kind, asked, prepared)
		if err != nil {
			return nil, err
		}
		return startedOutput(started, base+"/"+asked.Connection+"/"+asked.RequestID), nil
	})
	register(a, staff, huma.Operation{
		OperationID: "show-" + name, Method: http.MethodGet, Path: base + "/{connection}/{request_id}", Tags: []string{"requests"},
		Summary: "How far " + noun + " is", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, input *RequestPath) (*struct{ Body Progress }, error) {
		progress, err := a.Service.Progress(ctx, kind, input.Connection, input.RequestID)
		if err != nil {
			return nil, err
		}
		return &struct{ Body Progress }{progressOf(kind.WorkflowID(input.Connection, input.RequestID), progress)}, nil
	})
	register(a, staff, huma.Operation{
		OperationID: "cancel-" + name, Method: http.MethodPost, Path: base + "/{connection}/{request_id}/cancel", Tags: []string{"requests"},
		Summary: "Cancel " + noun, Description: "Its tickets are cancelled at the desk too.", Errors: []int{http.StatusNotFound}, DefaultStatus: http.StatusAccepted,
	}, func(ctx context.Context, input *RequestPath) (*struct{}, error) {
		return nil, a.Service.CancelRequest(ctx, kind, input.Connection, input.RequestID)
	})
	register(a, staff, huma.Operation{
		OperationID: "complete-" + name + "-action", Method: http.MethodPost, Path: base + "/{connection}/{request_id}/steps/{step}/completion", Tags: []string{"requests"},
		Summary: "Complete an automated step whose target accepted the work", Description: "The first answer counts; the same again changes nothing.",
		Errors: []int{http.StatusNotFound, http.StatusConflict}, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, input *struct {
		RequestPath
		Step string `path:"step"`
		Body struct {
			Failure string         `json:"failure,omitempty" maxLength:"2000" doc:"Why the work failed; empty if it is done."`
			Output  map[string]any `json:"output,omitempty" doc:"What came of it."`
		}
	}) (*struct{}, error) {
		args := workflows.CompleteActionArgs{Step: input.Step, Failure: input.Body.Failure}
		if input.Body.Output != nil {
			output, err := json.Marshal(input.Body.Output)
			if err != nil {
				return nil, err
			}
			args.Output = output
		}
		return nil, a.Service.CompleteAction(ctx, kind.WorkflowID(input.Connection, input.RequestID), args)
	})
}

// Upload is a body that is read as it comes, never whole.
type Upload struct {
	Name string `query:"name" required:"true" minLength:"1" maxLength:"255" doc:"The file's name."`
	body io.Reader
}

// Resolve takes the body, which huma would read whole.
func (u *Upload) Resolve(ctx huma.Context) []error {
	_ = ctx.SetReadDeadline(time.Now().Add(readFileWithin))
	u.body = ctx.BodyReader()
	return nil
}

// fileBody describes the body of an Upload.
var fileBody = &huma.RequestBody{Required: true, Description: "The file's content; its type is told from it.", Content: map[string]*huma.MediaType{
	"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
}}

func (a *API) files() {
	register(a, staff, huma.Operation{
		OperationID: "store-file", Method: http.MethodPost, Path: "/v1/files", Tags: []string{"requests"}, DefaultStatus: http.StatusCreated,
		Summary: "Store a file for tickets of a request", RequestBody: fileBody, Errors: []int{http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge},
	}, func(ctx context.Context, input *Upload) (*struct{ Body File }, error) {
		file, err := a.store(ctx, input)
		if err != nil {
			return nil, err
		}
		return &struct{ Body File }{File(file)}, nil
	})
}

// store puts an Upload into the blob store; a file that is too large has its own status.
func (a *API) store(ctx context.Context, input *Upload) (file storedFile, err error) {
	file, err = a.Service.StoreFile(ctx, input.Name, input.body)
	if providers.KindOf(err) == providers.TooLarge {
		return file, huma.NewError(http.StatusRequestEntityTooLarge, err.Error())
	}
	return file, err
}
