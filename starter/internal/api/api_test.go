package api

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"deskbridge/internal/config"
	"deskbridge/providers"
)

// row is one operation of the table of roles: how it is called rightly, and who may.
type row struct {
	path, body string
	// roles may call it; open ones need no token.
	roles []Role
	// foreign is the path of another's thing, which an end user does not get.
	foreign string
	want    int
}

const (
	own, foreign = "/v1/tickets/rt/R1/laptop", "/v1/tickets/rt/R2/phone"
	step         = `{"id": "laptop", "ticket": {"subject": "A laptop"}}`
	anna         = `{"login": "anna", "display_name": "Anna"}`
)

var table = map[string]row{
	"start-onboarding":            {"/v1/onboardings", `{"connection": "rt", "request_id": "R1", "joiner": ` + anna + `, "steps": [` + step + `]}`, staff, "", 202},
	"show-onboarding":             {"/v1/onboardings/rt/R1", "", staff, "", 200},
	"cancel-onboarding":           {"/v1/onboardings/rt/R1/cancel", "", staff, "", 202},
	"complete-onboarding-action":  {"/v1/onboardings/rt/R1/steps/mailbox/completion", `{"output": {"id": 7}}`, staff, "", 204},
	"start-fulfilment":            {"/v1/fulfilments", `{"connection": "rt", "request_id": "R1", "requester": ` + anna + `, "steps": [` + step + `]}`, staff, "", 202},
	"show-fulfilment":             {"/v1/fulfilments/rt/R1", "", staff, "", 200},
	"cancel-fulfilment":           {"/v1/fulfilments/rt/R1/cancel", "", staff, "", 202},
	"complete-fulfilment-action":  {"/v1/fulfilments/rt/R1/steps/mailbox/completion", `{"failure": "no"}`, staff, "", 204},
	"start-offboarding":           {"/v1/offboardings", `{"connection": "rt", "request_id": "R1", "leaver": ` + anna + `}`, staff, "", 202},
	"show-offboarding":            {"/v1/offboardings/rt/R1", "", staff, "", 200},
	"cancel-offboarding":          {"/v1/offboardings/rt/R1/cancel", "", staff, "", 202},
	"complete-offboarding-action": {"/v1/offboardings/rt/R1/steps/mailbox/completion", `{}`, staff, "", 204},
	"store-file":                  {"/v1/files?name=a.txt", `some text`, staff, "", 201},
	"log-ticket":                  {"/v1/tickets", `{"connection": "rt", "request_id": "R1", "ticket": {"subject": "A laptop"}}`, everybody, "", 202},
	"list-tickets":                {"/v1/tickets", "", everybody, "", 200},
	"show-ticket":                 {own, "", everybody, foreign, 200},
	"refresh-ticket":              {own + "/refresh", "", everybody, foreign + "/refresh", 200},
	"add-note":                    {own + "/notes", `{"body": "Hello"}`, everybody, foreign + "/notes", 200},
	"attach-file":                 {own + "/attachments?name=a.txt", "some text", everybody, foreign + "/attachments?name=a.txt", 200},
	"close-ticket":                {own + "/close", `{"note": "Thank you"}`, everybody, foreign + "/close", 200},
	"cancel-ticket":               {own + "/cancel", `{}`, staff, "", 200},
	"make-portal-link":            {"/v1/portal-links", `{"person": ` + anna + `}`, staff, "", 201},
	"find-users":                  {"/v1/users/rt?by=login&value=anna", "", staff, "", 200},
	"create-user":                 {"/v1/users/rt", anna, staff, "", 200},
	"update-user":                 {"/v1/users/rt/7", `{"email": "anna@example.test"}`, staff, "", 200},
	"deactivate-user":             {"/v1/users/rt/deactivations", `{"login": "anna"}`, staff, "", 200},
	"sync-users":                  {"/v1/user-syncs", `{"connection": "rt", "sync_id": "S1", "users": [` + anna + `]}`, staff, "", 202},
	"show-user-sync":              {"/v1/user-syncs/rt/S1", "", staff, "", 200},
	"list-changes":                {"/v1/changes?since=2026-11-23T00:00:00Z", "", staff, "", 200},
	"list-changes-csv":            {"/v1/changes.csv", "", staff, "", 200},
}

