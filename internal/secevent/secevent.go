// Package secevent carries what the operator of an installation wants to hear of
// while it happens: that somebody guesses passwords, that a key does not fit, that
// a second factor was switched off (M-3). Events go to the log, to whoever listens,
// and to a webhook. They are news and no record: the audit log is that, and loses
// nothing, while a flood of events is thinned out and counted.
package secevent

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Severity is how soon somebody ought to look.
type Severity string

// The severities.
const (
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// Kind is what has happened.
type Kind string

// The kinds of events.
const (
	BruteForce       Kind = "brute.force"
	Spray            Kind = "spray"
	SprayDistributed Kind = "spray.distributed"
	ConsoleDenied    Kind = "console.denied"
	RootClaimed      Kind = "root.claimed"
	OwnerAdded       Kind = "owner.added"
	MFADisabled      Kind = "mfa.disabled"
	UserBlocked      Kind = "user.blocked"
	KeyCreated       Kind = "key.created"
	KeyRevealed      Kind = "key.revealed"
	KeyElsewhere     Kind = "key.elsewhere"
	KeyMismatch      Kind = "key.mismatch"
	KeysRenewed      Kind = "key.renewed"
	KeySourceDown    Kind = "key.source_down"
	KeySourceBack    Kind = "key.source_back"
	DecryptFailed    Kind = "decrypt.fail"
	SSRFBlocked      Kind = "ssrf.blocked"
	AuditTampered    Kind = "audit.tamper"
	AuditFailing     Kind = "audit.failing"
	AuditLost        Kind = "audit.lost"
	ProjectDeleted   Kind = "project.deleted"
	Impersonation    Kind = "impersonation.allowed"
	ProtectionOff    Kind = "protection.off"
	LimitsAlone      Kind = "limits.alone"
)

// SealedKind is the detail of [DecryptFailed] that says what does not open.
const SealedKind = "sealed"

// What is sealed.
const (
	SealedField = "field"
	SealedFile  = "file"
)

// SealedKinds are the values of [SealedKind].
var SealedKinds = [...]string{SealedField, SealedFile}

// severities has every kind there is.
var severities = map[Kind]Severity{
	BruteForce: High, Spray: High, SprayDistributed: Critical,
	ConsoleDenied: Medium, RootClaimed: Medium, OwnerAdded: Medium, MFADisabled: Medium, UserBlocked: Low,
	KeyCreated: Low, KeyRevealed: High, KeyElsewhere: High, KeyMismatch: Critical, KeysRenewed: Low, KeySourceDown: High, KeySourceBack: Low, DecryptFailed: Critical,
	SSRFBlocked: Medium, AuditTampered: Critical, AuditFailing: Critical, AuditLost: Critical, ProjectDeleted: Medium, Impersonation: Medium, ProtectionOff: Critical, LimitsAlone: Medium,
}

// Kinds returns every kind there is, in order.
func Kinds() []Kind { return slices.Sorted(maps.Keys(severities)) }

// Severity is how soon somebody ought to look at events of the kind.
func (k Kind) Severity() Severity { return severities[k] }

// Event is one of them.
type Event struct {
	Number   uint64            `json:"number"` // counts up from 1, since the start
	At       time.Time         `json:"at"`
	Kind     Kind              `json:"kind"`
	Severity Severity          `json:"severity"`
	Project  string            `json:"project,omitempty"`
	User     string            `json:"user,omitempty"`    // who did it, or whom it is about
	Address  string            `json:"address,omitempty"` // it came from
	Details  map[string]string `json:"details,omitempty"`
	More     int               `json:"more,omitempty"` // of this kind that were not told since the last
}

// Options are what a bus is made with.
type Options struct {
	Now func() time.Time
	Log *slog.Logger

	// Count is told of every event, those that are thinned out as well.
	Count func(Event)
}

// Bus takes events from everywhere, and waits for nobody. A nil Bus takes none.
type Bus struct {
	o Options

	mu        sync.Mutex
	number    uint64
	kinds     map[Kind]*pace
	recent    []Event // the last ones, for who comes later
	listeners map[*Listener]bool
}

// Bounds. Whoever attacks chooses how many events there are.
const (
	perMinute = 60 // of a kind
	kept      = 256
	buffered  = 256 // for a listener
	maxDetail = 256 // bytes of one
	listening = 32  // at once
)

// pace is how many events of a kind came lately.
type pace struct {
	began time.Time
	told  int
	more  int
}

// New returns a bus.
func New(o Options) *Bus {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Bus{o: o, kinds: map[Kind]*pace{}, listeners: map[*Listener]bool{}}
}

// Emit tells of an event. The kind says how severe it is, and the bus when it was.
func (b *Bus) Emit(ctx context.Context, e Event) {
	if b == nil {
		return
	}
	e.Severity = e.Kind.Severity()
	e.At = b.o.Now().UTC()
	e.Details = bounded(e.Details)
	if b.o.Count != nil {
		b.o.Count(e)
	}
	if !b.deliver(&e) {
		return
	}
	// The log says what and where; from which address is for the other two.
	b.o.Log.LogAttrs(ctx, level(e.Severity), "security event",
		slog.String("kind", string(e.Kind)), slog.String("severity", string(e.Severity)),
		slog.String("project", e.Project), slog.Int("more", e.More))
}

// deliver gives an event to the listeners, unless there are too many of its kind.
func (b *Bus) deliver(e *Event) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.kinds[e.Kind]
	if p == nil {
		p = &pace{began: e.At}
		b.kinds[e.Kind] = p
	}
	if e.At.Sub(p.began) >= time.Minute {
		p.began, p.told = e.At, 0
	}
	if p.told >= perMinute {
		p.more++
		return false
	}
	p.told++
	b.number++
	e.Number, e.More, p.more = b.number, p.more, 0
	b.recent = append(b.recent, *e)
	if len(b.recent) > kept {
		b.recent = slices.Delete(b.recent, 0, len(b.recent)-kept)
	}
	for l := range b.listeners {
		l.give(*e)
	}
	return true
}

func bounded(details map[string]string) map[string]string {
	short := maps.Clone(details)
	for k, v := range short {
		if len(v) > maxDetail {
			short[k] = strings.ToValidUTF8(v[:maxDetail], "") // and no half of a character
		}
	}
	return short
}

func level(s Severity) slog.Level {
	switch s {
	case Critical, High:
		return slog.LevelError
	case Medium:
		return slog.LevelWarn
	case Low:
	}
	return slog.LevelInfo
}
