// Package all is the registry of desks, and the only importer of every one of them.
package all

import (
	"maps"
	"slices"

	"deskbridge/providers"
	"deskbridge/providers/bmc"
	"deskbridge/providers/freshservice"
	"deskbridge/providers/glpi"
	"deskbridge/providers/halo"
	"deskbridge/providers/itop"
	"deskbridge/providers/ivanti"
	"deskbridge/providers/jira"
	"deskbridge/providers/rt"
	"deskbridge/providers/servicedeskplus"
	"deskbridge/providers/servicenow"
	"deskbridge/providers/topdesk"
	"deskbridge/providers/zendesk"
	"deskbridge/providers/znuny"
)

// Type is a kind of desk that a connection can name.
type Type struct {
	// Title is the product's name.
	Title string
	// Zero is a desk without a connection, by which its functions are known.
	Zero providers.Desk
	// Settings returns a pointer to new settings, to be filled by a decoder.
	Settings func() any
	// Validate and New take what Settings returned.
	Validate func(settings any) error
	New      func(settings any) (providers.Desk, error)
}

var types = map[string]Type{
	"bmc":             register("BMC Helix ITSM / Remedy", (*bmc.Desk)(nil), bmc.New, bmc.Config.Validate),
	"freshservice":    register("Freshservice", (*freshservice.Desk)(nil), freshservice.New, freshservice.Config.Validate),
	"glpi":            register("GLPI 10", (*glpi.Desk)(nil), glpi.New, glpi.Config.Validate),
	"halo":            register("HaloITSM", (*halo.Desk)(nil), halo.New, halo.Config.Validate),
	"itop":            register("Combodo iTop", (*itop.Desk)(nil), itop.New, itop.Config.Validate),
	"ivanti":          register("Ivanti Neurons for ITSM", (*ivanti.Desk)(nil), ivanti.New, ivanti.Config.Validate),
	"jira":            register("Jira Service Management", (*jira.Desk)(nil), jira.New, jira.Config.Validate),
	"rt":              register("Request Tracker 5", (*rt.Desk)(nil), rt.New, rt.Config.Validate),
	"servicedeskplus": register("ManageEngine ServiceDesk Plus", (*servicedeskplus.Desk)(nil), servicedeskplus.New, servicedeskplus.Config.Validate),
	"servicenow":      register("ServiceNow", (*servicenow.Desk)(nil), servicenow.New, servicenow.Config.Validate),
	"topdesk":         register("TOPdesk", (*topdesk.Desk)(nil), topdesk.New, topdesk.Config.Validate),
	"zendesk":         register("Zendesk Support", (*zendesk.Desk)(nil), zendesk.New, zendesk.Config.Validate),
	"znuny":           register("Znuny 6.5 / OTRS 6", (*znuny.Desk)(nil), znuny.New, znuny.Config.Validate),
}

// register makes the entry of a desk with settings C.
func register[C any, D providers.Desk](title string, zero D, make func(C) (D, error), validate func(C) error) Type {
	return Type{
		Title:    title,
		Zero:     zero,
		Settings: func() any { return new(C) },
		Validate: func(settings any) error { return validate(*settings.(*C)) },               //nolint:forcetypeassert // made by Settings
		New:      func(settings any) (providers.Desk, error) { return make(*settings.(*C)) }, //nolint:forcetypeassert // made by Settings
	}
}

// Types returns the names of the desks in alphabetical order.
func Types() []string { return slices.Sorted(maps.Keys(types)) }

// Find returns a type by its name.
func Find(name string) (Type, bool) {
	found, known := types[name]
	return found, known
}
