package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/sqlb"
)

// openNotes opens a directory with one table, and returns the writer of p1 too.
func openNotes(t *testing.T) (*DB, *writer) {
	t.Helper()
	db, err := Open(Options{Dir: t.TempDir(), Migrations: func(string) []migrate.Migration {
		return []migrate.Migration{{Number: 1, Name: "notes", SQL: func(d sqlb.Dialect) []string {
			return []string{`CREATE TABLE notes (id ` + d.Text() + ` PRIMARY KEY)`}
		}}}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	h, err := db.pool.acquire(t.Context(), "p1")
	if err != nil {
		t.Fatal(err)
	}
	db.pool.release(h)
	return db, h.database.writer
}

func add(ctx context.Context, db *DB, id string) error {
	return db.Update(ctx, "p1", func(tx store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO notes (id) VALUES (?)`, id)
		return err
	})
}

func count(t *testing.T, db *DB) (n int) {
	t.Helper()
	err := db.View(t.Context(), "p1", func(tx store.Tx) (err error) {
		n, err = store.Count(t.Context(), tx, "notes", nil, 0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// busy keeps the writer in a turn until it is released, so that what comes
// meanwhile is one batch.
func busy(t *testing.T, db *DB) (release func()) {
	t.Helper()
	begun, end, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		ended <- db.Update(t.Context(), "p1", func(store.Tx) error {
			close(begun)
			<-end
			return nil
		})
	}()
	<-begun
	return func() {
		close(end)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// queued waits until n requests are in the queue.
func queued(w *writer, n int) {
	for len(w.queue) < n {
		runtime.Gosched()
	}
}

func TestARequestThatGivesUpInTheQueueNeverRuns(t *testing.T) {
	db, w := openNotes(t)
	release := busy(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() {
		result <- db.Update(ctx, "p1", func(store.Tx) error { t.Error("it ran"); return nil })
	}()
	queued(w, 1)
	cancel()
	if err := <-result; !errors.Is(err, store.ErrTimeout) {
		t.Errorf("err = %v, want ErrTimeout", err)
	}
	release()
	if err := add(t.Context(), db, "a"); err != nil {
		t.Error(err)
	}
}

func TestAWriteThatIsInterruptedTakesNoOtherWithIt(t *testing.T) {
	db, w := openNotes(t)
	release := busy(t, db)
	var before, after sync.WaitGroup
	for i := range 3 {
		before.Go(func() {
			if err := add(t.Context(), db, fmt.Sprint("before", i)); err != nil {
				t.Error(err)
			}
		})
	}
	queued(w, 3)
	ctx, cancel := context.WithCancel(t.Context())
	interrupted := make(chan error)
	go func() {
		interrupted <- db.Update(ctx, "p1", func(tx store.Tx) error {
			time.AfterFunc(20*time.Millisecond, cancel)
			_, err := tx.Exec(ctx, `INSERT INTO notes SELECT * FROM (
				WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'endless' || i FROM n)`)
			return err
		})
	}()
	queued(w, 4)
	for i := range 3 {
		after.Go(func() {
			if err := add(t.Context(), db, fmt.Sprint("after", i)); err != nil {
				t.Error(err)
			}
		})
	}
	queued(w, 7)
	release()
	if err := <-interrupted; !errors.Is(err, store.ErrTimeout) {
		t.Errorf("err = %v, want ErrTimeout", err)
	}
	before.Wait()
	after.Wait()
	if n := count(t, db); n != 6 {
		t.Errorf("%d rows, want the 6 of the others", n)
	}
}

func TestWhatWaitsTogetherIsCommittedTogether(t *testing.T) {
	db, w := openNotes(t)
	var commits atomic.Int64
	w.conn.sqlite.CommitHook(func() bool { commits.Add(1); return true })
	release := busy(t, db)
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			if err := add(t.Context(), db, fmt.Sprint("n", i)); err != nil {
				t.Error(err)
			}
		})
	}
	queued(w, 100)
	release()
	wg.Wait()
	// The first is of the transaction that kept them waiting.
	if n := commits.Load(); n != 2 {
		t.Errorf("%d commits, want 2", n)
	}
	if n := count(t, db); n != 100 {
		t.Errorf("%d rows, want 100", n)
	}
}

func TestTheWriterOpensItsConnectionAgain(t *testing.T) {
	db, w := openNotes(t)
	if err := add(t.Context(), db, "a"); err != nil {
		t.Fatal(err)
	}
	err := db.Update(t.Context(), "p1", func(tx store.Tx) error {
		w.conn.broken = true // as guard marks it
		_, err := tx.Exec(t.Context(), `INSERT INTO notes (id) VALUES ('b')`)
		return err
	})
	if err == nil {
		t.Error("a broken connection committed")
	}
	if err := add(t.Context(), db, "c"); err != nil {
		t.Error(err)
	}
	if n := count(t, db); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}
