package sqlite_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/store/storetest"
)

func TestAReaderSeesWhatTheOwnerCommits(t *testing.T) {
	dir := t.TempDir()
	db := open(t, sqlite.Options{Dir: dir, Migrations: storetest.Migrations})
	insert(t, db, "p1", "a", "")
	r, err := sqlite.OpenReader(sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n := func() (n int) {
		if err := r.View(t.Context(), "p1", func(tx store.Tx) (err error) {
			n, err = store.Count(t.Context(), tx, "notes", nil, 0)
			return err
		}); err != nil {
			t.Error(err)
		}
		return n
	}
	if n() != 1 {
		t.Errorf("%d rows, want 1", n())
	}
	insert(t, db, "p1", "b", "")
	if n() != 2 {
		t.Errorf("%d rows, want 2", n())
	}
	if err := r.Update(t.Context(), "p1", func(store.Tx) error { return nil }); !errors.Is(err, sqlite.ErrReadOnly) {
		t.Errorf("update: %v", err)
	}
	if err := r.View(t.Context(), "p1", func(tx store.Tx) error {
		_, err := tx.Exec(t.Context(), "DELETE FROM notes")
		return err
	}); err == nil {
		t.Error("a view of a reader has changed something")
	}
	if err := r.View(t.Context(), "p2", func(store.Tx) error { return nil }); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a project that is not there: %v", err)
	}
}

func TestAReaderMakesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := sqlite.OpenReader(sqlite.Options{Dir: dir}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open: %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("there is a directory now")
	}
}
