package sqlite_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/store/storetest"
	"moorfast/internal/vault"
	"moorfast/internal/vault/vaulttest"
)

func TestSuiteSealed(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.DB {
		return open(t, sqlite.Options{Dir: t.TempDir(), Migrations: storetest.Migrations, Vault: vaulttest.New(t), Sealed: true})
	})
}

func TestMigrationsSealed(t *testing.T) {
	storetest.RunMigrations(t, func(t *testing.T) storetest.Opener {
		dir, v := t.TempDir(), vaulttest.New(t)
		return func(t *testing.T, migrations func(string) []migrate.Migration) (store.DB, error) {
			return open(t, sqlite.Options{Dir: dir, Migrations: migrations, Vault: v, Sealed: true}), nil
		}
	})
}

const canary = "a word that no file may show"

// shown returns the files below dir that show what rows hold, or what SQLite
// writes around them.
func shown(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, word := range []string{canary, "SQLite format 3", "CREATE TABLE"} {
			if bytes.Contains(text, []byte(word)) {
				list = append(list, filepath.Base(path))
				break
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// serve opens a directory for as long as fn runs.
func serve(t *testing.T, o sqlite.Options, fn func(db *sqlite.DB)) {
	t.Helper()
	db, err := sqlite.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	fn(db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestASealedDirectoryShowsNothing(t *testing.T) {
	dir := t.TempDir()
	o := sqlite.Options{Dir: dir, Migrations: storetest.Migrations, Vault: vaulttest.New(t), Sealed: true}
	serve(t, o, func(db *sqlite.DB) {
		for i := range 500 {
			insert(t, db, "p1", fmt.Sprint(i), canary)
		}
		if list := shown(t, dir); len(list) > 0 {
			t.Errorf("%v show what is in them while they are open", list)
		}
	})
	if list := shown(t, dir); len(list) > 0 {
		t.Errorf("%v show what is in them", list)
	}
}

func TestFilesAreSealedAndOpenedAtTheStartAsTheyAreToBe(t *testing.T) {
	dir := t.TempDir()
	o := sqlite.Options{Dir: dir, Migrations: storetest.Migrations, Vault: vaulttest.New(t)}
	const rows = 3000
	serve(t, o, func(db *sqlite.DB) {
		err := db.Update(t.Context(), "p1", func(tx store.Tx) error {
			for i := range rows {
				if _, err := tx.Exec(t.Context(), `INSERT INTO notes (id, title) VALUES (?, ?)`, fmt.Sprint(i), canary+strings.Repeat("x", 1000)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		insert(t, db, "p2", "a", canary)
	})
	for i, sealed := range []bool{true, true, false, true} {
		o.Sealed = sealed
		told := map[string]int{}
		o.Progress = func(project string, done, total int) {
			if done > total {
				t.Errorf("%d of %d pages", done, total)
			}
			told[project] = done
		}
		serve(t, o, func(db *sqlite.DB) {
			if n := count(t, db, "p1"); n != rows {
				t.Errorf("sealed %v: %d rows, want %d", sealed, n, rows)
			}
			insert(t, db, "p2", fmt.Sprint(i), canary)
		})
		if converted := len(told) == 3; converted == (i == 1) {
			t.Errorf("start %d, sealed %v: told of %v", i, sealed, told)
		}
		if is, err := sqlite.Sealed(dir); is != sealed || err != nil {
			t.Errorf("start %d: it says sealed %v: %v", i, is, err)
		}
		list := shown(t, dir)
		if sealed && len(list) > 0 || !sealed && len(list) < 3 {
			t.Errorf("sealed %v: %v show what is in them", sealed, list)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*", "*.converting*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// TestAConversionThatIsCutOffLeavesTheOldFile plays a crash before the copy is put in place.
func TestAConversionThatIsCutOffLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	o := sqlite.Options{Dir: dir, Migrations: storetest.Migrations, Vault: vaulttest.New(t)}
	serve(t, o, func(db *sqlite.DB) { insert(t, db, "p1", "a", canary) })
	half := filepath.Join(dir, "projects", "p1.db.converting")
	for _, name := range []string{half, half + "-journal"} {
		if err := os.WriteFile(name, []byte("half of a file"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o.Sealed = true
	o.Progress = func(string, int, int) { panic("the machine stops") }
	func() {
		defer func() { _ = recover() }()
		if db, err := sqlite.Open(o); err == nil {
			db.Close()
			t.Error("opened where the copy could not be made")
		}
	}()
	o.Progress = nil
	serve(t, o, func(db *sqlite.DB) {
		if n := count(t, db, "p1"); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	})
	if list := shown(t, dir); len(list) > 0 {
		t.Errorf("%v show what is in them", list)
	}
}

func TestASealedFileOpensWithItsKeyOnly(t *testing.T) {
	dir := t.TempDir()
	o := sqlite.Options{Dir: dir, Migrations: storetest.Migrations, Vault: vaulttest.New(t), Sealed: true}
	serve(t, o, func(db *sqlite.DB) { insert(t, db, "p1", "a", canary) })
	before := digest(t, dir)
	for name, v := range map[string]*vault.Vault{"another key": vaulttest.New(t), "no key": nil} {
		for _, wanted := range []bool{true, false} {
			wrong := o
			wrong.Vault, wrong.Sealed = v, wanted
			if db, err := sqlite.Open(wrong); err == nil {
				db.Close()
				t.Errorf("%s: it opens", name)
			}
			if digest(t, dir) != before {
				t.Errorf("%s: the databases were changed", name)
			}
		}
	}
	serve(t, o, func(db *sqlite.DB) {
		if n := count(t, db, "p1"); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	})
}

func TestAFileThatIsSealedAgainGetsAnotherKey(t *testing.T) {
	dir := t.TempDir()
	o := sqlite.Options{Dir: dir, Migrations: storetest.Migrations, Vault: vaulttest.New(t), Sealed: true}
	var keys []string
	for _, sealed := range []bool{true, true, false, true} {
		o.Sealed = sealed
		serve(t, o, func(db *sqlite.DB) { insert(t, db, "p1", fmt.Sprint(len(keys)), canary) })
		key, err := o.Vault.DatabaseKey("p1")
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, string(key))
	}
	if keys[0] != keys[1] {
		t.Error("the key of a sealed file changes with a start")
	}
	if keys[3] == keys[0] {
		t.Error("the key is the one of before")
	}
}

func TestASealedDirectoryIsReadBesideItsServer(t *testing.T) {
	dir := t.TempDir()
	o := sqlite.Options{Dir: dir, Migrations: storetest.Migrations, Vault: vaulttest.New(t), Sealed: true}
	serve(t, o, func(db *sqlite.DB) {
		insert(t, db, "p1", "a", canary)
		beside := o
		beside.Sealed = false // a reader takes files as they are
		r, err := sqlite.OpenReader(beside)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if n := count(t, r, "p1"); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
		if err := r.Update(t.Context(), "p1", func(store.Tx) error { return nil }); !errors.Is(err, sqlite.ErrReadOnly) {
			t.Errorf("an update: %v", err)
		}
	})
}

// digest tells whether a database below dir has changed.
func digest(t *testing.T, dir string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".db" {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintln(h, path, len(text))
		h.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(h.Sum(nil))
}