// open operations prove their callers otherwise, or tell nothing.
var openOperations = []string{"hint", "live", "ready"}

// operations lists all of the document, so that none is left out of a table.
func operations(t *testing.T, a *API) map[string]*huma.Operation {
	t.Helper()
	all := map[string]*huma.Operation{}
	for _, item := range a.huma.OpenAPI().Paths {
		for _, operation := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if operation != nil {
				all[operation.OperationID] = operation
			}
		}
	}
	return all
}

func TestEachRoleGetsWhatIsItsOwnAndNothingElse(t *testing.T) {
	w := newWorld(t)
	tokens := map[Role]string{
		Automation: w.token("automation", "activate"), Administrator: w.token("administrator", "root"), EndUser: w.token("end-user", "Anna"),
	}
	for id, operation := range operations(t, w.api) {
		row, known := table[id]
		if slices.Contains(openOperations, id) {
			continue
		}
		require.True(t, known, "operation %s is not in the table of roles", id)
		t.Run(id, func(t *testing.T) {
			w.t = t
			call := func(path, token string) told {
				return w.call(operation.Method, path, token, bodyFor(row, token, tokens))
			}
			for name, token := range map[string]string{
				"no token": "", "no token at all": "x.y.z", "expired": w.token("administrator", "root", "exp", ""),
				"of another application": w.token("administrator", "root", "aud", "other"), "of another issuer": w.token("administrator", "root", "iss", "https://evil.example"),
			} {
				answer := call(row.path, token)
				require.Equal(t, http.StatusUnauthorized, answer.status, name)
				require.Contains(t, answer.header.Get("WWW-Authenticate"), "Bearer")
				require.Equal(t, "application/problem+json", answer.header.Get("Content-Type"))
			}
			require.Equal(t, http.StatusForbidden, call(row.path, w.token("gardener", "root")).status, "a role that is none of ours")
			require.Empty(t, w.did(), "nobody changed anything yet")
			for role, token := range tokens {
				answer := call(row.path, token)
				if !slices.Contains(row.roles, role) {
					require.Equal(t, http.StatusForbidden, answer.status, role)
					require.Empty(t, w.did())
					continue
				}
				require.Equal(t, row.want, answer.status, "%s: %s", role, answer.body)
				w.did()
				if row.foreign == "" {
					continue
				}
				answer = call(row.foreign, token)
				if role == EndUser {
					require.Equal(t, http.StatusNotFound, answer.status, "another's ticket: %s", answer.body)
					require.NotContains(t, answer.body, "laptop")
					require.Empty(t, w.did())
				} else {
					require.Equal(t, row.want, answer.status, "%s: %s", role, answer.body)
				}
			}
			w.did()
		})
	}
	for id := range table {
		require.Contains(t, operations(t, w.api), id, "the table has an operation that is not there")
	}
}

// bodyFor is the right body of a role: staff log tickets for others, end users for themselves.
func bodyFor(row row, token string, tokens map[Role]string) string {
	if row.path == "/v1/tickets" && row.body != "" && token != tokens[EndUser] {
		return strings.Replace(row.body, `"ticket":`, `"requester": `+anna+`, "ticket":`, 1)
	}
	return row.body
}

