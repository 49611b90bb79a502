package providers

import (
	"fmt"
	"reflect"
)

// LogOnly is a desk at which tickets are logged and users kept.
type LogOnly interface {
	Desk
	UserFinder
	UserCreator
	NoteFetcher
	AttachmentUploader
}

// StatusSync is a desk whose tickets can also be followed.
type StatusSync interface {
	LogOnly
	TicketFetcher
	ChangeFetcher
}

// Full is a desk whose tickets can also be written to.
type Full interface {
	StatusSync
	TicketUpdater
	NoteAdder
}

// Level is an integration level; levels are ordered.
type Level string

// The integration levels.
const (
	LevelLogOnly    Level = "log-only"
	LevelStatusSync Level = "status-sync"
	LevelFull       Level = "full"
)

// Levels lists the levels from the lowest to the highest.
func Levels() []Level { return []Level{LevelLogOnly, LevelStatusSync, LevelFull} }

// AtLeast says whether this level includes the other.
func (l Level) AtLeast(other Level) bool { return l.rank() >= other.rank() && other.rank() > 0 }

func (l Level) rank() int {
	for i, level := range Levels() {
		if level == l {
			return i + 1
		}
	}
	return 0
}

// LevelOf returns the highest level that a desk reaches; empty if it reaches none.
func LevelOf(desk Desk) Level {
	switch desk.(type) {
	case Full:
		return LevelFull
	case StatusSync:
		return LevelStatusSync
	case LogOnly:
		return LevelLogOnly
	}
	return ""
}

// As returns the desk's optional interface T, or an [Unsupported] error that names it.
func As[T any](desk Desk) (T, error) {
	function, ok := desk.(T)
	if !ok {
		return function, fmt.Errorf("%w: this desk has no %s", Unsupported, reflect.TypeFor[T]().Name())
	}
	return function, nil
}

// Function is one row of the matrix in the README.
type Function struct {
	Name string
	// Needed is the lowest level at which the function is mandatory; empty if it is beside the levels.
	Needed Level
	// Has says whether the desk has the function.
	Has func(Desk) bool
}

// Functions lists what a desk can do, in the words of the integration levels.
func Functions() []Function {
	return []Function{
		{"log and categorise a ticket", LevelLogOnly, has[Desk]},
		{"find a user", LevelLogOnly, has[UserFinder]},
		{"create a user", LevelLogOnly, has[UserCreator]},
		{"fetch customer-facing notes", LevelLogOnly, has[NoteFetcher]},
		{"upload an attachment", LevelLogOnly, has[AttachmentUploader]},
		{"fetch a ticket", LevelStatusSync, has[TicketFetcher]},
		{"fetch changed tickets", LevelStatusSync, has[ChangeFetcher]},
		{"update a ticket", LevelFull, has[TicketUpdater]},
		{"add a note", LevelFull, has[NoteAdder]},
		{"set a priority", "", has[Prioritizer]},
		{"update a user", "", has[UserUpdater]},
		{"deactivate a user", "", has[UserDeactivator]},
		{"fetch tickets in batches", "", has[TicketsFetcher]},
	}
}

func has[T any](desk Desk) bool {
	_, ok := desk.(T)
	return ok
}
