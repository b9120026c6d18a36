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
	// readers keep that from ending, it is made to end at the second number.
	checkpointPages = 1000
	restartPages    = 4 * checkpointPages

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
	tx    *tx
}

const (
	waiting int32 = iota
	begun
	abandoned
)

// A wake is either a turn, or the end.
type wake struct {
	turn     *tx
	err      error
	panicked any // in a function that the transaction left for its commit
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
			case m.panicked != nil:
				panic(m.panicked)
			case m.turn == nil:
				return m.err
			}
			if err := w.turn(m.turn, fn); err != nil {
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

// run commits the transactions of a batch. It returns those that have to run
// again, because the failure of another has undone what they did.
func (w *writer) run(batch []*request) (again []*request) {
	if err := w.begin(); err != nil {
		answer(batch, err)
		return nil
	}
	alone := len(batch) == 1
	kept := batch[:0]
	for i, r := range batch {
		if !r.take() {
			continue
		}
		switch w.attempt(r, alone) {
		case succeeded:
			kept = append(kept, r)
		case lost:
			w.rollback()
			return append(kept, batch[i+1:]...)
		}
	}
	w.commit(kept)
	return nil
}

// take tells whether a request still wants its turn. It is not asked for after.
func (r *request) take() bool {
	if r.ctx.Err() == nil {
		return r.state.CompareAndSwap(waiting, begun) || r.state.Load() == begun
	}
	if r.state.CompareAndSwap(waiting, begun) {
		r.wake <- wake{err: timeout(r.ctx)}
		return false
	}
	return r.state.Load() == begun
}

type outcome int

const (
	succeeded outcome = iota
	undone            // the request's own changes
	lost              // the changes of the whole batch
)

// attempt gives one request its turn. Alone in its batch, it needs no savepoint.
func (w *writer) attempt(r *request, alone bool) outcome {
	if !alone {
		if err := w.conn.run("SAVEPOINT request"); err != nil {
			r.wake <- wake{err: unavailable("savepoint", err)}
			return lost
		}
	}
	r.tx = &tx{conn: w.conn, database: w.database}
	r.wake <- wake{turn: r.tx}
	err := <-w.back
	switch {
	case w.conn.lost():
		if err == nil {
			r.wake <- wake{err: errEnded}
		}
		return lost
	case err != nil && alone:
		return undone // by the rollback of a batch without anything in it
	case err != nil:
		if w.conn.run("ROLLBACK TO request") != nil || w.conn.run("RELEASE request") != nil {
			return lost
		}
		return undone
	case !alone:
		if err := w.conn.run("RELEASE request"); err != nil {
			r.wake <- wake{err: unavailable("release", err)}
			return lost
		}
	}
	return succeeded
}

func (w *writer) begin() error {
	if w.conn == nil {
		if err := w.connect(); err != nil {
			return err
		}
	}
	err := w.conn.run("BEGIN IMMEDIATE")
	if err != nil {
		w.disconnect()
		return unavailable("begin", err)
	}
	return nil
}

// rollback ends a transaction without its changes. It keeps the connection only
// if that worked.
func (w *writer) rollback() {
	switch {
	case w.conn.broken || w.conn.inside:
		w.disconnect()
	case w.conn.lost():
	case w.conn.run("ROLLBACK") != nil:
		w.disconnect()
	}
}

// commit makes the changes of a batch last, and tells everyone.
func (w *writer) commit(batch []*request) {
	if len(batch) == 0 {
		w.rollback()
		return
	}
	if err := w.conn.run("COMMIT"); err != nil {
		w.rollback()
		// The disk may have come back as another, and wants to be opened afresh.
		// Not at once: a log that was written, but not synced, could be taken for
		// the truth when it is opened, and with it what is refused here.
		if w.failing && w.conn != nil {
			w.disconnect()
		}
		w.failing = true
		answer(batch, unavailable("commit", err))
		return
	}
	w.failing = false
	ends := make([]wake, len(batch))
	for i, r := range batch {
		ends[i].panicked = r.tx.committed()
	}
	for i, r := range batch {
		r.wake <- ends[i]
	}
}

// committed calls what the transaction left for its commit.
func (t *tx) committed() (panicked any) {
	defer func() { panicked = recover() }()
	for _, hook := range t.hooks {
		hook()
	}
	return nil
}

func answer(batch []*request, err error) {
	for _, r := range batch {
		if r.state.CompareAndSwap(waiting, begun) || r.state.Load() == begun {
			r.wake <- wake{err: err}
		}
	}
}

func (w *writer) connect() error {
	c, err := openWriter(w.database.path)
	if err != nil {
		return unavailable("open", err)
	}
	c.sqlite.WALHook(func(_ *sqlite3.Conn, _ string, pages int) error {
		if pages < w.pages {
			w.next = checkpointPages // the log has begun again
		}
		w.pages = pages
		return nil
	})
	w.conn, w.next = c, checkpointPages
	return nil
}

func (w *writer) disconnect() {
	w.conn.close()
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
