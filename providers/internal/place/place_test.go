package place

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var number = regexp.MustCompile(`^[0-9]+$`)

func TestAPlaceIsReadBackAndNothingElse(t *testing.T) {
	for _, place := range []Place{{}, {After: "12"}, {After: "12", Skip: 3}, {Skip: 100}} {
		again, err := Parse(place.String(), number)
		require.NoError(t, err)
		require.Equal(t, place, again)
	}
	start, err := Parse("", number)
	require.NoError(t, err)
	require.Zero(t, start)
	for _, page := range []string{"x", "12", "x 1", "12 -1", "12 1 2", "x' OR id > 0", "12' OR 1 0"} {
		_, err := Parse(page, number)
		require.Error(t, err, page)
	}
}

func TestRowsWithEqualValuesOverPageBordersAreReadOnce(t *testing.T) {
	rows := []string{"1", "1", "2", "2", "2", "2", "2", "3"}
	var read []string
	for at := (Place{}); ; {
		var left []string
		for _, row := range rows {
			if row >= at.After {
				left = append(left, row)
			}
		}
		left = left[min(at.Skip, len(left)):]
		if len(left) == 0 {
			break
		}
		page := left[:min(3, len(left))]
		read, at = append(read, page...), at.Next(page)
	}
	require.Equal(t, rows, read)
	require.Equal(t, Place{After: "7", Skip: 1}, Place{After: "7", Skip: 1}.Next(nil))
}
