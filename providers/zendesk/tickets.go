package zendesk

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
)

// CreateTicket implements [providers.Desk].
func (d *Desk) CreateTicket(ctx context.Context, ticket providers.NewTicket) (providers.Ticket, error) {
	const keyCure = "let no trigger or app change external_id"
	return flow.Log(ctx, d.client, d, ticket, keyCure, func(op string) (string, error) {
		body, err := d.newTicket(ctx, op, ticket)
		if err != nil {
			return "", err
		}
		var created struct{ Ticket record }
		_, err = d.client.Write(ctx, rest.Call{
			Op: op, Method: http.MethodPost, Path: "/api/v2/tickets", JSON: map[string]any{"ticket": body}, Into: &created,
			// In this spelling net/http does not take it for leave to send the request again by itself.
			Header: map[string]string{"idempotency-key": string(ticket.Key)},
		})
		return created.Ticket.id(), d.client.Explain(err, providers.Forbidden, op, "no right to create tickets; make the account an administrator")
	})
}

// newTicket looks the group up, and puts the key and the extra fields to the rest.
func (d *Desk) newTicket(ctx context.Context, op string, ticket providers.NewTicket) (map[string]any, error) {
	if err := flow.CheckNumber(d.client, op, ticket.RequesterID); err != nil {
		return nil, err
	}
	group, err := d.findGroup(ctx, op, ticket.Queue)
	if err != nil {
		return nil, err
	}
	subject, description := text.Line(ticket.Subject), ticket.Body
	if strings.TrimSpace(description) == "" {
		description = subject // Zendesk takes no ticket without a text
	}
	body := map[string]any{
		"subject": subject, "comment": map[string]any{"html_body": text.ToHTML(description), "public": true},
		"requester_id": number(ticket.RequesterID), "group_id": group, "external_id": string(ticket.Key),
	}
	if ticket.Kind == providers.Incident {
		body["type"] = "incident"
	}
	custom := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(ticket.Fields)) {
		if slices.Contains([]string{"type", "priority"}, name) {
			body[name] = ticket.Fields[name]
			continue
		}
		field, err := d.findField(ctx, op, name)
		if err != nil {
			return nil, err
		}
		custom = append(custom, map[string]any{"id": field, "value": ticket.Fields[name]})
	}
	if len(custom) > 0 {
		body["custom_fields"] = custom
	}
	return body, nil
}

// named is a group or a field.
type named struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Title  string `json:"title"`
	Active bool   `json:"active"`
}

// findGroup looks a group up by its name.
func (d *Desk) findGroup(ctx context.Context, op, name string) (int64, error) {
	if name == "" {
		return 0, d.client.Failf(op, providers.Invalid, "no queue is given; want the name of a group")
	}
	found := int64(0)
	err := d.pages(ctx, op, "/api/v2/groups", nil, url.Values{"exclude_deleted": {"true"}}, func() (any, func() cursored) {
		var answer struct {
			Groups []named
			cursored
		}
		return &answer, func() cursored {
			for _, group := range answer.Groups {
				if strings.EqualFold(group.Name, name) {
					found = group.ID
				}
			}
			return answer.cursored
		}
	})
	if err == nil && found == 0 {
		err = d.client.Failf(op, providers.Misconfigured, "group %q does not exist, or the account does not see it; create it or correct its name", name)
	}
	return found, err
}

// findField looks a ticket field up by its title.
func (d *Desk) findField(ctx context.Context, op, title string) (int64, error) {
	var answer struct {
		Fields []named `json:"ticket_fields"`
	}
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/api/v2/ticket_fields", Into: &answer})
	if err != nil {
		return 0, err
	}
	for _, field := range answer.Fields {
		if field.Active && strings.EqualFold(field.Title, title) {
			return field.ID, nil
		}
	}
	return 0, d.client.Failf(op, providers.Invalid, "Zendesk has no active ticket field %q; want type, priority or the title of a ticket field", title)
}

// FindTicket implements [providers.Desk].
func (d *Desk) FindTicket(ctx context.Context, key providers.Key) (providers.Ticket, error) {
	const op = "find ticket"
	if err := flow.CheckKey(d.client, op, key); err != nil {
		return providers.Ticket{}, err
	}
	var answer struct{ Tickets []record }
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/api/v2/tickets", Query: url.Values{"external_id": {string(key)}}, Into: &answer})
	if err != nil {
		return providers.Ticket{}, err
	}
	slices.SortFunc(answer.Tickets, func(a, b record) int { return int(a.ID - b.ID) })
	for _, row := range answer.Tickets {
		if row.ExternalID == string(key) && row.Status != statusDeleted {
			return d.resolve(ctx, op, row)
		}
	}
	return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "no ticket carries this key")
}

