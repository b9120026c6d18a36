package limit_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"moorfast/internal/limit"
)

// pass brings what one node counted to another.
func pass(from, to *limit.Limiter, now time.Time) (n int) {
	for _, c := range from.Told() {
		to.Learn(c, now)
		n++
	}
	return n
}

func TestNodesCountTogether(t *testing.T) {
	var one, two limit.Limiter
	one.Share()
	two.Share()
	for range 3 {
		one.Take("a", 5, time.Minute, noon)
	}
	two.Take("a", 5, time.Minute, noon)
	pass(&one, &two, noon)
	pass(&two, &one, noon)
	if r := one.Take("a", 5, time.Minute, noon); !r.Allowed || r.Remaining != 0 {
		t.Errorf("the fifth of five: %+v", r)
	}
	if n := pass(&one, &two, noon); n != 1 {
		t.Errorf("%d counts were told, and not the one that was new", n)
	}
	for name, l := range map[string]*limit.Limiter{"one": &one, "two": &two} {
		if l.Take("a", 5, time.Minute, noon).Allowed {
			t.Errorf("node %s takes a sixth call", name)
		}
	}
	if n := pass(&one, &two, noon); n != 0 {
		t.Errorf("%d counts were told of calls that were refused", n)
	}
}

func TestWhatEndedIsNotLearned(t *testing.T) {
	var one, two limit.Limiter
	one.Share()
	one.Take("a", 1, time.Minute, noon)
	later := noon.Add(time.Minute)
	two.Take("a", 1, time.Minute, later)
	two.Forget("a")
	pass(&one, &two, later)
	if !two.Take("a", 1, time.Minute, later).Allowed {
		t.Error("a window that has ended is counted")
	}
}

func TestACountThatIsForgottenIsForgottenEverywhere(t *testing.T) {
	var one, two limit.Limiter
	one.Share()
	one.Take("a", 2, time.Hour, noon)
	pass(&one, &two, noon)
	two.Take("a", 2, time.Hour, noon)
	one.Forget("a")
	one.Take("a", 2, time.Hour, noon)
	pass(&one, &two, noon)
	if r := two.Take("a", 2, time.Hour, noon); !r.Allowed || r.Remaining != 0 {
		t.Errorf("after the one call since it was forgotten: %+v", r)
	}
}

func TestWhatIsToldIsBounded(t *testing.T) {
	var l limit.Limiter
	l.Take("before it is shared", 1, time.Hour, noon)
	l.Share()
	for i := range 6000 {
		l.Take(fmt.Sprint(i), 1, time.Hour, noon)
	}
	l.Take(strings.Repeat("k", 600), 1, time.Hour, noon)
	if n := len(l.Told()); n != 5000 {
		t.Errorf("%d counts are told", n)
	}
}
