package ivanti

import (
	"context"
	"net/http"
	"net/url"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/thread"
)

// children reads all records that hang on an incident.
func (d *Desk) children(ctx context.Context, op, object, incidentID string) ([]record, error) {
	var all []record
	for {
		found, err := d.records(ctx, op, object, query{where: is("ParentLink_RecID", incidentID), order: "CreatedDateTime asc", skip: len(all)})
		if err != nil {
			return nil, err
		}
		for _, row := range found.records {
			if row.text("ParentLink_RecID") == incidentID { // a filter that is ignored gives those of others
				all = append(all, row)
			}
		}
		if !found.more {
			return all, nil
		}
		if len(found.records) > 0 && found.records[0].text("ParentLink_RecID") != incidentID {
			return nil, d.client.Failf(op, providers.Misconfigured, "Ivanti ignored the condition on ParentLink_RecID; let the role of the API key see that field of %s", object)
		}
	}
}

// FetchNotes implements [providers.NoteFetcher].
func (d *Desk) FetchNotes(ctx context.Context, notes providers.NotesQuery) (providers.NotesPage, error) {
	const op = "fetch notes"
	if _, err := d.one(ctx, op, incidents, notes.TicketID); err != nil {
		return providers.NotesPage{}, err
	}
	rows, err := d.children(ctx, op, d.config.Journal, notes.TicketID)
	if err != nil {
		return providers.NotesPage{}, err
	}
	entries := make([]thread.Entry, len(rows))
	for i, row := range rows {
		entries[i] = d.entry(row)
	}
	return flow.Notes(d.client, op, entries, notes, d.config.PageSize)
}

// AddNote implements [providers.NoteAdder].
func (d *Desk) AddNote(ctx context.Context, note providers.NewNote) (providers.Note, error) {
	return flow.AddNote(ctx, d.client, d, note, func(op string, ticket providers.Ticket, body string) (providers.Note, error) {
		created, err := d.create(ctx, op, d.config.Journal, map[string]any{
			"ParentLink": ticket.ID, "ParentLink_Category": "Incident", "Category": "Memo", "Subject": "Note",
			"NotesBody": text.ToHTML(body), d.config.PublicField: true,
		})
		if err != nil {
			return providers.Note{}, err
		}
		entry := d.entry(created)
		if entry.ID == "" || !entry.Public {
			return providers.Note{}, d.client.Failf(op, providers.UnknownOutcome, "the answer names no customer-facing note; public_field has to name the journal's flag")
		}
		return entry.Note, nil
	})
}

// UploadAttachment implements [providers.AttachmentUploader].
func (d *Desk) UploadAttachment(ctx context.Context, file providers.NewAttachment) (providers.Attachment, error) {
	return flow.Upload(ctx, d.client, d, file, flow.Files{
		List: func(op string, ticket providers.Ticket) ([]providers.Attachment, error) {
			rows, err := d.children(ctx, op, attachments, ticket.ID)
			var files []providers.Attachment
			for _, row := range rows {
				files = append(files, providers.Attachment{ID: row.text("RecId"), Name: row.text("ATTACHNAME"), ContentType: "application/octet-stream", Size: -1})
			}
			return files, err
		},
		Content: func(op string, _ providers.Ticket, file providers.Attachment) ([]byte, error) {
			var content []byte
			_, err := d.client.Read(ctx, rest.Call{
				Op: op, Method: http.MethodGet, Path: "/rest/Attachment", Query: url.Values{"ID": {file.ID}}, Header: map[string]string{"Accept": "*/*"}, Raw: &content,
			})
			return content, err
		},
		Send: func(op string, ticket providers.Ticket) error {
			_, err := d.client.Write(ctx, rest.Call{
				Op: op, Method: http.MethodPost, Path: "/rest/Attachment",
				Form: []rest.FormPart{
					{Name: "ObjectID", Content: []byte(ticket.ID)},
					{Name: "ObjectType", Content: []byte("incidents#")},
					{Name: "file", FileName: file.Name, ContentType: "application/octet-stream", Content: file.Content},
				},
			})
			return d.client.Explain(err, providers.Forbidden, op, "no right to attach; let the role of the API key do so")
		},
		Cure: "let the role of the API key see attachments",
	})
}