func TestAnEndUserSeesNothingThatIsForStaffAndListsTheirOwnOnly(t *testing.T) {
	w := newWorld(t)
	user := w.token("end-user", "anna")
	shown := w.call(http.MethodGet, own, user, "")
	require.NotContains(t, shown.body, "rt.example.com")
	require.NotContains(t, shown.body, "for staff")
	require.Contains(t, shown.body, `"may":["note","attach","close"]`)
	shown = w.call(http.MethodGet, own, w.token("administrator", "root"), "")
	require.Contains(t, shown.body, "for staff")

	w.call(http.MethodGet, "/v1/tickets", user, "")
	listed := w.did()
	require.Len(t, listed, 1)
	require.Contains(t, listed[0], "DeskbridgePeople IN ('")
	for _, query := range []string{"?connection=rt", "?login=ben", "?ticket=7"} {
		require.Equal(t, 422, w.call(http.MethodGet, "/v1/tickets"+query, user, "").status, query)
	}
	require.Equal(t, 403, w.call(http.MethodPost, "/v1/tickets/zendesk/R3/desk/close", user, "{}").status, "this connection lets end users write notes only")
	require.Equal(t, 200, w.call(http.MethodPost, "/v1/tickets/zendesk/R3/desk/notes", user, `{"body": "x"}`).status)
	require.Len(t, w.did(), 1)
	proven := w.token("end-user", "eve", "email", "anna")
	require.Equal(t, 200, w.call(http.MethodGet, own, proven, "").status, "an issuer that does not say whether an address is proven has proven it")
	unproven := w.token("end-user", "eve", "email", "anna", "email_verified", "false")
	require.Equal(t, 404, w.call(http.MethodGet, own, unproven, "").status, "an address that is not proven is nobody's")
	nobody := w.token("end-user", "")
	require.Equal(t, 404, w.call(http.MethodGet, own, nobody, "").status)
	require.Contains(t, w.call(http.MethodGet, "/v1/tickets", nobody, "").body, `"tickets":[]`)
}

