package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"

	"deskbridge/workflows"
)

// Plan is a list of steps for a kind of user. Texts of its tickets and arguments of its actions may
// hold {{.person.display_name}} and alike (Go's text/template): fields of the person whom the
// request is for, of the requester, and request_id.
type Plan struct {
	Steps []workflows.Step `yaml:"steps"`
}

// Subject is what a plan is expanded for.
type Subject struct {
	RequestID string
	Person    workflows.Person
	Requester workflows.Person
}

// Expand returns the plan's steps with their texts filled in.
func (p Plan) Expand(subject Subject) ([]workflows.Step, error) {
	values := map[string]any{"request_id": subject.RequestID, "person": fields(subject.Person), "requester": fields(subject.Requester)}
	var mistakes []error
	fill := func(place string, text *string) {
		filled, err := fillIn(*text, values)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s: %w", place, err))
			return
		}
		*text = filled
	}
	steps := make([]workflows.Step, len(p.Steps))
	for i, step := range p.Steps {
		place := fmt.Sprintf("steps[%d] %q", i, step.ID)
		step.Ticket = fillTicket(place+": ticket", step.Ticket, fill)
		step.Fallback = fillTicket(place+": fallback", step.Fallback, fill)
		if step.Action != nil {
			action := *step.Action
			if action.Arguments != nil {
				action.Arguments, _ = fillValue(place+": action: arguments", action.Arguments, fill).(map[string]any)
			}
			step.Action = &action
		}
		steps[i] = step
	}
	return steps, errors.Join(mistakes...)
}

func fillTicket(place string, ticket *workflows.TicketRequest, fill func(string, *string)) *workflows.TicketRequest {
	if ticket == nil {
		return nil
	}
	filled := *ticket
	fill(place+": subject", &filled.Subject)
	fill(place+": body", &filled.Body)
	fill(place+": queue", &filled.Queue)
	if ticket.Fields != nil {
		filled.Fields = map[string]string{}
		for name, value := range ticket.Fields {
			fill(place+": fields."+name, &value)
			filled.Fields[name] = value
		}
	}
	return &filled
}

// fillValue fills in every text of a JSON value.
func fillValue(place string, value any, fill func(string, *string)) any {
	switch value := value.(type) {
	case string:
		fill(place, &value)
		return value
	case map[string]any:
		filled := map[string]any{}
		for name, inner := range value {
			filled[name] = fillValue(place+"."+name, inner, fill)
		}
		return filled
	case []any:
		filled := make([]any, len(value))
		for i, inner := range value {
			filled[i] = fillValue(fmt.Sprintf("%s[%d]", place, i), inner, fill)
		}
		return filled
	}
	return value
}

func fillIn(text string, values map[string]any) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	parsed, err := template.New("").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", errors.New("this is no template; write for example {{.person.display_name}}")
	}
	var filled strings.Builder
	if err := parsed.Execute(&filled, values); err != nil {
		// The template engine's own text would repeat what it was given.
		return "", errors.New("it names something that the request does not have; there are request_id, and of person and requester employee_number, login, email, display_name and attributes")
	}
	return filled.String(), nil
}

func fields(person workflows.Person) map[string]any {
	attributes := person.Attributes
	if attributes == nil {
		attributes = map[string]string{}
	}
	return map[string]any{
		"employee_number": person.EmployeeNumber, "login": person.Login, "email": person.Email,
		"display_name": person.DisplayName, "attributes": attributes,
	}
}

// mistakes tries a plan on a person of whom everything is known.
func (p Plan) mistakes(config *Config) []error {
	sample := workflows.Person{EmployeeNumber: "E-1", Login: "sample", Email: "sample@example.test", DisplayName: "Sample Person", Attributes: p.attributes()}
	steps, err := p.Expand(Subject{RequestID: "R-1", Person: sample, Requester: sample})
	return split(errors.Join(err, workflows.ValidateSteps(steps), config.CheckTargets(steps), p.noFiles()))
}

// attributes are those that the plan names: a request may have them or not.
func (p Plan) attributes() map[string]string {
	named := map[string]string{}
	for _, step := range p.Steps {
		for _, found := range attributeNames.FindAllStringSubmatch(fmt.Sprintf("%+v %+v %+v", step.Ticket, step.Fallback, step.Action), -1) {
			named[found[1]] = "x"
		}
	}
	return named
}

func (p Plan) noFiles() error {
	for i, step := range p.Steps {
		for _, ticket := range []*workflows.TicketRequest{step.Ticket, step.Fallback} {
			if ticket != nil && len(ticket.Attach) > 0 {
				return fmt.Errorf("steps[%d] %q: attach: a plan has no files; attach them to the request", i, step.ID)
			}
		}
	}
	return nil
}

// CheckTargets reports actions whose target is not configured.
func (c *Config) CheckTargets(steps []workflows.Step) error {
	var mistakes []error
	for i, step := range steps {
		if step.Action == nil || step.Action.Target == "" {
			continue
		}
		if _, known := c.Targets[step.Action.Target]; !known {
			mistakes = append(mistakes, fmt.Errorf("steps[%d] %q: action: target: the configuration has no target %q", i, step.ID, step.Action.Target))
		}
	}
	return errors.Join(mistakes...)
}

func split(err error) []error {
	if err == nil {
		return nil
	}
	var all []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		all = append(all, errors.New(line))
	}
	return all
}

var attributeNames = regexp.MustCompile(`\.attributes\.([A-Za-z0-9_]+)`)
