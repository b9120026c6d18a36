package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/vault"
)

// A safe is a note with something to hide.
type safe struct {
	ID     string       `col:"id"`
	Title  string       `col:"title"`
	Secret vault.Secret `col:"secret"`
}

var secretTests = []test{
	{"a secret comes back, and is not in its column", func(t *testing.T, db store.DB) {
		for _, text := range []string{"hunter2", "", strings.Repeat("long", 10_000)} {
			row := safe{ID: "a", Secret: vault.Hide(text)}
			update(t, db, func(ctx context.Context, tx store.Tx) error {
				if _, err := store.DeleteWhere(ctx, tx, "notes", nil); err != nil {
					return err
				}
				return store.Insert(ctx, tx, "notes", &row)
			})
			got := get[safe](t, db, "a").Secret
			if !got.Set() || got.Reveal() != text {
				t.Errorf("secret = %.20q, want %.20q", got.Reveal(), text)
			}
			if sealed := column(t, db, "a"); sealed == "" || text != "" && strings.Contains(sealed, text) {
				t.Errorf("the column holds %.20q", sealed)
			}
		}
	}},
	{"a secret that is not set is NULL", func(t *testing.T, db store.DB) {
		update(t, db, func(ctx context.Context, tx store.Tx) error { return store.Insert(ctx, tx, "notes", &safe{ID: "a"}) })
		if got := get[safe](t, db, "a").Secret; got.Set() {
			t.Error("it is set")
		}
		view(t, db, func(ctx context.Context, tx store.Tx) error {
			n, err := store.Count(ctx, tx, "notes", sqlb.IsNull("secret"), 0)
			if n != 1 {
				t.Error("the column is not NULL")
			}
			return err
		})
	}},
	{"an update seals the new value", func(t *testing.T, db store.DB) {
		update(t, db, func(ctx context.Context, tx store.Tx) error {
			return errors.Join(
				store.Insert(ctx, tx, "notes", &safe{ID: "a", Secret: vault.Hide("old")}),
				store.Update(ctx, tx, "notes", &safe{ID: "a", Secret: vault.Hide("new")}))
		})
		if got := get[safe](t, db, "a").Secret.Reveal(); got != "new" {
			t.Errorf("secret = %q, want new", got)
		}
		update(t, db, func(ctx context.Context, tx store.Tx) error {
			return store.UpdateColumns(ctx, tx, "notes", &safe{ID: "a", Secret: vault.Hide("newer")}, "secret")
		})
		if got := get[safe](t, db, "a").Secret.Reveal(); got != "newer" {
			t.Errorf("secret = %q, want newer", got)
		}
	}},
	{"a list opens the secrets of its rows", func(t *testing.T, db store.DB) {
		update(t, db, func(ctx context.Context, tx store.Tx) error {
			for _, id := range []string{"a", "b", "c"} {
				if err := store.Insert(ctx, tx, "notes", &safe{ID: id, Secret: vault.Hide("secret of " + id)}); err != nil {
					return err
				}
			}
			return nil
		})
		view(t, db, func(ctx context.Context, tx store.Tx) error {
			list, err := store.List[safe](ctx, tx, sqlb.Select{Columns: []string{"secret", "id"}, From: "notes"})
			for _, row := range list {
				if row.Secret.Reveal() != "secret of "+row.ID {
					t.Errorf("%s has %q", row.ID, row.Secret.Reveal())
				}
			}
			if len(list) != 3 {
				t.Errorf("%d rows, want 3", len(list))
			}
			return err
		})
	}},
	{"a secret that was moved, changed or cut does not open", func(t *testing.T, db store.DB) {
		seal := func(project, id string) (sealed string) {
			must(t, db.Update(t.Context(), project, func(tx store.Tx) error {
				return store.Insert(t.Context(), tx, "notes", &safe{ID: id, Secret: vault.Hide("secret of " + id)})
			}))
			must(t, db.View(t.Context(), project, func(tx store.Tx) (err error) {
				sealed, err = columnOf(t.Context(), tx, id)
				return err
			}))
			return sealed
		}
		own, other, abroad := seal(project, "a"), seal(project, "b"), seal("p2", "a")
		for name, text := range map[string]string{
			"of another row":     other,
			"of another project": abroad,
			"cut":                own[:len(own)-4],
			"plain":              "secret of a",
			"empty":              "",
		} {
			exec(t, db, `UPDATE notes SET secret = '`+text+`' WHERE id = 'a'`)
			err := db.View(t.Context(), project, func(tx store.Tx) error {
				row, err := store.Get[safe](t.Context(), tx, "notes", "a")
				if row.Secret.Set() {
					t.Errorf("%s: read %q", name, row.Secret.Reveal())
				}
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "open notes.secret") {
				t.Errorf("%s: err = %v", name, err)
			}
		}
		exec(t, db, `UPDATE notes SET secret = '`+own+`' WHERE id = 'a'`)
		if got := get[safe](t, db, "a").Secret.Reveal(); got != "secret of a" {
			t.Errorf("secret = %q", got)
		}
	}},
}

// column returns what lies in the column of a secret.
func column(t *testing.T, db store.DB, id string) (sealed string) {
	t.Helper()
	view(t, db, func(ctx context.Context, tx store.Tx) (err error) {
		sealed, err = columnOf(ctx, tx, id)
		return err
	})
	return sealed
}

func columnOf(ctx context.Context, tx store.Tx, id string) (sealed string, err error) {
	err = store.Each(ctx, tx, `SELECT secret FROM notes WHERE id = ?`, []any{id}, func(rows store.Rows) error {
		sealed = string(rows.Text(0))
		return nil
	})
	return sealed, err
}
