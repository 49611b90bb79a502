package main

import (
	"fmt"
	"slices"
	"strings"

	"deskbridge/internal/desksim"
)

// devDeskNames lists the desks that dev can simulate.
func devDeskNames() string {
	var names []string
	for _, vendor := range desksim.Vendors() {
		names = append(names, string(vendor))
	}
	return strings.Join(names, ", ")
}

// meanings writes what the statuses mean.
func meanings(sample desksim.Sample) string {
	var meanings []string
	for state, statuses := range map[string][]string{"waiting": sample.Open, "completed": sample.Done, "rejected": sample.Cancelled} {
		for _, status := range statuses {
			meanings = append(meanings, status+": "+state)
		}
	}
	slices.Sort(meanings)
	return "{" + strings.Join(meanings, ", ") + "}"
}

// devConfiguration is written at each start. Where a desk cannot cancel, done has to do.
func devConfiguration(name string, sample desksim.Sample, address, folder, target string) string {
	cancelled := append(slices.Clone(sample.Cancelled), sample.Done...)
	return fmt.Sprintf(`# Written by "starter dev" at each start.
files: file://%[2]s/files
connections:
  %[1]s:
    desk: %[1]s
    level: full
    queue: Support
    settings: %[3]s
    statuses: %[4]s
    close_status: %[5]s
    cancel_status: %[6]s
    reopen_window: 24h
    poll: {fastest: 2s, slowest: 5s, sweep: 15s, overlap: 10s}
targets:
  mailbox: {url: %[7]s/target/mailbox}
`, name, folder, fmt.Sprintf(sample.Settings, address, "file:"+folder+"/desk.token"), meanings(sample), sample.Done[0], cancelled[0], target)
}
