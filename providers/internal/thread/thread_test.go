package thread

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
)

func entry(id int, place string, public bool) Entry {
	return Entry{Note: providers.Note{ID: strconv.Itoa(id)}, Place: place, Public: public}
}

func read(t *testing.T, entries []Entry, cursor string, size int) (ids []string, withheld int, last string) {
	t.Helper()
	for range 100 {
		page, err := Page(entries, cursor, size)
		require.NoError(t, err)
		for _, note := range page.Notes {
			ids = append(ids, note.ID)
		}
		withheld, cursor = withheld+page.Withheld, page.Cursor
		if !page.More {
			return ids, withheld, cursor
		}
	}
	require.Fail(t, "the pages have no end")
	return nil, 0, ""
}

func TestEveryPublicEntryIsReadOnceWhateverThePageSize(t *testing.T) {
	second := ByTime(time.Unix(1, 0))
	entries := []Entry{ // as listed, newest first; those of one second keep the list's order
		entry(6, ByTime(time.Unix(2, 0)), true), entry(3, second, true), entry(4, second, false), entry(5, second, true), entry(1, ByTime(time.Unix(0, 0)), true),
	}
	for size := 1; size < 6; size++ {
		ids, withheld, cursor := read(t, entries, "", size)
		require.Equal(t, []string{"1", "3", "5", "6"}, ids)
		require.Equal(t, 1, withheld)
		more, _, same := read(t, entries, cursor, size)
		require.Empty(t, more)
		require.Equal(t, cursor, same)
		late := append([]Entry{entry(2, ByTime(time.Unix(2, 0)), true)}, entries...)
		more, _, _ = read(t, late, cursor, size)
		require.Equal(t, []string{"2"}, more, "an entry of the second that was read last")
	}
}

func TestNumbersOrderAsNumbers(t *testing.T) {
	ids, _, _ := read(t, []Entry{entry(10, ByNumber(10), true), entry(9, ByNumber(9), true)}, "", 1)
	require.Equal(t, []string{"9", "10"}, ids)
}

func TestACursorThatIsNoneOfOursIsRefused(t *testing.T) {
	for _, cursor := range []string{"x", "x|1", "|1", "12"} {
		_, err := Page(nil, cursor, 1)
		require.ErrorIs(t, err, providers.Invalid, cursor)
	}
	page, err := Page(nil, "", 1)
	require.NoError(t, err)
	require.Zero(t, page)
}
