package guard

import (
	"net/netip"
	"time"
)

// rule is how a count slows down.
type rule struct {
	free  int           // failures that cost nothing
	burst int           // attempts that may run at once, with the failures before them
	least time.Duration // to wait after the first one beyond
	most  time.Duration // to wait at all
	drain time.Duration // after which one failure is forgotten
}

// An account takes ten failures, and then about a hundred a day, which is the
// bound of NIST SP 800-63B-4, 3.2.2. A network takes fifty, as offices have one
// address, and then less than three hundred a day.
var (
	accountRule = rule{free: 10, burst: 10, least: 30 * time.Second, most: 15 * time.Minute, drain: 15 * time.Minute}
	networkRule = rule{free: 50, burst: 100, least: 30 * time.Second, most: 10 * time.Minute, drain: 5 * time.Minute}
)

// localMost is the longest wait of a network that is not of the internet. It may
// be a proxy that nobody has told us to believe, with everybody behind it.
const localMost = time.Minute

// stricter is the rule while a project is guessed at from everywhere.
func (r rule) stricter() rule {
	r.free = max(1, r.free/3)
	r.burst = max(1, r.burst/3)
	return r
}

// sprayed is from how many accounts on that guesses are at many.
const sprayed = 10

// alarmAgain is after what time the same alarm is worth another.
const alarmAgain = 10 * time.Minute

// bucket is one count.
type bucket struct {
	failures float64
	running  int
	until    time.Time // before which nothing is let through
	at       time.Time // up to when failures were forgotten
	alarmed  time.Time

	// accounts is how many of the failures are of whom; see refund. It is bounded
	// by remembered.
	accounts map[key]int
}

const remembered = 64

func (b *bucket) wait(r rule, now time.Time) time.Duration {
	b.drain(r, now)
	if b.until.After(now) {
		return b.until.Sub(now)
	}
	if b.running > 0 && int(b.failures)+b.running >= r.burst {
		return time.Second // those that run may fail as well
	}
	return 0
}

func (b *bucket) drain(r rule, now time.Time) {
	if n := now.Sub(b.at).Truncate(r.drain); n > 0 {
		b.failures = max(0, b.failures-float64(n/r.drain))
		b.at = b.at.Add(n)
	}
	if b.failures == 0 {
		clear(b.accounts)
	}
}

func (b *bucket) fail(r rule, pair key, now time.Time) {
	b.failures++
	if b.accounts == nil {
		b.accounts = map[key]int{}
	}
	if _, ok := b.accounts[pair]; ok || len(b.accounts) < remembered {
		b.accounts[pair]++
	}
	if over := int(b.failures) - r.free; over >= 0 {
		b.until = now.Add(min(r.most, r.least<<min(over, 16)))
	}
}

// refund takes back the failures of somebody who then knew the secret: they were
// slips of the hand. Those of others stay, so that an attacker with an account
// gains nothing by signing in to it in between.
func (b *bucket) refund(pair key) {
	b.failures = max(0, b.failures-float64(b.accounts[pair]))
	delete(b.accounts, pair)
}

func (b *bucket) alarming(r rule, now time.Time) bool {
	if int(b.failures) < r.free || !b.alarmed.IsZero() && now.Sub(b.alarmed) < alarmAgain {
		return false
	}
	b.alarmed = now
	return true
}

// Bounds of the memory that a flood of accounts and networks can take.
const (
	mostBuckets = 100_000
	mostSeen    = 100_000
	mostStorms  = 10_000
	sample      = 16
)

// knownFor is for how long a network is remembered that somebody signed in from.
const knownFor = 90 * 24 * time.Hour

// bucket finds a count. Where there are too many, the one of a few with the
// fewest failures goes: a flood of new ones does not wash away those that matter.
func (g *Guard) bucket(k key, now time.Time) *bucket {
	if b, ok := g.buckets[k]; ok {
		return b
	}
	if len(g.buckets) >= mostBuckets {
		var victim key
		fewest, looked := -1.0, 0
		for other, b := range g.buckets {
			if b.running == 0 && (fewest < 0 || b.failures < fewest) {
				victim, fewest = other, b.failures
			}
			if looked++; looked >= sample {
				break
			}
		}
		delete(g.buckets, victim)
	}
	b := &bucket{at: now}
	g.buckets[k] = b
	return b
}

func (g *Guard) know(pair key, now time.Time) {
	if _, ok := g.seen[pair]; !ok && len(g.seen) >= mostSeen {
		for other := range g.seen {
			delete(g.seen, other)
			break
		}
	}
	g.seen[pair] = now.Add(knownFor)
}

// storm is the failures of a project within a minute.
type storm struct {
	since   time.Time
	count   int
	until   time.Time // it rages
	alarmed time.Time
}

const (
	stormMinute = time.Minute
	stormCount  = 100
	stormLasts  = 10 * time.Minute
)

func (s *storm) raging(now time.Time) bool { return s != nil && s.until.After(now) }

// storm counts a failure of a project, and returns how many there were in this
// minute where that is an alarm.
func (g *Guard) storm(project string, now time.Time) int {
	s := g.storms[project]
	if s == nil {
		if len(g.storms) >= mostStorms {
			clear(g.storms)
		}
		s = &storm{since: now}
		g.storms[project] = s
	}
	if now.Sub(s.since) >= stormMinute {
		s.since, s.count = now, 0
	}
	s.count++
	if s.count < stormCount {
		return 0
	}
	s.until = now.Add(stormLasts)
	if !s.alarmed.IsZero() && now.Sub(s.alarmed) < alarmAgain {
		return 0
	}
	s.alarmed = now
	return s.count
}

// Network is what an address is counted with, which is what one subscriber has: an
// address of IPv4, or a /64 of IPv6.
func Network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

func local(a netip.Addr) bool { a = a.Unmap(); return a.IsLoopback() || a.IsPrivate() || !a.IsValid() }
