package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/store/sqlite"
)

const (
	workers = 4 // of each project
	parts   = 5 // rows of each transaction
)

var projects = []string{store.Platform, "p1", "p2"}

// An announcement says that a worker's transaction of that number is committed.
type announcement struct {
	project string
	worker  int
	number  int
}

func (a announcement) key() string { return fmt.Sprintf("%s/%d", a.project, a.worker) }

// options keep fewer projects open than are used, so that kills also hit the
// opening and closing of files.
func options(dir string) sqlite.Options {
	return sqlite.Options{Dir: dir, OpenProjects: 2, Migrations: func(string) []migrate.Migration {
		return []migrate.Migration{{Number: 1, Name: "parts", SQL: func(d sqlb.Dialect) []string {
			return []string{
				`CREATE TABLE counters (worker ` + d.Int() + ` PRIMARY KEY, number ` + d.Int() + ` NOT NULL)`,
				`CREATE TABLE parts (seq ` + d.Serial() + `,
					worker ` + d.Int() + ` NOT NULL REFERENCES counters (worker),
					number ` + d.Int() + ` NOT NULL,
					part ` + d.Int() + ` NOT NULL,
					text ` + d.Text() + ` NOT NULL,
					UNIQUE (worker, number, part))`,
			}
		}}}
	}}
}

// write does transactions until it is killed, or until one fails.
func write(dir string, out io.Writer) error {
	db, err := sqlite.Open(options(dir))
	if err != nil {
		return err
	}
	failed := make(chan error)
	for _, project := range projects {
		for worker := range workers {
			go func() { failed <- work(db, announcement{project: project, worker: worker}, out) }()
		}
	}
	return <-failed
}

func work(db store.DB, a announcement, out io.Writer) (err error) {
	ctx := context.Background()
	if a.number, err = written(ctx, db, a); err != nil {
		return err
	}
	for {
		a.number++
		// Pages of all sizes, so that the log fills and is brought in.
		text := strings.Repeat("x", rand.IntN(4000))
		err := db.Update(ctx, a.project, func(tx store.Tx) error {
			tx.OnCommit(func() { fmt.Fprintln(out, a.project, a.worker, a.number) })
			return transaction(ctx, tx, a, text)
		})
		if err != nil {
			return fmt.Errorf("%s %d: %w", a.key(), a.number, err)
		}
	}
}

// transaction writes rows that belong together: the counter, and as many parts
// as there have to be.
func transaction(ctx context.Context, tx store.Tx, a announcement, text string) error {
	if _, err := tx.Exec(ctx, `INSERT INTO counters (worker, number) VALUES (?, ?) ON CONFLICT (worker) DO UPDATE SET number = excluded.number`, a.worker, a.number); err != nil {
		return err
	}
	for part := range parts {
		if _, err := tx.Exec(ctx, `INSERT INTO parts (worker, number, part, text) VALUES (?, ?, ?, ?)`, a.worker, a.number, part, text); err != nil {
			return err
		}
	}
	// Old rows go, so that pages are used again.
	_, err := tx.Exec(ctx, `DELETE FROM parts WHERE worker = ? AND number <= ?`, a.worker, a.number-kept)
	return err
}

// kept is how many transactions of a worker leave their parts in place.
const kept = 50

// written returns the number of a worker's last transaction, and an error if
// any is there by halves.
func written(ctx context.Context, db store.DB, a announcement) (number int, err error) {
	err = db.View(ctx, a.project, func(tx store.Tx) error {
		last, err := query(ctx, tx, `SELECT coalesce(max(number), 0) FROM counters WHERE worker = ?`, a.worker)
		if err != nil {
			return err
		}
		number = int(last)
		rows, err := query(ctx, tx, `SELECT count(*) FROM parts WHERE worker = ?`, a.worker)
		if err != nil {
			return err
		}
		whole, err := query(ctx, tx, `SELECT count(*) FROM (
			SELECT number FROM parts WHERE worker = ? AND number BETWEEN ? AND ?
			GROUP BY number HAVING count(*) = ? AND min(length(text)) = max(length(text))) AS t`,
			a.worker, max(1, number-kept+1), number, parts)
		if err != nil {
			return err
		}
		if want := min(last, kept); whole != want || rows != want*parts {
			return fmt.Errorf("%d rows, %d whole transactions, want %d", rows, whole, want)
		}
		return nil
	})
	return number, err
}

// intact asks SQLite whether the file is in order.
func intact(ctx context.Context, db store.DB, project string) error {
	return db.View(ctx, project, func(tx store.Tx) error {
		for _, check := range []string{`PRAGMA integrity_check`, `PRAGMA foreign_key_check`} {
			rows, err := tx.Query(ctx, check)
			if err != nil {
				return err
			}
			for rows.Next() {
				if text := string(rows.Text(0)); text != "ok" {
					err = errors.Join(err, fmt.Errorf("%s: %s", check, text))
				}
			}
			if err := errors.Join(err, rows.Err(), rows.Close()); err != nil {
				return err
			}
		}
		return nil
	})
}

func query(ctx context.Context, tx store.Tx, sql string, args ...any) (int64, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	if !rows.Next() {
		return 0, rows.Err()
	}
	return rows.Int(0), nil
}
