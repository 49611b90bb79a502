package znuny

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/zoned"
	wire "deskbridge/providers/znuny/internal/ticketconnector"
)

// stateMerged is the state type of a ticket that was merged into another.
const stateMerged = "merged"

func number(id string) int {
	value, _ := strconv.Atoi(id) // 0 for none
	return value
}

func (d *Desk) ticket(wire *wire.Ticket) providers.Ticket {
	ticket := providers.Ticket{
		ID:        wire.TicketID,
		Number:    wire.TicketNumber,
		Key:       providers.Key(fieldValue(wire, d.config.KeyField)),
		Subject:   wire.Title,
		Status:    wire.State,
		Queue:     wire.Queue,
		CreatedAt: zoned.Parse(wire.Created, d.zone),
		UpdatedAt: zoned.Parse(wire.Changed, d.zone),
		URL:       d.config.URL + "/index.pl?Action=AgentTicketZoom;TicketID=" + wire.TicketID,
	}
	if wire.CustomerUserID != "" {
		ticket.RequesterIDs = []string{wire.CustomerUserID}
	}
	return ticket
}

func hasField(ticket *wire.Ticket, name string) bool {
	return slices.ContainsFunc(ticket.DynamicField, func(field *wire.DynamicField) bool { return field.Name == name })
}

func fieldValue(ticket *wire.Ticket, name string) string {
	for _, field := range ticket.DynamicField {
		if field.Name == name {
			return field.Value
		}
	}
	return ""
}

// internalArticle makes a message in plain text that only agents see.
func internalArticle(subject, body string) *wire.NewArticle {
	return &wire.NewArticle{
		CommunicationChannel: "Internal", IsVisibleForCustomer: "0", SenderType: "agent",
		Subject: subject, Body: body, ContentType: "text/plain; charset=utf-8",
	}
}

// publicArticle makes a message in plain text of the customer.
func publicArticle(subject, body string) *wire.NewArticle {
	made := internalArticle(subject, body)
	made.IsVisibleForCustomer, made.SenderType = "1", "customer"
	return made
}

// history is what happened to a ticket.
type history []*wire.History

// target is the ticket into which this one was merged: "%%number%%id%%number%%id".
func (h history) target(id string) string {
	for _, event := range slices.Backward(h) {
		if parts := strings.Split(event.Name, "%%"); event.HistoryType == "Merged" && len(parts) == 5 && parts[2] == id {
			return parts[4]
		}
	}
	return ""
}

// opened says whether an article is the description of a ticket, its own or one that was
// merged into it.
func (h history) opened(articleID string) bool {
	return slices.ContainsFunc(h, func(event *wire.History) bool {
		return event.HistoryType == "NewTicket" && event.ArticleID == articleID
	})
}

// window is a page of changes: the tickets created at or after a time, at most limit of them.
type window struct {
	created time.Time
	limit   int
}

// next begins at the last second that was seen. If nothing came beyond the second at which
// this window began, its tickets fill the limit, which is doubled.
func (w window) next(last time.Time, limit int) window {
	if !last.After(w.created) {
		return window{created: w.created, limit: 2 * w.limit}
	}
	return window{created: last, limit: limit}
}

func (w window) String() string { return fmt.Sprintf("%d %d", w.created.Unix(), w.limit) }

func parseWindow(page string, limit int) (window, error) {
	if page == "" {
		return window{limit: limit}, nil
	}
	seconds, rows, _ := strings.Cut(page, " ")
	created, err := strconv.ParseInt(seconds, 10, 64)
	parsed, errLimit := strconv.Atoi(rows)
	if err != nil || errLimit != nil || parsed < 1 {
		return window{}, fmt.Errorf("page %q is none of ours", page)
	}
	return window{created: time.Unix(created, 0).UTC(), limit: parsed}, nil
}

// dispatch is the one operation of rpc.pl: user, password, object, method, then keys and values.
type dispatch struct {
	XMLName   xml.Name `xml:"/Core Dispatch"`
	Arguments []string `xml:"a"`
}

// dispatched is its answer: values one after the other, in elements with made-up names, or in an
// array.
type dispatched struct {
	XMLName xml.Name   `xml:"/Core DispatchResponse"`
	Values  []rpcValue `xml:",any"`
}

type rpcValue struct {
	Type  string     `xml:"type,attr"`
	Text  string     `xml:",chardata"`
	Items []rpcValue `xml:"item"`
}

func (d *dispatched) row() []rpcValue {
	var row []rpcValue
	for _, value := range d.Values {
		if strings.HasSuffix(value.Type, ":Array") {
			row = append(row, value.Items...)
		} else {
			row = append(row, value)
		}
	}
	return row
}