// FetchTicket implements [providers.TicketFetcher].
func (d *Desk) FetchTicket(ctx context.Context, ticketID string) (providers.Ticket, error) {
	const op = "fetch ticket"
	row, err := d.one(ctx, op, ticketID)
	if err != nil {
		return providers.Ticket{}, err
	}
	return d.resolve(ctx, op, row)
}

// one reads a ticket as it stands, a merged one too.
func (d *Desk) one(ctx context.Context, op, ticketID string) (record, error) {
	if err := flow.CheckNumber(d.client, op, ticketID); err != nil {
		return record{}, err
	}
	var answer struct{ Ticket record }
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/api/v2/tickets/{id}", Params: map[string]string{"id": ticketID}, Into: &answer})
	switch {
	case err != nil:
		return record{}, err
	case answer.Ticket.Status == statusDeleted:
		return record{}, d.client.Failf(op, providers.NotFound, "the ticket was deleted")
	case answer.Ticket.id() != ticketID:
		return record{}, d.client.Failf(op, providers.Malformed, "Zendesk answers with another ticket")
	}
	return answer.Ticket, nil
}

// mergedInto is in the comment that a merge leaves behind.
var mergedInto = regexp.MustCompile(`merged into (?:request|ticket) #([0-9]+)`)

// target names the ticket that one was merged into, "" for none.
func (d *Desk) target(ctx context.Context, op string, row record) (string, error) {
	if !row.merged() {
		return "", nil
	}
	comments, err := d.comments(ctx, op, row.id())
	if err != nil {
		return "", err
	}
	target := ""
	for _, comment := range comments {
		if found := mergedInto.FindStringSubmatch(text.FromHTML(comment.HTML)); found != nil {
			target = found[1]
		}
	}
	if target == "" {
		return "", d.client.Failf(op, providers.Ambiguous, "ticket %s was merged and its comments do not say into which; the requests that wait for it need a person", row.id())
	}
	return target, nil
}

// chain follows a ticket's merges to the one that is worked on, which comes last.
func (d *Desk) chain(ctx context.Context, op string, row record) ([]record, error) {
	return flow.Chain(d.client, op, row.id(), row,
		func(row record) (string, error) { return d.target(ctx, op, row) },
		func(id string) (record, error) { return d.one(ctx, op, id) })
}

func (d *Desk) resolve(ctx context.Context, op string, row record) (providers.Ticket, error) {
	rows, err := d.chain(ctx, op, row)
	if err != nil {
		return providers.Ticket{}, err
	}
	tickets, err := d.tickets(ctx, op, rows[len(rows)-1:])
	if err != nil {
		return providers.Ticket{}, err
	}
	return tickets[0], nil
}

// tickets makes tickets of rows; the groups' names are looked up once.
func (d *Desk) tickets(ctx context.Context, op string, rows []record) ([]providers.Ticket, error) {
	groups := map[int64]string{}
	if slices.ContainsFunc(rows, func(row record) bool { return row.GroupID != 0 }) {
		err := d.pages(ctx, op, "/api/v2/groups", nil, url.Values{}, func() (any, func() cursored) {
			var answer struct {
				Groups []named
				cursored
			}
			return &answer, func() cursored {
				for _, group := range answer.Groups {
					groups[group.ID] = group.Name
				}
				return answer.cursored
			}
		})
		if err != nil {
			return nil, err
		}
	}
	tickets := make([]providers.Ticket, len(rows))
	for i, row := range rows {
		tickets[i] = row.ticket(d.config.URL, groups[row.GroupID])
	}
	return tickets, nil
}

// FetchTickets implements [providers.TicketsFetcher].
func (d *Desk) FetchTickets(ctx context.Context, ticketIDs []string) ([]providers.Ticket, error) {
	const op = "fetch tickets"
	for _, id := range ticketIDs {
		if err := flow.CheckNumber(d.client, op, id); err != nil {
			return nil, err
		}
	}
	var answer struct{ Tickets []record }
	_, err := d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/api/v2/tickets/show_many", Query: url.Values{"ids": {strings.Join(ticketIDs, ",")}}, Into: &answer,
	})
	if err != nil {
		return nil, err
	}
	return d.tickets(ctx, op, slices.DeleteFunc(answer.Tickets, func(row record) bool {
		return row.merged() || row.Status == statusDeleted || !slices.Contains(ticketIDs, row.id())
	}))
}

