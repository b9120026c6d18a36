package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// A color is JSON text because it says so itself.
type color struct{ r, g, b int }

func (c color) MarshalJSON() ([]byte, error) { return json.Marshal([3]int{c.r, c.g, c.b}) }

func (c *color) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[3]any{&c.r, &c.g, &c.b})
}

type named string

// A note has a field of most types, and more than one type for some columns.
type note struct {
	Seq   int64    `col:"seq"`
	ID    string   `col:"id"`
	Title named    `col:"title"`
	Email *string  `col:"email"`
	Size  int32    `col:"size"`
	Score float64  `col:"score"`
	Body  []byte   `col:"body"`
	Tags  []string `col:"tags"`

	Unmapped string
}

var rowTests = []test{
	{"a row comes back as it went in", func(t *testing.T, db store.DB) {
		for _, want := range []note{
			{ID: "zero"},
			{ID: "full", Title: "T", Email: ptr("a@b.c"), Size: math.MinInt32, Score: 0.5, Body: []byte{0, 1}, Tags: []string{"x", "y \"z\""}},
			{ID: "empty", Email: ptr(""), Body: []byte{}, Tags: []string{}},
		} {
			update(t, db, func(ctx context.Context, tx store.Tx) error { return store.Insert(ctx, tx, "notes", &want) })
			if want.Seq == 0 {
				t.Error("seq was not filled")
			}
			if diff := cmp.Diff(want, get[note](t, db, want.ID)); diff != "" {
				t.Errorf("%s: -want +got\n%s", want.ID, diff)
			}
		}
	}},
	{"seq counts up, and never again what was deleted", func(t *testing.T, db store.DB) {
		a, b := note{ID: "a"}, note{ID: "b"}
		update(t, db, func(ctx context.Context, tx store.Tx) error {
			return errors.Join(store.Insert(ctx, tx, "notes", &a), store.Delete(ctx, tx, "notes", "a"), store.Insert(ctx, tx, "notes", &b))
		})
		if a.Seq < 1 || b.Seq <= a.Seq {
			t.Errorf("seq = %d, then %d", a.Seq, b.Seq)
		}
	}},
	{"JSON, times, pointers and embedded rows have their columns", func(t *testing.T, db store.DB) {
		type row struct {
			Base
			Title map[string]int `col:"title"`
			Email color          `col:"email"`
			Tags  *[]color       `col:"tags"`
			Size  time.Time      `col:"size"`
			Score *float64       `col:"score"`
		}
		for _, want := range []row{
			{Base: Base{ID: "zero"}},
			{Base{"full"}, map[string]int{"a": 1}, color{1, 2, 3}, &[]color{{4, 5, 6}}, time.Date(2026, 11, 23, 1, 2, 3, 456000, time.UTC), ptr(-0.25)},
		} {
			update(t, db, func(ctx context.Context, tx store.Tx) error { return store.Insert(ctx, tx, "notes", &want) })
			if diff := cmp.Diff(want, get[row](t, db, want.ID), cmp.AllowUnexported(color{})); diff != "" {
				t.Errorf("%s: -want +got\n%s", want.ID, diff)
			}
		}
	}},
	{"the json option makes text of any type", func(t *testing.T, db store.DB) {
		type row struct {
			ID   string `col:"id"`
			Size int    `col:"title,json"`
			Body []byte `col:"tags,json"`
		}
		want := row{ID: "a", Size: 7, Body: []byte("abc")}
		update(t, db, func(ctx context.Context, tx store.Tx) error { return store.Insert(ctx, tx, "notes", &want) })
		if diff := cmp.Diff(want, get[row](t, db, "a")); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}},
	{"a value that does not fit its field is an error", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO notes (id, size, tags) VALUES ('wide', 4294967296, '[]'), ('broken', 1, 'no json')`)
		for _, id := range []string{"wide", "broken"} {
			err := db.View(t.Context(), project, func(tx store.Tx) error {
				_, err := store.Get[note](t.Context(), tx, "notes", id)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "read notes.") {
				t.Errorf("%s: err = %v", id, err)
			}
		}
	}},
	{"what is not there is not found", func(t *testing.T, db store.DB) {
		update(t, db, func(ctx context.Context, tx store.Tx) error {
			_, get := store.Get[note](ctx, tx, "notes", "nobody")
			_, find := store.Find[note](ctx, tx, "notes", sqlb.Eq("title", "nothing"))
			for _, err := range []error{
				get, find,
				store.Update(ctx, tx, "notes", &note{ID: "nobody"}),
				store.UpdateColumns(ctx, tx, "notes", &note{ID: "nobody"}, "title"),
				store.Delete(ctx, tx, "notes", "nobody"),
			} {
				wantErr(t, err, store.ErrNotFound)
			}
			n, err := store.DeleteWhere(ctx, tx, "notes", nil)
			if n != 0 {
				t.Errorf("deleted %d", n)
			}
			return err
		})
	}},
	{"a taken key is a conflict, through the mapper too", func(t *testing.T, db store.DB) {
		insert := func(tx store.Tx) error { return store.Insert(t.Context(), tx, "notes", &note{ID: "a"}) }
		must(t, db.Update(t.Context(), project, insert))
		err := db.Update(t.Context(), project, insert)
		wantErr(t, err, store.ErrConflict)
		if !strings.HasPrefix(err.Error(), "insert notes: ") {
			t.Errorf("err = %v, want the operation in it", err)
		}
	}},
	{"an update writes all columns, or those it names", func(t *testing.T, db store.DB) {
		row := note{ID: "a", Title: "one", Size: 1, Tags: []string{"x"}}
		update(t, db, func(ctx context.Context, tx store.Tx) error {
			return errors.Join(store.Insert(ctx, tx, "notes", &row), store.Insert(ctx, tx, "notes", &note{ID: "b", Title: "other"}))
		})
		row.Title, row.Size, row.Tags = "two", 2, nil
		update(t, db, func(ctx context.Context, tx store.Tx) error { return store.Update(ctx, tx, "notes", &row) })
		if diff := cmp.Diff(row, get[note](t, db, "a")); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		changed := row
		changed.Title, changed.Size = "three", 3
		update(t, db, func(ctx context.Context, tx store.Tx) error {
			return store.UpdateColumns(ctx, tx, "notes", &changed, "title")
		})
		row.Title = "three"
		if diff := cmp.Diff(row, get[note](t, db, "a")); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if other := get[note](t, db, "b"); other.Title != "other" {
			t.Errorf("the other row has title %q", other.Title)
		}
	}},
	{"find and list return rows, in whole or in part", func(t *testing.T, db store.DB) {
		update(t, db, func(ctx context.Context, tx store.Tx) error {
			for i, id := range []string{"c", "a", "b"} {
				if err := store.Insert(ctx, tx, "notes", &note{ID: id, Title: named("t" + id), Size: int32(i)}); err != nil {
					return err
				}
			}
			return nil
		})
		view(t, db, func(ctx context.Context, tx store.Tx) error {
			found, err := store.Find[note](ctx, tx, "notes", sqlb.Eq("title", "tb"))
			if err != nil || found.ID != "b" {
				t.Errorf("found %q, %v", found.ID, err)
			}
			list, err := store.List[note](ctx, tx, sqlb.Select{Columns: []string{"size", "id"}, From: "notes", Order: []sqlb.Order{{Column: "id"}}})
			if diff := cmp.Diff([]note{{ID: "a", Size: 1}, {ID: "b", Size: 2}, {ID: "c"}}, list); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			return err
		})
	}},
}

// A Base is the part that rows have in common.
type Base struct {
	ID string `col:"id"`
}

func get[R any](t *testing.T, db store.DB, id string) (row R) {
	t.Helper()
	view(t, db, func(ctx context.Context, tx store.Tx) (err error) {
		row, err = store.Get[R](ctx, tx, "notes", id)
		return err
	})
	return row
}

func ptr[T any](v T) *T { return &v }
