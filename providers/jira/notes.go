package jira

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/thread"
)

// The two kinds of comment; each is asked for by itself, for both are the default.
var (
	publicOnly   = url.Values{"public": {"true"}, "internal": {"false"}, "expand": {"attachment,renderedBody"}}
	internalOnly = url.Values{"public": {"false"}, "internal": {"true"}, "expand": {"attachment"}}
)

// comments reads all comments of a kind.
func (d *Desk) comments(ctx context.Context, op, ticketID string, kind url.Values) ([]comment, error) {
	query := url.Values{}
	for name, values := range kind {
		query[name] = values
	}
	var all []comment
	err := d.list(ctx, op, "/rest/servicedeskapi/request/{id}/comment", map[string]string{"id": ticketID}, query, func() (any, func() paged) {
		var answer struct {
			paged
			Values []comment
		}
		return &answer, func() paged {
			all = append(all, answer.Values...)
			return answer.paged
		}
	})
	return all, err
}

// FetchNotes implements [providers.NoteFetcher]. The ticket is read first, for a request that is
// gone or hidden has an empty list of comments.
func (d *Desk) FetchNotes(ctx context.Context, notes providers.NotesQuery) (providers.NotesPage, error) {
	const op = "fetch notes"
	ticket, err := d.FetchTicket(ctx, notes.TicketID)
	if err != nil {
		return providers.NotesPage{}, err
	}
	all, err := d.comments(ctx, op, ticket.ID, publicOnly)
	if err != nil {
		return providers.NotesPage{}, err
	}
	entries := make([]thread.Entry, len(all))
	for i, comment := range all {
		entries[i] = comment.entry()
	}
	return flow.Notes(d.client, op, entries, notes, d.config.PageSize)
}

// AddNote implements [providers.NoteAdder].
func (d *Desk) AddNote(ctx context.Context, note providers.NewNote) (providers.Note, error) {
	return flow.AddNote(ctx, d.client, d, note, func(op string, ticket providers.Ticket, body string) (providers.Note, error) {
		var created comment
		_, err := d.client.Write(ctx, rest.Call{
			Op: op, Method: http.MethodPost, Path: "/rest/servicedeskapi/request/{id}/comment", Params: map[string]string{"id": ticket.ID},
			JSON: map[string]any{"body": wiki(body), "public": true}, Into: &created,
		})
		if err != nil {
			return providers.Note{}, d.client.Explain(err, providers.Forbidden, op, "no right to comment; make the account an agent of project %s", d.config.Project)
		}
		if created.ID == "" {
			return providers.Note{}, d.client.Failf(op, providers.UnknownOutcome, "the answer names no comment")
		}
		entry := created.entry()
		entry.SetBody(body)
		return entry.Note, nil
	})
}

// UploadAttachment implements [providers.AttachmentUploader]. A temporary file that no comment
// names is dropped by Jira.
func (d *Desk) UploadAttachment(ctx context.Context, file providers.NewAttachment) (providers.Attachment, error) {
	return flow.Upload(ctx, d.client, d, file, flow.Files{
		List: func(op string, ticket providers.Ticket) ([]providers.Attachment, error) {
			all, err := d.comments(ctx, op, ticket.ID, internalOnly)
			var files []providers.Attachment
			for _, comment := range all {
				if strings.Contains(comment.Body, flow.Fingerprint(file)) {
					files = append(files, comment.entry().Attachments...)
				}
			}
			return files, err
		},
		Send: func(op string, ticket providers.Ticket) error { return d.attach(ctx, op, ticket, file) },
		Cure: "let the account see internal comments, as an agent does",
	})
}

func (d *Desk) attach(ctx context.Context, op string, ticket providers.Ticket, file providers.NewAttachment) error {
	serviceDesk, err := d.serviceDesk(ctx, op)
	if err != nil {
		return err
	}
	var temporary struct {
		Files []struct {
			ID string `json:"temporaryAttachmentId"`
		} `json:"temporaryAttachments"`
	}
	_, err = d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/rest/servicedeskapi/servicedesk/{desk}/attachTemporaryFile", Params: map[string]string{"desk": serviceDesk},
		Header: map[string]string{"X-Atlassian-Token": "no-check"}, Into: &temporary,
		Form: []rest.FormPart{{Name: "file", FileName: file.Name, ContentType: "application/octet-stream", Content: file.Content}},
	})
	if err != nil {
		return err
	}
	if len(temporary.Files) != 1 {
		return d.client.Failf(op, providers.Malformed, "the answer names no temporary file")
	}
	_, err = d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/rest/servicedeskapi/request/{id}/attachment", Params: map[string]string{"id": ticket.ID},
		JSON: map[string]any{
			"temporaryAttachmentIds": []string{temporary.Files[0].ID}, "public": false, "additionalComment": map[string]string{"body": flow.UploadNote(file)},
		},
	})
	return d.client.Explain(err, providers.Forbidden, op, "no right to attach; grant the account Create Attachments in project %s", d.config.Project)
}
