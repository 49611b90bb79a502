package bmc

import (
	"context"
	"strconv"

	"deskbridge/providers"
	"deskbridge/providers/bmc/internal/helpdesk"
)

// Check implements [providers.Desk].
func (d *Desk) Check(ctx context.Context) (providers.Report, error) {
	const op = "check"
	newest, _, err := d.entries(ctx, op, query{form: formIncident, where: is("Incident Number", ">", " "), fields: incidentFields, sort: "Last Modified Date.desc", limit: 1})
	if kind := providers.KindOf(err); err != nil && kind != providers.Forbidden {
		err = d.client.Explain(err, providers.Unauthenticated, op, "AR System refused login or password; correct them where the worker runs")
		return providers.Report{}, d.client.Explain(err, providers.NotFound, op, "no AR REST API at this address; set url to the REST server's, without /api")
	}
	report := providers.Report{Version: "BMC Helix ITSM (server " + d.config.Server + ")", Statuses: statuses}
	report.Findings = append(report.Findings, d.checkForm(ctx, "find and create users", formPeople, "Person ID", peopleCure))
	for _, queue := range d.config.Queues {
		finding := providers.Finding{Function: "log a ticket in queue " + queue}
		if _, err := d.findGroup(ctx, op, queue); err != nil {
			finding.Problem = "the support group does not exist at company " + d.config.Company + ", is not enabled, or may not be read"
			finding.Cure = "create the group or correct its name or company, and give the account read permission on " + formGroup
		}
		report.Findings = append(report.Findings, finding)
	}
	report.Findings = append(report.Findings,
		d.checkWebService(ctx, newest), d.checkForm(ctx, "fetch customer-facing notes", formWorkLog, "Work Log ID", logCure), d.checkChanges(ctx, newest),
	)
	return report, nil
}

// checkForm tries to read a form.
func (d *Desk) checkForm(ctx context.Context, function, form, id, cure string) providers.Finding {
	finding := providers.Finding{Function: function}
	if _, _, err := d.entries(ctx, "check", query{form: form, where: is(id, ">", " "), fields: []string{id}, sort: id + ".asc", limit: 1}); err != nil {
		finding.Problem, finding.Cure = "the account may not read "+form, cure
	}
	return finding
}

// checkWebService queries an incident over SOAP; one that does not exist answers as well.
func (d *Desk) checkWebService(ctx context.Context, some []entry) providers.Finding {
	finding := providers.Finding{Function: "log and update a ticket (web services)"}
	number := "INC000000000000"
	if len(some) > 0 {
		number = some[0]["Incident Number"]
	}
	var current helpdesk.HelpDesk_Query_ServiceResponse
	asked := &helpdesk.HelpDesk_Query_Service{Incident_Number: number}
	_, err := d.incidents.Read(ctx, d.call("check", d.config.Namespace, "HelpDesk_Query_Service", asked, &current))
	switch kind := providers.KindOf(err); {
	case err == nil, kind == providers.NotFound && len(some) == 0:
	case kind == providers.Unauthenticated:
		finding.Problem, finding.Cure = "the web services refuse login or password", "let the account log in to the mid tier, too"
	case kind == providers.Forbidden:
		finding.Problem, finding.Cure = "the account may not use the web services", "give the account the permission Incident User"
	case kind == providers.Unavailable || kind == providers.NotFound:
		finding.Problem, finding.Cure = "the web services do not answer at this address", "set web_services and server to those of the mid tier's WSDL (soap:address)"
	default:
		finding.Problem, finding.Cure = "the web services do not understand the request", "set namespace and create_namespace to the targetNamespace of their WSDLs"
	}
	return finding
}

// checkChanges asks for changes since the second in which an incident was changed last, and
// for those of the second after it.
func (d *Desk) checkChanges(ctx context.Context, some []entry) providers.Finding {
	finding := providers.Finding{Function: "fetch changed tickets"}
	if len(some) == 0 {
		finding.Problem = "the account sees no incident"
		finding.Cure = "give it the permission Incident Viewer (there is nothing to do if there is no incident yet)"
		return finding
	}
	at := some[0].time("Last Modified Date").Unix()
	listed := func(since int64) (bool, error) {
		where := all(is("Incident Number", "=", some[0]["Incident Number"]), is("Last Modified Date", ">=", strconv.FormatInt(since, 10)))
		found, _, err := d.entries(ctx, "check", query{form: formIncident, where: where, fields: incidentFields, sort: "Incident Number.asc", limit: 1})
		return len(found) > 0 && found[0].time("Last Modified Date").Unix() == at, err
	}
	since, err := listed(at)
	later, errLater := listed(at + 1)
	if err != nil || errLater != nil || !since || later {
		finding.Problem, finding.Cure = "the search by Last Modified Date does not answer as it should", "let BMC's support look at qualifications with seconds since 1970 on "+formIncident
	}
	return finding
}
