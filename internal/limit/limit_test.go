package limit_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"moorfast/internal/limit"
)

var noon = time.Date(2026, 1, 1, 12, 0, 10, 0, time.UTC)

func TestTake(t *testing.T) {
	var l limit.Limiter
	for i := range 3 {
		r := l.Take("a", 3, time.Minute, noon)
		if want := (limit.Result{Allowed: true, Limit: 3, Remaining: 2 - i, Reset: noon.Truncate(time.Minute).Add(time.Minute)}); r != want {
			t.Errorf("call %d: got %+v, want %+v", i+1, r, want)
		}
	}
	if r := l.Take("a", 3, time.Minute, noon); r.Allowed || r.Remaining != 0 {
		t.Errorf("call 4: got %+v, want refused", r)
	}
	if r := l.Take("b", 3, time.Minute, noon); !r.Allowed {
		t.Error("another key was refused")
	}
	if r := l.Take("a", 3, time.Minute, noon.Add(time.Minute)); !r.Allowed || r.Remaining != 2 {
		t.Errorf("the next window: got %+v, want a fresh count", r)
	}
}

func TestForget(t *testing.T) {
	var l limit.Limiter
	l.Take("a", 1, time.Hour, noon)
	l.Forget("a")
	if !l.Take("a", 1, time.Hour, noon).Allowed {
		t.Error("refused after the count was forgotten")
	}
}

func TestConcurrentCallsShareOneCount(t *testing.T) {
	var (
		l       limit.Limiter
		allowed atomic.Int64
		wg      sync.WaitGroup
	)
	for range 100 {
		wg.Go(func() {
			if l.Take("a", 10, time.Hour, noon).Allowed {
				allowed.Add(1)
			}
		})
	}
	wg.Wait()
	if allowed.Load() != 10 {
		t.Errorf("%d calls were allowed, want 10", allowed.Load())
	}
}

func TestAFloodOfKeysIsRefusedNotRemembered(t *testing.T) {
	var l limit.Limiter
	for i := range 100_000 {
		l.Take(fmt.Sprint(i), 1, time.Hour, noon)
	}
	if l.Take("one more", 1, time.Hour, noon).Allowed {
		t.Error("a key was counted without memory for it")
	}
	if !l.Take("one more", 1, time.Hour, noon.Add(time.Hour)).Allowed {
		t.Error("refused after the old windows ended")
	}
}

// Whoever floods must not have each call of others go through all keys.
func TestAFloodIsLookedThroughOnceASecond(t *testing.T) {
	var l limit.Limiter
	for i := range 100_000 {
		l.Take(fmt.Sprint(i), 1, 100*time.Millisecond, noon)
	}
	if l.Take("one more", 1, time.Hour, noon.Add(500*time.Millisecond)).Allowed {
		t.Error("it was looked through again within the second")
	}
	if !l.Take("one more", 1, time.Hour, noon.Add(time.Second)).Allowed {
		t.Error("it was not looked through after a second")
	}
}

func BenchmarkTakeInAFlood(b *testing.B) {
	var l limit.Limiter
	for i := range 100_000 {
		l.Take(fmt.Sprint(i), 1, time.Hour, noon)
	}
	for b.Loop() {
		l.Take("7", 1, time.Hour, noon)
	}
}