func TestBadInputIsToldByFieldWithItsCureAndNothingIsStarted(t *testing.T) {
	w := newWorld(t)
	token := w.token("administrator", "root")
	post := http.MethodPost
	covered := map[string]bool{}
	for _, c := range []struct {
		id, method, path, body string
		status                 int
		location, cure         string
	}{
		{"start-onboarding", post, "/v1/onboardings", `{"connection": "x", "request_id": "R1", "joiner": ` + anna + `, "steps": [` + step + `]}`, 422, "body.connection", `no connection "x"`},
		{"start-onboarding", post, "/v1/onboardings", `{"connection": "rt", "request_id": "R1", "steps": [` + step + `]}`, 422, "body", "joiner"},
		{"start-onboarding", post, "/v1/onboardings", `{"connection": "rt", "request_id": "a b", "joiner": {"login": "x"}, "steps": [{"id": "a", "needs": ["b"], "ticket": {"subject": "s"}}]}`, 422, "body.steps[0]", `no step "b"`},
		{"start-onboarding", post, "/v1/onboardings", `{"connection": "rt", "request_id": "R1", "joiner": ` + anna + `, "steps": [{"id": "a", "wait": {"for": "soon"}}]}`, 422, "body.steps[0]", "such as 30s"},
		{"start-onboarding", post, "/v1/onboardings", `{"connection": "rt", "request_id": "R1", "joiner": ` + anna + `, "steps": [{"id": "a", "action": {"target": "t"}}]}`, 422, "body.steps[0]", `no target "t"`},
		{"start-onboarding", post, "/v1/onboardings", `{"connection": "rt", "request_id": "R1", "plan": "p", "joiner": ` + anna + `, "steps": [` + step + `]}`, 422, "body.plan", `no plan "p"`},
		{"start-onboarding", post, "/v1/onboardings", `{"connection": "rt", "request_id": "R1", "joyner": {}, "joiner": ` + anna + `, "steps": [` + step + `]}`, 422, "body.joyner", "remove it or correct its name"},
		{"start-onboarding", post, "/v1/onboardings", `{"connection": "rt", "request_id": "R1", "joiner": ` + anna + `, "steps": [{"id": "a", "ticket": {"subject": "s", "files": [{"name": "a", "content_type": "x", "size": 1, "sha256": "` + strings.Repeat("0", 64) + `"}]}}]}`, 422, "body.steps[0]", "store it first"},
		{"start-onboarding", post, "/v1/onboardings", `{"connection":`, 400, "", ""},
		{"start-onboarding", post, "/v1/onboardings", ``, 400, "", "body"},
		{"start-fulfilment", post, "/v1/fulfilments", `{"connection": "rt", "request_id": "R1", "steps": []}`, 422, "body.requester", "a fulfilment needs one"},
		{"start-offboarding", post, "/v1/offboardings", `{"connection": "rt", "request_id": "R1", "leaver": {"display_name": "A"}}`, 422, "body.leaver", "at least one of employee_number"},
		{"complete-onboarding-action", post, "/v1/onboardings/rt/R1/steps/m/completion", `{"failure": 7}`, 422, "body.failure", "expected string"},
		{"complete-fulfilment-action", post, "/v1/fulfilments/rt/R1/steps/m/completion", `[]`, 422, "body", "JSON object"},
		{"complete-offboarding-action", post, "/v1/offboardings/rt/R1/steps/m/completion", `{"result": 1}`, 422, "body.result", "correct its name"},
		{"store-file", post, "/v1/files", `x`, 422, "query.name", "give it"},
		{"store-file", post, "/v1/files?name=a.html", `<!doctype html><script>`, 422, "body.file", "text/html"},
		{"log-ticket", post, "/v1/tickets", `{"connection": "rt", "request_id": "R1", "requester": ` + anna + `, "ticket": {"subject": "", "kind": "wish"}}`, 422, "body.ticket.kind", "request, incident"},
		{"list-tickets", http.MethodGet, "/v1/tickets?limit=0", "", 422, "query.limit", ">= 1"},
		{"list-tickets", http.MethodGet, "/v1/tickets?page=%21", "", 422, "query.page", "the next of the page before"},
		{"list-tickets", http.MethodGet, "/v1/tickets?conection=rt", "", 422, "query.conection", "correct its name"},
		{"list-tickets", http.MethodGet, "/v1/tickets?ticket=1%27%20OR", "", 422, "body", "without quotes"},
		{"add-note", post, own + "/notes", `{"body": ""}`, 422, "body.body", "length >= 1"},
		{"add-note", post, own + "/notes", `{"body": "` + strings.Repeat("x", 40000) + `"}`, 422, "body.body", "length <= 32768"},
		{"attach-file", post, own + "/attachments?name=x", "MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff", 422, "body.file", "not taken"},
		{"attach-file", post, own + "/attachments?name=x", "", 422, "body.file", "empty"},
		{"attach-file", post, own + "/attachments?name=x", strings.Repeat("x", providers.MaxAttachment+1), 413, "", "most that is taken"},
		{"close-ticket", post, own + "/close", `{"notes": "x"}`, 422, "body.notes", "correct its name"},
		{"cancel-ticket", post, own + "/cancel", `{"note": 1}`, 422, "body.note", "expected string"},
		{"make-portal-link", post, "/v1/portal-links", `{"person": {}}`, 422, "body.person", "at least one of"},
		{"make-portal-link", post, "/v1/portal-links", `{"person": {"login": "a"}, "connection": "rt"}`, 422, "body.connection", "all three"},
		{"find-users", http.MethodGet, "/v1/users/rt?by=name&value=x", "", 422, "query.by", "employee_number, login, email"},
		{"find-users", http.MethodGet, "/v1/users/x?by=login&value=x", "", 422, "body.connection", `no connection "x"`},
		{"create-user", post, "/v1/users/rt", `{"login": "x"}`, 422, "body.user", "display_name: missing"},
		{"update-user", http.MethodPatch, "/v1/users/rt/7", `{}`, 422, "body.login", "give at least one"},
		{"deactivate-user", post, "/v1/users/rt/deactivations", `{"display_name": "x"}`, 422, "body.user", "at least one of"},
		{"sync-users", post, "/v1/user-syncs", `{"connection": "rt", "sync_id": "S1", "users": [` + anna + `, {"email": "ANNA", "display_name": "B"}]}`, 422, "body.users[1]", "has an identity of users[0]"},
		{"sync-users", post, "/v1/user-syncs", `{"connection": "rt", "sync_id": "S1", "mode": "wet", "users": []}`, 422, "body.mode", "dry-run, apply"},
		{"list-changes", http.MethodGet, "/v1/changes?since=yesterday", "", 422, "query.since", "date-time"},
		{"list-changes", http.MethodGet, "/v1/changes?cursor=x", "", 422, "query.cursor", "the next of the page before"},
		{"list-changes-csv", http.MethodGet, "/v1/changes.csv?limit=2000", "", 422, "query.limit", "<= 1000"},
	} {
		covered[c.id] = true
		t.Run(c.id+" "+c.cure, func(t *testing.T) {
			w.t = t
			answer := w.call(c.method, c.path, token, c.body)
			require.Equal(t, c.status, answer.status, answer.body)
			require.Equal(t, "application/problem+json", answer.header.Get("Content-Type"))
			var problem huma.ErrorModel
			require.NoError(t, json.Unmarshal([]byte(answer.body), &problem))
			found := c.location == "" && strings.Contains(answer.body, c.cure)
			for _, detail := range problem.Errors {
				found = found || detail.Location == c.location && strings.Contains(detail.Message, c.cure)
				require.Nil(t, detail.Value)
			}
			require.True(t, found, "%s: %s in %s", c.location, c.cure, answer.body)
			require.Empty(t, w.did(), "nothing was started")
		})
	}
	for id, operation := range operations(t, w.api) {
		takes := operation.RequestBody != nil || slices.ContainsFunc(operation.Parameters, func(p *huma.Param) bool { return p.In == "query" })
		require.True(t, covered[id] || !takes || slices.Contains(openOperations, id), "operation %s takes input and is not in the table of bad input", id)
	}
}

