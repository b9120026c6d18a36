package documents

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"moorfast/internal/schema"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// An index of a large table is made after the change that asks for it, so that
// nobody who changes rows waits for it: on PostgreSQL by a statement that lets
// others write, on SQLite a few rows at a time. That goes for words, which take
// 20 µs a row. Other indexes SQLite can only make at once, at 2 µs a row: who
// changes rows waits for that, but not who asked for the index.

// How large a table is whose indexes are made later: on SQLite by the highest
// number of a row, on PostgreSQL in bytes.
const (
	manyRows  = 2000 // with words
	mostRows  = 100_000
	manyBytes = 1 << 20
)

// How often a builder looks for what others have left unfinished, and after how
// long it tries again what went wrong.
const (
	buildEvery = time.Hour
	tryAgain   = time.Minute
)

// A Builder makes the indexes of large tables. It is one for all projects.
type Builder struct {
	catalog *Catalog
	db      store.DB
	now     func() time.Time
	most    int64 // rows of a table on SQLite whose indexes other than of words are made at once

	mu     sync.Mutex
	wanted map[string]bool // projects
	wake   chan struct{}
}

// NewBuilder returns a builder for the projects of a store.
func NewBuilder(db store.DB, now func() time.Time) *Builder {
	return &Builder{db: db, now: now, most: mostRows, wanted: map[string]bool{}, wake: make(chan struct{}, 1)}
}

// BuiltBy has the indexes of large tables made by a builder, which must run.
// Without one each is made within the change that asks for it. It is for a catalog
// that nobody uses yet.
func (c *Catalog) BuiltBy(b *Builder) *Catalog {
	if b != nil {
		b.catalog, c.builder = c, b
	}
	return c
}

// want has the builder look at a project.
func (b *Builder) want(project string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wanted[project] = true
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *Builder) take() map[string]bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	wanted := b.wanted
	b.wanted = map[string]bool{}
	return wanted
}

// Run makes indexes until ctx ends: those that were asked for, and now and then
// those that a program which has ended left behind. It tells of what goes wrong.
func (b *Builder) Run(ctx context.Context, tell func(project string, err error)) {
	ticker := time.NewTicker(buildEvery)
	defer ticker.Stop()
	for all := true; ; {
		b.round(ctx, all, tell)
		select {
		case <-ctx.Done():
			return
		case <-b.wake:
			all = false
		case <-ticker.C:
			all = true
		}
	}
}

// round looks at all projects, or at those that are wanted, unless they are gone.
func (b *Builder) round(ctx context.Context, all bool, tell func(project string, err error)) {
	wanted := b.take()
	projects, err := b.db.Projects(ctx)
	if err != nil && ctx.Err() == nil {
		tell("", err)
	}
	for _, project := range projects {
		if !all && !wanted[project] {
			continue
		}
		if err := b.Build(ctx, project); err != nil && ctx.Err() == nil {
			tell(project, err)
			time.AfterFunc(tryAgain, func() { b.want(project) })
		}
	}
}

// Build makes the indexes of a project that are not made yet.
func (b *Builder) Build(ctx context.Context, project string) error {
	var rows []indexRow
	err := b.db.View(ctx, project, func(tx store.Tx) (err error) {
		rows, err = store.List[indexRow](ctx, tx, sqlb.Select{
			From: indexesTable, Where: sqlb.In("status", Processing, Deleting), Order: []sqlb.Order{{Column: "seq"}},
		})
		return err
	})
	for _, r := range rows {
		var failed error
		if alone, ok := b.db.(aloneDB); ok {
			failed = b.beside(ctx, alone, project, r)
		} else if r.Type == string(schema.FulltextIndex) {
			failed = b.fill(ctx, project, r)
		} else {
			failed = b.sort(ctx, project, r)
		}
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("make index %s of %s: %w", r.Key, rowsTable(r.Table), failed))
		}
	}
	return err
}

// later tells whether an index is to be made after the change that adds it. What
// has hashes beside the rows is not: they are made with it.
func (c *Catalog) later(ctx context.Context, tx store.Tx, t *Table, ix schema.Index) (bool, error) {
	if c.builder == nil || slices.ContainsFunc(ix.Columns, func(key string) bool {
		column := t.Schema.Column(key)
		return column != nil && column.Encrypt
	}) {
		return false, nil
	}
	if tx.Dialect() == sqlb.Postgres {
		size, _, err := one(ctx, tx, `SELECT pg_table_size(to_regclass(?))`, t.name)
		return size > manyBytes, err
	}
	last, _, err := one(ctx, tx, `SELECT max(`+tx.Dialect().Name(seqColumn)+`) FROM `+tx.Dialect().Name(t.name))
	if ix.Type == schema.FulltextIndex {
		return last > manyRows, err
	}
	return last > c.builder.most, err
}

