package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"deskbridge/internal/names"
	"deskbridge/providers"
)

// NewUser asks for a person to be created at a desk unless somebody matches by then.
type NewUser struct {
	Connection string
	Person     Person
	// Workflow is the name of the workflow that creates people, one at a time for one person.
	// Input is its input.
	Workflow string
	Input    json.RawMessage
}

// CreateUserOnce creates a person by the one workflow that may, or waits for the one that runs: as
// many onboardings of one person as there are make one user, also at desks that accept duplicates.
func (c *Common) CreateUserOnce(ctx context.Context, user NewUser) (EnsuredUser, error) {
	return createUserOnce(ctx, c.Client, user)
}

func createUserOnce(ctx context.Context, server client.Client, user NewUser) (EnsuredUser, error) {
	const op = "create user"
	if len(user.Person.Known) == 0 {
		return EnsuredUser{}, fmt.Errorf("%s: %w: the request came without hashes of the person's identities", op, providers.Invalid)
	}
	run, err := server.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: names.User(user.Connection, user.Person.Known[0]), TaskQueue: names.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "Creates one person at " + user.Connection,
		TypedSearchAttributes:    connectionAttribute(user.Connection),
	}, user.Workflow, user.Input)
	if err != nil {
		return EnsuredUser{}, fmt.Errorf("%s: %w: the Temporal server does not take it", op, providers.Unavailable)
	}
	var ensured EnsuredUser
	err = run.Get(ctx, &ensured)
	var application *temporal.ApplicationError
	switch {
	case err == nil:
		return ensured, nil
	case ctx.Err() != nil:
		return EnsuredUser{}, ctx.Err()
	case errors.As(err, &application):
		return EnsuredUser{}, &providers.Error{
			Kind: providers.Kind(application.Type()), Desk: user.Connection, Op: op, Err: errors.New(application.Message()),
		}
	}
	return EnsuredUser{}, fmt.Errorf("%s: %w: the workflow that creates the person did not end well", op, providers.Unavailable)
}

// Leaver is somebody whose onboardings that still go on are superseded by an offboarding.
type Leaver struct {
	Connection string
	// Known are the keyed hashes of the person's identities.
	Known []string
	// By is the workflow ID of the offboarding.
	By string
}

// SupersedeJoiners ends the onboardings of a person that still go on, and returns their workflow
// IDs once they have ended at the desk too. The same offboarding supersedes each once.
func (c *Common) SupersedeJoiners(ctx context.Context, leaver Leaver) ([]string, error) {
	if len(leaver.Known) == 0 {
		return nil, nil
	}
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: fmt.Sprintf(
		"WorkflowType = 'Onboarding' AND ExecutionStatus = 'Running' AND %s = '%s' AND %s IN ('%s')",
		names.Connection.GetName(), leaver.Connection, names.People.GetName(), strings.Join(leaver.Known, "','"))}
	listed, err := c.Client.ListWorkflow(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("supersede: %w: the Temporal server does not answer", providers.Unavailable)
	}
	var superseded []string
	for _, run := range listed.GetExecutions() {
		id := run.GetExecution().GetWorkflowId()
		handle, err := c.Client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
			WorkflowID: id, UpdateID: "superseded-by-" + leaver.By, UpdateName: names.Supersede,
			Args: []any{leaver.By}, WaitForStage: client.WorkflowUpdateStageCompleted,
		})
		if err == nil {
			err = handle.Get(ctx, nil)
		}
		var gone *serviceerror.NotFound
		switch {
		case errors.As(err, &gone): // it ended meanwhile
		case err != nil:
			return nil, fmt.Errorf("supersede: %w: the onboarding has not ended yet", providers.Unavailable)
		default:
			superseded = append(superseded, id)
		}
	}
	return superseded, nil
}
