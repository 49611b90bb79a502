// Package audit keeps a record of each request: who asked, what was called, what came back. It
// holds no name, address, note or secret.
//
// A record is one object in the blob store, audit/<subject>/<sequence>-<hash>, where the hash is the
// SHA-256 of its content. Each names the hashes of those with the highest sequence number that were
// there before it: one, or more where two were written at once. So records are only ever added,
// whoever writes needs no lock, and what is changed, or removed before another was added, is found.
package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gocloud.dev/blob"

	"deskbridge/providers"
)

// Record is one thing that was done for a request.
type Record struct {
	Sequence int       `json:"sequence"`
	At       time.Time `json:"at"`
	// Who is the caller of the API or the command line, or the worker.
	Who string `json:"who"`
	// Did is the activity or the call: LogTicket, start, add-note.
	Did      string `json:"did"`
	Workflow string `json:"workflow"`
	// Attempt is an activity's, from 1 on.
	Attempt int `json:"attempt,omitempty"`
	// Result is ok or the kind of the failure.
	Result string            `json:"result"`
	Detail map[string]string `json:"detail,omitempty"`
	// Calls are what was asked of the desk or a target, in order.
	Calls []providers.Exchange `json:"calls,omitempty"`
	// Previous are the hashes of the records before it.
	Previous []string `json:"previous"`
}

// OK is the result of what went well.
const OK = "ok"

// Entry is a record as it is kept.
type Entry struct {
	Record
	Hash string `json:"hash"`
}

// Log keeps records. It is safe for concurrent use, by many processes.
type Log struct{ bucket *blob.Bucket }

// New keeps records in a blob store, below audit/.
func New(bucket *blob.Bucket) *Log { return &Log{bucket} }

const room = "audit/"

// Subject is whose record a workflow's belongs to: that of the request for its runs and tickets,
// its own for what is about users, none for what concerns a whole connection.
func Subject(workflowID string) string {
	kind, rest, _ := strings.Cut(workflowID, "/")
	switch kind {
	case "watch", "check", "":
		return ""
	case "onboarding", "fulfilment", "offboarding", "ticket":
		parts := strings.Split(rest, "/")
		return strings.Join(parts[:min(2, len(parts))], "/")
	}
	return workflowID
}

// Append adds a record.
func (l *Log) Append(ctx context.Context, subject string, record Record) error {
	kept, err := l.list(ctx, subject)
	if err != nil {
		return err
	}
	record.Previous = []string{}
	for _, name := range slices.Backward(kept) {
		if record.Sequence == 0 {
			record.Sequence = name.sequence
		}
		if name.sequence == record.Sequence {
			record.Previous = append(record.Previous, name.hash)
		}
	}
	slices.Sort(record.Previous)
	record.Sequence++
	content, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	key := fmt.Sprintf(room+"%s/%08d-%s", subject, record.Sequence, hashOf(content))
	if err := l.bucket.WriteAll(ctx, key, content, &blob.WriterOptions{ContentType: "application/json"}); err != nil {
		return fmt.Errorf("audit: %w: the record cannot be written", providers.Unavailable)
	}
	return nil
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// named is a record by its key.
type named struct {
	key, hash string
	sequence  int
}

// list lists the records of a subject in their order. In a folder, what another writes just now can
// go while it is listed.
func (l *Log) list(ctx context.Context, subject string) (all []named, err error) {
	const tries = 5
	for range tries {
		if all, err = l.listOnce(ctx, subject); err == nil || ctx.Err() != nil {
			break
		}
	}
	return all, err
}

var aHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (l *Log) listOnce(ctx context.Context, subject string) ([]named, error) {
	var all []named
	objects := l.bucket.List(&blob.ListOptions{Prefix: room + subject + "/"})
	for {
		object, err := objects.Next(ctx)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("audit: %w: the records cannot be listed", providers.Unavailable)
		}
		number, hash, _ := strings.Cut(strings.TrimPrefix(object.Key, room+subject+"/"), "-")
		sequence, err := strconv.Atoi(number)
		if err != nil || !aHash.MatchString(hash) {
			continue // of another subject, or not written yet
		}
		all = append(all, named{object.Key, hash, sequence})
	}
}

