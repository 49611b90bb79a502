package main

import (
	"fmt"
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

// devConfiguration is written at each start.
func devConfiguration(name string, sample desksim.Sample, address, folder, target string) string {
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
`, name, folder, fmt.Sprintf(sample.Settings, address, "file:"+folder+"/desk.token"), sample.Mapping(), sample.Done[0], sample.Cancel(), target)
}
