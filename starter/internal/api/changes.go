package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Changes is one page of the feed.
type Changes struct {
	Changes []TicketRow `json:"changes" doc:"Each ticket as it is now; the same change may come again."`
	Next    string      `json:"next,omitempty" doc:"The cursor of the page that follows; none on the last."`
	Until   time.Time   `json:"until" doc:"Everything before was told: ask with it as since the next time."`
}

// feedOverlap is how far Until stays behind the clock: the list of runs may lag behind them.
const feedOverlap = 2 * time.Minute

// feedQuery asks for a page of the feed.
type feedQuery struct {
	Since  time.Time `query:"since" doc:"Changes at or after this time; all if left out."`
	Cursor string    `query:"cursor" doc:"The next of the page before, in place of since."`
	Limit  int       `query:"limit" minimum:"1" maximum:"1000" default:"500"`
}

// cursor is where the feed goes on.
type cursor struct {
	Since, Until time.Time
	Page         []byte
}

func (c cursor) String() string {
	text, _ := json.Marshal(c) // times and bytes always are JSON
	return base64.RawURLEncoding.EncodeToString(text)
}

// parseCursor reads a cursor back.
func parseCursor(text string) (cursor, error) {
	var c cursor
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(decoded, &c)
	}
	if err != nil || len(c.Page) == 0 {
		return c, huma.NewError(http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{Location: "query.cursor", Message: "cursor: want the next of the page before"})
	}
	return c, nil
}

func (a *API) feed(ctx context.Context, query feedQuery) (Changes, error) {
	at := cursor{Since: query.Since, Until: time.Now().Add(-feedOverlap).UTC().Truncate(time.Second)}
	if at.Until.Before(at.Since) {
		at.Until = at.Since
	}
	if query.Cursor != "" {
		var err error
		if at, err = parseCursor(query.Cursor); err != nil {
			return Changes{}, err
		}
	}
	rows, err := a.Service.ChangedSince(ctx, at.Since, query.Limit, at.Page)
	if err != nil {
		return Changes{}, err
	}
	changes := Changes{Changes: []TicketRow{}, Until: at.Until}
	for _, row := range rows.Rows {
		changes.Changes = append(changes.Changes, rowOf(row))
	}
	if len(rows.Next) > 0 {
		changes.Next = cursor{at.Since, at.Until, rows.Next}.String()
	}
	return changes, nil
}

func (a *API) changes() {
	register(a, staff, huma.Operation{
		OperationID: "list-changes", Method: http.MethodGet, Path: "/v1/changes", Tags: []string{"changes"}, Summary: "Tickets that changed since a time",
		Description: "Read it page by page, and ask the next time since `until`. A page may repeat a ticket and never misses one.", Errors: []int{http.StatusUnprocessableEntity},
	}, func(ctx context.Context, input *feedQuery) (*struct{ Body Changes }, error) {
		changes, err := a.feed(ctx, *input)
		if err != nil {
			return nil, err
		}
		return &struct{ Body Changes }{changes}, nil
	})
	register(a, staff, huma.Operation{
		OperationID: "list-changes-csv", Method: http.MethodGet, Path: "/v1/changes.csv", Tags: []string{"changes"}, Summary: "The same as CSV",
		Description: "RFC 4180, with a line of column names. The header Link has the page that follows, X-Until the time to ask since the next time.",
		Errors:      []int{http.StatusUnprocessableEntity},
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
			"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}},
		}}},
	}, func(ctx context.Context, input *feedQuery) (*csvOutput, error) {
		changes, err := a.feed(ctx, *input)
		if err != nil {
			return nil, err
		}
		output := &csvOutput{ContentType: "text/csv; charset=utf-8; header=present", Until: changes.Until.Format(time.RFC3339)}
		if changes.Next != "" {
			next := url.Values{"cursor": {changes.Next}, "limit": {strconv.Itoa(input.Limit)}}
			output.Link = "</v1/changes.csv?" + next.Encode() + `>; rel="next"`
		}
		output.Body, err = feedCSV(changes.Changes)
		return output, err
	})
}

type csvOutput struct {
	ContentType string `header:"Content-Type"`
	Link        string `header:"Link"`
	Until       string `header:"X-Until"`
	Body        []byte
}

// feedCSV writes rows, the ticket's number first: it is the key of an import.
func feedCSV(rows []TicketRow) ([]byte, error) {
	var text bytes.Buffer
	writer := csv.NewWriter(&text)
	writer.UseCRLF = true
	_ = writer.Write([]string{"ticket", "connection", "request_id", "step", "status", "phase", "outcome", "attention", "changed_at"})
	for _, row := range rows {
		_ = writer.Write([]string{row.Ticket, row.Connection, row.RequestID, row.Step, row.Status, row.Phase, row.Outcome, row.Attention, row.ChangedAt.Format(time.RFC3339)})
	}
	writer.Flush()
	if err := writer.Error(); err != nil {
		return nil, fmt.Errorf("changes: %w", err)
	}
	return text.Bytes(), nil
}