// Read returns the records of a subject in their order.
func (l *Log) Read(ctx context.Context, subject string) ([]Entry, error) {
	kept, err := l.list(ctx, subject)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, name := range kept {
		content, err := l.bucket.ReadAll(ctx, name.key)
		if err != nil {
			return nil, fmt.Errorf("audit: %w: record %s cannot be read", providers.Unavailable, name.key)
		}
		entry := Entry{Hash: hashOf(content)}
		if err := json.Unmarshal(content, &entry.Record); err != nil || entry.Hash != name.hash || entry.Sequence != name.sequence {
			return entries, fmt.Errorf("audit: record %s was changed: its content is not that of its name", name.key)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// Verdict is what a check of a subject's records found.
type Verdict struct {
	Subject string `json:"subject"`
	Records int    `json:"records"`
	// Heads are the hashes that no record names: the last ones. Kept elsewhere, they show later that
	// the end was not cut off.
	Heads []string `json:"heads"`
	// Problem says what is wrong; empty if nothing is.
	Problem string `json:"problem,omitempty"`
}

// Verify checks that no record was changed, and none was removed that another names.
func (l *Log) Verify(ctx context.Context, subject string) (Verdict, error) {
	verdict := Verdict{Subject: subject, Heads: []string{}}
	entries, err := l.Read(ctx, subject)
	if providers.KindOf(err) == providers.Unavailable {
		return verdict, err
	}
	verdict.Records = len(entries)
	if err != nil {
		verdict.Problem = err.Error()
		return verdict, nil
	}
	bySequence := map[string]int{}
	for _, entry := range entries {
		bySequence[entry.Hash] = entry.Sequence
	}
	namedBy := map[string]bool{}
	for _, entry := range entries {
		if (len(entry.Previous) == 0) != (entry.Sequence == 1) && verdict.Problem == "" {
			verdict.Problem = fmt.Sprintf("record %d names none before it", entry.Sequence)
		}
		for _, before := range entry.Previous {
			namedBy[before] = true
			if bySequence[before] != entry.Sequence-1 && verdict.Problem == "" {
				verdict.Problem = fmt.Sprintf("record %d names %s before it, which is not there: it was removed", entry.Sequence, before[:min(12, len(before))])
			}
		}
	}
	for _, entry := range entries {
		if !namedBy[entry.Hash] {
			verdict.Heads = append(verdict.Heads, entry.Hash)
		}
	}
	return verdict, nil
}

// Subjects lists the subjects of a connection, or of all.
func (l *Log) Subjects(ctx context.Context, connection string) ([]string, error) {
	var subjects []string
	objects := l.bucket.List(&blob.ListOptions{Prefix: room})
	for {
		object, err := objects.Next(ctx)
		if errors.Is(err, io.EOF) {
			return subjects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("audit: %w: the records cannot be listed", providers.Unavailable)
		}
		cut := strings.LastIndex(object.Key, "/")
		subject := strings.TrimPrefix(object.Key[:max(cut, 0)], room)
		of := strings.Split(subject, "/")
		mine := connection == "" || of[0] == connection || len(of) > 2 && of[1] == connection
		if mine && (len(subjects) == 0 || subjects[len(subjects)-1] != subject) {
			subjects = append(subjects, subject)
		}
	}
}

// callerKey is under which a context has who calls.
type callerKey struct{}

// By says who calls: a role and an ID, no name.
func By(ctx context.Context, who string) context.Context {
	return context.WithValue(ctx, callerKey{}, who)
}

// Who is who calls.
func Who(ctx context.Context) string {
	if who, said := ctx.Value(callerKey{}).(string); said {
		return who
	}
	return "unknown"
}
