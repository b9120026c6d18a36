package sqlite

import (
	"container/list"
	"context"
	"errors"
	"sync"
)

// A pool keeps databases open: all that are in use, and as many of the others,
// the last used first, as fit in its size.
type pool struct {
	size int
	open func(project string) (*database, error)

	mu     sync.Mutex
	closed bool
	held   map[string]*handle
	idle   list.List // of *handle without users, the last used in front
}

// A handle is a project's place in the pool. The pool's lock guards its fields,
// but database and err, which stay as they are once opened is closed.
type handle struct {
	project  string
	users    int
	idle     *list.Element
	opened   chan struct{}
	database *database
	err      error

	// A leaving handle takes no new users. They wait until it is gone.
	drained chan struct{} // closed by the last user of a leaving handle
	gone    chan struct{}
}

func newPool(size int, open func(string) (*database, error)) *pool {
	return &pool{size: size, open: open, held: make(map[string]*handle)}
}

// acquire returns the handle of a project with its database open. It stays open
// until it is released.
func (p *pool) acquire(ctx context.Context, project string) (*handle, error) {
	h, first, err := p.enter(ctx, project)
	if err != nil {
		return nil, err
	}
	if first {
		p.start(h)
	}
	select {
	case <-h.opened:
	case <-ctx.Done():
		p.release(h)
		return nil, timeout(ctx)
	}
	if h.err != nil {
		p.release(h)
		return nil, h.err
	}
	return h, nil
}

// start opens the database of a new handle. If that panics, nobody is left
// waiting for it.
func (p *pool) start(h *handle) {
	h.err = errUnfinished
	defer func() {
		close(h.opened)
		if errors.Is(h.err, errUnfinished) {
			p.release(h)
		}
	}()
	h.database, h.err = p.open(h.project)
}

// enter counts the caller among the users of a project's handle. The first has
// to open its database.
func (p *pool) enter(ctx context.Context, project string) (h *handle, first bool, err error) {
	for {
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return nil, false, errClosed
		}
		h := p.held[project]
		switch {
		case h == nil:
			h = &handle{project: project, users: 1, opened: make(chan struct{})}
			p.held[project] = h
			victim := p.crowded()
			p.mu.Unlock()
			p.retire(victim)
			return h, true, nil
		case h.gone == nil:
			h.users++
			if h.idle != nil {
				p.idle.Remove(h.idle)
				h.idle = nil
			}
			p.mu.Unlock()
			return h, false, nil
		}
		gone := h.gone
		p.mu.Unlock()
		if err := wait(ctx, gone); err != nil {
			return nil, false, err
		}
	}
}

// release takes back what acquire gave.
func (p *pool) release(h *handle) {
	p.mu.Lock()
	var victim *handle
	if h.users--; h.users == 0 {
		switch {
		case h.drained != nil:
			close(h.drained)
		case h.err != nil:
			delete(p.held, h.project) // the next user tries to open it again
		default:
			h.idle = p.idle.PushFront(h)
			victim = p.crowded()
		}
	}
	p.mu.Unlock()
	p.retire(victim)
}

// crowded returns a handle that has to leave to keep the pool to its size. The
// caller has the lock, and retires the handle without it.
func (p *pool) crowded() *handle {
	oldest := p.idle.Back()
	if oldest == nil || len(p.held) <= p.size {
		return nil
	}
	h := p.idle.Remove(oldest).(*handle)
	h.idle, h.gone = nil, make(chan struct{})
	return h
}

// retire closes the database of a handle that crowded chose.
func (p *pool) retire(h *handle) {
	if h == nil {
		return
	}
	_ = h.database.close() // what cannot be brought into the database stays in its log
	p.forget(h)
}

func (p *pool) forget(h *handle) {
	p.mu.Lock()
	delete(p.held, h.project)
	close(h.gone)
	p.mu.Unlock()
}

// remove waits until a project has no users, closes its database, and calls fn
// while it can have no new ones.
func (p *pool) remove(ctx context.Context, project string, fn func() error) error {
	h, err := p.claim(ctx, project)
	if err != nil {
		return err
	}
	defer p.forget(h)
	if h.database != nil {
		_ = h.database.close() // it goes even if it does not close well
	}
	return fn()
}

// claim returns the handle of a project, which is leaving, and has no users.
func (p *pool) claim(ctx context.Context, project string) (*handle, error) {
	for {
		p.mu.Lock()
		h := p.held[project]
		if h == nil {
			h = &handle{project: project}
			p.held[project] = h
		}
		if gone := h.gone; gone != nil {
			p.mu.Unlock()
			if err := wait(ctx, gone); err != nil {
				return nil, err
			}
			continue
		}
		h.gone = make(chan struct{})
		if h.idle != nil {
			p.idle.Remove(h.idle)
			h.idle = nil
		}
		if h.users == 0 {
			p.mu.Unlock()
			return h, nil
		}
		h.drained = make(chan struct{})
		p.mu.Unlock()
		if err := wait(ctx, h.drained); err == nil {
			return h, nil
		}
		if p.unclaim(h) {
			return nil, timeout(ctx)
		}
		return h, nil
	}
}

// unclaim lets a handle stay, unless it has been drained meanwhile.
func (p *pool) unclaim(h *handle) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h.users == 0 {
		return false
	}
	close(h.gone)
	h.gone, h.drained = nil, nil
	return true
}

// close lets nobody in, waits for those who are, and closes all databases.
func (p *pool) close() error {
	p.mu.Lock()
	p.closed = true
	var projects []string
	for project := range p.held {
		projects = append(projects, project)
	}
	p.mu.Unlock()
	var errs []error
	for _, project := range projects {
		h, err := p.claim(context.Background(), project)
		if err == nil && h.database != nil {
			err = h.database.close()
		}
		errs = append(errs, err)
		p.forget(h)
	}
	return errors.Join(errs...)
}

func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return timeout(ctx)
	}
}
