package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"moorfast/internal/store"
)

var concurrencyTests = []test{
	{"concurrent updates lose nothing", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO notes (id, size) VALUES ('counter', 0)`)
		const writers, rounds = 16, 20
		each(writers, func(w int) {
			for range rounds {
				err := db.Update(t.Context(), project, func(tx store.Tx) error {
					n, err := counter(t.Context(), tx)
					if err != nil {
						return err
					}
					_, err = tx.Exec(t.Context(), `UPDATE notes SET size = ? WHERE id = 'counter'`, n+1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		view(t, db, func(ctx context.Context, tx store.Tx) error {
			n, err := counter(ctx, tx)
			if n != writers*rounds {
				t.Errorf("counter = %d, want %d", n, writers*rounds)
			}
			return err
		})
	}},
	{"what was found under a version is not older than it", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO notes (id, size) VALUES ('counter', 0)`)
		const rounds = 300
		var mu sync.Mutex
		held := map[uint64]int64{} // the counter, by version: what a cache would hold
		done := make(chan struct{})
		var committed atomic.Int64
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					before := committed.Load()
					view(t, db, func(ctx context.Context, tx store.Tx) error {
						version, ok := tx.Version()
						n, err := counter(ctx, tx)
						if !ok || err != nil {
							return err
						}
						mu.Lock()
						defer mu.Unlock()
						if _, is := held[version]; !is {
							held[version] = n
						}
						if held[version] < before {
							t.Errorf("version %d holds %d, and %d was committed before the view began", version, held[version], before)
						}
						return nil
					})
				}
			})
		}
		for i := range rounds {
			exec(t, db, fmt.Sprintf(`UPDATE notes SET size = %d WHERE id = 'counter'`, i+1))
			committed.Store(int64(i + 1))
		}
		close(done)
		wg.Wait()
		must(t, db.Update(t.Context(), project, func(tx store.Tx) error {
			if _, ok := tx.Version(); ok {
				t.Error("an update has a version, and sees what nobody else does")
			}
			return nil
		}))
	}},
	{"the failure of one update leaves the others alone", func(t *testing.T, db store.DB) {
		must(t, db.Update(t.Context(), project, add(t.Context(), "taken")))
		each(64, func(w int) {
			ctx := t.Context()
			switch w % 4 {
			case 0:
				if err := db.Update(ctx, project, add(ctx, "taken")); !errors.Is(err, store.ErrConflict) {
					t.Errorf("err = %v, want ErrConflict", err)
				}
			case 1:
				mustPanic(t, func() error {
					return db.Update(ctx, project, func(tx store.Tx) error {
						if err := add(ctx, fmt.Sprint("panic", w))(tx); err != nil {
							t.Error(err)
						}
						panic("boom")
					})
				})
			case 2:
				ctx, cancel := context.WithCancel(ctx)
				err := db.Update(ctx, project, func(tx store.Tx) error {
					if err := add(ctx, fmt.Sprint("cancel", w))(tx); err != nil {
						return err
					}
					cancel()
					return add(ctx, fmt.Sprint("cancelled", w))(tx)
				})
				if !errors.Is(err, store.ErrTimeout) {
					t.Errorf("err = %v, want ErrTimeout", err)
				}
			case 3:
				if err := db.Update(ctx, project, add(ctx, fmt.Sprint("good", w))); err != nil {
					t.Error(err)
				}
			}
		})
		for _, id := range ids(t, db, project) {
			if id != "taken" && id[:4] != "good" {
				t.Errorf("%s is there", id)
			}
		}
		if n := len(ids(t, db, project)); n != 17 {
			t.Errorf("%d notes, want 17", n)
		}
	}},
	{"of two that check first and write after, one sees the other", func(t *testing.T, db store.DB) {
		// Each adds a note if there are none: write skew would let both.
		for range 20 {
			exec(t, db, `DELETE FROM notes`)
			each(4, func(w int) {
				err := db.Update(t.Context(), project, func(tx store.Tx) error {
					n, err := store.Count(t.Context(), tx, "notes", nil, 0)
					if err != nil || n > 0 {
						return err
					}
					return add(t.Context(), fmt.Sprint("only", w))(tx)
				})
				if err != nil {
					t.Error(err)
				}
			})
			if list := ids(t, db, project); len(list) != 1 {
				t.Fatalf("notes = %q, want one", list)
			}
		}
	}},
	{"views run beside an update that takes its time", func(t *testing.T, db store.DB) {
		update(t, db, func(ctx context.Context, tx store.Tx) error {
			if err := add(ctx, "a")(tx); err != nil {
				return err
			}
			each(8, func(int) {
				if list := ids(t, db, project); len(list) != 0 {
					t.Errorf("a view saw %q before it was committed", list)
				}
			})
			return nil
		})
	}},
	{"more views than readers wait for each other", func(t *testing.T, db store.DB) {
		must(t, db.Update(t.Context(), project, add(t.Context(), "a")))
		each(64, func(int) { wantIDs(t, db, "a") })
	}},
	{"a context that is done starts nothing", func(t *testing.T, db store.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		never := func(store.Tx) error { t.Error("it ran"); return nil }
		wantErr(t, db.Update(ctx, project, never), store.ErrTimeout)
		wantErr(t, db.View(ctx, project, never), store.ErrTimeout)
	}},
	{"a context that ends after the last statement leaves the commit alone", func(t *testing.T, db store.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Update(ctx, project, func(tx store.Tx) error {
			defer cancel()
			return add(ctx, "a")(tx)
		})
		must(t, err)
		wantIDs(t, db, "a")
	}},
	{"a context that ends stops a long query", func(t *testing.T, db store.DB) {
		for name, transaction := range map[string]func(context.Context, string, func(store.Tx) error) error{"view": db.View, "update": db.Update} {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			err := transaction(ctx, project, func(tx store.Tx) error {
				_, err := tx.Exec(ctx, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) SELECT count(*) FROM n`)
				return err
			})
			cancel()
			if !errors.Is(err, store.ErrTimeout) {
				t.Errorf("%s: err = %v, want ErrTimeout", name, err)
			}
		}
		must(t, db.Update(t.Context(), project, add(t.Context(), "a")))
		wantIDs(t, db, "a")
	}},
}

func counter(ctx context.Context, tx store.Tx) (n int64, err error) {
	err = store.Each(ctx, tx, `SELECT size FROM notes WHERE id = 'counter'`, nil, func(rows store.Rows) error {
		n = rows.Int(0)
		return nil
	})
	return n, err
}

// each runs fn in n goroutines, and waits for them.
func each(n int, fn func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fn(i) })
	}
	wg.Wait()
}
