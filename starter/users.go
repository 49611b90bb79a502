package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"deskbridge/activities"
	"deskbridge/internal/config"
	"deskbridge/internal/names"
	"deskbridge/providers"
	"deskbridge/starter/internal/service"
	"deskbridge/workflows"
)

func (a *app) usersCommand() *cobra.Command {
	command := &cobra.Command{
		Use: "users", Short: "Find, create, update, deactivate and synchronise users of a desk",
		Long: "Find, create, update, deactivate and synchronise users of a desk. A worker does it, for only workers have the credentials.",
	}
	command.AddCommand(a.usersFindCommand(), a.usersCreateCommand(), a.usersUpdateCommand(), a.usersDeactivateCommand(), a.usersSyncCommand())
	return command
}

// personFlags lets a person be named by flags.
func personFlags(command *cobra.Command, connection *string, person *workflows.Person) {
	flags := command.Flags()
	flags.StringVar(connection, "connection", "", "connection")
	_ = command.MarkFlagRequired("connection")
	flags.StringVar(&person.EmployeeNumber, "employee-number", "", "employee number")
	flags.StringVar(&person.Login, "login", "", "AD login")
	flags.StringVar(&person.Email, "email", "", "e-mail address")
	flags.StringVar(&person.DisplayName, "name", "", "display name")
	flags.StringToStringVar(&person.Attributes, "attribute", nil, "further field of the desk, name=value")
}

// callUsers has a worker do one thing and prints what it answers.
func (a *app) callUsers(cmd *cobra.Command, connection string, call workflows.UserCall) error {
	asked, err := a.service(cmd.Context())
	if err != nil {
		return err
	}
	defer asked.Client.Close()
	answer, err := asked.CallUsers(cmd.Context(), connection, call)
	if err != nil {
		return err
	}
	return a.print(cmd.OutOrStdout(), answer, func(w io.Writer) { showUsers(w, answer) })
}

func showUsers(w io.Writer, answer workflows.UserAnswer) {
	if answer.UserID != "" {
		row(w, "user", answer.UserID)
		return
	}
	if answer.Left != nil {
		row(w, "user", answer.Left.UserID)
		row(w, "account", answer.Left.Account)
		return
	}
	row(w, "ID", "LOGIN", "E-MAIL", "NUMBER", "NAME", "ACTIVE")
	for _, user := range answer.Users {
		row(w, user.ID, user.Login, user.Email, user.EmployeeNumber, user.DisplayName, user.Active)
	}
}

func (a *app) usersFindCommand() *cobra.Command {
	var connection string
	var person workflows.Person
	command := &cobra.Command{
		Use: "find", Short: "Find users by one identity", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var queries []providers.UserQuery
			for _, query := range []providers.UserQuery{
				{By: providers.ByEmployeeNumber, Value: person.EmployeeNumber}, {By: providers.ByLogin, Value: person.Login}, {By: providers.ByEmail, Value: person.Email},
			} {
				if query.Value != "" {
					queries = append(queries, query)
				}
			}
			if len(queries) != 1 {
				return exitError{exitUsage, errors.New("want one of --employee-number, --login and --email")}
			}
			return a.callUsers(cmd, connection, workflows.UserCall{Find: &queries[0]})
		},
	}
	personFlags(command, &connection, &person)
	return command
}

func (a *app) usersCreateCommand() *cobra.Command {
	var connection string
	var person workflows.Person
	command := &cobra.Command{
		Use: "create", Short: "Create a user, unless one matches", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := workflows.ValidatePerson("user", person); err != nil {
				return exitError{exitUsage, err}
			}
			return a.callUsers(cmd, connection, workflows.UserCall{Create: &person})
		},
	}
	personFlags(command, &connection, &person)
	return command
}

func (a *app) usersUpdateCommand() *cobra.Command {
	var connection string
	var person workflows.Person
	command := &cobra.Command{
		Use: "update ID", Short: "Change those fields of a user that are given; ID is the desk's own", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			update := providers.UserUpdate{UserID: args[0], Attributes: person.Attributes}
			for flag, field := range map[string]**string{"login": &update.Login, "email": &update.Email, "name": &update.DisplayName} {
				if cmd.Flags().Changed(flag) {
					value, _ := cmd.Flags().GetString(flag)
					*field = &value
				}
			}
			if person.EmployeeNumber != "" {
				return exitError{exitUsage, errors.New("--employee-number: a user keeps it; remove it")}
			}
			return a.callUsers(cmd, connection, workflows.UserCall{Update: &update})
		},
	}
	personFlags(command, &connection, &person)
	return command
}

func (a *app) usersDeactivateCommand() *cobra.Command {
	var connection string
	var person workflows.Person
	command := &cobra.Command{
		Use: "deactivate", Short: "Deactivate a person's account, unless it is protected", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := workflows.ValidateIdentity("user", person); err != nil {
				return exitError{exitUsage, err}
			}
			return a.callUsers(cmd, connection, workflows.UserCall{Deactivate: &person})
		},
	}
	personFlags(command, &connection, &person)
	return command
}

