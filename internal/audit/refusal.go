package audit

import (
	"context"
	"maps"
	"net/netip"
	"slices"
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
// window how often they came again; and how many calls the log itself has kept
// from happening, or has missed. It returns what went wrong, by project: what was
// not written is tried again.
func (l *Log) tell(ctx context.Context, all bool) (bad map[string]error) {
	due, bad := l.late, map[string]error{}
	l.late = map[string][]Record{}
	l.due(due, all)
	for _, project := range slices.Sorted(maps.Keys(due)) {
		there, err := l.exists(ctx, project)
		if err == nil && there {
			err = l.noteAll(ctx, project, due[project])
		}
		if err != nil {
			bad[project] = err
			l.keepLate(project, due[project])
		}
	}
	return bad
}

// keepLate keeps records for the next time. Those past the bound are only counted.
func (l *Log) keepLate(project string, list []Record) {
	n := min(len(list), refusalMost)
	l.late[project] = list[:n]
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range list[n:] {
		l.refused.over += max(r.Count, 1)
	}
}

// due adds the records that are to be written now.
func (l *Log) due(due map[string][]Record, all bool) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	q := &l.refused
	for _, f := range q.fresh {
		due[f.place] = append(due[f.place], f.record)
	}
	q.fresh = nil
	if (q.seen != nil || q.over > 0) && (all || now.Sub(q.began) >= refusalWindow) {
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
	for m, n := range l.missed {
		r := Record{At: now.UnixMicro(), Project: m.project, Event: m.event, Actor: Actor{Kind: System}, Count: n}
		if i := slices.IndexFunc(due[m.project], func(old Record) bool { return old.Event == m.event }); i >= 0 {
			due[m.project][i].Count += n
			continue
		}
		due[m.project] = slices.Insert(due[m.project], 0, r) // where no bound cuts it off
	}
	clear(l.missed)
}
