package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/mocks"

	"deskbridge/internal/config"
	"deskbridge/internal/names"
	"deskbridge/workflows"
)

const configuration = `
key: env:SERVICE_TEST_KEY
connections:
  rt:
    desk: rt
    queue: Support
    settings: {url: "https://rt.example.com", token: env:RT_TOKEN}
    statuses: {new: waiting, resolved: completed, rejected: rejected}
    close_status: resolved
    cancel_status: rejected
targets:
  mailbox: {url: "https://automation.example.com"}
plans:
  standard:
    steps:
      - id: laptop
        ticket: {subject: "Laptop for {{.person.display_name}}", body: "{{.request_id}} {{.requester.email}}", fields: {site: "{{.person.attributes.site}}"}}
      - id: mailbox
        needs: [laptop]
        action: {target: mailbox, arguments: {who: "{{.person.login}}", list: ["{{.person.login}}"]}}
`

func newService(t *testing.T, client *mocks.Client) *Service {
	t.Helper()
	t.Setenv("SERVICE_TEST_KEY", strings.Repeat("k", minKey))
	loaded, err := config.Parse("test.yaml", []byte(configuration))
	require.NoError(t, err)
	return &Service{Client: client, Config: loaded}
}

// existing is a server on which the workflow was started before, with this digest.
func existing(t *testing.T, digest string) *mocks.Client {
	t.Helper()
	client := &mocks.Client{}
	client.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything).
		Return(nil, serviceerror.NewWorkflowExecutionAlreadyStarted("exists", "request", "run-1"))
	memo, err := converter.GetDefaultDataConverter().ToPayload(digest)
	require.NoError(t, err)
	client.On("DescribeWorkflowExecution", mock.Anything, "onboarding/rt/R1", "").Return(&workflowservice.DescribeWorkflowExecutionResponse{
		WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
			Execution: &commonpb.WorkflowExecution{WorkflowId: "onboarding/rt/R1", RunId: "run-1"},
			Memo:      &commonpb.Memo{Fields: map[string]*commonpb.Payload{names.MemoDigest: memo}},
		},
	}, nil)
	return client
}

func TestTheSameRequestIsReportedAndAnotherUnderItsIDIsAConflict(t *testing.T) {
	begin := start{id: "onboarding/rt/R1", workflow: "Onboarding", connection: "rt", request: "R1", content: []byte("a")}
	sum := sha256.Sum256(begin.content)
	run, err := newService(t, existing(t, hex.EncodeToString(sum[:]))).startOnce(context.Background(), begin)
	require.NoError(t, err)
	require.Equal(t, Started{WorkflowID: "onboarding/rt/R1", RunID: "run-1", Existing: true}, run)
	_, err = newService(t, existing(t, "another")).startOnce(context.Background(), begin)
	require.Equal(t, Clash, FaultOf(err))
	require.ErrorContains(t, err, "use a new request_id")
}

func TestATicketIsFoundByItsWorkflowKeyAndNumber(t *testing.T) {
	client := &mocks.Client{}
	listed := &workflowservice.ListWorkflowExecutionsResponse{}
	for _, id := range []string{"ticket/rt/R1/a", "ticket/rt/R1/a", "ticket/rt/R1/ba"} {
		listed.Executions = append(listed.Executions, &workflowpb.WorkflowExecutionInfo{Execution: &commonpb.WorkflowExecution{WorkflowId: id}})
	}
	client.On("ListWorkflow", mock.Anything, mock.Anything).Return(listed, nil)
	s := newService(t, client)
	for _, c := range []struct{ ticket, connection, want string }{
		{"ticket/rt/R1/a", "", "ticket/rt/R1/a"}, {"R1/a", "rt", "ticket/rt/R1/a"}, {"R1/a", "", "ticket/rt/R1/a"},
	} {
		id, err := s.FindTicket(t.Context(), c.ticket, c.connection)
		require.NoError(t, err)
		require.Equal(t, c.want, id)
	}
	_, err := s.FindTicket(t.Context(), "7", "")
	require.ErrorContains(t, err, "several runs; name one: ticket/rt/R1/a, ticket/rt/R1/ba")
	_, err = s.FindTicket(t.Context(), "R9/zz", "")
	require.ErrorContains(t, err, "starter list")
	_, err = s.FindTicket(t.Context(), "1' OR 1=1", "")
	require.Equal(t, Wrong, FaultOf(err))
}

