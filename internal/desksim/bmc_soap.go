package desksim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// The fields of HPD_IncidentInterface_WS in the order of its WSDL.
var helpdeskFields = strings.Fields(`
		Assigned_Group Assigned_Group_Shift_Name Assigned_Support_Company Assigned_Support_Organization Assignee Categorization_Tier_1 Categorization_Tier_2
		Categorization_Tier_3 City Closure_Manufacturer Closure_Product_Category_Tier1 Closure_Product_Category_Tier2 Closure_Product_Category_Tier3
		Closure_Product_Model_Version Closure_Product_Name Company Contact_Company Contact_Sensitivity Country Department Summary Notes First_Name Impact
		Last_Name Manufacturer Middle_Initial Organization Phone_Number Priority Priority_Weight Product_Categorization_Tier_1 Product_Categorization_Tier_2
		Product_Categorization_Tier_3 Product_Model_Version Product_Name Region Reported_Source Resolution Resolution_Category Resolution_Category_Tier_2
		Resolution_Category_Tier_3 Service_Type Site Site_Group Status Status_Reason Urgency VIP ServiceCI ServiceCI_ReconID HPD_CI HPD_CI_ReconID
		HPD_CI_FormName z1D_CI_FormName
`)

// helpdeskDefaults are those of an incident that the web service logs.
var helpdeskDefaults = map[string]string{
	"Contact_Sensitivity": "Standard", "Company": "Calbro Services", "Contact_Company": "Calbro Services", "Priority": "Low", "Priority_Weight": "0",
	"VIP": "No", "Impact": "4-Minor/Localized", "Urgency": "4-Low", "Reported_Source": "Web", "Service_Type": "User Service Request",
}

