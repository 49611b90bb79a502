package activities_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"
	"go.temporal.io/sdk/temporal"
	"gocloud.dev/blob/memblob"

	"deskbridge/activities"
	"deskbridge/providers"
)

func TestThePersonsOwnRunCreatesThemAndItsFailureKeepsItsKind(t *testing.T) {
	for _, c := range []struct {
		err  error
		want providers.Kind
	}{
		{nil, ""}, {temporal.NewNonRetryableApplicationError("two match", string(providers.Ambiguous), nil), providers.Ambiguous}, {errors.New("gone"), providers.Unavailable},
	} {
		server, run := &mocks.Client{}, &mocks.WorkflowRun{}
		run.On("Get", mock.Anything, mock.Anything).Return(c.err)
		server.On("ExecuteWorkflow", mock.Anything, mock.MatchedBy(func(options client.StartWorkflowOptions) bool { return options.ID == "user/rt/hash" }), "User", mock.Anything).Return(run, nil)
		common := &activities.Common{Client: server}
		_, err := common.CreateUserOnce(t.Context(), activities.NewUser{Connection: "rt", Person: activities.Person{Known: []string{"hash", "other"}}, Workflow: "User"})
		require.Equal(t, c.want, providers.KindOf(err))
	}
	_, err := (&activities.Common{}).CreateUserOnce(t.Context(), activities.NewUser{})
	require.ErrorIs(t, err, providers.Invalid)
}

func TestJoinersInFlightAreSupersededAndOneThatEndedDoesNotMind(t *testing.T) {
	server := &mocks.Client{}
	listed := &workflowservice.ListWorkflowExecutionsResponse{}
	for _, id := range []string{"onboarding/rt/R1", "onboarding/rt/R2"} {
		listed.Executions = append(listed.Executions, &workflowpb.WorkflowExecutionInfo{Execution: &commonpb.WorkflowExecution{WorkflowId: id}})
	}
	var asked string
	server.On("ListWorkflow", mock.Anything, mock.Anything).Run(func(args mock.Arguments) {
		asked = args.Get(1).(*workflowservice.ListWorkflowExecutionsRequest).GetQuery()
	}).Return(listed, nil)
	handle := &mocks.WorkflowUpdateHandle{}
	handle.On("Get", mock.Anything, mock.Anything).Return(nil)
	of := func(id string) any {
		return mock.MatchedBy(func(options client.UpdateWorkflowOptions) bool {
			return options.WorkflowID == id && options.UpdateID == "superseded-by-offboarding/rt/R9"
		})
	}
	server.On("UpdateWorkflow", mock.Anything, of("onboarding/rt/R1")).Return(handle, nil)
	server.On("UpdateWorkflow", mock.Anything, of("onboarding/rt/R2")).Return(nil, serviceerror.NewNotFound("ended"))
	common := &activities.Common{Client: server}
	superseded, err := common.SupersedeJoiners(t.Context(), activities.Leaver{Connection: "rt", Known: []string{"a", "b"}, By: "offboarding/rt/R9"})
	require.NoError(t, err)
	require.Equal(t, []string{"onboarding/rt/R1"}, superseded)
	require.Equal(t, "WorkflowType = 'Onboarding' AND ExecutionStatus = 'Running' AND DeskbridgeConnection = 'rt' AND DeskbridgePeople IN ('a','b')", asked)
}

func TestWhoIsFoundIsBroughtUpToDateInTheAuthoritativeFieldsOnly(t *testing.T) {
	desk := &directory{users: []providers.User{{ID: "7", Login: "anna", Email: "old@example.test", DisplayName: "Anna Old", Active: true}}}
	bridge := &activities.Desk{Desk: desk, Match: []providers.Identity{providers.ByLogin}, Authoritative: []string{activities.FieldEmail}}
	person := activities.Person{Login: "ANNA", Email: "new@example.test", DisplayName: "Anna New"}
	found, err := bridge.MatchUser(t.Context(), person)
	require.NoError(t, err)
	require.Equal(t, activities.EnsuredUser{UserID: "7", Updated: true}, found)
	require.Equal(t, "new@example.test", *desk.updates[0].Email)
	require.Nil(t, desk.updates[0].DisplayName)
	require.Nil(t, desk.updates[0].Login, "another spelling is no other login")
	person.Email = "OLD@example.test"
	found, err = bridge.MatchUser(t.Context(), person)
	require.NoError(t, err)
	require.False(t, found.Updated)
	require.Len(t, desk.updates, 1)
	found, err = bridge.MatchUser(t.Context(), activities.Person{Login: "nobody"})
	require.NoError(t, err)
	require.True(t, found.Missing)
	require.Zero(t, desk.create)
}

func TestAFileIsStoredOnceByItsContentAndItsTypeIsNotWhatItsSenderSays(t *testing.T) {
	bucket := memblob.OpenBucket(nil)
	t.Cleanup(func() { _ = bucket.Close() })
	types := activities.FileTypes{"text/plain", "image/*"}
	store := func(name, content string) (activities.File, error) {
		return activities.StoreFile(t.Context(), bucket, name, types, strings.NewReader(content))
	}
	first, err := store(`..\..\C:\temp/a.txt`, "some text")
	require.NoError(t, err)
	require.Equal(t, "a.txt", first.Name)
	require.EqualValues(t, 9, first.Size)
	second, err := store("b.txt", "some text")
	require.NoError(t, err)
	require.Equal(t, first.SHA256, second.SHA256)
	picture, err := store("c.txt", "\x89PNG\r\n\x1a\n")
	require.NoError(t, err)
	require.Equal(t, "image/png", picture.ContentType)
	for content, want := range map[string]providers.Kind{"<!doctype html>": providers.Invalid, "": providers.Invalid, strings.Repeat("x", providers.MaxAttachment+1): providers.TooLarge} {
		_, err := store("a.txt", content)
		require.ErrorIs(t, err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = activities.StoreFile(ctx, bucket, "a.txt", types, bytes.NewReader([]byte("other text")))
	require.Error(t, err)
	left := 0
	for items := bucket.List(nil); ; left++ {
		item, err := items.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		require.Len(t, item.Key, 64, "nothing half stored is left")
	}
	require.Equal(t, 2, left)
}
