package portal

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"deskbridge/internal/audit"
	"deskbridge/internal/config"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/starter/internal/service"
	"deskbridge/workflows"
)

const (
	// maxForm bounds a form without files, in bytes.
	maxForm      = 256 << 10
	readFormIn   = 15 * time.Second
	readUploadIn = 5 * time.Minute
)

func (p *Portal) note(w http.ResponseWriter, r *http.Request, who visitor) {
	p.write(w, r, who, config.MayNote, names.AddNote, func(form form) (any, error) {
		if strings.TrimSpace(form.text) == "" {
			return nil, wrong("Please write something first.")
		}
		return workflows.NoteArgs{Body: form.text, By: who.People[0]}, nil
	})
}

func (p *Portal) close(w http.ResponseWriter, r *http.Request, who visitor) {
	p.write(w, r, who, config.MayClose, names.CloseTicket, func(form form) (any, error) {
		return workflows.CloseArgs{Note: form.text, By: who.People[0]}, nil
	})
}

func wrong(text string) error { return &service.Error{Fault: service.Wrong, Err: errors.New(text)} }

// form is what was typed.
type form struct{ text, key string }

// write takes what was typed and sends it to the ticket's run, which keeps it until the desk has
// it. It answers with the ticket's page, and the script with a text.
func (p *Portal) write(w http.ResponseWriter, r *http.Request, who visitor, verb, update string, build func(form) (any, error)) {
	connection, workflowID, path := address(r)
	if err := p.mayWrite(r.Context(), who, connection, workflowID, verb); err != nil {
		p.answer(w, r, path, "", err)
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readFormIn))
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.answer(w, r, path, "", wrong("This is too long, or did not come whole; please send it again."))
		return
	}
	typed := form{text: strings.ReplaceAll(r.PostFormValue("text"), "\r\n", "\n"), key: r.PostFormValue("key")}
	args, err := build(typed)
	if len(typed.text) > providers.MaxNoteBody {
		err = wrong("This is too long for one note; please send it in parts, or as a file.")
	}
	if err != nil {
		p.answer(w, r, path, "", err)
		return
	}
	p.deliver(w, r, who, path, workflowID, typed.key, update, args)
}

func (p *Portal) deliver(w http.ResponseWriter, r *http.Request, who visitor, path, workflowID, key, update string, args any) {
	if _, err := uuid.Parse(key); err != nil {
		key = uuid.NewString()
	}
	// People do not wait for a desk: what is queued is shown as such, and the page is live.
	ctx, cancel := context.WithTimeout(audit.By(r.Context(), "portal "+who.People[0]), answerWithin)
	defer cancel()
	written, err := p.Service.WriteSoon(ctx, workflowID, strings.Join([]string{"portal", update, who.People[0], key}, " "), update, args)
	if err == nil && written.Failure != "" {
		err = wrong("The service desk did not take it: " + written.Failure)
	}
	p.answer(w, r, path, written.State, err)
}

// answerWithin is how long a person waits for an answer at most.
const answerWithin = 15 * time.Second

// mayWrite lets a visitor write to their own tickets as the connection allows.
func (p *Portal) mayWrite(ctx context.Context, who visitor, connection, workflowID, verb string) error {
	if _, err := p.may(ctx, who, workflowID); err != nil {
		return err
	}
	if !p.Service.EndUsersMay(connection, verb) {
		return &service.Error{Fault: service.Refused, Err: errors.New("This is not possible with this ticket.")} //nolint:staticcheck // it is shown to a person
	}
	return nil
}

// answer tells what became of a write: a person without the script gets the page again, the script
// a text, so that what was typed stays where it is if it was not taken.
func (p *Portal) answer(w http.ResponseWriter, r *http.Request, path, state string, err error) {
	scripted := r.Header.Get("Accept") == "text/plain"
	if err == nil {
		if scripted {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = io.WriteString(w, told[state])
			return
		}
		http.Redirect(w, r, path+"?told="+state, http.StatusSeeOther)
		return
	}
	if !scripted {
		p.broken(w, r, err)
		return
	}
	status, text := http.StatusServiceUnavailable, "It could not be taken at the moment. What you wrote is still here; please send it again in a minute."
	switch service.FaultOf(err) {
	case service.Wrong, service.Refused:
		status, text = http.StatusUnprocessableEntity, err.Error()
	case service.Absent:
		status, text = http.StatusNotFound, "The ticket is not followed any more."
	}
	http.Error(w, text, status)
}

// attach streams a file into the blob store and has it brought to the desk.
func (p *Portal) attach(w http.ResponseWriter, r *http.Request, who visitor) {
	connection, workflowID, path := address(r)
	if err := p.mayWrite(r.Context(), who, connection, workflowID, config.MayAttach); err != nil {
		p.answer(w, r, path, "", err)
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readUploadIn))
	r.Body = http.MaxBytesReader(w, r.Body, providers.MaxAttachment+maxForm)
	parts, err := r.MultipartReader()
	if err != nil {
		p.answer(w, r, path, "", wrong("Please choose a file first."))
		return
	}
	key, args, err := p.storeUpload(r.Context(), parts, who)
	if err != nil {
		p.answer(w, r, path, "", err)
		return
	}
	p.deliver(w, r, who, path, workflowID, key, names.Attach, args)
}

// storeUpload reads the parts of a form as they come: the key, then the file.
func (p *Portal) storeUpload(ctx context.Context, parts *multipart.Reader, who visitor) (key string, args workflows.AttachArgs, err error) {
	for {
		part, err := parts.NextPart()
		if err != nil {
			return "", args, wrong("Please choose a file first.")
		}
		switch part.FormName() {
		case "key":
			content, _ := io.ReadAll(io.LimitReader(part, 100))
			key = string(content)
		case "file":
			if part.FileName() == "" {
				return "", args, wrong("Please choose a file first.")
			}
			args.By = who.People[0]
			args.File, err = p.Service.StoreFile(ctx, part.FileName(), part)
			return key, args, upload(err)
		}
	}
}

// upload says in plain words why a file is not taken.
func upload(err error) error {
	switch providers.KindOf(err) {
	case providers.TooLarge:
		return wrong("This file is too large; 25 MB are taken.")
	case providers.Invalid:
		return wrong("A file of this kind is not taken, or it is empty. Pictures, PDF, office documents and text are.")
	}
	return err
}
