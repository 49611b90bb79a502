// Package zoned writes and reads times of desks that name no zone.
package zoned

import "time"

// Literal writes a time as a desk in this zone reads it, to the second. Where the zone repeats
// an hour in autumn the text is ambiguous, so the hour before it is given instead: earlier is
// safe, it only matches more.
func Literal(at time.Time, zone *time.Location) string {
	const repeated = time.Hour
	_, before := at.In(zone).Add(-2 * repeated).Zone()
	_, after := at.In(zone).Add(2 * repeated).Zone()
	if before > after {
		at = at.Add(-3 * repeated)
	}
	return at.In(zone).Format(time.DateTime)
}

// Parse reads a time that a desk in this zone wrote; zero for what is none.
func Parse(text string, zone *time.Location) time.Time {
	at, err := time.ParseInLocation(time.DateTime, text, zone)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}
