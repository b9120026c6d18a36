package postgres

import (
	"errors"
	"os"
	"strings"
	"testing"

	"moorfast/internal/store"
)

// What a session kept, a pooler would give to the next client.
func TestATransactionLeavesNothingInItsSession(t *testing.T) {
	url := os.Getenv("MOORFAST_TEST_POSTGRES")
	if url == "" {
		t.Skip("set MOORFAST_TEST_POSTGRES to the URL of a database to test on")
	}
	ctx := t.Context()
	db, err := Open(ctx, Options{URL: url, Prefix: "session", Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	defer db.execute(ctx, `DROP SCHEMA session_platform CASCADE`)
	session := func() (path string, statements int) {
		t.Helper()
		if err := db.pool.QueryRow(ctx, `SELECT current_setting('search_path'), (SELECT count(*) FROM pg_prepared_statements WHERE name <> '' AND name NOT LIKE 'stmtcache%')`).Scan(&path, &statements); err != nil {
			t.Fatal(err)
		}
		return path, statements
	}
	before, _ := session()
	for _, fail := range []error{nil, errors.New("undo")} {
		err := db.Update(ctx, store.Platform, func(tx store.Tx) error {
			if _, err := tx.Exec(ctx, `SELECT ?`, "x"); err != nil {
				t.Error(err)
			}
			return fail
		})
		if !errors.Is(err, fail) {
			t.Fatal(err)
		}
		after, statements := session()
		if after != before || strings.Contains(after, "session") {
			t.Errorf("the path became %s, from %s", after, before)
		}
		if statements != 0 {
			t.Errorf("%d prepared statements were left", statements)
		}
	}
}
