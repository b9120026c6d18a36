// Package postgrestest makes databases for tests on a real PostgreSQL server.
package postgrestest

import (
	"context"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"

	"moorfast/internal/id"
)

// Database makes a database on the server that address names, and returns its
// own address. It is dropped with the test.
func Database(t testing.TB, address string) string {
	t.Helper()
	name := "moorfast_test_" + id.Secret(6)
	do(t, address, `CREATE DATABASE `+name)
	t.Cleanup(func() { do(t, address, `DROP DATABASE `+name+` WITH (FORCE)`) })
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func do(t testing.TB, address, sql string) {
	t.Helper()
	ctx := context.Background() // the test's own is over when it cleans up
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatalf("connect to PostgreSQL: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
