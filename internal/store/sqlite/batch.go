package sqlite

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
	r.wake <- wake{turn: true}
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
	for _, r := range batch {
		r.wake <- wake{committed: true}
		if len(r.tx.hooks) > 0 {
			<-w.back //nolint:errcheck // a commit stands, whatever comes after it
		}
	}
}

// answer gives all that still wait the same error.
func answer(batch []*request, err error) {
	for _, r := range batch {
		if r.state.CompareAndSwap(waiting, begun) || r.state.Load() == begun {
			r.wake <- wake{err: err}
		}
	}
}
