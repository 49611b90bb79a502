package servicenow

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/place"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/zoned"
)

// task is the table that every ticket's table extends.
const task = "task"

// CreateTicket implements [providers.Desk].
func (d *Desk) CreateTicket(ctx context.Context, ticket providers.NewTicket) (providers.Ticket, error) {
	table := d.config.Requests
	if ticket.Kind == providers.Incident {
		table = d.config.Incidents
	}
	keyCure := "let the account write and read " + d.config.KeyField + " of table " + table.Name
	return flow.Log(ctx, d.client, d, ticket, keyCure, func(op string) (string, error) {
		fields, err := d.newFields(ctx, op, table, ticket)
		if err != nil {
			return "", err
		}
		sysID, err := d.tables.insert(ctx, op, table.Name, fields)
		return sysID, d.client.Explain(err, providers.Forbidden, op, "no right to create in table %s; grant the account a role that may, such as itil", table.Name)
	})
}

// newFields looks up the group, and puts the key and the extra fields to the rest.
func (d *Desk) newFields(ctx context.Context, op string, table Table, ticket providers.NewTicket) (map[string]string, error) {
	if err := d.checkID(op, ticket.RequesterID); err != nil {
		return nil, err
	}
	group, err := d.findGroup(ctx, op, ticket.Queue)
	if err != nil {
		return nil, err
	}
	own := map[string]string{
		"short_description": text.Line(ticket.Subject), "description": ticket.Body, "assignment_group": group,
		table.Requester: ticket.RequesterID, d.config.KeyField: string(ticket.Key),
	}
	for name := range ticket.Fields {
		if _, ours := own[name]; ours {
			return nil, d.client.Failf(op, providers.Invalid, "field %q is set by the connection", name)
		}
	}
	if err := d.checkFields(ctx, op, table.Name, ticket.Fields); err != nil {
		return nil, err
	}
	fields := maps.Clone(own)
	maps.Copy(fields, ticket.Fields)
	return fields, nil
}

// findGroup looks an assignment group up by its name.
func (d *Desk) findGroup(ctx context.Context, op, name string) (string, error) {
	if name == "" {
		return "", d.client.Failf(op, providers.Invalid, "no queue is given; want the name of an assignment group")
	}
	found, err := d.tables.records(ctx, op, query{
		table: "sys_user_group", where: "name=" + quote(name) + "^active=true^ORDERBYsys_created_on", fields: []string{"sys_id", "name"}, limit: 2,
	})
	if err != nil {
		return "", err
	}
	for _, group := range found.records {
		if strings.EqualFold(group.value("name"), name) {
			return group.value("sys_id"), nil
		}
	}
	return "", d.client.Failf(op, providers.Misconfigured, "assignment group %q does not exist, is inactive, or the account may not read it; create it or correct its name", name)
}

// FindTicket implements [providers.Desk].
func (d *Desk) FindTicket(ctx context.Context, key providers.Key) (providers.Ticket, error) {
	const op = "find ticket"
	if err := flow.CheckKey(d.client, op, key); err != nil {
		return providers.Ticket{}, err
	}
	found, err := d.tables.records(ctx, op, query{
		table: task, where: d.config.KeyField + "=" + quote(string(key)) + "^ORDERBYsys_created_on^ORDERBYsys_id", fields: d.ticketFields(), limit: 10,
	})
	if err != nil {
		return providers.Ticket{}, err
	}
	for _, row := range found.records {
		if ticket := d.ticket(row); ticket.Key == key {
			return ticket, nil
		}
	}
	if len(found.records) > 0 {
		return providers.Ticket{}, d.client.Failf(op, providers.Misconfigured,
			"ServiceNow ignored the condition on %s; correct key_field, or let the account read that field", d.config.KeyField)
	}
	return providers.Ticket{}, d.client.Failf(op, providers.NotFound, "no ticket carries this key")
}

// FetchTicket implements [providers.TicketFetcher].
func (d *Desk) FetchTicket(ctx context.Context, ticketID string) (providers.Ticket, error) {
	row, err := d.one(ctx, "fetch ticket", task, ticketID, d.ticketFields())
	if err != nil {
		return providers.Ticket{}, err
	}
	return d.ticket(row), nil
}

// FetchTickets implements [providers.TicketsFetcher].
func (d *Desk) FetchTickets(ctx context.Context, ticketIDs []string) ([]providers.Ticket, error) {
	const op = "fetch tickets"
	var tickets []providers.Ticket
	for ids := range slices.Chunk(ticketIDs, d.config.PageSize) {
		for _, id := range ids {
			if err := d.checkID(op, id); err != nil {
				return nil, err
			}
		}
		found, err := d.tables.records(ctx, op, query{table: task, where: "sys_idIN" + strings.Join(ids, ","), fields: d.ticketFields(), limit: len(ids)})
		if err != nil {
			return nil, err
		}
		for _, row := range found.records {
			if slices.Contains(ids, row.value("sys_id")) {
				tickets = append(tickets, d.ticket(row))
			}
		}
	}
	return tickets, nil
}

