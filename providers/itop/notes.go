package itop

import (
	"context"
	"encoding/base64"
	"encoding/json"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/thread"
)

// entries reads the public log of a ticket.
func (d *Desk) entries(ctx context.Context, op, ticketID string) ([]thread.Entry, error) {
	row, err := d.one(ctx, op, ticketID, "public_log")
	if err != nil {
		return nil, err
	}
	entries, err := d.log(row)
	if err != nil {
		return nil, d.client.Failf(op, providers.Malformed, "the public log is not as iTop has it")
	}
	return entries, nil
}

// FetchNotes implements [providers.NoteFetcher].
func (d *Desk) FetchNotes(ctx context.Context, notes providers.NotesQuery) (providers.NotesPage, error) {
	const op = "fetch notes"
	entries, err := d.entries(ctx, op, notes.TicketID)
	if err != nil {
		return providers.NotesPage{}, err
	}
	return flow.Notes(d.client, op, entries, notes, d.config.PageSize)
}

// AddNote implements [providers.NoteAdder].
func (d *Desk) AddNote(ctx context.Context, note providers.NewNote) (providers.Note, error) {
	return flow.AddNote(ctx, d.client, d, note, func(op string, ticket providers.Ticket, body string) (providers.Note, error) {
		class, number, err := d.parseID(op, ticket.ID)
		if err != nil {
			return providers.Note{}, err
		}
		_, err = d.run(ctx, d.client.Write, op, operation{
			Operation: "core/update", Class: class, Key: number, Fields: map[string]any{"public_log": text.ToHTML(body)}, Output: "ref", Comment: "Deskbridge",
		})
		if err != nil {
			return providers.Note{}, err
		}
		entries, err := d.entries(ctx, op, ticket.ID)
		if err != nil {
			return providers.Note{}, d.client.Failf(op, providers.UnknownOutcome, "the entry was sent and cannot be read back")
		}
		return flow.Written(d.client, op, entries, body)
	})
}

// contents is the file of an attachment.
type contents struct {
	Data string `json:"data"`
	Type string `json:"mimetype"`
	Name string `json:"filename"`
}

// UploadAttachment implements [providers.AttachmentUploader].
func (d *Desk) UploadAttachment(ctx context.Context, file providers.NewAttachment) (providers.Attachment, error) {
	there := map[string][]byte{}
	return flow.Upload(ctx, d.client, d, file, flow.Files{
		List: func(op string, ticket providers.Ticket) ([]providers.Attachment, error) {
			class, number, err := d.parseID(op, ticket.ID)
			if err != nil {
				return nil, err
			}
			found, _, err := d.find(ctx, op, "Attachment", "item_class = "+quote(class)+" AND item_id = "+number, "contents")
			var files []providers.Attachment
			for _, row := range found {
				var held contents
				if json.Unmarshal(row.Fields["contents"], &held) != nil {
					continue
				}
				there[row.Key], err = base64.StdEncoding.DecodeString(held.Data)
				if err != nil {
					return nil, d.client.Failf(op, providers.Malformed, "an attachment is not in base64")
				}
				files = append(files, providers.Attachment{ID: row.Key, Name: held.Name, ContentType: held.Type, Size: int64(len(there[row.Key]))})
			}
			return files, err
		},
		Content: func(_ string, _ providers.Ticket, file providers.Attachment) ([]byte, error) {
			return there[file.ID], nil
		},
		Send: func(op string, ticket providers.Ticket) error {
			class, number, err := d.parseID(op, ticket.ID)
			if err != nil {
				return err
			}
			_, err = d.run(ctx, d.client.Write, op, operation{
				Operation: "core/create", Class: "Attachment", Output: "item_id", Comment: "Deskbridge",
				Fields: map[string]any{"item_class": class, "item_id": number, "contents": contents{
					Data: base64.StdEncoding.EncodeToString(file.Content), Type: "application/octet-stream", Name: file.Name,
				}},
			})
			return err
		},
		Cure: "let the account read attachments",
	})
}
