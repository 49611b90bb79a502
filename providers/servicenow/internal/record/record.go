// Code generated from record.wsdl by gowsdl and internal/gen. DO NOT EDIT.

// Package record holds the types of record.wsdl.
package record

import "encoding/xml"

type Insert struct {
	XMLName xml.Name `xml:"http://www.service-now.com/record insert"`
}

type InsertResponse struct {
	XMLName xml.Name `xml:"http://www.service-now.com/record insertResponse"`

	Sys_id string `xml:"sys_id"`

	Number string `xml:"number,omitempty"`
}

type Update struct {
	XMLName xml.Name `xml:"http://www.service-now.com/record update"`
}

type UpdateResponse struct {
	XMLName xml.Name `xml:"http://www.service-now.com/record updateResponse"`

	Sys_id string `xml:"sys_id"`
}

type GetRecords struct {
	XMLName xml.Name `xml:"http://www.service-now.com/record getRecords"`

	X__encoded_query string `xml:"__encoded_query,omitempty"`

	X__limit string `xml:"__limit,omitempty"`

	X__first_row string `xml:"__first_row,omitempty"`

	X__last_row string `xml:"__last_row,omitempty"`
}
