package postgres_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/postgres"
	"moorfast/internal/store/storetest"
	"moorfast/internal/vault/vaulttest"
)

func TestSuite(t *testing.T) {
	url := server(t)
	storetest.Run(t, func(t *testing.T) store.DB {
		return open(t, postgres.Options{URL: url, Prefix: prefix(t, url), Migrations: storetest.Migrations, Vault: vaulttest.New(t)})
	})
}

func TestMigrations(t *testing.T) {
	url := server(t)
	storetest.RunMigrations(t, func(t *testing.T) storetest.Opener {
		prefix := prefix(t, url)
		return func(t *testing.T, migrations func(string) []migrate.Migration) (store.DB, error) {
			return open(t, postgres.Options{URL: url, Prefix: prefix, Migrations: migrations}), nil
		}
	})
}

// server returns the URL of the server to test on.
func server(t testing.TB) string {
	t.Helper()
	url := os.Getenv("MOORFAST_TEST_POSTGRES")
	if url == "" {
		t.Skip("set MOORFAST_TEST_POSTGRES to the URL of a database to test on")
	}
	return url
}

var prefixes atomic.Int64

// prefix returns a name for schemas that nobody else uses. They go with the test.
func prefix(t testing.TB, url string) string {
	t.Helper()
	prefix := fmt.Sprintf("t%dx%d", os.Getpid(), prefixes.Add(1))
	t.Cleanup(func() {
		admin(t, url, func(ctx context.Context, conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, `SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1)`, prefix+"_")
			if err != nil {
				return err
			}
			names, err := pgx.CollectRows(rows, pgx.RowTo[string])
			for _, name := range names {
				if _, err := conn.Exec(ctx, `DROP SCHEMA "`+name+`" CASCADE`); err != nil {
					return err
				}
			}
			return err
		})
	})
	return prefix
}

// admin does what a test needs to do behind the engine's back.
func admin(t testing.TB, url string, fn func(ctx context.Context, conn *pgx.Conn) error) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := fn(ctx, conn); err != nil {
		t.Error(err)
	}
}

// open connects to a server, and closes the connection with the test.
func open(t testing.TB, o postgres.Options) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
