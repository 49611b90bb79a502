package jira

import (
	"context"
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
	keyCure := "let the request type have the field " + d.config.KeyField
	return flow.Log(ctx, d.client, d, ticket, keyCure, func(op string) (string, error) {
		serviceDesk, err := d.serviceDesk(ctx, op)
		if err != nil {
			return "", err
		}
		body, err := d.newRequest(ctx, op, serviceDesk, ticket)
		if err != nil {
			return "", err
		}
		if err := d.invite(ctx, op, serviceDesk, body.Behalf); err != nil {
			return "", err
		}
		var created struct {
			ID string `json:"issueId"`
		}
		_, err = d.client.Write(ctx, rest.Call{Op: op, Method: http.MethodPost, Path: "/rest/servicedeskapi/request", JSON: body, Into: &created})
		err = d.client.Explain(err, providers.Invalid, op, "Jira refuses the request: the fields that are given, %s among them, have to be in request type %q (visible, if Jira refuses hidden ones), and those that are required have to be given", d.config.KeyField, ticket.Queue)
		return created.ID, d.client.Explain(err, providers.Forbidden, op, "no right to raise requests for others in project %s; make the account an agent of it", d.config.Project)
	})
}

// newRequest is RequestCreateDTO.
type newRequest struct {
	ServiceDesk string         `json:"serviceDeskId"`
	RequestType string         `json:"requestTypeId"`
	Values      map[string]any `json:"requestFieldValues"`
	Behalf      string         `json:"raiseOnBehalfOf"`
}

// newRequest looks the request type up and fills its fields. What it does not have is refused.
func (d *Desk) newRequest(ctx context.Context, op, serviceDesk string, ticket providers.NewTicket) (newRequest, error) {
	requestType, err := d.requestType(ctx, op, serviceDesk, ticket.Queue)
	if err != nil {
		return newRequest{}, err
	}
	behalf, err := d.nameOf(ctx, op, ticket.RequesterID)
	if err != nil {
		return newRequest{}, err
	}
	known, err := d.fields(ctx, op, serviceDesk, requestType)
	if err != nil {
		return newRequest{}, err
	}
	request := newRequest{ServiceDesk: serviceDesk, RequestType: requestType, Behalf: behalf, Values: map[string]any{"summary": text.Line(ticket.Subject)}}
	find := func(name string) int {
		return slices.IndexFunc(known.Fields, func(field typeField) bool { return field.ID == name || strings.EqualFold(field.Name, name) })
	}
	if strings.TrimSpace(ticket.Body) != "" {
		if find("description") < 0 {
			return newRequest{}, d.client.Failf(op, providers.Misconfigured, "request type %q has no field description; add it, for the ticket has a text", ticket.Queue)
		}
		request.Values["description"] = wiki(ticket.Body)
	}
	if find(d.config.KeyField) < 0 {
		return newRequest{}, d.client.Failf(op, providers.Misconfigured, "request type %q has no field %s, which holds our key; add it to the request type, or correct key_field", ticket.Queue, d.config.KeyField)
	}
	ours := []string{"summary", "description"}
	if d.config.KeyField != labels { // labels are shared
		ours = append(ours, d.config.KeyField)
	}
	for name, given := range ticket.Fields {
		at := find(name)
		if at < 0 || slices.Contains(ours, known.Fields[at].ID) {
			return newRequest{}, d.client.Failf(op, providers.Invalid, "request type %q has no field %q that can be given", ticket.Queue, name)
		}
		if request.Values[known.Fields[at].ID], err = known.Fields[at].value(given); err != nil {
			return newRequest{}, d.client.Refuse(op, err)
		}
	}
	d.putKey(request.Values, ticket.Key)
	return request, nil
}

// putKey adds our key to the fields.
func (d *Desk) putKey(values map[string]any, key providers.Key) {
	if d.config.KeyField != labels {
		values[d.config.KeyField] = string(key)
		return
	}
	all, _ := values[labels].([]any)
	values[labels] = append(all, labelPrefix+string(key))
}

// invite makes somebody a customer of the service desk; Jira leaves alone who is one.
func (d *Desk) invite(ctx context.Context, op, serviceDesk, name string) error {
	field := map[string]string{editionCloud: "accountIds", editionDataCenter: "usernames"}[d.config.Edition]
	_, err := d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/rest/servicedeskapi/servicedesk/{desk}/customer", Params: map[string]string{"desk": serviceDesk},
		JSON: map[string][]string{field: {name}},
	})
	return d.client.Explain(err, providers.Forbidden, op, "no right to add customers to project %s; let agents invite customers, or grant the account Administer Projects", d.config.Project)
}

// FindTicket implements [providers.Desk].
func (d *Desk) FindTicket(ctx context.Context, key providers.Key) (providers.Ticket, error) {
	const op = "find ticket"
	if err := flow.CheckKey(d.client, op, key); err != nil {
		return providers.Ticket{}, err
	}
	where := labels + ` = "` + labelPrefix + string(key) + `"`
	if number := customField.FindStringSubmatch(d.config.KeyField); number != nil {
		where = "cf[" + number[1] + `] ~ "\"` + string(key) + `\""`
	}
	found, err := d.search(ctx, op, d.inProject(where), "")
	if err != nil {
		return providers.Ticket{}, err
	}
	for _, row := range found.Issues {
		if ticket := d.ticket(row); ticket.Key == key {
			return ticket, nil
		}
	}
	return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "no ticket carries this key")
}

func (d *Desk) inProject(where string) string {
	return `project = "` + d.config.Project + `" AND ` + where + " ORDER BY key ASC"
}

