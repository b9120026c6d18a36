package storetest

import (
	"errors"
	"slices"
	"testing"

	"moorfast/internal/store"
)

var conflictTests = []test{
	{"a taken key is a conflict that names its column", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO notes (id, email) VALUES ('a', 'ada@example.com')`)
		wantConflict(t, db, `INSERT INTO notes (id) VALUES ('a')`, "id")
		wantIDs(t, db, "a")
	}},
	{"a taken key of several columns names them all", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO links VALUES ('a', 'b')`)
		wantConflict(t, db, `INSERT INTO links VALUES ('a', 'b')`, "source", "target")
		exec(t, db, `INSERT INTO links VALUES ('a', 'c')`)
	}},
	{"a folded key is taken in either case", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO notes (id, email) VALUES ('a', 'ada@example.com')`)
		wantConflict(t, db, `INSERT INTO notes (id, email) VALUES ('b', 'Ada@Example.com')`, "email")
		exec(t, db, `INSERT INTO notes (id, email) VALUES ('c', NULL), ('d', NULL)`)
	}},
	{"a folded key keeps letters beyond ASCII apart", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO notes (id, email) VALUES ('a', 'é'), ('b', 'É')`)
		wantIDs(t, db, "a", "b")
	}},
	{"a conflict on update is one too", func(t *testing.T, db store.DB) {
		exec(t, db, `INSERT INTO notes (id) VALUES ('a'), ('b')`)
		wantConflict(t, db, `UPDATE notes SET id = 'a' WHERE id = 'b'`, "id")
	}},
	{"a missing value is an error, and no conflict", func(t *testing.T, db store.DB) {
		err := run(t, db, `INSERT INTO notes (title) VALUES ('x')`)
		if err == nil || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("err = %v", err)
		}
	}},
}

func run(t *testing.T, db store.DB, sql string) error {
	return db.Update(t.Context(), project, func(tx store.Tx) error {
		_, err := tx.Exec(t.Context(), sql)
		return err
	})
}

func wantConflict(t *testing.T, db store.DB, sql string, columns ...string) {
	t.Helper()
	err := run(t, db, sql)
	wantErr(t, err, store.ErrConflict)
	var conflict *store.ConflictError
	if !errors.As(err, &conflict) {
		t.Fatalf("err = %#v, want a ConflictError", err)
	}
	if !slices.Equal(conflict.Columns, columns) {
		t.Errorf("columns = %q, want %q", conflict.Columns, columns)
	}
}
