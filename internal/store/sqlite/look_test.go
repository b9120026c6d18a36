package sqlite_test

import (
	"context"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlite"
)

func TestALookBesideAServerSeesWhatWasCommittedAndChangesNothing(t *testing.T) {
	dir := t.TempDir()
	ctx := context.Background()
	if _, err := sqlite.Look(sqlite.Options{Dir: dir}); err == nil {
		t.Error("a directory without data was opened")
	}
	db, err := sqlite.Open(sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	write := func(sql string) {
		t.Helper()
		err := db.Update(ctx, "shop", func(tx store.Tx) error {
			_, err := tx.Exec(ctx, sql)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	write(`CREATE TABLE t (n INTEGER)`)
	write(`INSERT INTO t VALUES (7)`)
	l, err := sqlite.Look(sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	err = l.View(ctx, "shop", func(tx store.Tx) error {
		return store.Each(ctx, tx, `SELECT n FROM t`, nil, func(rows store.Rows) error { n = rows.Int(0); return nil })
	})
	if err != nil || n != 7 {
		t.Errorf("got %d %v, want 7", n, err)
	}
	if err := l.View(ctx, "shop", func(tx store.Tx) error { _, err := tx.Exec(ctx, `DELETE FROM t`); return err }); err == nil {
		t.Error("a look has changed a row")
	}
	if err := l.Update(ctx, "shop", func(store.Tx) error { return nil }); err == nil {
		t.Error("a look was updated")
	}
	if err := l.View(ctx, "nowhere", func(store.Tx) error { return nil }); err == nil {
		t.Error("a project that is not there was looked at")
	}
	write(`INSERT INTO t VALUES (8)`)
}
