package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"net/netip"
	"slices"
	"strings"
	"time"

	"moorfast/internal/config"
)

const (
	hostGroup   = "Host"
	compatGroup = "Compatibility"
)

func hostChecks() []Check {
	return []Check{
		{
			"HST-01", hostGroup, Low, "The server does not run as root",
			"Whoever takes over the process has then taken the machine.", notRoot,
		},
		{
			"HST-02", hostGroup, Low, "A container holds no more rights than the server needs",
			"What breaks out of the server is then in a room without doors.", containerIsTight,
		},
		{
			"HST-03", hostGroup, Low, "The unit of systemd keeps the server in",
			"A server that may do less does less when somebody takes it over.", unitIsTight,
		},
		{
			"HST-04", hostGroup, Medium, "No other user of the machine can reach a file of the data",
			"What others can read they can copy, and what they can write they can replace.", nothingIsReachable,
		},
		{
			"HST-05", hostGroup, Low, "The process may open enough files",
			"Every connection and every project's database is one.", enoughFiles,
		},
		{
			"HST-06", hostGroup, High, "The file system keeps what it was told to",
			"One in memory, on a network, or that is told not to wait, loses what was acknowledged.", fileSystemKeeps,
		},
	}
}

func compatChecks() []Check {
	return []Check{
		{
			"CMP-01", compatGroup, Low, "The installation has a name when others reach it",
			"Links and cookies are made for it.", hasName,
		},
		{
			"CMP-02", compatGroup, Low, "Errors tell clients no more than they need",
			"_APP_ENV=development is for the desk.", inProduction,
		},
		{
			"CMP-03", compatGroup, Low, "Every setting does something, that of an error log elsewhere too",
			"What is set and does nothing is a promise that nobody keeps.", settingsMatter,
		},
		{
			"CMP-04", compatGroup, Low, "Custom domains are told to point here",
			"The console shows the records that a custom domain needs, as they are set.", targetsLeadHere,
		},
	}
}

func notRoot(_ context.Context, s *Subject) outcome {
	if s.System.Root {
		return fail("run it as a user of its own, with the data directory as its home", "this user is root")
	}
	return pass("it does not, if it is started as this is")
}

func containerIsTight(_ context.Context, s *Subject) outcome {
	p := s.System.Process
	switch {
	case !p.Told:
		return unknown("this system does not tell what a process may do")
	case p.Container == "":
		return pass("it runs in none")
	}
	var wrong, fixes []string
	if !p.NoNewPrivs {
		wrong, fixes = append(wrong, "programs that it starts can gain rights"), append(fixes, "--security-opt no-new-privileges")
	}
	if more := p.Caps &^ capBindService; more != 0 {
		wrong, fixes = append(wrong, fmt.Sprintf("it has %d capabilities that it does not need", bits.OnesCount64(more))), append(fixes, "--cap-drop ALL")
	}
	if !p.ReadOnly {
		wrong, fixes = append(wrong, "its root file system can be written"), append(fixes, "--read-only")
	}
	if len(wrong) > 0 {
		return fail(strings.Join(fixes, " "), "%s: %s", p.Container, strings.Join(wrong, ", "))
	}
	return pass("%s: no capability, a root that is only read, and no way to gain rights", p.Container)
}

// leastWalls is how many of the lines of a unit have to be there: those that are
// missing may have a reason.
const leastWalls = 6

func unitIsTight(_ context.Context, s *Subject) outcome {
	p := s.System.Process
	switch {
	case !p.Told:
		return unknown("this system does not tell what a process may do")
	case p.Container != "":
		return pass("it runs in a container, which HST-02 looks at")
	case s.Live == nil:
		return unknown("no server runs, and only it knows how it was started")
	case p.Service == "":
		return unknown("the server was started by hand, and so nothing keeps it in")
	}
	walls, missing := p.sandbox()
	if len(walls) < leastWalls {
		return fail("in the unit: "+strings.Join(missing, " "), "%s has %d of %d walls", p.Service, len(walls), len(walls)+len(missing))
	}
	return pass("%s has %d of %d walls", p.Service, len(walls), len(walls)+len(missing))
}

