package doctor

import (
	"context"
	"strings"
	"time"
)

const auditGroup = "Audit"

// leastRetention is for how long records have to be there to be asked when
// something comes to light.
const leastRetention = 7 * 24 * time.Hour

func auditChecks() []Check {
	return []Check{
		{
			"AUD-03", auditGroup, Low, "The audit log also goes elsewhere",
			"Who has the machine and its key can write another history; only a copy elsewhere is against it.", auditLeaves,
		},
		{
			"AUD-06", auditGroup, Medium, "Audit records are kept for a week at least",
			"What comes to light later can not be looked up any more.", auditIsKept,
		},
	}
}

func auditLeaves(_ context.Context, s *Subject) outcome {
	a := s.Config.Audit
	var places []string
	for _, p := range []struct{ name, value string }{
		{"syslog", a.Syslog}, {"an OTLP collector", a.OTLP}, {"a webhook", a.Webhook},
	} {
		if p.value != "" {
			places = append(places, p.name)
		}
	}
	if len(places) == 0 {
		return fail("set audit.syslog, audit.otlp or audit.webhook; or keep what moorfast audit checkpoint shows on another machine, daily",
			"it is on this machine only")
	}
	return pass("it goes to %s", strings.Join(places, " and "))
}

func auditIsKept(_ context.Context, s *Subject) outcome {
	a := s.Config.Audit
	for _, one := range []struct {
		key  string
		keep time.Duration
	}{{"audit.retention", a.Retention}, {"audit.retention_console", a.PlatformRetention}} {
		if one.keep > 0 && one.keep < leastRetention {
			return fail("set "+one.key+" to 14d or more", "%s is %s", one.key, one.keep)
		}
	}
	return pass("%s of projects, %s of the console", kept(a.Retention), kept(a.PlatformRetention))
}

func kept(d time.Duration) string {
	if d == 0 {
		return "all"
	}
	return d.String()
}
