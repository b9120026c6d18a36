// Package postgrestest lends databases to tests on a real PostgreSQL server.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// most is how many databases the tests of all processes may use at once.
	most = 64
	// inUse is the advisory lock of a database that a test has.
	inUse = 0x6d6f6f72
	// patience is how long a test waits for what another left in a database.
	patience = 30 * time.Second
)

// Database lends an empty database of the server that address names to a test,
// and returns its own address.
//
// It stays on the server when the tests are over:
// to drop one, PostgreSQL brings everything to the disk, which took longer
// than the tests. For the same reason a commit in it does not wait for the disk.
func Database(t testing.TB, address string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for n := 1; n <= most; n++ {
		name := fmt.Sprintf("moorfast_test_%d", n)
		lent, conn, err := borrow(ctx, address, name)
		if err != nil {
			t.Fatalf("borrow %s: %v", name, err)
		}
		if conn == nil {
			continue
		}
		// The lock goes with the connection, also when the process is killed.
		t.Cleanup(func() { conn.Close(context.Background()) })
		return lent
	}
	t.Fatalf("all of %d databases are in use", most)
	return ""
}

// borrow takes the database, which it makes where it is missing. Without a
// connection, another test has it.
func borrow(ctx context.Context, address, name string) (lent string, conn *pgx.Conn, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	conn, err = pgx.Connect(ctx, u.String())
	if is(err, "3D000") { // there is no such database
		if err := create(ctx, address, name); err != nil {
			return "", nil, err
		}
		conn, err = pgx.Connect(ctx, u.String())
	}
	if err != nil {
		return "", nil, err
	}
	var taken bool
	err = conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, inUse).Scan(&taken)
	if err == nil && taken {
		err = empty(ctx, conn)
	}
	if err != nil || !taken {
		return "", nil, errors.Join(err, conn.Close(ctx))
	}
	return u.String(), conn, nil
}

func create(ctx context.Context, address, name string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `CREATE DATABASE `+name)
	if is(err, "42P04") || is(err, "23505") { // another process was faster
		return nil
	}
	if err == nil {
		// Tests make thousands of small commits, and no test cuts the power.
		_, err = conn.Exec(ctx, `ALTER DATABASE `+name+` SET synchronous_commit = off`)
	}
	return err
}

// empty drops all schemas, each by itself, so that the server has room for the
// locks of their tables.
func empty(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`)
	if err != nil {
		return err
	}
	schemas, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, schema := range schemas {
		if _, err := conn.Exec(ctx, `DROP SCHEMA `+schema+` CASCADE`); err != nil {
			return err
		}
	}
	_, err = conn.Exec(ctx, `CREATE SCHEMA public`)
	return err
}

func is(err error, code string) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == code
}
