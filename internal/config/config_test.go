package config

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
	"deskbridge/providers/all"
)

const good = `
files: file:///var/lib/deskbridge/files
connections:
  rt:
    desk: rt
    queue: Support
    settings:
      url: https://rt.example.com
      token: env:RT_TOKEN
      time_zone: Europe/Berlin
    statuses: {New: waiting, open: waiting, resolved: completed, rejected: rejected}
    close_status: resolved
    cancel_status: rejected
    poll: {fastest: 5s}
targets:
  mailbox: {url: "https://automation.example.com/mailbox", authorization: "env:MAILBOX_TOKEN"}
`

func TestAGoodConfigurationIsFilledInWithDefaults(t *testing.T) {
	config, err := Parse("deskbridge.yaml", []byte(good))
	require.NoError(t, err)
	rt := config.Connections["rt"]
	require.Equal(t, providers.LevelFull, rt.Level)
	require.Equal(t, 5*time.Second, rt.Poll.Fastest)
	require.Equal(t, 2*time.Minute, rt.Poll.Slowest)
	require.Equal(t, time.Minute, rt.Poll.Overlap)
	require.Equal(t, providers.Waiting, rt.Statuses["new"], "statuses are compared in lower case")
	desk, err := rt.NewDesk()
	require.NoError(t, err)
	require.Equal(t, providers.LevelFull, providers.LevelOf(desk))
	require.Equal(t, "rt", rt.Steering("rt").Name)
}

func TestEveryMistakeIsReportedAtOnceWithItsLineAndCure(t *testing.T) {
	_, err := Parse("deskbridge.yaml", []byte(`connections:
  Bad_Name:
    desk: rtt
  rt:
    desk: rt
    levle: full
    level: fulll
    settings:
      url: rt.example.com
      token: hunter2
      tokn: env:X
      page_size: many
    statuses: {new: waiting, done: finished}
    close_status: gone
    poll: {fastest: 1m, slowest: 5s, sweep: fast}
    rate: -1
    match: [login, shoe_size]
    inactive_users: ignore
    search_lag: 2h
  empty:
targets:
  t: {url: ftp://x, authorization: plain}
filez: x
`))
	require.Error(t, err)
	for _, want := range []string{
		`deskbridge.yaml:2: connections.Bad_Name: want a name of lower-case letters`,
		`deskbridge.yaml:3: connections.Bad_Name.desk: "rtt" is no type of desk; want one of `,
		`deskbridge.yaml:6: unknown key "levle"; want one of desk, level,`,
		`deskbridge.yaml:7: connections.rt.level: "fulll" is no level; want log-only, status-sync or full`,
		`deskbridge.yaml:11: connections.rt.settings: unknown key "tokn"; want one of url, token,`,
		`deskbridge.yaml:12: ` + "`many` is wrong here; want a number",
		`deskbridge.yaml:13: connections.rt.statuses.done: "finished"; want waiting`,
		`deskbridge.yaml:14: connections.rt.close_status: "gone" must be among statuses`,
		`connections.rt.cancel_status: missing`,
		`deskbridge.yaml:15: ` + "`fast` is wrong here; want a duration such as 30s",
		`deskbridge.yaml:9: connections.rt.settings.url: want an address`,
		`deskbridge.yaml:10: connections.rt.settings.token: a secret is given by reference`,
		`connections.rt.poll.slowest: 5s is less than fastest, 1m0s`,
		`deskbridge.yaml:16: connections.rt.rate: -1`,
		`deskbridge.yaml:17: connections.rt.match: "shoe_size" is no identity`,
		`deskbridge.yaml:18: connections.rt.inactive_users: "ignore"; want reactivate or stop`,
		`deskbridge.yaml:19: connections.rt.search_lag: 2h0m0s; want at most 1m`,
		`deskbridge.yaml:20: connections.empty: empty`,
		`deskbridge.yaml:22: targets.t.url: want`,
		`deskbridge.yaml:22: targets.t.authorization: a secret is given by reference`,
		`deskbridge.yaml:23: unknown key "filez"`,
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "hunter2")
	lines := strings.Split(err.Error(), "\n")
	require.True(t, strings.HasPrefix(lines[0], "deskbridge.yaml:2:"), "in the order of the file")
}

