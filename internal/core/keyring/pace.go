package keyring

import (
	"context"
	"time"
)

// pace tells how fast a piece of work goes.
type pace struct {
	phase string
	total int64
	done  int64
	begun time.Time
	last  time.Time // when the work went on after a break
	now   func() time.Time
	tell  Tell
}

func (k *Keyring) pace(phase string, total int64, tell Tell) *pace {
	now := k.Now()
	return &pace{phase: phase, total: total, begun: now, last: now, now: k.Now, tell: tell}
}

func (p *pace) add(project string, n int) {
	p.done += int64(n)
	if p.tell == nil {
		return
	}
	t := Progress{Phase: p.phase, Project: project, Done: p.done, Total: max(p.total, p.done)}
	if took := p.now().Sub(p.begun).Seconds(); took > 0 {
		t.Rate = float64(p.done) / took
		if t.Rate > 0 {
			t.Left = float64(t.Total-t.Done) / t.Rate
		}
	}
	p.tell(t)
}

// longestRest bounds a break: a clock may be moved.
const longestRest = 250 * time.Millisecond

// rest waits for as long as the work before it took, where others use the
// database too.
func (k *Keyring) rest(ctx context.Context, p *pace) error {
	if !k.Rest {
		return ctx.Err()
	}
	took := k.Now().Sub(p.last)
	err := sleep(ctx, max(time.Millisecond, min(took, longestRest)))
	p.last = k.Now()
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
