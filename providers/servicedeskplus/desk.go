package servicedeskplus

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/go-resty/resty/v2"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
)

// Desk is a ServiceDesk Plus seen through one technician.
type Desk struct {
	config Config
	client *rest.Client
}

var (
	_ providers.Full        = (*Desk)(nil)
	_ providers.UserUpdater = (*Desk)(nil)
)

// New makes a desk from its settings; it calls nothing.
func New(config Config) (*Desk, error) {
	config, err := config.normalize()
	if err != nil {
		return nil, err
	}
	d := &Desk{config: config}
	options := rest.Options{
		Desk: "servicedeskplus", BaseURL: config.URL + "/api/v3", Timeout: config.Timeout, MaxConns: config.MaxConnections, Classify: classify,
	}
	if config.cloud() {
		options.Session = rest.NewSession(d.token, func(request *resty.Request, token string) {
			request.SetHeader("Authorization", "Zoho-oauthtoken "+token)
		})
	} else {
		options.Authorize = func(request *resty.Request) error {
			key, err := config.TechnicianKey.Reveal()
			request.SetHeader("authtoken", key)
			return err
		}
	}
	d.client = rest.New(options)
	return d, nil
}

// token asks Zoho's accounts server for an access token (RFC 6749, 6).
func (d *Desk) token(ctx context.Context) (string, error) {
	secret, err := d.config.ClientSecret.Reveal()
	if err != nil {
		return "", err
	}
	refresh, err := d.config.RefreshToken.Reveal()
	if err != nil {
		return "", err
	}
	return d.client.AccessToken(ctx, d.config.Accounts+"/oauth/v2/token", url.Values{
		"grant_type": {"refresh_token"}, "client_id": {d.config.ClientID}, "client_secret": {secret}, "refresh_token": {refresh},
	})
}

// status is response_status, of one thing or of a list.
type status struct {
	Code     int `json:"status_code"`
	Messages []struct {
		Code  int    `json:"status_code"`
		Field string `json:"field"`
	} `json:"messages"`
}

// readStatus reads response_status in both shapes; false if there is none.
func readStatus(raw json.RawMessage) (status, bool) {
	var one status
	if json.Unmarshal(raw, &one) == nil && one.Code != 0 {
		return one, true
	}
	var many []status
	if json.Unmarshal(raw, &many) != nil || len(many) == 0 {
		return status{}, false
	}
	return many[0], true
}

// The codes of messages.
const (
	success      = 2000
	codeForbid   = 4002
	codeNotFound = 4007
	codeUnique   = 4008
)

// kind is what a failure means, and the field that it is about.
func (s status) kind() (kind providers.Kind, field string) {
	kind = providers.Invalid
	for _, message := range s.Messages {
		if message.Field != "" {
			field = message.Field
		}
		switch message.Code {
		case codeForbid:
			kind = providers.Forbidden
		case codeNotFound:
			kind = providers.NotFound
		case codeUnique:
			kind = providers.Conflict
		}
	}
	return kind, field
}

// refused is why an operation failed: a field, as the desk names it, is no secret.
type refused struct{ field string }

func (r refused) Error() string {
	if r.field == "" {
		return "the desk refuses it"
	}
	return "the desk refuses the field " + r.field
}

// classify reads response_status of an HTTP error.
func classify(code int, body []byte) (providers.Kind, error) {
	var answer struct {
		Status json.RawMessage `json:"response_status"`
	}
	if code != http.StatusBadRequest && code != http.StatusForbidden && code != http.StatusNotFound && code != http.StatusUnprocessableEntity || json.Unmarshal(body, &answer) != nil {
		return "", nil
	}
	if status, told := readStatus(answer.Status); told {
		kind, field := status.kind()
		return kind, refused{field}
	}
	return "", nil
}

// send is how an operation is sent: read or written.
type send func(context.Context, rest.Call) (rest.Answer, error)

// run carries out an operation and reads its response_status; a failure can come with HTTP 200.
func (d *Desk) run(ctx context.Context, send send, call rest.Call, input any, into any) (rest.Answer, error) {
	content, err := json.Marshal(input)
	if err != nil {
		return rest.Answer{}, d.client.Errorf(call.Op, providers.Invalid, err)
	}
	parameter := url.Values{"input_data": {string(content)}}
	switch {
	case input == nil:
	case call.Method == http.MethodGet:
		call.Query = parameter
	default:
		call.Body = []byte(parameter.Encode())
	}
	var raw json.RawMessage
	call.Into = &raw
	call.Header = map[string]string{"Accept": "application/vnd.manageengine.sdp.v3+json"}
	if call.Body != nil {
		call.Header["Content-Type"] = "application/x-www-form-urlencoded"
	}
	answer, err := send(ctx, call)
	if err != nil {
		return answer, err
	}
	var said struct {
		Status json.RawMessage `json:"response_status"`
	}
	if json.Unmarshal(raw, &said) != nil || json.Unmarshal(raw, into) != nil {
		return answer, d.client.Failf(call.Op, providers.Malformed, "the answer is not as ServiceDesk Plus writes it")
	}
	status, told := readStatus(said.Status)
	switch {
	case !told:
		return answer, d.client.Failf(call.Op, providers.Malformed, "the answer has no response_status")
	case status.Code != success:
		kind, field := status.kind()
		return answer, d.client.Errorf(call.Op, kind, refused{field})
	}
	return answer, nil
}

// about says whether an error is about a field.
func about(err error, field string) bool {
	var why refused
	return errors.As(err, &why) && why.field == field
}

// criterion is a condition of a list.
type criterion struct {
	Field     string   `json:"field"`
	Condition string   `json:"condition"`
	Values    []string `json:"values"`
	Operator  string   `json:"logical_operator,omitempty"`
}

// listInfo is what of a list is asked for; indexes begin with 1.
type listInfo struct {
	Criteria []criterion `json:"search_criteria,omitempty"`
	Sort     string      `json:"sort_field,omitempty"`
	Order    string      `json:"sort_order,omitempty"`
	Rows     int         `json:"row_count"`
	Start    int         `json:"start_index"`
	Fields   []string    `json:"fields_required,omitempty"`
}

// listed is the input of a list.
func listed(info listInfo) any { return map[string]any{"list_info": info} }
