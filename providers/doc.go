// Package providers is the contract between Deskbridge and a service desk.
//
// A desk package implements [Desk] and as many of the optional one-method interfaces as
// its vendor's API allows; the composites [LogOnly], [StatusSync] and [Full] are the
// integration levels, checked by the compiler. Everything above asks for a function with
// [As], never with a type assertion.
//
// # What every method promises
//
//   - One attempt. Temporal retries; a desk never does.
//   - One side effect at most. Two requests that can fail apart are two methods.
//   - Idempotent by the caller's key: creating a ticket twice with one [Key] yields one
//     ticket, uploading the same file twice yields one attachment.
//   - Stateless and safe for concurrent use.
//   - One page a call. A page may repeat an item and never misses one.
//   - Times are UTC. The desk's clock and zone are used, never ours.
//   - Every error is an [*Error] that carries a [Kind], or the context's own error.
//     No error holds a secret, a body, a file name or a person's name or address.
//   - A note or attachment is returned only if the desk proves that it is customer-facing.
//
// The suite in providertest proves these promises against every desk.
package providers
