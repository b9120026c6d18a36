package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"moorfast/internal/store"
)

var transactionTests = []test{
	{"what an update changed is there after it", func(t *testing.T, db store.DB) {
		must(t, db.Update(t.Context(), project, add(t.Context(), "a")))
		wantIDs(t, db, "a")
	}},
	{"an update sees its own changes", func(t *testing.T, db store.DB) {
		update(t, db, func(ctx context.Context, tx store.Tx) error {
			if err := add(ctx, "a")(tx); err != nil {
				return err
			}
			n, err := store.Count(ctx, tx, "notes", nil, 0)
			if n != 1 {
				t.Errorf("count = %d, want 1", n)
			}
			return err
		})
	}},
	{"an error rolls an update back, and comes out of it", func(t *testing.T, db store.DB) {
		err := db.Update(t.Context(), project, func(tx store.Tx) error {
			must(t, add(t.Context(), "a")(tx))
			return fmt.Errorf("wrapped: %w", errUndo)
		})
		wantErr(t, err, errUndo)
		wantIDs(t, db)
	}},
	{"a panic rolls an update back, and reaches its caller", func(t *testing.T, db store.DB) {
		mustPanic(t, func() error {
			return db.Update(t.Context(), project, func(tx store.Tx) error {
				must(t, add(t.Context(), "a")(tx))
				panic("boom")
			})
		})
		wantIDs(t, db)
		must(t, db.Update(t.Context(), project, add(t.Context(), "b")))
		wantIDs(t, db, "b")
	}},
	{"a panic in a view reaches its caller, and later views work", func(t *testing.T, db store.DB) {
		for range 20 { // more than an engine has readers
			mustPanic(t, func() error {
				return db.View(t.Context(), project, func(store.Tx) error { panic("boom") })
			})
		}
		wantIDs(t, db)
	}},
	{"an update whose goroutine ends is rolled back", func(t *testing.T, db store.DB) {
		mustExit(t, func() error {
			return db.Update(t.Context(), project, func(tx store.Tx) error {
				if err := add(t.Context(), "a")(tx); err != nil {
					t.Error(err)
				}
				runtime.Goexit()
				return nil
			})
		})
		must(t, db.Update(t.Context(), project, add(t.Context(), "b")))
		wantIDs(t, db, "b")
	}},
	{"a view cannot write", func(t *testing.T, db store.DB) {
		err := db.View(t.Context(), project, add(t.Context(), "a"))
		if err == nil || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("err = %v, want a refusal", err)
		}
		wantIDs(t, db)
	}},
	{"a view sees one state, whatever commits meanwhile", func(t *testing.T, db store.DB) {
		must(t, db.Update(t.Context(), project, add(t.Context(), "a")))
		view(t, db, func(ctx context.Context, tx store.Tx) error {
			for range 3 {
				n, err := store.Count(ctx, tx, "notes", nil, 0)
				if err != nil {
					return err
				}
				if n != 1 {
					t.Errorf("count = %d, want 1", n)
				}
				if err := db.Update(ctx, project, add(ctx, fmt.Sprint("b", len(ids(t, db, project))))); err != nil {
					return err
				}
			}
			return nil
		})
		wantIDs(t, db, "a", "b1", "b2", "b3")
	}},
	{"after a statement failed, a transaction can only fail", func(t *testing.T, db store.DB) {
		must(t, db.Update(t.Context(), project, add(t.Context(), "a")))
		var second error
		err := db.Update(t.Context(), project, func(tx store.Tx) error {
			if err := add(t.Context(), "b")(tx); err != nil {
				return err
			}
			if err := add(t.Context(), "a")(tx); err == nil {
				t.Error("a taken id was added")
			}
			second = add(t.Context(), "c")(tx)
			return nil
		})
		wantErr(t, err, store.ErrConflict)
		wantErr(t, second, store.ErrConflict)
		wantIDs(t, db, "a")
	}},
	{"a transaction is of no use after its end", func(t *testing.T, db store.DB) {
		var kept store.Tx
		update(t, db, func(_ context.Context, tx store.Tx) error { kept = tx; return nil })
		if err := add(t.Context(), "a")(kept); err == nil {
			t.Error("a finished update wrote a row")
		}
		view(t, db, func(_ context.Context, tx store.Tx) error { kept = tx; return nil })
		if _, err := kept.Query(t.Context(), "SELECT 1"); err == nil {
			t.Error("a finished view read a row")
		}
		wantIDs(t, db)
	}},
	{"rows must be closed before the next statement", func(t *testing.T, db store.DB) {
		err := db.Update(t.Context(), project, func(tx store.Tx) error {
			if _, err := tx.Query(t.Context(), "SELECT 1"); err != nil {
				t.Error(err)
			}
			return add(t.Context(), "a")(tx)
		})
		if err == nil {
			t.Error("a statement ran while rows were open")
		}
		wantIDs(t, db)
	}},
	{"rows left open end with their transaction", func(t *testing.T, db store.DB) {
		update(t, db, func(ctx context.Context, tx store.Tx) error {
			if err := add(ctx, "a")(tx); err != nil {
				return err
			}
			rows, err := tx.Query(ctx, "SELECT id FROM notes")
			if err == nil && !rows.Next() {
				err = errors.New("no row")
			}
			return err
		})
		wantIDs(t, db, "a")
	}},
	{"a statement that was read to its end does not run again", func(t *testing.T, db store.DB) {
		update(t, db, func(ctx context.Context, tx store.Tx) error {
			rows, err := tx.Query(ctx, `INSERT INTO notes (title) SELECT 'x' WHERE 1 = 0 RETURNING id`)
			if err != nil {
				return err
			}
			for range 3 {
				if rows.Next() {
					t.Error("a row of nothing")
				}
			}
			if rows, err = tx.Query(ctx, `INSERT INTO notes (id) SELECT 'n' || count(*) FROM notes RETURNING id`); err != nil {
				return err
			}
			for n := 0; n < 3; n++ {
				if more := rows.Next(); more != (n == 0) {
					t.Errorf("next = %v at the call %d", more, n)
				}
			}
			return rows.Err()
		})
		wantIDs(t, db, "n0")
	}},
	{"one text holds one statement", func(t *testing.T, db store.DB) {
		err := db.Update(t.Context(), project, func(tx store.Tx) error {
			_, err := tx.Exec(t.Context(), `DELETE FROM notes; DELETE FROM links`)
			return err
		})
		if err == nil {
			t.Error("two statements ran")
		}
	}},
	{"every mark wants an argument, and every argument a mark", func(t *testing.T, db store.DB) {
		for _, args := range [][]any{{}, {"a"}, {"a", "b", "c"}} {
			err := db.Update(t.Context(), project, func(tx store.Tx) error {
				_, err := tx.Exec(t.Context(), `INSERT INTO notes (id, title) VALUES (?, ?)`, args...)
				return err
			})
			if err == nil {
				t.Errorf("%d arguments for 2 marks were taken", len(args))
			}
		}
		wantIDs(t, db)
	}},
	{"exec counts the rows it changed", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO notes (id, size) VALUES ('a', 1), ('b', 1), ('c', 2)`)
		for _, c := range []struct {
			sql  string
			want int64
		}{
			{`UPDATE notes SET size = 3 WHERE size = 1`, 2},
			{`DELETE FROM notes WHERE size = 9`, 0},
			{`CREATE TABLE other (n ` + "INTEGER" + `)`, 0},
			{`DELETE FROM notes`, 3},
			{`INSERT INTO notes (id) VALUES ('a') ON CONFLICT (id) DO NOTHING`, 1},
			{`INSERT INTO notes (id) VALUES ('a') ON CONFLICT (id) DO NOTHING`, 0},
		} {
			update(t, db, func(ctx context.Context, tx store.Tx) error {
				n, err := tx.Exec(ctx, c.sql)
				if n != c.want {
					t.Errorf("%s changed %d rows, want %d", c.sql, n, c.want)
				}
				return err
			})
		}
	}},
	{"on commit comes after the commit, in the order it was asked for", func(t *testing.T, db store.DB) {
		var calls []string
		update(t, db, func(ctx context.Context, tx store.Tx) error {
			calls = nil
			tx.OnCommit(func() { calls = append(calls, fmt.Sprint("first ", len(ids(t, db, project)))) })
			tx.OnCommit(func() { calls = append(calls, "second") })
			return add(ctx, "a")(tx)
		})
		if want := []string{"first 1", "second"}; !slices.Equal(calls, want) {
			t.Errorf("calls = %q, want %q", calls, want)
		}
	}},
	{"on commit does not come without a commit", func(t *testing.T, db store.DB) {
		err := db.Update(t.Context(), project, func(tx store.Tx) error {
			tx.OnCommit(func() { t.Error("called") })
			return errUndo
		})
		wantErr(t, err, errUndo)
	}},
	{"a goroutine that ends on commit leaves the update standing", func(t *testing.T, db store.DB) {
		mustExit(t, func() error {
			return db.Update(t.Context(), project, func(tx store.Tx) error {
				tx.OnCommit(runtime.Goexit)
				return add(t.Context(), "a")(tx)
			})
		})
		must(t, db.Update(t.Context(), project, add(t.Context(), "b")))
		wantIDs(t, db, "a", "b")
	}},
	{"a panic on commit reaches the caller of the update, which stands", func(t *testing.T, db store.DB) {
		mustPanic(t, func() error {
			return db.Update(t.Context(), project, func(tx store.Tx) error {
				tx.OnCommit(func() { panic("boom") })
				return add(t.Context(), "a")(tx)
			})
		})
		must(t, db.Update(t.Context(), project, add(t.Context(), "b")))
		wantIDs(t, db, "a", "b")
	}},
}
