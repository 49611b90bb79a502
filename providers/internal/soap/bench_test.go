package soap

import (
	"fmt"
	"strings"
	"testing"
)

// A page of a hundred tickets as Znuny answers it.
func BenchmarkIncoming(b *testing.B) {
	const namespace = "http://www.otrs.org/TicketConnector/"
	var tickets strings.Builder
	for i := range 100 {
		fmt.Fprintf(&tickets, `<Ticket><TicketID>%d</TicketID><TicketNumber>2026112400%05d</TicketNumber><Title>Laptop für Anna Żółć &amp; Co</Title><State>open</State><Queue>Support</Queue><Changed>2026-11-24 08:00:00</Changed><DynamicField><Name>ExternalID</Name><Value>R-%d/laptop</Value></DynamicField></Ticket>`, i, i, i)
	}
	raw := []byte(`<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><TicketGetResponse xmlns="` + namespace + `">` + tickets.String() + `</TicketGetResponse></soap:Body></soap:Envelope>`)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, fault, err := incoming(raw, "text/xml; charset=utf-8", namespace); err != nil || fault != nil {
			b.Fatal(fault, err)
		}
	}
}
