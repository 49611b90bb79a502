package bmc

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/bmc/internal/helpdesk"
	"deskbridge/providers/bmc/internal/helpdeskcreate"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/reference"
	"deskbridge/providers/internal/text"
)

// maxSummary is the length of an incident's Summary, in characters.
const maxSummary = 100

// CreateTicket implements [providers.Desk].
func (d *Desk) CreateTicket(ctx context.Context, ticket providers.NewTicket) (providers.Ticket, error) {
	const keyCure = "let no rule of the desk change the last line of the notes, which is our reference"
	return flow.Log(ctx, d.client, d, ticket, keyCure, func(op string) (string, error) {
		request, err := d.newIncident(ctx, op, ticket)
		if err != nil {
			return "", err
		}
		var created helpdeskcreate.HelpDesk_Submit_ServiceResponse
		_, err = d.creation.Write(ctx, d.call(op, d.config.CreateNamespace, "HelpDesk_Submit_Service", request, &created))
		return created.Incident_Number, d.client.Explain(err, providers.Forbidden, op, "no right to log incidents; give the account the permissions Incident User or Incident Submitter")
	})
}

// newIncident looks up the person and the group, and puts the key into the notes.
func (d *Desk) newIncident(ctx context.Context, op string, ticket providers.NewTicket) (*helpdeskcreate.HelpDesk_Submit_Service, error) {
	group, err := d.findGroup(ctx, op, ticket.Queue)
	if err != nil {
		return nil, err
	}
	person, err := d.customer(ctx, op, ticket.RequesterID)
	if err != nil {
		return nil, err
	}
	serviceType := "User Service Request"
	if ticket.Kind == providers.Incident {
		serviceType = "User Service Restoration"
	}
	subject, notes := text.Line(ticket.Subject), strings.TrimSpace(ticket.Body)
	if letters := []rune(subject); len(letters) > maxSummary {
		notes = subject + "\n\n" + notes
		subject = string(letters[:maxSummary-1]) + "…"
	}
	request := &helpdeskcreate.HelpDesk_Submit_Service{
		Assigned_Group: group["Support Group Name"], Assigned_Support_Company: group["Company"], Assigned_Support_Organization: group["Support Organization"],
		First_Name: person["First Name"], Last_Name: person["Last Name"], Impact: d.config.Impact, Urgency: d.config.Urgency,
		Reported_Source: d.config.ReportedSource, Service_Type: serviceType, Status: "Assigned", Action: "CREATE",
		Summary: subject, Notes: reference.Append(notes, ticket.Key),
	}
	settable := []string{
		"Impact", "Urgency", "Reported_Source", "Service_Type", "Categorization_Tier_1", "Categorization_Tier_2", "Categorization_Tier_3",
		"Product_Categorization_Tier_1", "Product_Categorization_Tier_2", "Product_Categorization_Tier_3", "Product_Name", "Product_Model_Version",
		"Manufacturer", "Department", "TemplateID", "Assignee",
	}
	for _, name := range slices.Sorted(maps.Keys(ticket.Fields)) {
		if !slices.Contains(settable, name) {
			return nil, d.client.Failf(op, providers.Invalid, "an incident takes no field %q; those of the web service are: %s", name, strings.Join(settable, ", "))
		}
		reflect.ValueOf(request).Elem().FieldByName(name).SetString(ticket.Fields[name])
	}
	return request, nil
}

// findGroup looks a support group up by its name.
func (d *Desk) findGroup(ctx context.Context, op, name string) (entry, error) {
	if name == "" {
		return nil, d.client.Failf(op, providers.Invalid, "no queue is given; want the name of a support group")
	}
	found, _, err := d.entries(ctx, op, query{
		form: formGroup, where: all(is("Support Group Name", "=", name), is("Company", "=", d.config.Company), is("Status", "=", statusEnabled)),
		fields: []string{"Support Group Name", "Company", "Support Organization"}, sort: "Support Group ID.asc", limit: 2,
	})
	switch {
	case err != nil:
		return nil, d.client.Explain(err, providers.Forbidden, op, "no right to read support groups; give the account read permission on %s", formGroup)
	case len(found) == 0:
		return nil, d.client.Failf(op, providers.Misconfigured, "support group %q does not exist at company %q, or is not enabled; create it or correct its name", name, d.config.Company)
	case len(found) > 1:
		return nil, d.client.Failf(op, providers.Misconfigured, "support group %q exists in more than one organization of company %q; give it a name of its own", name, d.config.Company)
	}
	return found[0], nil
}

