// Package cache keeps what was read from the store, bounded, and never older
// than the last commit of this process.
package cache

import (
	"hash/maphash"
	"sync"
	"time"
)

// Cache holds values by key. What was loaded before a key was dropped is not
// kept after it, so a reader that began before a commit cannot leave behind
// what the commit made old.
type Cache[K comparable, V any] struct {
	seed   maphash.Seed
	shards [shards]shard[K, V]
	most   int           // entries in a shard
	life   time.Duration // 0 is for ever
	now    func() time.Time
}

const shards = 32

type shard[K comparable, V any] struct {
	mu      sync.RWMutex
	entries map[K]entry[V]
	drops   uint64 // how often a key of the shard was dropped
}

type entry[V any] struct {
	value V
	ends  time.Time
}

// New returns a cache of about most entries. Where another process may change
// what it holds, life bounds for how long that goes unseen; 0 is no bound.
func New[K comparable, V any](most int, life time.Duration, now func() time.Time) *Cache[K, V] {
	return &Cache[K, V]{seed: maphash.MakeSeed(), most: max(1, most/shards), life: life, now: now}
}

// Get returns the value of a key, which it loads where it is not held. Errors
// are not kept.
func (c *Cache[K, V]) Get(key K, load func() (V, error)) (V, error) {
	s := c.shard(key)
	s.mu.RLock()
	e, ok := s.entries[key]
	drops := s.drops
	s.mu.RUnlock()
	if ok && (c.life == 0 || c.now().Before(e.ends)) {
		return e.value, nil
	}
	var ends time.Time
	if c.life > 0 {
		ends = c.now().Add(c.life) // what is loaded may be as old as now
	}
	v, err := load()
	if err != nil {
		return v, err
	}
	e = entry[V]{value: v, ends: ends}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drops != drops {
		return v, nil
	}
	if s.entries == nil {
		s.entries = map[K]entry[V]{}
	}
	for k := range s.entries { // any will do: what is asked for comes back
		if len(s.entries) < c.most {
			break
		}
		delete(s.entries, k)
	}
	s.entries[key] = e
	return v, nil
}

// Drop forgets a key. Call it after the commit that changed what it stands for.
func (c *Cache[K, V]) Drop(key K) {
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drops++
	delete(s.entries, key)
}

// DropIf forgets all keys for which which says so.
func (c *Cache[K, V]) DropIf(which func(K) bool) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.drops++
		for k := range s.entries {
			if which(k) {
				delete(s.entries, k)
			}
		}
		s.mu.Unlock()
	}
}

func (c *Cache[K, V]) shard(key K) *shard[K, V] {
	return &c.shards[maphash.Comparable(c.seed, key)%shards]
}
