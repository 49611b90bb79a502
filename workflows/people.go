package workflows

import (
	"encoding/json"

	"go.temporal.io/sdk/workflow"

	"deskbridge/activities"
	"deskbridge/internal/names"
	"deskbridge/providers"
)

// NameUser is the name under which User is registered and started by an activity.
const NameUser = "User"

// User creates one person at one desk unless somebody matches by then. Its ID is the person's, so
// that it is the only one who does, and it ends when the desk's search shows what it created.
func User(ctx workflow.Context, in activities.UserInput) (activities.EnsuredUser, error) {
	var user activities.EnsuredUser
	activity := deskOptions(ctx, in.Connection, names.PriorityLog, "The person exists at "+in.Connection)
	if err := workflow.ExecuteActivity(activity, desk.EnsureUser, in.Person).Get(ctx, &user); err != nil {
		return user, err
	}
	if !user.Created || in.SearchLag == 0 {
		return user, nil
	}
	options := workflow.TimerOptions{Summary: "Until the desk's search shows the person"}
	return user, workflow.NewTimerWithOptions(ctx, in.SearchLag, options).Get(ctx, nil)
}

// ensureUser makes sure once that a person exists at the desk, and returns the desk's ID. One who
// does not is created by a workflow that alone may create this person.
func ensureUser(ctx workflow.Context, connection Connection, person Person, role string) (string, error) {
	var user activities.EnsuredUser
	at := deskOptions(ctx, connection.Name, names.PriorityLog, "The "+role+" exists at "+connection.Name)
	if !connection.knowsPeople() {
		err := workflow.ExecuteActivity(at, desk.EnsureUser, person).Get(ctx, &user)
		return user.UserID, err
	}
	if err := workflow.ExecuteActivity(at, desk.MatchUser, person).Get(ctx, &user); err != nil || !user.Missing {
		return user.UserID, err
	}
	return createUser(ctx, connection, person, role)
}

func createUser(ctx workflow.Context, connection Connection, person Person, role string) (string, error) {
	var user activities.EnsuredUser
	input, err := json.Marshal(activities.UserInput{Connection: connection.Name, Person: person, SearchLag: connection.SearchLag})
	if err != nil {
		return "", err
	}
	ctx = peopleOptions(ctx, "The "+role+" is created at "+connection.Name)
	err = workflow.ExecuteActivity(ctx, common.CreateUserOnce, activities.NewUser{
		Connection: connection.Name, Person: person, Workflow: NameUser, Input: input,
	}).Get(ctx, &user)
	return user.UserID, err
}

// UserCall is one thing that an administrator or Activate does to users at a desk; one of its
// fields is set.
type UserCall struct {
	Connection Connection
	Find       *providers.UserQuery  `json:",omitempty"`
	Create     *Person               `json:",omitempty"`
	Update     *providers.UserUpdate `json:",omitempty"`
	Deactivate *Person               `json:",omitempty"`
}

// Verb is what the call does: find, create, update or deactivate a user.
func (c UserCall) Verb() string {
	switch {
	case c.Find != nil:
		return "find-user"
	case c.Create != nil:
		return "create-user"
	case c.Update != nil:
		return "update-user"
	default:
		return "deactivate-user"
	}
}

// UserAnswer answers a [UserCall].
type UserAnswer struct {
	Users []providers.User     `json:",omitempty"`
	Left  *activities.LeftUser `json:",omitempty"`
	// UserID is that of a person who was created, or was there.
	UserID string `json:",omitempty"`
}

// CallUsers does one thing to users at a desk, for somebody who waits at a screen: it is tried for
// less than a minute.
func CallUsers(ctx workflow.Context, in UserCall) (UserAnswer, error) {
	var answer UserAnswer
	var err error
	at := callOptions(ctx, in.Connection.Name, "Users of "+in.Connection.Name)
	switch {
	case in.Find != nil:
		err = workflow.ExecuteActivity(at, desk.FindUsers, *in.Find).Get(ctx, &answer.Users)
	case in.Update != nil:
		var user providers.User
		err = workflow.ExecuteActivity(at, desk.UpdateUser, *in.Update).Get(ctx, &user)
		answer.Users = []providers.User{user}
	case in.Deactivate != nil:
		answer.Left = &activities.LeftUser{}
		err = workflow.ExecuteActivity(at, desk.DeactivateUser, *in.Deactivate).Get(ctx, answer.Left)
	case in.Create != nil:
		if err := ValidatePerson("user", *in.Create); err != nil {
			return answer, refuse(err)
		}
		var user activities.EnsuredUser
		err = workflow.ExecuteActivity(at, desk.MatchUser, *in.Create).Get(ctx, &user)
		if answer.UserID = user.UserID; err == nil && user.Missing {
			answer.UserID, err = createUser(ctx, in.Connection, *in.Create, "user")
		}
	}
	return answer, err
}
