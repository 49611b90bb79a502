package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"gocloud.dev/blob"

	"deskbridge/activities"
	"deskbridge/internal/config"
	"deskbridge/internal/files"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/workflows"
)

// request is a request file of an onboarding or a fulfilment.
type request struct {
	Connection string            `yaml:"connection"`
	RequestID  string            `yaml:"request_id"`
	Joiner     *workflows.Person `yaml:"joiner"`
	Requester  *workflows.Person `yaml:"requester"`
	Manager    *workflows.Person `yaml:"manager"`
	StartAt    time.Time         `yaml:"start_at"`
	Steps      []workflows.Step  `yaml:"steps"`
}

func (a *app) onboardCommand() *cobra.Command {
	var path string
	command := &cobra.Command{
		Use: "onboard --file request.yaml", Short: "Start an onboarding", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.startRequest(cmd, path, func(connection workflows.Connection, r request) start {
				return start{
					id: names.Onboarding(connection.Name, r.RequestID), workflow: "Onboarding",
					input: workflows.OnboardingInput{
						Connection: connection, RequestID: r.RequestID, Joiner: *r.Joiner, Requester: r.Requester,
						Manager: r.Manager, StartAt: r.StartAt, Steps: r.Steps,
					},
				}
			}, func(r request) error {
				if r.Joiner == nil {
					return errors.New("joiner: missing; an onboarding needs one")
				}
				return workflows.ValidatePerson("joiner", *r.Joiner)
			})
		},
	}
	requireFile(command, &path)
	return command
}

func (a *app) fulfilCommand() *cobra.Command {
	var path string
	command := &cobra.Command{
		Use: "fulfil --file request.yaml", Short: "Start a fulfilment", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.startRequest(cmd, path, func(connection workflows.Connection, r request) start {
				return start{
					id: names.Fulfilment(connection.Name, r.RequestID), workflow: "Fulfilment",
					input: workflows.FulfilmentInput{Connection: connection, RequestID: r.RequestID, Requester: *r.Requester, Steps: r.Steps},
				}
			}, func(r request) error {
				switch {
				case r.Requester == nil:
					return errors.New("requester: missing; a fulfilment needs one")
				case r.Joiner != nil || r.Manager != nil || !r.StartAt.IsZero():
					return errors.New("joiner, manager, start_at: only an onboarding has them; remove them, or use onboard")
				}
				return nil
			})
		},
	}
	requireFile(command, &path)
	return command
}

func requireFile(command *cobra.Command, path *string) {
	command.Flags().StringVarP(path, "file", "f", "", "request file in YAML or JSON; - for standard input")
	_ = command.MarkFlagRequired("file")
}

// startRequest reads, checks and starts a request; nothing is started unless all of it is right.
func (a *app) startRequest(cmd *cobra.Command, path string, build func(workflows.Connection, request) start, check func(request) error) error {
	loaded, err := config.Load(a.configPath)
	if err != nil {
		return exitError{exitUsage, err}
	}
	r, err := readRequest(path)
	if err != nil {
		return exitError{exitUsage, err}
	}
	if err := errors.Join(check(r), r.validate(loaded)); err != nil {
		return exitError{exitUsage, fmt.Errorf("%s: %w", path, err)}
	}
	attach := attacher(cmd.Context(), loaded, filepath.Dir(path))
	for i := range r.Steps {
		if err := errors.Join(attach(r.Steps[i].Ticket), attach(r.Steps[i].Fallback)); err != nil {
			return exitError{exitUsage, fmt.Errorf("%s: step %s: %w", path, r.Steps[i].ID, err)}
		}
	}
	begin := build(loaded.Connections[r.Connection].Steering(r.Connection), r)
	begin.connection, begin.request, begin.content = r.Connection, r.RequestID, r
	return a.start(cmd, begin)
}

func readRequest(path string) (request, error) {
	var r request
	content, err := readFile(path)
	if err != nil {
		return r, err
	}
	return r, config.Decode(path, content, &r)
}

func readFile(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(path) //nolint:gosec // the caller names the file
}

// validate reports every mistake that the configuration shows.
func (r request) validate(loaded *config.Config) error {
	errs := []error{checkNames(loaded, r.Connection, r.RequestID)}
	for role, person := range map[string]*workflows.Person{"requester": r.Requester, "manager": r.Manager} {
		if person != nil {
			errs = append(errs, workflows.ValidatePerson(role, *person))
		}
	}
	errs = append(errs, workflows.ValidateSteps(r.Steps))
	for i, step := range r.Steps {
		if step.Action != nil && step.Action.Target != "" {
			if _, known := loaded.Targets[step.Action.Target]; !known {
				errs = append(errs, fmt.Errorf("steps[%d] %q: action: target: the configuration has no target %q", i, step.ID, step.Action.Target))
			}
		}
		if connection := loaded.Connections[r.Connection]; connection != nil && connection.Queue == "" {
			for what, ticket := range map[string]*workflows.TicketRequest{"ticket": step.Ticket, "fallback": step.Fallback} {
				if ticket != nil && ticket.Queue == "" {
					errs = append(errs, fmt.Errorf("steps[%d] %q: %s: queue: missing; connection %s has no default queue", i, step.ID, what, r.Connection))
				}
			}
		}
	}
	return errors.Join(errs...)
}

