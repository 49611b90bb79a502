package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"deskbridge/activities"
	"deskbridge/internal/desksim"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/workflows"
)

// path is one way that a run can take; play returns the workflows whose histories are kept.
type path struct {
	name string
	play func(ctx context.Context, r *recorder) ([]string, error)
}

var anna = workflows.Person{Login: "anna", Email: "anna@example.test", DisplayName: "Anna Nowak", Known: []string{"anna"}}

func ticketStep(id string) workflows.Step {
	return workflows.Step{ID: id, Ticket: &workflows.TicketRequest{Subject: "Sample " + id, Body: "Please."}}
}

var paths = []path{
	{"resolved", onboarding(func(_ context.Context, r *recorder, number int) error { return r.desk.SetStatus(number, "resolved") })},
	{"rejected", onboarding(func(_ context.Context, r *recorder, number int) error { return r.desk.SetStatus(number, "rejected") })},
	{"vanished", onboarding(func(_ context.Context, r *recorder, number int) error { return r.desk.Delete(number) })},
	{"reopened", onboarding(func(ctx context.Context, r *recorder, number int) error {
		if err := r.desk.SetStatus(number, "resolved"); err != nil {
			return err
		}
		if _, err := r.view(ctx, r.key(), func(v workflows.View) bool { return v.Phase == workflows.PhaseWatching }); err != nil {
			return err
		}
		if err := r.desk.SetStatus(number, "open"); err != nil {
			return err
		}
		if _, err := r.view(ctx, r.key(), func(v workflows.View) bool { return v.Phase == workflows.PhaseWaiting }); err != nil {
			return err
		}
		return r.desk.SetStatus(number, "resolved")
	})},
	{"merged", onboarding(func(ctx context.Context, r *recorder, number int) error {
		other, err := r.ticket(ctx, "merge-target", workflows.TicketRequest{Subject: "The other one"})
		if err != nil {
			return err
		}
		if err := r.desk.Merge(number, other); err != nil {
			return err
		}
		if _, err := r.view(ctx, r.key(), func(v workflows.View) bool { return v.Number == strconv.Itoa(other) }); err != nil {
			return err
		}
		return r.desk.SetStatus(other, "resolved")
	})},
	{"cancelled", onboarding(func(ctx context.Context, r *recorder, _ int) error {
		return r.update(ctx, names.Cancel, workflows.CancelArgs{Note: "Not needed any more."})
	})},
	{"written", onboarding(func(ctx context.Context, r *recorder, number int) error {
		if err := r.update(ctx, names.AddNote, workflows.NoteArgs{Body: "Any news?"}); err != nil {
			return err
		}
		if err := r.desk.Write(number, desksim.Public, "We look into it."); err != nil {
			return err
		}
		if err := r.update(ctx, names.Refresh); err != nil {
			return err
		}
		return r.update(ctx, names.CloseTicket, workflows.CloseArgs{Note: "Solved."})
	})},
	{"continued-as-new", onboarding(func(ctx context.Context, r *recorder, number int) error {
		for i := range 12 {
			if err := r.update(ctx, names.AddNote, workflows.NoteArgs{Body: fmt.Sprintf("Note %d", i)}); err != nil {
				return err
			}
		}
		return r.desk.SetStatus(number, "resolved")
	})},
	{"fell-back", fellBack},
	{"log-only", logOnly},
	{"mended", mended},
	{"check", check},
	{"left", left},
	{"synced", synced},
	{"watch", func(context.Context, *recorder) ([]string, error) { return []string{names.Watch("desk")}, nil }},
}

// key is the key of the ticket of the path that is played.
func (r *recorder) key() string { return r.requestID + "/laptop" }

// onboarding plays an onboarding with a ticket and an action; work is what happens to the ticket.
func onboarding(work func(ctx context.Context, r *recorder, number int) error) func(context.Context, *recorder) ([]string, error) {
	return func(ctx context.Context, r *recorder) ([]string, error) {
		id := r.requestID
		action := workflows.Step{ID: "hand-out", Needs: []string{"laptop"}, Action: &workflows.ActionStep{Target: "good"}}
		run, err := r.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: names.Onboarding("desk", id), TaskQueue: names.TaskQueue}, "Onboarding",
			workflows.OnboardingInput{Connection: r.connection, RequestID: id, Joiner: anna, Steps: []workflows.Step{ticketStep("laptop"), action}})
		if err != nil {
			return nil, err
		}
		number, err := r.number(ctx, r.key())
		if err != nil {
			return nil, err
		}
		if err := work(ctx, r, number); err != nil {
			return nil, err
		}
		if err := run.Get(ctx, nil); err != nil {
			return nil, err
		}
		ticket := names.Ticket("desk", providers.Key(r.key()))
		return []string{run.GetID(), ticket}, r.client.GetWorkflow(ctx, ticket, "").Get(ctx, nil)
	}
}

func (r *recorder) number(ctx context.Context, key string) (int, error) {
	view, err := r.view(ctx, key, func(v workflows.View) bool { return v.Phase != workflows.PhaseLogging })
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(view.Number)
}

// ticket logs a ticket of its own.
func (r *recorder) ticket(ctx context.Context, id string, request workflows.TicketRequest) (int, error) {
	key := providers.Key(id + "/ticket")
	_, err := r.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: names.Ticket("desk", key), TaskQueue: names.TaskQueue}, "Ticket",
		workflows.TicketInput{Connection: r.connection, Key: key, Requester: anna, Request: request})
	if err != nil {
		return 0, err
	}
	return r.number(ctx, string(key))
}

func (r *recorder) update(ctx context.Context, name string, args ...any) error {
	handle, err := r.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: "ticket/desk/" + r.key(), UpdateName: name, Args: args, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}

