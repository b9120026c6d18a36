package documents

import (
	"context"
	"errors"

	"moorfast/internal/store"
)

// aloneDB is a store that runs statements in no transaction.
type aloneDB interface {
	// Alone runs a statement. It is told what to write before the names of a
	// project's tables.
	Alone(ctx context.Context, project string, sql func(schema string) string) error
}

// state is how far PostgreSQL is with an index.
type state uint8

const (
	unmade state = iota
	running
	broken // it was given up
	valid
)

// beside makes an index while others write, or removes one that was deleted before
// it was made.
func (b *Builder) beside(ctx context.Context, db aloneDB, project string, r indexRow) error {
	var (
		t  *Table
		ix *Index
		is state
	)
	err := b.db.View(ctx, project, func(tx store.Tx) (err error) {
		if t, ix, err = b.find(ctx, tx, r); err == nil && ix != nil {
			is, err = indexState(ctx, tx, t, ix)
		}
		return err
	})
	if err != nil || ix == nil || is == running { // by another node
		return err
	}
	if is == broken || ix.Status == Deleting {
		if err := drop(ctx, db, project, t, ix); err != nil {
			return err
		}
		is = unmade
	}
	problem := ""
	if is == unmade && ix.Status == Processing {
		if problem, err = create(ctx, db, project, t, ix); err != nil {
			return b.unlessGone(ctx, project, r, err)
		}
	}
	return b.settle(ctx, db, project, r, problem)
}

// unlessGone is an error that means nothing where the table was deleted meanwhile.
func (b *Builder) unlessGone(ctx context.Context, project string, r indexRow, err error) error {
	gone := false
	found := b.db.View(ctx, project, func(tx store.Tx) error {
		_, ix, err := b.find(ctx, tx, r)
		gone = err == nil && ix == nil
		return err
	})
	if gone {
		return nil
	}
	return errors.Join(err, found)
}

// settle says that an index is made, or what went wrong. It may have been deleted
// meanwhile.
func (b *Builder) settle(ctx context.Context, db aloneDB, project string, r indexRow, problem string) error {
	var (
		t       *Table
		deleted *Index
	)
	err := b.db.Update(ctx, project, func(tx store.Tx) error {
		table, ix, err := b.find(ctx, tx, r)
		t, deleted = table, nil
		switch {
		case err != nil || ix == nil:
			return err
		case ix.Status == Deleting:
			deleted = ix
			return nil
		case problem != "":
			return b.finish(ctx, tx, ix, Failed, problem)
		}
		return b.finish(ctx, tx, ix, Available, "")
	})
	if err != nil || deleted == nil {
		return err
	}
	if err := drop(ctx, db, project, t, deleted); err != nil {
		return err
	}
	return b.db.Update(ctx, project, func(tx store.Tx) error { return b.catalog.forgetIndex(ctx, tx, deleted, b.now().UnixMicro()) })
}

// create makes an index beside those who write. The problem is the rows' own.
func create(ctx context.Context, db aloneDB, project string, t *Table, ix *Index) (problem string, err error) {
	err = db.Alone(ctx, project, func(schema string) string { return createIndexBeside(t, ix, schema) })
	var repeated *store.ConflictError
	if !errors.As(err, &repeated) {
		return "", err
	}
	return repeats, drop(ctx, db, project, t, ix)
}

func drop(ctx context.Context, db aloneDB, project string, t *Table, ix *Index) error {
	return db.Alone(ctx, project, func(schema string) string {
		return `DROP INDEX CONCURRENTLY IF EXISTS ` + schema + indexName(t.seq, ix.seq)
	})
}

func indexState(ctx context.Context, tx store.Tx, t *Table, ix *Index) (state, error) {
	n, found, err := one(ctx, tx, `SELECT CASE WHEN i.indisvalid THEN 3 WHEN EXISTS (
			SELECT 1 FROM pg_stat_progress_create_index AS p WHERE p.datname = current_database() AND p.index_relid = i.indexrelid) THEN 1 ELSE 2 END
		FROM pg_index AS i WHERE i.indexrelid = to_regclass(?)`, indexName(t.seq, ix.seq))
	if !found {
		return unmade, err
	}
	return state(n), err
}
