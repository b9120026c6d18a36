package sqlite_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/store/storetest"
)

func TestFilesAreForTheirOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data #1?a=b%20c") // which SQLite reads as a URI
	db := open(t, sqlite.Options{Dir: dir, Migrations: storetest.Migrations})
	insert(t, db, "p1", "a", "")
	seen := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
		seen++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 9 { // two directories, the lock, and two databases of three files
		t.Errorf("saw %d files", seen)
	}
}

func TestTwoServersCannotShareADirectory(t *testing.T) {
	dir := t.TempDir()
	db := open(t, sqlite.Options{Dir: dir})
	_, err := sqlite.Open(sqlite.Options{Dir: dir})
	if !errors.Is(err, sqlite.ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("err = %v, want ErrLocked and the directory", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, sqlite.Options{Dir: dir})
}

func TestSymbolicLinksAreNotFollowed(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside.db")
	options := sqlite.Options{Dir: dir, Migrations: storetest.Migrations}
	db := open(t, options)
	for _, suffix := range []string{".db", ".db-wal", ".db-shm"} {
		if suffix != ".db" {
			// Without its database, a log would be removed and not opened.
			insert(t, db, "p1", suffix, "")
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			db = open(t, options)
		}
		name := filepath.Join(dir, "projects", "p1"+suffix)
		if err := os.Symlink(outside, name); err != nil {
			t.Fatal(err)
		}
		err := db.View(t.Context(), "p1", func(store.Tx) error { return nil })
		if err == nil {
			t.Errorf("a link at %s was followed", suffix)
		}
		if _, err := os.Stat(outside); err == nil {
			t.Errorf("a link at %s made a file", suffix)
		}
		os.Remove(name)
	}
	// A link to the data directory itself is the operator's choice.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	open(t, sqlite.Options{Dir: link})
}

func TestDropLeavesNoFiles(t *testing.T) {
	dir := t.TempDir()
	db := open(t, sqlite.Options{Dir: dir, Migrations: storetest.Migrations})
	insert(t, db, "p1", "a", "")
	if err := db.Drop(t.Context(), "p1"); err != nil {
		t.Fatal(err)
	}
	if left := projectFiles(t, dir); len(left) != 0 {
		t.Errorf("left %q", left)
	}
}

func TestADropThatACrashCutShortIsFinished(t *testing.T) {
	dir := t.TempDir()
	projects := filepath.Join(dir, "projects")
	db := open(t, sqlite.Options{Dir: dir, Migrations: storetest.Migrations})
	insert(t, db, "p1", "a", "a secret of the old project")
	wal, err := os.ReadFile(filepath.Join(projects, "p1.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	// As after the rename: the log is still there, under the project's name.
	if err := os.Rename(filepath.Join(projects, "p1.db"), filepath.Join(projects, "p1.db.dropped")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(projects, "p1.db-wal"), wal, 0o600); err != nil {
		t.Fatal(err)
	}

	db = open(t, sqlite.Options{Dir: dir, Migrations: storetest.Migrations})
	if list, err := db.Projects(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("projects = %q, %v", list, err)
	}
	if n := count(t, db, "p1"); n != 0 {
		t.Errorf("the new project has %d rows of the old one", n)
	}
	for _, name := range projectFiles(t, dir) {
		data, err := os.ReadFile(filepath.Join(projects, name))
		if err != nil || bytes.Contains(data, []byte("a secret of the old project")) {
			t.Errorf("%s holds what was dropped, or %v", name, err)
		}
	}
}

func TestAFileThatIsNoDatabaseIsAnError(t *testing.T) {
	dir := t.TempDir()
	db := open(t, sqlite.Options{Dir: dir})
	name := filepath.Join(dir, "projects", "p1.db")
	if err := os.WriteFile(name, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := db.View(t.Context(), "p1", func(store.Tx) error { return nil }); err == nil {
		t.Error("it was opened")
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := db.View(t.Context(), "p1", func(store.Tx) error { return nil }); err != nil {
		t.Errorf("after it was removed: %v", err)
	}
}

func projectFiles(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "projects"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// insert adds a note, which has to work.
func insert(t testing.TB, db store.DB, project, id, title string) {
	t.Helper()
	if err := tryInsert(t, db, project, id, title); err != nil {
		t.Fatal(err)
	}
}

func tryInsert(t testing.TB, db store.DB, project, id, title string) error {
	return db.Update(t.Context(), project, func(tx store.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO notes (id, title) VALUES (?, ?)`, id, title)
		return err
	})
}

func count(t testing.TB, db store.DB, project string) (n int) {
	t.Helper()
	err := db.View(t.Context(), project, func(tx store.Tx) (err error) {
		n, err = store.Count(t.Context(), tx, "notes", nil, 0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
