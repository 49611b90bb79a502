// Package config reads the one configuration file of Deskbridge: strictly, with every mistake at
// once, each with its line and its cure. Secrets are in it only by reference.
package config

import (
	"fmt"
	"time"

	"deskbridge/providers"
	"deskbridge/providers/all"
	"deskbridge/providers/target"
	"deskbridge/workflows"

	"go.yaml.in/yaml/v3"
)

// Config is a whole configuration.
type Config struct {
	// Connections are the configured desks by name.
	Connections map[string]*Connection `yaml:"connections"`
	// Targets are what automated steps call, by name.
	Targets map[string]target.Config `yaml:"targets"`
	// Files is the blob store for files on their way to a desk: file:///folder.
	Files string `yaml:"files"`
}

// Connection is one configured desk account.
type Connection struct {
	// Desk is the type of desk, for example rt.
	Desk  string          `yaml:"desk"`
	Level providers.Level `yaml:"level"`
	// Settings are the desk's own.
	Settings yaml.Node `yaml:"settings"`
	// Queue takes tickets whose step names none.
	Queue string `yaml:"queue"`
	// Statuses says what each status of the desk means.
	Statuses map[string]providers.State `yaml:"statuses"`
	// CloseStatus and CancelStatus are set at the desk to close and to cancel a ticket.
	CloseStatus  string `yaml:"close_status"`
	CancelStatus string `yaml:"cancel_status"`
	// Match is the order of identities by which users are matched.
	Match []providers.Identity `yaml:"match"`
	// InactiveUsers is reactivate or stop.
	InactiveUsers string `yaml:"inactive_users"`
	// ReopenWindow is how long a ticket is watched after its outcome.
	ReopenWindow time.Duration `yaml:"reopen_window"`
	// SearchLag is how long the desk's search may lag behind its writes.
	SearchLag time.Duration `yaml:"search_lag"`
	// Rate is the number of activities a second that all workers together may run at this desk.
	Rate float64 `yaml:"rate"`
	Poll Poll    `yaml:"poll"`

	settings any
	kind     all.Type
}

// Poll steers how a connection is watched.
type Poll struct {
	Fastest time.Duration `yaml:"fastest"`
	Slowest time.Duration `yaml:"slowest"`
	Sweep   time.Duration `yaml:"sweep"`
	Overlap time.Duration `yaml:"overlap"`
}

// The values of inactive_users.
const (
	Reactivate = "reactivate"
	StopAt     = "stop"
)

// defaults fills in what may be left out.
func (c *Connection) defaults() {
	set := func(value *time.Duration, otherwise time.Duration) {
		if *value == 0 {
			*value = otherwise
		}
	}
	set(&c.Poll.Fastest, 15*time.Second)
	set(&c.Poll.Slowest, 2*time.Minute)
	set(&c.Poll.Sweep, time.Hour)
	set(&c.Poll.Overlap, max(time.Minute, 2*c.SearchLag))
	set(&c.ReopenWindow, 7*24*time.Hour)
	if c.Level == "" {
		c.Level = providers.LevelOf(c.kind.Zero)
	}
	if len(c.Match) == 0 {
		c.Match = []providers.Identity{providers.ByEmployeeNumber, providers.ByLogin, providers.ByEmail}
	}
	if c.InactiveUsers == "" {
		c.InactiveUsers = Reactivate
	}
	if c.Rate == 0 {
		c.Rate = 10
	}
}

// NewDesk makes the connection's desk; it calls nothing.
func (c *Connection) NewDesk() (providers.Desk, error) {
	desk, err := c.kind.New(c.settings)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	return desk, nil
}

// Steering is the part of a connection that travels in a workflow's input.
func (c *Connection) Steering(name string) workflows.Connection {
	return workflows.Connection{
		Name: name, Level: c.Level, ReopenWindow: c.ReopenWindow,
		Watch: workflows.WatchSettings{Fastest: c.Poll.Fastest, Slowest: c.Poll.Slowest, Sweep: c.Poll.Sweep, Overlap: c.Poll.Overlap},
	}
}
