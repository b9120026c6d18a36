package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"moorfast/internal/store"
	"moorfast/internal/store/postgres"
	"moorfast/internal/store/storetest"
)

func TestAServerThatIsNotThereIsUnavailable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, err = postgres.Open(t.Context(), postgres.Options{URL: "postgres://u@" + address + "/x"})
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("err = %v, want ErrUnavailable", err)
	}
}

func TestALostConnectionIsUnavailableAndComesBack(t *testing.T) {
	address := server(t)
	db := open(t, postgres.Options{URL: address, Prefix: prefix(t, address), Migrations: storetest.Migrations})
	err := db.Update(t.Context(), "p1", func(tx store.Tx) error {
		pid := value(t, tx, `SELECT pg_backend_pid()`)
		if err := insert(t, tx, "lost"); err != nil {
			return err
		}
		admin(t, address, func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, `SELECT pg_terminate_backend($1::text::int)`, pid)
			return err
		})
		return insert(t, tx, "lost too")
	})
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("err = %v, want ErrUnavailable", err)
	}
	err = db.Update(t.Context(), "p1", func(tx store.Tx) error {
		if n := value(t, tx, `SELECT count(*) FROM notes`); n != "0" {
			t.Errorf("%s rows of a lost transaction", n)
		}
		return insert(t, tx, "a")
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAnUpdateOnAStandbyIsUnavailable(t *testing.T) {
	address := server(t)
	// A transaction that cannot write says the same as a server that cannot.
	db := open(t, postgres.Options{URL: address, Prefix: prefix(t, address), Migrations: storetest.Migrations})
	err := db.Update(t.Context(), "p1", func(tx store.Tx) error {
		if _, err := tx.Exec(t.Context(), `SET TRANSACTION READ ONLY`); err != nil {
			return err
		}
		return insert(t, tx, "a")
	})
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("err = %v, want ErrUnavailable", err)
	}
}

func TestNodesThatOpenAProjectAtOnceMigrateItOnce(t *testing.T) {
	address := server(t)
	prefix := prefix(t, address)
	for round := range 5 {
		var nodes sync.WaitGroup
		for range 4 {
			nodes.Go(func() {
				db, err := postgres.Open(t.Context(), postgres.Options{URL: address, Prefix: prefix, Migrations: storetest.Migrations, Connections: 2})
				if err != nil {
					t.Error(err)
					return
				}
				defer db.Close()
				err = db.View(t.Context(), fmt.Sprint("p", round), func(tx store.Tx) error {
					if n := value(t, tx, `SELECT count(*) FROM migrations`); n != "2" {
						t.Errorf("%s migrations", n)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		nodes.Wait()
	}
}

func TestPrefixes(t *testing.T) {
	for _, p := range []string{"a_b", "A", "1a", "a-b", `a"`, "a234567890123456789012", "é"} {
		if _, err := postgres.NewRing(postgres.Options{Prefix: p}); err == nil {
			t.Errorf("%q was taken", p)
		}
	}
}

func TestABadURLShowsNoPassword(t *testing.T) {
	_, err := postgres.Open(t.Context(), postgres.Options{URL: "postgres://u:hunter2@127.0.0.1:1/x?sslmode=no"})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("err = %v", err)
	}
}

func insert(t *testing.T, tx store.Tx, id string) error {
	_, err := tx.Exec(t.Context(), `INSERT INTO notes (id) VALUES (?)`, id)
	return err
}

// value returns the first column of a query's only row.
func value(t *testing.T, tx store.Tx, sql string) string {
	t.Helper()
	rows, err := tx.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	return string(rows.Text(0))
}

func TestNodesThatWantTheSameRowLoseNothing(t *testing.T) {
	address := server(t)
	prefix := prefix(t, address)
	const nodes, writers, rounds = 3, 4, 15
	var wg sync.WaitGroup
	for range nodes {
		db := open(t, postgres.Options{URL: address, Prefix: prefix, Migrations: storetest.Migrations, Connections: writers})
		for range writers {
			wg.Go(func() {
				for range rounds {
					err := db.Update(t.Context(), "p1", func(tx store.Tx) error {
						var n int64
						err := store.Each(t.Context(), tx, `SELECT coalesce(max(size), 0) FROM notes`, nil, func(rows store.Rows) error {
							n = rows.Int(0)
							return nil
						})
						if err != nil {
							return err
						}
						_, err = tx.Exec(t.Context(), `INSERT INTO notes (id, size) VALUES ('counter', ?) ON CONFLICT (id) DO UPDATE SET size = excluded.size`, n+1)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	db := open(t, postgres.Options{URL: address, Prefix: prefix, Migrations: storetest.Migrations})
	err := db.View(t.Context(), "p1", func(tx store.Tx) error {
		if n := value(t, tx, `SELECT size FROM notes`); n != fmt.Sprint(nodes*writers*rounds) {
			t.Errorf("counter = %s, want %d", n, nodes*writers*rounds)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
