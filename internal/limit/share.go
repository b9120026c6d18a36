package limit

import "time"

// Count is what another node has counted of a key.
type Count struct {
	Key    string    `json:"key"`
	Ends   time.Time `json:"ends"`             // when its window does
	Calls  int       `json:"calls,omitempty"`  // since the last time it told
	Forgot bool      `json:"forgot,omitempty"` // it started the key anew before those
}

// Bounds of what one node tells the others at once. What is beyond is counted
// here alone.
const (
	mostTold   = 5000
	longestKey = 512 // bytes
)

// Share makes the limiter remember what it counts until [Limiter.Told] takes it.
// Call it before the first [Limiter.Take].
func (l *Limiter) Share() { l.news = map[string]Count{} }

// Told returns what was counted since the last time, for other nodes.
func (l *Limiter) Told() []Count {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]Count, 0, len(l.news))
	for _, c := range l.news {
		list = append(list, c)
	}
	clear(l.news)
	return list
}

// Learn counts what another node has counted.
func (l *Limiter) Learn(c Count, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	if c.Forgot {
		delete(l.windows, c.Key)
	}
	w := l.windows[c.Key]
	if c.Calls <= 0 || !c.Ends.After(now) || w.ends.After(c.Ends) || w.ends.IsZero() && len(l.windows) >= most {
		return
	}
	if !w.ends.Equal(c.Ends) {
		w = window{ends: c.Ends}
	}
	w.count += c.Calls
	l.windows[c.Key] = w
}

// tell notes a call of a key, or that its count was forgotten.
func (l *Limiter) tell(key string, ends time.Time, forgot bool) {
	c, ok := l.news[key]
	if l.news == nil || !ok && len(l.news) >= mostTold || len(key) > longestKey {
		return
	}
	if forgot {
		c = Count{Key: key, Forgot: true}
	} else {
		if !c.Ends.Equal(ends) {
			c.Calls = 0
		}
		c.Key, c.Ends, c.Calls = key, ends, c.Calls+1
	}
	l.news[key] = c
}
