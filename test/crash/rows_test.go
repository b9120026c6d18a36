package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"moorfast/internal/core/documents"
	"moorfast/internal/identity"
	"moorfast/internal/perm"
	"moorfast/internal/schema"
	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/sqlite"
	"moorfast/internal/vault"
)

const (
	rowsProject = "p1"
	bulkRows    = 20 // of a bulk
	stagedRows  = 3  // that a transaction makes, beside what it changes
)

var (
	rowsRef = documents.Ref{Database: "main", Table: "t"}
	machine = identity.Actor{Kind: identity.Key}.As(identity.RoleKeys, nil, true)
)

// TestKillWhileRowsAreWritten kills a process that makes rows in bulk and commits
// transactions of users' tables: each is there as a whole or not at all, and so
// is the count of who may read what.
func TestKillWhileRowsAreWritten(t *testing.T) {
	rounds := rounds(t, 3)
	dir := t.TempDir()
	announced := make(map[string]int)
	for round := range rounds {
		// Every other process finds its files in the form that it does not want.
		t.Setenv(sealedFiles, []string{"1", ""}[round%2])
		before := total(announced)
		kill(t, rowsDir, dir, announced, 1+rand.IntN(300))
		if total(announced) == before {
			t.Fatal("the process announced nothing")
		}
		checkRows(t, dir, announced)
		if t.Failed() {
			t.Fatalf("after %d kills, %d changes announced", round+1, total(announced))
		}
	}
	t.Logf("%d kills, %d changes announced", rounds, total(announced))
}

// openRows opens the store with the keys that seal what transactions carry.
func openRows(dir string) (store.DB, error) {
	ring := filepath.Join(dir, "keyring")
	_, err := os.Stat(ring)
	v, err := vault.Open(context.Background(), vault.Options{
		Storage: vault.NewRingFile(ring), Create: errors.Is(err, os.ErrNotExist), Now: time.Now,
		Source: vault.KeyText("CRASH_KEY", vault.Hide("6f1c53a9b0e24d7788f0c1d2e3a4b59607182939aabbccddeeff001122334455")),
	})
	if err != nil {
		return nil, err
	}
	if err := v.Prepare(context.Background(), rowsProject); err != nil {
		return nil, err
	}
	return sqlite.Open(sqlite.Options{Dir: filepath.Join(dir, "data"), Vault: v, Sealed: os.Getenv(sealedFiles) != "", Migrations: func(string) []migrate.Migration {
		return []migrate.Migration{
			{Number: 1, Name: "documents", SQL: documents.Tables},
			{Number: 2, Name: "transactions", SQL: documents.TransactionTables},
			{Number: 3, Name: "relations", SQL: documents.RelationTables},
		}
	}})
}

// writeRows changes rows until it is killed, or until a change fails.
func writeRows(dir string, out io.Writer) error {
	db, err := openRows(dir)
	if err != nil {
		return err
	}
	catalog := documents.New()
	if err := makeTable(db, catalog); err != nil {
		return err
	}
	failed := make(chan error)
	for n := range workers {
		w := rowsWorker{db: db, catalog: catalog, out: out, id: n, by: documents.By{Actor: &machine, Form: documents.AsTables}}
		go func() { failed <- w.work() }()
	}
	return <-failed
}

func makeTable(db store.DB, catalog *documents.Catalog) error {
	ctx := context.Background()
	return db.Update(ctx, rowsProject, func(tx store.Tx) error {
		if _, err := catalog.Database(ctx, tx, rowsRef.Database); err == nil {
			return nil // by a process before
		}
		if _, err := catalog.CreateDatabase(ctx, tx, documents.Database{ID: rowsRef.Database, Name: "Main", Enabled: true, Type: "tablesdb"}); err != nil {
			return err
		}
		integer, _ := schema.KindOf(schema.Integer, "")
		text, _ := schema.KindOf(schema.Text, "")
		_, err := catalog.CreateTable(ctx, tx, rowsRef.Database, documents.NewTable{
			ID: rowsRef.Table, Name: "T", Enabled: true, RowSecurity: true,
			Columns: []schema.Column{integer.Column("n"), text.Column("text")},
			Indexes: []schema.Index{{Key: "n", Type: schema.KeyIndex, Columns: []string{"n"}}},
		}, 1)
		return err
	})
}

type rowsWorker struct {
	db      store.DB
	catalog *documents.Catalog
	out     io.Writer
	id      int
	by      documents.By
}

func (w *rowsWorker) work() error {
	ctx := context.Background()
	number, err := rowsWritten(ctx, w.db, w.id)
	for err == nil {
		number++
		w.by.Now = time.Now()
		if number%2 == 0 {
			err = w.bulk(ctx, number)
		} else {
			err = w.transaction(ctx, number)
		}
	}
	return fmt.Errorf("worker %d, change %d: %w", w.id, number, err)
}

