package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"deskbridge/internal/names"
)

// attention lists the runs that need a person, as an operator does.
func (w *world) attention(ctx context.Context) map[string]string {
	command := exec.CommandContext(ctx, filepath.Join(w.folder, "starter"), "--config", filepath.Join(w.folder, "deskbridge.yaml"), "list", "--attention", "--output", "json") //nolint:gosec // our own program
	command.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+w.address)
	out, err := command.Output()
	var listed []struct {
		WorkflowID string `json:"workflow_id"`
		Attention  string `json:"attention"`
	}
	if err == nil {
		err = json.Unmarshal(out, &listed)
	}
	if err != nil {
		return map[string]string{"starter list --attention": err.Error()}
	}
	found := map[string]string{}
	for _, run := range listed {
		found[run.WorkflowID] = run.Attention
	}
	return found
}

// searchCanaries looks for secrets, notes, names and addresses where none may be: in what the
// Temporal server stores and lists, in all logs and traces, and in what the programs tell of themselves.
func (w *world) searchCanaries(ctx context.Context) []string {
	flying := w.canaries()
	var found []string
	search := func(place string, content []byte) { found = append(found, flying.in(place, content)...) }
	for _, pattern := range []string{"*.log", "temporal.db*", tracesFile} {
		paths, _ := filepath.Glob(filepath.Join(w.folder, pattern))
		if len(paths) == 0 {
			found = append(found, "there is no "+pattern+" to search")
		}
		for _, path := range paths {
			content, err := os.ReadFile(path) //nolint:gosec // our own files
			if err != nil || len(content) == 0 {
				continue
			}
			search(filepath.Base(path), content)
		}
	}
	listed, err := w.listed(ctx)
	if err != nil {
		found = append(found, "the server's list cannot be read: "+err.Error())
	}
	search("the server's list", listed)
	for _, health := range w.health {
		if content, err := get(ctx, "http://"+health+"/metrics"); err == nil {
			search("metrics", content)
		} else {
			found = append(found, "the metrics cannot be read: "+err.Error())
		}
	}
	return found
}

// canaries are texts that may be nowhere, by what they are.
type canaries map[string]string

func (w *world) canaries() canaries {
	flying := canaries{
		"a note, file, subject, login or number": "canary", "an address": "@canary.test", "a name": "Canaria Person",
	}
	for name, secret := range w.secrets {
		flying[name] = secret
	}
	if content, err := os.ReadFile(filepath.Join(w.folder, "payload.keys")); err == nil {
		var keys struct {
			Key []struct{ KeyData struct{ Value string } }
		}
		_ = json.Unmarshal(content, &keys)
		for i, key := range keys.Key {
			flying[fmt.Sprintf("key %d of the keyset", i)] = key.KeyData.Value
		}
	}
	return flying
}

// in reports the canaries in a content, each once.
func (c canaries) in(place string, content []byte) []string {
	var found []string
	for name, canary := range c {
		if at := bytes.Index(content, []byte(canary)); at >= 0 {
			around := content[max(0, at-60):min(len(content), at+60)]
			found = append(found, fmt.Sprintf("%s in %s: %q", name, place, around))
		}
	}
	return found
}

// listed is what the Temporal server and its Web UI show of all runs to who has no keys.
func (w *world) listed(ctx context.Context) ([]byte, error) {
	connected, err := client.Dial(client.Options{HostPort: w.address})
	if err != nil {
		return nil, err
	}
	defer connected.Close()
	var all strings.Builder
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: names.Connection.GetName() + " IS NOT NULL", PageSize: 1000}
	for {
		page, err := connected.ListWorkflow(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, run := range page.GetExecutions() {
			all.WriteString(run.String())
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return []byte(all.String()), nil
		}
	}
}

func get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	return io.ReadAll(answer.Body)
}
