package doctor

import (
	"context"
	"errors"
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
			"AUD-01", auditGroup, High, "What happens is recorded",
			"Without a record nobody can tell who did what.", somethingIsRecorded,
		},
		{
			"AUD-02", auditGroup, Critical, "Nobody has changed the audit log",
			"Whoever changes it has something to hide, and the rights to.", logIsWhole,
		},
		{
			"AUD-03", auditGroup, Low, "The audit log also goes elsewhere",
			"Who has the machine and its key can write another history; only a copy elsewhere is against it.", auditLeaves,
		},
		{
			"AUD-04", auditGroup, Medium, "A checkpoint knows of all but the newest records",
			"What no checkpoint knows of can be cut off the end of the log without a trace.", checkpointIsFresh,
		},
		{
			"AUD-05", auditGroup, Medium, "No record is lost on the way",
			"A change without its record is a change that nobody made; a copy elsewhere is only as good as its way.", nothingIsLost,
		},
		{
			"AUD-06", auditGroup, Medium, "Audit records are kept for a week at least",
			"What comes to light later can not be looked up any more.", auditIsKept,
		},
		{
			"AUD-07", auditGroup, Low, "Somebody collects the figures of the server",
			"What is not measured while all is well cannot be compared when it is not.", metricsAreCollected,
		},
		{
			"AUD-08", auditGroup, Low, "Somebody is told when something happens",
			"An attack that is in a log is read about afterwards.", somebodyIsTold,
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

// AuditFacts are what the audit log says of itself.
type AuditFacts struct {
	Records    int       // there are; those that were too old to be checked are among them
	Newest     time.Time // of the platform's own
	Checkpoint time.Time // the newest
	Findings   []string  // what is wrong with it
}

// checkedSince is from when on records are read again.
const checkedSince = 24 * time.Hour

// audited makes a check of what the audit log says.
func audited(look func(*Subject, *AuditFacts) outcome) runner {
	return func(_ context.Context, s *Subject) outcome {
		switch {
		case errors.Is(s.auditError, context.DeadlineExceeded):
			return unknown("the log is too long to be read in %v: moorfast audit verify", auditWithin)
		case s.auditError != nil:
			return unknown("%v", s.auditError)
		case s.audit == nil:
			return unknown("the database was not asked")
		}
		return look(s, s.audit)
	}
}

var somethingIsRecorded = audited(func(_ *Subject, a *AuditFacts) outcome {
	if a.Records == 0 {
		return fail("find out who has removed it, and restore it from a backup", "there is data, and no record: even the first start leaves one")
	}
	return pass("%d records, the last of %s", a.Records, a.Newest.UTC().Format(time.DateTime))
})

var logIsWhole = audited(func(_ *Subject, a *AuditFacts) outcome {
	if n := len(a.Findings); n > 0 {
		return fail("moorfast audit verify, and take the machine for one that is not yours alone", "%d findings, the first: %s", n, a.Findings[0])
	}
	return pass("its chain holds, and the records of the last 24 hours are as they were written")
})

// A checkpoint is written each minute that something happens.
const checkpointAge = 15 * time.Minute

var checkpointIsFresh = audited(func(s *Subject, a *AuditFacts) outcome {
	switch {
	case a.Records == 0:
		return unknown("there is no record for it to know of")
	case a.Newest.Sub(a.Checkpoint) > time.Second && s.Now.Sub(a.Newest) > checkpointAge:
		return fail("start the server, and see in its log why it writes none", "the newest is of %s, and there are records of %s", at(a.Checkpoint), at(a.Newest))
	}
	return pass("the newest is of %s", at(a.Checkpoint))
})

func at(t time.Time) string {
	if t.IsZero() {
		return "no time"
	}
	return t.UTC().Format(time.DateTime)
}

func nothingIsLost(_ context.Context, s *Subject) outcome {
	if s.Config.Audit.Failure == "degrade" {
		return fail("audit.failure=block", "changes go on while the log cannot be written")
	}
	if address := s.Config.Audit.Syslog; strings.HasPrefix(address, "udp:") {
		return fail("audit.syslog by tls://", "%s loses what does not arrive, and nobody hears of it", address)
	}
	return pass("what cannot be recorded is not done, and what is sent is sent until it arrives")
}

// collectedWithin is long enough for any collector.
const collectedWithin = time.Hour

func metricsAreCollected(_ context.Context, s *Subject) outcome {
	const fix = "MOORFAST_METRICS_LISTEN, and a collector that asks there; docs/monitoring has rules to begin with"
	switch listen := s.Config.Metrics.Listen; {
	case listen == "" && s.desk():
		return pass("only this machine uses the server")
	case listen == "":
		return fail(fix, "there are none")
	case s.Live == nil:
		return unknown("no server runs")
	case s.Live.Collected.IsZero() && s.Now.Sub(s.Live.Since) < collectedWithin:
		return unknown("the server has just started, and nobody has asked yet")
	case s.Now.Sub(s.Live.Collected) > collectedWithin:
		return fail(fix, "%s was not asked since %s", listen, at(s.Live.Collected))
	}
	return pass("the last time at %s", at(s.Live.Collected))
}

func somebodyIsTold(_ context.Context, s *Subject) outcome {
	switch {
	case s.Config.Events.Webhook != "":
		return pass("events go to the webhook of MOORFAST_EVENTS_WEBHOOK")
	case s.Config.Metrics.Listen != "":
		return pass("the collector of the metrics tells, if it has the rules of docs/monitoring/alerts.yml")
	case s.desk():
		return pass("only this machine uses the server, and its log says what happens")
	}
	return fail("MOORFAST_EVENTS_WEBHOOK, or MOORFAST_METRICS_LISTEN and the rules of docs/monitoring/alerts.yml", "the log says what happens, and nothing else")
}
