package glpi

import (
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // GLPI's own sum of a document, which protects nothing
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/thread"
)

// FetchNotes implements [providers.NoteFetcher].
func (d *Desk) FetchNotes(ctx context.Context, notes providers.NotesQuery) (providers.NotesPage, error) {
	const op = "fetch notes"
	if _, err := d.FetchTicket(ctx, notes.TicketID); err != nil {
		return providers.NotesPage{}, err
	}
	var entries []thread.Entry
	for kind, path := range map[string]string{followupKind: "/Ticket/{id}/ITILFollowup", solutionKind: "/Ticket/{id}/ITILSolution"} {
		all, err := items[message](ctx, d, op, path, map[string]string{"id": notes.TicketID}, url.Values{"expand_dropdowns": {"true"}})
		if err != nil {
			return providers.NotesPage{}, d.client.Explain(err, providers.Forbidden, op, "no right to read followups; give the account's profile this right, private ones too")
		}
		slices.SortFunc(all, func(a, b message) int { return cmp.Compare(a.ID, b.ID) })
		for _, row := range all {
			entries = append(entries, d.entry(kind, row))
		}
	}
	return flow.Notes(d.client, op, entries, notes, d.config.PageSize)
}

// AddNote implements [providers.NoteAdder].
func (d *Desk) AddNote(ctx context.Context, note providers.NewNote) (providers.Note, error) {
	return flow.AddNote(ctx, d.client, d, note, func(op string, ticket providers.Ticket, body string) (providers.Note, error) {
		id, err := d.add(ctx, op, "ITILFollowup", map[string]any{
			"itemtype": "Ticket", "items_id": number(ticket.ID), "content": text.ToHTML(body), "is_private": 0,
		})
		if err != nil {
			return providers.Note{}, err
		}
		var written message
		_, err = d.client.Read(ctx, rest.Call{
			Op: op, Method: http.MethodGet, Path: "/ITILFollowup/{id}", Params: map[string]string{"id": id}, Query: url.Values{"expand_dropdowns": {"true"}}, Into: &written,
		})
		entry := d.entry(followupKind, written)
		if err != nil || !entry.Public {
			return providers.Note{}, d.client.Failf(op, providers.UnknownOutcome, "the followup was sent and is not shown as customer-facing")
		}
		return entry.Note, nil
	})
}

// document is a file, as far as it is used.
type document struct {
	ID       int64  `json:"id"`
	FileName string `json:"filename"`
	Type     string `json:"mime"`
	SHA1     string `json:"sha1sum"`
}

// UploadAttachment implements [providers.AttachmentUploader].
func (d *Desk) UploadAttachment(ctx context.Context, file providers.NewAttachment) (providers.Attachment, error) {
	sum := sha1.Sum(file.Content) //nolint:gosec // GLPI's own sum of a document, which protects nothing
	return flow.Upload(ctx, d.client, d, file, flow.Files{
		List: func(op string, ticket providers.Ticket) ([]providers.Attachment, error) {
			links, err := items[struct {
				Document int64 `json:"documents_id"`
			}](ctx, d, op, "/Ticket/{id}/Document_Item", map[string]string{"id": ticket.ID}, url.Values{})
			if err != nil {
				return nil, err
			}
			var files []providers.Attachment
			for _, link := range links {
				var there document
				_, err := d.client.Read(ctx, rest.Call{
					Op: op, Method: http.MethodGet, Path: "/Document/{id}", Params: map[string]string{"id": strconv.FormatInt(link.Document, 10)}, Into: &there,
				})
				if err != nil {
					return nil, err
				}
				if there.SHA1 == hex.EncodeToString(sum[:]) {
					files = append(files, providers.Attachment{ID: strconv.FormatInt(there.ID, 10), Name: decode(there.FileName), ContentType: there.Type, Size: -1})
				}
			}
			return files, nil
		},
		Send: func(op string, ticket providers.Ticket) error { return d.upload(ctx, op, ticket, file) },
		Cure: "let the account's profile read documents",
	})
}

// upload adds a document that hangs on the ticket.
func (d *Desk) upload(ctx context.Context, op string, ticket providers.Ticket, file providers.NewAttachment) error {
	manifest, err := json.Marshal(map[string]any{"input": map[string]any{
		"name": file.Name, "_filename": []string{file.Name}, "itemtype": "Ticket", "items_id": number(ticket.ID), "entities_id": d.config.Entity,
	}})
	if err != nil {
		return d.client.Errorf(op, providers.Invalid, err)
	}
	_, err = d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/Document",
		Form: []rest.FormPart{
			{Name: "uploadManifest", ContentType: "application/json", Content: manifest},
			{Name: "filename[0]", FileName: file.Name, ContentType: "application/octet-stream", Content: file.Content},
		},
	})
	return d.client.Explain(err, providers.Forbidden, op, "no right to add documents, or the type of file is not allowed; see the document types of GLPI")
}
