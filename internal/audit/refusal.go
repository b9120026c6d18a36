package audit

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// Refusals have no transaction, and who is refused chooses how many there are.
// So those that are alike within a minute become one record, with their count,
// and what is different is bounded, too.
const (
	refusalWindow = time.Minute
	refusalMost   = 500 // that differ, within a window
)

type refusalKey struct{ project, event, endpoint, outcome, actor, address string }

type refusals struct {
	began time.Time
	seen  map[refusalKey]*refusal
	fresh []*refusal // that are to be told now
	over  int        // that came after the bound
}

type refusal struct {
	place  string
	record Record
	more   int // since it was told
}

// Refuse notes that somebody was refused something, in the log of a project. It
// does not wait for it.
func (l *Log) Refuse(project string, r Record) {
	if l == nil {
		return
	}
	key := refusalKey{project, r.Event, r.Endpoint, r.Outcome, r.Actor.Kind + r.Actor.ID, network(r.Address)}
	l.mu.Lock()
	defer l.mu.Unlock()
	q := &l.refused
	if q.seen == nil {
		q.seen, q.began = map[refusalKey]*refusal{}, l.now()
	}
	if old := q.seen[key]; old != nil {
		old.more++
		old.record.At = r.At
		return
	}
	if len(q.seen) >= refusalMost {
		q.over++
		return
	}
	one := &refusal{place: project, record: r}
	q.seen[key] = one
	q.fresh = append(q.fresh, one)
}

// network is the address as far as it tells people apart: someone with IPv6 has
// a whole /64.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Is4() {
		return address
	}
	p, err := a.Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}

// tell writes the refusals that are due: new ones at once, and at the end of a
// window how often they came again.
func (l *Log) tell(ctx context.Context, all bool) error {
	now := l.now()
	l.mu.Lock()
	q := &l.refused
	due := map[string][]Record{}
	for _, f := range q.fresh {
		due[f.place] = append(due[f.place], f.record)
	}
	q.fresh = nil
	if q.seen != nil && (all || now.Sub(q.began) >= refusalWindow) {
		for _, f := range q.seen {
			if f.more > 0 {
				f.record.Count = f.more
				due[f.place] = append(due[f.place], f.record)
			}
		}
		if q.over > 0 {
			due[platform] = append(due[platform], Record{
				At: now.UnixMicro(), Project: platform, Event: "audit.refusals", Outcome: "too_many_to_tell_apart", Actor: Actor{Kind: System}, Count: q.over,
			})
		}
		*q = refusals{}
	}
	l.mu.Unlock()
	var errs []error
	for _, project := range sorted(due) {
		if project != platform && l.Exists != nil {
			if there, err := l.Exists(ctx, project); err != nil || !there {
				errs = append(errs, err)
				continue
			}
		}
		errs = append(errs, l.noteAll(ctx, project, due[project]))
	}
	return errors.Join(errs...)
}
