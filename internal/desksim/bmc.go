package desksim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// bmc speaks AR System's REST API (bmc_rest.go) and the web services of BMC's incidents
// (bmc_soap.go) as far as a connector needs them: see package bmc's documentation.
type bmc struct{ desk *Desk }

// arError is a message of AR System.
type arError struct {
	status, number int
	text           string
}

var (
	arNoEntry      = &arError{404, 302, "Entry does not exist in database"}
	arNoPermission = &arError{403, 353, "You have no access to form"}
	arNoField      = &arError{400, 1587, "Unknown field referenced in query line"}
)

// arTime is how answers write a time.
func arTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000-0700") }

func incidentNumber(ticket *Ticket) string { return fmt.Sprintf("INC%012d", ticket.ID) }

// entryID differs from the incident number: the two forms count on their own.
func entryID(ticket *Ticket) string { return fmt.Sprintf("INC%012d", ticket.ID+97) }

func personID(user *User) string { return fmt.Sprintf("PPL%012d", user.ID) }

func workLogID(note *Note) string { return fmt.Sprintf("WLG%012d", note.ID) }

// arRow is an entry of a form: field -> text, and the files that it holds.
type arRow struct {
	id     string
	values map[string]string
	files  map[string]*File
}

// rows lists a form.
func (api *bmc) rows(who caller, form string) ([]arRow, *arError) {
	var all []arRow
	switch form {
	case "HPD:IncidentInterface":
		for _, ticket := range sorted(api.desk.tickets) {
			if api.desk.visible(ticket) && who.rights {
				all = append(all, arRow{id: entryID(ticket), values: api.incident(ticket)})
			}
		}
	case "HPD:WorkLog":
		for _, note := range sorted(api.desk.notes) {
			if who.rights && slices.Contains([]string{Public, Internal}, note.Kind) {
				all = append(all, api.workLog(note))
			}
		}
	case "CTM:People":
		if !who.rights {
			return nil, arNoPermission
		}
		for _, user := range sorted(api.desk.users) {
			if !user.Privileged {
				all = append(all, arRow{id: personID(user), values: api.person(user)})
			}
		}
	case "CTM:Support Group":
		for _, queue := range sorted(api.desk.queues) {
			if who.rights {
				all = append(all, arRow{id: fmt.Sprintf("SGP%012d", queue.ID), values: map[string]string{
					"Support Group ID": fmt.Sprintf("SGP%012d", queue.ID), "Support Group Name": queue.Name, "Company": "Calbro Services",
					"Support Organization": "IT Support", "Status": "Enabled",
				}})
			}
		}
	default:
		return nil, &arError{404, 303, "Form does not exist on server"}
	}
	return all, nil
}

func (api *bmc) incident(ticket *Ticket) map[string]string {
	values := map[string]string{
		"Request ID": entryID(ticket) + "|" + entryID(ticket), "Entry ID": entryID(ticket), "Incident Number": incidentNumber(ticket),
		"Description": ticket.Subject, "Detailed Decription": ticket.Fields["Notes"], "Status": ticket.Status, "Assigned Group": api.desk.queues[ticket.Queue].Name,
		"Submit Date": arTime(ticket.Created), "Last Modified Date": arTime(ticket.Updated), "Last Modified By": api.login(ticket.UpdatedBy), "Person ID": "",
	}
	if len(ticket.Requesters) > 0 {
		values["Person ID"] = personID(api.desk.users[ticket.Requesters[0]])
	}
	return values
}

func (api *bmc) login(id int) string {
	if user := api.desk.users[id]; user != nil {
		return user.Login
	}
	return "AR_ESCALATOR"
}

func (api *bmc) workLog(note *Note) arRow {
	row := arRow{id: workLogID(note), files: map[string]*File{}, values: map[string]string{
		"Work Log ID": workLogID(note), "Incident Number": incidentNumber(api.desk.tickets[note.Ticket]), "Submit Date": arTime(note.At),
		"View Access": map[string]string{Public: "Public", Internal: "Internal"}[note.Kind], "Submitter": api.login(note.Author),
		"Work Log Submitter": api.login(note.Author), "Description": "Note", "Detailed Description": "", "z2AF Work Log01": "",
	}}
	for _, id := range note.Parts {
		file := api.desk.files[id]
		if file.Name == "" {
			row.values["Detailed Description"] = string(file.Content)
			continue
		}
		row.files["z2AF Work Log01"] = file
	}
	return row
}

