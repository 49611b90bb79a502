package glpi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
)

// Desk is a GLPI seen through one account.
type Desk struct {
	config Config
	zone   *time.Location
	client *rest.Client
}

var (
	_ providers.Full            = (*Desk)(nil)
	_ providers.UserUpdater     = (*Desk)(nil)
	_ providers.UserDeactivator = (*Desk)(nil)
	_ providers.TicketsFetcher  = (*Desk)(nil)
)

// New makes a desk from its settings; it calls nothing.
func New(config Config) (*Desk, error) {
	config, zone, err := config.normalize()
	if err != nil {
		return nil, err
	}
	d := &Desk{config: config, zone: zone}
	d.client = rest.New(rest.Options{
		Desk: "glpi", BaseURL: config.URL + "/apirest.php", Timeout: config.Timeout, MaxConns: config.MaxConnections, Classify: classify,
		Session: rest.NewSession(d.logIn, func(request *resty.Request, token string) { request.SetHeader("Session-Token", token) }),
		Authorize: func(request *resty.Request) error {
			if config.AppToken.IsZero() {
				return nil
			}
			token, err := config.AppToken.Reveal()
			request.SetHeader("App-Token", token)
			return err
		},
	})
	return d, nil
}

// logIn opens a session.
func (d *Desk) logIn(ctx context.Context) (string, error) {
	const op = "log in"
	secret, err := d.config.Password.Reveal()
	if err != nil {
		return "", err
	}
	authorization := "user_token " + secret
	if d.config.Login != "" {
		authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(d.config.Login+":"+secret))
	}
	var answer struct {
		Token string `json:"session_token"`
	}
	_, err = d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/initSession", LogIn: true, Header: map[string]string{"Authorization": authorization}, Into: &answer,
	})
	if err == nil && answer.Token == "" {
		err = d.client.Failf(op, providers.Malformed, "the answer holds no session token")
	}
	return answer.Token, err
}

// classify reads the code of an error, ["CODE","text"].
func classify(status int, body []byte) (providers.Kind, error) {
	has := func(code string) bool { return bytes.Contains(body, []byte(code)) }
	switch {
	case status == http.StatusBadRequest && (has("ERROR_APP_TOKEN") || has("ERROR_WRONG_APP_TOKEN")):
		return providers.Unauthenticated, errors.New("GLPI refuses the app token; correct app_token, and let the API client be valid for the worker's address")
	case status == http.StatusBadRequest && has("ERROR_GLPI_ADD"):
		return providers.Conflict, errors.New("GLPI does not add it; it may exist already, or a right is missing")
	case status == http.StatusBadRequest && (has("ERROR_NOT_ALLOWED_IP") || has("ERROR_API_DISABLED")):
		return providers.Forbidden, errors.New("GLPI's API is off, or closed to the worker's address")
	}
	return "", nil
}

// criterion is a condition of a search: the number of a search option, how it is compared, a value.
// With or it is an alternative to the one before.
type criterion struct {
	field         int
	how, with, or string
}

// anchored makes contains an equality.
func anchored(value string) string { return "^" + value + "$" }

// search reads the first rows that fulfil all criteria, in the order of ID.
func (d *Desk) search(ctx context.Context, op, kind string, display []int, criteria ...criterion) ([]row, rest.Answer, error) {
	query := url.Values{"sort": {strconv.Itoa(fieldID)}, "order": {"ASC"}, "range": {fmt.Sprintf("0-%d", d.config.PageSize-1)}}
	for i, criterion := range criteria {
		at := fmt.Sprintf("criteria[%d]", i)
		if i > 0 {
			query.Set(at+"[link]", cmp.Or(criterion.or, "AND"))
		}
		query.Set(at+"[field]", strconv.Itoa(criterion.field))
		query.Set(at+"[searchtype]", criterion.how)
		query.Set(at+"[value]", criterion.with)
	}
	for i, field := range display {
		query.Set(fmt.Sprintf("forcedisplay[%d]", i), strconv.Itoa(field))
	}
	var answer struct {
		Count *int  `json:"totalcount"`
		Data  []row `json:"data"`
	}
	said, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: "/search/{kind}", Params: map[string]string{"kind": kind}, Query: query, Into: &answer})
	if err == nil && answer.Count == nil {
		err = d.client.Failf(op, providers.Malformed, "the answer has no totalcount")
	}
	return answer.Data, said, d.client.Explain(err, providers.Forbidden, op, "no right to read %s; give the account's profile this right in its entity", kind)
}

// items reads all sub-items of an item, or all items of a kind.
func items[T any](ctx context.Context, d *Desk, op, path string, params map[string]string, query url.Values) ([]T, error) {
	const size = 100
	var all []T
	for start := 0; ; start += size {
		query.Set("range", fmt.Sprintf("%d-%d", start, start+size-1))
		var page []T
		answer, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: path, Params: params, Query: query, Into: &page})
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if answer.Status != http.StatusPartialContent || len(page) < size {
			return all, nil
		}
	}
}

// add creates an item and returns its ID.
func (d *Desk) add(ctx context.Context, op, kind string, input map[string]any) (string, error) {
	var created struct {
		ID int64 `json:"id"`
	}
	_, err := d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/{kind}", Params: map[string]string{"kind": kind}, JSON: map[string]any{"input": input}, Into: &created,
	})
	switch {
	case err != nil:
		return "", d.client.Explain(err, providers.Forbidden, op, "no right to create %s; give the account's profile this right in its entity", kind)
	case created.ID == 0:
		return "", d.client.Failf(op, providers.UnknownOutcome, "the answer names no %s", kind)
	}
	return strconv.FormatInt(created.ID, 10), nil
}

// change writes fields of an item. GLPI answers true for fields that it does not know.
func (d *Desk) change(ctx context.Context, op, kind, id string, input map[string]any) error {
	_, err := d.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPut, Path: "/{kind}/{id}", Params: map[string]string{"kind": kind, "id": id}, JSON: map[string]any{"input": input},
	})
	return d.client.Explain(err, providers.Forbidden, op, "no right to change %s; give the account's profile this right in its entity", kind)
}

// named is a group, a category or a location.
type named struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Complete string `json:"completename"`
}

// findNamed looks an item up by its name, or by the whole path of names.
func (d *Desk) findNamed(ctx context.Context, op, kind, name string) (int64, error) {
	last := name[strings.LastIndex(name, ">")+1:]
	all, err := items[named](ctx, d, op, "/{kind}", map[string]string{"kind": kind}, url.Values{"searchText[name]": {anchored(strings.TrimSpace(last))}})
	if err != nil {
		return 0, d.client.Explain(err, providers.Forbidden, op, "no right to read %s; give the account's profile this right in its entity", kind)
	}
	for _, item := range all {
		if strings.EqualFold(decode(item.Name), name) || strings.EqualFold(decode(item.Complete), name) {
			return item.ID, nil
		}
	}
	return 0, nil
}

// findGroup looks a group up.
func (d *Desk) findGroup(ctx context.Context, op, name string) (int64, error) {
	if name == "" {
		return 0, d.client.Failf(op, providers.Invalid, "no queue is given; want the name of a group")
	}
	id, err := d.findNamed(ctx, op, "Group", name)
	if err == nil && id == 0 {
		err = d.client.Failf(op, providers.Misconfigured, "group %q does not exist, or the account does not see it; create it or correct its name", name)
	}
	return id, err
}
