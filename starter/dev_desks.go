package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"deskbridge/internal/desksim"
	"deskbridge/internal/devstack"
	"deskbridge/internal/payloads"
	"deskbridge/providers/activate"
	"deskbridge/starter/internal/api"
)

// devDeskNames lists the desks that dev can simulate.
func devDeskNames() string {
	var names []string
	for _, vendor := range desksim.Vendors() {
		names = append(names, string(vendor))
	}
	return strings.Join(names, ", ")
}

// devConfiguration is written at each start.
const devConfiguration = `# Written by "starter dev" at each start.
files: file://%[2]s/files
key: file:%[2]s/key
payload_keys: file:%[2]s/payload.keys
api: {url: %[8]s, temporal_ui: [%[9]s]}
portal: {link_valid: 24h, session: 24h}
connections:
  %[1]s:
    desk: %[1]s
    level: full
    queue: Support
    settings: %[3]s
    statuses: %[4]s
    close_status: %[5]s
    cancel_status: %[6]s
    reopen_window: 24h
    poll: {fastest: 2s, slowest: 5s, sweep: 15s, overlap: 10s}
    callback: activate
    protected: [deskbridge, agent]
    webhook: {header: X-Webhook-Secret, secret: "file:%[2]s/webhook.secret"}
targets:
  mailbox: {url: %[7]s/target/mailbox}
callbacks:
  activate: {url: %[7]s/target/callbacks, secret: "file:%[2]s/callback.secret"}
`

// prepareAPI finds a port for the API and makes the token for it.
func (d *dev) prepareAPI() error {
	port, err := devstack.Port(8080)
	if err != nil {
		return err
	}
	d.api = fmt.Sprintf("http://127.0.0.1:%d", port)
	token, err := d.secret("api.token", rand.Text())
	d.codec = api.Static{Token: token}.CodecPath()
	return err
}

// writeConfiguration makes the secrets that are not there yet and writes
// the configuration that joins all parts.
func (d *dev) writeConfiguration(address string) error {
	if d.api == "" { // the Temporal server is not ours
		if err := d.prepareAPI(); err != nil {
			return err
		}
	}
	signing := make([]byte, 32)
	if _, err := rand.Read(signing); err != nil {
		return err
	}
	for name, value := range map[string]string{
		"key": rand.Text() + rand.Text(), "webhook.secret": rand.Text(),
		"callback.secret": "whsec_" + base64.StdEncoding.EncodeToString(signing),
	} {
		if _, err := d.secret(name, value); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(d.folder, "payload.keys")); errors.Is(err, os.ErrNotExist) {
		keys, err := payloads.NewKeys()
		if err != nil {
			return err
		}
		if err := keys.WriteNew(filepath.Join(d.folder, "payload.keys")); err != nil {
			return err
		}
	}
	d.configPath = filepath.Join(d.folder, "deskbridge.yaml")
	settings := fmt.Sprintf(d.sample.Settings, address, "file:"+d.folder+"/desk.token")
	content := fmt.Sprintf(devConfiguration, d.connection, d.folder, settings, d.sample.Mapping(), d.sample.Done[0], d.sample.Cancel(), d.desk, d.api, d.ui)
	return os.WriteFile(d.configPath, []byte(content), 0o600)
}

// startAPI serves the HTTP API and the portal from this process.
func (d *dev) startAPI(ctx context.Context) (stop func(), err error) {
	log, err := os.OpenFile(filepath.Join(d.folder, "api.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		logger := slog.New(slog.NewJSONHandler(log, nil))
		done <- d.serve(ctx, strings.TrimPrefix(d.api, "http://"), filepath.Join(d.folder, "api.token"), logger)
	}()
	stop = func() {
		cancel()
		if err := <-done; err != nil {
			d.say("the API stopped: %v", err)
		}
		_ = log.Close()
	}
	if err := awaitOK(ctx, d.api+"/readyz"); err != nil {
		stop()
		return nil, fmt.Errorf("the API does not get ready: %w; see %s", err, log.Name())
	}
	return stop, nil
}

// portalLink asks the API for a link to the sample joiner's tickets, as Activate does.
func (d *dev) portalLink(ctx context.Context) (string, error) {
	token, err := os.ReadFile(filepath.Join(d.folder, "api.token"))
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.api+"/v1/portal-links", strings.NewReader(`{"person": {"login": "anowak"}}`))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	var made api.PortalLink
	if err := json.NewDecoder(answer.Body).Decode(&made); err != nil || made.URL == "" {
		return "", fmt.Errorf("the API made no link: HTTP %d", answer.StatusCode)
	}
	return made.URL, nil
}

// callback plays Activate: it takes what it is told if the signature is right.
func (d *dev) callback(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	secret, secretErr := os.ReadFile(filepath.Join(d.folder, "callback.secret"))
	if err != nil || secretErr != nil {
		http.Error(w, "unreadable", http.StatusInternalServerError)
		return
	}
	verifier, err := standardwebhooks.NewWebhook(string(secret))
	var event activate.Event
	if err != nil || verifier.Verify(body, r.Header) != nil || json.Unmarshal(body, &event) != nil {
		http.Error(w, "the signature is wrong", http.StatusUnauthorized)
		return
	}
	d.say("callback: %s %s", event.Type, strings.TrimSpace(event.Data.Ticket+" "+event.Data.Outcome))
}
