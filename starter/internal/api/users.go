package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"deskbridge/activities"
	"deskbridge/providers"
	"deskbridge/starter/internal/service"
	"deskbridge/workflows"
)

// User is a person at a desk.
type User struct {
	ID             string `json:"id" doc:"The desk's own, which never changes."`
	Login          string `json:"login,omitempty"`
	Email          string `json:"email,omitempty"`
	EmployeeNumber string `json:"employee_number,omitempty"`
	DisplayName    string `json:"display_name,omitempty"`
	Active         bool   `json:"active"`
}

// Users is a list of them.
type Users struct {
	Users []User `json:"users"`
}

func usersOf(found []providers.User) *struct{ Body Users } {
	told := Users{Users: []User{}}
	for _, user := range found {
		told.Users = append(told.Users, User(user))
	}
	return &struct{ Body Users }{told}
}

func (a *API) users() {
	operation := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: "/v1/users" + path, Tags: []string{"users"}, Summary: summary, DefaultStatus: status,
			Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
		}
	}
	register(a, staff, operation("find-users", http.MethodGet, "/{connection}", "Find users by one identity", 0), func(ctx context.Context, input *struct {
		Connection string `path:"connection"`
		By         string `query:"by" required:"true" enum:"employee_number,login,email"`
		Value      string `query:"value" required:"true" minLength:"1" maxLength:"320"`
	}) (*struct{ Body Users }, error) {
		answer, err := a.Service.CallUsers(ctx, input.Connection, workflows.UserCall{Find: &providers.UserQuery{By: providers.Identity(input.By), Value: input.Value}})
		if err != nil {
			return nil, err
		}
		return usersOf(answer.Users), nil
	})
	register(a, staff, operation("create-user", http.MethodPost, "/{connection}", "Create a user, unless one matches", http.StatusOK), func(ctx context.Context, input *struct {
		Connection string `path:"connection"`
		Body       Person
	}) (*struct{ Body CreatedUser }, error) {
		person := input.Body.model()
		if err := workflows.ValidatePerson("user", *person); err != nil {
			return nil, &service.Error{Fault: service.Wrong, Err: err}
		}
		answer, err := a.Service.CallUsers(ctx, input.Connection, workflows.UserCall{Create: person})
		if err != nil {
			return nil, err
		}
		return &struct{ Body CreatedUser }{CreatedUser{answer.UserID}}, nil
	})
	register(a, staff, operation("update-user", http.MethodPatch, "/{connection}/{id}", "Change those fields of a user that are given", 0), func(ctx context.Context, input *struct {
		Connection string `path:"connection"`
		ID         string `path:"id" doc:"The desk's own."`
		Body       struct {
			Login       *string           `json:"login,omitempty" maxLength:"256"`
			Email       *string           `json:"email,omitempty" maxLength:"320"`
			DisplayName *string           `json:"display_name,omitempty" maxLength:"256"`
			Attributes  map[string]string `json:"attributes,omitempty"`
		}
	}) (*struct{ Body Users }, error) {
		body := input.Body
		if body.Login == nil && body.Email == nil && body.DisplayName == nil && len(body.Attributes) == 0 {
			return nil, &service.Error{Fault: service.Wrong, Err: errors.New("login: nothing is given; give at least one of login, email, display_name and attributes")}
		}
		answer, err := a.Service.CallUsers(ctx, input.Connection, workflows.UserCall{Update: &providers.UserUpdate{
			UserID: input.ID, Login: body.Login, Email: body.Email, DisplayName: body.DisplayName, Attributes: body.Attributes,
		}})
		if err != nil {
			return nil, err
		}
		return usersOf(answer.Users), nil
	})
	register(a, staff, operation("deactivate-user", http.MethodPost, "/{connection}/deactivations", "Deactivate a person's account, unless it is protected", http.StatusOK), func(ctx context.Context, input *struct {
		Connection string `path:"connection"`
		Body       Person
	}) (*struct{ Body Left }, error) {
		person := input.Body.model()
		if err := workflows.ValidateIdentity("user", *person); err != nil {
			return nil, &service.Error{Fault: service.Wrong, Err: err}
		}
		answer, err := a.Service.CallUsers(ctx, input.Connection, workflows.UserCall{Deactivate: person})
		if err != nil {
			return nil, err
		}
		return &struct{ Body Left }{Left{answer.Left.UserID, string(answer.Left.Account)}}, nil
	})
	a.syncs()
}

// CreatedUser is a user who is there now.
type CreatedUser struct {
	ID string `json:"id" doc:"The desk's own."`
}

