package znuny

import (
	"context"
	"encoding/base64"
	"net/mail"
	"slices"
	"strconv"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/zoned"
	wire "deskbridge/providers/znuny/internal/ticketconnector"
)

// FetchNotes implements [providers.NoteFetcher]; the cursor is the last article's ID. Znuny
// answers all articles at once, so that there is one page.
func (d *Desk) FetchNotes(ctx context.Context, query providers.NotesQuery) (providers.NotesPage, error) {
	const op = "fetch notes"
	if query.Cursor != "" {
		if err := d.checkID(op, query.Cursor); err != nil {
			return providers.NotesPage{}, err
		}
	}
	ticket, err := d.live(ctx, op, query.TicketID, attachments)
	if err != nil {
		return providers.NotesPage{}, err
	}
	slices.SortFunc(ticket.Article, func(a, b *wire.Article) int { return number(a.ArticleID) - number(b.ArticleID) })
	notes := providers.NotesPage{Cursor: query.Cursor}
	var public []*wire.Article
	for i, article := range ticket.Article {
		if number(article.ArticleID) <= number(query.Cursor) {
			continue
		}
		notes.Cursor = article.ArticleID
		switch {
		case article.IsVisibleForCustomer != "1":
			notes.Withheld++
		case i > 0: // the first article is the description
			public = append(public, article)
		}
	}
	if len(public) == 0 {
		return notes, nil
	}
	history, err := d.history(ctx, op, ticket.TicketID)
	if err != nil {
		return providers.NotesPage{}, err
	}
	for _, article := range public {
		if !history.opened(article.ArticleID) {
			notes.Notes = append(notes.Notes, d.note(article))
		}
	}
	return notes, nil
}

func (d *Desk) note(article *wire.Article) providers.Note {
	note := providers.Note{ID: article.ArticleID, Author: author(article.From), CreatedAt: zoned.Parse(article.CreateTime, d.zone)}
	note.Body, note.Truncated = text.Body(article.Body)
	for _, file := range article.Attachment {
		note.Attachments = append(note.Attachments, attachment(article, file))
	}
	return note
}

// author is the name in a sender such as "Anna Nowak" <anna@example.com>, without the address.
func author(from string) string {
	if address, err := mail.ParseAddress(from); err == nil && address.Name != "" {
		return address.Name
	}
	return from
}

func attachment(article *wire.Article, file *wire.Attachment) providers.Attachment {
	size, _ := strconv.ParseInt(file.FilesizeRaw, 10, 64) // 0 where Znuny does not say
	return providers.Attachment{ID: article.ArticleID + "/" + file.FileID, Name: file.Filename, ContentType: file.ContentType, Size: size}
}

func (d *Desk) history(ctx context.Context, op, ticketID string) (history, error) {
	login, password, err := d.credentials(op)
	if err != nil {
		return nil, err
	}
	request := &wire.TicketHistoryGet{UserLogin: login, Password: password, TicketID: ticketID}
	var found wire.TicketHistoryGetResponse
	if _, err := d.client.Read(ctx, d.call(op, "TicketHistoryGet", request, &found)); err != nil {
		return nil, err
	}
	if err := d.refusal(op, found.Error, providers.Unavailable); err != nil {
		return nil, err
	}
	var events history
	for _, ticket := range found.TicketHistory {
		events = append(events, ticket.History...)
	}
	return events, nil
}

// AddNote implements [providers.NoteAdder].
func (d *Desk) AddNote(ctx context.Context, note providers.NewNote) (providers.Note, error) {
	const op = "add note"
	body, err := note.Text()
	if err != nil {
		return providers.Note{}, d.client.HTTP.Refuse(op, err)
	}
	ticket, err := d.FetchTicket(ctx, note.TicketID)
	if err != nil {
		return providers.Note{}, err
	}
	id, err := d.change(ctx, op, wire.TicketUpdate{TicketID: ticket.ID, Article: publicArticle("Re: "+ticket.Subject, body)})
	if err != nil {
		return providers.Note{}, err
	}
	return providers.Note{ID: id, Body: body}, nil
}

// UploadAttachment implements [providers.AttachmentUploader].
func (d *Desk) UploadAttachment(ctx context.Context, file providers.NewAttachment) (providers.Attachment, error) {
	const op = "upload attachment"
	if err := file.Validate(); err != nil {
		return providers.Attachment{}, d.client.HTTP.Refuse(op, err)
	}
	if len(file.Content) == 0 {
		return providers.Attachment{}, d.client.HTTP.Failf(op, providers.Invalid, "the file is empty; Znuny takes no empty files")
	}
	ticket, err := d.live(ctx, op, file.TicketID, attachments)
	if err != nil {
		return providers.Attachment{}, err
	}
	if there, ok := findAttachment(ticket, file); ok {
		return there, nil
	}
	_, err = d.change(ctx, op, wire.TicketUpdate{
		TicketID: ticket.TicketID, Article: internalArticle("Attachment", flow.UploadNote(file)),
		Attachment: []*wire.NewAttachment{{
			Content: base64.StdEncoding.EncodeToString(file.Content), ContentType: "application/octet-stream", Filename: file.Name,
		}},
	})
	if err != nil {
		return providers.Attachment{}, err
	}
	if ticket, err = d.live(ctx, op, ticket.TicketID, attachments); err != nil {
		return providers.Attachment{}, err
	}
	uploaded, ok := findAttachment(ticket, file)
	if !ok {
		return providers.Attachment{}, d.client.HTTP.Failf(op, providers.UnknownOutcome, "Znuny took the file but does not show it")
	}
	return uploaded, nil
}

// attachments asks for the files of a ticket without their contents: Znuny answers the
// contents of all of them or of none.
var attachments = wire.TicketGet{AllArticles: "1", Attachments: "1", GetAttachmentContents: "0"}

// findAttachment looks for a file of this name and size in an article with its fingerprint.
func findAttachment(ticket *wire.Ticket, file providers.NewAttachment) (providers.Attachment, bool) {
	for _, article := range ticket.Article {
		if !strings.Contains(article.Body, flow.Fingerprint(file)) {
			continue
		}
		for _, candidate := range article.Attachment {
			if candidate.Filename == file.Name && candidate.FilesizeRaw == strconv.Itoa(len(file.Content)) {
				return attachment(article, candidate), true
			}
		}
	}
	return providers.Attachment{}, false
}
