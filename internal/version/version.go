// Package version tells which build a program is.
package version

import "runtime/debug"

// release is set by the linker in a release (`make release`).
var release string

// String is the release, or the revision that was built, or "devel" where neither is known.
func String() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return devel
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) >= shortRevision {
			return devel + "-" + setting.Value[:shortRevision]
		}
	}
	return devel
}

const (
	devel         = "devel"
	shortRevision = 12
)
