package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

var builderTests = []test{
	{"conditions choose the same rows on every engine", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO notes (id, title, size) VALUES
			('a', 'Alpha', 1), ('b', 'alphabet', 2), ('c', 'BETA', 3), ('d', '100%_\x', NULL), ('e', NULL, 5), ('f', 'Ähre', 6)`)
		for _, c := range []struct {
			where sqlb.Cond
			want  string
		}{
			{nil, "abcdef"},
			{sqlb.Eq("title", "Alpha"), "a"},
			{sqlb.Eq("title", "alpha"), ""},
			{sqlb.Fold(sqlb.Eq("title", "aLPHA")), "a"},
			{sqlb.Fold(sqlb.Eq("title", "ähre")), ""},
			{sqlb.Fold(sqlb.In("title", "ALPHA", "beta", "x")), "ac"},
			{sqlb.Fold(sqlb.Lt("title", "ALPHABET")), "ad"},
			{sqlb.Lt("title", "a"), "acd"},
			{sqlb.Eq("title", nil), "e"},
			{sqlb.Ne("title", nil), "abcdf"},
			{sqlb.Ne("size", 1), "bcef"},
			{sqlb.IsNull("size"), "d"},
			{sqlb.NotNull("size"), "abcef"},
			{sqlb.And(sqlb.Gt("size", 1), sqlb.Le("size", 3)), "bc"},
			{sqlb.Or(sqlb.Lt("size", 2), sqlb.Ge("size", 6)), "af"},
			{sqlb.In("id", "a", "c", "z"), "ac"},
			{sqlb.In("id", []string{"a", "b", "c", "d", "e"}...), "abcde"},
			{sqlb.In[string]("id"), ""},
			{sqlb.Not(sqlb.In("size", 1, 2)), "cef"},
			{sqlb.Not(sqlb.In[int]("size")), "abcdef"},
			{sqlb.Not(nil), ""},
			{sqlb.And(), "abcdef"},
			{sqlb.Or(), ""},
			{sqlb.And(nil, sqlb.Eq("id", "a")), "a"},
			{sqlb.Contains("title", "LPHA"), "ab"},
			{sqlb.Contains("title", "%"), "d"},
			{sqlb.Contains("title", "_"), "d"},
			{sqlb.Contains("title", `\`), "d"},
			{sqlb.StartsWith("title", "alpha"), "ab"},
			{sqlb.EndsWith("title", "bet"), "b"},
			{sqlb.Like("title", "_l%a"), "a"},
			{sqlb.InSelect("id", sqlb.Select{Columns: []string{"id"}, From: "notes", Where: sqlb.Gt("size", 4)}), "ef"},
			{sqlb.And(sqlb.Raw("size + ? = ?", 1, 3), sqlb.Raw("1 = 1 OR 1 = 0")), "b"},
			{sqlb.Fold(sqlb.Eq("size", 1)), "a"},
		} {
			sql, args := sqlb.Select{Columns: []string{"id"}, From: "notes", Where: c.where, Order: []sqlb.Order{{Column: "id"}}}.SQL(sqlb.SQLite)
			if got := selected(t, db, sqlb.Select{Where: c.where, Order: []sqlb.Order{{Column: "id"}}}); got != c.want {
				t.Errorf("%s %v = %q, want %q", sql, args, got, c.want)
			}
		}
	}},
	{"text sorts by its bytes, and NULL below it", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO notes (id, title) VALUES ('a', 'b'), ('b', 'B'), ('c', NULL), ('d', 'ä'), ('e', 'a')`)
		for _, c := range []struct {
			order sqlb.Order
			want  string
		}{
			{sqlb.Order{Column: "title", Nullable: true}, "cbead"},
			{sqlb.Order{Column: "title", Nullable: true, Desc: true}, "daebc"},
			{sqlb.Order{Column: "title", Nullable: true, Fold: true}, "ceabd"},
		} {
			order := []sqlb.Order{c.order, {Column: "id"}}
			if got := selected(t, db, sqlb.Select{Order: order}); got != c.want {
				t.Errorf("%+v = %q, want %q", c.order, got, c.want)
			}
		}
	}},
	{"limit and offset cut", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO notes (id) VALUES ('a'), ('b'), ('c'), ('d')`)
		order := []sqlb.Order{{Column: "id"}}
		for _, c := range []struct {
			limit, offset int
			want          string
		}{{0, 0, "abcd"}, {2, 0, "ab"}, {2, 1, "bc"}, {0, 3, "d"}, {9, 9, ""}} {
			if got := selected(t, db, sqlb.Select{Order: order, Limit: c.limit, Offset: c.offset}); got != c.want {
				t.Errorf("limit %d offset %d = %q, want %q", c.limit, c.offset, got, c.want)
			}
		}
	}},
	{"pages after a cursor are the whole list, in every order", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO notes (id, title, size) VALUES
			('a', 'x', 1), ('b', NULL, 2), ('c', 'X', 2), ('d', 'y', NULL), ('e', NULL, NULL), ('f', 'x', 1), ('g', 'z', 3)`)
		for _, order := range [][]sqlb.Order{
			{{Column: "id"}},
			{{Column: "id", Desc: true}},
			{{Column: "size", Nullable: true}, {Column: "id"}},
			{{Column: "size", Nullable: true, Desc: true}, {Column: "id"}},
			{{Column: "title", Nullable: true}, {Column: "size", Nullable: true, Desc: true}, {Column: "id", Desc: true}},
			{{Column: "title", Nullable: true, Fold: true, Desc: true}, {Column: "id"}},
		} {
			whole := pages(t, db, order, 100)
			if len(whole) != 7 {
				t.Fatalf("%+v lists %q", order, whole)
			}
			for size := 1; size <= 3; size++ {
				if got := pages(t, db, order, size); !slices.Equal(got, whole) {
					t.Errorf("%+v in pages of %d = %q, want %q", order, size, got, whole)
				}
			}
			back := pages(t, db, sqlb.Reverse(order), 2)
			slices.Reverse(back)
			if !slices.Equal(back, whole) {
				t.Errorf("%+v backwards = %q, want %q", order, back, whole)
			}
		}
	}},
	{"counts stop at their cap", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO notes (id, size) VALUES ('a', 1), ('b', 1), ('c', 2)`)
		view(t, db, func(ctx context.Context, tx store.Tx) error {
			for limit, want := range map[int]int{0: 2, 1: 1, 2: 2, 5: 2} {
				n, err := store.Count(ctx, tx, "notes", sqlb.Eq("size", 1), limit)
				if err != nil {
					return err
				}
				if n != want {
					t.Errorf("count up to %d = %d, want %d", limit, n, want)
				}
			}
			return nil
		})
	}},
	{"inserts of several rows, updates and deletes are built", func(t *testing.T, db store.DB) {
		do := func(s sqlb.Statement, want int64) {
			t.Helper()
			update(t, db, func(ctx context.Context, tx store.Tx) error {
				n, err := store.Exec(ctx, tx, s)
				if n != want {
					t.Errorf("%+v changed %d rows, want %d", s, n, want)
				}
				return err
			})
		}
		rows := sqlb.Insert{Into: "notes", Columns: []string{"id", "size"}, Rows: [][]any{{"a", 1}, {"b", 2}, {"c", nil}}}
		do(rows, 3)
		rows.Conflict = []string{"id"}
		do(rows, 0)
		rows.Update = []sqlb.Assign{sqlb.SetInserted("size"), sqlb.SetExpr("score", "coalesce(notes.score, 0) + ?", 1)}
		do(rows, 3)
		do(sqlb.Update{Table: "notes", Set: []sqlb.Assign{sqlb.Set("title", "t"), sqlb.SetExpr("size", "size + ?", 10)}, Where: sqlb.Eq("id", "b")}, 1)
		do(sqlb.Delete{From: "notes", Where: sqlb.Eq("id", "a")}, 1)
		view(t, db, func(ctx context.Context, tx store.Tx) error {
			n, err := store.Count(ctx, tx, "notes", sqlb.And(sqlb.Eq("size", 12), sqlb.Eq("title", "t"), sqlb.Eq("score", 1.0)), 0)
			if n != 1 {
				t.Errorf("count = %d, want 1", n)
			}
			return err
		})
		wantIDs(t, db, "b", "c")
	}},
	{"a change can return what it made", func(t *testing.T, db store.DB) {
		update(t, db, func(ctx context.Context, tx store.Tx) error {
			sql, args := sqlb.Insert{Into: "notes", Columns: []string{"id"}, Rows: [][]any{{"a"}, {"b"}}, Returning: []string{"seq", "id"}}.SQL(tx.Dialect())
			var got []string
			err := store.Each(ctx, tx, sql, args, func(rows store.Rows) error {
				got = append(got, fmt.Sprint(rows.Int(0), string(rows.Text(1))))
				return nil
			})
			if want := []string{"1a", "2b"}; !slices.Equal(got, want) {
				t.Errorf("returned %q, want %q", got, want)
			}
			return err
		})
		wantIDs(t, db, "a", "b")
	}},
	{"a locked select reads the same rows", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO notes (id) VALUES ('a'), ('b')`)
		update(t, db, func(ctx context.Context, tx store.Tx) error {
			list, err := store.List[struct {
				ID string `col:"id"`
			}](ctx, tx, sqlb.Select{From: "notes", Order: []sqlb.Order{{Column: "id"}}, Limit: 1, Lock: true})
			if len(list) != 1 || list[0].ID != "a" {
				t.Errorf("list = %v", list)
			}
			return err
		})
	}},
}

