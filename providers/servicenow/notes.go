package servicenow

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/zoned"
)

const (
	// comments is the journal that customers see; every other one is internal.
	comments    = "comments"
	journalCure = "let the account read sys_journal_field, by a role such as itil or an ACL"
)

var journalFields = []string{"sys_id", "element", "element_id", "value", "sys_created_on", "sys_created_by"}

// FetchNotes implements [providers.NoteFetcher].
func (d *Desk) FetchNotes(ctx context.Context, notes providers.NotesQuery) (providers.NotesPage, error) {
	const op = "fetch notes"
	cursor, err := parseNoteCursor(notes.Cursor)
	if err != nil {
		return providers.NotesPage{}, d.client.Errorf(op, providers.Invalid, err)
	}
	if _, err := d.one(ctx, op, task, notes.TicketID, []string{"sys_id"}); err != nil {
		return providers.NotesPage{}, err
	}
	where := "element_id=" + notes.TicketID + "^element=" + comments
	if cursor.at != "" {
		at, _ := time.Parse(time.DateTime, cursor.at) // parseNoteCursor read it
		where += "^sys_created_on>=" + zoned.Literal(at, d.zone)
	}
	limit := min(d.config.PageSize+len(cursor.seen), maxPageSize)
	found, err := d.tables.records(ctx, op, query{
		table: "sys_journal_field", where: where + "^ORDERBYsys_created_on^ORDERBYsys_id", fields: journalFields, limit: limit,
	})
	if err != nil {
		return providers.NotesPage{}, d.client.Explain(err, providers.Forbidden, op, "no right to read comments; %s", journalCure)
	}
	page := providers.NotesPage{More: len(found.records) >= limit}
	for _, row := range found.records {
		if row.value("element_id") != notes.TicketID || row.value("element") != comments {
			page.Withheld++ // ServiceNow ignored a condition: what is not surely public is internal
			continue
		}
		at, id := row.value("sys_created_on"), row.value("sys_id")
		if at == cursor.at && slices.Contains(cursor.seen, id) {
			continue
		}
		if at != cursor.at {
			cursor = noteCursor{at: at}
		}
		cursor.seen = append(cursor.seen, id)
		page.Notes = append(page.Notes, note(row))
	}
	page.Cursor = cursor.String()
	return page, nil
}

func note(row record) providers.Note {
	made := providers.Note{ID: row.value("sys_id"), Author: row.value("sys_created_by"), CreatedAt: zoned.Parse(row.value("sys_created_on"), time.UTC)}
	made.Body, made.Truncated = text.Body(plain(row.value("value")))
	return made
}

// AddNote implements [providers.NoteAdder].
func (d *Desk) AddNote(ctx context.Context, note providers.NewNote) (providers.Note, error) {
	const op = "add note"
	body, err := note.Text()
	if err != nil {
		return providers.Note{}, d.client.Refuse(op, err)
	}
	row, err := d.one(ctx, op, task, note.TicketID, []string{"sys_id", "sys_class_name"})
	if err != nil {
		return providers.Note{}, err
	}
	if err := d.tables.update(ctx, op, row.value("sys_class_name"), note.TicketID, map[string]string{comments: body}); err != nil {
		return providers.Note{}, d.client.Explain(err, providers.Forbidden, op, "no right to comment; let the account write comments of table %s", row.value("sys_class_name"))
	}
	return d.written(ctx, op, note.TicketID, body)
}

// written finds the comment that was just written, for an update does not name it.
func (d *Desk) written(ctx context.Context, op, ticketID, body string) (providers.Note, error) {
	const newest = 20
	found, err := d.tables.records(ctx, op, query{
		table: "sys_journal_field", where: "element_id=" + ticketID + "^element=" + comments + "^ORDERBYDESCsys_created_on", fields: journalFields, limit: newest,
	})
	if err != nil {
		return providers.Note{}, d.client.Failf(op, providers.UnknownOutcome, "the comment was sent and cannot be read back; %s", journalCure)
	}
	for _, row := range found.records {
		if row.value("element_id") == ticketID && row.value("element") == comments && strings.TrimSpace(row.value("value")) == body {
			return note(row), nil
		}
	}
	return providers.Note{}, d.client.Failf(op, providers.UnknownOutcome, "ServiceNow took the comment but does not show it; %s", journalCure)
}

// UploadAttachment implements [providers.AttachmentUploader].
func (d *Desk) UploadAttachment(ctx context.Context, file providers.NewAttachment) (providers.Attachment, error) {
	const op = "upload attachment"
	if err := file.Validate(); err != nil {
		return providers.Attachment{}, d.client.Refuse(op, err)
	}
	row, err := d.one(ctx, op, task, file.TicketID, []string{"sys_id", "sys_class_name"})
	if err != nil {
		return providers.Attachment{}, err
	}
	if there, err := d.findAttachment(ctx, op, file); err != nil || there.ID != "" {
		return there, err
	}
	if err := d.tables.attach(ctx, op, row.value("sys_class_name"), file.TicketID, file); err != nil {
		return providers.Attachment{}, d.client.Explain(err, providers.Forbidden, op, "no right to attach; let the account write to the ticket and create in sys_attachment (by SOAP: in ecc_queue)")
	}
	uploaded, err := d.findAttachment(ctx, op, file)
	if err == nil && uploaded.ID == "" {
		return providers.Attachment{}, d.client.Failf(op, providers.UnknownOutcome, "ServiceNow took the file but does not show it; let the account read sys_attachment")
	}
	return uploaded, err
}

// findAttachment looks for a file of this name, size and content; empty if there is none.
func (d *Desk) findAttachment(ctx context.Context, op string, file providers.NewAttachment) (providers.Attachment, error) {
	found, err := d.tables.records(ctx, op, query{
		table: "sys_attachment", where: "table_sys_id=" + file.TicketID + "^file_name=" + quote(file.Name) + "^ORDERBYsys_created_on^ORDERBYsys_id",
		fields: []string{"sys_id", "table_sys_id", "file_name", "content_type", "size_bytes", "hash"}, limit: maxPageSize,
	})
	if err != nil {
		return providers.Attachment{}, err
	}
	for _, row := range found.records {
		size := strconv.Itoa(len(file.Content))
		if row.value("table_sys_id") != file.TicketID || row.value("file_name") != file.Name || row.value("size_bytes") != size {
			continue
		}
		same, err := d.tables.holds(ctx, op, row, file.Content)
		if err != nil {
			return providers.Attachment{}, err
		}
		if same {
			return providers.Attachment{ID: row.value("sys_id"), Name: file.Name, ContentType: row.value("content_type"), Size: int64(len(file.Content))}, nil
		}
	}
	return providers.Attachment{}, nil
}
