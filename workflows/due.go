package workflows

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rickar/cal/v2"
	"go.temporal.io/sdk/workflow"

	"deskbridge/internal/logkey"
)

// DuePolicy says until when tickets must have their outcome, and what happens where they do not.
// All durations are working time of the calendar.
type DuePolicy struct {
	// Within is the time from logging to outcome of a ticket that has none of its own; without it
	// such a ticket waits for ever.
	Within time.Duration `yaml:"within"`
	// Remind is when the desk is reminded, each so long before the ticket is due.
	Remind []time.Duration `yaml:"remind"`
	// Priority is set at the desk when the ticket is overdue, in the desk's own word or number; none
	// if empty.
	Priority string `yaml:"priority"`
	// Expire is how long after it was due a ticket ends as expired; never if zero.
	Expire   time.Duration `yaml:"expire"`
	Calendar Calendar      `yaml:"calendar"`
}

// Calendar is when a service desk works; around the clock if it is zero.
type Calendar struct {
	// TimeZone is an IANA name such as Europe/Berlin; UTC if empty.
	TimeZone string `yaml:"time_zone"`
	// Days are mon to sun; From and Until a time of day such as 08:00.
	Days  []string `yaml:"days"`
	From  string   `yaml:"from"`
	Until string   `yaml:"until"`
	// Holidays are dates such as 2026-12-25.
	Holidays []string `yaml:"holidays"`
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// clock is a calendar that can be asked.
type clock struct {
	*cal.BusinessCalendar
	zone *time.Location
}

// read makes a calendar that can be asked; nil if it works around the clock. Errors name the key.
func (c Calendar) read() (*clock, error) {
	if c.TimeZone == "" && len(c.Days) == 0 && c.From == "" && c.Until == "" && len(c.Holidays) == 0 {
		return nil, nil //nolint:nilnil // around the clock
	}
	var mistakes []error
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		mistakes = append(mistakes, fmt.Errorf("time_zone: %q is no time zone; want for example Europe/Berlin", c.TimeZone))
	}
	calendar := cal.NewBusinessCalendar()
	if len(c.Days) > 0 {
		for day := range weekdays {
			calendar.SetWorkday(time.Weekday(day), slices.Contains(c.Days, weekdays[day]))
		}
	}
	for _, day := range c.Days {
		if !slices.Contains(weekdays, day) {
			mistakes = append(mistakes, fmt.Errorf("days: %q; want some of mon, tue, wed, thu, fri, sat, sun", day))
		}
	}
	from, errFrom := timeOfDay(c.From, 0)
	until, errUntil := timeOfDay(c.Until, 24*time.Hour-time.Nanosecond)
	if errFrom != nil || errUntil != nil || until <= from {
		mistakes = append(mistakes, fmt.Errorf("from, until: %q, %q; want times of day such as 08:00 and 17:00, the later one second", c.From, c.Until))
	}
	calendar.SetWorkHours(from, until)
	for _, date := range c.Holidays {
		day, err := time.Parse(time.DateOnly, date)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("holidays: %q; want a date such as 2026-12-25", date))
			continue
		}
		calendar.AddHoliday(&cal.Holiday{Month: day.Month(), Day: day.Day(), StartYear: day.Year(), EndYear: day.Year(), Func: cal.CalcDayOfMonth})
	}
	return &clock{calendar, zone}, errors.Join(mistakes...)
}

func timeOfDay(text string, otherwise time.Duration) (time.Duration, error) {
	if text == "" {
		return otherwise, nil
	}
	at, err := time.Parse("15:04", text)
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, err
}

// add is the time when so much working time has passed.
func (c *clock) add(from time.Time, working time.Duration) time.Time {
	if c == nil {
		return from.Add(working)
	}
	return c.AddWorkHours(from.In(c.zone), working).UTC()
}

// between is the working time between two times.
func (c *clock) between(from, until time.Time) time.Duration {
	if c == nil {
		return until.Sub(from)
	}
	return c.WorkHoursInRange(from.In(c.zone), until.In(c.zone))
}

// Mistakes reports what is wrong with a policy, by key.
func (p DuePolicy) Mistakes() error {
	var mistakes []error
	_, err := p.Calendar.read()
	if joined, many := err.(interface{ Unwrap() []error }); many {
		for _, err := range joined.Unwrap() {
			mistakes = append(mistakes, fmt.Errorf("calendar.%w", err))
		}
	}
	if p.Within < 0 || p.Expire < 0 {
		mistakes = append(mistakes, errors.New("within, expire: want durations such as 40h"))
	}
	for _, before := range p.Remind {
		if before <= 0 {
			mistakes = append(mistakes, fmt.Errorf("remind: %s; want durations such as 8h, before the ticket is due", before))
		}
	}
	return errors.Join(mistakes...)
}

// What is done about a ticket that has no outcome yet.
const (
	dueRemind   = "remind"
	dueEscalate = "escalate"
	dueExpire   = "expire"
)