// selected returns the ids of the notes that s selects, without a space.
func selected(t *testing.T, db store.DB, s sqlb.Select) (ids string) {
	t.Helper()
	s.Columns, s.From = []string{"id"}, "notes"
	view(t, db, func(ctx context.Context, tx store.Tx) error {
		sql, args := s.SQL(tx.Dialect())
		return store.Each(ctx, tx, sql, args, func(rows store.Rows) error {
			ids += string(rows.Text(0))
			return nil
		})
	})
	return ids
}

// pages lists the ids of all notes in an order, some at a time.
func pages(t *testing.T, db store.DB, order []sqlb.Order, size int) (ids []string) {
	t.Helper()
	type note struct {
		ID    string  `col:"id"`
		Title *string `col:"title"`
		Size  *int64  `col:"size"`
	}
	value := func(n note, column string) any {
		switch {
		case column == "id":
			return n.ID
		case column == "title" && n.Title != nil:
			return *n.Title
		case column == "size" && n.Size != nil:
			return *n.Size
		}
		return nil
	}
	view(t, db, func(ctx context.Context, tx store.Tx) error {
		var where sqlb.Cond
		for len(ids) < 100 {
			page, err := store.List[note](ctx, tx, sqlb.Select{From: "notes", Where: where, Order: order, Limit: size})
			if err != nil || len(page) == 0 {
				return err
			}
			for _, n := range page {
				ids = append(ids, n.ID)
			}
			values := make([]any, len(order))
			for i, o := range order {
				values[i] = value(page[len(page)-1], o.Column)
			}
			where = sqlb.After(order, values...)
		}
		return nil
	})
	return ids
}
