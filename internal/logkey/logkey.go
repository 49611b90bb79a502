// Package logkey is the one list of the keys of our log lines, which are JSON; the linter takes no
// others. The Temporal SDK adds its own: Namespace, TaskQueue, WorkerID, WorkflowType, WorkflowID, RunID,
// ActivityID, ActivityType, Attempt. No value of any holds a secret, an address of a person or what
// somebody wrote.
package logkey

// The keys, by their use.
const (
	// Error is why something failed.
	Error = "error"
	// Kind is an error's kind as it is in the contract with desks (providers.Kind).
	Kind = "kind"
	// Step is a step of a request, Signal the name of one.
	Step   = "step"
	Signal = "signal"
	// Workers counts the task queues that a worker serves; Version is the program's.
	Workers = "workers"
	Version = "version"
	// Again is when something is tried again.
	Again = "again_in"
	// Address is where a program serves.
	Address = "address"
	// RequestID is of one HTTP request, which the answer has too; Operation its name in the API's document.
	RequestID = "request_id"
	Operation = "operation"
	// Method, Pattern, Status, Caller, Duration and Bytes are of an HTTP request and its answer.
	Method   = "method"
	Pattern  = "pattern"
	Status   = "status"
	Duration = "duration_ms"
	Bytes    = "bytes"
	// Panic and Stack are of a mistake of ours.
	Panic = "panic"
	Stack = "stack"
)
