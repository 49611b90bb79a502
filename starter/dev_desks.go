package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"deskbridge/internal/desksim"
)

// devDesk is a vendor's desk as dev simulates it.
type devDesk struct {
	vendor desksim.Vendor
	// protocol serves the vendor's API under an address.
	protocol func(desk *desksim.Desk, address string) http.Handler
	// settings are those of the connection, with the address and the file of the password to be put in.
	settings string
	// statuses of a new, a done and a cancelled ticket.
	open, done, cancelled []string
}

// devDesks are the desks that dev can simulate, by the names of the providers.
var devDesks = map[string]devDesk{
	"rt": {
		vendor: desksim.RT, protocol: (*desksim.Desk).REST2,
		settings: "{url: %[1]s, token: file:%[2]s, employee_field: ExternalUserID, queues: [Support]}",
		open:     []string{"new", "open", "stalled"}, done: []string{"resolved"}, cancelled: []string{"rejected"},
	},
	"znuny": {
		vendor: desksim.Znuny, protocol: func(desk *desksim.Desk, _ string) http.Handler { return desk.Znuny() },
		settings: "{url: %[1]s, login: deskbridge, password: file:%[2]s, rpc_login: rpc, rpc_password: file:%[2]s, queues: [Support]}",
		open:     []string{"new", "open"}, done: []string{"closed successful"}, cancelled: []string{"closed unsuccessful"},
	},
	"servicenow": {
		vendor: desksim.ServiceNow, protocol: func(desk *desksim.Desk, _ string) http.Handler { return desk.ServiceNow() },
		settings: "{url: %[1]s, login: deskbridge, password: file:%[2]s, queues: [Support]}",
		open:     []string{"Open", "Work in Progress"}, done: []string{"Closed Complete"}, cancelled: []string{"Closed Incomplete", "Closed Skipped"},
	},
	"bmc": {
		vendor: desksim.BMC, protocol: func(desk *desksim.Desk, _ string) http.Handler { return desk.BMC() },
		settings: "{url: %[1]s, web_services: %[1]s/arsys/services, server: itsm, company: Calbro Services, login: deskbridge, password: file:%[2]s, queues: [Support]}",
		open:     []string{"New", "Assigned", "In Progress", "Pending"}, done: []string{"Resolved", "Closed"}, cancelled: []string{"Cancelled"},
	},
}

func devDeskNames() string { return strings.Join(slices.Sorted(maps.Keys(devDesks)), ", ") }

// mapping writes what the statuses mean.
func (d devDesk) mapping() string {
	var meanings []string
	for state, statuses := range map[string][]string{"waiting": d.open, "completed": d.done, "rejected": d.cancelled} {
		for _, status := range statuses {
			meanings = append(meanings, status+": "+state)
		}
	}
	slices.Sort(meanings)
	return "{" + strings.Join(meanings, ", ") + "}"
}

// configuration is written at each start.
func (d devDesk) configuration(name, address, folder, target string) string {
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
`, name, folder, fmt.Sprintf(d.settings, address, folder+"/desk.token"), d.mapping(), d.done[0], d.cancelled[0], target)
}
