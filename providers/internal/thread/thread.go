// Package thread pages through a ticket's notes, for desks that list them whole: only what is
// customer-facing leaves, and a cursor stands after the last note that was read, now or months later.
package thread

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/text"
)

// Entry is a note as the desk lists it, an internal one too.
type Entry struct {
	providers.Note
	// Place orders the entries as text and never changes; see [ByNumber] and [ByTime]. Entries
	// may share one.
	Place string
	// Public says that the desk proves the note to be customer-facing.
	Public bool
}

// ByNumber is the place of an entry whose desk numbers entries in the order of writing.
func ByNumber(id int64) string { return fmt.Sprintf("%019d", id) }

// ByTime is the place of an entry that was written at a time.
func ByTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// SetBody puts plain text into an entry, cut at [providers.MaxNoteBody].
func (e *Entry) SetBody(plain string) { e.Body, e.Truncated = text.Body(plain) }

// Page returns at most size customer-facing entries after the cursor, oldest first. Internal
// ones are counted and never returned.
func Page(entries []Entry, cursor string, size int) (providers.NotesPage, error) {
	from, err := parse(cursor)
	if err != nil {
		return providers.NotesPage{}, err
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Place, b.Place) })
	page := providers.NotesPage{}
	for _, entry := range entries {
		switch {
		case entry.Place < from.place || entry.Place == from.place && slices.Contains(from.seen, entry.ID):
			continue
		case len(page.Notes) == size:
			page.More = true
		}
		if page.More {
			break
		}
		if entry.Place > from.place {
			from = position{place: entry.Place}
		}
		from.seen = append(from.seen, entry.ID)
		if entry.Public {
			page.Notes = append(page.Notes, entry.Note)
		} else {
			page.Withheld++
		}
	}
	page.Cursor = from.String()
	return page, nil
}

// position is a place, and the entries there that were read.
type position struct {
	place string
	seen  []string
}

func (p position) String() string {
	if p.place == "" {
		return ""
	}
	return p.place + "|" + strings.Join(p.seen, ",")
}

func parse(cursor string) (position, error) {
	if cursor == "" {
		return position{}, nil
	}
	place, seen, ok := strings.Cut(cursor, "|")
	if !ok || place == "" || strings.Trim(place, "0123456789-:.TZ") != "" {
		return position{}, fmt.Errorf("%w: the cursor is none of ours", providers.Invalid)
	}
	return position{place: place, seen: strings.Split(seen, ",")}, nil
}
