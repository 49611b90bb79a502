package zoned

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTimesAreWrittenInTheDesksZoneAndNeverTooLate(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	at := func(text string) time.Time {
		parsed, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return parsed
	}
	require.Equal(t, "2026-07-01 12:00:00", Literal(at("2026-07-01T10:00:00Z"), berlin))
	require.Equal(t, "2026-07-01 10:00:00", Literal(at("2026-07-01T10:00:00Z"), time.UTC))
	// The night of 25 October 2026 has the hour from two to three twice.
	for minutes := range 240 {
		instant := at("2026-10-24T23:00:00Z").Add(time.Duration(minutes) * time.Minute)
		text := Literal(instant, berlin)
		for _, offset := range []string{"+02:00", "+01:00"} {
			read := at(strings.Replace(text, " ", "T", 1) + offset)
			_, actual := read.In(berlin).Zone()
			_, claimed := read.Zone()
			if actual == claimed { // RT may read the text this way
				require.False(t, read.After(instant), "%s is read as %s", text, read)
			}
		}
	}
}
