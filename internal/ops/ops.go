// Package ops holds what an operator loads into their tools: the alert rules for Prometheus and the
// dashboard for Grafana.
package ops

import (
	_ "embed" // the files below
	"regexp"
	"slices"
)

// Alerts are the alert rules, Dashboard is Grafana's JSON.
var (
	//go:embed alerts.yml
	Alerts string
	//go:embed dashboard.json
	Dashboard string
)

var metric = regexp.MustCompile(`\b(?:deskbridge|temporal)_[a-z_]+`)

// Metrics lists the metrics that rules and dashboard ask for.
func Metrics() []string {
	names := metric.FindAllString(Alerts+Dashboard, -1)
	slices.Sort(names)
	return slices.Compact(names)
}
