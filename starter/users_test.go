package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/activities"
	"deskbridge/workflows"
)

func TestAListOfUsersIsReadFromCSVAndYAML(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("users.csv", []byte("\ufefflogin,display_name,leaves,Department\r\nanna,\"Nowak, Anna\",,IT\r\nben,,TRUE,\r\n"), 0o600))
	users, err := readUsers("users.csv")
	require.NoError(t, err)
	want := []activities.WantedUser{
		{Person: workflows.Person{Login: "anna", DisplayName: "Nowak, Anna", Attributes: map[string]string{"Department": "IT"}}},
		{Person: workflows.Person{Login: "ben"}, Leaves: true},
	}
	require.Equal(t, want, users)
	require.NoError(t, os.WriteFile("users.yaml", []byte("- {login: anna, display_name: \"Nowak, Anna\", attributes: {Department: IT}}\n- {login: ben, leaves: true}\n"), 0o600))
	users, err = readUsers("users.yaml")
	require.NoError(t, err)
	require.Equal(t, want, users)
}

func TestABadListOfUsersIsRefusedWithItsLine(t *testing.T) {
	t.Chdir(t.TempDir())
	for content, want := range map[string]string{
		"":                            "want a line of column names",
		"login;name\na;b\n":           "users.csv:1: none of the columns employee_number, login and email",
		"login,leaves\na,perhaps\n":   `users.csv:2: leaves: "perhaps"; want true or false`,
		"login,name\na,b\n\"c\n":      "users.csv: parse error on line 3",
		"login,name\na,b\nc,d,e\n":    "users.csv: record on line 3: wrong number of fields",
		"login,display_name\na,\"b\n": "line 2",
	} {
		require.NoError(t, os.WriteFile("users.csv", []byte(content), 0o600))
		_, err := readUsers("users.csv")
		require.ErrorContains(t, err, want)
	}
}

func FuzzParseUsers(f *testing.F) {
	f.Add("login,leaves\na,true\n")
	f.Add("email,x\n\"a\nb\",\n")
	f.Fuzz(func(t *testing.T, text string) {
		users, err := parseUsers("users.csv", strings.NewReader(text))
		if err == nil {
			require.LessOrEqual(t, len(users), strings.Count(text, "\n")+strings.Count(text, "\r")+1)
		}
	})
}