// soap serves the two web services; each answers in the namespace in which it was asked.
func (api *bmc) soap(w http.ResponseWriter, r *http.Request) {
	call, err := readSOAP(r)
	api.desk.mu.Lock()
	defer api.desk.mu.Unlock()
	w.Header().Set("Date", api.desk.now().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	answer, refused := &element{}, &arError{text: "the request cannot be read"}
	if err == nil {
		answer, refused = api.webService(r.URL.Query().Get("webService"), call)
	}
	if saved := api.desk.flush(); saved != nil {
		refused = &arError{number: 8760, text: "not saved"}
	}
	if refused != nil {
		w.WriteHeader(http.StatusInternalServerError)
		text := refused.text
		if refused.number != 0 {
			text = fmt.Sprintf("ERROR (%d): %s; ", refused.number, refused.text)
		}
		fault := (&element{name: "soapenv:Fault", attributes: map[string]string{"xmlns:soapenv": "http://schemas.xmlsoap.org/soap/envelope/"}}).with(
			el("faultcode", "soapenv:Server.userException"), el("faultstring", text), el("detail", ""))
		_, _ = w.Write(envelope(fault))
		return
	}
	answer.space, answer.name = call.operation.space, call.operation.name+"Response"
	_, _ = w.Write(envelope(answer))
}

func (api *bmc) webService(service string, call soapCall) (*element, *arError) {
	space := call.operation.space
	known := map[string]string{"HPD_IncidentInterface_WS": "HelpDesk_Query_Service HelpDesk_Modify_Service", "HPD_IncidentInterface_Create_WS": "HelpDesk_Submit_Service"}[service]
	if !slices.Contains(strings.Fields(known), call.operation.name) || strings.TrimPrefix(space, "urn:") != service || call.action != space+"/"+call.operation.name {
		return nil, &arError{text: "No such operation"}
	}
	header := call.header.child("AuthenticationInfo")
	who, allowed := api.desk.account(header.value("userName"), header.value("password"))
	if !allowed || header.space != space {
		return nil, &arError{number: 623, text: "Authentication failed"}
	}
	request := call.operation
	switch request.name {
	case "HelpDesk_Submit_Service":
		return api.submit(who, request)
	case "HelpDesk_Query_Service":
		ticket := api.byNumber(request.value("Incident_Number"))
		if ticket == nil || !who.rights {
			return nil, arNoEntry
		}
		return api.helpdesk(ticket), nil
	case "HelpDesk_Modify_Service":
		return api.modify(who, request)
	}
	return nil, &arError{text: "No such operation"}
}

// helpdesk writes an incident with every field of the WSDL, empty ones too.
func (api *bmc) helpdesk(ticket *Ticket) *element {
	answer := &element{}
	for _, name := range helpdeskFields {
		value := ticket.Fields[name]
		switch name {
		case "Summary":
			value = ticket.Subject
		case "Status":
			value = ticket.Status
		case "Assigned_Group":
			value = api.desk.queues[ticket.Queue].Name
		}
		if name == "Status_Reason" && value == "" {
			continue
		}
		answer.with(el(name, value))
	}
	return answer
}

func (api *bmc) submit(who caller, request *element) (*element, *arError) {
	if !who.rights {
		return nil, &arError{number: 353, text: "You have no access to form"}
	}
	queue := api.desk.queueByName(request.value("Assigned_Group"))
	var customer *User
	for _, user := range sorted(api.desk.users) {
		if user.Attributes["First Name"] == request.value("First_Name") && user.Attributes["Last Name"] == request.value("Last_Name") && customer == nil && !user.Disabled {
			customer = user
		}
	}
	switch {
	case customer == nil:
		return nil, &arError{number: 44872, text: "The customer could not be found"}
	case queue == nil:
		return nil, &arError{number: 44878, text: "The assigned group is not valid"}
	case request.value("Action") != "CREATE" || request.value("Summary") == "" || len([]rune(request.value("Summary"))) > 100:
		return nil, &arError{number: 307, text: "Required field cannot be reset to a NULL value"}
	}
	now := api.desk.now()
	ticket := &Ticket{
		ID: api.desk.next("ticket"), Queue: queue.ID, Subject: request.value("Summary"), Status: request.value("Status"),
		Requesters: []int{customer.ID}, Fields: map[string]string{}, Created: now, Updated: now,
	}
	for _, name := range helpdeskFields {
		ticket.Fields[name] = helpdeskDefaults[name]
		if given := request.value(name); given != "" {
			ticket.Fields[name] = given
		}
	}
	api.desk.tickets[ticket.ID] = ticket
	api.desk.write(ticket, Note{Kind: Created, Author: who.user.ID}, newFile{contentType: "text/plain", content: []byte(request.value("Notes"))})
	return (&element{}).with(el("Incident_Number", incidentNumber(ticket))), nil
}

// modify sets every field that it is given and sets to null what it is not.
func (api *bmc) modify(who caller, request *element) (*element, *arError) {
	ticket := api.byNumber(request.value("Incident_Number"))
	status, known := api.desk.rules.status(request.value("Status"))
	switch {
	case ticket == nil || !who.rights:
		return nil, arNoEntry
	case request.value("Action") != "MODIFY" || request.value("Summary") == "" || request.value("Company") == "" || !known:
		return nil, &arError{number: 307, text: "Required field cannot be reset to a NULL value"}
	case (status == "Resolved" || status == "Closed") && (request.value("Resolution") == "" || request.value("Status_Reason") == ""):
		return nil, &arError{number: 44900, text: "Resolution and Status Reason are required"}
	}
	for _, name := range helpdeskFields {
		if name != "Contact_Sensitivity" && name != "Priority" && name != "VIP" && name != "Priority_Weight" && name != "Contact_Company" {
			ticket.Fields[name] = request.value(name)
		}
	}
	ticket.Subject = request.value("Summary")
	if request.value("Work_Info_Summary") != "" {
		kind := Internal
		if request.value("Work_Info_View_Access") == "Public" {
			kind = Public
		}
		api.desk.addNote(ticket, who.user.ID, kind, newFile{contentType: "text/plain", content: []byte(request.value("Work_Info_Summary"))})
	}
	api.desk.setStatus(ticket, who.user.ID, status)
	return &element{}, nil
}
