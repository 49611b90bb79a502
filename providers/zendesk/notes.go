package zendesk

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/thread"
)

// comments reads all comments of a ticket, the description first.
func (d *Desk) comments(ctx context.Context, op, ticketID string) ([]comment, error) {
	var all []comment
	err := d.pages(ctx, op, "/api/v2/tickets/{id}/comments", map[string]string{"id": ticketID}, url.Values{}, func() (any, func() cursored) {
		var answer struct {
			Comments []comment
			cursored
		}
		return &answer, func() cursored {
			all = append(all, answer.Comments...)
			return answer.cursored
		}
	})
	slices.SortFunc(all, func(a, b comment) int { return int(a.ID - b.ID) })
	return all, err
}

// entries are a ticket's comments after its description, with those of the tickets on the way to it.
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
	names := map[int64]string{}
	for _, row := range rows {
		all, err := d.comments(ctx, op, row.id())
		if err != nil {
			return nil, err
		}
		for _, comment := range all[min(1, len(all)):] {
			entry := thread.Entry{Place: thread.ByNumber(comment.ID), Public: comment.isPublic()}
			entry.ID, entry.CreatedAt = strconv.FormatInt(comment.ID, 10), comment.CreatedAt.UTC()
			entry.Attachments = comment.attachments()
			entry.SetBody(text.FromHTML(comment.HTML))
			if entry.Public {
				if entry.Author, err = d.name(ctx, op, comment.AuthorID, names); err != nil {
					return nil, err
				}
			}
			entries = append(entries, entry)
		}
	}
	return entries, nil
}

// name is a user's; the ID where the user is gone.
func (d *Desk) name(ctx context.Context, op string, userID int64, known map[int64]string) (string, error) {
	if name, ok := known[userID]; ok {
		return name, nil
	}
	user, err := d.person(ctx, op, strconv.FormatInt(userID, 10))
	switch {
	case providers.KindOf(err) == providers.NotFound, err == nil && user.text("name") == "":
		known[userID] = strconv.FormatInt(userID, 10)
	case err != nil:
		return "", err
	default:
		known[userID] = user.text("name")
	}
	return known[userID], nil
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
		if err := d.change(ctx, op, ticket.ID, map[string]any{"comment": map[string]any{"html_body": text.ToHTML(body), "public": true}}); err != nil {
			return providers.Note{}, err
		}
		entries, err := d.entries(ctx, op, ticket.ID)
		if err != nil {
			return providers.Note{}, d.client.Failf(op, providers.UnknownOutcome, "the comment was sent and cannot be read back")
		}
		return flow.Written(d.client, op, entries, body)
	})
}

// UploadAttachment implements [providers.AttachmentUploader]. An upload that no comment names is
// dropped by Zendesk after three days.
func (d *Desk) UploadAttachment(ctx context.Context, file providers.NewAttachment) (providers.Attachment, error) {
	return flow.Upload(ctx, d.client, d, file, flow.Files{
		List: func(op string, ticket providers.Ticket) ([]providers.Attachment, error) {
			all, err := d.comments(ctx, op, ticket.ID)
			var files []providers.Attachment
			for _, comment := range all {
				if strings.Contains(text.FromHTML(comment.HTML), flow.Fingerprint(file)) {
					files = append(files, comment.attachments()...)
				}
			}
			return files, err
		},
		Send: func(op string, ticket providers.Ticket) error {
			var answer struct{ Upload struct{ Token string } }
			_, err := d.client.Write(ctx, rest.Call{
				Op: op, Method: http.MethodPost, Path: "/api/v2/uploads", Query: url.Values{"filename": {file.Name}}, Body: file.Content, Into: &answer,
				Header: map[string]string{"Content-Type": "application/octet-stream"},
			})
			if err != nil {
				return err
			}
			return d.change(ctx, op, ticket.ID, map[string]any{"comment": map[string]any{
				"html_body": text.ToHTML(flow.UploadNote(file)), "public": false, "uploads": []string{answer.Upload.Token},
			}})
		},
		Cure: "let the account see internal comments",
	})
}