// FetchTicket implements [providers.TicketFetcher].
func (d *Desk) FetchTicket(ctx context.Context, ticketID string) (providers.Ticket, error) {
	const op = "fetch ticket"
	if err := flow.CheckNumber(d.client, op, ticketID); err != nil {
		return providers.Ticket{}, err
	}
	var answer issue
	_, err := d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/rest/api/2/issue/{id}", Params: map[string]string{"id": ticketID}, Into: &answer,
		Query: url.Values{"fields": {d.issueFields()}},
	})
	if err == nil && answer.ID != ticketID {
		err = d.client.Failf(op, providers.Malformed, "Jira answers with another issue")
	}
	if err != nil {
		return providers.Ticket{}, err
	}
	return d.ticket(answer), nil
}

// found is a page of issues; where it goes on is a token on Cloud, an offset on Data Center.
type found struct {
	Issues []issue `json:"issues"`
	Token  string  `json:"nextPageToken"`
	Start  int     `json:"startAt"`
	Total  int     `json:"total"`
	next   string
	at     time.Time
}

var pageToken = regexp.MustCompile(`^[A-Za-z0-9+/=_.:~-]+$`)

// search reads a page of what JQL finds.
func (d *Desk) search(ctx context.Context, op, jql, page string) (found, error) {
	if page != "" && !pageToken.MatchString(page) {
		return found{}, d.client.Failf(op, providers.Invalid, "the page is none of ours")
	}
	query := url.Values{"jql": {jql}, "fields": {d.issueFields()}, "maxResults": {strconv.Itoa(d.config.PageSize)}}
	path := "/rest/api/2/search/jql"
	if page != "" {
		query.Set("nextPageToken", page)
	}
	if d.config.Edition == editionDataCenter {
		path = "/rest/api/2/search"
		query.Del("nextPageToken")
		if page != "" {
			query.Set("startAt", page)
		}
	}
	var answer found
	said, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: path, Query: query, Into: &answer})
	if err == nil && answer.Issues == nil {
		err = d.client.Failf(op, providers.Malformed, "the answer holds no issues")
	}
	answer.at, answer.next = said.At, answer.Token
	if end := answer.Start + len(answer.Issues); d.config.Edition == editionDataCenter && end < answer.Total && len(answer.Issues) > 0 {
		answer.next = strconv.Itoa(end)
	}
	return answer, d.client.Explain(err, providers.Invalid, op, "Jira refuses the search: project %s or field %s does not exist, or the account may not browse the project", d.config.Project, d.config.KeyField)
}

// FetchChanges implements [providers.ChangeFetcher].
func (d *Desk) FetchChanges(ctx context.Context, changes providers.ChangesQuery) (providers.ChangesPage, error) {
	const op = "fetch changes"
	zone, err := d.zone(ctx, op)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	// JQL knows minutes only; what was changed earlier in that minute is passed over here.
	found, err := d.search(ctx, op, d.inProject(`updated >= "`+literal(changes.Since, zone)+`"`), changes.Page)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	now, err := d.client.DeskTime(op, found.at)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	page := providers.ChangesPage{DeskTime: now, Next: found.next}
	for _, row := range found.Issues {
		if ticket := d.ticket(row); !ticket.UpdatedAt.Before(changes.Since.Truncate(time.Second)) {
			page.Tickets = append(page.Tickets, ticket)
		}
	}
	return page, nil
}

// zone is the account's time zone, in which JQL is read.
func (d *Desk) zone(ctx context.Context, op string) (*time.Location, error) {
	var me struct {
		TimeZone string `json:"timeZone"`
	}
	if _, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/rest/api/2/myself", Into: &me}); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(me.TimeZone)
	if err != nil || me.TimeZone == "" {
		return nil, d.client.Failf(op, providers.Misconfigured, "the time zone of the account, %q, is not known; set it in the account's profile", me.TimeZone)
	}
	return zone, nil
}

// UpdateTicket implements [providers.TicketUpdater].
func (d *Desk) UpdateTicket(ctx context.Context, update providers.TicketUpdate) (providers.Ticket, error) {
	const why = "a rule of the workflow may have set it back"
	return flow.SetStatus(ctx, d.client, d, update, why, func(op string, before providers.Ticket) error {
		path, params := "/rest/api/2/issue/{id}/transitions", map[string]string{"id": before.ID}
		var answer struct {
			Transitions []struct {
				ID string
				To struct{ Name string }
			}
		}
		if _, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: path, Params: params, Into: &answer}); err != nil {
			return err
		}
		for _, transition := range answer.Transitions {
			if strings.EqualFold(transition.To.Name, update.Status) {
				body := map[string]any{"transition": map[string]string{"id": transition.ID}}
				if fields := d.statusFields(update.Status); len(fields) > 0 {
					body["fields"] = fields
				}
				_, err := d.client.Write(ctx, rest.Call{Op: op, Method: http.MethodPost, Path: path, Params: params, JSON: body})
				return d.client.Explain(err, providers.Invalid, op, "Jira refuses the transition to %q; it may want further fields: give them in status_fields", update.Status)
			}
		}
		return d.client.Failf(op, providers.Invalid, "no transition of the workflow leads from %q to %q for this account", before.Status, update.Status)
	})
}

func (d *Desk) statusFields(status string) map[string]any {
	fields := map[string]any{}
	for name, more := range d.config.StatusFields {
		if strings.EqualFold(name, status) {
			for field, value := range more {
				fields[field] = map[string]string{"name": value}
			}
		}
	}
	return fields
}