func TestAWriteIsTheSameForOneKeyAndCallerOnly(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for _, token := range []string{w.token("end-user", "anna"), w.token("automation", "activate")} {
		for _, path := range []string{own + "/notes", own + "/close"} {
			for _, key := range []string{"anna@example.test", "2"} {
				body := map[bool]string{true: `{"body": "x"}`, false: `{}`}[strings.HasSuffix(path, "notes")]
				for range 2 {
					require.Equal(t, 200, w.call(http.MethodPost, path, token, body, "Idempotency-Key", key).status)
				}
				did := w.did()
				require.Len(t, did, 2)
				require.Equal(t, did[0], did[1], "the same caller and key: the same write")
				require.Regexp(t, "^update (add-note|close) ticket/rt/R1/laptop [0-9a-f]{64}$", did[0], "the server keeps it in the clear")
				seen[did[0]] = true
			}
		}
	}
	require.Len(t, seen, 8, "another caller, another kind or another key: another write")
}

func TestWhatIsNotThereIsToldAsAProblemAndTheRootLeadsToTheDocumentation(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/v1/nothing", "/v1/tickets/a", "/nothing"} {
		answer := w.call(http.MethodGet, path, "", "")
		require.Equal(t, http.StatusNotFound, answer.status)
		require.Contains(t, answer.body, "/docs/ has all of them")
		require.Equal(t, "application/problem+json", answer.header.Get("Content-Type"))
	}
	root := w.call(http.MethodGet, "/", "", "")
	require.Equal(t, 200, root.status)
	require.Contains(t, root.body, "swagger")
	document := w.call(http.MethodGet, "/openapi.json", "", "")
	require.Contains(t, document.body, `"openapi":"3.1.0"`)
}

func TestOneCallerCannotTakeAnothersTurn(t *testing.T) {
	w := newWorld(t)
	w.api.pace = newPace(0.1)
	first, second := w.token("automation", "one"), w.token("automation", "two")
	require.Equal(t, 200, w.call(http.MethodGet, "/v1/tickets", first, "").status)
	limited := w.call(http.MethodGet, "/v1/tickets", first, "")
	require.Equal(t, http.StatusTooManyRequests, limited.status)
	require.Equal(t, "1", limited.header.Get("Retry-After"))
	require.Equal(t, 200, w.call(http.MethodGet, "/v1/tickets", second, "").status)
}

