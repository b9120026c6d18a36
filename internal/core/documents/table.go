package documents

import (
	"context"
	"errors"
	"sync/atomic"

	"moorfast/internal/identity"
	"moorfast/internal/perm"
	"moorfast/internal/query"
	"moorfast/internal/schema"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// Ref names a table.
type Ref struct{ Database, Table string }

// Table is a table as a version of the catalog has it. It does not change.
// Moments are microseconds.
type Table struct {
	ID          string
	Name        string
	Enabled     bool // for who is no server
	RowSecurity bool // rows have permissions of their own, beside the table's
	Permissions perm.Set
	CreatedAt   int64
	UpdatedAt   int64
	Database    Database
	Schema      *schema.Table
	Columns     []Column // in the order of Schema
	Indexes     []Index

	version int64
	seq     int64
	name    string // of the store's table
	fields  []field
	links   []link           // relationships, and those of others that have no column here
	steps   map[string]*step // what dotted queries at hand lead through; see [Table.reaching]
	rules   query.Rules
	texts   texts
	sizes   *sizes
	catalog *Catalog

	// current is a version of the store in which version is the catalog's: a view
	// that sees it need not ask; see [store.Tx.Version].
	current *atomic.Uint64
}

type tableKey struct {
	project string
	ref     Ref
}

// Table returns a table for a transaction that only reads. Ask for it before
// anything else is read: only then is what the transaction sees as new as it.
func (c *Catalog) Table(ctx context.Context, tx store.Tx, ref Ref) (*Table, error) {
	key := tableKey{tx.Project(), ref}
	now, numbered := tx.Version()
	if held, err := c.held(key); numbered && err == nil && held.current.Load() == now {
		return held, nil
	}
	t, err := c.table(ctx, tx, key)
	if err == nil && numbered {
		t.current.Store(now)
	}
	return t, err
}

func (c *Catalog) held(key tableKey) (*Table, error) {
	return c.tables.Get(key, func() (*Table, error) { return nil, errNotHeld })
}

func (c *Catalog) table(ctx context.Context, tx store.Tx, key tableKey) (*Table, error) {
	v, err := version(ctx, tx)
	if err != nil {
		return nil, err
	}
	ref := key.ref
	load := func() (*Table, error) { return c.load(ctx, tx, ref, v) }
	t, err := c.tables.Get(key, load)
	if err == nil && t.version != v {
		c.tables.Drop(key)
		t, err = c.tables.Get(key, load)
	}
	return t, err
}

var errNotHeld = errors.New("documents: the table is not held")

// TableToChange is [Catalog.Table] for a transaction that changes something.
// What such a one reads is kept once it is committed.
func (c *Catalog) TableToChange(ctx context.Context, tx store.Tx, ref Ref) (*Table, error) {
	v, err := version(ctx, tx)
	if err != nil {
		return nil, err
	}
	key := tableKey{tx.Project(), ref}
	t, err := c.held(key)
	if err == nil && t.version == v {
		return t, nil
	}
	if t, err = c.load(ctx, tx, ref, v); err != nil {
		return nil, err
	}
	tx.OnCommit(func() {
		c.tables.Drop(key)
		_, _ = c.tables.Get(key, func() (*Table, error) { return t, nil })
	})
	return t, nil
}

// VisibleTo returns the table, unless it or its database is switched off for
// the actor.
func (t *Table) VisibleTo(actor *identity.Actor) (*Table, error) {
	switch {
	case actor.Server():
	case !t.Database.Enabled:
		return nil, &Error{Kind: NoDatabase, Name: t.Database.ID}
	case !t.Enabled:
		return nil, &Error{Kind: NoTable, Name: t.ID}
	}
	return t, nil
}

type tableRow struct {
	Seq         int64  `col:"seq"`
	ID          string `col:"id"`
	CreatedAt   int64  `col:"created_at"`
	UpdatedAt   int64  `col:"updated_at"`
	Database    int64  `col:"database_seq"`
	Name        string `col:"name"`
	Enabled     bool   `col:"enabled"`
	RowSecurity bool   `col:"row_security"`
	Permissions string `col:"permissions"`
	LastColumn  int64  `col:"last_column"`
}

// load reads a table from the catalog.
func (c *Catalog) load(ctx context.Context, tx store.Tx, ref Ref, version int64) (*Table, error) {
	db, err := store.Get[Database](ctx, tx, databasesTable, ref.Database)
	if errors.Is(err, store.ErrNotFound) {
		return nil, because(NoDatabase, ref.Database, err)
	} else if err != nil {
		return nil, err
	}
	row, err := findTable(ctx, tx, db, ref.Table)
	if err != nil {
		return nil, err
	}
	return c.loadRow(ctx, tx, db, row, version)
}

func findTable(ctx context.Context, tx store.Tx, db Database, id string) (tableRow, error) {
	row, err := store.Find[tableRow](ctx, tx, tablesTable, sqlb.And(sqlb.Eq("database_seq", db.Seq), sqlb.Eq("id", id)))
	if errors.Is(err, store.ErrNotFound) {
		return row, because(NoTable, id, err)
	}
	return row, err
}

func (c *Catalog) loadRow(ctx context.Context, tx store.Tx, db Database, row tableRow, version int64) (*Table, error) {
	bySeq := []sqlb.Order{{Column: "seq"}}
	columns, err := store.List[columnRow](ctx, tx, sqlb.Select{From: columnsTable, Where: sqlb.Eq("table_seq", row.Seq), Order: bySeq})
	if err != nil {
		return nil, err
	}
	indexes, err := store.List[indexRow](ctx, tx, sqlb.Select{From: indexesTable, Where: sqlb.Eq("table_seq", row.Seq), Order: bySeq})
	if err != nil {
		return nil, err
	}
	set, err := perm.Load(row.Permissions)
	if err != nil {
		return nil, err
	}
	t := &Table{
		ID: row.ID, Name: row.Name, Enabled: row.Enabled, RowSecurity: row.RowSecurity, Permissions: set,
		CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt, Database: db,
		version: version, seq: row.Seq, name: rowsTable(row.Seq), sizes: new(sizes), catalog: c, current: new(atomic.Uint64),
	}
	for _, r := range columns {
		t.Columns = append(t.Columns, r.column())
	}
	if t.links, err = loadLinks(ctx, tx, db.ID, row.Seq); err != nil {
		return nil, err
	}
	for i := range t.Columns {
		t.Columns[i].Relation = t.relationOf(&t.Columns[i])
	}
	for _, r := range indexes {
		t.Indexes = append(t.Indexes, r.index())
	}
	t.prepare(tx.Dialect())
	return t, nil
}

// prepare makes of the catalog's rows what requests need.
func (t *Table) prepare(d sqlb.Dialect) {
	columns := make([]schema.Column, len(t.Columns))
	for i := range t.Columns {
		columns[i] = t.Columns[i].Column
	}
	var indexes []schema.Index
	for i := range t.Indexes {
		if t.Indexes[i].Status == Available {
			indexes = append(indexes, t.Indexes[i].Index)
		}
	}
	t.Schema = schema.NewTable(columns, indexes)
	t.Schema.BlindIndexes = t.catalog.blind
	t.fields = make([]field, len(columns))
	for i := range columns {
		t.fields[i] = newField(d, &t.Schema.Columns[i], t.Columns[i].Number)
		t.fields[i].link = t.linkOf(&t.Columns[i])
		if t.blinded(&t.Schema.Columns[i]) {
			t.fields[i].hash = hashColumn(t.Columns[i].Number)
		}
	}
	t.rules = t.queryRules()
	t.texts = newTexts(d, t)
}

// Version changes whenever anything of the project's catalog does.
func (t *Table) Version() int64 { return t.version }
