// Package storetest is the behaviour that every engine must show. Each engine
// runs it against a real database.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/sqlb"
)

// A test shows one promise, on an empty database.
type test struct {
	name string
	run  func(t *testing.T, db store.DB)
}

// Run checks the engine that open returns: on an empty place, migrated by
// [Migrations], and closed again when its test ends.
func Run(t *testing.T, open func(t *testing.T) store.DB) {
	for _, test := range slices.Concat(transactionTests, conflictTests, valueTests, builderTests, rowTests, secretTests, concurrencyTests, projectTests) {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// Migrations makes the tables that the suite works on.
func Migrations(string) []migrate.Migration {
	return []migrate.Migration{
		{Number: 1, Name: "notes", SQL: func(d sqlb.Dialect) []string {
			return []string{
				`CREATE TABLE notes (
					seq ` + d.Serial() + `,
					id ` + d.Text() + ` NOT NULL UNIQUE,
					title ` + d.Text() + `,
					email ` + d.Text() + `,
					size ` + d.Int() + `,
					score ` + d.Real() + `,
					body ` + d.Blob() + `,
					tags ` + d.Text() + `,
					secret ` + d.Text() + `
				)`,
				`CREATE UNIQUE INDEX notes_email ON notes (` + d.Fold("email") + `)`,
			}
		}},
		{Number: 2, Name: "links", SQL: func(d sqlb.Dialect) []string {
			return []string{
				`CREATE TABLE links (source ` + d.Text() + ` NOT NULL, target ` + d.Text() + ` NOT NULL, PRIMARY KEY (source, target))`,
			}
		}},
	}
}

// project is where the suite works, when it does not matter where.
const project = "p1"

// errUndo is what a transaction returns to be rolled back.
var errUndo = errors.New("undo")

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mustPanic wants fn to panic with "boom", in this goroutine.
func mustPanic(t *testing.T, fn func() error) {
	t.Helper()
	defer func() {
		if got := recover(); got == nil || !strings.Contains(fmt.Sprint(got), "boom") {
			t.Errorf("recovered %v, want boom", got)
		}
	}()
	t.Errorf("no panic, but %v", fn())
}

// mustExit runs fn in a goroutine, which it must end.
func mustExit(t *testing.T, fn func() error) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.Errorf("no exit, but %v", fn())
	}()
	<-done
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("err = %v, want %v", err, want)
	}
}

// update runs fn in a transaction that must commit.
func update(t *testing.T, db store.DB, fn func(ctx context.Context, tx store.Tx) error) {
	t.Helper()
	ctx := t.Context()
	must(t, db.Update(ctx, project, func(tx store.Tx) error { return fn(ctx, tx) }))
}

// view runs fn in a view that must succeed.
func view(t *testing.T, db store.DB, fn func(ctx context.Context, tx store.Tx) error) {
	t.Helper()
	ctx := t.Context()
	must(t, db.View(ctx, project, func(tx store.Tx) error { return fn(ctx, tx) }))
}

// exec runs statements in a transaction that must commit.
func exec(t *testing.T, db store.DB, statements ...string) {
	t.Helper()
	update(t, db, func(ctx context.Context, tx store.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// add is a transaction that adds a note.
func add(ctx context.Context, id string) func(store.Tx) error {
	return func(tx store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO notes (id) VALUES (?)`, id)
		return err
	}
}

// ids returns the ids of a project's notes, in the order they were added.
func ids(t *testing.T, db store.DB, project string) []string {
	t.Helper()
	var list []string
	must(t, db.View(t.Context(), project, func(tx store.Tx) error {
		return store.Each(t.Context(), tx, `SELECT id FROM notes ORDER BY seq`, nil, func(rows store.Rows) error {
			list = append(list, string(rows.Text(0)))
			return nil
		})
	}))
	return list
}

func wantIDs(t *testing.T, db store.DB, want ...string) {
	t.Helper()
	if got := ids(t, db, project); !slices.Equal(got, want) {
		t.Errorf("notes = %q, want %q", got, want)
	}
}
