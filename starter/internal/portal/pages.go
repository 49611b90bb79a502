package portal

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"deskbridge/internal/config"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/starter/internal/service"
	"deskbridge/workflows"
)

// item is one ticket of the list.
type item struct {
	Address, Subject, Number, Status, State string
	ChangedAt                               time.Time
}

// ticket is one ticket as its page shows it.
type ticket struct {
	Address, Subject, Number, Status, State string
	Body                                    string
	Stages                                  []stage
	Events                                  []event
	Older                                   int
	Files                                   []providers.Attachment
	MayNote, MayAttach, MayClose            bool
	DeskDown                                bool
	// Key is the idempotency key of the next write: a form that is sent twice is one write.
	Key string
	// Told is what became of the write before.
	Told string
}

// stage is one of the stages that a ticket goes through.
type stage struct{ Name, State string }

// event is one entry of the timeline.
type event struct {
	At     time.Time
	Author string
	Text   string
	// Kind is mine, desk, step or queued.
	Kind  string
	Files []providers.Attachment
}

const listPage = 50

func (p *Portal) list(w http.ResponseWriter, r *http.Request, who visitor) {
	if connection, request, step, ok := service.SplitTicketID(who.Ticket); ok {
		http.Redirect(w, r, path(connection, request, step), http.StatusSeeOther)
		return
	}
	from, err := base64.RawURLEncoding.DecodeString(r.URL.Query().Get("page"))
	if err != nil {
		p.sorry(w, http.StatusNotFound, "There is no such page.")
		return
	}
	rows, err := p.Service.TicketsOf(r.Context(), who.People, listPage, from)
	if err != nil {
		p.broken(w, r, err)
		return
	}
	shown := page{List: []item{}}
	for _, row := range rows.Rows {
		changed := row.ChangedAt
		if changed.IsZero() {
			changed = row.StartedAt
		}
		subject := row.Subject
		if subject == "" {
			subject = "Ticket " + row.Ticket
		}
		shown.List = append(shown.List, item{
			Address: path(row.Connection, row.RequestID, row.Step), Subject: subject, Number: row.Ticket,
			Status: row.Status, State: stateOf(row.Phase, workflows.Result(row.Outcome)), ChangedAt: changed,
		})
	}
	if len(rows.Next) > 0 {
		shown.More = "/portal/?page=" + base64.RawURLEncoding.EncodeToString(rows.Next)
	}
	p.render(w, http.StatusOK, shown)
}

// stateOf says in plain words where a ticket is.
func stateOf(phase string, outcome workflows.Result) string {
	switch outcome {
	case workflows.OutcomeCompleted:
		return "Done"
	case workflows.OutcomeRejected:
		return "Declined"
	case workflows.OutcomeCancelled:
		return "Cancelled"
	case workflows.OutcomeDuplicate:
		return "Duplicate"
	case workflows.Vanished:
		return "Removed"
	case workflows.Failed:
		return "Not accepted"
	case workflows.Logged:
		return "Logged"
	}
	if phase == "" || phase == workflows.PhaseLogging {
		return "Being logged"
	}
	return "With the service desk"
}

// address is the ticket that a request's path names, with the path of its page.
func address(r *http.Request) (connection, workflowID, page string) {
	connection, request, step := r.PathValue("connection"), r.PathValue("request"), r.PathValue("step")
	return connection, names.Ticket(connection, providers.Key(request+"/"+step)), path(connection, request, step)
}

var errForeign = &service.Error{Fault: service.Absent, Err: errors.New("there is no such ticket")}

// may lets a visitor get at their own tickets; another's is not there.
func (p *Portal) may(ctx context.Context, who visitor, workflowID string) (service.Standing, error) {
	if who.Ticket != "" && who.Ticket != workflowID {
		return service.Standing{}, errForeign
	}
	standing, err := p.Service.Stand(ctx, workflowID)
	if err == nil && !standing.Known(who.People) {
		return service.Standing{}, errForeign
	}
	return standing, err
}