const fewFiles = 4096

func enoughFiles(_ context.Context, s *Subject) outcome {
	switch n := s.System.OpenFiles; {
	case n == 0:
		return unknown("this system does not say")
	case n < fewFiles:
		return fail("LimitNOFILE=65536 in the unit, or ulimit -n 65536", "%d", n)
	default:
		return pass("%d", n)
	}
}

func fileSystemKeeps(_ context.Context, s *Subject) outcome {
	if s.Config.Postgres() && s.Config.Storage.S3.Set() {
		return pass("nothing but keys and caches is on it")
	}
	d, err := s.System.diskOf(s.Config.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return unknown("there is no data yet")
	case err != nil:
		return unknown("%v", err)
	case d.Name == "":
		return unknown("this system does not say")
	case !d.Lasts:
		return fail("put the data on a local disk", "%s is on %s", s.Config.Data, d.Name)
	case d.Careless != "":
		return fail("mount it without "+d.Careless, "%s is on a file system that is mounted with %s", s.Config.Data, d.Careless)
	case d.Sync > 0 && d.Sync < quickSync:
		return fail("switch off what answers for the disk: libeatmydata, or a cache of the virtual machine that does not wait", "a page was kept after %v, which no disk can", d.Sync)
	case d.Sync > 0:
		return pass("%s, which takes %v to keep a page", d.Name, d.Sync.Round(time.Microsecond))
	}
	return pass("%s", d.Name)
}

func hasName(_ context.Context, s *Subject) outcome {
	if name := s.Config.Domain.Name; !s.loopback() && (name == "" || name == "localhost") {
		return fail("_APP_DOMAIN", "it has none")
	}
	if s.Config.Domain.Name == "" {
		return pass("none is needed on this machine alone")
	}
	return pass("%s", s.Config.Domain.Name)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func inProduction(_ context.Context, s *Subject) outcome {
	if s.Config.Development {
		return fail("_APP_ENV=production", "errors are told in full")
	}
	return pass("they are short")
}

func settingsMatter(_ context.Context, s *Subject) outcome {
	const fix = "moorfast config check lists them"
	for _, u := range s.Config.Unused() {
		if strings.HasPrefix(u.Name, "_APP_LOGGING_") { // Appwrite's doctor has a line for it
			return fail(fix, "%s does nothing: %s", u.Name, u.Why)
		}
	}
	if n := len(s.Config.Notices); n > 0 {
		return fail(fix, "%d notes at the start, the first: %s", n, s.Config.Notices[0])
	}
	return pass("all do; errors go to the log")
}

func targetsLeadHere(_ context.Context, s *Subject) outcome {
	d := s.Config.Domain
	if !config.Public(d.Name) {
		return pass("no public name leads here, and no custom domain")
	}
	here := func(a netip.Addr) bool { return !a.IsLoopback() && !a.IsUnspecified() }
	if config.Public(d.CNAME) || slices.ContainsFunc(d.A, here) || slices.ContainsFunc(d.AAAA, here) {
		return pass("CNAME %s, A %s, AAAA %s", orNone(d.CNAME), addresses(d.A), addresses(d.AAAA))
	}
	return fail("_APP_DOMAIN_TARGET_CNAME="+d.Name+", or _APP_DOMAIN_TARGET_A with the address", "they would be pointed to %s, %s and %s", orNone(d.CNAME), addresses(d.A), addresses(d.AAAA))
}

func addresses(list []netip.Addr) string {
	if len(list) == 0 {
		return "none"
	}
	texts := make([]string, len(list))
	for i, a := range list {
		texts[i] = a.String()
	}
	return strings.Join(texts, " ")
}
