package cache_test

import (
	"errors"
	"testing"
	"time"

	"moorfast/internal/cache"
	"moorfast/internal/clock"
)

func always(v string) func() (string, error) { return func() (string, error) { return v, nil } }

func never(t *testing.T) func() (string, error) {
	return func() (string, error) { t.Error("loaded what is held"); return "", nil }
}

func TestGetHoldsWhatItLoaded(t *testing.T) {
	c := cache.New[string, string](100, 0, nil)
	if _, err := c.Get("a", func() (string, error) { return "", errors.New("no") }); err == nil {
		t.Error("the error of the load is lost")
	}
	for i, load := range []func() (string, error){always("1"), never(t)} {
		if v, err := c.Get("a", load); v != "1" || err != nil {
			t.Errorf("get %d: %q, %v", i, v, err)
		}
	}
	c.Drop("a")
	if v, _ := c.Get("a", always("2")); v != "2" {
		t.Errorf("got %q after the key was dropped", v)
	}
	c.DropIf(func(k string) bool { return k == "a" })
	if v, _ := c.Get("a", always("3")); v != "3" {
		t.Errorf("got %q after the key was dropped with others", v)
	}
}

func TestALoadThatBeganBeforeADropIsNotHeld(t *testing.T) {
	c := cache.New[string, string](100, 0, nil)
	v, _ := c.Get("a", func() (string, error) {
		c.Drop("a") // a commit, while we were reading
		return "old", nil
	})
	if v != "old" {
		t.Errorf("got %q", v)
	}
	if v, _ := c.Get("a", always("new")); v != "new" {
		t.Errorf("got %q, which the drop made old", v)
	}
}

func TestLife(t *testing.T) {
	now := clock.NewManual(time.Unix(0, 0))
	c := cache.New[string, string](100, time.Second, now.Now)
	c.Get("a", always("1"))
	now.Advance(999 * time.Millisecond)
	c.Get("a", never(t))
	now.Advance(time.Millisecond)
	if v, _ := c.Get("a", always("2")); v != "2" {
		t.Errorf("got %q after its life", v)
	}
}

func TestBound(t *testing.T) {
	c := cache.New[int, int](64, 0, nil)
	for i := range 10_000 {
		c.Get(i, func() (int, error) { return i, nil })
	}
	held := 0
	for i := range 10_000 {
		loaded := false
		c.Get(i, func() (int, error) { loaded = true; return i, nil })
		if !loaded {
			held++
		}
		c.Drop(i)
	}
	if held > 64 {
		t.Errorf("%d entries are held, the bound is 64", held)
	}
}
