package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/sqlb"
)

// An Opener opens one place, any number of times, with the migrations given.
// Each database is closed at the end of the test, if not before.
type Opener func(t *testing.T, migrations func(project string) []migrate.Migration) (store.DB, error)

// RunMigrations checks how an engine brings its databases up to date. Each call
// of place returns an empty one.
func RunMigrations(t *testing.T, place func(t *testing.T) Opener) {
	for _, test := range migrationTests {
		t.Run(test.name, func(t *testing.T) { test.run(t, place(t)) })
	}
}

var migrationTests = []struct {
	name string
	run  func(t *testing.T, open Opener)
}{
	{"migrations run once, in order, and later ones when they come", func(t *testing.T, open Opener) {
		for n := 1; n <= 3; n++ {
			for range 2 {
				db := migrated(t, open, steps(n, ""))
				if got, want := history(t, db), steps(n, ""); len(got) != len(want) {
					t.Errorf("history = %q after %d steps", got, n)
				}
				must(t, db.Close())
			}
		}
		db := migrated(t, open, steps(3, ""))
		if got, want := history(t, db), []string{"1 step1", "2 step2", "3 step3"}; !slices.Equal(got, want) {
			t.Errorf("history = %q, want %q", got, want)
		}
	}},
	{"each project has its own list", func(t *testing.T, open Opener) {
		db, err := open(t, func(project string) []migrate.Migration {
			if project == store.Platform {
				return steps(1, "")
			}
			return steps(2, "")
		})
		must(t, err)
		for project, want := range map[string]int{store.Platform: 1, "p1": 2, "p2": 2} {
			must(t, db.View(t.Context(), project, func(tx store.Tx) error {
				n, err := store.Count(t.Context(), tx, "migrations", nil, 0)
				if n != want {
					t.Errorf("%s has %d migrations, want %d", project, n, want)
				}
				return err
			}))
		}
	}},
	{"a database of a newer program is refused", func(t *testing.T, open Opener) {
		db := migrated(t, open, steps(3, ""))
		history(t, db)
		must(t, db.Close())
		older := migrated(t, open, steps(2, ""))
		for range 2 {
			err := older.View(t.Context(), project, func(store.Tx) error { t.Error("it ran"); return nil })
			wantErr(t, err, migrate.ErrNewer)
		}
	}},
	{"a migration that fails leaves nothing, and runs again", func(t *testing.T, open Opener) {
		db := migrated(t, open, steps(3, "SELECT no_such_column FROM step2"))
		err := db.View(t.Context(), project, func(store.Tx) error { t.Error("it ran"); return nil })
		if err == nil {
			t.Fatal("a broken migration ran")
		}
		must(t, db.Close())
		db = migrated(t, open, steps(2, ""))
		if got, want := history(t, db), []string{"1 step1", "2 step2"}; !slices.Equal(got, want) {
			t.Errorf("history = %q, want %q", got, want)
		}
	}},
	{"numbers out of order are a mistake in the program", func(t *testing.T, open Opener) {
		list := steps(2, "")
		slices.Reverse(list)
		db := migrated(t, open, list)
		if db.View(t.Context(), project, func(store.Tx) error { return nil }) == nil {
			t.Error("they ran")
		}
	}},
	{"many who open a project at once migrate it once", func(t *testing.T, open Opener) {
		db := migrated(t, open, steps(3, ""))
		each(16, func(int) {
			if got := history(t, db); len(got) != 3 {
				t.Errorf("history = %q", got)
			}
		})
	}},
}

// migrated opens a place whose projects have a list of migrations.
func migrated(t *testing.T, open Opener, list []migrate.Migration) store.DB {
	t.Helper()
	db, err := open(t, func(project string) []migrate.Migration {
		if project == store.Platform {
			return nil
		}
		return list
	})
	must(t, err)
	return db
}

// steps are n migrations that make a table each. The last runs extra too.
func steps(n int, extra string) []migrate.Migration {
	list := make([]migrate.Migration, n)
	for i := range list {
		name := fmt.Sprintf("step%d", i+1)
		list[i] = migrate.Migration{Number: i + 1, Name: name, SQL: func(d sqlb.Dialect) []string {
			statements := []string{`CREATE TABLE ` + d.Name(name) + ` (n ` + d.Serial() + `)`}
			if extra != "" && i == n-1 {
				statements = append(statements, extra)
			}
			return statements
		}}
	}
	return list
}

// history lists the migrations that a project has seen.
func history(t *testing.T, db store.DB) (list []string) {
	t.Helper()
	view(t, db, func(ctx context.Context, tx store.Tx) error {
		return store.Each(ctx, tx, `SELECT number, name, applied_at FROM migrations ORDER BY number`, nil, func(rows store.Rows) error {
			list = append(list, fmt.Sprintf("%d %s", rows.Int(0), rows.Text(1)))
			if rows.Int(2) <= 0 {
				return errors.New("a migration has no date")
			}
			return nil
		})
	})
	return list
}
