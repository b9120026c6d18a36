package doctor

import (
	"context"
	"strings"
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
			"HST-02", hostGroup, Low, "The process can gain no rights",
			"A set-user-ID program that it starts could.", noNewRights,
		},
		{
			"HST-05", hostGroup, Low, "The process may open enough files",
			"Every connection and every project's database is one.", enoughFiles,
		},
		{
			"HST-06", hostGroup, High, "The file system keeps what it was told to",
			"One in memory, or on a network, loses what was acknowledged.", fileSystemKeeps,
		},
		{
			"SUP-04", hostGroup, Low, "The program says what it is made of",
			"Without a list of its modules, nobody can tell whether a known hole is in it.", hasModules,
		},
		{
			"SUP-05", hostGroup, Low, "The program was built from a state that is in the repository",
			"Otherwise nobody can build it again, and compare.", builtClean,
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
			"CMP-03", compatGroup, Low, "Every setting does something",
			"What is set and does nothing is a promise that nobody keeps.", settingsMatter,
		},
	}
}

func notRoot(_ context.Context, s *Subject) outcome {
	if s.System.Root {
		return fail("run it as a user of its own, with the data directory as its home", "this user is root")
	}
	return pass("it does not, if it is started as this is")
}

func noNewRights(_ context.Context, s *Subject) outcome {
	switch {
	case s.System.Error != nil:
		return unknown("%v", s.System.Error)
	case !s.System.NoNewPrivs:
		return fail("NoNewPrivileges=yes in the unit, or --security-opt no-new-privileges", "it could")
	}
	return pass("it can not")
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
	name, durable, err := s.System.fileSystemOf(s.Config.Data)
	switch {
	case err != nil:
		return unknown("%v", err)
	case name == "":
		return unknown("this system does not say")
	case !durable:
		return fail("put the data on a local disk", "%s is on %s", s.Config.Data, name)
	}
	return pass("%s", name)
}

func hasModules(_ context.Context, s *Subject) outcome {
	if s.System.Modules == 0 {
		return fail("build it with make build", "the list of its modules is not in it")
	}
	return pass("%d modules; moorfast version --sbom lists them", s.System.Modules)
}

func builtClean(_ context.Context, s *Subject) outcome {
	switch {
	case s.System.Revision == "":
		return unknown("the program does not say from which state it was built")
	case strings.Contains(s.System.Revision, "dirty"):
		return fail("commit, and build again", "%s", s.System.Revision)
	}
	return pass("%s", s.System.Revision)
}

func hasName(_ context.Context, s *Subject) outcome {
	if name := s.Config.Domain.Name; !s.loopback() && (name == "" || name == "localhost") {
		return fail("_APP_DOMAIN", "it has none")
	}
	return pass("%s", orNone(s.Config.Domain.Name))
}

func orNone(s string) string {
	if s == "" {
		return "none is needed on this machine alone"
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
	if n := len(s.Config.Notices); n > 0 {
		return fail("moorfast config check lists them", "%d notes at the start, the first: %s", n, s.Config.Notices[0])
	}
	return pass("all do")
}
