package diskcache

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// abandoned is the age at which a file that is being written is nobody's.
const abandoned = time.Hour

// sweepLater starts a sweep unless one is running.
func (c *Cache) sweepLater() {
	if !c.sweeping.CompareAndSwap(false, true) {
		return
	}
	c.sweeps.Go(func() {
		defer c.sweeping.Store(false)
		_ = c.sweep() // the next one comes with the next put
	})
}

// found is an entry that a sweep has seen.
type found struct {
	name string
	size int64
	used time.Time
}

// sweep looks at everything, and removes what is old, what was left behind, and
// what was not used for the longest time, down to three quarters of the bound.
// That happens once for each quarter of the bound that is put. It also finds
// what other processes have put and removed.
func (c *Cache) sweep() error {
	before := c.bytes.Load()
	var entries []found
	var total int64
	now := c.Now()
	err := fs.WalkDir(c.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err == nil && name == incoming:
			return fs.SkipDir
		case errors.Is(err, fs.ErrNotExist) || err == nil && entry.IsDir():
			return nil
		case err != nil:
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return nil //nolint:nilerr // it is gone
		}
		age := now.Sub(info.ModTime())
		if (age >= c.MaxAge || !info.Mode().IsRegular()) && c.root.Remove(name) == nil {
			c.prune(name)
			return nil
		}
		total += disk(info.Size())
		entries = append(entries, found{name, disk(info.Size()), info.ModTime()})
		return nil
	})
	if err != nil {
		return fmt.Errorf("look through cache: %w", err)
	}
	if bound := c.MaxBytes - c.MaxBytes/10; total > bound {
		slices.SortFunc(entries, func(a, b found) int { return cmp.Or(a.used.Compare(b.used), strings.Compare(a.name, b.name)) })
		for _, e := range entries {
			if total <= c.MaxBytes/4*3 {
				break
			}
			if err := c.root.Remove(e.name); err == nil || errors.Is(err, fs.ErrNotExist) {
				total -= e.size
				c.prune(e.name)
			}
		}
	}
	// What was put and removed meanwhile stays counted.
	c.bytes.Add(total - before)
	return nil
}

// clearUp removes what a process that ended left behind. What is young may be
// of one that runs.
func (c *Cache) clearUp() error {
	entries, err := fs.ReadDir(c.root.FS(), incoming)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look through cache: %w", err)
	}
	for _, entry := range entries {
		name := incoming + "/" + entry.Name()
		info, err := entry.Info()
		if err == nil && (strings.HasPrefix(name, dropped) || c.Now().Sub(info.ModTime()) >= abandoned) {
			if err := c.root.RemoveAll(name); err != nil {
				return fmt.Errorf("clear up cache: %w", err)
			}
		}
	}
	return nil
}

// prune removes the directories of an entry if they are empty.
func (c *Cache) prune(name string) {
	for dir := path.Dir(name); dir != "." && c.root.Remove(dir) == nil; {
		dir = path.Dir(dir)
	}
}
