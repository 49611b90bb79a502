package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/all"
	"deskbridge/workflows"

	"go.yaml.in/yaml/v3"
)

// DefaultPath is where the configuration is looked for.
const DefaultPath = "deskbridge.yaml"

// Load reads and checks a configuration file.
func Load(path string) (*Config, error) {
	content, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("configuration: %w; name the file with --config", err)
	}
	return Parse(path, content)
}

// Parse reads and checks a configuration; name is for errors.
func Parse(name string, content []byte) (*Config, error) {
	config := &Config{}
	l, err := decode(name, content, config)
	if err != nil {
		return nil, err
	}
	config.defaults()
	l.check(config)
	return config, l.err()
}

// Decode reads any YAML or JSON document strictly, with every mistake and its line.
func Decode(name string, content []byte, into any) error {
	l, err := decode(name, content, into)
	if err != nil {
		return err
	}
	return l.err()
}

func decode(name string, content []byte, into any) (*loader, error) {
	l := &loader{name: name}
	if err := yaml.Unmarshal(content, &l.root); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		l.typeErrors(err)
	}
	return l, nil
}

func (l *loader) err() error {
	slices.SortStableFunc(l.mistakes, func(a, b mistake) int { return a.line - b.line })
	var errs []error
	for _, found := range l.mistakes {
		errs = append(errs, fmt.Errorf("%s:%d: %s", l.name, found.line, found.text))
	}
	return errors.Join(errs...)
}

type mistake struct {
	line int
	text string
}

// loader collects mistakes with their lines.
type loader struct {
	name     string
	root     yaml.Node
	mistakes []mistake
}

// add records a mistake at a path of keys, as deep as the file goes.
func (l *loader) add(path []string, format string, args ...any) {
	node := &l.root
	if node.Kind == yaml.DocumentNode {
		node = node.Content[0]
	}
	line := max(node.Line, 1)
	for _, key := range path {
		key, value := lookup(node, key)
		if key == nil {
			break
		}
		line, node = key.Line, value
	}
	l.mistakes = append(l.mistakes, mistake{line, strings.Join(path, ".") + ": " + fmt.Sprintf(format, args...)})
}

func lookup(node *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Kind == yaml.MappingNode && node.Content[i].Value == name {
			return node.Content[i], node.Content[i+1]
		}
	}
	return nil, nil
}

var (
	lineOf       = regexp.MustCompile(`^line (\d+): (.*)$`)
	unknownField = regexp.MustCompile(`^field (\S+) not found in type .*\.(\S+)$`)
	wrongType    = regexp.MustCompile("^cannot unmarshal !!\\w+ ?(`.*`|) ?into (.*)$")
	duplicateKey = regexp.MustCompile(`^mapping key "(.*)" already defined at line (\d+)$`)
)

// typeErrors turns the decoder's messages into ours: each has its line.
func (l *loader) typeErrors(err error) {
	var typed *yaml.TypeError
	if !errors.As(err, &typed) {
		l.mistakes = append(l.mistakes, mistake{1, err.Error()})
		return
	}
	for _, text := range typed.Errors {
		found := mistake{1, text}
		if parts := lineOf.FindStringSubmatch(text); parts != nil {
			found.line, _ = strconv.Atoi(parts[1])
			found.text = parts[2]
		}
		if parts := unknownField.FindStringSubmatch(found.text); parts != nil {
			found.text = fmt.Sprintf("unknown key %q; %s", parts[1], knownKeys(parts[2]))
		} else if parts := duplicateKey.FindStringSubmatch(found.text); parts != nil {
			found.text = fmt.Sprintf("key %q was given in line %s already; remove one", parts[1], parts[2])
		} else if parts := wrongType.FindStringSubmatch(found.text); parts != nil {
			found.text = fmt.Sprintf("%s is wrong here; want %s", parts[1], wantedType(parts[2]))
		}
		l.mistakes = append(l.mistakes, found)
	}
}

func wantedType(goType string) string {
	switch {
	case goType == "time.Duration":
		return "a duration such as 30s, 5m or 72h"
	case goType == "time.Time":
		return "a time such as 2026-12-01T08:00:00Z"
	case strings.HasPrefix(goType, "int"), strings.HasPrefix(goType, "float"):
		return "a number"
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case goType == "string":
		return "a text"
	default:
		return "keys with values"
	}
}

