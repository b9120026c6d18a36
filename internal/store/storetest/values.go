package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"moorfast/internal/store"
)

var valueTests = []test{
	{"integers come back whole", func(t *testing.T, db store.DB) {
		for _, want := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64, 1 << 53, 1<<53 + 1} {
			roundTrip(t, db, "size", want, func(rows store.Rows) error {
				if got := rows.Int(0); got != want {
					return fmt.Errorf("int = %d", got)
				}
				return nil
			})
		}
	}},
	{"an int and a boolean are integers", func(t *testing.T, db store.DB) {
		for arg, want := range map[any]int64{7: 7, true: 1, false: 0} {
			roundTrip(t, db, "size", arg, func(rows store.Rows) error {
				if got := rows.Int(0); got != want {
					return fmt.Errorf("int = %d, want %d", got, want)
				}
				return nil
			})
		}
	}},
	{"floats come back whole", func(t *testing.T, db store.DB) {
		for _, want := range []float64{0, 0.1, -1.5, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Pi, 1e300, 3, math.Inf(1), math.Inf(-1)} {
			roundTrip(t, db, "score", want, func(rows store.Rows) error {
				if got := rows.Float(0); got != want {
					return fmt.Errorf("float = %v", got)
				}
				return nil
			})
		}
	}},
	{"text comes back as it was", func(t *testing.T, db store.DB) {
		for _, want := range []string{"", "x", "Ada Lovelace", "日本語 🦊 ñ é", `'"\%_?$1;--`, "a\tb\r\nc", "12", "1e3", "null", strings.Repeat("long ", 100_000)} {
			roundTrip(t, db, "title", want, func(rows store.Rows) error {
				if got := string(rows.Text(0)); got != want || rows.Null(0) {
					return fmt.Errorf("text = %.40q, null %v", got, rows.Null(0))
				}
				return nil
			})
		}
	}},
	{"bytes come back as they were", func(t *testing.T, db store.DB) {
		for _, want := range [][]byte{{}, {0}, {0, 1, 255, 0}, []byte(`\x41`), bytes.Repeat([]byte{0, 254}, 200_000)} {
			roundTrip(t, db, "body", want, func(rows store.Rows) error {
				if got := rows.Blob(0); !bytes.Equal(got, want) || rows.Null(0) {
					return fmt.Errorf("blob = %.40q, null %v", got, rows.Null(0))
				}
				return nil
			})
		}
	}},
	{"NULL is NULL in every type, and reads as nothing", func(t *testing.T, db store.DB) {
		for _, column := range []string{"title", "size", "score", "body"} {
			for _, arg := range []any{nil, []byte(nil)} {
				if arg != nil && column != "body" {
					continue
				}
				roundTrip(t, db, column, arg, func(rows store.Rows) error {
					if !rows.Null(0) {
						return errors.New("not null")
					}
					if rows.Int(0) != 0 || rows.Float(0) != 0 || len(rows.Text(0)) != 0 || len(rows.Blob(0)) != 0 {
						return errors.New("not nothing")
					}
					return nil
				})
			}
		}
	}},
	{"expressions have a type that can be read", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO notes (id, size) VALUES ('a', 2), ('b', 3)`)
		view(t, db, func(ctx context.Context, tx store.Tx) error {
			return one(ctx, tx, `SELECT count(*), sum(size), max(id), 2 > 1, 1.5 FROM notes`, nil, func(rows store.Rows) error {
				if n, sum, id, yes, f := rows.Int(0), rows.Int(1), string(rows.Text(2)), rows.Int(3), rows.Float(4); n != 2 || sum != 5 || id != "b" || yes != 1 || f != 1.5 {
					return fmt.Errorf("got %d %d %q %d %v", n, sum, id, yes, f)
				}
				return nil
			})
		})
	}},
	{"a question mark in quotes or a comment is no mark", func(t *testing.T, db store.DB) {
		view(t, db, func(ctx context.Context, tx store.Tx) error {
			return one(ctx, tx, `SELECT 'it''s ?', "id?" FROM (SELECT 1 AS "id?") AS s WHERE /* ? */ 1 = ? -- ?`, []any{1}, func(rows store.Rows) error {
				if got := string(rows.Text(0)); got != "it's ?" {
					t.Errorf("text = %q", got)
				}
				return nil
			})
		})
	}},
	{"what one engine would change is refused by both", func(t *testing.T, db store.DB) {
		for name, arg := range map[string]any{
			"text with a NUL":     "a\x00b",
			"text that is no UTF": "a\xff",
			"not a number":        math.NaN(),
			"a type of its own":   struct{}{},
			"an unsigned integer": uint64(1),
		} {
			err := db.Update(t.Context(), project, func(tx store.Tx) error {
				_, err := tx.Exec(t.Context(), `INSERT INTO notes (id, title) VALUES ('a', ?)`, arg)
				return err
			})
			if !errors.Is(err, store.ErrArgument) {
				t.Errorf("%s: err = %v, want ErrArgument", name, err)
			}
		}
		wantIDs(t, db)
	}},
}

// roundTrip writes arg to a column, and gives the row that holds it to check.
func roundTrip(t *testing.T, db store.DB, column string, arg any, check func(store.Rows) error) {
	t.Helper()
	update(t, db, func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO notes (id, `+column+`) VALUES ('x', ?) ON CONFLICT (id) DO UPDATE SET `+column+` = excluded.`+column, arg)
		return err
	})
	view(t, db, func(ctx context.Context, tx store.Tx) error {
		return one(ctx, tx, `SELECT `+column+` FROM notes WHERE id = ?`, []any{"x"}, func(rows store.Rows) error {
			if err := check(rows); err != nil {
				return fmt.Errorf("%s, wrote %.40q: %w", column, fmt.Sprint(arg), err)
			}
			return nil
		})
	})
}

// one gives the row of a query to fn, and wants there to be one.
func one(ctx context.Context, tx store.Tx, sql string, args []any, fn func(store.Rows) error) error {
	n := 0
	err := store.Each(ctx, tx, sql, args, func(rows store.Rows) error {
		n++
		return fn(rows)
	})
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows, want 1", n)
	}
	return err
}