func TestADesksHintCountsOnlyIfItIsProven(t *testing.T) {
	w := newWorld(t)
	secret := strings.Repeat("k", 32)
	body := `{"ticket": 7}`
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write([]byte("2026-11-23T12:00:00Z" + body))
	signed := base64.StdEncoding.EncodeToString(sum.Sum(nil))
	const stamp, signed256 = "X-Zendesk-Webhook-Signature-Timestamp", "X-Zendesk-Webhook-Signature"
	for _, bad := range [][]string{
		{"rt"}, {"rt", "X-Secret", "wrong"}, {"rt", "X-Secret", ""}, {"nowhere", "X-Secret", secret},
		{"zendesk", signed256, signed}, {"zendesk", signed256, signed, stamp, "2026-11-24T12:00:00Z"}, {"zendesk", signed256, "", stamp, "2026-11-23T12:00:00Z"},
	} {
		require.Equal(t, http.StatusUnauthorized, w.call(http.MethodPost, "/v1/webhooks/"+bad[0], "", body, bad[1:]...).status, "%v", bad)
	}
	require.Empty(t, w.did())
	require.Equal(t, 202, w.call(http.MethodPost, "/v1/webhooks/rt", "", body, "X-Secret", secret).status)
	require.Equal(t, 202, w.call(http.MethodPost, "/v1/webhooks/rt", "", body, "X-Secret", secret).status)
	require.Equal(t, 202, w.call(http.MethodPost, "/v1/webhooks/zendesk", "", body, signed256, signed, stamp, "2026-11-23T12:00:00Z").status)
	require.Equal(t, []string{"signal watch/rt", "signal watch/zendesk"}, w.did(), "one read sees it all")
	require.Equal(t, sum.Sum(nil), signature("sha256="+hex.EncodeToString(sum.Sum(nil))))
}

func TestTheFeedIsReadPageByPageAsJSONAndCSV(t *testing.T) {
	w := newWorld(t)
	token := w.token("automation", "activate")
	first := w.call(http.MethodGet, "/v1/changes?since=2026-11-23T00:00:00Z&limit=1", token, "")
	var page Changes
	require.NoError(t, json.Unmarshal([]byte(first.body), &page))
	require.Equal(t, "7", page.Changes[0].Ticket)
	require.NotEmpty(t, page.Next)
	require.Equal(t, []string{"list WorkflowType = 'Ticket' AND DeskbridgeChangedAt >= '2026-11-23T00:00:00Z'"}, w.did())
	second := w.call(http.MethodGet, "/v1/changes?limit=1&cursor="+page.Next, token, "")
	var next Changes
	require.NoError(t, json.Unmarshal([]byte(second.body), &next))
	require.Equal(t, page.Until, next.Until, "the next import begins where this one did")
	require.Equal(t, []string{"list WorkflowType = 'Ticket' AND DeskbridgeChangedAt >= '2026-11-23T00:00:00Z'"}, w.did())

	text := w.call(http.MethodGet, "/v1/changes.csv", token, "")
	require.Equal(t, "text/csv; charset=utf-8; header=present", text.header.Get("Content-Type"))
	require.Contains(t, text.header.Get("Link"), `rel="next"`)
	rows, err := csv.NewReader(strings.NewReader(text.body)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"7", "rt", "R1", "laptop", "new", "waiting", "", "", "2026-11-23T12:00:00Z"}, rows[1])
}

func TestTheLogHoldsNothingThatWasSent(t *testing.T) {
	w := newWorld(t)
	token := w.token("administrator", "root")
	w.call(http.MethodPost, "/v1/users/rt", token, `{"login": "canary-login", "email": "canary@example.test", "display_name": "Canary"}`)
	w.call(http.MethodPost, own+"/notes", token, `{"body": "canary note"}`)
	w.call(http.MethodGet, "/v1/users/rt?by=login&value=canary", token, "")
	require.NotContains(t, strings.ToLower(w.log.String()), "canary")
}