// createLater adds an index that is not made yet. On SQLite, changes of rows that
// have their words in it count from now on.
func (c *Catalog) createLater(ctx context.Context, tx store.Tx, t *Table, ix schema.Index, now int64) (Index, error) {
	added, err := t.saveIndex(ctx, tx, Index{Index: ix, CreatedAt: now, UpdatedAt: now, Status: Processing})
	if err == nil && tx.Dialect() == sqlb.SQLite && ix.Type == schema.FulltextIndex {
		err = execAll(ctx, tx, beginWords(tx.Dialect(), t, &added))
	}
	if err != nil {
		return added, err
	}
	tx.OnCommit(func() { c.builder.want(tx.Project()) })
	return added, c.raise(ctx, tx, now)
}

func execAll(ctx context.Context, tx store.Tx, statements []string) error {
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// idle refuses a change of the store's table while an index of it is made beside
// those who write: they would wait for the change, which waits for the index.
func (t *Table) idle(tx store.Tx) error {
	if tx.Dialect() == sqlb.Postgres && slices.ContainsFunc(t.Indexes, func(ix Index) bool { return ix.unfinished() }) {
		return fmt.Errorf("%w: an index of %s is being made", store.ErrUnavailable, t.name)
	}
	return nil
}

func (ix *Index) unfinished() bool { return ix.Status == Processing || ix.Status == Deleting }

// find reads an index, and its table, as they are now. There is none where either
// was deleted.
func (b *Builder) find(ctx context.Context, tx store.Tx, r indexRow) (*Table, *Index, error) {
	row, err := store.Find[tableRow](ctx, tx, tablesTable, sqlb.Eq("seq", r.Table))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, nil
	} else if err != nil {
		return nil, nil, err
	}
	db, err := store.Find[Database](ctx, tx, databasesTable, sqlb.Eq("seq", row.Database))
	if err != nil {
		return nil, nil, err
	}
	t, err := b.catalog.loadRow(ctx, tx, db, row, 0)
	if err != nil {
		return nil, nil, err
	}
	for i := range t.Indexes {
		if t.Indexes[i].seq == r.Seq {
			return t, &t.Indexes[i], nil
		}
	}
	return nil, nil, nil
}

// finish says what became of an index.
func (b *Builder) finish(ctx context.Context, tx store.Tx, ix *Index, status, problem string) error {
	now := b.now().UnixMicro()
	if _, err := store.Exec(ctx, tx, sqlb.Update{
		Table: indexesTable, Where: sqlb.Eq("seq", ix.seq),
		Set: []sqlb.Assign{sqlb.Set("status", status), sqlb.Set("error", problem), sqlb.Set("updated_at", now)},
	}); err != nil {
		return err
	}
	return b.catalog.raise(ctx, tx, now)
}

// How many rows SQLite takes up at a time, and for how long others may wait for
// that.
const (
	fewWords  = 10
	manyWords = 1000
	aWhile    = 10 * time.Millisecond
)

// fill takes the rows of a table up into an index of words on SQLite, a few at a
// time.
func (b *Builder) fill(ctx context.Context, project string, r indexRow) error {
	for rows, done := fewWords, false; !done; {
		var took time.Duration
		err := b.db.Update(ctx, project, func(tx store.Tx) error {
			start := b.now()
			defer func() { took = b.now().Sub(start) }()
			t, ix, err := b.find(ctx, tx, r)
			if done = ix == nil || ix.Status != Processing; done || err != nil {
				return err
			}
			added, err := tx.Exec(ctx, addWords(tx.Dialect(), t, ix, rows))
			if done = added < int64(rows); !done || err != nil {
				return err
			}
			if err := execAll(ctx, tx, endWords(tx.Dialect(), t, ix)); err != nil {
				return err
			}
			return b.finish(ctx, tx, ix, Available, "")
		})
		if err != nil {
			return err
		}
		if took < aWhile/2 {
			rows = min(2*rows, manyWords)
		} else if took > aWhile {
			rows = max(rows/2, fewWords)
		}
	}
	return nil
}

// sort makes an index on SQLite.
func (b *Builder) sort(ctx context.Context, project string, r indexRow) error {
	change := func(do func(tx store.Tx, t *Table, ix *Index) error) error {
		return b.db.Update(ctx, project, func(tx store.Tx) error {
			t, ix, err := b.find(ctx, tx, r)
			if err != nil || ix == nil || ix.Status != Processing {
				return err
			}
			return do(tx, t, ix)
		})
	}
	err := change(func(tx store.Tx, t *Table, ix *Index) error {
		if err := makeIndex(ctx, tx, t, ix); err != nil {
			return err
		}
		return b.finish(ctx, tx, ix, Available, "")
	})
	if errors.Is(err, store.ErrConflict) {
		err = change(func(tx store.Tx, _ *Table, ix *Index) error { return b.finish(ctx, tx, ix, Failed, repeats) })
	}
	return err
}
