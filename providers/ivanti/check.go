package ivanti

import (
	"context"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
)

// Check implements [providers.Desk].
func (d *Desk) Check(ctx context.Context) (providers.Report, error) {
	const op = "check"
	newest, err := d.records(ctx, op, incidents, query{order: "CreatedDateTime desc", top: 1})
	if err != nil && providers.KindOf(err) != providers.Forbidden {
		err = d.client.Explain(err, providers.Unauthenticated, op, "Ivanti refused the API key; make a new one under Configure > Security Controls > API Keys")
		return providers.Report{}, d.client.Explain(err, providers.NotFound, op, "no API at this address; set url to the tenant's, without /api")
	}
	const role = "let the role of the API key see them"
	report := providers.Report{Version: "Ivanti Neurons for ITSM"}
	report.Findings = append(report.Findings, flow.Tried("fetch changed tickets", err, "the key may not read incidents", role))
	_, err = d.FindTicket(ctx, "deskbridge/check")
	if providers.KindOf(err) == providers.NotFound {
		err = nil
	}
	report.Findings = append(report.Findings, flow.Tried("key field "+d.config.KeyField, err, "incidents have no such field", "add a text field of this name to incidents, or correct key_field"))
	_, err = d.FindUsers(ctx, providers.UserQuery{By: providers.ByEmail, Value: "nobody@deskbridge.invalid"})
	report.Findings = append(report.Findings, flow.Tried("find and create users", err, "the key may not read employees", role))
	for _, queue := range d.config.Queues {
		err := d.checkTeam(ctx, op, queue)
		report.Findings = append(report.Findings, flow.Tried("log a ticket in queue "+queue, err, "the team does not exist, or the key may not read teams", "create it or correct its name"))
	}
	return d.checkJournal(ctx, op, report, newest.records), nil
}

// checkJournal reads the notes of the newest incident; a note without the flag would be internal.
func (d *Desk) checkJournal(ctx context.Context, op string, report providers.Report, newest []record) providers.Report {
	asked := query{top: 1}
	if len(newest) > 0 {
		asked.where = is("ParentLink_RecID", newest[0].text("RecId"))
	}
	notes, err := d.records(ctx, op, d.config.Journal, asked)
	finding := flow.Tried("fetch customer-facing notes", err, "the key may not read "+d.config.Journal+", or there is no such business object", "let its role see notes, or correct journal")
	if len(notes.records) > 0 {
		if _, has := notes.records[0][d.config.PublicField]; !has {
			finding.Problem = "notes have no field " + d.config.PublicField + ", so that all of them count as internal"
			finding.Cure = "set public_field to the field of " + d.config.Journal + " that publishes a note"
		}
	}
	report.Findings = append(report.Findings, finding)
	return report
}
