// Code generated from helpdeskcreate.wsdl by gowsdl and internal/gen. DO NOT EDIT.

// Package helpdeskcreate holds the types of helpdeskcreate.wsdl.
package helpdeskcreate

import "encoding/xml"

type HelpDesk_Submit_Service struct {
	XMLName xml.Name `xml:"urn:HPD_IncidentInterface_Create_WS HelpDesk_Submit_Service"`

	Assigned_Group string `xml:"Assigned_Group,omitempty"`

	Assigned_Group_Shift_Name string `xml:"Assigned_Group_Shift_Name,omitempty"`

	Assigned_Support_Company string `xml:"Assigned_Support_Company,omitempty"`

	Assigned_Support_Organization string `xml:"Assigned_Support_Organization,omitempty"`

	Assignee string `xml:"Assignee,omitempty"`

	Categorization_Tier_1 string `xml:"Categorization_Tier_1,omitempty"`

	Categorization_Tier_2 string `xml:"Categorization_Tier_2,omitempty"`

	Categorization_Tier_3 string `xml:"Categorization_Tier_3,omitempty"`

	Department string `xml:"Department,omitempty"`

	First_Name string `xml:"First_Name"`

	Impact string `xml:"Impact"`

	Last_Name string `xml:"Last_Name"`

	Manufacturer string `xml:"Manufacturer,omitempty"`

	Product_Categorization_Tier_1 string `xml:"Product_Categorization_Tier_1,omitempty"`

	Product_Categorization_Tier_2 string `xml:"Product_Categorization_Tier_2,omitempty"`

	Product_Categorization_Tier_3 string `xml:"Product_Categorization_Tier_3,omitempty"`

	Product_Model_Version string `xml:"Product_Model_Version,omitempty"`

	Product_Name string `xml:"Product_Name,omitempty"`

	Reported_Source string `xml:"Reported_Source"`

	Service_Type string `xml:"Service_Type"`

	Status string `xml:"Status"`

	Action string `xml:"Action"`

	Summary string `xml:"Summary"`

	Notes string `xml:"Notes,omitempty"`

	Urgency string `xml:"Urgency"`

	Middle_Initial string `xml:"Middle_Initial,omitempty"`

	Status_Reason string `xml:"Status_Reason,omitempty"`

	TemplateID string `xml:"TemplateID,omitempty"`
}

type HelpDesk_Submit_ServiceResponse struct {
	XMLName xml.Name `xml:"urn:HPD_IncidentInterface_Create_WS HelpDesk_Submit_ServiceResponse"`

	Incident_Number string `xml:"Incident_Number"`
}
