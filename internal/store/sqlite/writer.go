package sqlite

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ncruces/go-sqlite3"

	"moorfast/internal/store"
)

const (
	batchMax = 256

	// The log is brought into the database when it has this many pages. Where
	// readers keep that from ending, it is made to end at the second number, with
	// some patience for them, and at the third with all there is.
	checkpointPages = 1000
	restartPages    = 4 * checkpointPages
	longestPages    = 6 * checkpointPages

	// How long a checkpoint waits for readers, and writers for it, at first.
	minPatience = 100 * time.Millisecond
)

// A writer is the one connection of a database that changes it. It takes all
// transactions that wait, lets each run in turn, and commits them together, so
// that they share the wait for the disk.
//
// A transaction runs in the goroutine that asked for it: the writer hands it the
// connection, and waits. So a panic stays in the goroutine that caused it.
type writer struct {
	database *database
	conn     *conn // nil after a failure, until a batch opens it again
	failing  bool  // the last commit did
	queue    chan *request
	back     chan error // the connection comes back, with the outcome of the turn
	stopped  chan struct{}

	pages    int // in the log, after the last commit
	next     int // how many make it worth a checkpoint
	patience time.Duration
}

// A request is a transaction that waits for its turn, and then for its commit.
type request struct {
	ctx   context.Context
	state atomic.Int32
	wake  chan wake
	tx    *tx // of its last turn
}

const (
	waiting int32 = iota
	begun
	abandoned
)

// A wake tells a request what comes next: its turn, its commit, or an error.
// After the first, and after the second if something is left for it, the writer
// waits for the connection to come back.
type wake struct {
	turn      bool
	committed bool
	err       error
}

func startWriter(d *database) (*writer, error) {
	w := &writer{
		database: d,
		queue:    make(chan *request, batchMax),
		back:     make(chan error, 1),
		stopped:  make(chan struct{}),
	}
	if err := w.connect(); err != nil {
		return nil, err
	}
	go w.loop()
	return w, nil
}

// update runs fn in a transaction. Once fn has begun, the outcome is known.
func (w *writer) update(ctx context.Context, fn func(store.Tx) error) error {
	if ctx.Err() != nil {
		return timeout(ctx)
	}
	r := &request{ctx: ctx, wake: make(chan wake, 1)}
	select {
	case w.queue <- r:
	case <-ctx.Done():
		return timeout(ctx)
	}
	done := ctx.Done()
	for {
		select {
		case m := <-r.wake:
			switch {
			case m.committed:
				w.committed(r.tx)
				return nil
			case !m.turn:
				return m.err
			}
			if err := w.turn(r.tx, fn); err != nil {
				return err // it is rolled back, so there is nothing to wait for
			}
		case <-done:
			if r.state.CompareAndSwap(waiting, abandoned) {
				return timeout(ctx)
			}
			done = nil
		}
	}
}

// turn runs fn, and gives the connection back however fn ends.
func (w *writer) turn(t *tx, fn func(store.Tx) error) error {
	err := errUnfinished
	defer func() {
		t.end()
		w.back <- err
	}()
	if err = fn(t); err == nil {
		err = t.failed
	}
	return err
}

// committed calls what the transaction left for its commit.
func (w *writer) committed(t *tx) {
	if len(t.hooks) == 0 {
		return
	}
	defer func() { w.back <- nil }()
	for _, hook := range t.hooks {
		hook()
	}
}

func (w *writer) loop() {
	defer close(w.stopped)
	var batch []*request
	for r := range w.queue {
		batch = w.gather(append(batch[:0], r))
		for rest := batch; len(rest) > 0; {
			rest = w.run(rest)
		}
		w.checkpoint()
	}
}

// gather adds what waits in the queue. It lets other goroutines go first, so
// that those whom the last batch has woken can join this one.
func (w *writer) gather(batch []*request) []*request {
	runtime.Gosched()
	for len(batch) < batchMax {
		select {
		case r, ok := <-w.queue:
			if !ok {
				return batch
			}
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

func (w *writer) connect() error {
	c, err := openWriter(w.database.path, w.database.key)
	if err != nil {
		return unavailable("open", err)
	}
	c.sqlite.WALHook(func(_ *sqlite3.Conn, _ string, pages int) error {
		w.database.commits.Add(1) // it is called for each, when others can see it
		if pages < w.pages {
			w.next = checkpointPages // the log has begun again
		}
		w.pages = pages
		return nil
	})
	w.conn, w.next, w.patience = c, checkpointPages, minPatience
	return nil
}

func (w *writer) disconnect() {
	w.conn.discard()
	w.conn = nil
}

// checkpoint brings the log into the database when it has grown, after the
// batch has its answer. SQLite would do it inside a commit.
func (w *writer) checkpoint() {
	if w.conn == nil || w.pages < w.next {
		return
	}
	w.next = w.pages + checkpointPages
	if w.pages < restartPages {
		w.conn.checkpoint(sqlite3.CHECKPOINT_PASSIVE, 0)
		w.patience = minPatience
		return
	}
	// New readers do not need the log any more, and only the older ones are
	// waited for: longer each time that it was not enough.
	if w.pages >= longestPages {
		w.patience = busyTimeout
	}
	w.conn.checkpoint(sqlite3.CHECKPOINT_RESTART, w.patience)
	w.patience = min(2*w.patience, busyTimeout)
}

// close ends the writer, which has no users any more, and its log.
func (w *writer) close() error {
	close(w.queue)
	<-w.stopped
	if w.conn == nil {
		return nil
	}
	w.conn.checkpoint(sqlite3.CHECKPOINT_TRUNCATE, minPatience)
	return w.conn.close()
}
