package topdesk

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/reference"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/text"
)

// settable are the fields of an incident that are lists, given by name.
var settable = []string{"category", "subcategory", "impact", "urgency", "priority", "duration", "callType", "entryType"}

// CreateTicket implements [providers.Desk].
func (d *Desk) CreateTicket(ctx context.Context, ticket providers.NewTicket) (providers.Ticket, error) {
	const keyCure = "let nothing change the field externalNumber"
	return flow.Log(ctx, d.client, d, ticket, keyCure, func(op string) (string, error) {
		body, err := d.newIncident(ctx, op, ticket)
		if err != nil {
			return "", err
		}
		var created incident
		_, err = d.client.Write(ctx, rest.Call{Op: op, Method: http.MethodPost, Path: "/incidents", JSON: body, Into: &created})
		err = d.client.Explain(err, providers.Invalid, op, "TOPdesk refuses the incident; categories and the like have to exist by name, and fields that the card demands have to be given")
		return created.ID, d.client.Explain(err, providers.Forbidden, op, "no right to create incidents; grant it to the operator's permission group")
	})
}

// newIncident looks the group up, and puts the key and the extra fields to the rest.
func (d *Desk) newIncident(ctx context.Context, op string, ticket providers.NewTicket) (map[string]any, error) {
	if err := d.checkID(op, ticket.RequesterID); err != nil {
		return nil, err
	}
	group, err := d.findGroup(ctx, op, ticket.Queue)
	if err != nil {
		return nil, err
	}
	const maxBrief = 80
	subject, request := text.Line(ticket.Subject), strings.TrimSpace(ticket.Body)
	if letters := []rune(subject); len(letters) > maxBrief || request == "" {
		request = strings.TrimSpace(subject + "\n\n" + request)
		subject = string(letters[:min(len(letters), maxBrief)])
	}
	if len(ticket.Key) > maxExternal {
		request = reference.Append(request, ticket.Key)
	}
	body := map[string]any{
		"callerLookup": map[string]string{"id": ticket.RequesterID}, "status": d.config.Line, "briefDescription": subject, "request": text.ToHTML(request),
		"externalNumber": external(ticket.Key), "operatorGroup": map[string]string{"id": group},
	}
	if kind := map[providers.TicketKind]string{providers.Request: d.config.RequestType, providers.Incident: d.config.IncidentType}[ticket.Kind]; kind != "" {
		body["callType"] = map[string]string{"name": kind}
	}
	for name, value := range ticket.Fields {
		block, optional, isOptional := strings.Cut(name, ".")
		switch {
		case slices.Contains(settable, name):
			body[name] = map[string]string{"name": value}
		case isOptional && (block == "optionalFields1" || block == "optionalFields2") && strings.HasPrefix(optional, "text"):
			fields, _ := body[block].(map[string]string)
			if fields == nil {
				fields = map[string]string{}
			}
			fields[optional] = value
			body[block] = fields
		default:
			return nil, d.client.Failf(op, providers.Invalid, "there is no field %q to be given; want one of %s, or a text such as optionalFields1.text1", name, strings.Join(settable, ", "))
		}
	}
	return body, nil
}

// incidents reads a page of the list; archived ones are in it where all says so.
func (d *Desk) incidents(ctx context.Context, op string, query url.Values) ([]incident, rest.Answer, error) {
	query.Set("fields", incidentFields)
	query.Set("dateFormat", "iso8601")
	var rows []incident
	answer, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/incidents", Query: query, Optional: true, Into: &rows})
	return rows, answer, d.client.Explain(err, providers.Forbidden, op, "no right to read incidents; grant it to the operator's permission group")
}