func checkNames(loaded *config.Config, connection, requestID string) error {
	var errs []error
	if _, known := loaded.Connections[connection]; !known {
		errs = append(errs, fmt.Errorf("connection: the configuration has no connection %q", connection))
	}
	if !providers.ValidID(requestID) {
		errs = append(errs, fmt.Errorf("request_id: %q; want 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first", requestID))
	}
	return errors.Join(errs...)
}

// attacher returns a function that stores the files of a ticket request.
func attacher(ctx context.Context, loaded *config.Config, folder string) func(*workflows.TicketRequest) error {
	var bucket *blob.Bucket
	return func(ticket *workflows.TicketRequest) error {
		if ticket == nil {
			return nil
		}
		for _, path := range ticket.Attach {
			if !filepath.IsAbs(path) {
				path = filepath.Join(folder, path)
			}
			if bucket == nil {
				var err error
				if bucket, err = files.Open(ctx, loaded.Files); err != nil {
					return err
				}
			}
			file, err := storeFile(ctx, bucket, path)
			if err != nil {
				return fmt.Errorf("attach: %w", err)
			}
			ticket.Files = append(ticket.Files, file)
		}
		return nil
	}
}

func storeFile(ctx context.Context, bucket *blob.Bucket, path string) (activities.File, error) {
	content, err := os.ReadFile(path) //nolint:gosec // the caller names the file
	if err != nil {
		return activities.File{}, err
	}
	contentType := mime.TypeByExtension(filepath.Ext(path))
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	return activities.StoreFile(ctx, bucket, filepath.Base(path), contentType, content)
}

// start is a workflow about to be started. Content is what makes two requests the same.
type start struct {
	id, workflow, connection, request string
	input, content                    any
}

// started is what the caller is told.
type started struct {
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id"`
	// Existing says that the same request was started before.
	Existing bool `json:"existing"`
}

func (a *app) start(cmd *cobra.Command, begin start) error {
	connected, err := a.dial(cmd.Context())
	if err != nil {
		return err
	}
	defer connected.Close()
	run, err := startOnce(cmd.Context(), connected, begin)
	if err != nil {
		return err
	}
	return a.print(cmd.OutOrStdout(), run, func(w io.Writer) {
		row(w, "WORKFLOW", "RUN", "")
		row(w, run.WorkflowID, run.RunID, map[bool]string{true: "was started before", false: "started"}[run.Existing])
	})
}

// startOnce starts a workflow unless the same request was: then it reports that run. The same ID
// with other content is a conflict.
func startOnce(ctx context.Context, connected client.Client, begin start) (started, error) {
	content, err := json.Marshal(begin.content)
	if err != nil {
		return started{}, err
	}
	sum := sha256.Sum256(content)
	digest := hex.EncodeToString(sum[:])
	run, err := connected.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: begin.id, TaskQueue: names.TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            begin.workflow + " " + begin.request + " at " + begin.connection,
		Memo:                                     map[string]any{names.MemoDigest: digest},
		TypedSearchAttributes:                    temporal.NewSearchAttributes(names.Connection.ValueSet(begin.connection), names.Request.ValueSet(begin.request)),
	}, begin.workflow, begin.input)
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	if !errors.As(err, &exists) {
		if err != nil {
			return started{}, fmt.Errorf("start %s: %w", begin.id, err)
		}
		return started{WorkflowID: run.GetID(), RunID: run.GetRunID()}, nil
	}
	described, err := connected.DescribeWorkflowExecution(ctx, begin.id, "")
	if err != nil {
		return started{}, fmt.Errorf("start %s: %w", begin.id, err)
	}
	var before string
	info := described.GetWorkflowExecutionInfo()
	_ = converter.GetDefaultDataConverter().FromPayload(info.GetMemo().GetFields()[names.MemoDigest], &before)
	if before != digest {
		return started{}, exitError{exitConflict, fmt.Errorf("%s: a request with this ID and other content was started before; send it unchanged, or use a new request_id", begin.id)}
	}
	return started{WorkflowID: begin.id, RunID: info.GetExecution().GetRunId(), Existing: true}, nil
}
