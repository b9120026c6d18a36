package sqlite_test

import (
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/store/storetest"
	"moorfast/internal/vault/vaulttest"
)

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.DB {
		return open(t, sqlite.Options{Dir: t.TempDir(), Migrations: storetest.Migrations, Vault: vaulttest.New(t)})
	})
}

func TestMigrations(t *testing.T) {
	storetest.RunMigrations(t, func(t *testing.T) storetest.Opener {
		dir := t.TempDir()
		return func(t *testing.T, migrations func(string) []migrate.Migration) (store.DB, error) {
			return open(t, sqlite.Options{Dir: dir, Migrations: migrations}), nil
		}
	})
}

// open opens a data directory, and closes it with the test.
func open(t testing.TB, o sqlite.Options) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(o)
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
