package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

const goodConfig = `
payload_keys: none
connections:
  rt:
    desk: rt
    queue: Support
    settings: {url: "https://rt.example.com", token: env:RT_TOKEN}
    statuses: {new: waiting, resolved: completed, rejected: rejected}
    close_status: resolved
    cancel_status: rejected
  bare:
    desk: rt
    level: log-only
    settings: {url: "https://rt.example.com", token: env:RT_TOKEN}
`

// call runs a command of the starter in a folder with a configuration and a request.
func call(t *testing.T, config, request string, args ...string) (string, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1") // whatever gets that far fails otherwise
	require.NoError(t, os.WriteFile("deskbridge.yaml", []byte(config), 0o600))
	require.NoError(t, os.WriteFile("request.yaml", []byte(request), 0o600))
	root := newRoot()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestABadRequestIsRefusedWithEveryMistakeBeforeAnythingIsAsked(t *testing.T) {
	for name, c := range map[string]struct {
		command, request string
		want             []string
	}{
		"unknown keys and wrong types": {"onboard", "conection: rt\nsteps:\n  - {id: a, wait: {for: soon}}\n", []string{
			`request.yaml:1: unknown key "conection"`, "request.yaml:3: `soon` is wrong here; want a duration",
		}},
		"names and steps": {"onboard", "connection: nowhere\nrequest_id: a b\nsteps:\n  - {id: a, needs: [a, b], ticket: {subject: s}}\n", []string{
			"joiner: missing", `no connection "nowhere"`, `request_id: "a b"`, "it needs itself", `no step "b"`,
		}},
		"people and queues": {"onboard", "connection: bare\nrequest_id: R1\njoiner: {display_name: Anna}\nmanager: {email: x@example.test}\nsteps:\n  - {id: a, ticket: {subject: s}}\n", []string{
			"joiner: give at least one of employee_number, login and email", "manager: display_name: missing", "queue: missing; connection bare has no default queue",
		}},
		"fields of another kind": {"fulfil", "connection: rt\nrequest_id: R1\nrequester: {email: a@example.test, display_name: A}\njoiner: {email: b@example.test}\nsteps:\n  - {id: a, action: {target: t}}\n", []string{
			"only an onboarding has them", `no target "t"`,
		}},
		"a file that is not there": {"fulfil", "connection: rt\nrequest_id: R1\nrequester: {email: a@example.test, display_name: A}\nsteps:\n  - {id: a, ticket: {subject: s, attach: [nothing.pdf]}}\n", []string{
			"step a: attach:", "nothing.pdf",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := call(t, goodConfig, c.request, c.command, "--file", "request.yaml")
			require.Error(t, err)
			require.Equal(t, exitUsage, exitCode(err), "%v", err)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestWrongUseHasItsOwnExitCode(t *testing.T) {
	for _, args := range [][]string{{"list", "--output", "xml"}, {"list", "--nope"}, {"list", "--connection", "a'b"}, {"connections", "check", "nowhere"}} {
		_, err := call(t, goodConfig, "", args...)
		require.Equal(t, exitUsage, exitCode(err), "%v: %v", args, err)
	}
	_, err := call(t, "connections: {}", "", "connections", "check")
	require.Equal(t, exitUsage, exitCode(err))
	_, err = call(t, goodConfig, "", "list")
	require.ErrorContains(t, err, "no server at 127.0.0.1:1")
	require.ErrorContains(t, err, "go run ./starter dev")
	require.Equal(t, exitFailed, exitCode(err))
}
