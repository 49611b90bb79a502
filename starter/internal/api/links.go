package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"deskbridge/providers"
	"deskbridge/starter/internal/link"
)

func (a *API) portalLinks() {
	register(a, staff, huma.Operation{
		OperationID: "make-portal-link", Method: http.MethodPost, Path: "/v1/portal-links", Tags: []string{"tickets"}, DefaultStatus: http.StatusCreated,
		Summary: "Make a link that opens the portal for a person", Errors: []int{http.StatusUnprocessableEntity},
		Description: "The link is short-lived (portal.link_valid) and holds no name; whoever has it is let in as the person.",
	}, func(_ context.Context, input *struct {
		Body struct {
			Person     Person `json:"person" doc:"Whose tickets are shown."`
			Connection string `json:"connection,omitempty" doc:"With request_id and step: only this ticket."`
			RequestID  string `json:"request_id,omitempty"`
			Step       string `json:"step,omitempty"`
		}
	}) (*struct{ Body PortalLink }, error) {
		hashes, err := a.Service.Hashes(*input.Body.Person.model())
		if err != nil {
			return nil, err
		}
		if len(hashes) == 0 {
			return nil, huma.NewError(http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{Location: "body.person", Message: "person: give at least one of employee_number, login and email"})
		}
		pass := link.Pass{People: hashes, Until: time.Now().Add(a.Service.Config.Portal.LinkValid)}
		if body := input.Body; body.Connection+body.RequestID+body.Step != "" {
			if _, err := providers.ParseKey(body.RequestID + "/" + body.Step); err != nil || body.Connection == "" {
				return nil, huma.NewError(http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{Location: "body.connection", Message: "connection, request_id, step: give all three of a ticket, or none"})
			}
			pass.Ticket = TicketPath{body.Connection, body.RequestID, body.Step}.workflowID()
		}
		token, err := a.Links.Sign(link.Open, pass)
		if err != nil {
			return nil, err
		}
		return &struct{ Body PortalLink }{PortalLink{URL: a.Service.Config.API.URL + "/portal/open?link=" + token, ExpiresAt: pass.Until.UTC()}}, nil
	})
}

// PortalLink opens the portal.
type PortalLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}