func (a *app) usersSyncCommand() *cobra.Command {
	var path string
	var apply bool
	r := service.SyncRequest{Limits: workflows.DefaultSyncLimits}
	command := &cobra.Command{
		Use: "sync --file users.csv", Short: "Bring a list of users to a desk: a dry run, unless --apply is given", Args: cobra.NoArgs,
		Long: "Bring a list of users to a desk. Without --apply nothing is changed: the report says what would be.\n" +
			"The list is CSV with a line of column names, or YAML or JSON with a list of users; columns are employee_number, login, email, display_name, leaves (true to deactivate), and any other is an attribute by the desk's own name.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r.Mode = workflows.SyncDryRun
			if apply {
				r.Mode = workflows.SyncApply
			}
			users, err := readUsers(path)
			if err != nil {
				return exitError{exitUsage, err}
			}
			r.Users = users
			return a.syncUsers(cmd, path, r)
		},
	}
	flags := command.Flags()
	flags.StringVarP(&path, "file", "f", "", "list of users; - for standard input, which is YAML or JSON")
	flags.StringVar(&r.Connection, "connection", "", "connection")
	flags.StringVar(&r.SyncID, "id", "", "ID of this sync; the same again is the same run")
	flags.BoolVar(&apply, "apply", false, "change users, within the limits")
	flags.IntVar(&r.Limits.Changes, "max-changes", r.Limits.Changes, "do nothing if more users would be changed")
	flags.IntVar(&r.Limits.Deactivations, "max-deactivations", r.Limits.Deactivations, "do nothing if more users would be deactivated")
	for _, name := range []string{"file", "connection", "id"} {
		_ = command.MarkFlagRequired(name)
	}
	return command
}

func (a *app) syncUsers(cmd *cobra.Command, path string, r service.SyncRequest) error {
	loaded, err := config.Load(a.configPath)
	if err != nil {
		return exitError{exitUsage, err}
	}
	asked := &service.Service{Config: loaded}
	if err := asked.PrepareSync(r); err != nil {
		return exitError{exitUsage, fmt.Errorf("%s: %w", path, err)}
	}
	if err := connect(cmd.Context(), asked); err != nil {
		return err
	}
	defer asked.Client.Close()
	if _, err := asked.SyncUsers(cmd.Context(), r); err != nil {
		return err
	}
	report, err := followSync(cmd.Context(), asked, r, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if err := a.print(cmd.OutOrStdout(), report, func(w io.Writer) { showSync(w, report) }); err != nil {
		return err
	}
	if report.Phase == workflows.SyncRefused {
		return exitError{exitRejected, errors.New(report.Refusal)}
	}
	return nil
}

// followSync says how far a sync is until it has ended.
func followSync(ctx context.Context, asked *service.Service, r service.SyncRequest, say io.Writer) (workflows.SyncReport, error) {
	said := ""
	for {
		report, ended, err := asked.SyncReport(ctx, r.Connection, r.SyncID)
		if err != nil {
			return report, err
		}
		line := fmt.Sprintf("%s: %d of %d users", report.Phase, report.Done, report.Total)
		if report.Attention != "" {
			line += "; needs a person: " + report.Attention + " (then: starter retry " + names.UserSync(r.Connection, r.SyncID) + ")"
		}
		if line != said {
			_, _ = fmt.Fprintln(say, line)
			said = line
		}
		if ended {
			return report, nil
		}
		select {
		case <-ctx.Done():
			return report, ctx.Err()
		case <-time.After(followEvery):
		}
	}
}

func showSync(w io.Writer, report workflows.SyncReport) {
	counts, problems := report.Plan, report.Plan.Problems
	row(w, "", "CREATED", "UPDATED", "DEACTIVATED", "UNCHANGED", "PROBLEMS")
	row(w, "plan", counts.Created, counts.Updated, counts.Deactivated, counts.Unchanged, len(counts.Problems))
	if done := report.Applied; done != nil {
		row(w, "done", done.Created, done.Updated, done.Deactivated, done.Unchanged, len(done.Problems))
		problems = done.Problems
	}
	for _, problem := range problems {
		row(w, fmt.Sprintf("user %d", problem.Line), problem.Kind, problem.Reason)
	}
}

// readUsers reads a list of users, CSV by its name.
func readUsers(path string) ([]activities.WantedUser, error) {
	if !strings.EqualFold(filepath.Ext(path), ".csv") {
		var users []struct {
			workflows.Person `yaml:",inline"`
			Leaves           bool `yaml:"leaves"`
		}
		if err := readYAML(path, &users); err != nil {
			return nil, err
		}
		wanted := make([]activities.WantedUser, len(users))
		for i, user := range users {
			wanted[i] = activities.WantedUser{Person: user.Person, Leaves: user.Leaves}
		}
		return wanted, nil
	}
	content, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return parseUsers(path, strings.NewReader(strings.TrimPrefix(string(content), "\ufeff")))
}

// parseUsers reads CSV (RFC 4180) with a line of column names.
func parseUsers(path string, content io.Reader) ([]activities.WantedUser, error) {
	reader := csv.NewReader(content)
	header, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: want a line of column names: employee_number, login, email, display_name, leaves", path)
	}
	if !slices.ContainsFunc(header, func(name string) bool { return slices.Contains([]string{"employee_number", "login", "email"}, name) }) {
		return nil, fmt.Errorf("%s:1: none of the columns employee_number, login and email; separate columns by commas", path)
	}
	var users []activities.WantedUser
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return users, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		line, _ := reader.FieldPos(0)
		user, err := parseUser(header, record)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, line, err)
		}
		users = append(users, user)
	}
}

func parseUser(header, record []string) (activities.WantedUser, error) {
	var user activities.WantedUser
	for i, name := range header {
		value := strings.TrimSpace(record[i])
		switch name {
		case "employee_number":
			user.EmployeeNumber = value
		case "login":
			user.Login = value
		case "email":
			user.Email = value
		case "display_name":
			user.DisplayName = value
		case "leaves":
			switch strings.ToLower(value) {
			case "true", "yes", "1":
				user.Leaves = true
			case "", "false", "no", "0":
			default:
				return user, fmt.Errorf("leaves: %q; want true or false", value)
			}
		default:
			if value == "" {
				continue
			}
			if user.Attributes == nil {
				user.Attributes = map[string]string{}
			}
			user.Attributes[name] = value
		}
	}
	return user, nil
}
