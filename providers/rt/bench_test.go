package rt

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// A page of a hundred changed tickets as Request Tracker answers it.
func BenchmarkDecodeTickets(b *testing.B) {
	var items []string
	for i := range 100 {
		items = append(items, fmt.Sprintf(`{"id":"%d","Subject":"Laptop für Anna Żółć","Status":"open","Queue":{"id":"1","Name":"Support","type":"queue"},"Created":"2026-11-24T07:00:00Z","LastUpdated":"2026-11-24T08:00:00Z","LastUpdatedBy":{"id":"agent","type":"user"},"CustomFields":[{"id":"1","name":"ExternalID","type":"customfield","values":["R-%d/laptop"]}]}`, i, i))
	}
	raw := []byte(`{"count":100,"page":1,"pages":10,"per_page":100,"total":1000,"items":[` + strings.Join(items, ",") + `]}`)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		var answer page[wireTicket]
		if err := json.Unmarshal(raw, &answer); err != nil || len(answer.Items) != 100 || answer.Items[7].CustomFields.value("ExternalID") != "R-7/laptop" {
			b.Fatal(err, len(answer.Items))
		}
	}
}
