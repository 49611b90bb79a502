package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/mocks"

	"deskbridge/internal/names"
)

func TestMetricsTellRunsThatNeedAPersonByConnectionAndKind(t *testing.T) {
	m, err := newMetrics()
	require.NoError(t, err)
	attribute := func(value string) *commonpb.Payload {
		payload, err := converter.GetDefaultDataConverter().ToPayload(value)
		require.NoError(t, err)
		return payload
	}
	run := func(connection, kind string) *workflowpb.WorkflowExecutionInfo {
		return &workflowpb.WorkflowExecutionInfo{SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{
			names.Connection.GetName(): attribute(connection), names.Attention.GetName(): attribute(kind),
		}}}
	}
	server := &mocks.Client{}
	server.On("ListWorkflow", mock.Anything, mock.MatchedBy(func(r *workflowservice.ListWorkflowExecutionsRequest) bool { return r.GetNextPageToken() == nil })).
		Return(&workflowservice.ListWorkflowExecutionsResponse{Executions: []*workflowpb.WorkflowExecutionInfo{run("rt", "forbidden"), run("rt", "forbidden")}, NextPageToken: []byte("2")}, nil)
	server.On("ListWorkflow", mock.Anything, mock.Anything).
		Return(&workflowservice.ListWorkflowExecutionsResponse{Executions: []*workflowpb.WorkflowExecutionInfo{run("jira", "ambiguous")}}, nil)
	m.attention, err = countAttention(t.Context(), server)
	require.NoError(t, err)
	var options client.Options
	m.apply(&options)
	options.MetricsHandler.WithTags(map[string]string{"activity_type": "LogTicket"}).Counter("temporal_activity_execution_failed").Inc(1)
	answer := httptest.NewRecorder()
	m.handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Contains(t, answer.Body.String(), `deskbridge_attention{connection="rt",kind="forbidden"} 2`)
	require.Contains(t, answer.Body.String(), `deskbridge_attention{connection="jira",kind="ambiguous"} 1`)
	require.Contains(t, answer.Body.String(), `temporal_activity_execution_failed_total{activity_type="LogTicket"} 1`)
}
