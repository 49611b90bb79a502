// Package browser looks at the pages that people use, in a real Chromium: the simulated desk's
// agent page and the run in the Temporal UI. `make browser` starts them with `starter dev`.
package browser

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// page is one tab of the browser.
type page struct {
	context.Context
	t        *testing.T
	pictures string
}

func open(t *testing.T, width, height int, dark bool) *page {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox, chromedp.WindowSize(width, height),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("force-dark-mode", dark), chromedp.UserDataDir(t.TempDir()))
	if dark {
		options = append(options, chromedp.Flag("blink-settings", "preferredColorScheme=0"))
	}
	allocated, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	tab, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	tab, cancel = context.WithTimeout(tab, 2*time.Minute)
	t.Cleanup(cancel)
	return &page{tab, t, environment(t, "BROWSER_PICTURES")}
}

func environment(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Skip("`make browser` starts what this looks at")
	}
	return value
}

func (p *page) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p, actions...))
}

func (p *page) visit(address string) {
	p.t.Helper()
	p.do(chromedp.Navigate(address), chromedp.WaitReady("body"))
}

func (p *page) picture(name string) {
	p.t.Helper()
	content, err := chromedp.Run(p, chromedp.FullScreenshot(100))
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(filepath.Join(p.pictures, name+".png"), content, 0o600))
}

// readAll is a page's text, with that of its frames: the Temporal UI shows details in one.
const readAll = `document.body.innerText + [...document.querySelectorAll('iframe')].map(f => {
	const text = f.contentDocument ? f.contentDocument.body.innerText : '';
	return text || new DOMParser().parseFromString(f.srcdoc, 'text/html').body.textContent;
}).join(' ')`

// reads waits until the page shows all these texts.
func (p *page) reads(texts ...string) {
	p.t.Helper()
	shown := ""
	for range 300 {
		// A page that is being loaded has no text yet; it is asked again.
		shown, _ = chromedp.Run(p, chromedp.Evaluate[string](readAll))
		missing := false
		for _, text := range texts {
			missing = missing || !strings.Contains(shown, text)
		}
		if !missing {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	p.picture("failed")
	require.Fail(p.t, "the page does not show what it should", "%q in:\n%s", texts, shown)
}

// tab opens a tab of a run's page by its name in lower case.
func (p *page) tab(name string) {
	p.t.Helper()
	p.run(`[...document.querySelectorAll('[role=tab], a')].find(e => e.textContent.trim().toLowerCase().startsWith('` + name + `')).click()`)
}

// run runs a statement in the page.
func (p *page) run(statement string) {
	p.t.Helper()
	_, err := chromedp.Run(p, chromedp.Evaluate[bool](`(() => { `+statement+`; return true })()`))
	require.NoError(p.t, err)
}

func TestTheRunReadsWellInTheTemporalUI(t *testing.T) {
	desk, ui, run := environment(t, "BROWSER_DESK"), environment(t, "BROWSER_UI"), environment(t, "BROWSER_RUN")
	request := strings.TrimPrefix(run, "onboarding/rt/")
	namespace := ui + "/namespaces/default/workflows"

	agent := open(t, 1100, 900, false)
	agent.visit(desk)
	agent.reads("Simulated service desk", "Laptop for Anna Nowak", "Anna Nowak <anna.nowak@example.test>")
	agent.picture("agent-queue")
	agent.run(`document.querySelector('a[href="/ticket/1"]').click()`)
	agent.reads("Please prepare a laptop", request+"/laptop")

	// A person finds the run by the ticket's number, and reads what it waits for.
	operator := open(t, 1500, 1100, false)
	operator.visit(namespace + "?query=" + url.QueryEscape(`DeskbridgeTicketNumber="1"`))
	operator.reads("ticket/rt/" + request + "/laptop")
	operator.picture("temporal-found-by-ticket-number")
	operator.visit(namespace + "/" + url.PathEscape("ticket/rt/"+request+"/laptop"))
	operator.reads("ticket/rt/"+request+"/laptop", "Event History")
	operator.tab("event history")
	operator.reads("Workflow Execution Started")
	operator.picture("temporal-ticket-history")
	operator.tab("user metadata")
	operator.reads("Ticket for "+request+"/laptop at rt", "Waiting for the service desk", "status new")
	operator.picture("temporal-ticket-waits")
	operator.visit(namespace + "/" + url.PathEscape(run))
	operator.reads(run, "User Metadata")
	operator.tab("user metadata")
	operator.reads("Carrying out 2 steps", "laptop (ticket): running, ticket 1", "mailbox (action): pending")
	operator.picture("temporal-onboarding")

	// The agent works on the page as a person does.
	agent.run(`document.querySelector('textarea').value = 'Only a used one is left.'`)
	agent.run(`document.querySelector('button[value=internal]').click()`)
	agent.reads("Only a used one is left.")
	agent.run(`document.querySelector('textarea').value = 'Your laptop is ready.'`)
	agent.run(`document.querySelector('button[value=public]').click()`)
	agent.reads("Your laptop is ready.", "to the customer")
	agent.run(`document.querySelector('button[value=resolved]').click()`)
	agent.reads("open → resolved")
	agent.picture("agent-ticket")

	operator.reads("COMPLETED")
	operator.picture("temporal-onboarding-done")

	dark := open(t, 400, 900, true)
	dark.visit(desk + "/ticket/1")
	dark.reads("Laptop for Anna Nowak")
	dark.picture("agent-ticket-phone-dark")
}
