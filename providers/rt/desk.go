package rt

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
)

// Desk is a Request Tracker server seen through one account.
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
	client := rest.New(rest.Options{
		Desk:     "rt",
		BaseURL:  config.URL + "/REST/2.0",
		Timeout:  config.Timeout,
		MaxConns: config.MaxConnections,
		Classify: classify,
		Authorize: func(request *resty.Request) error {
			token, err := config.Token.Reveal()
			request.SetHeader("Authorization", "token "+token)
			return err
		},
	})
	return &Desk{config: config, zone: zone, client: client}, nil
}

// classify reads the 400s that RT answers for what others answer with 403 and 409.
func classify(status int, body []byte) (providers.Kind, error) {
	if status != http.StatusBadRequest {
		return "", nil
	}
	switch {
	case bytes.Contains(body, []byte("in use")):
		return providers.Conflict, nil
	case bytes.Contains(body, []byte("Permission Denied")):
		return providers.Forbidden, nil
	}
	return "", nil
}

// written looks for one of RT's answers in the prose of a write.
func written(messages []string, part string) bool {
	for _, message := range messages {
		if strings.Contains(message, part) {
			return true
		}
	}
	return false
}

// checkID refuses what is no number, so that it cannot become another path.
func (d *Desk) checkID(op, id string) error {
	if id == "" || strings.Trim(id, "0123456789") != "" {
		return d.client.Failf(op, providers.Invalid, "the ID is no number; RT's IDs are")
	}
	return nil
}

// get reads one thing by its ID.
func (d *Desk) get(ctx context.Context, op, path, id string, into any) error {
	if err := d.checkID(op, id); err != nil {
		return err
	}
	_, err := d.client.Read(ctx, rest.Call{Op: op, Method: http.MethodGet, Path: path, Params: map[string]string{"id": id}, Into: into})
	return err
}