func TestSettingsOfADeskAreReportedWithTheirLines(t *testing.T) {
	_, err := Parse("c.yaml", []byte(strings.Replace(strings.Replace(good, "env:RT_TOKEN", "hunter2", 1), "Europe/Berlin", "Mars", 1)))
	require.ErrorContains(t, err, "c.yaml:9: connections.rt.settings.token: a secret is given by reference: env:NAME or file:PATH")
	require.ErrorContains(t, err, `c.yaml:10: connections.rt.settings.time_zone: "Mars" is no zone`)
	require.NotContains(t, err.Error(), "hunter2")
}

func TestPollsMayTakeHalfOfABudgetAtMost(t *testing.T) {
	with := func(budget, fastest string) error {
		_, err := Parse("c.yaml", []byte(strings.Replace(good, "    poll: {fastest: 5s}\n", "    budget: "+budget+"\n    poll: {fastest: "+fastest+", slowest: 5m}\n", 1)))
		return err
	}
	require.NoError(t, with("{calls: 500, per: 1h}", "15s"))
	require.ErrorContains(t, with("{calls: 100, per: 1h}", "15s"), "15s is 240 polls in 1h0m0s, more than half of the budget of 100 calls; set it to 1m12s or more")
	require.NoError(t, with("{calls: 100, per: 1h}", "1m12s"))
	require.ErrorContains(t, with("{calls: 0, per: 1h}", "15s"), "want {calls: 500, per: 1h}")
}

func TestAnEmptyConfigurationSaysWhatItNeeds(t *testing.T) {
	for _, content := range []string{"", "{}", "connections: {}"} {
		_, err := Parse("c.yaml", []byte(content))
		require.ErrorContains(t, err, "c.yaml:1: connections: none; configure at least one desk", content)
	}
	_, err := Parse("c.yaml", []byte("connections: [\n"))
	require.ErrorContains(t, err, "c.yaml: yaml: line")
	_, err = Load("/nowhere/deskbridge.yaml")
	require.ErrorContains(t, err, "name the file with --config")
}

func FuzzAConfigurationNeverPanics(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("connections: {rt: {desk: rt, settings: [1]}}"))
	f.Add([]byte("connections: [a]"))
	f.Fuzz(func(t *testing.T, content []byte) {
		config, err := Parse("c.yaml", content)
		require.True(t, err != nil || len(config.Connections) > 0)
	})
}

func TestALevelThatTheDeskDoesNotReachIsRefused(t *testing.T) {
	l, err := decode("c.yaml", []byte(good), &Config{})
	require.NoError(t, err)
	l.checkLevel([]string{"connections", "rt", "level"}, "Some Desk", providers.LevelFull, providers.LevelLogOnly)
	l.checkLevel([]string{"connections", "rt", "level"}, "Some Desk", providers.LevelLogOnly, providers.LevelStatusSync)
	require.EqualError(t, l.err(), "c.yaml:4: connections.rt.level: Some Desk reaches level log-only at most; set level to log-only")
}

// What people copy has to work: the README's example and those of the desks are read as they stand.
func TestTheExamplesAreValid(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(readme), "```yaml\nfiles:")
	require.True(t, found)
	example, _, _ := strings.Cut(rest, "```")
	_, err = Parse("README.md", []byte("files:"+example))
	require.NoError(t, err)
	for _, kind := range all.Types() {
		path := "../../providers/" + kind + "/example.yaml"
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		indented := "  " + strings.ReplaceAll(strings.TrimSpace(string(content)), "\n", "\n  ")
		config, err := Parse(path, []byte("files: file:///var/lib/deskbridge/files\nconnections:\n"+indented+"\n"))
		require.NoError(t, err)
		require.Equal(t, kind, config.Connections[kind].Desk)
		_, err = config.Connections[kind].NewDesk()
		require.NoError(t, err, kind)
	}
}