func knownKeys(typeName string) string {
	for _, known := range []reflect.Type{
		reflect.TypeFor[Config](), reflect.TypeFor[Connection](), reflect.TypeFor[Poll](), reflect.TypeFor[API](), reflect.TypeFor[OIDC](),
		reflect.TypeFor[Roles](), reflect.TypeFor[Claims](), reflect.TypeFor[Portal](), reflect.TypeFor[Webhook](), reflect.TypeFor[Plan](),
		reflect.TypeFor[workflows.DuePolicy](), reflect.TypeFor[workflows.Calendar](),
	} {
		if known.Name() == typeName && typeName != "Config" {
			return "want one of " + strings.Join(keysOf(known), ", ")
		}
	}
	if typeName == "Config" {
		return "want one of " + strings.Join(keysOf(reflect.TypeFor[Config]()), ", ") + ", for a target: url, authorization, timeout, or for a callback: url, secret, oauth, timeout"
	}
	return "remove it or correct its name"
}

func keysOf(structure reflect.Type) []string {
	var keys []string
	for i := range structure.NumField() {
		if key := structure.Field(i).Tag.Get("yaml"); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

var connectionName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,40}$`)

func (l *loader) check(config *Config) {
	if len(config.Connections) == 0 {
		l.add([]string{"connections"}, "none; configure at least one desk")
	}
	for _, name := range slices.Sorted(maps.Keys(config.Connections)) {
		path := []string{"connections", name}
		if !connectionName.MatchString(name) {
			l.add(path, "want a name of lower-case letters, digits and dashes, at most 41")
		}
		connection := config.Connections[name]
		if connection == nil {
			l.add(path, "empty; give it desk and settings")
			continue
		}
		l.checkConnection(path, connection)
	}
	for _, name := range slices.Sorted(maps.Keys(config.Targets)) {
		l.spread([]string{"targets", name}, config.Targets[name].Validate())
	}
	for _, name := range slices.Sorted(maps.Keys(config.Callbacks)) {
		l.spread([]string{"callbacks", name}, config.Callbacks[name].Validate())
	}
	l.checkService(config)
	if config.Files != "" && !strings.Contains(config.Files, "://") {
		l.add([]string{"files"}, "%q is no address; want for example file:///var/lib/deskbridge/files", config.Files)
	}
}

func (l *loader) checkConnection(path []string, c *Connection) {
	at := func(keys ...string) []string { return append(slices.Clone(path), keys...) }
	kind, known := all.Find(c.Desk)
	if !known {
		l.add(at("desk"), "%q is no type of desk; want one of %s", c.Desk, strings.Join(all.Types(), ", "))
		return
	}
	c.kind = kind
	c.defaults()
	l.checkLevel(at("level"), kind.Title, c.Level, providers.LevelOf(kind.Zero))
	l.checkSettings(at("settings"), c)
	l.checkStatuses(at, c)
	for _, by := range c.Match {
		if !slices.Contains([]providers.Identity{providers.ByEmployeeNumber, providers.ByLogin, providers.ByEmail}, by) {
			l.add(at("match"), "%q is no identity; want employee_number, login and email in an order of yours", by)
		}
	}
	if c.InactiveUsers != Reactivate && c.InactiveUsers != StopAt {
		l.add(at("inactive_users"), "%q; want reactivate or stop", c.InactiveUsers)
	}
	l.checkPeople(at, c)
	if c.Rate < 0 {
		l.add(at("rate"), "%v; want activities a second, above 0", c.Rate)
	}
	l.checkBudget(at, c)
	l.checkDurations(at, c)
}

// pollShare is the part of a budget that polls at their fastest may take.
const pollShare = 2

func (l *loader) checkBudget(at func(...string) []string, c *Connection) {
	if c.Budget == nil {
		return
	}
	if c.Budget.Calls < 1 || c.Budget.Per <= 0 {
		l.add(at("budget"), "want {calls: 500, per: 1h}: how many calls the desk allows in which time")
		return
	}
	polls := int(c.Budget.Per / max(c.Poll.Fastest, time.Millisecond))
	if polls > c.Budget.Calls/pollShare {
		l.add(at("poll", "fastest"), "%s is %d polls in %s, more than half of the budget of %d calls; set it to %s or more",
			c.Poll.Fastest, polls, c.Budget.Per, c.Budget.Calls, (pollShare*c.Budget.Per/time.Duration(c.Budget.Calls) + time.Second - 1).Truncate(time.Second))
	}
}

func (l *loader) checkLevel(path []string, title string, level, reached providers.Level) {
	switch {
	case !slices.Contains(providers.Levels(), level):
		l.add(path, "%q is no level; want log-only, status-sync or full", level)
	case !reached.AtLeast(level):
		l.add(path, "%s reaches level %s at most; set level to %s", title, reached, reached)
	}
}

func (l *loader) checkStatuses(at func(...string) []string, c *Connection) {
	if c.Level == providers.LevelLogOnly {
		return
	}
	if len(c.Statuses) == 0 {
		l.add(at("statuses"), "missing; say of each status of the desk whether it means waiting, completed, rejected, cancelled or duplicate")
	}
	lower := map[string]providers.State{}
	for _, status := range slices.Sorted(maps.Keys(c.Statuses)) {
		state := c.Statuses[status]
		if !slices.Contains(providers.States(), state) {
			l.add(at("statuses", status), "%q; want waiting, completed, rejected, cancelled or duplicate", state)
		}
		lower[strings.ToLower(status)] = state
	}
	c.Statuses = lower
	for key, status := range map[string]string{"close_status": c.CloseStatus, "cancel_status": c.CancelStatus} {
		switch state, mapped := lower[strings.ToLower(status)]; {
		case c.Level == providers.LevelStatusSync:
		case status == "":
			l.add(at(key), "missing; level full closes and cancels tickets at the desk with a status")
		case !mapped || !state.Final():
			l.add(at(key), "%q must be among statuses, and mean that the desk is done", status)
		}
	}
}

func (l *loader) checkDurations(at func(...string) []string, c *Connection) {
	for _, given := range []struct {
		path  []string
		value time.Duration
	}{
		{at("poll", "fastest"), c.Poll.Fastest},
		{at("poll", "slowest"), c.Poll.Slowest},
		{at("poll", "sweep"), c.Poll.Sweep},
		{at("poll", "overlap"), c.Poll.Overlap},
	} {
		if given.value < time.Second {
			l.add(given.path, "%s; want a second or more", given.value)
		}
	}
	if c.Poll.Slowest < c.Poll.Fastest {
		l.add(at("poll", "slowest"), "%s is less than fastest, %s", c.Poll.Slowest, c.Poll.Fastest)
	}
	if c.Poll.Overlap < c.SearchLag {
		l.add(at("poll", "overlap"), "%s is less than search_lag, %s: changes would be missed", c.Poll.Overlap, c.SearchLag)
	}
	if c.ReopenWindow < 0 {
		l.add(at("reopen_window"), "%s; want a duration such as 72h", c.ReopenWindow)
	}
	if c.SearchLag < 0 || c.SearchLag > time.Minute {
		l.add(at("search_lag"), "%s; want at most 1m", c.SearchLag)
	}
}

// checkSettings decodes a desk's own settings, strictly.
func (l *loader) checkSettings(path []string, c *Connection) {
	if c.Settings.Kind == yaml.AliasNode {
		c.Settings = *c.Settings.Alias
	}
	c.settings = c.kind.Settings()
	known := keysOf(reflect.TypeOf(c.settings).Elem())
	for i := 0; i+1 < len(c.Settings.Content); i += 2 {
		if key := c.Settings.Content[i]; key.Value != "<<" && !slices.Contains(known, key.Value) {
			l.mistakes = append(l.mistakes, mistake{key.Line, fmt.Sprintf("%s: unknown key %q; want one of %s", strings.Join(path, "."), key.Value, strings.Join(known, ", "))})
		}
	}
	if c.Settings.Kind != 0 {
		if err := c.Settings.Decode(c.settings); err != nil {
			l.typeErrors(err)
		}
	}
	l.spread(path, c.kind.Validate(c.settings))
}

// spread reports joined errors, each of which names its key first.
func (l *loader) spread(path []string, err error) {
	if err == nil {
		return
	}
	for text := range strings.SplitSeq(err.Error(), "\n") {
		key, rest, _ := strings.Cut(text, ": ")
		l.add(append(slices.Clone(path), key), "%s", rest)
	}
}
