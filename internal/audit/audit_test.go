package audit_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"deskbridge/internal/audit"
	"deskbridge/internal/files"
	"deskbridge/providers"
)

const subject = "rt/R-1"

func kept(t *testing.T, records int) (*audit.Log, *blob.Bucket) {
	t.Helper()
	bucket := memblob.OpenBucket(nil)
	log := audit.New(bucket)
	for i := range records {
		require.NoError(t, log.Append(t.Context(), subject, audit.Record{
			At: time.Now(), Who: "worker", Did: fmt.Sprintf("step %d", i), Result: audit.OK,
			Calls: []providers.Exchange{{Op: "create ticket", Method: "POST", Path: "/ticket", Status: 201}},
		}))
	}
	return log, bucket
}

// keys are the objects of the subject, in their order.
func keys(t *testing.T, bucket *blob.Bucket) []string {
	t.Helper()
	var all []string
	objects := bucket.List(nil)
	for object, err := objects.Next(t.Context()); err == nil; object, err = objects.Next(t.Context()) {
		all = append(all, object.Key)
	}
	return all
}

func TestARecordIsReadBackInItsOrderAndUnbroken(t *testing.T) {
	log, _ := kept(t, 3)
	entries, err := log.Read(t.Context(), subject)
	require.NoError(t, err)
	require.Len(t, entries, 3)
	require.Equal(t, "step 2", entries[2].Did)
	require.Equal(t, 201, entries[2].Calls[0].Status)
	require.Equal(t, []string{entries[1].Hash}, entries[2].Previous)
	verdict, err := log.Verify(t.Context(), subject)
	require.NoError(t, err)
	require.Equal(t, audit.Verdict{Subject: subject, Records: 3, Heads: []string{entries[2].Hash}}, verdict)
	subjects, err := log.Subjects(t.Context(), "rt")
	require.NoError(t, err)
	require.Equal(t, []string{subject}, subjects)
	subjects, err = log.Subjects(t.Context(), "jira")
	require.NoError(t, err)
	require.Empty(t, subjects)
}

func TestAChangedARemovedAndAForgedRecordAreFound(t *testing.T) {
	for name, tamper := range map[string]func(t *testing.T, log *audit.Log, bucket *blob.Bucket, keys []string){
		"changed": func(t *testing.T, _ *audit.Log, bucket *blob.Bucket, keys []string) {
			content, err := bucket.ReadAll(t.Context(), keys[1])
			require.NoError(t, err)
			require.NoError(t, bucket.WriteAll(t.Context(), keys[1], append(content, ' '), nil))
		},
		"removed": func(t *testing.T, _ *audit.Log, bucket *blob.Bucket, keys []string) {
			require.NoError(t, bucket.Delete(t.Context(), keys[1]))
		},
		"the first removed": func(t *testing.T, _ *audit.Log, bucket *blob.Bucket, keys []string) {
			require.NoError(t, bucket.Delete(t.Context(), keys[0]))
		},
		"renamed": func(t *testing.T, _ *audit.Log, bucket *blob.Bucket, keys []string) {
			require.NoError(t, bucket.Copy(t.Context(), "audit/rt/R-1/00000009"+keys[1][len("audit/rt/R-1/00000002"):], keys[1], nil))
		},
	} {
		t.Run(name, func(t *testing.T) {
			log, bucket := kept(t, 3)
			tamper(t, log, bucket, keys(t, bucket))
			verdict, err := log.Verify(t.Context(), subject)
			require.NoError(t, err)
			require.NotEmpty(t, verdict.Problem)
		})
	}
}

func TestManyWhoWriteAtOnceLoseNothing(t *testing.T) {
	bucket, err := files.Open(t.Context(), "file://"+filepath.Join(t.TempDir(), "store"))
	require.NoError(t, err)
	const writers, each = 8, 12
	var writing sync.WaitGroup
	for writer := range writers {
		writing.Go(func() {
			log := audit.New(bucket) // as processes of their own have it
			for i := range each {
				if err := log.Append(t.Context(), subject, audit.Record{Did: fmt.Sprintf("%d/%d", writer, i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	log := audit.New(bucket)
	verdict, err := log.Verify(t.Context(), subject)
	require.NoError(t, err)
	require.Empty(t, verdict.Problem)
	require.Equal(t, writers*each, verdict.Records)
	// One whose end is removed is found by a head that was kept.
	entries, err := log.Read(t.Context(), subject)
	require.NoError(t, err)
	require.Contains(t, verdict.Heads, entries[len(entries)-1].Hash)
}

func TestEachRunHasItsSubject(t *testing.T) {
	for id, want := range map[string]string{
		"onboarding/rt/R-1": "rt/R-1", "ticket/rt/R-1/laptop": "rt/R-1", "offboarding/rt/R-2": "rt/R-2",
		"usersync/rt/2026-11": "usersync/rt/2026-11", "user/rt/abc": "user/rt/abc", "watch/rt": "", "check/rt": "",
	} {
		require.Equal(t, want, audit.Subject(id), id)
	}
}
