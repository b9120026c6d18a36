package disk

import (
	"errors"
	"io/fs"
	"os"
	"sync"
)

// dirs makes the directories of keys, and syncs them: a new name in a directory
// is durable once the directory is synced, and a new directory once the one
// above it is.
type dirs struct {
	root *os.Root

	mu      sync.Mutex
	count   uint64
	durable map[string]uint64 // directories that a crash does not take away, by when they were ensured
	running map[string]*round
	waiting map[string]*round
}

// maxDurable bounds what is remembered. What is forgotten is synced again.
const maxDurable = 1 << 16

// round is one sync of a directory, for all who came before it began.
type round struct {
	done chan struct{}
	err  error
}

// ensure makes a directory and those above it, durably. The number it returns
// is for settle.
func (d *dirs) ensure(dir string) (made uint64, err error) {
	if dir == "." {
		return 0, nil
	}
	d.mu.Lock()
	made, ok := d.durable[dir]
	d.mu.Unlock()
	if ok {
		return made, nil
	}
	if err := d.root.MkdirAll(dir, dirMode); err != nil {
		return 0, err
	}
	for _, above := range parents(dir) {
		// One that has been removed since is missed when it is used.
		if err := d.sync(above); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.durable == nil || len(d.durable) >= maxDurable {
		d.durable = make(map[string]uint64)
	}
	d.count++
	d.durable[dir] = d.count
	return d.count, nil
}

// settle makes a new name in a directory durable. If the directory was not the
// same all the time since ensure, what is above it is synced as well.
func (d *dirs) settle(dir string, made uint64) error {
	err := d.sync(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // what was named has been deleted, and its directory with it
	}
	d.mu.Lock()
	same := dir == "." || d.durable[dir] == made
	d.mu.Unlock()
	if err != nil || same {
		return err
	}
	d.forget(dir)
	_, err = d.ensure(dir)
	return err
}

func (d *dirs) forget(dir string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.durable, dir)
}

// prune removes the directories above a deleted object that have become empty.
func (d *dirs) prune(key string) {
	for _, dir := range parents(key) {
		if dir == "." {
			return
		}
		// Before it is removed: who makes it again has to sync it again.
		d.forget(dir)
		if d.root.Remove(dir) != nil {
			return // it is not empty, mostly
		}
	}
}

// sync syncs a directory. Those who ask while a sync is running share the next
// one, so that many objects in one directory cost few.
func (d *dirs) sync(dir string) error {
	d.mu.Lock()
	if next := d.waiting[dir]; next != nil {
		d.mu.Unlock()
		<-next.done
		return next.err
	}
	if d.running == nil {
		d.running, d.waiting = make(map[string]*round), make(map[string]*round)
	}
	mine, before := &round{done: make(chan struct{})}, d.running[dir]
	d.waiting[dir] = mine
	d.mu.Unlock()
	if before != nil {
		<-before.done
	}
	d.mu.Lock()
	delete(d.waiting, dir)
	d.running[dir] = mine
	d.mu.Unlock()

	mine.err = d.syncNow(dir)

	d.mu.Lock()
	if d.running[dir] == mine {
		delete(d.running, dir)
	}
	d.mu.Unlock()
	close(mine.done)
	return mine.err
}
