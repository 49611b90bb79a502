package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/starter/internal/service"
	"deskbridge/workflows"
)

// sample is the onboarding that dev shows.
func sample(connection, requestID string) service.Request {
	return service.Request{
		Connection: connection, RequestID: requestID,
		Joiner: &workflows.Person{EmployeeNumber: "E-1001", Login: "anowak", Email: "anna.nowak@example.test", DisplayName: "Anna Nowak"},
		Steps: []workflows.Step{
			{ID: "laptop", Ticket: &workflows.TicketRequest{
				Kind: providers.Request, Subject: "Laptop for Anna Nowak",
				Body: "Anna Nowak joins the company.\nPlease prepare a laptop and hand it over on the first day.",
			}},
			{ID: "mailbox", Needs: []string{"laptop"}, Action: &workflows.ActionStep{Target: "mailbox", Arguments: map[string]any{"employee_number": "E-1001"}}},
		},
	}
}

// story onboards the sample joiner; with auto it plays the agent and ends with the run.
func (d *dev) story(ctx context.Context, auto bool) error {
	asked, err := d.service(ctx)
	if err != nil {
		return err
	}
	defer asked.Client.Close()
	requestID := "R-1001"
	if auto {
		requestID = "R-" + time.Now().UTC().Format("20060102-150405")
	}
	run, err := d.onboardSample(ctx, asked, requestID)
	if err != nil {
		return err
	}
	if err := d.welcome(ctx, run); err != nil {
		return err
	}
	follower := &follower{asked: asked, id: run.WorkflowID, out: writer{d}, said: map[string]bool{}}
	if auto {
		agent := make(chan error, 1)
		go func() { agent <- d.playAgent(ctx, asked, requestID) }()
		if err := follower.run(ctx); err != nil {
			return err
		}
		return <-agent
	}
	if err := follower.run(ctx); err != nil && ctx.Err() == nil {
		d.say("%v", err)
	}
	if ctx.Err() == nil {
		d.say("the onboarding has ended; everything goes on running until you press Ctrl-C")
		<-ctx.Done()
	}
	d.say("stopping; start it again and it goes on where it was")
	return nil
}

// writer lets other parts print between our own lines.
type writer struct{ dev *dev }

func (w writer) Write(p []byte) (int, error) {
	w.dev.mu.Lock()
	defer w.dev.mu.Unlock()
	return w.dev.out.Write(p)
}

func (d *dev) onboardSample(ctx context.Context, asked *service.Service, requestID string) (service.Started, error) {
	r := sample(d.connection, requestID)
	prepared, err := asked.Prepare(service.Onboarding, r)
	if err != nil {
		return service.Started{}, err
	}
	return asked.Start(ctx, service.Onboarding, r, prepared)
}

func (d *dev) welcome(ctx context.Context, run service.Started) error {
	portal, err := d.portalLink(ctx)
	if err != nil {
		return err
	}
	verb := "onboarding of a sample joiner was started"
	if run.Existing {
		verb = "onboarding of the sample joiner goes on from before"
	}
	d.say("the %s: %s", verb, run.WorkflowID)
	lines := []string{"", "  agent's page    " + d.desk, "  portal          " + portal}
	if d.ui != "" {
		lines = append(lines, "  Temporal UI     "+d.ui+"/namespaces/default/workflows/"+url.PathEscape(run.WorkflowID))
	}
	lines = append(lines,
		"  HTTP API        "+d.api+"/docs/ (token in "+filepath.Join(d.folder, "api.token")+")",
		"  Temporal        "+d.address,
		"  configuration   "+d.configPath,
		fmt.Sprintf("  worker          process %d, log %s", d.worker.PID(), filepath.Join(d.folder, "worker.log")),
		"",
		"  What to do next: open the agent's page, answer the ticket and resolve it; the automated step follows.",
		"  Kill the worker (kill -9) or stop all this and start it again: the ticket still waits.",
		"  In another terminal:",
		"    export TEMPORAL_ADDRESS="+d.address,
		"    go run ./starter --config "+d.configPath+" ticket view "+strings.TrimPrefix(run.WorkflowID, "onboarding/"+d.connection+"/")+"/laptop --connection "+d.connection,
		"")
	_, err = fmt.Fprintln(writer{d}, strings.Join(lines, "\n"))
	return err
}

// playAgent does what a person would do on the agent's page.
func (d *dev) playAgent(ctx context.Context, asked *service.Service, requestID string) error {
	workflowID := names.Ticket(d.connection, providers.Key(requestID+"/laptop"))
	number, err := d.awaitTicket(ctx, asked, workflowID)
	if err != nil {
		return err
	}
	d.say("wait: the run waits for ticket %s; the agent begins", number)
	tickets := d.sim.Tickets()
	onPage := strconv.Itoa(tickets[len(tickets)-1].ID) // the page's own number, which people at some desks do not see
	for _, act := range []struct {
		verb string
		form url.Values
	}{
		{"note", url.Values{"kind": {"internal"}, "body": {"Only a used one is left."}}},
		{"note", url.Values{"kind": {"public"}, "body": {"Your laptop is ready at the front desk."}}},
		{"status", url.Values{"status": {d.sample.Done[0]}}},
	} {
		if err := d.post(ctx, "/ticket/"+onPage+"/"+act.verb, act.form); err != nil {
			return err
		}
	}
	d.say("outcome: the agent answered and resolved ticket %s", number)
	return nil
}

func (d *dev) awaitTicket(ctx context.Context, asked *service.Service, workflowID string) (string, error) {
	for range 600 {
		if view, err := asked.View(ctx, workflowID); err == nil && view.Phase == workflows.PhaseWaiting {
			return view.Number, nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return "", errors.New("no ticket was logged within two minutes; see the worker's log")
}

func (d *dev) post(ctx context.Context, path string, form url.Values) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.desk+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("agent's page: %s: HTTP %d", path, answer.StatusCode)
	}
	return nil
}