// rows are what a change makes. Its permission set goes with the last digit of
// the number, so that sets come and are shared.
func (w *rowsWorker) rows(number, n int) []documents.Row {
	set := perm.New([]string{fmt.Sprintf(`read("user:u%d")`, number%10)}, perm.Row)
	rows := make([]documents.Row, n)
	for i := range rows {
		rows[i] = documents.Row{
			ID:   fmt.Sprintf("w%d-%d-%d", w.id, number, i),
			Data: fmt.Appendf(nil, `{"n":%d,"text":"%s"}`, number, strings.Repeat("x", rand.IntN(2000))), Permissions: &set,
		}
	}
	return rows
}

func (w *rowsWorker) update(ctx context.Context, number int, announce bool, fn func(tx store.Tx) error) error {
	return w.db.Update(ctx, rowsProject, func(tx store.Tx) error {
		if announce {
			tx.OnCommit(func() { fmt.Fprintln(w.out, rowsProject, w.id, number) })
		}
		return fn(tx)
	})
}

func (w *rowsWorker) bulk(ctx context.Context, number int) error {
	rows := w.rows(number, bulkRows)
	return w.update(ctx, number, true, func(tx store.Tx) error {
		t, err := w.catalog.TableToChange(ctx, tx, rowsRef)
		if err != nil {
			return err
		}
		_, err = t.CreateMany(ctx, tx, w.by, rows)
		return err
	})
}

// transaction stages rows, and a change of the worker's own row that says how far
// it is, and commits them.
func (w *rowsWorker) transaction(ctx context.Context, number int) error {
	id := fmt.Sprintf("t%d-%d-%d", w.id, number, time.Now().UnixNano())
	ops := make([]documents.Operation, 0, stagedRows+1)
	for _, row := range w.rows(number, stagedRows) {
		ops = append(ops, documents.Operation{Ref: rowsRef, Action: documents.CreateAction, Rows: []documents.Row{row}})
	}
	own := documents.Row{ID: fmt.Sprintf("own%d", w.id), Data: fmt.Appendf(nil, `{"n":%d}`, number)}
	ops = append(ops, documents.Operation{Ref: rowsRef, Action: documents.UpsertAction, Rows: []documents.Row{own}})
	err := w.update(ctx, number, false, func(tx store.Tx) error {
		n, err := documents.CreateTransaction(ctx, tx, w.by.Actor, id, w.by.Now, time.Minute)
		if err != nil {
			return err
		}
		_, err = w.catalog.Stage(ctx, tx, w.by, n, ops)
		return err
	})
	if err != nil {
		return err
	}
	return w.update(ctx, number, true, func(tx store.Tx) error {
		_, err := w.catalog.Commit(ctx, tx, w.by, id)
		return err
	})
}

// rowsWritten returns the number of a worker's last change, and an error if any
// is there by halves.
func rowsWritten(ctx context.Context, db store.DB, worker int) (last int, err error) {
	err = db.View(ctx, rowsProject, func(tx store.Tx) error {
		counts := map[int]int{}
		prefix, own := fmt.Sprintf("w%d-", worker), int64(0)
		err := store.Each(ctx, tx, `SELECT "_id", c1 FROM rows_1`, nil, func(rows store.Rows) error {
			switch id := string(rows.Text(0)); {
			case strings.HasPrefix(id, prefix):
				counts[int(rows.Int(1))]++
			case id == fmt.Sprintf("own%d", worker):
				own = rows.Int(1)
			}
			return nil
		})
		if err != nil {
			return err
		}
		last = len(counts)
		for number := 1; number <= last; number++ {
			want := stagedRows
			if number%2 == 0 {
				want = bulkRows
			}
			if counts[number] != want {
				return fmt.Errorf("change %d of %d has %d rows, want %d", number, last, counts[number], want)
			}
		}
		if committed := last - (last+1)%2; last > 0 && own != int64(committed) {
			return fmt.Errorf("the worker's own row is at %d, its last transaction was %d", own, committed)
		}
		return nil
	})
	return last, err
}

func checkRows(t *testing.T, dir string, announced map[string]int) {
	t.Helper()
	db, err := openRows(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := intact(t.Context(), db, rowsProject); err != nil {
		t.Error(err)
	}
	for worker := range workers {
		key := announcement{project: rowsProject, worker: worker}.key()
		n, err := rowsWritten(t.Context(), db, worker)
		if err != nil {
			t.Errorf("%s: %v", key, err)
		}
		// The last one may have been committed, and not announced any more.
		if last := announced[key]; n != last && n != last+1 {
			t.Errorf("%s: %d changes are there, %d were announced", key, n, last)
		}
		announced[key] = n
	}
	err = db.View(t.Context(), rowsProject, func(tx store.Tx) error {
		wrong, err := query(t.Context(), tx, `SELECT count(*) FROM
			(SELECT "_acl" AS acl, count(*) AS n FROM rows_1 GROUP BY "_acl") AS r
			FULL JOIN (SELECT acl, n FROM acl_rows WHERE table_seq = 1) AS c ON c.acl = r.acl
			WHERE r.n IS NULL OR c.n IS NULL OR r.n <> c.n`)
		if err == nil && wrong != 0 {
			err = fmt.Errorf("%d permission sets are counted wrongly", wrong)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
