package audit

import (
	"math"
	"time"
)

// Lag is how far a sink is behind the log.
type Lag struct {
	Records int64 // that wait for it, as far as is known since the start
	For     time.Duration
}

// backlog is how far a chain has come, and how much of it a sink has taken.
type backlog struct{ end, taken int64 }

// Positions that are none.
const (
	unknown = -1            // before a first look at the chain
	all     = math.MaxInt64 // there is no more
)

// took notes how much of a chain a sink has taken.
func (d *delivery) took(project string, position int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b := d.behind[project]
	b.taken = position
	if b.taken >= b.end {
		delete(d.behind, project)
		return
	}
	d.behind[project] = b
}

// rested notes that nothing waits, unless something came meanwhile.
func (d *delivery) rested() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.pending) == 0 {
		d.since = 0
	}
}

// Lags tells how far each sink is behind, by its kind.
func (l *Log) Lags() map[string]Lag {
	lags := map[string]Lag{}
	for _, d := range l.sinks {
		lag := lags[d.kind()]
		more := d.lag(l.now())
		lags[d.kind()] = Lag{lag.Records + more.Records, max(lag.For, more.For)}
	}
	return lags
}

func (d *delivery) lag(now time.Time) (lag Lag) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range d.behind {
		if b.taken != unknown {
			lag.Records += max(0, b.end-b.taken)
		}
	}
	if d.since != 0 {
		lag.For = now.Sub(time.UnixMicro(d.since))
	}
	return lag
}
