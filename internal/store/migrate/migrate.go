// Package migrate brings a database to the schema that the program expects.
//
// Migrations are numbered and only ever added. Each runs in a transaction of
// its own together with its record, so an interrupted migration has happened or
// has not.
package migrate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// A Migration is one step. Its SQL is the same on both engines but for what the
// dialect helps with, one statement per element.
type Migration struct {
	Number int // greater than the one before it, and than 0
	Name   string
	SQL    func(d sqlb.Dialect) []string
}

// ErrNewer says that a newer program has migrated the database further than
// this one knows how to read. Starting the newer program again is the way out.
var ErrNewer = errors.New("migrate: the database is newer than the program")

// Apply runs those of list that the database has not seen, in order. update
// runs a function in a transaction, as [store.DB] does for a project; several
// nodes may do so at once.
func Apply(ctx context.Context, update func(func(store.Tx) error) error, list []Migration, now time.Time) error {
	if err := check(list); err != nil {
		return err
	}
	at, err := applied(ctx, update)
	if err != nil {
		return err
	}
	if last := last(list); at > last {
		return fmt.Errorf("%w: it is at migration %d, the program at %d", ErrNewer, at, last)
	}
	for _, m := range list {
		if m.Number <= at {
			continue
		}
		if err := update(func(tx store.Tx) error { return m.run(ctx, tx, now) }); err != nil {
			// A taken number is another node that was quicker.
			if errors.Is(err, store.ErrConflict) {
				if n, again := applied(ctx, update); again == nil && n >= m.Number {
					continue
				}
			}
			return fmt.Errorf("migrate: %d (%s): %w", m.Number, m.Name, err)
		}
	}
	return nil
}

func check(list []Migration) error {
	before := 0
	for _, m := range list {
		if m.Number <= before {
			return fmt.Errorf("migrate: %d (%s) is not in order after %d", m.Number, m.Name, before)
		}
		before = m.Number
	}
	return nil
}

func last(list []Migration) int {
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1].Number
}

// run records the migration before it makes its changes, so that of two nodes
// the second waits at the record, and finds it taken.
func (m Migration) run(ctx context.Context, tx store.Tx, now time.Time) error {
	if _, err := tx.Exec(ctx, `INSERT INTO migrations (number, name, applied_at) VALUES (?, ?, ?)`, m.Number, m.Name, now.UnixMicro()); err != nil {
		return err
	}
	for _, sql := range m.SQL(tx.Dialect()) {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// applied returns the number of the last migration that has run, and makes the
// table that says so.
func applied(ctx context.Context, update func(func(store.Tx) error) error) (n int, err error) {
	read := func(tx store.Tx) error {
		d := tx.Dialect()
		if _, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS migrations (number `+d.Int()+` PRIMARY KEY, name `+d.Text()+` NOT NULL, applied_at `+d.Int()+` NOT NULL)`); err != nil {
			return err
		}
		return store.Each(ctx, tx, `SELECT coalesce(max(number), 0) FROM migrations`, nil, func(rows store.Rows) error {
			n = int(rows.Int(0))
			return nil
		})
	}
	err = update(read)
	if errors.Is(err, store.ErrConflict) {
		// Two nodes that make one table at once meet in PostgreSQL's catalog.
		err = update(read)
	}
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	return n, nil
}