func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add(cursor{Page: []byte("x")}.String())
	f.Fuzz(func(t *testing.T, text string) {
		if read, err := parseCursor(text); err == nil {
			again, err := parseCursor(read.String())
			require.NoError(t, err)
			require.Equal(t, read.Page, again.Page)
		}
	})
}

func FuzzHint(f *testing.F) {
	f.Setenv("HINT_SECRET", "secret")
	secret, err := providers.ParseSecret("env:HINT_SECRET")
	require.NoError(f, err)
	f.Add("sha256=00", "", []byte("{}"))
	f.Fuzz(func(t *testing.T, sent, stamp string, body []byte) {
		header := func(name string) string { return map[string]string{"S": sent, "T": stamp}[name] }
		sum := hmac.New(sha256.New, []byte("secret"))
		sum.Write([]byte(stamp))
		sum.Write(body)
		taken := proven(config.Webhook{Secret: secret, Signature: "S", Timestamp: "T"}, header, body)
		require.Equal(t, hmac.Equal(signature(sent), sum.Sum(nil)), taken)
		require.Equal(t, sent == "secret", proven(config.Webhook{Secret: secret, Header: "S"}, header, body))
	})
}

func FuzzClaims(f *testing.F) {
	f.Add(`{"roles": ["end-user"], "realm_access": {"roles": "a b"}}`, "realm_access.roles")
	f.Add(`{"a.b": [1, "x", {"y": "z"}]}`, "a.b")
	f.Fuzz(func(t *testing.T, text, path string) {
		var claims map[string]any
		if json.Unmarshal([]byte(text), &claims) != nil {
			return
		}
		said := strings.Join(strings.Fields(strings.Join(allTexts(claims), " ")), " ")
		for _, role := range texts(find(claims, path)) {
			require.Contains(t, said, strings.Join(strings.Fields(role), " "), "a role that nobody wrote")
		}
	})
}

// allTexts are all texts of a JSON value.
func allTexts(value any) []string {
	var all []string
	switch value := value.(type) {
	case string:
		all = append(all, value)
	case []any:
		for _, inner := range value {
			all = append(all, allTexts(inner)...)
		}
	case map[string]any:
		for _, inner := range value {
			all = append(all, allTexts(inner)...)
		}
	}
	return all
}

// FuzzBodies sends any body to operations that take one: it is refused with problem details, or
// starts what it says, and is never unexpected.
func FuzzBodies(f *testing.F) {
	ids := []string{"start-onboarding", "start-offboarding", "log-ticket", "sync-users", "make-portal-link", "update-user", "add-note"}
	for i, id := range ids {
		f.Add(uint8(i), []byte(table[id].body))
	}
	f.Add(uint8(0), []byte(`{"connection": "rt", "request_id": "R1", "joiner": `+anna+`, "steps": [{"id": "a", "wait": {"for": "1h", "until": "2026-12-01T00:00:00Z"}}]}`))
	w := &world{}
	var handler http.Handler
	var token string
	files := "file://" + f.TempDir()
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		if handler == nil {
			w = newWorld(t)
			w.api.pace = newPace(1e9)
			w.api.Service.Config.Files = files // that of t goes with the first body
			w.api.Callers = Static{"0123456789abcdef"}
			token, handler = "0123456789abcdef", w.api.Handler()
		}
		id := ids[int(which)%len(ids)]
		method := http.MethodPost
		if id == "update-user" {
			method = http.MethodPatch
		}
		request := httptest.NewRequest(method, table[id].path, bytes.NewReader(body))
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		require.Less(t, answer.Code, 500, "%s: %s", id, answer.Body)
		if answer.Code >= 400 {
			var problem huma.ErrorModel
			require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &problem))
			require.Equal(t, answer.Code, problem.Status)
			require.Empty(t, w.did())
		}
		w.did()
	})
}
