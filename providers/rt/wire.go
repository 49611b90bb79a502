package rt

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
)

// scalar is a value that RT writes now as a string, now as a number, now as null.
type scalar string

// UnmarshalJSON takes a string, a number or null.
func (s *scalar) UnmarshalJSON(data []byte) error {
	text := string(data)
	if text == "null" {
		*s = ""
		return nil
	}
	if strings.HasPrefix(text, `"`) {
		return json.Unmarshal(data, (*string)(s))
	}
	*s = scalar(text)
	return nil
}

// count is a total, or nil where RT cannot tell. RT writes 0.0 for none.
type count float64

// page is one page of any list.
type page[T any] struct {
	Items []T    `json:"items"`
	Count count  `json:"count"`
	Total *count `json:"total"`
}

// more says whether RT holds rows after this page. Rows that the account may not see shorten
// a page, so that only an empty one is known to be the last where there is no total.
func (p page[T]) more() bool {
	if len(p.Items) == 0 {
		return false
	}
	return p.Total == nil || *p.Total > p.Count
}

type reference struct {
	ID   scalar `json:"id"`
	Name string `json:"Name"`
}

type customField struct {
	Name   string   `json:"name"`
	Values []scalar `json:"values"`
}

type customFields []customField

func (fields customFields) value(name string) string {
	for _, field := range fields {
		if field.Name == name && len(field.Values) > 0 {
			return string(field.Values[0])
		}
	}
	return ""
}

type wireTicket struct {
	ID            scalar       `json:"id"`
	Subject       string       `json:"Subject"`
	Status        string       `json:"Status"`
	Queue         reference    `json:"Queue"`
	Created       time.Time    `json:"Created"`
	LastUpdated   time.Time    `json:"LastUpdated"`
	LastUpdatedBy reference    `json:"LastUpdatedBy"`
	CustomFields  customFields `json:"CustomFields"`
}

const ticketFields = "Subject,Status,Queue,Created,LastUpdated,LastUpdatedBy,CustomFields"

// statusDeleted is RT's word for a ticket that was deleted; it is still served by number.
const statusDeleted = "deleted"

func (d *Desk) ticket(wire wireTicket) providers.Ticket {
	return providers.Ticket{
		ID:        string(wire.ID),
		Number:    string(wire.ID),
		Key:       providers.Key(wire.CustomFields.value(d.config.KeyField)),
		Subject:   wire.Subject,
		Status:    wire.Status,
		Queue:     wire.Queue.Name,
		UpdatedBy: string(wire.LastUpdatedBy.ID),
		CreatedAt: wire.Created.UTC(),
		UpdatedAt: wire.LastUpdated.UTC(),
		URL:       d.config.URL + "/Ticket/Display.html?id=" + string(wire.ID),
	}
}

type wireUser struct {
	ID           scalar       `json:"id"`
	Name         string       `json:"Name"`
	EmailAddress string       `json:"EmailAddress"`
	RealName     string       `json:"RealName"`
	Disabled     *scalar      `json:"Disabled"`
	CustomFields customFields `json:"CustomFields"`
}

func (d *Desk) user(wire wireUser) providers.User {
	return providers.User{
		ID:             string(wire.ID),
		Login:          wire.Name,
		Email:          wire.EmailAddress,
		EmployeeNumber: wire.CustomFields.value(d.config.EmployeeField),
		DisplayName:    wire.RealName,
		Active:         wire.Disabled != nil && *wire.Disabled == "0",
	}
}

type wireTransaction struct {
	ID   scalar `json:"id"`
	Type string `json:"Type"`
	// Resource takes the key "type", which would otherwise land in Type: encoding/json folds case.
	Resource   string      `json:"type"`
	Created    time.Time   `json:"Created"`
	Creator    reference   `json:"Creator"`
	Hyperlinks []hyperlink `json:"_hyperlinks"`
}

type hyperlink struct {
	Ref  string `json:"ref"`
	Type string `json:"type"`
	URL  string `json:"_url"`
}

// attachmentIDs are the parts of a transaction's message, in their order.
func (t wireTransaction) attachmentIDs() []string {
	var ids []string
	for _, link := range t.Hyperlinks {
		if link.Ref == "attachment" {
			ids = append(ids, link.URL[strings.LastIndex(link.URL, "/")+1:])
		}
	}
	return ids
}

type wireAttachment struct {
	ID            scalar `json:"id"`
	Filename      string `json:"Filename"`
	ContentType   string `json:"ContentType"`
	ContentLength scalar `json:"ContentLength"`
	Content       string `json:"Content"`
}

// content decodes the base64 that RT breaks into lines.
func (a wireAttachment) content() ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.ReplaceAll(a.Content, "\n", ""))
}

func (a wireAttachment) attachment(size int) providers.Attachment {
	return providers.Attachment{ID: string(a.ID), Name: a.Filename, ContentType: a.ContentType, Size: int64(size)}
}

// changesPage is the place in a list of changes: ordered by ID, a ticket that changes
// meanwhile keeps its place, so that no page skips one.
func changesPage(page string) (int, error) {
	if page == "" {
		return 0, nil
	}
	after, err := strconv.Atoi(page)
	if err != nil || after < 0 {
		return 0, fmt.Errorf("page %q is none of ours", page)
	}
	return after, nil
}
