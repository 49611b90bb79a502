package servicedeskplus

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/place"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
)

// settable are the fields of a request that are lists, given by name.
var settable = []string{"category", "subcategory", "item", "impact", "urgency", "priority", "level", "mode", "request_type", "template", "site"}

// CreateTicket implements [providers.Desk]. The desk refuses what it does not have by name.
func (d *Desk) CreateTicket(ctx context.Context, ticket providers.NewTicket) (providers.Ticket, error) {
	keyCure := "let the template have the additional field " + d.config.KeyField
	return flow.Log(ctx, d.client, d, ticket, keyCure, func(op string) (string, error) {
		fields, err := d.newRequest(op, ticket)
		if err != nil {
			return "", err
		}
		var answer struct{ Request request }
		_, err = d.run(ctx, d.client.Write, rest.Call{Op: op, Method: http.MethodPost, Path: "/requests"}, map[string]any{"request": fields}, &answer)
		if about(err, "group") {
			return "", d.client.Failf(op, providers.Misconfigured, "support group %q does not exist, or takes no requests of this site; create it or correct its name", ticket.Queue)
		}
		return answer.Request.ID, d.client.Explain(err, providers.Forbidden, op, "no right to create requests; give the technician a role that may")
	})
}

// newRequest puts the key and the extra fields to the rest.
func (d *Desk) newRequest(op string, ticket providers.NewTicket) (map[string]any, error) {
	if err := flow.CheckNumber(d.client, op, ticket.RequesterID); err != nil {
		return nil, err
	}
	if ticket.Queue == "" {
		return nil, d.client.Failf(op, providers.Invalid, "no queue is given; want the name of a support group")
	}
	additional := map[string]any{d.config.KeyField: string(ticket.Key)}
	fields := map[string]any{
		"subject": text.Line(ticket.Subject), "description": text.ToHTML(ticket.Body), "requester": map[string]string{"id": ticket.RequesterID},
		"group": map[string]string{"name": ticket.Queue}, "udf_fields": additional,
	}
	for name, value := range ticket.Fields {
		switch {
		case name == d.config.KeyField:
			return nil, d.client.Failf(op, providers.Invalid, "field %q is set by the connection", name)
		case slices.Contains(settable, name):
			fields[name] = map[string]string{"name": value}
		default:
			additional[name] = value
		}
	}
	return fields, nil
}

// found is a page of requests.
type found struct {
	requests []request
	// more says that there is another page.
	more bool
	// at is the desk's clock.
	at time.Time
}

// requests reads a page of requests.
func (d *Desk) requests(ctx context.Context, op string, info listInfo) (found, error) {
	var answer struct {
		Requests []request
		Info     struct {
			More bool `json:"has_more_rows"`
		} `json:"list_info"`
	}
	info.Fields = requestFields
	said, err := d.run(ctx, d.client.Read, rest.Call{Op: op, Method: http.MethodGet, Path: "/requests"}, listed(info), &answer)
	return found{answer.Requests, answer.Info.More, said.At}, d.client.Explain(err, providers.Forbidden, op, "no right to read requests; give the technician a role that may")
}

// FindTicket implements [providers.Desk].
func (d *Desk) FindTicket(ctx context.Context, key providers.Key) (providers.Ticket, error) {
	const op = "find ticket"
	if err := flow.CheckKey(d.client, op, key); err != nil {
		return providers.Ticket{}, err
	}
	found, err := d.requests(ctx, op, listInfo{
		Criteria: []criterion{{Field: "udf_fields." + d.config.KeyField, Condition: "is", Values: []string{string(key)}}},
		Sort:     "created_time", Order: "asc", Rows: d.config.PageSize, Start: 1,
	})
	if err != nil {
		return providers.Ticket{}, d.client.Explain(err, providers.Invalid, op, "the desk refuses the search; key_field has to name an additional field of requests")
	}
	for _, row := range found.requests {
		if d.key(row) == key && !row.Trashed {
			return d.ticket(row), nil
		}
	}
	return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "no request carries this key")
}

