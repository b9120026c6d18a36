package secevent

import (
	"errors"
	"sync"
)

// ErrFull says that as many listen as may.
var ErrFull = errors.New("secevent: too many listen already")

// Listener hears events. One that does not keep up loses the oldest ones, and is
// told how many.
type Listener struct {
	bus  *Bus
	wake chan struct{}

	mu      sync.Mutex
	waiting []Event
	dropped int
}

// Listen returns a listener that hears what comes from now on, and before that,
// what is still known of the events after a number. One that is still to come is of
// a process before this one, of which nothing is known.
func (b *Bus) Listen(after uint64) (*Listener, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.listeners) >= listening {
		return nil, ErrFull
	}
	if after > b.number {
		after = 0
	}
	l := &Listener{bus: b, wake: make(chan struct{}, 1)}
	for _, e := range b.recent {
		if e.Number > after {
			l.give(e)
		}
	}
	b.listeners[l] = true
	return l, nil
}

// Last is the number of the last event; see [Bus.Listen].
func (b *Bus) Last() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.number
}

func (l *Listener) give(e Event) {
	l.mu.Lock()
	if len(l.waiting) >= buffered {
		l.waiting = append(l.waiting[:0], l.waiting[1:]...)
		l.dropped++
	}
	l.waiting = append(l.waiting, e)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Wake is sent to when there is something to take.
func (l *Listener) Wake() <-chan struct{} { return l.wake }

// Take returns the events that have come since, and how many were lost before
// them.
func (l *Listener) Take() (list []Event, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	list, dropped = l.waiting, l.dropped
	l.waiting, l.dropped = nil, 0
	return list, dropped
}

// Close ends the listening.
func (l *Listener) Close() {
	l.bus.mu.Lock()
	defer l.bus.mu.Unlock()
	delete(l.bus.listeners, l)
}
