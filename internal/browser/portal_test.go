package browser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// api calls the HTTP API as Activate does.
func api(t *testing.T, base, path string, body, into any) {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(environment(t, "BROWSER_STATE"), "api.token"))
	require.NoError(t, err)
	content, err := json.Marshal(body)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+path, bytes.NewReader(content))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+string(token))
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	require.Less(t, answer.StatusCode, 300)
	require.NoError(t, json.NewDecoder(answer.Body).Decode(into))
}

// portalLink is a link to somebody's tickets.
func portalLink(t *testing.T, base, login string) string {
	t.Helper()
	var made struct{ URL string }
	api(t, base, "/v1/portal-links", map[string]any{"person": map[string]string{"login": login}}, &made)
	return made.URL
}

func (p *page) text() string {
	p.t.Helper()
	text, err := chromedp.Run(p, chromedp.Evaluate[string](readAll))
	require.NoError(p.t, err)
	return text
}

// fill types into a field and says so to the page's script.
func (p *page) fill(selector, text string) {
	p.t.Helper()
	p.run(fmt.Sprintf(`const e = document.querySelector(%q); e.value = %q; e.dispatchEvent(new Event('input'))`, selector, text))
}

func TestAnEndUserLivesThroughATicketInThePortal(t *testing.T) {
	desk, base := environment(t, "BROWSER_DESK"), environment(t, "BROWSER_API")
	id := fmt.Sprintf("P-%d", time.Now().UnixNano())
	var started struct{}
	api(t, base, "/v1/tickets", map[string]any{
		"connection": "rt", "request_id": id, "requester": map[string]string{"login": "ben", "email": "ben@example.test", "display_name": "Ben Abt"},
		"ticket": map[string]string{"subject": "A second screen, please", "body": "For my desk.\nSee https://intranet.example.test/screens?size=27&x=1."},
	}, &started)

	user := open(t, 900, 1000, false)
	user.visit(portalLink(t, base, "ben"))
	user.reads("My tickets", "A second screen, please", "With the service desk")
	require.NotContains(t, user.text(), "Laptop for Anna", "another's ticket is not in the list")
	user.picture("portal-list")
	user.run(`document.querySelector('.list a').click()`)
	user.reads("What was asked for", "For my desk.", "Logged as", "Write to the service desk")
	address, err := chromedp.Run(user, chromedp.Location())
	require.NoError(t, err)
	user.picture("portal-ticket")

	agent := open(t, 1100, 900, false)
	agent.visit(desk)
	agent.reads("A second screen, please")
	agent.run(`[...document.querySelectorAll('tr')].find(r => r.textContent.includes('A second screen')).querySelector('a').click()`)
	agent.reads("For my desk.")
	agent.fill("textarea", "internal: he has three already")
	agent.run(`document.querySelector('button[value=internal]').click()`)
	agent.reads("he has three already")
	agent.fill("textarea", "Which size?\n<script>document.title='stolen'</script><b>bold</b> javascript:alert(1) https://example.test/a?b=\"onmouseover=1")
	agent.run(`document.querySelector('button[value=public]').click()`)
	agent.reads("Which size?")

	user.reads("Which size?") // without a reload
	require.NotContains(t, user.text(), "three already")
	title, err := chromedp.Run(user, chromedp.Title())
	require.NoError(t, err)
	require.Contains(t, title, "A second screen")
	user.reads("<script>", "<b>bold</b>") // shown as what they are
	links, err := chromedp.Run(user, chromedp.Evaluate[string](`[...document.querySelectorAll('#ticket a')].map(a => a.getAttribute('href') + ' ' + a.rel + ' ' + [...a.attributes].length).join('\n')`))
	require.NoError(t, err)
	require.Contains(t, links, "https://intranet.example.test/screens?size=27&x=1 nofollow noreferrer")
	require.NotContains(t, links, "javascript:")
	require.NotContains(t, links, "onmouseover=1 ")

	user.fill("#text", "27 inches, please. Grüße ąę")
	user.run(`document.querySelector('form[action$="/notes"]').requestSubmit()`)
	user.reads("The service desk has it.", "27 inches, please. Grüße ąę")
	require.Empty(t, value(user, "#text"))
	agent.run(`location.reload()`)
	agent.reads("27 inches, please. Grüße ąę", "to the customer")

	file := filepath.Join(t.TempDir(), "Skizze żółć.txt")
	require.NoError(t, os.WriteFile(file, []byte("a sketch of my desk"), 0o600))
	user.do(chromedp.SetUploadFiles("#file", []string{file}))
	user.run(`document.querySelector('form[action$="/attachments"]').requestSubmit()`)
	user.reads("Skizze żółć.txt")
	agent.run(`location.reload()`)
	agent.reads("Skizze żółć.txt")
	program := filepath.Join(t.TempDir(), "run.html")
	require.NoError(t, os.WriteFile(program, []byte("<!doctype html><script>alert(1)</script>"), 0o600))
	user.do(chromedp.SetUploadFiles("#file", []string{program}))
	user.run(`document.querySelector('form[action$="/attachments"]').requestSubmit()`)
	user.reads("A file of this kind is not taken")
	user.picture("portal-conversation")

	t.Run("a desk that is down is said plainly, and what was typed comes later", func(t *testing.T) {
		breakDesk(t, desk, true)
		user.t = t
		user.fill("#text", "Written while the desk is down")
		user.run(`document.querySelector('form[action$="/notes"]').requestSubmit()`)
		user.reads("Written while the desk is down", "not with the service desk yet", "does not answer at the moment")
		user.picture("portal-desk-down")
		breakDesk(t, desk, false)
		gone := false
		for range 600 {
			if gone = !strings.Contains(user.text(), "not with the service desk yet"); gone {
				break
			}
			time.Sleep(200 * time.Millisecond)
		}
		require.True(t, gone, "the note is delivered")
		user.reads("Written while the desk is down")
	})
	user.t = t

	dark := open(t, 900, 1000, true)
	dark.visit(portalLink(t, base, "ben@EXAMPLE.test"))
	dark.reads("A second screen, please")
	dark.visit(address)
	dark.reads("27 inches")
	dark.picture("portal-dark")
	phone := open(t, 390, 800, false)
	phone.do(chromedp.EmulateViewport(390, 800, chromedp.EmulateMobile))
	phone.visit(portalLink(t, base, "ben"))
	phone.reads("A second screen, please")
	phone.picture("portal-phone-list")
	phone.visit(address)
	phone.reads("27 inches")
	phone.picture("portal-phone")
	wide, err := chromedp.Run(phone, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > window.innerWidth`))
	require.NoError(t, err)
	require.False(t, wide, "nothing is cut off on a phone")

	user.run(`document.querySelector('details').open = true`)
	user.fill("#last", "It came, thank you.")
	user.run(`document.querySelector('form[action$="/close"]').requestSubmit()`)
	user.reads("It came, thank you.", "Done")
	user.picture("portal-closed")
	agent.visit(desk)
	agent.run(`[...document.querySelectorAll('tr')].find(r => r.textContent.includes('A second screen')).querySelector('a').click()`)
	agent.reads("→ resolved", "It came, thank you.")

	t.Run("nobody else sees it", func(t *testing.T) {
		other := open(t, 900, 700, false)
		for name, link := range map[string]string{
			"forged":  forge(portalLink(t, base, "ben")),
			"none":    base + "/portal/open",
			"session": address,
		} {
			other.visit(link)
			other.reads("Open your tickets from the portal again.")
			require.NotContains(t, other.text(), "second screen", name)
		}
		other.picture("portal-refused")
		short := portalLink(t, environment(t, "BROWSER_SHORT"), "ben") // valid for a second
		time.Sleep(2 * time.Second)
		other.visit(environment(t, "BROWSER_SHORT") + "/portal/open?" + short[strings.Index(short, "link="):])
		other.reads("not valid, or not any more")
		other.visit(portalLink(t, base, "somebody.else"))
		other.reads("You have no tickets.")
		other.visit(address)
		other.reads("There is no such ticket of yours.")
		require.NotContains(t, other.text(), "second screen")
	})
}

func value(p *page, selector string) string {
	p.t.Helper()
	text, err := chromedp.Run(p, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q).value`, selector)))
	require.NoError(p.t, err)
	return text
}

// forge changes whom a link lets in.
func forge(link string) string {
	at := strings.Index(link, "link=") + len("link=")
	parts := strings.Split(link[at:], ".")
	return link[:at] + parts[0] + "." + parts[1][:20] + "A" + parts[1][21:] + "." + parts[2]
}

// breakDesk lets the simulated desk answer nobody, or again.
func breakDesk(t *testing.T, desk string, down bool) {
	t.Helper()
	answer, err := http.PostForm(desk+"/faults", url.Values{"down": {fmt.Sprint(down)}})
	require.NoError(t, err)
	_ = answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode)
}
