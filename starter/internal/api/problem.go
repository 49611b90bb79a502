package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"deskbridge/starter/internal/service"
)

// newProblem makes a problem without the values that were sent, which may be notes and addresses:
// a problem ends in others' logs.
func newProblem(status int, text string, errs ...error) huma.StatusError {
	details := make([]*huma.ErrorDetail, 0, len(errs))
	for _, err := range errs {
		var detailed huma.ErrorDetailer
		switch {
		case err == nil:
		case errors.As(err, &detailed):
			detail := *detailed.ErrorDetail()
			detail.Value = nil
			if cure, known := cures[detail.Message]; known {
				detail.Message += "; " + cure
			} else if strings.HasPrefix(detail.Message, "invalid date/time") {
				detail.Message = "want a date-time such as 2026-12-01T08:00:00Z"
			}
			details = append(details, &detail)
		default:
			details = append(details, &huma.ErrorDetail{Message: err.Error()})
		}
	}
	return &huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: text, Errors: details}
}

// cures says what to do about what huma finds.
var cures = map[string]string{
	"unexpected property":                 "remove it or correct its name",
	"unknown query parameter":             "remove it or correct its name",
	"expected object":                     "send a JSON object",
	"request body is required":            "send one, as the operation's description has it",
	"required query parameter is missing": "give it",
}

// statuses says how a fault is told by HTTP.
var statuses = map[service.Fault]int{
	service.Wrong: http.StatusUnprocessableEntity, service.Absent: http.StatusNotFound, service.Clash: http.StatusConflict,
	service.Refused: http.StatusConflict, service.Down: http.StatusServiceUnavailable,
}

// problem turns an error of the service into problem details; nil of nil.
func problem(err error) error {
	var told huma.StatusError
	fault := service.FaultOf(err)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &told):
		return told
	case errors.Is(err, context.Canceled):
		return huma.NewError(499, "the caller went away")
	case fault == service.Wrong:
		return huma.NewError(statuses[fault], "validation failed", mistakes(err)...)
	case fault != "":
		return huma.NewError(statuses[fault], err.Error())
	}
	return huma.NewError(http.StatusInternalServerError, "unexpected; the server's log has it under this request's ID")
}

// mistakes takes joined mistakes apart: each text begins with the place of its field.
func mistakes(err error) []error {
	var all []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		place, _, named := strings.Cut(line, ": ")
		detail := &huma.ErrorDetail{Message: line, Location: "body"}
		if named && !strings.Contains(strings.TrimSuffix(place, `"`), `"`) || named && strings.Contains(place, "] \"") {
			field, _, _ := strings.Cut(place, " ")
			detail.Location = "body." + field
		}
		all = append(all, detail)
	}
	return all
}
