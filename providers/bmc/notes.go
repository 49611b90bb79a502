package bmc

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
)

const (
	viewPublic   = "Public"
	viewInternal = "Internal"
	// fileField is the first of a work log's three places for a file.
	fileField = "z2AF Work Log01"
	logCure   = "give the account read and write permission on HPD:WorkLog and on the incident"
)

var logFields = []string{"Work Log ID", "Incident Number", "View Access", "Submit Date", "Submitter", "Work Log Submitter", "Description", "Detailed Description", fileField}

// FetchNotes implements [providers.NoteFetcher]; the cursor is the last work log's ID.
func (d *Desk) FetchNotes(ctx context.Context, notes providers.NotesQuery) (providers.NotesPage, error) {
	const op = "fetch notes"
	where := all(is("Incident Number", "=", notes.TicketID), is("View Access", "=", viewPublic))
	if notes.Cursor != "" {
		if err := d.checkID(op, notes.Cursor); err != nil {
			return providers.NotesPage{}, err
		}
		where = all(where, is("Work Log ID", ">", notes.Cursor))
	}
	if _, err := d.FetchTicket(ctx, notes.TicketID); err != nil {
		return providers.NotesPage{}, err
	}
	found, _, err := d.entries(ctx, op, query{form: formWorkLog, where: where, fields: logFields, sort: "Work Log ID.asc", limit: d.config.PageSize})
	if err != nil {
		return providers.NotesPage{}, d.client.Explain(err, providers.Forbidden, op, "no right to read work logs; %s", logCure)
	}
	page := providers.NotesPage{Cursor: notes.Cursor, More: len(found) > 0}
	for _, log := range found {
		page.Cursor = log["Work Log ID"]
		if log["View Access"] != viewPublic || log["Incident Number"] != notes.TicketID {
			page.Withheld++
			continue
		}
		page.Notes = append(page.Notes, note(log))
	}
	return page, nil
}

// note takes the detailed description, and the summary where there is no other text.
func note(log entry) providers.Note {
	made := providers.Note{ID: log["Work Log ID"], Author: log["Work Log Submitter"], CreatedAt: log.time("Submit Date")}
	if made.Author == "" {
		made.Author = log["Submitter"]
	}
	body := log["Detailed Description"]
	if body == "" {
		body = log["Description"]
	}
	made.Body, made.Truncated = text.Body(body)
	if attached, ok := attachment(log); ok {
		made.Attachments = append(made.Attachments, attached)
	}
	return made
}

func attachment(log entry) (providers.Attachment, bool) {
	var attached file
	if json.Unmarshal([]byte(log[fileField]), &attached) != nil || attached.Name == "" {
		return providers.Attachment{}, false
	}
	return providers.Attachment{ID: log["Work Log ID"] + "/1", Name: attached.Name, Size: attached.Size}, true
}

// AddNote implements [providers.NoteAdder].
func (d *Desk) AddNote(ctx context.Context, note providers.NewNote) (providers.Note, error) {
	const op = "add note"
	body, err := note.Text()
	if err != nil {
		return providers.Note{}, d.client.Refuse(op, err)
	}
	if _, err := d.FetchTicket(ctx, note.TicketID); err != nil {
		return providers.Note{}, err
	}
	values := workLog(note.TicketID, viewPublic, "Message of the requester", body)
	answer, err := d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/api/arsys/v1/entry/{form}", Params: map[string]string{"form": formWorkLog}, JSON: map[string]any{"values": values},
	})
	if err != nil {
		return providers.Note{}, d.client.Explain(err, providers.Forbidden, op, "no right to write work logs; %s", logCure)
	}
	return providers.Note{ID: answer.CreatedID(), Body: body, CreatedAt: answer.At}, nil
}

func workLog(incident, view, summary, body string) map[string]string {
	return map[string]string{
		"Incident Number": incident, "View Access": view, "Secure Work Log": "No", "Work Log Type": "Customer Communication",
		"Communication Source": "Web", "Status": statusEnabled, "Description": summary, "Detailed Description": body,
	}
}

// UploadAttachment implements [providers.AttachmentUploader]; the work log that carries the
// file is internal.
func (d *Desk) UploadAttachment(ctx context.Context, file providers.NewAttachment) (providers.Attachment, error) {
	const op = "upload attachment"
	if err := file.Validate(); err != nil {
		return providers.Attachment{}, d.client.Refuse(op, err)
	}
	if _, err := d.FetchTicket(ctx, file.TicketID); err != nil {
		return providers.Attachment{}, err
	}
	if there, err := d.findAttachment(ctx, op, file); err != nil || there.ID != "" {
		return there, err
	}
	values := workLog(file.TicketID, viewInternal, "A file was attached in Activate", file.Name)
	values[fileField] = file.Name
	content, err := json.Marshal(map[string]any{"values": values})
	if err != nil {
		return providers.Attachment{}, d.client.Errorf(op, providers.Invalid, err)
	}
	_, err = d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/api/arsys/v1/entry/{form}", Params: map[string]string{"form": formWorkLog},
		Form: []rest.FormPart{
			{Name: "entry", ContentType: "application/json", Content: content},
			{Name: "attach-" + fileField, FileName: file.Name, ContentType: "application/octet-stream", Content: file.Content},
		},
	})
	if err != nil {
		return providers.Attachment{}, d.client.Explain(err, providers.Forbidden, op, "no right to write work logs; %s", logCure)
	}
	uploaded, err := d.findAttachment(ctx, op, file)
	if err == nil && uploaded.ID == "" {
		return providers.Attachment{}, d.client.Failf(op, providers.UnknownOutcome, "BMC took the file but does not show it; %s", logCure)
	}
	return uploaded, err
}

// findAttachment looks for a file of this name, size and content; empty if there is none.
func (d *Desk) findAttachment(ctx context.Context, op string, file providers.NewAttachment) (providers.Attachment, error) {
	after := ""
	for {
		where := is("Incident Number", "=", file.TicketID)
		if after != "" {
			where = all(where, is("Work Log ID", ">", after))
		}
		found, _, err := d.entries(ctx, op, query{form: formWorkLog, where: where, fields: logFields, sort: "Work Log ID.asc", limit: maxPageSize})
		if err != nil || len(found) == 0 {
			return providers.Attachment{}, err
		}
		for _, log := range found {
			after = log["Work Log ID"]
			there, ok := attachment(log)
			if !ok || log["Incident Number"] != file.TicketID || there.Name != file.Name || there.Size != int64(len(file.Content)) {
				continue
			}
			var content []byte
			_, err := d.client.Read(ctx, rest.Call{
				Op: op, Method: http.MethodGet, Path: "/api/arsys/v1/entry/{form}/{id}/attach/{field}", Raw: &content,
				Params: map[string]string{"form": formWorkLog, "id": after, "field": fileField}, Header: map[string]string{"Accept": "*/*"},
			})
			if err != nil {
				return providers.Attachment{}, err
			}
			if bytes.Equal(content, file.Content) {
				return there, nil
			}
		}
	}
}
