package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"deskbridge/activities"
	"deskbridge/internal/names"
)

// UserSyncInput is the input of the UserSync workflow.
type UserSyncInput struct {
	Connection Connection
	SyncID     string
	// List is the stored list; Count its length.
	List  activities.File
	Count int
	// Mode is dry-run or apply.
	Mode   SyncMode
	Limits SyncLimits
}

// SyncMode says whether a sync changes anything.
type SyncMode string

// The modes of a sync.
const (
	SyncDryRun SyncMode = "dry-run"
	SyncApply  SyncMode = "apply"
)

// SyncLimits bound what a sync may do: beyond them it does nothing.
type SyncLimits struct {
	// Changes counts creations, updates and deactivations together.
	Changes       int `json:"changes"`
	Deactivations int `json:"deactivations"`
}

// DefaultSyncLimits hold for a sync that names none: a list that was exported wrongly does little.
var DefaultSyncLimits = SyncLimits{Changes: 500, Deactivations: 20}

// The phases of a sync.
const (
	SyncPlanning = "planning"
	SyncApplying = "applying"
	// SyncRefused: the plan goes beyond the limits, so that nothing was changed.
	SyncRefused = "refused"
	// SyncPlanned is the end of a dry run, SyncApplied that of the other.
	SyncPlanned = "planned"
	SyncApplied = "applied"
)

// SyncReport is how far a sync is, and how it ended.
type SyncReport struct {
	Phase string
	// Total is the number of users in the list; Done of how many the phase has dealt with.
	Total, Done int
	Plan        activities.SyncedUsers
	// Applied is what was done; nil in a dry run.
	Applied *activities.SyncedUsers `json:",omitempty"`
	// Refusal says which limit the plan goes beyond.
	Refusal   string `json:",omitempty"`
	Attention string `json:",omitempty"`
	// MoreProblems counts those beyond the first thousand.
	MoreProblems int `json:",omitempty"`
}

const (
	syncPart    = 100
	maxProblems = 1000
)

type userSync struct {
	UserSyncInput
	ctx       workflow.Context
	report    SyncReport
	attention attention
	hurry     bool
}

// UserSync brings a list of users to a desk: it looks at all of them first, does nothing if the
// plan goes beyond the limits, and in a dry run does nothing in any case.
func UserSync(ctx workflow.Context, in UserSyncInput) (SyncReport, error) {
	s := &userSync{UserSyncInput: in, ctx: ctx, report: SyncReport{Phase: SyncPlanning, Total: in.Count}}
	if err := errors.Join(s.attention.answer(ctx), workflow.SetQueryHandler(ctx, names.Progress, func() (SyncReport, error) { return s.report, nil })); err != nil {
		return s.report, err
	}
	if err := workflow.SetUpdateHandler(ctx, names.Refresh, func(workflow.Context) error { s.hurry = true; return nil }); err != nil {
		return s.report, err
	}
	if err := s.each(desk.PlanUsers, &s.report.Plan); err != nil {
		return s.report, err
	}
	switch plan := s.report.Plan; {
	case in.Mode != SyncApply:
		return s.end(SyncPlanned)
	case plan.Deactivated > in.Limits.Deactivations:
		s.report.Refusal = fmt.Sprintf("the plan deactivates %d users, the limit is %d; look at the list, or raise the limit", plan.Deactivated, in.Limits.Deactivations)
		return s.end(SyncRefused)
	case plan.Changes() > in.Limits.Changes:
		s.report.Refusal = fmt.Sprintf("the plan changes %d users, the limit is %d; look at the list, or raise the limit", plan.Changes(), in.Limits.Changes)
		return s.end(SyncRefused)
	}
	s.report.Phase, s.report.Done, s.report.Applied, s.report.MoreProblems = SyncApplying, 0, &activities.SyncedUsers{}, 0
	if err := s.each(desk.ApplyUsers, s.report.Applied); err != nil {
		return s.report, err
	}
	return s.end(SyncApplied)
}

// each has the list dealt with part by part.
func (s *userSync) each(activity any, into *activities.SyncedUsers) error {
	for s.report.Done < s.Count {
		s.describe()
		part := activities.SyncUsers{List: s.List, From: s.report.Done, To: min(s.report.Done+syncPart, s.Count), Workflow: NameUser}
		var synced activities.SyncedUsers
		ctx := pollOptions(s.ctx, s.Connection.Name, names.PrioritySweep, fmt.Sprintf("%s: users %d to %d of %d", s.report.Phase, part.From+1, part.To, s.Count))
		err := s.attention.untilMended(s.ctx, s.describe, func() bool { return s.hurry }, func() error {
			s.hurry = false
			err := workflow.ExecuteActivity(ctx, activity, part).Get(ctx, &synced)
			s.report.Attention = ""
			if kindOf(err).NeedsPerson() {
				s.report.Attention = reasonOf(err)
			}
			return err
		})
		if err != nil {
			return err
		}
		into.Add(synced)
		if more := len(into.Problems) - maxProblems; more > 0 {
			s.report.MoreProblems += more
			into.Problems = into.Problems[:maxProblems]
		}
		s.report.Done = part.To
	}
	return nil
}

func (s *userSync) end(phase string) (SyncReport, error) {
	s.report.Phase = phase
	s.describe()
	return s.report, nil
}

func (s *userSync) describe() {
	now := s.report.Plan
	if s.report.Applied != nil {
		now = *s.report.Applied
	}
	text := fmt.Sprintf("**%s** at **%s**: %d of %d users; %d created, %d updated, %d deactivated, %d unchanged, %d problems.",
		s.report.Phase, s.Connection.Name, s.report.Done, s.report.Total, now.Created, now.Updated, now.Deactivated, now.Unchanged, len(now.Problems)+s.report.MoreProblems)
	if s.report.Refusal != "" {
		text += "\n\n" + s.report.Refusal
	}
	if s.attention.Reason != "" {
		text += "\n\n**Needs a person:** " + s.attention.Reason
	}
	workflow.SetCurrentDetails(s.ctx, text)
}