// lookWithin is how long a person waits for a page while no worker runs.
const lookWithin = 8 * time.Second

// standing is what a page is kept live by.
type standing struct {
	service.Standing
	deskDown bool
}

func (p *Portal) stand(ctx context.Context, who visitor, connection, workflowID string) (standing, error) {
	stands, err := p.may(ctx, who, workflowID)
	if err != nil || stands.Ended {
		return standing{Standing: stands}, err
	}
	return standing{stands, p.Service.DeskDown(ctx, connection, stands)}, nil
}

func (p *Portal) look(ctx context.Context, who visitor, connection, workflowID, path string) (ticket, standing, error) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	now, err := p.stand(ctx, who, connection, workflowID)
	if err != nil {
		return ticket{}, now, err
	}
	view, err := p.Service.View(ctx, workflowID)
	if err != nil {
		return ticket{}, now, err
	}
	return p.ticketOf(view, now, who, path), now, nil
}

func (p *Portal) show(w http.ResponseWriter, r *http.Request, who visitor) {
	connection, workflowID, path := address(r)
	shown, _, err := p.look(r.Context(), who, connection, workflowID, path)
	if err != nil {
		p.broken(w, r, err)
		return
	}
	shown.Told = told[r.URL.Query().Get("told")]
	p.render(w, http.StatusOK, page{Ticket: &shown, Live: path + "/live"})
}

func (p *Portal) ticketOf(view workflows.View, now standing, who visitor, path string) ticket {
	var outcome workflows.Result
	if view.Outcome != nil {
		outcome = view.Outcome.Result
	}
	shown := ticket{
		Address: path, Subject: view.Subject, Number: view.Number, Status: view.Status, State: stateOf(view.Phase, outcome), Body: view.Body,
		Stages: stages(view, outcome), Events: events(view, who), Older: view.Omitted, Files: view.Files, DeskDown: now.deskDown,
		Key: uuid.NewString(),
	}
	may := p.Service.EndUserMay(view)
	shown.MayNote, shown.MayAttach, shown.MayClose = slices.Contains(may, config.MayNote), slices.Contains(may, config.MayAttach), slices.Contains(may, config.MayClose)
	return shown
}

// stages are logged, with the desk, done.
func stages(view workflows.View, outcome workflows.Result) []stage {
	done, now, later := "done", "now", "later"
	all := []stage{{"Logged", done}, {"With the service desk", now}, {"Done", later}}
	switch {
	case view.Number == "" && outcome == "":
		all[0].State, all[1].State = now, later
	case outcome == workflows.Logged:
		return all[:1]
	case outcome != "":
		all[1].State, all[2] = done, stage{stateOf(view.Phase, outcome), done}
		if view.Number == "" {
			all = []stage{{stateOf(view.Phase, outcome), done}}
		}
	}
	return all
}

// events are the notes and what happened, the oldest first, and at the end what the desk does not
// have yet.
func events(view workflows.View, who visitor) []event {
	var all, after []event
	for _, happened := range view.History {
		text := plainly(happened.What)
		one := event{At: happened.At, Text: text, Kind: "step"}
		switch {
		case text == "":
		case strings.HasPrefix(happened.What, "logged as "): // nothing comes before
			all = append(all, one)
		default:
			after = append(after, one)
		}
	}
	for _, note := range view.Notes {
		one := event{At: note.CreatedAt, Author: note.Author, Text: note.Body, Kind: "desk", Files: note.Attachments}
		if note.Truncated {
			one.Text += "\n…"
		}
		if by, ours := view.By[note.ID]; ours {
			one.Author, one.Kind = "From your side", "desk"
			if slices.Contains(who.People, by) {
				one.Author, one.Kind = "You", "mine"
			}
		}
		all = append(all, one)
	}
	all = append(all, after...)
	// Desks tell times in whole seconds: within one, a note comes before the status that it caused.
	slices.SortStableFunc(all, func(a, b event) int {
		return a.At.Truncate(time.Second).Compare(b.At.Truncate(time.Second))
	})
	for _, write := range view.Queued {
		one := event{At: write.At, Author: "You", Text: write.Body, Kind: "queued"}
		switch {
		case write.File != nil:
			one.Text = "File " + write.File.Name
		case write.Kind == workflows.WriteClose:
			one.Text = strings.TrimSpace("Close the ticket. " + write.Body)
		case write.Kind == workflows.WriteCancel:
			one.Text = strings.TrimSpace("Cancel the ticket. " + write.Body)
		}
		if write.By == "" || !slices.Contains(who.People, write.By) {
			one.Author = "From your side"
		}
		all = append(all, one)
	}
	return all
}