// deadline is until when a ticket must have its outcome, and what is still to be done about it.
type deadline struct {
	At    time.Time
	Steps []dueStep
}

// until is the deadline as people read it.
func (d *deadline) until() string { return d.At.UTC().Format("2006-01-02 15:04 UTC") }

type dueStep struct {
	At time.Time
	Do string
}

// plan makes the deadline of a ticket that was logged; nil if it has none.
func (p DuePolicy) plan(request TicketRequest, logged time.Time) (*deadline, error) {
	calendar, err := p.Calendar.read()
	if err != nil {
		return nil, err
	}
	due := request.DueAt
	if due.IsZero() {
		within := request.DueWithin
		if within == 0 {
			within = p.Within
		}
		if within == 0 {
			return nil, nil //nolint:nilnil // it waits for ever
		}
		due = calendar.add(logged, within)
	}
	d := &deadline{At: due}
	total := calendar.between(logged, due)
	for _, before := range p.Remind {
		if before < total {
			d.Steps = append(d.Steps, dueStep{calendar.add(logged, total-before), dueRemind})
		}
	}
	d.Steps = append(d.Steps, dueStep{due, dueEscalate})
	if p.Expire > 0 {
		d.Steps = append(d.Steps, dueStep{calendar.add(due, p.Expire), dueExpire})
	}
	slices.SortStableFunc(d.Steps, func(a, b dueStep) int { return a.At.Compare(b.At) })
	return d, nil
}

// setDeadline plans by the calendar once: its time zone may change with the worker's next version.
func (t *ticket) setDeadline() {
	policy := t.in.Connection.Due
	if policy == nil {
		if policy = (&DuePolicy{}); t.in.Request.DueAt.IsZero() && t.in.Request.DueWithin == 0 {
			return
		}
	}
	now := workflow.Now(t.ctx)
	planned := workflow.SideEffect(t.ctx, func(workflow.Context) any {
		d, err := policy.plan(t.in.Request, now)
		if err != nil { // the configuration was checked; without its calendar the clock counts
			d, _ = DuePolicy{Within: policy.Within, Remind: policy.Remind, Expire: policy.Expire}.plan(t.in.Request, now)
		}
		return d
	})
	if err := planned.Get(&t.Due); err != nil {
		workflow.GetLogger(t.ctx).Error("due date", logkey.Error, err)
	}
}

// dueIn is how long it is until something is to be done about the due date; false if nothing is.
func (t *ticket) dueIn(now time.Time) (time.Duration, bool) {
	if t.Due == nil || len(t.Due.Steps) == 0 || t.Outcome != nil || t.Phase != PhaseWaiting {
		return 0, false
	}
	return t.Due.Steps[0].At.Sub(now), true
}

func (t *ticket) isDue() bool {
	in, any := t.dueIn(workflow.Now(t.ctx))
	return any && in <= 0
}

// overdue says that the ticket should have its outcome and has none.
func (t *ticket) overdue() bool {
	return t.Due != nil && t.Outcome == nil && !workflow.Now(t.ctx).Before(t.Due.At)
}

// mindDeadline does the next thing about the due date: the desk is reminded by a note, an overdue
// ticket needs a person, one that expired ends for us. Activate is told each.
func (t *ticket) mindDeadline() {
	step := t.Due.Steps[0]
	t.Due.Steps = t.Due.Steps[1:]
	due := t.Due.until()
	switch step.Do {
	case dueRemind:
		t.note("reminder: due %s", due)
		t.remark("reminder", step.At, "This ticket is due "+due+".")
		t.tellActivate(EventTicketReminder)
	case dueEscalate:
		t.note("overdue since %s", due)
		t.remark("overdue", step.At, "This ticket was due "+due+" and is not done. Please see to it now.")
		if t.in.Connection.Due != nil && t.in.Connection.Due.Priority != "" && t.mayAccept() == nil {
			t.enqueue(Write{Key: "escalated " + step.At.UTC().Format(time.RFC3339), Kind: WritePriority, Priority: t.in.Connection.Due.Priority})
		}
		t.raiseOverdue()
		t.tellActivate(EventTicketOverdue)
	case dueExpire:
		t.settle(Outcome{Result: Expired, Status: t.Ticket.Status})
		t.Attention.clear(t.ctx)
	}
}

// remark writes a note to the desk, where the level lets us.
func (t *ticket) remark(what string, at time.Time, text string) {
	if t.mayAccept() == nil {
		t.enqueue(Write{Key: what + " " + at.UTC().Format(time.RFC3339), Kind: WriteNote, Body: text})
	}
}

func (t *ticket) raiseOverdue() {
	t.Attention.raise(t.ctx, attentionOverdue, fmt.Sprintf("ticket %s was due %s; ask the desk for it, or cancel the ticket: starter ticket cancel", t.Ticket.Number, t.Due.until()))
}
