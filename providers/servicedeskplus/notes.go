package servicedeskplus

import (
	"context"
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

// notes reads all notes of a request.
func (d *Desk) notes(ctx context.Context, op, ticketID string) ([]note, error) {
	var all []note
	for start := 1; ; {
		var answer struct {
			Notes []note
			Info  struct {
				More bool `json:"has_more_rows"`
			} `json:"list_info"`
		}
		_, err := d.run(ctx, d.client.Read, rest.Call{Op: op, Method: http.MethodGet, Path: "/requests/{id}/notes", Params: map[string]string{"id": ticketID}},
			listed(listInfo{Rows: d.config.PageSize, Start: start}), &answer)
		if err != nil {
			return nil, d.client.Explain(err, providers.Forbidden, op, "no right to read notes; give the technician a role that may")
		}
		all, start = append(all, answer.Notes...), start+len(answer.Notes)
		if !answer.Info.More || len(answer.Notes) == 0 {
			return all, nil
		}
	}
}

// FetchNotes implements [providers.NoteFetcher].
func (d *Desk) FetchNotes(ctx context.Context, asked providers.NotesQuery) (providers.NotesPage, error) {
	const op = "fetch notes"
	if _, err := d.one(ctx, op, asked.TicketID); err != nil {
		return providers.NotesPage{}, err
	}
	all, err := d.notes(ctx, op, asked.TicketID)
	if err != nil {
		return providers.NotesPage{}, err
	}
	entries := make([]thread.Entry, len(all))
	for i, row := range all {
		if row.Description == "" && row.entry().Public {
			if row, err = d.oneNote(ctx, op, asked.TicketID, row.ID); err != nil {
				return providers.NotesPage{}, err
			}
		}
		entries[i] = row.entry()
	}
	return flow.Notes(d.client, op, entries, asked, d.config.PageSize)
}

// oneNote reads a note by itself, for lists may leave out the text.
func (d *Desk) oneNote(ctx context.Context, op, ticketID, noteID string) (note, error) {
	if err := flow.CheckNumber(d.client, op, noteID); err != nil {
		return note{}, err
	}
	var answer struct{ Note note }
	_, err := d.run(ctx, d.client.Read, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/requests/{id}/notes/{note}", Params: map[string]string{"id": ticketID, "note": noteID},
	}, nil, &answer)
	return answer.Note, err
}

// AddNote implements [providers.NoteAdder].
func (d *Desk) AddNote(ctx context.Context, new providers.NewNote) (providers.Note, error) {
	return flow.AddNote(ctx, d.client, d, new, func(op string, ticket providers.Ticket, body string) (providers.Note, error) {
		var answer struct{ Note note }
		_, err := d.run(ctx, d.client.Write, rest.Call{Op: op, Method: http.MethodPost, Path: "/requests/{id}/notes", Params: map[string]string{"id": ticket.ID}},
			map[string]any{"note": map[string]any{"description": text.ToHTML(body), "show_to_requester": true}}, &answer)
		if err != nil {
			return providers.Note{}, d.client.Explain(err, providers.Forbidden, op, "no right to write notes; give the technician a role that may")
		}
		if made := answer.Note.entry(); made.ID != "" && made.Public {
			return made.Note, nil
		}
		return providers.Note{}, d.client.Failf(op, providers.UnknownOutcome, "the answer names no note that the requester sees")
	})
}

// UploadAttachment implements [providers.AttachmentUploader].
func (d *Desk) UploadAttachment(ctx context.Context, file providers.NewAttachment) (providers.Attachment, error) {
	addresses := map[string]string{}
	return flow.Upload(ctx, d.client, d, file, flow.Files{
		List: func(op string, ticket providers.Ticket) ([]providers.Attachment, error) {
			row, err := d.one(ctx, op, ticket.ID)
			var files []providers.Attachment
			for _, there := range row.Attachments {
				addresses[there.ID] = there.Address
				files = append(files, providers.Attachment{ID: there.ID, Name: there.Name, ContentType: there.Type, Size: size(there.Size)})
			}
			return files, err
		},
		Content: func(op string, _ providers.Ticket, file providers.Attachment) ([]byte, error) {
			address, err := d.resolve(op, addresses[file.ID])
			if err != nil {
				return nil, err
			}
			var content []byte
			_, err = d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: address, Header: map[string]string{"Accept": "*/*"}, Raw: &content})
			return content, err
		},
		Send: func(op string, ticket providers.Ticket) error {
			path := "/requests/{id}/upload"
			if d.config.cloud() {
				path = "/requests/{id}/_uploads"
			}
			_, err := d.client.Write(ctx, rest.Call{
				Op: op, Method: http.MethodPut, Path: path, Params: map[string]string{"id": ticket.ID},
				Header: map[string]string{"Accept": "application/vnd.manageengine.sdp.v3+json"},
				Form:   []rest.FormPart{{Name: "input_file", FileName: file.Name, ContentType: "application/octet-stream", Content: file.Content}},
			})
			return d.client.Explain(err, providers.Forbidden, op, "no right to attach; give the technician a role that may change requests")
		},
		Cure: "let the technician see attachments",
	})
}

// size reads a size as a number, as text, or as {"value"}; negative where it is none.
func size(raw json.RawMessage) int64 {
	var object struct {
		Value json.RawMessage `json:"value"`
	}
	if json.Unmarshal(raw, &object) == nil && object.Value != nil {
		raw = object.Value
	}
	number, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil {
		return -1
	}
	return number
}

// resolve makes the whole address of a file; one of another host gets no credentials.
func (d *Desk) resolve(op, address string) (string, error) {
	base, err := url.Parse(d.config.URL)
	if err != nil {
		return "", d.client.Failf(op, providers.Misconfigured, "url is no address")
	}
	at, err := base.Parse(address)
	if err != nil || address == "" || at.Host != base.Host || at.Scheme != base.Scheme {
		return "", d.client.Failf(op, providers.Malformed, "the address of an attachment is none of the desk's")
	}
	return at.String(), nil
}
