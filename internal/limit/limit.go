// Package limit counts calls in fixed windows, in memory. Several nodes tell each
// other what they have counted; see [Limiter.Share].
package limit

import (
	"sync"
	"time"
)

// Result is what a count came to. It is what the rate limit headers say.
type Result struct {
	Allowed   bool
	Limit     int
	Remaining int       // calls left in the window after this one
	Reset     time.Time // when the window ends
}

// Limiter counts calls by key. The zero Limiter is ready to use.
type Limiter struct {
	mu      sync.Mutex
	windows map[string]window
	swept   time.Time
	news    map[string]Count // for other nodes, or nil where there are none
}

type window struct {
	ends  time.Time
	count int
}

// most bounds the memory that a flood of keys can take: about 20 MB.
const most = 100_000

// Take counts a call against n per period, and tells whether it is within.
// Windows begin at whole periods of the clock, as the contract has it. Where
// memory for another key is lacking, the call is refused.
func (l *Limiter) Take(key string, n int, per time.Duration, now time.Time) Result {
	ends := now.Truncate(per).Add(per)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	w := l.windows[key]
	if !w.ends.Equal(ends) {
		if w.ends.IsZero() && len(l.windows) >= most {
			return Result{Limit: n, Reset: ends}
		}
		w = window{ends: ends}
	}
	r := Result{Allowed: w.count < n, Limit: n, Remaining: max(0, n-w.count-1), Reset: ends}
	if r.Allowed {
		w.count++
		l.tell(key, ends, false)
	}
	l.windows[key] = w
	return r
}

// Forget starts the count of a key anew.
func (l *Limiter) Forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.windows, key)
	l.tell(key, time.Time{}, true)
}

// sweep drops windows that have ended: once a minute, or once a second where there
// is no room for more.
func (l *Limiter) sweep(now time.Time) {
	if l.windows == nil {
		l.windows = map[string]window{}
	}
	if since := now.Sub(l.swept); since < time.Second || since < time.Minute && len(l.windows) < most {
		return
	}
	l.swept = now
	for key, w := range l.windows {
		if !w.ends.After(now) {
			delete(l.windows, key)
		}
	}
}