// customer reads a person and makes sure that the names mean nobody else.
func (d *Desk) customer(ctx context.Context, op, personID string) (entry, error) {
	person, err := d.person(ctx, op, personID)
	if err != nil {
		return nil, err
	}
	same, _, err := d.entries(ctx, op, query{
		form: formPeople, where: all(is("First Name", "=", person["First Name"]), is("Last Name", "=", person["Last Name"]), is("Profile Status", "=", statusEnabled)),
		fields: peopleFields, sort: "Person ID.asc", limit: 2,
	})
	if err != nil {
		return nil, err
	}
	if len(same) > 1 {
		return nil, d.client.Failf(op, providers.Ambiguous, "two people have the name of person %s, and the web service knows a customer by name only; tell them apart by a middle name or initial in BMC", personID)
	}
	return person, nil
}

// FindTicket implements [providers.Desk].
func (d *Desk) FindTicket(ctx context.Context, key providers.Key) (providers.Ticket, error) {
	const op = "find ticket"
	if err := flow.CheckKey(d.client, op, key); err != nil {
		return providers.Ticket{}, err
	}
	found, _, err := d.entries(ctx, op, query{
		form: formIncident, where: is("Detailed Decription", "LIKE", "%"+strings.ReplaceAll(reference.Line(key), "_", "[_]")+"%"),
		fields: incidentFields, sort: "Incident Number.asc", limit: d.config.PageSize,
	})
	if err != nil {
		return providers.Ticket{}, err
	}
	for _, row := range found {
		if ticket := d.ticket(row); ticket.Key == key {
			return ticket, nil
		}
	}
	return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "no incident carries this key")
}

// FetchTicket implements [providers.TicketFetcher].
func (d *Desk) FetchTicket(ctx context.Context, ticketID string) (providers.Ticket, error) {
	const op = "fetch ticket"
	tickets, err := d.numbered(ctx, op, []string{ticketID})
	if err == nil && len(tickets) == 0 {
		err = d.client.Failf(op, providers.NotFound, "no such incident, or the account may not read it")
	}
	if err != nil {
		return providers.Ticket{}, err
	}
	return tickets[0], nil
}

// FetchTickets implements [providers.TicketsFetcher].
func (d *Desk) FetchTickets(ctx context.Context, ticketIDs []string) ([]providers.Ticket, error) {
	return d.numbered(ctx, "fetch tickets", ticketIDs)
}

// numbered reads incidents by their numbers, some at a time: a qualification may not be long.
func (d *Desk) numbered(ctx context.Context, op string, numbers []string) ([]providers.Ticket, error) {
	const some = 25
	var tickets []providers.Ticket
	for chunk := range slices.Chunk(numbers, some) {
		var terms []string
		for _, number := range chunk {
			if err := d.checkID(op, number); err != nil {
				return nil, err
			}
			terms = append(terms, is("Incident Number", "=", number))
		}
		found, _, err := d.entries(ctx, op, query{form: formIncident, where: strings.Join(terms, " OR "), fields: incidentFields, sort: "Incident Number.asc", limit: some})
		if err != nil {
			return nil, err
		}
		for _, row := range found {
			if slices.Contains(chunk, row["Incident Number"]) {
				tickets = append(tickets, d.ticket(row))
			}
		}
	}
	return tickets, nil
}

// FetchChanges implements [providers.ChangeFetcher]: the incidents that were modified in the
// order of their numbers, then those that have a new work log.
func (d *Desk) FetchChanges(ctx context.Context, changes providers.ChangesQuery) (providers.ChangesPage, error) {
	const op = "fetch changes"
	from, err := parsePlace(changes.Page)
	if err != nil {
		return providers.ChangesPage{}, d.client.Errorf(op, providers.Invalid, err)
	}
	list := query{form: formIncident, fields: incidentFields, sort: "Incident Number.asc", limit: d.config.PageSize}
	id, changed := "Incident Number", "Last Modified Date"
	if from.inWorkLogs {
		list.form, list.fields, list.sort = formWorkLog, []string{"Work Log ID", "Incident Number", "Submit Date"}, "Work Log ID.asc"
		id, changed = "Work Log ID", "Submit Date"
	}
	list.where = is(changed, ">=", strconv.FormatInt(changes.Since.Unix(), 10))
	if from.after != "" {
		list.where = all(list.where, is(id, ">", from.after))
	}
	found, answer, err := d.entries(ctx, op, list)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	now, err := d.client.DeskTime(op, answer.At)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	page := providers.ChangesPage{DeskTime: now}
	if from.inWorkLogs {
		page.Tickets, err = d.worked(ctx, op, found)
	} else {
		for _, row := range found {
			page.Tickets = append(page.Tickets, d.ticket(row))
		}
	}
	switch {
	case err != nil:
		return providers.ChangesPage{}, err
	case len(found) > 0: // rows may be hidden: only an empty page is the last
		page.Next = place{from.inWorkLogs, found[len(found)-1][id]}.String()
	case !from.inWorkLogs:
		page.Next = place{inWorkLogs: true}.String()
	}
	return page, nil
}