func TestHashesFindAPersonByAnySpellingAndTellNobody(t *testing.T) {
	s := newService(t, nil)
	hashes := func(person workflows.Person) []string {
		found, err := s.Hashes(person)
		require.NoError(t, err)
		return found
	}
	all := hashes(workflows.Person{Email: " Anna@Example.test", Login: "anowak", EmployeeNumber: "1001"})
	require.Len(t, all, 3)
	require.Equal(t, all[:1], hashes(workflows.Person{Login: "anna@example.test"}), "a user principal name is a login and an address")
	require.Equal(t, all[2:], hashes(workflows.Person{EmployeeNumber: "1001 "}))
	require.NotContains(t, all, hashes(workflows.Person{Login: "1001"})[0], "an employee number is nobody's login")
	require.NotContains(t, strings.Join(all, " "), "anna")
	require.Len(t, hashes(workflows.Person{Login: "a@b.c", Email: "A@b.c"}), 1)

	t.Setenv("SERVICE_TEST_KEY", "short")
	_, err := s.Hashes(workflows.Person{Login: "x"})
	require.ErrorContains(t, err, "at least 32")
	require.NotContains(t, err.Error(), "short")
}

func TestAPlanIsExpandedAndWhatItLacksIsToldBeforeAnythingStarts(t *testing.T) {
	s := newService(t, nil)
	anna := &workflows.Person{Login: "anowak", Email: "anna@example.test", DisplayName: "Anna {{.Nowak}}", Attributes: map[string]string{"site": "Berlin"}}
	boss := &workflows.Person{Email: "boss@example.test", DisplayName: "The Boss"}
	r := Request{Connection: "rt", RequestID: "R1", Joiner: anna, Requester: boss, Plan: "standard"}
	prepared, err := s.Prepare(Onboarding, r)
	require.NoError(t, err)
	require.Len(t, prepared.Steps, 2)
	require.Equal(t, "Laptop for Anna {{.Nowak}}", prepared.Steps[0].Ticket.Subject)
	require.Equal(t, "R1 boss@example.test", prepared.Steps[0].Ticket.Body)
	require.Equal(t, map[string]string{"site": "Berlin"}, prepared.Steps[0].Ticket.Fields)
	require.Equal(t, map[string]any{"who": "anowak", "list": []any{"anowak"}}, prepared.Steps[1].Action.Arguments)
	require.Empty(t, r.Steps)
	require.Equal(t, "Laptop for {{.person.display_name}}", s.Config.Plans["standard"].Steps[0].Ticket.Subject, "the plan itself stays")

	anna.Attributes = nil
	_, err = s.Prepare(Onboarding, r)
	require.ErrorContains(t, err, `plan: "standard": steps[0] "laptop": ticket: fields.site: it names something that the request does not have`)
	require.NotContains(t, err.Error(), "anna@")
	r.Plan = "other"
	_, err = s.Prepare(Onboarding, r)
	require.ErrorContains(t, err, `the configuration has no plan "other"`)
}

func TestAnOffboardingMayHaveNoStepsAndHasItsOwnFields(t *testing.T) {
	s := newService(t, nil)
	anna := &workflows.Person{Login: "anowak", DisplayName: "Anna"}
	_, err := s.Prepare(Offboarding, Request{Connection: "rt", RequestID: "R1", Leaver: anna})
	require.NoError(t, err)
	_, err = s.Prepare(Offboarding, Request{Connection: "rt", RequestID: "R1", Leaver: anna, Plan: "standard"})
	require.ErrorContains(t, err, "requester: missing; an offboarding with steps needs one")
	_, err = s.Prepare(Offboarding, Request{Connection: "rt", RequestID: "R1", Joiner: anna, For: anna})
	for _, want := range []string{"leaver: missing", "joiner, manager, start_at: only an onboarding", "for: only a fulfilment"} {
		require.ErrorContains(t, err, want)
	}
}