// plainly says in plain words what happened to a ticket; what is for operators is left out.
func plainly(what string) string {
	kind, rest, _ := strings.Cut(what, ": ")
	switch {
	case strings.HasPrefix(what, "logged as "):
		return "Logged as " + strings.TrimPrefix(what, "logged as ")
	case strings.HasPrefix(what, "merged into "):
		return "Merged into ticket " + strings.TrimPrefix(what, "merged into ")
	case what == "reopened":
		return "Reopened"
	case kind == "status":
		return "Status: " + rest
	case kind == "outcome":
		return stateOf(workflows.PhaseWatching, workflows.Result(rest))
	case strings.HasSuffix(kind, "could not be attached"):
		return "The service desk did not take a file."
	case strings.HasSuffix(kind, "failed"):
		return "The service desk did not take " + map[string]string{
			"note failed": "your note", "file failed": "your file", "close failed": "the closing", "cancel failed": "the cancelling",
		}[kind] + "."
	}
	return ""
}

// told is what a form is answered with.
var told = map[string]string{
	"delivered": "The service desk has it.",
	"queued":    "It is kept here, and on its way to the service desk.",
}

// liveEvery is how often a live page looks whether something happened, at the Temporal server.
const liveEvery = time.Second

// stream keeps a page live: it sends the ticket anew whenever something happened (server-sent
// events, HTML Living Standard 9.2).
func (p *Portal) stream(w http.ResponseWriter, r *http.Request, who visitor) {
	connection, workflowID, path := address(r)
	select {
	case p.live <- struct{}{}:
		defer func() { <-p.live }()
	default:
		http.Error(w, "too many pages are live", http.StatusServiceUnavailable)
		return
	}
	shown, last, err := p.look(r.Context(), who, connection, workflowID, path)
	if err != nil {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	if p.send(w, control, shown) != nil {
		return
	}
	ticker := time.NewTicker(liveEvery)
	defer ticker.Stop()
	for beats := 1; ; beats++ {
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
		}
		if time.Now().After(who.Until) {
			return
		}
		now, err := p.stand(r.Context(), who, connection, workflowID)
		switch {
		case err != nil && service.FaultOf(err) != service.Down:
			return
		case err == nil && (now.Revision != last.Revision || now.deskDown != last.deskDown || now.Ended != last.Ended):
			if shown, now, err = p.look(r.Context(), who, connection, workflowID, path); err != nil {
				continue // no worker answers; the next look is soon
			}
			last = now
			if p.send(w, control, shown) != nil {
				return
			}
		case beats%15 == 0: // so that nobody between takes the silence for the end
			_, _ = fmt.Fprint(w, ": still there\n\n")
			if control.Flush() != nil {
				return
			}
		}
	}
}

func (p *Portal) send(w http.ResponseWriter, control *http.ResponseController, shown ticket) error {
	var text bytes.Buffer
	if err := p.fragment(&text, shown); err != nil {
		return err
	}
	for line := range strings.SplitSeq(text.String(), "\n") {
		_, _ = fmt.Fprintf(w, "data: %s\n", strings.TrimSuffix(line, "\r"))
	}
	_, _ = fmt.Fprint(w, "\n")
	return control.Flush()
}
