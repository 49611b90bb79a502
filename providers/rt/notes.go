package rt

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
)

// The transaction type of a customer-facing note; every other type is internal.
const typeCorrespond = "Correspond"

// FetchNotes implements [providers.NoteFetcher]; the cursor is the last transaction's number.
// Internal notes are filtered by RT already, so that none is withheld here.
func (d *Desk) FetchNotes(ctx context.Context, query providers.NotesQuery) (providers.NotesPage, error) {
	const op = "fetch notes"
	after := query.Cursor
	if after == "" {
		after = "0"
	}
	ticket, err := d.FetchTicket(ctx, query.TicketID)
	if err != nil {
		return providers.NotesPage{}, err
	}
	var found page[wireTransaction]
	_, err = d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/transactions", Into: &found,
		Query: url.Values{
			"fields": {"Type,Created,Creator,_hyperlinks"}, "orderby": {"id"}, "order": {"ASC"},
			"per_page": {strconv.Itoa(d.config.PageSize)},
		},
		JSON: []condition{
			{Field: "ObjectType", Value: "RT::Ticket"},
			// Conditions on one field are joined by OR: a merged ticket's notes stay with its
			// old number, new ones go to the target.
			{Field: "ObjectId", Value: query.TicketID},
			{Field: "ObjectId", Value: ticket.ID},
			{Field: "Type", Value: typeCorrespond},
			{Field: "id", Operator: ">", Value: after},
		},
	})
	if err != nil {
		return providers.NotesPage{}, err
	}
	notes := providers.NotesPage{Cursor: query.Cursor, More: found.more()}
	for _, transaction := range found.Items {
		notes.Cursor = string(transaction.ID)
		if transaction.Type != typeCorrespond {
			notes.Withheld++
			continue
		}
		note, err := d.note(ctx, op, transaction)
		if err != nil {
			return providers.NotesPage{}, err
		}
		notes.Notes = append(notes.Notes, note)
	}
	return notes, nil
}

// note reads the parts of a message: the first text without a file name is its body.
func (d *Desk) note(ctx context.Context, op string, transaction wireTransaction) (providers.Note, error) {
	note := providers.Note{ID: string(transaction.ID), Author: string(transaction.Creator.ID), CreatedAt: transaction.Created.UTC()}
	hasBody := false
	for _, id := range transaction.attachmentIDs() {
		var part wireAttachment
		if err := d.get(ctx, op, "/attachment/{id}", id, &part); err != nil {
			return providers.Note{}, err
		}
		content, err := part.content()
		if err != nil {
			return providers.Note{}, d.client.Failf(op, providers.Malformed, "attachment %s is not base64", id)
		}
		if part.Filename != "" {
			note.Attachments = append(note.Attachments, part.attachment(len(content)))
			continue
		}
		if plain, ok := text.Plain(part.ContentType, content); ok && !hasBody {
			note.Body, note.Truncated = text.Body(plain)
			hasBody = true
		}
	}
	return note, nil
}

// AddNote implements [providers.NoteAdder]. RT takes notes on deleted tickets, where nobody
// reads them, so the ticket is looked at first.
func (d *Desk) AddNote(ctx context.Context, note providers.NewNote) (providers.Note, error) {
	const op = "add note"
	body, err := note.Text()
	if err != nil {
		return providers.Note{}, d.client.Refuse(op, err)
	}
	ticket, err := d.FetchTicket(ctx, note.TicketID)
	if err != nil {
		return providers.Note{}, err
	}
	answer, err := d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/ticket/{id}/correspond",
		Params: map[string]string{"id": ticket.ID},
		JSON:   map[string]string{"Content": body, "ContentType": "text/plain"},
	})
	if err != nil {
		return providers.Note{}, d.client.Explain(err, providers.Forbidden, op, "no right to reply; grant the account ReplyToTicket on queue %q", ticket.Queue)
	}
	return providers.Note{ID: answer.CreatedID(), Body: body, CreatedAt: answer.At}, nil
}

// UploadAttachment implements [providers.AttachmentUploader].
func (d *Desk) UploadAttachment(ctx context.Context, file providers.NewAttachment) (providers.Attachment, error) {
	const op = "upload attachment"
	if err := file.Validate(); err != nil {
		return providers.Attachment{}, d.client.Refuse(op, err)
	}
	file.Name = strings.ReplaceAll(file.Name, `"`, "'") // RT stores a quote with the backslash that escapes it
	if !utf8.Valid(file.Content) {
		file.ContentType = "application/octet-stream" // RT recodes what says it is text
	}
	ticket, err := d.FetchTicket(ctx, file.TicketID)
	if err != nil {
		return providers.Attachment{}, err
	}
	if there, err := d.findAttachment(ctx, op, ticket.ID, file); err != nil || there.ID != "" {
		return there, err
	}
	_, err = d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/ticket/{id}/comment", Params: map[string]string{"id": ticket.ID},
		Form: []rest.FormPart{
			{Name: "JSON", ContentType: "application/json", Content: []byte(`{"Content":"A file was attached.","ContentType":"text/plain"}`)},
			{Name: "Attachments", FileName: file.Name, ContentType: file.ContentType, Content: file.Content},
		},
	})
	if err != nil {
		return providers.Attachment{}, d.client.Explain(err, providers.Forbidden, op, "no right to attach; grant the account CommentOnTicket on queue %q", ticket.Queue)
	}
	uploaded, err := d.findAttachment(ctx, op, ticket.ID, file)
	if err == nil && uploaded.ID == "" {
		return providers.Attachment{}, d.client.Failf(op, providers.UnknownOutcome, "RT took the file but does not show it; grant the account ShowTicketComments on queue %q", ticket.Queue)
	}
	return uploaded, err
}

// findAttachment looks for a file of this name, size and content; empty if there is none.
func (d *Desk) findAttachment(ctx context.Context, op, ticketID string, file providers.NewAttachment) (providers.Attachment, error) {
	for number := 1; ; number++ {
		var found page[wireAttachment]
		_, err := d.client.Read(ctx, rest.Call{
			Op: op, Method: http.MethodGet, Path: "/ticket/{id}/attachments", Params: map[string]string{"id": ticketID}, Into: &found,
			Query: url.Values{"fields": {"Filename,ContentLength"}, "per_page": {strconv.Itoa(maxPageSize)}, "page": {strconv.Itoa(number)}},
		})
		if err != nil {
			return providers.Attachment{}, err
		}
		for _, candidate := range found.Items {
			if candidate.Filename != file.Name || string(candidate.ContentLength) != strconv.Itoa(len(file.Content)) {
				continue
			}
			var whole wireAttachment
			if err := d.get(ctx, op, "/attachment/{id}", string(candidate.ID), &whole); err != nil {
				return providers.Attachment{}, err
			}
			if content, err := whole.content(); err == nil && bytes.Equal(content, file.Content) {
				return whole.attachment(len(content)), nil
			}
		}
		if len(found.Items) == 0 {
			return providers.Attachment{}, nil
		}
	}
}
