package guard

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func from(account, addr string) Attempt {
	return Attempt{Project: "app", Account: account, Addr: netip.MustParseAddr(addr)}
}

// try makes an attempt, and reports whether it was let through.
func try(g *Guard, a Attempt, r Result, now time.Time) bool {
	t, wait := g.Begin(a, now)
	if wait > 0 {
		return false
	}
	t.End(r, now)
	return true
}

func TestTheEleventhWrongPasswordHasToWait(t *testing.T) {
	g, now := New(nil), start
	for i := range 10 {
		if !try(g, from("walter", fmt.Sprintf("203.0.113.%d", i+1)), Failed, now) {
			t.Fatalf("attempt %d was refused", i+1)
		}
	}
	if try(g, from("walter", "203.0.113.99"), Succeeded, now) {
		t.Error("the 11th attempt was let through")
	}
	if !try(g, from("jesse", "203.0.113.99"), Succeeded, now) {
		t.Error("another account is refused, too")
	}
	if !try(g, from("walter", "203.0.113.98"), Failed, now.Add(31*time.Second)) {
		t.Error("it is refused after half a minute")
	}
	if try(g, from("walter", "203.0.113.97"), Succeeded, now.Add(62*time.Second)) {
		t.Error("the next wait is no longer")
	}
}

func TestNobodyIsLockedOutForGood(t *testing.T) {
	g, now := New(nil), start
	failures := 0
	for range 24 * 60 {
		for i := range 3 {
			if try(g, from("walter", fmt.Sprintf("198.51.100.%d", i)), Failed, now) {
				failures++
			}
		}
		now = now.Add(time.Minute)
	}
	if failures > 120 {
		t.Errorf("there were %d guesses in a day", failures)
	}
	if try(g, from("walter", "203.0.113.1"), Succeeded, now.Add(16*time.Minute)) != true {
		t.Error("the owner is refused after the longest wait")
	}
}

func TestOneNetworkThatSpraysIsStopped(t *testing.T) {
	var alarms []Alarm
	g := New(func(a Alarm) { alarms = append(alarms, a) })
	through := 0
	for i := range 10_000 {
		// Addresses of one subscriber are one network.
		if try(g, from(fmt.Sprintf("user%d", i), fmt.Sprintf("2001:db8:1:1::%x", i+1)), Failed, start.Add(time.Duration(i)*time.Millisecond)) {
			through++
		}
	}
	if through > 100 {
		t.Errorf("%d guesses came through", through)
	}
	if len(alarms) == 0 || alarms[0].Kind != Spray || alarms[0].Network.String() != "2001:db8:1:1::/64" {
		t.Errorf("alarms = %+v", alarms)
	}
}

func TestManyNetworksThatSprayAreNoticed(t *testing.T) {
	var alarms []Alarm
	g := New(func(a Alarm) { alarms = append(alarms, a) })
	for i := range 1000 {
		try(g, from(fmt.Sprintf("user%d", i), fmt.Sprintf("198.51.%d.%d", i/250, i%250)), Failed, start.Add(time.Duration(i)*50*time.Millisecond))
	}
	if len(alarms) != 1 || alarms[0].Kind != Storm || alarms[0].Project != "app" {
		t.Errorf("alarms = %+v", alarms)
	}
	// Meanwhile, three failures from one place are enough.
	now := start.Add(51 * time.Second)
	for range 3 {
		try(g, from("victim", "203.0.113.7"), Failed, now)
	}
	if try(g, from("victim", "203.0.113.7"), Failed, now) {
		t.Error("nothing is stricter")
	}
}

func TestAnAttackDoesNotShutTheOwnerOut(t *testing.T) {
	g := New(nil)
	home := from("walter", "192.0.2.1")
	try(g, home, Succeeded, start)
	for i := range 100 {
		try(g, from("walter", fmt.Sprintf("198.51.100.%d", i)), Failed, start)
	}
	if try(g, from("walter", "203.0.113.5"), Succeeded, start) {
		t.Error("the account is not slowed down")
	}
	if !try(g, home, Succeeded, start) {
		t.Error("the owner is refused at home")
	}
	elsewhere := from("walter", "192.0.2.200")
	elsewhere.Known = func() bool { return true } // his session is still in the store
	if !try(g, elsewhere, Succeeded, start) {
		t.Error("the owner is refused where he has a session")
	}
	for range 10 {
		try(g, home, Failed, start)
	}
	if try(g, home, Failed, start) {
		t.Error("guesses from his home are not slowed down")
	}
}

func TestSlipsOfTheHandAreTakenBackAndThoseOfOthersStay(t *testing.T) {
	g := New(nil)
	const office = "192.0.2.1"
	for i := range 40 { // people who mistype once each
		a := from(fmt.Sprintf("person%d", i), office)
		for _, r := range []Result{Failed, Failed, Succeeded} {
			if !try(g, a, r, start) {
				t.Fatalf("person %d is refused", i)
			}
		}
	}
	mine := from("attacker", "198.51.100.1")
	through := 0
	for i := range 200 {
		if try(g, from(fmt.Sprintf("victim%d", i), "198.51.100.1"), Failed, start) {
			through++
		}
		try(g, mine, Succeeded, start)
	}
	if through > 100 {
		t.Errorf("with an account in between, %d guesses came through", through)
	}
}

func TestManyAtOnceGetNoMoreGuesses(t *testing.T) {
	g := New(nil)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var tries []*Try
	for range 200 {
		wg.Go(func() {
			if one, wait := g.Begin(from("walter", "203.0.113.1"), start); wait == 0 {
				mu.Lock()
				tries = append(tries, one)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(tries) > 10 {
		t.Errorf("%d guesses run at once", len(tries))
	}
	for _, one := range tries {
		one.End(Undecided, start)
	}
	if !try(g, from("walter", "203.0.113.1"), Succeeded, start) {
		t.Error("what came to nothing counts")
	}
}

func TestAFloodTakesNoMoreThanItsMemory(t *testing.T) {
	g := New(nil)
	for range 12 {
		try(g, from("walter", "203.0.113.1"), Failed, start)
	}
	for i := range mostBuckets + 1000 {
		try(g, from(fmt.Sprintf("user%d", i), fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff)), Undecided, start)
	}
	if n := len(g.buckets); n > mostBuckets {
		t.Errorf("%d counts are held", n)
	}
	if try(g, from("walter", "203.0.113.2"), Failed, start) {
		t.Error("the flood washed away the count of the one that was attacked")
	}
}

func TestMailbox(t *testing.T) {
	for address, want := range map[string]string{
		"Walter@Example.COM":        "walter@example.com",
		"walter+spam@example.com":   "walter@example.com",
		"w.al.ter+x@googlemail.com": "walter@gmail.com",
		"ｗalter@example.com":        "walter@example.com",
		"+only@example.com":         "+only@example.com",
		" walter@example.com ":      "walter@example.com",
		"no address":                "no address",
	} {
		if got := Mailbox(address); got != want {
			t.Errorf("Mailbox(%q) = %q, want %q", address, got, want)
		}
	}
}

func FuzzMailbox(f *testing.F) {
	for _, s := range []string{"a+b@example.com", "A.B@gmail.com", "ﬁ@x", "@", "+@", "a@b@c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		one := Mailbox(s)
		if again := Mailbox(one); len(again) > len(one) {
			t.Errorf("Mailbox(%q) = %q grows to %q", s, one, again)
		}
	})
}
