package documents_test

import (
	"context"
	"os"
	"testing"

	"moorfast/internal/core/documents"
	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/postgres"
	"moorfast/internal/store/postgres/postgrestest"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/vault"
	"moorfast/internal/vault/vaulttest"
)

// onPostgres says that the tests are to run on PostgreSQL, as those of the
// server do: with MOORFAST_TEST_SERVER=postgres and MOORFAST_TEST_POSTGRES.
var onPostgres = os.Getenv("MOORFAST_TEST_SERVER") == "postgres"

// needSQLite skips what looks into SQLite itself.
func needSQLite(t *testing.T) {
	t.Helper()
	if onPostgres {
		t.Skip("looks into SQLite")
	}
}

func openStore(tb testing.TB) store.DB {
	tb.Helper()
	v := vaulttest.New(tb)
	if err := v.Prepare(tb.Context(), project); err != nil {
		tb.Fatal(err)
	}
	db, err := openEngine(tb, v)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

func openEngine(tb testing.TB, v *vault.Vault) (store.DB, error) {
	migrations := func(string) []migrate.Migration {
		return []migrate.Migration{
			{Number: 1, Name: "documents", SQL: documents.Tables},
			{Number: 2, Name: "transactions", SQL: documents.TransactionTables},
			{Number: 3, Name: "relations", SQL: documents.RelationTables},
		}
	}
	if onPostgres {
		url := postgrestest.Database(tb, os.Getenv("MOORFAST_TEST_POSTGRES"))
		return postgres.Open(context.Background(), postgres.Options{URL: url, Vault: v, Migrations: migrations})
	}
	return sqlite.Open(sqlite.Options{Dir: tb.TempDir(), Vault: v, Migrations: migrations})
}
