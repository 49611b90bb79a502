package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/workflows"
)

const served = `
key: env:KEY
connections:
  rt:
    desk: rt
    queue: Support
    settings: {url: "https://rt.example.com", token: env:RT_TOKEN}
    statuses: {new: waiting, resolved: completed, rejected: rejected}
    close_status: resolved
    cancel_status: rejected
`

func TestWhatTheServiceNeedsIsCheckedWithItsLine(t *testing.T) {
	for addition, want := range map[string]string{
		"api: {url: nowhere}":                                                              `test.yaml:11: api.url: "nowhere"; want an address`,
		"api: {oidc: {issuer: 'https://x.example'}}":                                       "test.yaml:11: api.oidc.audience: missing",
		"api: {oidc: {audience: x}}":                                                       "api.oidc.issuer:",
		"api: {oidc: {isuer: x}}":                                                          `unknown key "isuer"; want one of issuer, audience, roles_claim`,
		"portal: {frame_ancestors: ['https://a.example; *']}":                              "portal.frame_ancestors:",
		"portal: {link_valid: -1s}":                                                        "portal: link_valid and session",
		"callbacks: {activate: {url: x}}":                                                  "test.yaml:11: callbacks.activate.url: want an address",
		"plans: {p: {steps: []}}":                                                          "test.yaml:11: plans.p: steps: none",
		"plans: {p: {steps: [{id: a, action: {target: t}}]}}":                              `plans.p: steps[0] "a": action: target: the configuration has no target "t"`,
		"plans: {p: {steps: [{id: a, ticket: {subject: '{{'}}]}}":                          "plans.p: steps[0] \"a\": ticket: subject: this is no template",
		"plans: {p: {steps: [{id: a, ticket: {subject: '{{.person.nme}}'}}]}}":             "it names something that the request does not have",
		"plans: {p: {steps: [{id: a, ticket: {subject: s, attach: [x]}}]}}":                "a plan has no files",
		"plans: {p: {steps: [{id: a, ticket: {subject: '{{.person.attributes.site}}'}}]}}": "",
	} {
		_, err := Parse("test.yaml", []byte(served+addition))
		if want == "" {
			require.NoError(t, err, addition)
			continue
		}
		require.ErrorContains(t, err, want, addition)
	}
	for addition, want := range map[string]string{
		"callback: nobody":         `there is no callback "nobody"`,
		"protected: ['[']":         `"[" is no pattern`,
		"authoritative: [phone]":   `"phone" is no field; want some of display_name, email, login, attributes`,
		"end_users_may: [delete]":  `want some of note, attach, close`,
		"webhook: {}":              "webhook.secret: missing",
		"webhook: {secret: env:X}": "webhook: want either header",
		"webhook: {secret: env:X, header: H, timestamp: T}": "only used with signature",
	} {
		_, err := Parse("test.yaml", []byte(strings.Replace(served, "    queue:", "    "+addition+"\n    queue:", 1)))
		require.ErrorContains(t, err, want, addition)
	}
	_, err := Parse("test.yaml", []byte(strings.Replace(served, "env:KEY", "hunter2", 1)))
	require.ErrorContains(t, err, "key: a secret is given by reference")
	require.NotContains(t, err.Error(), "hunter2")
}

func FuzzAPlanFillsInOrSaysWhy(f *testing.F) {
	f.Add("{{.person.login}}", "anna")
	f.Add("{{range .person}}{{.}}{{end}}", "{{.x}}")
	f.Fuzz(func(t *testing.T, text, login string) {
		plan := Plan{Steps: []workflows.Step{{ID: "a", Ticket: &workflows.TicketRequest{Subject: text}}}}
		steps, err := plan.Expand(Subject{Person: workflows.Person{Login: login}})
		if err != nil {
			require.ErrorContains(t, err, `steps[0] "a": ticket: subject: `)
			return
		}
		if text == "{{.person.login}}" {
			require.Equal(t, login, steps[0].Ticket.Subject)
		}
		if !strings.Contains(text, "{{") {
			require.Equal(t, text, steps[0].Ticket.Subject)
		}
	})
}
