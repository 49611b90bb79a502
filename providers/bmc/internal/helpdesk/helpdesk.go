// Code generated from helpdesk.wsdl by gowsdl and internal/gen. DO NOT EDIT.

// Package helpdesk holds the types of helpdesk.wsdl.
package helpdesk

import "encoding/xml"

type HelpDesk_Query_Service struct {
	XMLName xml.Name `xml:"urn:HPD_IncidentInterface_WS HelpDesk_Query_Service"`

	Incident_Number string `xml:"Incident_Number"`
}

type HelpDesk_Query_ServiceResponse struct {
	XMLName xml.Name `xml:"urn:HPD_IncidentInterface_WS HelpDesk_Query_ServiceResponse"`

	Assigned_Group string `xml:"Assigned_Group"`

	Assigned_Group_Shift_Name string `xml:"Assigned_Group_Shift_Name"`

	Assigned_Support_Company string `xml:"Assigned_Support_Company"`

	Assigned_Support_Organization string `xml:"Assigned_Support_Organization"`

	Assignee string `xml:"Assignee"`

	Categorization_Tier_1 string `xml:"Categorization_Tier_1"`

	Categorization_Tier_2 string `xml:"Categorization_Tier_2"`

	Categorization_Tier_3 string `xml:"Categorization_Tier_3"`

	City string `xml:"City"`

	Closure_Manufacturer string `xml:"Closure_Manufacturer"`

	Closure_Product_Category_Tier1 string `xml:"Closure_Product_Category_Tier1"`

	Closure_Product_Category_Tier2 string `xml:"Closure_Product_Category_Tier2"`

	Closure_Product_Category_Tier3 string `xml:"Closure_Product_Category_Tier3"`

	Closure_Product_Model_Version string `xml:"Closure_Product_Model_Version"`

	Closure_Product_Name string `xml:"Closure_Product_Name"`

	Company string `xml:"Company"`

	Contact_Company string `xml:"Contact_Company"`

	Contact_Sensitivity string `xml:"Contact_Sensitivity"`

	Country string `xml:"Country"`

	Department string `xml:"Department"`

	Summary string `xml:"Summary"`

	Notes string `xml:"Notes"`

	First_Name string `xml:"First_Name"`

	Impact string `xml:"Impact"`

	Last_Name string `xml:"Last_Name"`

	Manufacturer string `xml:"Manufacturer"`

	Middle_Initial string `xml:"Middle_Initial"`

	Organization string `xml:"Organization"`

	Phone_Number string `xml:"Phone_Number"`

	Priority string `xml:"Priority"`

	Priority_Weight string `xml:"Priority_Weight"`

	Product_Categorization_Tier_1 string `xml:"Product_Categorization_Tier_1"`

	Product_Categorization_Tier_2 string `xml:"Product_Categorization_Tier_2"`

	Product_Categorization_Tier_3 string `xml:"Product_Categorization_Tier_3"`

	Product_Model_Version string `xml:"Product_Model_Version"`

	Product_Name string `xml:"Product_Name"`

	Region string `xml:"Region"`

	Reported_Source string `xml:"Reported_Source"`

	Resolution string `xml:"Resolution"`

	Resolution_Category string `xml:"Resolution_Category"`

	Resolution_Category_Tier_2 string `xml:"Resolution_Category_Tier_2"`

	Resolution_Category_Tier_3 string `xml:"Resolution_Category_Tier_3"`

	Service_Type string `xml:"Service_Type"`

	Site string `xml:"Site"`

	Site_Group string `xml:"Site_Group"`

	Status string `xml:"Status"`

	Status_Reason string `xml:"Status_Reason,omitempty"`

	Urgency string `xml:"Urgency"`

	VIP string `xml:"VIP"`

	ServiceCI string `xml:"ServiceCI"`

	ServiceCI_ReconID string `xml:"ServiceCI_ReconID"`

	HPD_CI string `xml:"HPD_CI"`

	HPD_CI_ReconID string `xml:"HPD_CI_ReconID"`

	HPD_CI_FormName string `xml:"HPD_CI_FormName"`

	Z1D_CI_FormName string `xml:"z1D_CI_FormName"`
}

type HelpDesk_Modify_Service struct {
	XMLName xml.Name `xml:"urn:HPD_IncidentInterface_WS HelpDesk_Modify_Service"`

	Categorization_Tier_1 string `xml:"Categorization_Tier_1"`

	Categorization_Tier_2 string `xml:"Categorization_Tier_2"`

	Categorization_Tier_3 string `xml:"Categorization_Tier_3"`

	Closure_Manufacturer string `xml:"Closure_Manufacturer"`

	Closure_Product_Category_Tier1 string `xml:"Closure_Product_Category_Tier1"`

	Closure_Product_Category_Tier2 string `xml:"Closure_Product_Category_Tier2"`

	Closure_Product_Category_Tier3 string `xml:"Closure_Product_Category_Tier3"`

	Closure_Product_Model_Version string `xml:"Closure_Product_Model_Version"`

	Closure_Product_Name string `xml:"Closure_Product_Name"`

	Company string `xml:"Company"`

	Summary string `xml:"Summary"`

	Notes string `xml:"Notes"`

	Impact string `xml:"Impact"`

	Manufacturer string `xml:"Manufacturer"`

	Product_Categorization_Tier_1 string `xml:"Product_Categorization_Tier_1,omitempty"`

	Product_Categorization_Tier_2 string `xml:"Product_Categorization_Tier_2"`

	Product_Categorization_Tier_3 string `xml:"Product_Categorization_Tier_3"`

	Product_Model_Version string `xml:"Product_Model_Version"`

	Product_Name string `xml:"Product_Name"`

	Reported_Source string `xml:"Reported_Source"`

	Resolution string `xml:"Resolution"`

	Resolution_Category string `xml:"Resolution_Category"`

	Resolution_Category_Tier_2 string `xml:"Resolution_Category_Tier_2"`

	Resolution_Category_Tier_3 string `xml:"Resolution_Category_Tier_3"`

	Resolution_Method string `xml:"Resolution_Method"`

	Service_Type string `xml:"Service_Type"`

	Status string `xml:"Status"`

	Urgency string `xml:"Urgency"`

	Action string `xml:"Action"`

	Work_Info_Summary string `xml:"Work_Info_Summary"`

	Work_Info_Notes string `xml:"Work_Info_Notes"`

	Work_Info_Type string `xml:"Work_Info_Type"`

	Work_Info_Date string `xml:"Work_Info_Date"`

	Work_Info_Source string `xml:"Work_Info_Source"`

	Work_Info_Locked string `xml:"Work_Info_Locked"`

	Work_Info_View_Access string `xml:"Work_Info_View_Access"`

	Incident_Number string `xml:"Incident_Number"`

	Status_Reason string `xml:"Status_Reason,omitempty"`

	ServiceCI string `xml:"ServiceCI"`

	ServiceCI_ReconID string `xml:"ServiceCI_ReconID"`

	HPD_CI string `xml:"HPD_CI"`

	HPD_CI_ReconID string `xml:"HPD_CI_ReconID"`

	HPD_CI_FormName string `xml:"HPD_CI_FormName"`

	Z1D_CI_FormName string `xml:"z1D_CI_FormName"`
}

type HelpDesk_Modify_ServiceResponse struct {
	XMLName xml.Name `xml:"urn:HPD_IncidentInterface_WS HelpDesk_Modify_ServiceResponse"`
}
