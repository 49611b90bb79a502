package topdesk

import (
	"context"
	"net/http"
	"slices"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/thread"
)

// entries reads the actions or the requests of an incident, oldest first.
func (d *Desk) entries(ctx context.Context, op, kind, incidentID string) ([]entry, error) {
	var all []entry
	params := map[string]string{"id": incidentID, "kind": kind}
	err := d.list(ctx, op, "/incidents/id/{id}/{kind}", params, func() (any, func() int) {
		var page []entry
		return &page, func() int {
			all = append(all, page...)
			return len(page)
		}
	})
	slices.Reverse(all) // TOPdesk lists the newest first
	slices.SortStableFunc(all, func(a, b entry) int { return a.Entered.Compare(b.Entered.Time) })
	return all, err
}

// discussion are the actions, and what was added to the request.
func (d *Desk) discussion(ctx context.Context, op, incidentID string) ([]thread.Entry, error) {
	actions, err := d.entries(ctx, op, "actions", incidentID)
	if err != nil {
		return nil, err
	}
	requests, err := d.entries(ctx, op, "requests", incidentID)
	if err != nil {
		return nil, err
	}
	var all []thread.Entry
	for _, action := range actions {
		all = append(all, action.note())
	}
	for _, added := range requests[min(1, len(requests)):] {
		made := added.note()
		made.Public = true // the request is the caller's, and has no flag
		all = append(all, made)
	}
	return all, nil
}

// FetchNotes implements [providers.NoteFetcher].
func (d *Desk) FetchNotes(ctx context.Context, notes providers.NotesQuery) (providers.NotesPage, error) {
	const op = "fetch notes"
	if _, err := d.FetchTicket(ctx, notes.TicketID); err != nil {
		return providers.NotesPage{}, err
	}
	entries, err := d.discussion(ctx, op, notes.TicketID)
	if err != nil {
		return providers.NotesPage{}, err
	}
	return flow.Notes(d.client, op, entries, notes, d.config.PageSize)
}

// AddNote implements [providers.NoteAdder].
func (d *Desk) AddNote(ctx context.Context, note providers.NewNote) (providers.Note, error) {
	return flow.AddNote(ctx, d.client, d, note, func(op string, ticket providers.Ticket, body string) (providers.Note, error) {
		if err := d.change(ctx, op, ticket.ID, map[string]any{"action": text.ToHTML(body), "actionInvisibleForCaller": false}); err != nil {
			return providers.Note{}, err
		}
		actions, err := d.entries(ctx, op, "actions", ticket.ID)
		if err != nil {
			return providers.Note{}, d.client.Failf(op, providers.UnknownOutcome, "the action was sent and cannot be read back")
		}
		entries := make([]thread.Entry, len(actions))
		for i, action := range actions {
			entries[i] = action.note()
		}
		return flow.Written(d.client, op, entries, body)
	})
}

// UploadAttachment implements [providers.AttachmentUploader].
func (d *Desk) UploadAttachment(ctx context.Context, file providers.NewAttachment) (providers.Attachment, error) {
	const path = "/incidents/id/{id}/attachments"
	return flow.Upload(ctx, d.client, d, file, flow.Files{
		List: func(op string, ticket providers.Ticket) ([]providers.Attachment, error) {
			var all []providers.Attachment
			err := d.list(ctx, op, path, map[string]string{"id": ticket.ID}, func() (any, func() int) {
				var page []struct {
					ID   string `json:"id"`
					Name string `json:"fileName"`
					Size int64  `json:"size"`
				}
				return &page, func() int {
					for _, file := range page {
						all = append(all, providers.Attachment{ID: file.ID, Name: file.Name, ContentType: "application/octet-stream", Size: file.Size})
					}
					return len(page)
				}
			})
			return all, err
		},
		Content: func(op string, ticket providers.Ticket, file providers.Attachment) ([]byte, error) {
			var content []byte
			_, err := d.client.Read(ctx, rest.Call{
				Op: op, Method: http.MethodGet, Path: path + "/{file}/download", Params: map[string]string{"id": ticket.ID, "file": file.ID},
				Header: map[string]string{"Accept": "*/*"}, Raw: &content,
			})
			return content, err
		},
		Send: func(op string, ticket providers.Ticket) error {
			_, err := d.client.Write(ctx, rest.Call{
				Op: op, Method: http.MethodPost, Path: path, Params: map[string]string{"id": ticket.ID},
				Form: []rest.FormPart{
					{Name: "file", FileName: file.Name, ContentType: "application/octet-stream", Content: file.Content},
					{Name: "invisibleForCaller", Content: []byte("false")},
				},
			})
			return d.client.Explain(err, providers.Forbidden, op, "no right to attach; grant changing incidents to the operator's permission group")
		},
		Cure: "let the operator read incidents with their attachments",
	})
}