// worked reads the incidents of work logs; a work log counts as a change of its incident.
func (d *Desk) worked(ctx context.Context, op string, logs []entry) ([]providers.Ticket, error) {
	last := map[string]time.Time{}
	for _, log := range logs {
		if number, at := log["Incident Number"], log.time("Submit Date"); at.After(last[number]) {
			last[number] = at
		}
	}
	tickets, err := d.numbered(ctx, op, slices.Sorted(maps.Keys(last)))
	for i, ticket := range tickets {
		if at := last[ticket.ID]; at.After(ticket.UpdatedAt) {
			tickets[i].UpdatedAt = at
		}
	}
	return tickets, err
}

// statuses are those of the WSDL.
var statuses = []string{"New", "Assigned", "In Progress", "Pending", "Resolved", "Closed", "Cancelled"}

// UpdateTicket implements [providers.TicketUpdater].
func (d *Desk) UpdateTicket(ctx context.Context, update providers.TicketUpdate) (providers.Ticket, error) {
	const why = "a rule of the desk may not allow it to follow"
	return flow.SetStatus(ctx, d.client, d, update, why, func(op string, before providers.Ticket) error {
		at := slices.IndexFunc(statuses, func(status string) bool { return strings.EqualFold(status, update.Status) })
		if at < 0 {
			return d.client.Failf(op, providers.Invalid, "BMC has no status %q; want one of %s", update.Status, strings.Join(statuses, ", "))
		}
		request, err := d.whole(ctx, op, before.ID)
		if err != nil {
			return err
		}
		if err := d.set(op, request, statuses[at]); err != nil {
			return err
		}
		var changed helpdesk.HelpDesk_Modify_ServiceResponse
		_, err = d.incidents.Write(ctx, d.call(op, d.config.Namespace, "HelpDesk_Modify_Service", request, &changed))
		return d.client.Explain(err, providers.Forbidden, op, "no right to change incidents; give the account the permission Incident User and the group's support role")
	})
}

// whole reads an incident as it has to be given back.
func (d *Desk) whole(ctx context.Context, op, number string) (*helpdesk.HelpDesk_Modify_Service, error) {
	var current helpdesk.HelpDesk_Query_ServiceResponse
	asked := &helpdesk.HelpDesk_Query_Service{Incident_Number: number}
	if _, err := d.incidents.Read(ctx, d.call(op, d.config.Namespace, "HelpDesk_Query_Service", asked, &current)); err != nil {
		return nil, err
	}
	request := &helpdesk.HelpDesk_Modify_Service{}
	from, into := reflect.ValueOf(current), reflect.ValueOf(request).Elem()
	for i := range into.NumField() {
		if field := from.FieldByName(into.Type().Field(i).Name); field.IsValid() && field.Kind() == reflect.String {
			into.Field(i).SetString(field.String())
		}
	}
	request.Incident_Number = number
	return request, nil
}

// set puts a status, what goes with it, and the work log that the service wants.
func (d *Desk) set(op string, request *helpdesk.HelpDesk_Modify_Service, status string) error {
	request.Action, request.Status, request.Status_Reason = "MODIFY", status, ""
	request.Work_Info_Summary = "Status set from Activate"
	request.Work_Info_Type, request.Work_Info_Source = "General Information", "Web"
	request.Work_Info_Locked, request.Work_Info_View_Access = "No", viewInternal
	request.Work_Info_Date = time.Now().UTC().Format(time.RFC3339)
	for name, fields := range d.config.StatusFields {
		if !strings.EqualFold(name, status) {
			continue
		}
		for field, value := range fields {
			place := reflect.ValueOf(request).Elem().FieldByName(field)
			if !place.IsValid() || place.Kind() != reflect.String {
				return d.client.Failf(op, providers.Misconfigured, "status_fields: the web service has no field %q", field)
			}
			place.SetString(value)
		}
	}
	return nil
}
