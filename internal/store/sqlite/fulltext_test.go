package sqlite_test

import (
	"fmt"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/store/storetest"
)

// Connections that were open before the first table of words, and those that are
// opened after it, can all work with it; with one open project, every change of
// the project opens anew.
func TestConnectionsLearnFulltextWhenThereIsUseForIt(t *testing.T) {
	db := open(t, sqlite.Options{Dir: t.TempDir(), Migrations: storetest.Migrations, OpenProjects: 1})
	update := func(project string, statements ...string) {
		t.Helper()
		err := db.Update(t.Context(), project, func(tx store.Tx) error {
			for _, sql := range statements {
				if _, err := tx.Exec(t.Context(), sql); err != nil {
					return fmt.Errorf("%s: %w", sql, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	found := func(word string) (n int64) {
		t.Helper()
		err := db.View(t.Context(), "p1", func(tx store.Tx) error {
			return store.Each(t.Context(), tx, `SELECT count(*) FROM texts WHERE texts MATCH ?`, []any{word}, func(rows store.Rows) error {
				n = rows.Int(0)
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	insert(t, db, "p1", "a", "one")
	if count(t, db, "p1") != 1 { // opens a reader
		t.Fatal("no row")
	}
	update("p1",
		`CREATE VIRTUAL TABLE texts USING fts5(title, content='notes', content_rowid='seq')`,
		`CREATE TRIGGER texts_insert AFTER INSERT ON notes BEGIN INSERT INTO texts (rowid, title) VALUES (new.seq, new.title); END`,
		`INSERT INTO texts (texts) VALUES ('rebuild')`)
	if n := found("one"); n != 1 {
		t.Errorf("a reader that was open: %d", n)
	}
	insert(t, db, "p2", "a", "") // closes p1
	insert(t, db, "p1", "b", "one more")
	if n := found("one"); n != 2 {
		t.Errorf("opened anew: %d", n)
	}
	insert(t, db, "p2", "b", "")
	update("p1", `ALTER TABLE notes ADD COLUMN extra TEXT`, `ALTER TABLE notes DROP COLUMN extra`)
	insert(t, db, "p2", "c", "")
	update("p1", `DROP TABLE texts`, `DROP TRIGGER texts_insert`)
	insert(t, db, "p1", "c", "one")
}

func TestREGEXP(t *testing.T) {
	db := open(t, sqlite.Options{Dir: t.TempDir(), Migrations: storetest.Migrations})
	for expr, want := range map[string]string{
		`'abc' REGEXP 'b'`: "1", `'abc' REGEXP '^b'`: "0", `NULL REGEXP 'b'`: "null", `'é' REGEXP '^.$'`: "1",
	} {
		err := db.View(t.Context(), "p1", func(tx store.Tx) error {
			return store.Each(t.Context(), tx, `SELECT `+expr, nil, func(rows store.Rows) error {
				got := fmt.Sprint(rows.Int(0))
				if rows.Null(0) {
					got = "null"
				}
				if got != want {
					t.Errorf("%s: got %s, want %s", expr, got, want)
				}
				return nil
			})
		})
		if err != nil {
			t.Error(err)
		}
	}
	err := db.View(t.Context(), "p1", func(tx store.Tx) error {
		return store.Each(t.Context(), tx, `SELECT 'a' REGEXP '('`, nil, func(store.Rows) error { return nil })
	})
	if err == nil {
		t.Error("a pattern that is none: no error")
	}
}