// FetchChanges implements [providers.ChangeFetcher]. A page begins after the sys_id that was
// seen last; where a page shows nothing but more rows are there, they are passed over.
func (d *Desk) FetchChanges(ctx context.Context, changes providers.ChangesQuery) (providers.ChangesPage, error) {
	const op = "fetch changes"
	from, err := place.Parse(changes.Page, sysIDPattern)
	if err != nil {
		return providers.ChangesPage{}, d.client.Errorf(op, providers.Invalid, err)
	}
	where := "sys_updated_on>=" + zoned.Literal(changes.Since, d.zone) + "^sys_class_nameIN" + d.config.Incidents.Name + "," + d.config.Requests.Name
	if from.After != "" {
		where += "^sys_id>" + from.After
	}
	found, err := d.tables.records(ctx, op, query{
		table: task, where: where + "^ORDERBYsys_id", fields: d.ticketFields(), limit: d.config.PageSize, offset: from.Skip,
	})
	if err != nil {
		return providers.ChangesPage{}, err
	}
	now, err := d.client.DeskTime(op, found.at)
	if err != nil {
		return providers.ChangesPage{}, err
	}
	page := providers.ChangesPage{DeskTime: now}
	for _, row := range found.records {
		ticket := d.ticket(row)
		if ticket.ID <= from.After || ticket.UpdatedAt.Before(changes.Since.Truncate(time.Second)) && d.config.TimeZone == "UTC" {
			return providers.ChangesPage{}, d.client.Failf(op, providers.Misconfigured,
				"ServiceNow ignored a condition on sys_updated_on or sys_id; let the account read these fields of task")
		}
		page.Tickets = append(page.Tickets, ticket)
	}
	switch {
	case len(page.Tickets) > 0:
		page.Next = place.Place{After: page.Tickets[len(page.Tickets)-1].ID}.String()
	case found.total > from.Skip+d.config.PageSize:
		page.Next = place.Place{After: from.After, Skip: from.Skip + d.config.PageSize}.String()
	}
	return page, nil
}

// UpdateTicket implements [providers.TicketUpdater].
func (d *Desk) UpdateTicket(ctx context.Context, update providers.TicketUpdate) (providers.Ticket, error) {
	const why = "a rule or an ACL of the instance may not allow it to follow"
	return flow.SetStatus(ctx, d.client, d, update, why, func(op string, _ providers.Ticket) error {
		row, err := d.one(ctx, op, task, update.TicketID, []string{"sys_id", "sys_class_name"})
		if err != nil {
			return err
		}
		table := row.value("sys_class_name")
		state, err := d.stateOf(ctx, op, table, update.Status)
		if err != nil {
			return err
		}
		fields := map[string]string{"state": state}
		for status, more := range d.config.StatusFields {
			if strings.EqualFold(status, update.Status) {
				maps.Copy(fields, more)
			}
		}
		err = d.tables.update(ctx, op, table, update.TicketID, fields)
		return d.client.Explain(err, providers.Forbidden, op, "no right to change a ticket of table %s in this state; grant the account a role that may, such as itil", table)
	})
}

// SetPriority implements [providers.Prioritizer]. Where the instance makes the priority of impact
// and urgency (tasks are of their own), it keeps its own, which is told.
func (d *Desk) SetPriority(ctx context.Context, ticketID, priority string) error {
	const op = "set priority"
	row, err := d.one(ctx, op, task, ticketID, []string{"sys_id", "sys_class_name"})
	if err != nil {
		return err
	}
	table := row.value("sys_class_name")
	if err := d.tables.update(ctx, op, table, ticketID, map[string]string{"priority": priority}); err != nil {
		return d.client.Explain(err, providers.Forbidden, op, "no right to change the priority of a ticket of table %s; grant the account a role that may, such as itil", table)
	}
	after, err := d.one(ctx, op, table, ticketID, []string{"sys_id", "priority"})
	if err == nil && after.value("priority") != priority {
		return d.client.Failf(op, providers.Invalid, "the instance kept priority %q and did not take %q; want a number from 1 to 5, and no rule that makes it of impact and urgency", after.value("priority"), priority)
	}
	return err
}

// choices are the values of the field state of a table; one without choices of its own has
// those of task.
func (d *Desk) choices(ctx context.Context, op, table string) ([]record, error) {
	for _, name := range []string{table, task} {
		found, err := d.tables.records(ctx, op, query{
			table: "sys_choice", where: "name=" + name + "^element=state^inactive=false", fields: []string{"sys_id", "name", "element", "label", "value"}, limit: maxPageSize,
		})
		if err != nil {
			return nil, err
		}
		others := func(choice record) bool { return choice.value("name") != name || choice.value("element") != "state" }
		if own := slices.DeleteFunc(found.records, others); len(own) > 0 {
			return own, nil
		}
	}
	return nil, nil
}

// stateOf translates a status into the value of the table's field state.
func (d *Desk) stateOf(ctx context.Context, op, table, status string) (string, error) {
	choices, err := d.choices(ctx, op, table)
	if err != nil {
		return "", err
	}
	for _, choice := range choices {
		if strings.EqualFold(choice.value("label"), status) {
			return choice.value("value"), nil
		}
	}
	return "", d.client.Failf(op, providers.Invalid, "table %s has no state with the label %q, or the account may not read sys_choice", table, status)
}
