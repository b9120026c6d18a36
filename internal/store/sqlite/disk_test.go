package sqlite_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/store/storetest"
)

func TestADatabaseAtItsLimitStopsWritesOnly(t *testing.T) {
	db := open(t, sqlite.Options{Dir: t.TempDir(), Migrations: storetest.Migrations})
	pages := func(limit int) {
		t.Helper()
		err := db.Update(t.Context(), "p1", func(tx store.Tx) error {
			_, err := tx.Exec(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", limit))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	pages(100)
	fillUntilRefused(t, db)
	pages(1_000_000)
	insert(t, db, "p1", "after", "")
	wantIntact(t, db)
}

// fillUntilRefused writes from several goroutines until there is no room, and
// checks that what was acknowledged, and only that, is there.
func fillUntilRefused(t *testing.T, db store.DB) {
	t.Helper()
	title := strings.Repeat("x", 2000)
	acknowledged := make([]int, 8)
	var wg sync.WaitGroup
	for w := range acknowledged {
		wg.Go(func() {
			for range 10_000 {
				err := tryInsert(t, db, "p1", fmt.Sprintf("%d-%d", w, acknowledged[w]), title)
				if err != nil {
					if !errors.Is(err, store.ErrUnavailable) {
						t.Errorf("err = %v, want ErrUnavailable", err)
					}
					return
				}
				acknowledged[w]++
			}
			t.Error("the disk did not fill")
		})
	}
	wg.Wait()
	total := 0
	for _, n := range acknowledged {
		total += n
	}
	if n := count(t, db, "p1"); n != total || n == 0 {
		t.Errorf("%d rows, want the %d that were acknowledged", n, total)
	}
	wantIntact(t, db)
}

func wantIntact(t *testing.T, db store.DB) {
	t.Helper()
	err := db.View(t.Context(), "p1", func(tx store.Tx) error {
		rows, err := tx.Query(t.Context(), "PRAGMA integrity_check")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if text := string(rows.Text(0)); text != "ok" {
				t.Errorf("integrity: %s", text)
			}
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}
