package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/store/storetest"
)

func TestMoreProjectsThanMayStayOpen(t *testing.T) {
	dir := t.TempDir()
	db := open(t, sqlite.Options{Dir: dir, Migrations: storetest.Migrations, OpenProjects: 3})
	for round := range 3 {
		for i := range 8 {
			insert(t, db, fmt.Sprint("p", i), fmt.Sprint("r", round), "")
		}
	}
	for i := range 8 {
		if n := count(t, db, fmt.Sprint("p", i)); n != 3 {
			t.Errorf("project %d has %d rows, want 3", i, n)
		}
	}
	// A log is there exactly while its database is open.
	logs, err := filepath.Glob(filepath.Join(dir, "projects", "*-wal"))
	if err != nil || len(logs) > 3 {
		t.Errorf("open: %q, %v", logs, err)
	}
}

func TestAProjectInUseStaysOpen(t *testing.T) {
	db := open(t, sqlite.Options{Dir: t.TempDir(), Migrations: storetest.Migrations, OpenProjects: 1})
	err := db.View(t.Context(), "p1", func(tx store.Tx) error {
		for i := range 5 {
			insert(t, db, fmt.Sprint("q", i), "a", "")
		}
		_, err := store.Count(t.Context(), tx, "notes", nil, 0)
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTheLogStaysSmallWhileViewsNeverPause(t *testing.T) {
	dir := t.TempDir()
	db := open(t, sqlite.Options{Dir: dir, Migrations: storetest.Migrations})
	insert(t, db, "p1", "first", "")
	// Readers that look at the rows first and then take their time, so that at
	// every moment one of them holds on to a state of a while ago.
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for ctx.Err() == nil {
				db.View(ctx, "p1", func(tx store.Tx) error {
					if _, err := store.Count(ctx, tx, "notes", nil, 0); err != nil {
						return err
					}
					rows, err := tx.Query(ctx, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT count(*) FROM n`)
					if err != nil {
						return err
					}
					defer rows.Close()
					rows.Next()
					return rows.Err()
				})
			}
		})
	}
	title := strings.Repeat("x", 1_000_000)
	for i := range 40 {
		insert(t, db, "p1", fmt.Sprint("n", i), title)
	}
	stop()
	readers.Wait()
	info, err := os.Stat(filepath.Join(dir, "projects", "p1.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 30<<20 {
		t.Errorf("the log has %d MiB after 40 MiB of writes", info.Size()>>20)
	}
}

func TestSQLiteOutOfMemoryIsAnErrorAndNoMore(t *testing.T) {
	db := open(t, sqlite.Options{Dir: t.TempDir(), Migrations: storetest.Migrations})
	insert(t, db, "p1", "a", "")
	greedy := func(tx store.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT hex(zeroblob(400000000))`)
		if err != nil {
			return err
		}
		defer rows.Close()
		rows.Next()
		return rows.Err()
	}
	for range 3 {
		if err := db.View(t.Context(), "p1", greedy); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("view: err = %v, want ErrUnavailable", err)
		}
		if err := db.Update(t.Context(), "p1", greedy); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("update: err = %v, want ErrUnavailable", err)
		}
	}
	insert(t, db, "p1", "b", "")
	if n := count(t, db, "p1"); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}

func TestAStatementCannotReachAnotherFile(t *testing.T) {
	dir := t.TempDir()
	db := open(t, sqlite.Options{Dir: dir, Migrations: storetest.Migrations})
	insert(t, db, "p1", "a", "")
	attach := func(tx store.Tx) error {
		_, err := tx.Exec(t.Context(), `ATTACH ? AS other`, filepath.Join(dir, "platform.db"))
		return err
	}
	if db.View(t.Context(), "p1", attach) == nil {
		t.Error("a view attached a file")
	}
	if db.Update(t.Context(), "p1", attach) == nil {
		t.Error("an update attached a file")
	}
}

func TestATransactionThatEndsItselfIsAnError(t *testing.T) {
	db := open(t, sqlite.Options{Dir: t.TempDir(), Migrations: storetest.Migrations})
	for _, sql := range []string{"COMMIT", "ROLLBACK"} {
		err := db.Update(t.Context(), "p1", func(tx store.Tx) error {
			_, err := tx.Exec(t.Context(), sql)
			return err
		})
		if err == nil {
			t.Errorf("%s was no error", sql)
		}
	}
	insert(t, db, "p1", "a", "")
}

func TestMoreTextsThanAreKept(t *testing.T) {
	db := open(t, sqlite.Options{Dir: t.TempDir(), Migrations: storetest.Migrations})
	err := db.View(t.Context(), "p1", func(tx store.Tx) error {
		for i := range 1000 {
			rows, err := tx.Query(t.Context(), fmt.Sprintf("SELECT %d", i))
			if err != nil {
				return err
			}
			if !rows.Next() || rows.Int(0) != int64(i) {
				t.Fatalf("SELECT %d = %d", i, rows.Int(0))
			}
			rows.Close()
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAMigrationThatPanicsKeepsNobodyWaiting(t *testing.T) {
	broken := true
	db := open(t, sqlite.Options{Dir: t.TempDir(), Migrations: func(project string) []migrate.Migration {
		if project == "p1" && broken {
			panic("boom")
		}
		return storetest.Migrations(project)
	}})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("nothing to recover")
			}
		}()
		insert(t, db, "p1", "a", "")
	}()
	broken = false
	insert(t, db, "p1", "b", "")
	if n := count(t, db, "p1"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}
