// Package activities is what touches the world: desks, targets and the Temporal server itself.
//
// [Desk] holds the activities of one connection and runs on that connection's task queue;
// [Common] holds those that need no desk and runs beside the workflows. Activities return plain
// Go errors; [Boundary] turns them into Temporal's, once and outermost.
package activities
