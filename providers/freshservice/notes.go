package freshservice

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/thread"
)

// conversations reads all notes and replies of a ticket.
func (d *Desk) conversations(ctx context.Context, op, ticketID string) ([]conversation, error) {
	var all []conversation
	err := d.list(ctx, op, "/tickets/{id}/conversations", map[string]string{"id": ticketID}, url.Values{}, func() (any, func() []int64) {
		var answer struct{ Conversations []conversation }
		return &answer, func() (ids []int64) {
			for _, row := range answer.Conversations {
				ids = append(ids, row.ID)
			}
			all = append(all, answer.Conversations...)
			return ids
		}
	})
	return all, err
}

// FetchNotes implements [providers.NoteFetcher].
func (d *Desk) FetchNotes(ctx context.Context, notes providers.NotesQuery) (providers.NotesPage, error) {
	const op = "fetch notes"
	if _, err := d.FetchTicket(ctx, notes.TicketID); err != nil {
		return providers.NotesPage{}, err
	}
	all, err := d.conversations(ctx, op, notes.TicketID)
	if err != nil {
		return providers.NotesPage{}, err
	}
	entries := make([]thread.Entry, len(all))
	names := map[int64]string{}
	for i, row := range all {
		entries[i] = row.entry()
		if entries[i].Public {
			if entries[i].Author, err = d.name(ctx, op, row.UserID, names); err != nil {
				return providers.NotesPage{}, err
			}
		}
	}
	return flow.Notes(d.client, op, entries, notes, d.config.PageSize)
}

// AddNote implements [providers.NoteAdder].
func (d *Desk) AddNote(ctx context.Context, note providers.NewNote) (providers.Note, error) {
	return flow.AddNote(ctx, d.client, d, note, func(op string, ticket providers.Ticket, body string) (providers.Note, error) {
		var created struct{ Conversation conversation }
		_, err := d.client.Write(ctx, rest.Call{
			Op: op, Method: http.MethodPost, Path: "/tickets/{id}/notes", Params: map[string]string{"id": ticket.ID},
			JSON: map[string]any{"body": text.ToHTML(body), "private": false}, Into: &created,
		})
		if err != nil {
			return providers.Note{}, d.client.Explain(err, providers.Forbidden, op, "no right to write notes; give the agent a role that may")
		}
		if entry := created.Conversation.entry(); created.Conversation.ID != 0 && entry.Public {
			return entry.Note, nil
		}
		return providers.Note{}, d.client.Failf(op, providers.UnknownOutcome, "the answer names no customer-facing note")
	})
}

// UploadAttachment implements [providers.AttachmentUploader].
func (d *Desk) UploadAttachment(ctx context.Context, file providers.NewAttachment) (providers.Attachment, error) {
	return flow.Upload(ctx, d.client, d, file, flow.Files{
		List: func(op string, ticket providers.Ticket) ([]providers.Attachment, error) {
			all, err := d.conversations(ctx, op, ticket.ID)
			var files []providers.Attachment
			for _, row := range all {
				if strings.Contains(text.FromHTML(row.Body), flow.Fingerprint(file)) {
					files = append(files, row.attachments()...)
				}
			}
			return files, err
		},
		Send: func(op string, ticket providers.Ticket) error {
			_, err := d.client.Write(ctx, rest.Call{
				Op: op, Method: http.MethodPost, Path: "/tickets/{id}/notes", Params: map[string]string{"id": ticket.ID},
				Form: []rest.FormPart{
					{Name: "body", Content: []byte(text.ToHTML(flow.UploadNote(file)))},
					{Name: "private", Content: []byte("true")},
					{Name: "attachments[]", FileName: file.Name, ContentType: "application/octet-stream", Content: file.Content},
				},
			})
			return d.client.Explain(err, providers.Forbidden, op, "no right to write notes; give the agent a role that may")
		},
		Cure: "let the agent see private notes",
	})
}
