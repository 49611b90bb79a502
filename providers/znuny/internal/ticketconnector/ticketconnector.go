// Code generated from ticketconnector.wsdl by gowsdl and internal/gen. DO NOT EDIT.

// Package ticketconnector holds the types of ticketconnector.wsdl.
package ticketconnector

import "encoding/xml"

type TicketCreate struct {
	XMLName xml.Name `xml:"http://www.otrs.org/TicketConnector/ TicketCreate"`

	UserLogin string `xml:"UserLogin"`

	Password string `xml:"Password"`

	Ticket *NewTicket `xml:"Ticket"`

	Article *NewArticle `xml:"Article"`

	DynamicField []*DynamicField `xml:"DynamicField,omitempty"`

	Attachment []*NewAttachment `xml:"Attachment,omitempty"`
}

type TicketCreateResponse struct {
	XMLName xml.Name `xml:"http://www.otrs.org/TicketConnector/ TicketCreateResponse"`

	TicketID string `xml:"TicketID,omitempty"`

	TicketNumber string `xml:"TicketNumber,omitempty"`

	ArticleID string `xml:"ArticleID,omitempty"`

	Error *Error `xml:"Error,omitempty"`
}

type TicketUpdate struct {
	XMLName xml.Name `xml:"http://www.otrs.org/TicketConnector/ TicketUpdate"`

	UserLogin string `xml:"UserLogin"`

	Password string `xml:"Password"`

	TicketID string `xml:"TicketID"`

	Ticket *TicketChange `xml:"Ticket,omitempty"`

	Article *NewArticle `xml:"Article,omitempty"`

	Attachment []*NewAttachment `xml:"Attachment,omitempty"`
}

type TicketUpdateResponse struct {
	XMLName xml.Name `xml:"http://www.otrs.org/TicketConnector/ TicketUpdateResponse"`

	TicketID string `xml:"TicketID,omitempty"`

	ArticleID string `xml:"ArticleID,omitempty"`

	Error *Error `xml:"Error,omitempty"`
}

type TicketGet struct {
	XMLName xml.Name `xml:"http://www.otrs.org/TicketConnector/ TicketGet"`

	UserLogin string `xml:"UserLogin"`

	Password string `xml:"Password"`

	TicketID []string `xml:"TicketID"`

	DynamicFields string `xml:"DynamicFields,omitempty"`

	AllArticles string `xml:"AllArticles,omitempty"`

	Attachments string `xml:"Attachments,omitempty"`

	GetAttachmentContents string `xml:"GetAttachmentContents,omitempty"`
}

type TicketGetResponse struct {
	XMLName xml.Name `xml:"http://www.otrs.org/TicketConnector/ TicketGetResponse"`

	Ticket []*Ticket `xml:"Ticket,omitempty"`

	Error *Error `xml:"Error,omitempty"`
}

type TicketSearch struct {
	XMLName xml.Name `xml:"http://www.otrs.org/TicketConnector/ TicketSearch"`

	UserLogin string `xml:"UserLogin"`

	Password string `xml:"Password"`

	Limit string `xml:"Limit,omitempty"`

	TicketID []string `xml:"TicketID,omitempty"`

	DynamicField []*SearchField `xml:"DynamicField,omitempty"`

	TicketCreateTimeNewerDate string `xml:"TicketCreateTimeNewerDate,omitempty"`

	TicketLastChangeTimeNewerDate string `xml:"TicketLastChangeTimeNewerDate,omitempty"`

	OrderBy string `xml:"OrderBy,omitempty"`

	SortBy string `xml:"SortBy,omitempty"`
}

type TicketSearchResponse struct {
	XMLName xml.Name `xml:"http://www.otrs.org/TicketConnector/ TicketSearchResponse"`

	TicketID []string `xml:"TicketID,omitempty"`

	Error *Error `xml:"Error,omitempty"`
}

type TicketHistoryGet struct {
	XMLName xml.Name `xml:"http://www.otrs.org/TicketConnector/ TicketHistoryGet"`

	UserLogin string `xml:"UserLogin"`

	Password string `xml:"Password"`

	TicketID string `xml:"TicketID"`
}

type TicketHistoryGetResponse struct {
	XMLName xml.Name `xml:"http://www.otrs.org/TicketConnector/ TicketHistoryGetResponse"`

	TicketHistory []*TicketHistory `xml:"TicketHistory,omitempty"`

	Error *Error `xml:"Error,omitempty"`
}

type NewTicket struct {
	Title string `xml:"Title"`

	Queue string `xml:"Queue"`

	Type string `xml:"Type,omitempty"`

	Service string `xml:"Service,omitempty"`

	SLA string `xml:"SLA,omitempty"`

	State string `xml:"State"`

	Priority string `xml:"Priority"`

	Owner string `xml:"Owner,omitempty"`

	Responsible string `xml:"Responsible,omitempty"`

	CustomerUser string `xml:"CustomerUser"`

	CustomerID string `xml:"CustomerID,omitempty"`
}

type TicketChange struct {
	State string `xml:"State"`
}

type NewArticle struct {
	CommunicationChannel string `xml:"CommunicationChannel"`

	IsVisibleForCustomer string `xml:"IsVisibleForCustomer"`

	SenderType string `xml:"SenderType"`

	Subject string `xml:"Subject"`

	Body string `xml:"Body"`

	ContentType string `xml:"ContentType"`
}

type NewAttachment struct {
	Content string `xml:"Content"`

	ContentType string `xml:"ContentType"`

	Filename string `xml:"Filename"`
}

type DynamicField struct {
	Name string `xml:"Name"`

	Value string `xml:"Value"`
}

type SearchField struct {
	Name string `xml:"Name"`

	Equals string `xml:"Equals"`
}

type Error struct {
	ErrorCode string `xml:"ErrorCode"`

	ErrorMessage string `xml:"ErrorMessage"`
}

type Ticket struct {
	Article []*Article `xml:"Article,omitempty"`

	Changed string `xml:"Changed"`

	Created string `xml:"Created"`

	CustomerUserID string `xml:"CustomerUserID"`

	DynamicField []*DynamicField `xml:"DynamicField,omitempty"`

	Queue string `xml:"Queue"`

	State string `xml:"State"`

	StateType string `xml:"StateType"`

	TicketID string `xml:"TicketID"`

	TicketNumber string `xml:"TicketNumber"`

	Title string `xml:"Title"`
}

type Article struct {
	ArticleID string `xml:"ArticleID"`

	Attachment []*Attachment `xml:"Attachment,omitempty"`

	Body string `xml:"Body"`

	CreateTime string `xml:"CreateTime"`

	From string `xml:"From"`

	IsVisibleForCustomer string `xml:"IsVisibleForCustomer,omitempty"`
}

type Attachment struct {
	Content string `xml:"Content"`

	ContentType string `xml:"ContentType"`

	FileID string `xml:"FileID"`

	Filename string `xml:"Filename"`

	FilesizeRaw string `xml:"FilesizeRaw"`
}

type TicketHistory struct {
	TicketID string `xml:"TicketID"`

	History []*History `xml:"History,omitempty"`
}

type History struct {
	ArticleID string `xml:"ArticleID"`

	HistoryType string `xml:"HistoryType"`

	Name string `xml:"Name"`
}
