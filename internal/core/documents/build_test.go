package documents_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"moorfast/internal/core/documents"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// later has indexes of large tables made by the builder that it returns.
func (b *bench) later() *documents.Builder {
	builder := documents.NewBuilder(b.db, func() time.Time { return b.now })
	b.catalog = documents.New().BuiltBy(builder)
	return builder
}

// large makes a table so large that its indexes are made later, with a row "r0"
// and copies of it that differ in "n".
func (b *bench) large(rows int) documents.Ref {
	b.Helper()
	ref := b.table(documents.NewTable{Columns: []schema.Column{column("body:string"), column("n:integer"), column("at:point", required)}})
	b.mustCreate(ref, "r0", `{"body":"first words","n":0,"at":[1,2]}`)
	numbers := `WITH RECURSIVE g(i) AS (SELECT CAST(? AS INTEGER) UNION ALL SELECT i+1 FROM g WHERE i < CAST(? AS INTEGER)) `
	if onPostgres {
		numbers = `WITH g AS (SELECT generate_series(CAST(? AS bigint), CAST(? AS bigint)) AS i) `
	}
	b.write(func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Exec(ctx, numbers+`INSERT INTO rows_1 (_id, _created, _updated, _acl, c1, c2, c3, c3w, c3e, c3s, c3n)
			SELECT 'r' || i, _created, _updated, _acl, 'word' || i || ' and what makes a row long: `+strings.Repeat("x", 100)+`', i, c3, c3w, c3e, c3s, c3n
			FROM g, rows_1 WHERE _id = 'r0'`, 1, rows)
		if err == nil {
			_, err = tx.Exec(ctx, `UPDATE acl_rows SET n = n + ? WHERE table_seq = 1`, rows)
		}
		return err
	})
	return ref
}

var (
	wordsIndex  = schema.Index{Key: "words", Type: schema.FulltextIndex, Columns: []string{"body"}}
	uniqueIndex = schema.Index{Key: "once", Type: schema.UniqueIndex, Columns: []string{"n"}}
)

// status is that of an index, or "none".
func (b *bench) status(ref documents.Ref, key string) string {
	b.Helper()
	status := "none"
	b.view(func(ctx context.Context, tx store.Tx) error {
		t, err := b.catalog.Table(ctx, tx, ref)
		if err != nil {
			return err
		}
		for _, ix := range t.Indexes {
			if ix.Key == key {
				status = ix.Status
			}
		}
		return nil
	})
	return status
}

func (b *bench) wantStatus(ref documents.Ref, key, want string) {
	b.Helper()
	if got := b.status(ref, key); got != want {
		b.Errorf("index %s is %s, want %s", key, got, want)
	}
}

// mustLater asks for an index, which must not be made yet.
func (b *bench) mustLater(ref documents.Ref, ix schema.Index) {
	b.Helper()
	if added, err := b.addIndex(ref, ix); err != nil || added.Status != documents.Processing {
		b.Fatalf("index %s: %s, %v", ix.Key, added.Status, err)
	}
}

func (b *bench) build(builder *documents.Builder) {
	b.Helper()
	if err := builder.Build(b.Context(), project); err != nil {
		b.Fatal(err)
	}
}

