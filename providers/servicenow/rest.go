package servicenow

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
)

// tablesREST is the Table API and the Attachment API.
type tablesREST struct{ client *rest.Client }

func (t tablesREST) records(ctx context.Context, op string, query query) (rows, error) {
	parameters := url.Values{
		"sysparm_query": {query.where}, "sysparm_limit": {strconv.Itoa(query.limit)}, "sysparm_offset": {strconv.Itoa(query.offset)},
		"sysparm_display_value": {"all"}, "sysparm_exclude_reference_link": {"true"},
	}
	if len(query.fields) > 0 {
		parameters.Set("sysparm_fields", strings.Join(query.fields, ","))
	}
	var answer struct {
		Result []record `json:"result"`
	}
	said, err := t.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/api/now/table/{table}", Params: map[string]string{"table": query.table}, Query: parameters, Into: &answer,
	})
	if err != nil {
		return rows{}, err
	}
	if answer.Result == nil {
		return rows{}, t.client.Failf(op, providers.Malformed, "the answer holds no result")
	}
	total, err := strconv.Atoi(said.Header.Get("X-Total-Count"))
	if err != nil {
		total = -1
	}
	return rows{records: answer.Result, total: total, at: said.At}, nil
}

func (t tablesREST) insert(ctx context.Context, op, table string, fields map[string]string) (string, error) {
	var answer struct {
		Result record `json:"result"`
	}
	_, err := t.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/api/now/table/{table}", Params: map[string]string{"table": table}, JSON: fields, Into: &answer,
		Query: url.Values{"sysparm_fields": {"sys_id"}},
	})
	return answer.Result.value("sys_id"), err
}

func (t tablesREST) update(ctx context.Context, op, table, sysID string, fields map[string]string) error {
	_, err := t.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPatch, Path: "/api/now/table/{table}/{id}", Params: map[string]string{"table": table, "id": sysID}, JSON: fields,
		Query: url.Values{"sysparm_fields": {"sys_id"}},
	})
	return err
}

func (t tablesREST) attach(ctx context.Context, op, table, sysID string, file providers.NewAttachment) error {
	_, err := t.client.Write(ctx, rest.Call{
		Op: op, Method: http.MethodPost, Path: "/api/now/attachment/file", Body: file.Content,
		Query:  url.Values{"table_name": {table}, "table_sys_id": {sysID}, "file_name": {file.Name}},
		Header: map[string]string{"Content-Type": "application/octet-stream"},
	})
	return err
}

func (t tablesREST) holds(ctx context.Context, op string, attachment record, content []byte) (bool, error) {
	var there []byte
	_, err := t.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/api/now/attachment/{id}/file", Params: map[string]string{"id": attachment.value("sys_id")}, Raw: &there,
		Header: map[string]string{"Accept": "*/*"},
	})
	return err == nil && bytes.Equal(there, content), err
}