// Left is what became of an account.
type Left struct {
	ID      string `json:"id,omitempty" doc:"The desk's own."`
	Account string `json:"account" enum:"deactivated,absent,protected,unsupported"`
}

// WantedUser is how a person should be at the desk.
type WantedUser struct {
	Person
	Leaves bool `json:"leaves,omitempty" doc:"The account is to be deactivated."`
}

// SyncCounts counts users.
type SyncCounts struct {
	Created     int `json:"created"`
	Updated     int `json:"updated"`
	Deactivated int `json:"deactivated"`
	Unchanged   int `json:"unchanged"`
	Problems    int `json:"problems"`
}

// SyncProblem is a user who was left alone.
type SyncProblem struct {
	User   int    `json:"user" doc:"Its place in the list, from 1."`
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
}

// SyncReport is how far a sync is, and how it ended.
type SyncReport struct {
	Phase     string        `json:"phase" enum:"planning,applying,refused,planned,applied"`
	Ended     bool          `json:"ended"`
	Total     int           `json:"total"`
	Done      int           `json:"done"`
	Plan      SyncCounts    `json:"plan"`
	Applied   *SyncCounts   `json:"applied,omitempty"`
	Problems  []SyncProblem `json:"problems" doc:"The first thousand."`
	Refusal   string        `json:"refusal,omitempty" doc:"The limit that the plan goes beyond; nothing was changed."`
	Attention string        `json:"attention,omitempty"`
}

func counts(synced activities.SyncedUsers) SyncCounts {
	return SyncCounts{synced.Created, synced.Updated, synced.Deactivated, synced.Unchanged, len(synced.Problems)}
}

func (a *API) syncs() {
	register(a, staff, huma.Operation{
		OperationID: "sync-users", Method: http.MethodPost, Path: "/v1/user-syncs", Tags: []string{"users"}, DefaultStatus: http.StatusAccepted, MaxBodyBytes: maxListBody,
		Summary: "Bring a list of users to a desk", Responses: a.before(), Errors: []int{http.StatusConflict, http.StatusUnprocessableEntity},
		Description: "All users are looked at first. A dry run, which is the default, ends there; otherwise nothing is done if the plan goes beyond the limits.",
	}, func(ctx context.Context, input *struct {
		Body struct {
			Connection string       `json:"connection" minLength:"1"`
			SyncID     string       `json:"sync_id" minLength:"1" maxLength:"64"`
			Mode       string       `json:"mode,omitempty" enum:"dry-run,apply" default:"dry-run"`
			Changes    int          `json:"max_changes,omitempty" minimum:"0" default:"500"`
			Leaves     int          `json:"max_deactivations,omitempty" minimum:"0" default:"20"`
			Users      []WantedUser `json:"users" minItems:"1" maxItems:"20000"`
		}
	}) (*StartedOutput, error) {
		body := input.Body
		asked := service.SyncRequest{
			Connection: body.Connection, SyncID: body.SyncID, Mode: workflows.SyncMode(body.Mode),
			Limits: workflows.SyncLimits{Changes: body.Changes, Deactivations: body.Leaves},
		}
		for _, user := range body.Users {
			asked.Users = append(asked.Users, activities.WantedUser{Person: *user.model(), Leaves: user.Leaves})
		}
		if err := a.Service.PrepareSync(asked); err != nil {
			return nil, err
		}
		started, err := a.Service.SyncUsers(ctx, asked)
		if err != nil {
			return nil, err
		}
		return startedOutput(started, "/v1/user-syncs/"+asked.Connection+"/"+asked.SyncID), nil
	})
	register(a, staff, huma.Operation{
		OperationID: "show-user-sync", Method: http.MethodGet, Path: "/v1/user-syncs/{connection}/{sync_id}", Tags: []string{"users"},
		Summary: "How far a sync is, and its report", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, input *struct {
		Connection string `path:"connection"`
		SyncID     string `path:"sync_id"`
	}) (*struct{ Body SyncReport }, error) {
		report, ended, err := a.Service.SyncReport(ctx, input.Connection, input.SyncID)
		if err != nil {
			return nil, err
		}
		told := SyncReport{
			Phase: report.Phase, Ended: ended, Total: report.Total, Done: report.Done, Plan: counts(report.Plan),
			Problems: []SyncProblem{}, Refusal: report.Refusal, Attention: report.Attention,
		}
		problems := report.Plan.Problems
		if report.Applied != nil {
			applied := counts(*report.Applied)
			told.Applied, problems = &applied, report.Applied.Problems
		}
		for _, problem := range problems {
			told.Problems = append(told.Problems, SyncProblem{problem.Line, string(problem.Kind), problem.Reason})
		}
		return &struct{ Body SyncReport }{told}, nil
	})
}