// one reads a request.
func (d *Desk) one(ctx context.Context, op, ticketID string) (request, error) {
	if err := flow.CheckNumber(d.client, op, ticketID); err != nil {
		return request{}, err
	}
	var answer struct{ Request request }
	_, err := d.run(ctx, d.client.Read, rest.Call{Op: op, Method: http.MethodGet, Path: "/requests/{id}", Params: map[string]string{"id": ticketID}}, nil, &answer)
	switch {
	case err != nil:
		return request{}, err
	case answer.Request.Trashed:
		return request{}, d.client.Failf(op, providers.NotFound, "the request is in the trash")
	case answer.Request.ID != ticketID:
		return request{}, d.client.Failf(op, providers.Malformed, "the desk answers with another request")
	}
	return answer.Request, nil
}

// FetchTicket implements [providers.TicketFetcher].
func (d *Desk) FetchTicket(ctx context.Context, ticketID string) (providers.Ticket, error) {
	row, err := d.one(ctx, "fetch ticket", ticketID)
	if err != nil {
		return providers.Ticket{}, err
	}
	return d.ticket(row), nil
}

var millisecondsPattern = regexp.MustCompile(`^[0-9]{1,15}$`)

// FetchChanges implements [providers.ChangeFetcher]. A page begins with the requests of the
// millisecond in which the last page's last one was created.
func (d *Desk) FetchChanges(ctx context.Context, changes providers.ChangesQuery) (providers.ChangesPage, error) {
	const op = "fetch changes"
	from, err := place.Parse(changes.Page, millisecondsPattern)
	if err != nil {
		return providers.ChangesPage{}, d.client.Errorf(op, providers.Invalid, err)
	}
	since := changes.Since.Truncate(time.Second)
	info := listInfo{
		Criteria: []criterion{{Field: "last_updated_time", Condition: "greater than", Values: []string{milliseconds(since.Add(-time.Millisecond))}}},
		Sort:     "created_time", Order: "asc", Rows: d.config.PageSize, Start: from.Skip + 1,
	}
	if from.After != "" {
		after := (&moment{Value: from.After}).time()
		info.Criteria = append(info.Criteria, criterion{
			Field: "created_time", Condition: "greater than", Values: []string{milliseconds(after.Add(-time.Millisecond))}, Operator: "AND",
		})
	}
	found, err := d.requests(ctx, op, info)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	now, err := d.client.DeskTime(op, found.at)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	page := providers.ChangesPage{DeskTime: now}
	var created []string
	for _, row := range found.requests {
		created = append(created, milliseconds(row.Created.time()))
		if !row.Trashed {
			page.Tickets = append(page.Tickets, d.ticket(row))
		}
	}
	if found.more && len(found.requests) > 0 {
		page.Next = from.Next(created).String()
	}
	return page, nil
}

// UpdateTicket implements [providers.TicketUpdater].
func (d *Desk) UpdateTicket(ctx context.Context, update providers.TicketUpdate) (providers.Ticket, error) {
	const why = "a rule of the desk may have set it back"
	return flow.SetStatus(ctx, d.client, d, update, why, func(op string, before providers.Ticket) error {
		fields := map[string]any{"status": map[string]string{"name": update.Status}}
		if strings.EqualFold(update.Status, "Closed") {
			fields["closure_info"] = map[string]any{"closure_comments": d.config.ClosureComments, "requester_ack_resolution": true}
		}
		var answer struct{ Request request }
		_, err := d.run(ctx, d.client.Write, rest.Call{
			Op: op, Method: http.MethodPut, Path: "/requests/{id}", Params: map[string]string{"id": before.ID},
		}, map[string]any{"request": fields}, &answer)
		err = d.client.Explain(err, providers.Forbidden, op, "no right to change requests; give the technician a role that may")
		return d.client.Explain(err, providers.Invalid, op, "the desk refuses status %q; it does not exist, or closing rules demand further fields", update.Status)
	})
}
