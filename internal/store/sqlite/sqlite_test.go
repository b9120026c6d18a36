package sqlite_test

import (
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/store/storetest"
)

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.DB { return open(t, t.TempDir()) })
}

// open opens a directory with the tables of the suite in it.
func open(t testing.TB, dir string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(sqlite.Options{Dir: dir, Migrations: storetest.Migrations})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
