package audit

import (
	"errors"
	"fmt"
	"time"

	"moorfast/internal/store"
)

// ErrUnwritable says that the log does not take a record.
var ErrUnwritable = errors.New("audit: the log cannot be written")

// patience is for how long the relay may fail before the log counts as one that
// cannot be written. A change that the store refuses is refused at once.
const patience = 30 * time.Second

// checkpoints is where the trouble with checkpoints is kept, which are about all
// projects. No project has this name.
const checkpoints = ""

// trouble is that the log of a project cannot be written, or not be chained.
type trouble struct {
	since time.Time
	err   error
	told  bool
}

// mind keeps which logs a pass of the relay could not write. What has failed
// before is part of each pass until it succeeds.
func (l *Log) mind(bad map[string]error) {
	now := l.now()
	l.mu.Lock()
	for project := range l.troubles {
		if bad[project] == nil {
			delete(l.troubles, project)
		}
	}
	var tell []string
	for project, err := range bad {
		t := l.troubles[project]
		if t == nil {
			t = &trouble{since: now}
			l.troubles[project] = t
			if project != platform && project != checkpoints {
				l.missed[missed{platform, failingEvent}]++ // by which it shows whether the platform's can be
			}
		}
		t.err = err
		if !t.told && now.Sub(t.since) >= patience {
			t.told = true
			tell = append(tell, project)
		}
	}
	l.troubled.Store(len(l.troubles) > 0)
	l.mu.Unlock()
	if l.Failing == nil {
		return
	}
	for _, project := range tell {
		l.Failing(place(project))
	}
}

// place is the log that a trouble is with, as others know it.
func place(project string) string {
	if project == checkpoints {
		return platform
	}
	return project
}

// Writable reports whether all logs are written and chained.
func (l *Log) Writable() bool {
	if l == nil || !l.troubled.Load() {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.troubles {
		if l.now().Sub(t.since) >= patience {
			return false
		}
	}
	return true
}

// Admit refuses a call that would be recorded in the log of a project while that
// cannot be written or chained, or while no checkpoint can tell of it. It is an
// [ErrUnwritable], and counted. With [Options.Degrade], all calls are admitted.
func (l *Log) Admit(project string) error {
	if l == nil || l.Degrade || !l.troubled.Load() {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range [...]string{project, platform, checkpoints} {
		if t := l.troubles[p]; t != nil && l.now().Sub(t.since) >= patience {
			l.missed[missed{project, blockedEvent}]++
			return fmt.Errorf("%w since %s: %w", ErrUnwritable, t.since.UTC().Format(time.RFC3339), t.err)
		}
	}
	return nil
}

// missed is what is told of later, when the log can be written again: a record
// with a count.
type missed struct{ project, event string }

const (
	failingEvent = "audit.failing" // logs of projects that could not be written
	blockedEvent = "audit.blocked" // calls that were refused for the log
	lostEvent    = "audit.lost"    // changes that were made without their record
)

// Forgo decides on a change whose record cannot be written, for the reason that
// err has: with [Options.Degrade] it goes on without one, which is told.
// Otherwise it does not happen, and the relay looks whether the log can be written.
func (l *Log) Forgo(project string, err error) bool {
	if l == nil {
		return false
	}
	unwritable := errors.Is(err, ErrUnwritable)
	if !unwritable && !errors.Is(err, store.ErrUnavailable) {
		return false
	}
	lost := unwritable && l.Degrade
	event := blockedEvent
	if lost {
		event = lostEvent
	}
	l.mu.Lock()
	l.missed[missed{project, event}]++
	l.mu.Unlock()
	if lost && l.Lost != nil {
		l.Lost(project)
	}
	return lost
}

// unwritable makes an error of the store one of the log, unless the store will
// take the same record another time.
func unwritable(err error) error {
	if err == nil || errors.Is(err, store.ErrTimeout) || errors.Is(err, store.ErrConflict) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnwritable, err)
}
