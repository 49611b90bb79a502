package payloads

import (
	"fmt"
	"strings"
	"testing"

	"go.temporal.io/sdk/converter"
)

type noteArgs struct{ Body, By string }

// The sealed converter beside the SDK's own: what encryption and compression cost a payload.
func BenchmarkConverter(b *testing.B) {
	keys, err := NewKeys()
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []int{1 << 10, 64 << 10} {
		value := noteArgs{Body: strings.Repeat("Please prepare a laptop. ", size/25), By: "end-user"}
		for name, using := range map[string]converter.DataConverter{"plain": converter.GetDefaultDataConverter(), "sealed": keys.Converter()} {
			payload, err := using.ToPayload(value)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("to/%s/%dKiB", name, size>>10), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := using.ToPayload(value); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(len(payload.GetData())), "stored-B")
			})
			b.Run(fmt.Sprintf("from/%s/%dKiB", name, size>>10), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				var read noteArgs
				for b.Loop() {
					if err := using.FromPayload(payload, &read); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
