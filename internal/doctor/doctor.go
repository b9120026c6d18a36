// Package doctor looks at an installation and says what is wrong with it: one
// registry of checks, each with its evidence, the reason it matters, and what
// to do.
//
// Checks read, and change nothing. What a check can not find out is unknown,
// never fine.
package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"moorfast/internal/config"
	"moorfast/internal/upkeep"
	"moorfast/internal/vault"
)

// Severity is how much a failed check matters. Its number is what it takes from
// the score.
type Severity int

// The severities.
const (
	Low      Severity = 1
	Medium   Severity = 4
	High     Severity = 10
	Critical Severity = 25
)

var severities = map[Severity]string{Low: "low", Medium: "medium", High: "high", Critical: "critical"}

func (s Severity) String() string { return severities[s] }

// MarshalText makes JSON say the word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSeverity reads a word.
func ParseSeverity(text string) (Severity, error) {
	for s, name := range severities {
		if name == text {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%.20q is not one of critical, high, medium, low", text)
}

// Status is how a check ended.
type Status string

// The ways a check can end.
const (
	Pass    Status = "pass"
	Fail    Status = "fail"
	Unknown Status = "unknown"
)

// Check is one thing to look at.
type Check struct {
	ID       string // stable, such as KEY-03
	Group    string
	Severity Severity
	Title    string // what is true when it passes
	Why      string // it matters
	run      runner
}

// runner looks.
type runner func(context.Context, *Subject) outcome

// outcome is what a check found. Evidence holds no secret.
type outcome struct {
	status        Status
	evidence, fix string
}

func pass(format string, args ...any) outcome {
	return outcome{status: Pass, evidence: fmt.Sprintf(format, args...)}
}

func fail(fix, format string, args ...any) outcome {
	return outcome{Fail, fmt.Sprintf(format, args...), fix}
}

func unknown(format string, args ...any) outcome {
	return outcome{status: Unknown, evidence: fmt.Sprintf(format, args...)}
}

// Subject is what the checks look at.
type Subject struct {
	Config   config.Config
	Mistakes []config.Mistake // in the settings; with any, they are all that is known
	Ring     vault.Storage    // of the keyring; nil if it can not be reached
	Data     Data             // nil if the database can not be reached
	System   System
	Now      time.Time

	Names  Names                                 // nil where names are not looked up
	Live   *Live                                 // nil where no server runs
	Ask    func(context.Context) (Answer, error) // the running server; nil where that cannot be
	Caller netip.Addr                            // of who asks, if he has one

	// What [Run] finds out for more than one check.
	asked       bool
	sourceTook  time.Duration
	sourceError error
	facts       *Facts // of Data; nil where it could not be asked
	factsError  error
	audit       *AuditFacts // likewise
	auditError  error
	upkeep      upkeep.Record
	upkeepError error
	vault       *vault.Vault
	vaultError  error
}

// Data is what checks ask the database.
type Data interface {
	// RootClaimed reports whether the console has had its first account.
	RootClaimed(ctx context.Context) (bool, error)
	// Projects lists the projects there are, that of the console included.
	Projects(ctx context.Context) ([]string, error)
	// StaleInvites counts invitations to the console that are older than t and
	// neither accepted nor withdrawn.
	StaleInvites(ctx context.Context, t time.Time) (int, error)
	// Facts gathers what else is known of the installation.
	Facts(ctx context.Context) (Facts, error)
	// Audit checks the audit log, and the records since t one by one.
	Audit(ctx context.Context, t time.Time) (AuditFacts, error)
	// Sample tries to open some sealed fields, and counts those it could not.
	Sample(ctx context.Context) (tried, refused int, err error)
}

// checks is the registry.
func checks() []Check {
	return slices.Concat(keyChecks(), consoleChecks(), networkChecks(), authChecks(), dataChecks(), auditChecks(), hostChecks(), supplyChecks(), compatChecks())
}

// facts makes a check of what the database says.
func facts(look func(*Subject, *Facts) outcome) runner {
	return func(_ context.Context, s *Subject) outcome {
		switch {
		case s.factsError != nil:
			return unknown("%v", s.factsError)
		case s.facts == nil:
			return unknown("the database was not asked")
		}
		return look(s, s.facts)
	}
}

// auditWithin is how long the audit log is read.
const auditWithin = 2 * time.Second

// look finds out what more than one check needs.
func (s *Subject) look(ctx context.Context) {
	s.AskSource()
	if s.upkeep, s.upkeepError = upkeep.Read(s.Config.Data); s.upkeepError != nil {
		s.upkeep = nil
	}
	if s.Live != nil { // what the server may do counts, and not what this process may
		s.System.Process = s.Live.Process
	}
	if s.Ring != nil {
		s.vault, s.vaultError = vault.Open(ctx, vault.Options{
			Storage: s.Ring, Source: s.Config.Key, Now: func() time.Time { return s.Now }, AllowKnown: true,
		})
	}
	if s.Data == nil {
		return
	}
	f, err := s.Data.Facts(ctx)
	if s.factsError = err; err == nil {
		s.facts = &f
	}
	reading, cancel := context.WithTimeout(ctx, auditWithin)
	defer cancel()
	a, err := s.Data.Audit(reading, s.Now.Add(-checkedSince))
	if s.auditError = err; err == nil {
		s.audit = &a
	}
}

// Run runs every check on s.
func Run(ctx context.Context, s Subject) Report {
	fine := len(s.Mistakes) == 0
	if fine {
		s.look(ctx)
		if s.vault != nil {
			defer s.vault.Close()
		}
	}
	var r Report
	for _, c := range checks() {
		o := unknown("the settings have mistakes: moorfast config check")
		if fine || c.ID == listsParse {
			o = c.run(ctx, &s)
		}
		r.add(c, o)
	}
	return r
}
