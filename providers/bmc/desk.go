package bmc

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-resty/resty/v2"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/soap"
)

// Desk is a BMC Helix ITSM installation seen through one account.
type Desk struct {
	config Config
	// client is the AR REST API.
	client *rest.Client
	// incidents and creation are the two web services.
	incidents, creation *soap.Client
}

var (
	_ providers.Full            = (*Desk)(nil)
	_ providers.UserUpdater     = (*Desk)(nil)
	_ providers.UserDeactivator = (*Desk)(nil)
	_ providers.TicketsFetcher  = (*Desk)(nil)
)

// New makes a desk from its settings; it calls nothing.
func New(config Config) (*Desk, error) {
	config, err := config.normalize()
	if err != nil {
		return nil, err
	}
	d := &Desk{config: config}
	options := rest.Options{Desk: "bmc", BaseURL: config.URL, Timeout: config.Timeout, MaxConns: config.MaxConnections, Classify: classify}
	options.Session = rest.NewSession(d.logIn, func(request *resty.Request, token string) {
		request.SetHeader("Authorization", "AR-JWT "+token)
	})
	d.client = rest.New(options)
	d.incidents, d.creation = d.webService(config.Namespace), d.webService(config.CreateNamespace)
	return d, nil
}

// logIn opens a session (docs.bmc.com: Login information, /api/jwt/login).
func (d *Desk) logIn(ctx context.Context) (string, error) {
	password, err := d.config.Password.Reveal()
	if err != nil {
		return "", err
	}
	var token []byte
	_, err = d.client.Read(ctx, rest.Call{
		Op: "log in", Method: http.MethodPost, Path: "/api/jwt/login", LogIn: true, Raw: &token,
		Body:   []byte(url.Values{"username": {d.config.Login}, "password": {password}}.Encode()),
		Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*"},
	})
	return strings.TrimSpace(string(token)), err
}

// authenticationInfo is the header of AR System's web services.
type authenticationInfo struct {
	XMLName  xml.Name
	UserName string `xml:"userName"`
	Password string `xml:"password"`
}

func (d *Desk) webService(namespace string) *soap.Client {
	return soap.New(soap.Options{
		HTTP:     rest.Options{Desk: "bmc", BaseURL: d.config.WebServices, Timeout: d.config.Timeout, MaxConns: d.config.MaxConnections},
		Classify: classifyFault,
		Headers: func() ([]any, error) {
			password, err := d.config.Password.Reveal()
			return []any{authenticationInfo{XMLName: xml.Name{Space: namespace, Local: "AuthenticationInfo"}, UserName: d.config.Login, Password: password}}, err
		},
	})
}

// call makes the envelope of an operation; a web service's address ends in its name.
func (d *Desk) call(op, namespace, operation string, request, response any) soap.Call {
	return soap.Call{
		Op: op, Path: "/ARService", Query: url.Values{"server": {d.config.Server}, "webService": {strings.TrimPrefix(namespace, "urn:")}},
		Action: namespace + "/" + operation, Namespace: namespace, Request: request, Response: response,
	}
}

// kinds are the numbers of AR System's messages that mean something to us, see doc.go.
var kinds = map[int]providers.Kind{
	302: providers.NotFound, 303: providers.Unauthenticated, 623: providers.Unauthenticated, 382: providers.Conflict,
	330: providers.Forbidden, 331: providers.Forbidden, 332: providers.Forbidden, 333: providers.Forbidden, 353: providers.Forbidden,
	90: "", 91: "", 92: "", 93: "", 94: "",
}

// kindOf reads a message's number; one that is not known is a refusal by a rule of the desk.
func kindOf(number int) (providers.Kind, error) {
	kind, known := kinds[number]
	if !known {
		return providers.Invalid, errors.New("AR System refuses it with message " + strconv.Itoa(number))
	}
	return kind, nil
}

// classify reads the list of messages in an error of the REST API; other statuses than these
// say enough themselves.
func classify(status int, body []byte) (providers.Kind, error) {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusInternalServerError:
	default:
		return "", nil
	}
	var messages []struct {
		Number int `json:"messageNumber"`
	}
	if json.Unmarshal(body, &messages) != nil || len(messages) == 0 || messages[0].Number == 0 {
		return "", nil
	}
	return kindOf(messages[0].Number)
}

var faultNumber = regexp.MustCompile(`ERROR \((\d+)\)`)

// classifyFault reads the number in a fault's text: "ERROR (302): Entry does not exist".
func classifyFault(fault soap.Fault) (providers.Kind, error) {
	found := faultNumber.FindStringSubmatch(fault.Text + " " + fault.Detail)
	if found == nil {
		return "", nil
	}
	number, _ := strconv.Atoi(found[1]) // digits, by the pattern
	return kindOf(number)
}