// exportLag is what the incremental export leaves out.
const exportLag = time.Minute

var exportCursor = regexp.MustCompile(`^[A-Za-z0-9+/=_-]+$`)

// FetchChanges implements [providers.ChangeFetcher]. A page is a cursor of the export.
func (d *Desk) FetchChanges(ctx context.Context, changes providers.ChangesQuery) (providers.ChangesPage, error) {
	const op = "fetch changes"
	query := url.Values{"per_page": {strconv.Itoa(d.config.PageSize)}}
	switch {
	case changes.Page == "":
		query.Set("start_time", strconv.FormatInt(changes.Since.Unix(), 10))
	case !exportCursor.MatchString(changes.Page):
		return providers.ChangesPage{}, d.client.Failf(op, providers.Invalid, "the page is none of ours")
	default:
		query.Set("cursor", changes.Page)
	}
	var answer struct {
		Tickets []record
		After   string `json:"after_cursor"`
		End     bool   `json:"end_of_stream"`
	}
	said, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/api/v2/incremental/tickets/cursor", Query: query, Into: &answer})
	if err != nil && !errors.Is(err, errTooRecent) {
		return providers.ChangesPage{}, d.client.Explain(err, providers.Forbidden, op, "no right to export; make the account an administrator")
	}
	now, err := d.client.DeskTime(op, said.At)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	page := providers.ChangesPage{DeskTime: now.Add(-exportLag)}
	rows := slices.DeleteFunc(answer.Tickets, func(row record) bool { return row.Status == statusDeleted })
	if page.Tickets, err = d.tickets(ctx, op, rows); err != nil {
		return providers.ChangesPage{}, err
	}
	for i, row := range rows {
		page.Tickets[i].Merged = row.merged()
	}
	if !answer.End {
		page.Next = answer.After
	}
	return page, nil
}

// UpdateTicket implements [providers.TicketUpdater].
func (d *Desk) UpdateTicket(ctx context.Context, update providers.TicketUpdate) (providers.Ticket, error) {
	const why = "a trigger of Zendesk may have set it back"
	return flow.SetStatus(ctx, d.client, d, update, why, func(op string, before providers.Ticket) error {
		status := strings.ToLower(update.Status)
		if !slices.Contains(statuses, status) {
			return d.client.Failf(op, providers.Invalid, "Zendesk has no status %q; want one of %s", update.Status, strings.Join(statuses, ", "))
		}
		return d.change(ctx, op, before.ID, map[string]any{"status": status})
	})
}

// priorities are those of the vendor's OpenAPI document.
var priorities = []string{"urgent", "high", "normal", "low"}

// SetPriority implements [providers.Prioritizer].
func (d *Desk) SetPriority(ctx context.Context, ticketID, priority string) error {
	const op = "set priority"
	ticket, err := d.FetchTicket(ctx, ticketID)
	if err != nil {
		return err
	}
	if !slices.Contains(priorities, priority) {
		return d.client.Failf(op, providers.Invalid, "Zendesk has no priority %q; want one of %s", priority, strings.Join(priorities, ", "))
	}
	if err := d.change(ctx, op, ticket.ID, map[string]any{"priority": priority}); err != nil {
		return err
	}
	row, err := d.one(ctx, op, ticket.ID)
	if err == nil && row.Priority != priority {
		return d.client.Failf(op, providers.Invalid, "the desk kept priority %q and did not take %q; a trigger of Zendesk may have set it back", row.Priority, priority)
	}
	return err
}

// change writes fields of a ticket, and a comment.
func (d *Desk) change(ctx context.Context, op, ticketID string, fields map[string]any) error {
	_, err := d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPut, Path: "/api/v2/tickets/{id}", Params: map[string]string{"id": ticketID}, JSON: map[string]any{"ticket": fields},
	})
	err = d.client.Explain(err, providers.Forbidden, op, "no right to change the ticket; make the account an administrator")
	return d.client.Explain(err, providers.Invalid, op, "Zendesk refuses the change: a closed ticket is final, and solving may want fields that are required to solve")
}
