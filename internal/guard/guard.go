// Package guard slows down guessing of passwords, codes and tokens.
//
// Only what fails counts: whoever knows the password is never slowed down by how
// often they sign in. Failures are counted per account, whichever way its
// address is spelled, and per network that they come from. Beyond some of them,
// each further one has to wait for twice as long as the one before, up to a
// bound; nobody is ever locked out for good. And whoever attacks an account does
// not shut its owner out: a network that the owner has signed in from has a count
// of its own.
package guard

import (
	"net/netip"
	"sync"
	"time"
)

// Attempt is one try to prove who somebody is.
type Attempt struct {
	Project string
	Account string     // of whom, in one spelling; see [Mailbox]
	Addr    netip.Addr // who tries

	// Known tells whether the account was signed in to from the network of Addr
	// before. It is asked only where the attempt would be refused.
	Known func() bool
}

// Kind is what an [Alarm] is about.
type Kind uint8

// The kinds of alarms.
const (
	Brute Kind = iota + 1 // many guesses at one account, or from one network
	Spray                 // guesses at many accounts from one network
	Storm                 // guesses at a project from many networks
)

// Alarm says that somebody is guessing.
type Alarm struct {
	Kind     Kind
	Project  string
	Network  netip.Prefix // not valid where there are many
	Account  string       // "" where there are many
	Failures int
}

// Guard counts. It is safe for concurrent use.
type Guard struct {
	tell func(Alarm)

	mu      sync.Mutex
	buckets map[key]*bucket
	seen    map[key]time.Time // networks that an account was signed in from
	storms  map[string]*storm
	news    []Outcome // for other nodes
	shared  bool
}

// New returns a guard that tells of its alarms; nil tells nobody.
func New(tell func(Alarm)) *Guard {
	if tell == nil {
		tell = func(Alarm) {}
	}
	return &Guard{tell: tell, buckets: map[key]*bucket{}, seen: map[key]time.Time{}, storms: map[string]*storm{}}
}

// key names what is counted: an account, a network, or an account from a network.
type key struct {
	project, account string
	network          netip.Prefix
}

// Try is an attempt that was let through. End it exactly once.
type Try struct {
	guard  *Guard
	pair   key
	known  bool
	counts []counted
}

type counted struct {
	key   key
	limit rule
}

// Begin lets an attempt through, or says for how long to wait.
func (g *Guard) Begin(a Attempt, now time.Time) (t *Try, wait time.Duration) {
	pair := key{a.Project, a.Account, Network(a.Addr)}
	t = &Try{guard: g, pair: pair}
	if known, wait := g.begin(t, false, now); known || wait == 0 {
		return t, wait
	} else if a.Known == nil || !a.Known() {
		return t, wait
	}
	_, wait = g.begin(t, true, now)
	return t, wait
}

// Knows tells whether the account of an attempt was signed in to from where it
// comes from.
func (g *Guard) Knows(a Attempt, now time.Time) bool {
	g.mu.Lock()
	until, ok := g.seen[key{a.Project, a.Account, Network(a.Addr)}]
	g.mu.Unlock()
	return ok && until.After(now) || a.Known != nil && a.Known()
}

// begin takes the counts that an attempt is held to. All of them have room, or
// none is taken.
func (g *Guard) begin(t *Try, known bool, now time.Time) (wasKnown bool, wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until, ok := g.seen[t.pair]; known || ok && until.After(now) {
		known = true
		g.know(t.pair, now)
	}
	t.known, t.counts = known, g.counts(t.pair, known, now)
	for _, c := range t.counts {
		wait = max(wait, g.bucket(c.key, now).wait(c.limit, now))
	}
	if wait > 0 {
		return known, wait
	}
	for _, c := range t.counts {
		g.bucket(c.key, now).running++
	}
	return known, 0
}

// counts are those that an attempt is held to.
func (g *Guard) counts(pair key, known bool, now time.Time) []counted {
	if known {
		return []counted{{pair, accountRule}}
	}
	account, address := accountRule, networkRule
	if g.storms[pair.project].raging(now) {
		account, address = accountRule.stricter(), networkRule.stricter()
	}
	if local(pair.network.Addr()) {
		address.most = localMost
	}
	return []counted{{key{pair.project, pair.account, netip.Prefix{}}, account}, {key{network: pair.network}, address}}
}

// End notes how an attempt ended that was let through.
func (t *Try) End(r Result, now time.Time) {
	g := t.guard
	g.mu.Lock()
	for _, c := range t.counts {
		b := g.bucket(c.key, now)
		b.running = max(0, b.running-1)
	}
	alarms := g.settle(t.pair, t.counts, r, now)
	g.note(t.pair, t.known, r)
	g.mu.Unlock()
	for _, a := range alarms {
		g.tell(a)
	}
}

// settle counts how an attempt ended.
func (g *Guard) settle(pair key, counts []counted, r Result, now time.Time) (alarms []Alarm) {
	for _, c := range counts {
		b := g.bucket(c.key, now)
		b.drain(c.limit, now)
		switch r {
		case Failed:
			b.fail(c.limit, pair, now)
			if b.alarming(c.limit, now) {
				alarms = append(alarms, alarm(pair.project, c.key, b))
			}
		case Succeeded:
			b.refund(pair)
		case Undecided:
		}
	}
	switch r {
	case Failed:
		if n := g.storm(pair.project, now); n > 0 {
			alarms = append(alarms, Alarm{Kind: Storm, Project: pair.project, Failures: n})
		}
	case Succeeded:
		g.know(pair, now)
	case Undecided:
	}
	return alarms
}

// Result is how an attempt ended.
type Result uint8

// The results.
const (
	Undecided Result = iota // for a reason that says nothing of the secret
	Succeeded
	Failed // the secret was wrong
)

func alarm(project string, k key, b *bucket) Alarm {
	a := Alarm{Kind: Brute, Project: project, Account: k.account, Network: k.network, Failures: int(b.failures)}
	if k.account == "" && len(b.accounts) >= sprayed {
		a.Kind = Spray
	}
	return a
}