// FindTicket implements [providers.Desk].
func (d *Desk) FindTicket(ctx context.Context, key providers.Key) (providers.Ticket, error) {
	const op = "find ticket"
	if err := flow.CheckKey(d.client, op, key); err != nil {
		return providers.Ticket{}, err
	}
	rows, _, err := d.incidents(ctx, op, url.Values{
		"query": {is("externalNumber", "==", external(key))}, "sort": {"creationDate:asc"}, "pageSize": {strconv.Itoa(d.config.PageSize)}, "all": {"true"},
	})
	if err != nil {
		return providers.Ticket{}, err
	}
	for _, row := range rows {
		if row.key() == key && !row.gone() && !row.partial() {
			return d.ticket(row), nil
		}
	}
	return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "no incident carries this key")
}

// FetchTicket implements [providers.TicketFetcher].
func (d *Desk) FetchTicket(ctx context.Context, ticketID string) (providers.Ticket, error) {
	const op = "fetch ticket"
	if err := d.checkID(op, ticketID); err != nil {
		return providers.Ticket{}, err
	}
	var found incident
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/incidents/id/{id}", Params: map[string]string{"id": ticketID}, Into: &found})
	switch {
	case err != nil:
		return providers.Ticket{}, err
	case found.gone():
		return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "the incident was archived without having been closed")
	case !strings.EqualFold(found.ID, ticketID):
		return providers.Ticket{}, d.client.Failf(op, providers.Malformed, "TOPdesk answers with another incident")
	}
	return d.ticket(found), nil
}

// FetchChanges implements [providers.ChangeFetcher]. A page is an offset in the order of IDs.
func (d *Desk) FetchChanges(ctx context.Context, changes providers.ChangesQuery) (providers.ChangesPage, error) {
	const op = "fetch changes"
	start, err := flow.PageNumber(d.client, op, changes.Page, 0)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	since := changes.Since.UTC().Truncate(time.Second)
	rows, answer, err := d.incidents(ctx, op, url.Values{
		"query": {"modificationDate=ge=" + since.Format(time.RFC3339)}, "sort": {"id:asc"}, "all": {"true"},
		"pageStart": {strconv.Itoa(start)}, "pageSize": {strconv.Itoa(d.config.PageSize)},
	})
	if err != nil {
		return providers.ChangesPage{}, err
	}
	now, err := d.client.DeskTime(op, answer.At)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	page := providers.ChangesPage{DeskTime: now}
	if answer.Status == http.StatusPartialContent && len(rows) > 0 {
		page.Next = strconv.Itoa(start + len(rows))
	}
	for _, row := range rows {
		if !row.gone() && !row.partial() {
			page.Tickets = append(page.Tickets, d.ticket(row))
		}
	}
	return page, nil
}

// UpdateTicket implements [providers.TicketUpdater].
func (d *Desk) UpdateTicket(ctx context.Context, update providers.TicketUpdate) (providers.Ticket, error) {
	const why = "an event of TOPdesk may have set it back"
	return flow.SetStatus(ctx, d.client, d, update, why, func(op string, before providers.Ticket) error {
		all, err := d.statuses(ctx, op)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(all, func(known named) bool { return strings.EqualFold(known.Name, update.Status) })
		if at < 0 {
			return d.client.Failf(op, providers.Invalid, "TOPdesk has no processing status %q", update.Status)
		}
		return d.change(ctx, op, before.ID, map[string]any{"processingStatus": map[string]string{"id": all[at].ID}})
	})
}

// statuses lists the processing statuses.
func (d *Desk) statuses(ctx context.Context, op string) ([]named, error) {
	var all []named
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/incidents/statuses", Optional: true, Into: &all})
	return all, err
}

// change writes fields of an incident.
func (d *Desk) change(ctx context.Context, op, incidentID string, fields map[string]any) error {
	_, err := d.client.Write(ctx, rest.Call{Op: op, Method: http.MethodPatch, Path: "/incidents/id/{id}", Params: map[string]string{"id": incidentID}, JSON: fields})
	err = d.client.Explain(err, providers.Invalid, op, "TOPdesk refuses the change; the card may demand further fields, or the incident is archived")
	return d.client.Explain(err, providers.Forbidden, op, "no right to change incidents; grant it to the operator's permission group")
}