func fellBack(ctx context.Context, r *recorder) ([]string, error) {
	id := r.requestID
	bad := workflows.Step{
		ID: "account", Action: &workflows.ActionStep{Target: "bad"},
		OnFailure: workflows.FallBack, Fallback: &workflows.TicketRequest{Subject: "By hand"},
	}
	run, err := r.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: names.Fulfilment("desk", id), TaskQueue: names.TaskQueue}, "Fulfilment",
		workflows.FulfilmentInput{Connection: r.connection, RequestID: id, Requester: anna, Steps: []workflows.Step{bad}})
	if err != nil {
		return nil, err
	}
	key := id + "/account.fallback"
	number, err := r.number(ctx, key)
	if err != nil {
		return nil, err
	}
	if err := r.desk.SetStatus(number, "resolved"); err != nil {
		return nil, err
	}
	return []string{run.GetID(), "ticket/desk/" + key}, run.Get(ctx, nil)
}

func logOnly(ctx context.Context, r *recorder) ([]string, error) {
	id := r.requestID
	connection := r.connection
	connection.Level = providers.LevelLogOnly
	steps := []workflows.Step{ticketStep("laptop")}
	run, err := r.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: names.Fulfilment("desk", id), TaskQueue: names.TaskQueue}, "Fulfilment",
		workflows.FulfilmentInput{Connection: connection, RequestID: id, Requester: anna, Steps: steps})
	if err != nil {
		return nil, err
	}
	return []string{run.GetID(), "ticket/desk/" + r.key()}, run.Get(ctx, nil)
}

// mended is a ticket that a person must mend something for.
func mended(ctx context.Context, r *recorder) ([]string, error) {
	key := providers.Key(r.key())
	run, err := r.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: names.Ticket("desk", key), TaskQueue: names.TaskQueue}, "Ticket",
		workflows.TicketInput{Connection: r.connection, Key: key, Requester: anna, Request: workflows.TicketRequest{Subject: "Bare", Queue: "Bare"}})
	if err != nil {
		return nil, err
	}
	if _, err := r.view(ctx, string(key), func(v workflows.View) bool { return v.Attention != "" }); err != nil {
		return nil, err
	}
	if err := r.desk.AddField("Bare", "ExternalID"); err != nil {
		return nil, err
	}
	if err := r.update(ctx, names.Refresh); err != nil {
		return nil, err
	}
	number, err := r.number(ctx, string(key))
	if err != nil {
		return nil, err
	}
	if err := r.desk.SetStatus(number, "resolved"); err != nil {
		return nil, err
	}
	return []string{run.GetID()}, run.Get(ctx, nil)
}

// left is an offboarding that supersedes an onboarding of the same person.
func left(ctx context.Context, r *recorder) ([]string, error) {
	gone := workflows.Person{Login: "gone", Email: "gone@example.test", DisplayName: "Gone", Known: []string{"gone"}}
	joiner, err := r.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: names.Onboarding("desk", r.requestID), TaskQueue: names.TaskQueue,
		TypedSearchAttributes: temporal.NewSearchAttributes(names.Connection.ValueSet("desk"), names.People.ValueSet(gone.Known)),
	}, "Onboarding", workflows.OnboardingInput{Connection: r.connection, RequestID: r.requestID, Joiner: gone, Steps: []workflows.Step{ticketStep("laptop")}})
	if err != nil {
		return nil, err
	}
	if _, err := r.number(ctx, r.key()); err != nil {
		return nil, err
	}
	time.Sleep(2 * time.Second) // until the onboarding is listed
	id := r.requestID + "-off"
	run, err := r.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: names.Offboarding("desk", id), TaskQueue: names.TaskQueue}, "Offboarding",
		workflows.OffboardingInput{Connection: r.connection, RequestID: id, Leaver: gone})
	if err != nil {
		return nil, err
	}
	var result workflows.FulfilmentResult
	if err := errors.Join(run.Get(ctx, nil), joiner.Get(ctx, &result)); err != nil || result.Superseded == "" {
		return nil, fmt.Errorf("the onboarding was not superseded: %w", err)
	}
	return []string{run.GetID(), joiner.GetID(), names.Ticket("desk", providers.Key(r.key())), names.User("desk", "gone")}, nil
}

// synced is a list of users that is applied, and a call that finds one of them.
func synced(ctx context.Context, r *recorder) ([]string, error) {
	list, err := activities.StoreUsers(ctx, r.files, []activities.WantedUser{
		{Person: workflows.Person{Login: "new", DisplayName: "New", Known: []string{"new"}}}, {Person: workflows.Person{Login: "gone"}, Leaves: true},
	})
	if err != nil {
		return nil, err
	}
	run, err := r.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: names.UserSync("desk", r.requestID), TaskQueue: names.TaskQueue}, "UserSync",
		workflows.UserSyncInput{Connection: r.connection, SyncID: r.requestID, List: list, Count: 2, Mode: workflows.SyncApply, Limits: workflows.DefaultSyncLimits})
	if err != nil {
		return nil, err
	}
	call, err := r.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: names.UserCall("desk", r.requestID), TaskQueue: names.TaskQueue}, "UserCall",
		workflows.UserCall{Connection: r.connection, Find: &providers.UserQuery{By: providers.ByLogin, Value: "gone"}})
	if err != nil {
		return nil, err
	}
	return []string{run.GetID(), call.GetID()}, errors.Join(run.Get(ctx, nil), call.Get(ctx, nil))
}

func check(ctx context.Context, r *recorder) ([]string, error) {
	run, err := r.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: names.Check("desk"), TaskQueue: names.TaskQueue}, "ConnectionCheck", "desk")
	if err != nil {
		return nil, err
	}
	var found activities.CheckResult
	return []string{run.GetID()}, run.Get(ctx, &found)
}
