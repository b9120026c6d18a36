package doctor

import (
	"go/version"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// Build is what a program knows of its own making.
type Build struct {
	Version  string // of the release, or "" where it is none
	Go       string // of the toolchain: go1.26.1
	Revision string // that it was built from; "dirty" in it means with changes
	Modules  []Module
	Path     string // of its file; "" is unknown
}

// Module is a part of the program.
type Module struct{ Path, Version string }

// stdlib is what databases of vulnerabilities call the standard library.
const stdlib = "stdlib"

// readBuild asks this program.
func readBuild() Build {
	b := Build{Go: runtime.Version()}
	if path, err := os.Executable(); err == nil {
		b.Path = path
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if semver.IsValid(info.Main.Version) {
		b.Version = info.Main.Version
	}
	b.Revision = revision(info.Settings)
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		b.Modules = append(b.Modules, Module{m.Path, m.Version})
	}
	return b
}

// revision is the state that a program was built from.
func revision(settings []debug.BuildSetting) (text string) {
	for _, setting := range settings {
		switch {
		case setting.Key == "vcs.revision":
			text = setting.Value + text
		case setting.Key == "vcs.modified" && setting.Value == "true":
			text += " dirty"
		}
	}
	return text
}

// parts are the modules, and the standard library as one of them.
func (b Build) parts() []Module {
	if v := goVersion(b.Go); v != "" {
		return append([]Module{{stdlib, v}}, b.Modules...)
	}
	return b.Modules
}

// goVersion is a version of Go as modules have theirs: "go1.26rc1" is
// "v1.26.0-rc.1". It is "" of a toolchain that is no release.
func goVersion(text string) string {
	text, _, _ = strings.Cut(text, " ")
	if !version.IsValid(text) {
		return ""
	}
	rest, pre := strings.TrimPrefix(text, "go"), ""
	for _, kind := range []string{"rc", "beta"} {
		if before, after, ok := strings.Cut(rest, kind); ok {
			rest, pre = before, "-"+kind+"."+after
		}
	}
	if strings.Count(rest, ".") == 1 {
		rest += ".0"
	}
	if v := "v" + rest + pre; semver.IsValid(v) {
		return v
	}
	return ""
}

// The rhythm of Go: a release each February and August, each of which is mended
// until the second one after it is there (go.dev/doc/devel/release). So the month
// in which a release ends is known before.
const (
	firstMinor = 24 // which came in February 2025
	firstYear  = 2025
	goLife     = 12 // months
)

// goEnds is when a toolchain gets no more mends; false where it is no release.
func goEnds(text string) (ends time.Time, ok bool) {
	language := version.Lang(text)
	minor, err := strconv.Atoi(strings.TrimPrefix(language, "go1."))
	if err != nil {
		return ends, false
	}
	born := time.Date(firstYear, time.February, 28, 0, 0, 0, 0, time.UTC)
	return born.AddDate(0, (minor-firstMinor)*6+goLife, 0), true
}
