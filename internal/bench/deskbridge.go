package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"deskbridge/activities"
	"deskbridge/internal/config"
	"deskbridge/internal/devstack"
	"deskbridge/internal/parked"
	"deskbridge/internal/payloads"
	"deskbridge/workflows"
)

// ours is Deskbridge as it is run: encrypted, with its audit.
type ours struct {
	*host
	desk       *realDesk
	api, token string
	lot        parked.Lot
	stops      []func()
}

const token = "bench-token-bench-token-bench-token"

func (b *bench) newOurs(ctx context.Context, name string, interval time.Duration, cache int) (o *ours, err error) {
	keys, err := payloads.NewKeys()
	if err != nil {
		return nil, err
	}
	h, err := b.newHost(ctx, name, keys)
	if err != nil {
		return nil, err
	}
	o = &ours{host: h, token: token}
	defer func() {
		if err != nil {
			o.stop()
		}
	}()
	if o.desk, err = newRealDesk(ctx); err != nil {
		return o, err
	}
	o.stops = append(o.stops, o.desk.stop)
	target, stop, err := serve(ctx, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) }))
	if err != nil {
		return o, err
	}
	o.stops = append(o.stops, stop)
	port, err := devstack.Port(0)
	if err != nil {
		return o, err
	}
	o.api = fmt.Sprintf("http://127.0.0.1:%d", port)
	text := configurationOf(h.folder, o.api, target, o.desk, interval)
	for file, content := range map[string]string{"deskbridge.yaml": text, "key": strings.Repeat("k", 32), "desk.secret": deskSecret, "api.token": token} {
		if err := os.WriteFile(h.path(file), []byte(content), 0o600); err != nil {
			return o, err
		}
	}
	if err := keys.WriteNew(h.path("payload.keys")); err != nil {
		return o, err
	}
	loaded, err := config.Load(h.path("deskbridge.yaml"))
	if err != nil {
		return o, err
	}
	o.lot = parked.Lot{Client: h.client, Connection: loaded.Connections["rt"].Steering("rt")}
	o.lot.Connection.ReopenWindow = 0 // so that the end of the workflow is when it goes on
	if o.lot.Desk, err = loaded.Connections["rt"].NewDesk(); err != nil {
		return o, err
	}
	environment := []string{"TEMPORAL_ADDRESS=" + h.address}
	h.worker = devstack.NewProcess(h.path("worker.log"), b.worker, environment, "-config", h.path("deskbridge.yaml"), "-health", h.health, "-cache", strconv.Itoa(cache))
	if err := h.worker.Start(); err != nil {
		return o, err
	}
	return o, await(ctx, time.Minute, "the worker gets ready", func() bool { return answers(ctx, "http://"+h.health+"/readyz") })
}

// serveAPI starts the HTTP API.
func (o *ours) serveAPI(ctx context.Context, b *bench) error {
	serving := devstack.NewProcess(o.path("api.log"), b.starter, []string{"TEMPORAL_ADDRESS=" + o.address},
		"--config", o.path("deskbridge.yaml"), "serve", "--listen", strings.TrimPrefix(o.api, "http://"), "--static-token", o.path("api.token"))
	if err := serving.Start(); err != nil {
		return err
	}
	o.stops = append(o.stops, serving.Stop)
	return await(ctx, time.Minute, "the API gets ready", func() bool { return answers(ctx, o.api+"/readyz") })
}

func (o *ours) stop() {
	for i := range o.stops {
		o.stops[len(o.stops)-1-i]()
	}
	o.host.stop()
}

func answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode < 300
}

// watch lets the connection be polled from now on, and waits until the first sweep has read all; most
// of its time is the simulated desk's.
func (o *ours) watch(ctx context.Context) error {
	if err := sleep(ctx, 3*time.Second); err != nil { // more than the overlap, so that nothing parked counts as changed
		return err
	}
	watch, err := workflows.NewWatch(o.lot.Connection, time.Now())
	if err != nil {
		return err
	}
	if err := (&activities.Common{Client: o.client}).StartWatch(ctx, watch); err != nil {
		return err
	}
	const look = 5 * time.Second
	polls := 1 + int64(look/o.lot.Connection.Watch.Fastest)
	before := o.desk.calls.Load()
	return await(ctx, 20*time.Minute, "the first sweep ends", func() bool {
		if sleep(ctx, look) != nil {
			return false
		}
		calls := o.desk.calls.Load() - before
		before += calls
		return calls > 0 && calls <= polls
	})
}

// onboard asks for an onboarding by the HTTP API, as Activate does.
func (o *ours) onboard(ctx context.Context, i int) error {
	body, err := json.Marshal(map[string]any{
		"connection": "rt", "request_id": fmt.Sprintf("B%06d", i),
		"joiner": map[string]any{"employee_number": fmt.Sprintf("E%06d", i), "login": fmt.Sprintf("joiner%06d", i), "email": fmt.Sprintf("joiner%06d@example.test", i), "display_name": "Anna Nowak"},
		"steps": []any{
			map[string]any{"id": "laptop", "ticket": map[string]any{"subject": "Laptop for Anna Nowak", "body": "Please prepare one."}},
			map[string]any{"id": "mailbox", "needs": []string{"laptop"}, "action": map[string]any{"target": "mailbox", "arguments": map[string]any{"login": "anowak"}}},
		},
	})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, o.api+"/v1/onboardings", strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+o.token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusAccepted {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("the API answers %d: %s", answer.StatusCode, text)
	}
	return nil
}