func TestRowsThatChangeWhileAnIndexIsMade(t *testing.T) {
	b := newBench(t)
	builder := b.later()
	ref := b.large(12000)
	b.mustLater(ref, wordsIndex)
	if _, err := b.list(ref, server, q("search", "body", "words")); err == nil {
		t.Error("words are looked for before they are known")
	}
	if _, err := b.addIndex(ref, schema.Index{Key: "more", Type: schema.FulltextIndex, Columns: []string{"body"}}); err == nil {
		t.Error("a second index of words is made")
	}
	b.mustUpdate(ref, "r5", `{"body":"changed before"}`)
	if err := b.delete(ref, server, "r7"); err != nil {
		t.Fatal(err)
	}
	b.mustCreate(ref, "last", `{"body":"came before","at":[0,0]}`)

	var writes, first, seen atomic.Int64
	first.Store(-1)
	watched := documents.NewBuilder(b.db, func() time.Time { // each time that it does something
		first.CompareAndSwap(-1, writes.Load())
		seen.Store(writes.Load())
		return b.now
	})
	b.catalog.BuiltBy(watched)
	done := make(chan error, 1)
	go func() { done <- watched.Build(t.Context(), project) }()
	var err error
	for i := 0; ; i++ {
		id := fmt.Sprint("during", i)
		b.mustCreate(ref, id, `{"body":"came during","at":[0,0]}`)
		b.mustUpdate(ref, fmt.Sprint("r", 10+i%10000), `{"body":"changed during"}`)
		if i%2 == 1 {
			if err := b.delete(ref, server, id); err != nil {
				t.Fatal(err)
			}
		}
		writes.Add(1)
		select {
		case err = <-done:
		default:
			continue
		}
		break
	}
	if err != nil {
		t.Fatal(err)
	}
	if !onPostgres && seen.Load() == first.Load() {
		t.Errorf("of %d writes none was made while the index was", writes.Load())
	}
	b.wantStatus(ref, "words", documents.Available)
	b.build(builder) // which finds nothing to do
	all, err := b.list(ref, server, q("limit", "", 20000))
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"first", "before", "during", "came", "word11999", "word7", "makes"} {
		want := 0
		for _, row := range all.Rows {
			for _, word := range strings.Fields(row["body"].(string)) {
				if strings.HasPrefix(word, words) {
					want++
					break
				}
			}
		}
		p, err := b.list(ref, server, q("search", "body", words), q("limit", "", 1))
		if err != nil || p.Total != min(want, 5000) {
			t.Errorf("%s: found in %d rows, %v, want %d", words, p.Total, err, want)
		}
	}
	if !onPostgres {
		b.write(func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO rows_1_i1 (rows_1_i1, rank) VALUES ('integrity-check', 1)`)
			return err
		})
	}
	b.mustCreate(ref, "after", `{"body":"afterwards","at":[0,0]}`)
	b.wantRows(ref, "after", q("search", "body", "afterwards"))
}

func TestIndexesThatAreDeletedBeforeTheyAreMade(t *testing.T) {
	b := newBench(t)
	builder := b.later()
	ref := b.large(12000)
	builder.AtOnce(1000)
	before := b.storeIndexes()
	for _, ix := range []schema.Index{wordsIndex, uniqueIndex} {
		b.mustLater(ref, ix)
		b.dropIndex(ref, ix.Key)
		b.build(builder)
		b.wantStatus(ref, ix.Key, "none")
		if after := b.storeIndexes(); after != before {
			t.Errorf("the store has %s, want %s", after, before)
		}
	}
	b.mustLater(ref, wordsIndex)
	b.build(builder)
	b.wantRows(ref, "r0", q("search", "body", "first"))
	b.mustLater(ref, uniqueIndex)
	b.write(func(ctx context.Context, tx store.Tx) error { return b.catalog.DeleteTable(ctx, tx, ref, 9) })
	b.build(builder)
	if left := b.storeIndexes(); left != "" {
		t.Errorf("of a table that was deleted the store has %s", left)
	}
}

// storeIndexes names what finds rows in the store.
func (b *bench) storeIndexes() (names string) {
	b.Helper()
	sql := `SELECT name FROM sqlite_schema WHERE name LIKE 'rows_1%' ORDER BY name`
	if onPostgres {
		sql = `SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname LIKE 'rows_1%' ORDER BY relname`
	}
	b.view(func(ctx context.Context, tx store.Tx) error {
		return store.Each(ctx, tx, sql, nil, func(rows store.Rows) error {
			names += " " + string(rows.Text(0))
			return nil
		})
	})
	return names
}

func TestUniqueIndexesOfLargeTables(t *testing.T) {
	b := newBench(t)
	builder := b.later()
	ref := b.large(12000)
	b.mustUpdate(ref, "r1", `{"n":2}`)
	for _, atOnce := range []int64{1000, 100000} { // on SQLite
		builder.AtOnce(atOnce)
		if added, err := b.addIndex(ref, uniqueIndex); err != nil || added.Status == documents.Available {
			t.Fatalf("%s, %v", added.Status, err)
		}
		b.build(builder)
		b.wantStatus(ref, "once", documents.Failed)
		b.dropIndex(ref, "once")
	}
	b.mustUpdate(ref, "r1", `{"n":1}`)
	builder.AtOnce(1000)
	b.mustLater(ref, uniqueIndex)
	b.build(builder)
	b.wantStatus(ref, "once", documents.Available)
	_, err := b.update(ref, server, "r1", `{"n":2}`, nil)
	wantKind(t, err, documents.RowNotUnique)
}

// TestIndexesThatWereLeftUnfinished are made by who comes next.
func TestIndexesThatWereLeftUnfinished(t *testing.T) {
	b := newBench(t)
	b.later()
	ref := b.large(12000)
	b.mustLater(ref, wordsIndex)
	if alone, ok := b.db.(interface {
		Alone(context.Context, string, func(string) string) error
	}); ok {
		// A statement that fails leaves an index behind that is not valid.
		if err := alone.Alone(t.Context(), project, func(schema string) string {
			return `CREATE INDEX CONCURRENTLY rows_1_i1 ON ` + schema + `rows_1 ((1 / (c2 - c2)))`
		}); err == nil {
			t.Fatal("the statement does not fail")
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan bool)
	go func() {
		defer close(ended)
		b.later().Run(ctx, func(project string, err error) { t.Errorf("%s: %v", project, err) })
	}()
	for b.status(ref, "words") == documents.Processing {
		time.Sleep(time.Millisecond)
	}
	stop()
	<-ended
	b.wantRows(ref, "r0", q("search", "body", "first"))
}

// TestWritersDoNotWaitForAnIndex has PostgreSQL make one while a transaction is
// open that it waits for.
func TestWritersDoNotWaitForAnIndex(t *testing.T) {
	if !onPostgres {
		t.Skip("needs PostgreSQL")
	}
	b := newBench(t)
	builder := b.later()
	ref := b.large(12000)
	b.mustLater(ref, schema.Index{Key: "n", Type: schema.KeyIndex, Columns: []string{"n"}})
	done, release, open := make(chan error, 1), make(chan bool), make(chan bool)
	go func() {
		done <- b.try(func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE rows_1 SET c2 = 77 WHERE _id = 'r77'`)
			close(open)
			<-release
			return err
		})
	}()
	<-open
	built := make(chan error, 1)
	go func() { built <- builder.Build(t.Context(), project) }()
	for waits := false; !waits; {
		b.view(func(ctx context.Context, tx store.Tx) error {
			return store.Each(ctx, tx, `SELECT 1 FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting for writers%'`, nil,
				func(store.Rows) error { waits = true; return nil })
		})
	}
	b.mustCreate(ref, "beside", `{"n":-5,"at":[0,0]}`)
	if err := b.addColumn(ref, column("more:integer")); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a column while an index is made: %v", err)
	}
	b.wantStatus(ref, "n", documents.Processing)
	close(release)
	if err := errors.Join(<-done, <-built); err != nil {
		t.Fatal(err)
	}
	b.wantStatus(ref, "n", documents.Available)
	if err := b.addColumn(ref, column("more:integer")); err != nil {
		t.Error(err)
	}
	b.wantRows(ref, "beside", q("equal", "n", -5))
}
