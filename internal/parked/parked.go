// Package parked lets many tickets wait without the cost of logging each through its request: for
// benchmarks and tests of what waiting costs.
package parked

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"golang.org/x/sync/errgroup"

	"deskbridge/activities"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/workflows"
)

// Lot is where tickets of one connection are parked.
type Lot struct {
	Client     client.Client
	Connection workflows.Connection
	Desk       providers.Desk

	user string
	next int
}

// Ticket is one that waits.
type Ticket struct {
	providers.Ticket
	WorkflowID string
}

// atOnce is the number of starts in flight.
const atOnce = 16

// Park makes n tickets at the desk and starts their workflows as they are after a continue-as-new:
// they wait.
func (l *Lot) Park(ctx context.Context, n int) ([]Ticket, error) {
	if l.user == "" {
		creator, err := providers.As[providers.UserCreator](l.Desk)
		if err != nil {
			return nil, err
		}
		user, err := creator.CreateUser(ctx, providers.NewUser{Login: "parker", Email: "parker@example.test", DisplayName: "Pat Parker"})
		if err != nil {
			return nil, fmt.Errorf("park tickets: %w", err)
		}
		l.user = user.ID
	}
	from := l.next
	l.next += n
	tickets := make([]Ticket, n)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range tickets {
		group.Go(func() (err error) {
			tickets[i], err = l.park(groupCtx, fmt.Sprintf("P%06d", from+i))
			return err
		})
	}
	return tickets, group.Wait()
}

func (l *Lot) park(ctx context.Context, requestID string) (Ticket, error) {
	key := providers.Key(requestID + "/laptop")
	request := workflows.TicketRequest{Kind: providers.Request, Subject: "Laptop for Pat Parker", Body: "Please prepare one.", Queue: "Support"}
	logged, err := l.Desk.CreateTicket(ctx, providers.NewTicket{Key: key, Kind: request.Kind, Subject: request.Subject, Body: request.Body, Queue: request.Queue, RequesterID: l.user})
	if err != nil {
		return Ticket{}, fmt.Errorf("park tickets: %w", err)
	}
	name := l.Connection.Name
	run, err := l.Client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: names.Ticket(name, key), TaskQueue: names.TaskQueue,
		TypedSearchAttributes: temporal.NewSearchAttributes(names.Connection.ValueSet(name), names.Request.ValueSet(requestID),
			names.Phase.ValueSet(workflows.PhaseWaiting), names.TicketID.ValueSet(logged.ID), names.TicketNumber.ValueSet(logged.Number),
			names.TicketStatus.ValueSet(logged.Status), names.TicketVersion.ValueSet(logged.Version())),
	}, "Ticket", workflows.TicketInput{
		Connection: l.Connection, Key: key, RequesterID: l.user, Request: request,
		State: &workflows.TicketState{Phase: workflows.PhaseWaiting, RequesterID: l.user, Ticket: activities.Ticket{Ticket: logged, State: providers.Waiting}},
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("park tickets: %w", err)
	}
	return Ticket{Ticket: logged, WorkflowID: run.GetID()}, nil
}
