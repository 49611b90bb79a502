package halo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/thread"
)

// entries are a ticket's actions with a text, and those of the tickets on the way to it.
func (d *Desk) entries(ctx context.Context, op, ticketID string) ([]thread.Entry, error) {
	row, err := d.one(ctx, op, ticketID)
	if err != nil {
		return nil, err
	}
	rows, err := d.chain(ctx, op, row)
	if err != nil {
		return nil, err
	}
	var entries []thread.Entry
	for order, row := range rows {
		var answer struct{ Actions []action }
		_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/Actions", Into: &answer, Query: url.Values{
			"ticket_id": {strconv.FormatInt(row.ID, 10)}, "excludeprivate": {"true"}, "excludesys": {"true"},
		}})
		if err != nil {
			return nil, d.client.Explain(err, providers.Forbidden, op, "no right to read actions; give the application and its agent this permission")
		}
		for _, action := range answer.Actions {
			entry := action.entry()
			if entry.Body == "" {
				continue // an event
			}
			// actions count anew on every ticket
			entry.ID, entry.Place = strconv.FormatInt(row.ID, 10)+"-"+entry.ID, strconv.Itoa(order)+entry.Place
			entries = append(entries, entry)
		}
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
		var added action
		err := d.put(ctx, op, "Actions", map[string]any{
			"ticket_id": number(ticket.ID), "outcome": d.config.Outcome, "note_html": text.ToHTML(body), "hiddenfromuser": false, "sendemail": false,
		}, &added)
		if err != nil {
			return providers.Note{}, err
		}
		entry := added.entry()
		if added.ID == 0 || !entry.Public {
			return providers.Note{}, d.client.Failf(op, providers.UnknownOutcome, "the answer names no customer-facing action")
		}
		entry.ID = ticket.ID + "-" + entry.ID
		return entry.Note, nil
	})
}

// UploadAttachment implements [providers.AttachmentUploader].
func (d *Desk) UploadAttachment(ctx context.Context, file providers.NewAttachment) (providers.Attachment, error) {
	return flow.Upload(ctx, d.client, d, file, flow.Files{
		List: func(op string, ticket providers.Ticket) ([]providers.Attachment, error) {
			var answer struct {
				Attachments []struct {
					ID   int64  `json:"id"`
					Name string `json:"filename"`
				} `json:"attachments"`
			}
			_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/Attachment", Query: url.Values{"ticket_id": {ticket.ID}}, Into: &answer})
			var files []providers.Attachment
			for _, there := range answer.Attachments {
				files = append(files, providers.Attachment{ID: strconv.FormatInt(there.ID, 10), Name: there.Name, ContentType: "application/octet-stream", Size: -1})
			}
			return files, err
		},
		Content: func(op string, _ providers.Ticket, file providers.Attachment) ([]byte, error) {
			return d.content(ctx, op, file.ID)
		},
		Send: func(op string, ticket providers.Ticket) error {
			var added struct{ ID int64 }
			return d.put(ctx, op, "Attachment", map[string]any{
				"ticket_id": number(ticket.ID), "filename": file.Name, "data_base64": base64.StdEncoding.EncodeToString(file.Content), "showforusers": true,
			}, &added)
		},
		Cure: "let the application read attachments",
	})
}

// content downloads a file, as it is or in JSON.
func (d *Desk) content(ctx context.Context, op, fileID string) ([]byte, error) {
	var raw []byte
	answer, err := d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/Attachment/{id}", Params: map[string]string{"id": fileID}, Header: map[string]string{"Accept": "*/*"}, Raw: &raw,
	})
	if err != nil || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
		return raw, err
	}
	var held struct {
		Data string `json:"data_base64"`
	}
	if json.Unmarshal(raw, &held) != nil || held.Data == "" {
		return raw, nil
	}
	content, err := base64.StdEncoding.DecodeString(held.Data)
	if err != nil {
		return nil, d.client.Failf(op, providers.Malformed, "a file is not in base64")
	}
	return content, nil
}