var personFields = []string{"First Name", "Last Name", "Internet E-mail", "Remedy Login ID", "Corporate ID", "Profile Status", "Company", "Client Type", "Support Staff", "Site City"}

func (api *bmc) person(user *User) map[string]string {
	values := map[string]string{"Person ID": personID(user)}
	for _, name := range personFields {
		values[name] = user.Attributes[name]
	}
	return values
}

// fillPerson sets fields of a person; an unknown one is an error.
func (api *bmc) fillPerson(user *User, values map[string]string) *arError {
	for name := range values {
		if !slices.Contains(personFields, name) {
			return &arError{400, 311, "Field ID is not related to this form"}
		}
	}
	if user.Attributes == nil {
		user.Attributes = map[string]string{}
	}
	maps.Copy(user.Attributes, values)
	if user.Attributes["First Name"] == "" || user.Attributes["Last Name"] == "" || user.Attributes["Company"] == "" {
		return &arError{500, 307, "Required field cannot be reset to a NULL value"}
	}
	user.Login, user.Email = user.Attributes["Remedy Login ID"], user.Attributes["Internet E-mail"]
	user.Name = user.Attributes["First Name"] + " " + user.Attributes["Last Name"]
	user.Disabled = user.Attributes["Profile Status"] != "Enabled"
	api.desk.putUser(user)
	return nil
}

// qualify reads a qualification: terms 'Field' operator "value" joined by AND, or by OR.
func qualify(text string) func(arRow) (bool, *arError) {
	var alternatives [][]string
	for _, alternative := range splitUnquoted(text, " OR ") {
		alternatives = append(alternatives, splitUnquoted(alternative, " AND "))
	}
	return func(row arRow) (bool, *arError) {
		matches := false
		for _, terms := range alternatives {
			all := true
			for _, term := range terms {
				holds, refused := holdsTerm(term, row)
				if refused != nil {
					return false, refused
				}
				all = all && holds
			}
			matches = matches || all
		}
		return matches, nil
	}
}

// splitUnquoted splits a text where the separator is not between double quotes.
func splitUnquoted(text, separator string) []string {
	var parts []string
	quoted, start := false, 0
	for i := range len(text) {
		if text[i] == '"' {
			quoted = !quoted
		}
		if !quoted && i >= start && strings.HasPrefix(text[i:], separator) {
			parts = append(parts, text[start:i])
			start = i + len(separator)
		}
	}
	return append(parts, text[start:])
}

func holdsTerm(term string, row arRow) (bool, *arError) {
	field, rest, ok := strings.Cut(strings.TrimPrefix(term, "'"), "' ")
	operator, value, valued := strings.Cut(rest, " ")
	has, known := row.values[field]
	if !ok || !valued || !known {
		return false, arNoField
	}
	value = strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(value, `"`), `"`), `""`, `"`)
	if strings.HasSuffix(field, " Date") {
		seconds, err := strconv.ParseInt(value, 10, 64)
		at, _ := time.Parse("2006-01-02T15:04:05.000-0700", has)
		if err != nil {
			return false, &arError{400, 1589, "Cannot parse the date"}
		}
		has, value = fmt.Sprintf("%012d", at.Unix()), fmt.Sprintf("%012d", seconds)
	}
	has, value = strings.ToLower(has), strings.ToLower(value)
	switch operator {
	case "=":
		return has == value, nil
	case ">=":
		return has >= value, nil
	case ">":
		return has > value, nil
	case "LIKE":
		return strings.Contains(has, strings.ReplaceAll(strings.Trim(value, "%"), "[_]", "_")), nil
	}
	return false, &arError{400, 1588, "Unexpected operator"}
}
