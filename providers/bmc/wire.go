package bmc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/internal/reference"
	"deskbridge/providers/internal/rest"
)

// The forms that are read and written.
const (
	formIncident = "HPD:IncidentInterface"
	formWorkLog  = "HPD:WorkLog"
	formPeople   = "CTM:People"
	formGroup    = "CTM:Support Group"
)

// entry is a row of a form: field -> value, as text; what is null is "".
type entry map[string]string

// UnmarshalJSON takes texts, numbers, null, and objects as they are.
func (e *entry) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	*e = entry{}
	for name, value := range raw {
		var text string
		switch {
		case string(value) == "null":
		case json.Unmarshal(value, &text) == nil:
		default:
			text = string(value)
		}
		(*e)[name] = text
	}
	return nil
}

// file is an attachment field of an entry.
type file struct {
	Name string `json:"name"`
	Size int64  `json:"sizeBytes"`
}

// timeLayout is that of answers: 2022-06-21T16:23:14.000+0000.
const timeLayout = "2006-01-02T15:04:05.000-0700"

func (e entry) time(field string) time.Time {
	at, err := time.Parse(timeLayout, e[field])
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// is makes a term of a qualification; a quote in a text is doubled.
func is(field, operator, value string) string {
	return "'" + field + "' " + operator + ` "` + strings.ReplaceAll(value, `"`, `""`) + `"`
}

// all joins terms.
func all(terms ...string) string { return strings.Join(terms, " AND ") }

// query asks for entries of a form.
type query struct {
	form, where, sort string
	fields            []string
	limit             int
}

// entries returns the entries that a qualification finds and the account may read.
func (d *Desk) entries(ctx context.Context, op string, query query) ([]entry, rest.Answer, error) {
	var found struct {
		Entries []struct {
			Values entry `json:"values"`
		} `json:"entries"`
	}
	answer, err := d.client.Read(ctx, rest.Call{
		Op: op, Method: http.MethodGet, Path: "/api/arsys/v1/entry/{form}", Params: map[string]string{"form": query.form}, Into: &found,
		Query: url.Values{"q": {query.where}, "fields": {"values(" + strings.Join(query.fields, ",") + ")"}, "sort": {query.sort}, "limit": {strconv.Itoa(query.limit)}},
	})
	if err != nil {
		return nil, answer, err
	}
	if found.Entries == nil {
		return nil, answer, d.client.Failf(op, providers.Malformed, "the answer holds no entries")
	}
	var rows []entry
	for _, found := range found.Entries {
		rows = append(rows, found.Values)
	}
	return rows, answer, nil
}

var incidentFields = []string{
	"Incident Number", "Entry ID", "Description", "Detailed Decription", "Status", "Assigned Group", "Submit Date", "Last Modified Date", "Last Modified By", "Person ID",
}

func (d *Desk) ticket(row entry) providers.Ticket {
	number := row["Incident Number"]
	ticket := providers.Ticket{
		ID: number, Number: number, Key: reference.Find(row["Detailed Decription"]), Subject: row["Description"], Status: row["Status"],
		Queue: row["Assigned Group"], UpdatedBy: row["Last Modified By"], CreatedAt: row.time("Submit Date"), UpdatedAt: row.time("Last Modified Date"),
		URL: strings.TrimSuffix(d.config.WebServices, "/services") + "/servlet/ViewFormServlet?form=HPD:Help+Desk&server=" +
			url.QueryEscape(d.config.Server) + "&qual=" + url.QueryEscape("'1000000161'=\""+number+`"`),
	}
	if row["Person ID"] != "" {
		ticket.RequesterIDs = []string{row["Person ID"]}
	}
	return ticket
}

func user(row entry) providers.User {
	return providers.User{
		ID: row["Person ID"], Login: row["Remedy Login ID"], Email: row["Internet E-mail"], EmployeeNumber: row["Corporate ID"],
		DisplayName: strings.TrimSpace(row["First Name"] + " " + row["Last Name"]), Active: row["Profile Status"] == statusEnabled,
	}
}

// place is where a list of changes continues: among the incidents, then among the work logs.
type place struct {
	inWorkLogs bool
	after      string
}

func (p place) String() string {
	if p.inWorkLogs {
		return "worklog " + p.after
	}
	return "incident " + p.after
}

func parsePlace(page string) (place, error) {
	if page == "" {
		return place{}, nil
	}
	list, after, ok := strings.Cut(page, " ")
	if !ok || list != "worklog" && list != "incident" || after != "" && !idPattern.MatchString(after) {
		return place{}, fmt.Errorf("page %q is none of ours", page)
	}
	return place{inWorkLogs: list == "worklog", after: after}, nil
}

// idPattern is that of AR System's IDs: INC000000000430, WLG000000000007, PPL000000000016.
var idPattern = regexp.MustCompile(`^[A-Z]{1,8}[0-9]{1,15}$`)

// checkID refuses what is no ID, so that it cannot become another qualification.
func (d *Desk) checkID(op, id string) error {
	if !idPattern.MatchString(id) {
		return d.client.Errorf(op, providers.Invalid, errors.New("the ID is none of AR System's; want letters and digits, as INC000000000430"))
	}
	return nil
}
