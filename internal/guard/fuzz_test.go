package guard

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// Whatever the order in which people try, fail, succeed and wait: nobody waits for
// longer than the bound, and within a day no account is guessed at more often
// than the rules allow by those who never knew its secret.
func FuzzGuard(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0xff, 0, 0x40, 0, 0x80, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		g, now := New(nil), start
		guesses := 0
		var running []*Try
		for i := 0; i+1 < len(script) && now.Sub(start) < 24*time.Hour; i += 2 {
			step, who := script[i], script[i+1]
			now = now.Add(time.Duration(step>>2) * time.Second * 16)
			a := from(fmt.Sprintf("user%d", who&3), netip.AddrFrom4([4]byte{198, 51, 100, who >> 2}).String())
			try, wait := g.Begin(a, now)
			if wait > accountRule.most {
				t.Fatalf("%+v waits for %v", a, wait)
			}
			if wait > 0 {
				continue
			}
			switch step & 3 {
			case 0, 1:
				if who&3 == 0 {
					guesses++
				}
				try.End(Failed, now)
			case 2:
				if who&3 == 0 { // nobody knows this one's
					try.End(Undecided, now)
				} else {
					try.End(Succeeded, now)
				}
			case 3:
				running = append(running, try)
			}
		}
		if guesses > 10+97+10 {
			t.Errorf("%d guesses in a day", guesses)
		}
		for _, try := range running {
			try.End(Undecided, now)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		for k, b := range g.buckets {
			if b.running != 0 || b.failures < 0 {
				t.Errorf("%+v is left with %d running, %v failures", k, b.running, b.failures)
			}
		}
	})
}
