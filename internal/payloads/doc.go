// Package payloads encrypts what the Temporal server stores: inputs, results, signals, updates,
// queries, memos, summaries, details and the texts of failures. Search attributes and the names of
// workflows stay readable; they hold nothing of a person but keyed hashes.
//
// A payload is compressed (Zstandard) and then sealed by AES-256-GCM with the primary key of a Tink
// keyset. The file of the keyset always holds one key more than is in use, so that every program
// that has the file can read what is written after the next rotation: no order of restarts loses
// anything as long as each program was restarted since the rotation before.
package payloads
