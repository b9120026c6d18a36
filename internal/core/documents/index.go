package documents

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"moorfast/internal/core/listing"
	"moorfast/internal/query"
	"moorfast/internal/schema"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// Index is an index of a table. Moments are microseconds.
type Index struct {
	schema.Index
	CreatedAt int64
	UpdatedAt int64
	Status    string
	Error     string

	seq int64
}

type indexRow struct {
	Seq       int64    `col:"seq"`
	Key       string   `col:"id"`
	CreatedAt int64    `col:"created_at"`
	UpdatedAt int64    `col:"updated_at"`
	Table     int64    `col:"table_seq"`
	Type      string   `col:"type"`
	Columns   []string `col:"columns"`
	Orders    []string `col:"orders"`
	Lengths   []int64  `col:"lengths"`
	Status    string   `col:"status"`
	Error     string   `col:"error"`
}

func (r indexRow) index() Index {
	return Index{
		Index:     schema.Index{Key: r.Key, Type: schema.IndexType(r.Type), Columns: r.Columns, Orders: r.Orders, Lengths: r.Lengths},
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Status: r.Status, Error: r.Error, seq: r.Seq,
	}
}

// Index finds an index by its key.
func (t *Table) Index(key string) (*Index, error) {
	for i := range t.Indexes {
		if t.Indexes[i].Key == key {
			return &t.Indexes[i], nil
		}
	}
	return nil, &Error{Kind: NoIndex, Name: key}
}

var indexList = listing.Table{
	Name: indexesTable, Resource: "Index",
	Columns: map[string]listing.Column{
		"key": {Name: "id", Type: query.Text}, "type": {Name: "type", Type: query.Text},
		"status": {Name: "status", Type: query.Text}, "error": {Name: "error", Type: query.Text},
		"attributes": {Name: "columns", Type: query.Text, Array: true},
	},
}

// ListIndexes lists indexes of the table.
func (t *Table) ListIndexes(ctx context.Context, tx store.Tx, p listing.Page) ([]Index, int, error) {
	p.Where = sqlb.Eq("table_seq", t.seq)
	rows, total, err := listing.Read[indexRow](ctx, tx, indexList, p)
	indexes := make([]Index, len(rows))
	for i, r := range rows {
		indexes[i] = r.index()
	}
	return indexes, total, err
}

// CreateIndex adds an index at a time. A unique one that rows break already is
// kept as one that failed, for the client to see why. That of a large table is not
// made yet; see [Builder].
func (c *Catalog) CreateIndex(ctx context.Context, tx store.Tx, t *Table, ix schema.Index, now int64) (Index, error) {
	if err := t.checkNewIndex(ix); err != nil {
		return Index{}, err
	}
	later, err := c.later(ctx, tx, t, ix)
	if err == nil && later {
		return c.createLater(ctx, tx, t, ix, now)
	}
	if err == nil {
		err = t.idle(tx)
	}
	if err != nil {
		return Index{}, err
	}
	next := t.withIndex(tx.Dialect(), Index{Index: ix, Status: Available})
	if err := next.changeHashes(ctx, tx, t); err != nil {
		return Index{}, err
	}
	added, err := next.insertIndex(ctx, tx, ix, now)
	switch {
	case err != nil:
		return added, err
	case added.Status == Failed:
		err = t.changeHashes(ctx, tx, next)
	default:
		err = makeIndex(ctx, tx, next, &added)
	}
	if err != nil {
		return added, err
	}
	return added, c.raise(ctx, tx, now)
}

func (t *Table) checkNewIndex(ix schema.Index) error {
	for _, other := range t.Indexes {
		if strings.EqualFold(other.Key, ix.Key) {
			return &Error{Kind: IndexExists, Name: ix.Key}
		}
	}
	if err := t.withUnfinished().CheckIndex(ix); err != nil {
		return t.named(err)
	}
	return nil
}

// withUnfinished is the table with the indexes that are not made yet.
func (t *Table) withUnfinished() *schema.Table {
	indexes := slices.Clone(t.Schema.Indexes)
	for _, ix := range t.Indexes {
		if ix.unfinished() {
			indexes = append(indexes, ix.Index)
		}
	}
	if len(indexes) == len(t.Schema.Indexes) {
		return t.Schema
	}
	all := schema.NewTable(t.Schema.Columns, indexes)
	all.BlindIndexes = t.Schema.BlindIndexes
	return all
}

// insertIndex adds an index to the catalog only.
func (t *Table) insertIndex(ctx context.Context, tx store.Tx, ix schema.Index, now int64) (Index, error) {
	added := Index{Index: ix, CreatedAt: now, UpdatedAt: now, Status: Available}
	if ix.Type == schema.UniqueIndex {
		repeated, err := t.repeated(ctx, tx, ix)
		if err != nil {
			return added, err
		}
		if repeated {
			added.Status, added.Error = Failed, repeats
		}
	}
	return t.saveIndex(ctx, tx, added)
}

// repeats is why a unique index fails.
const repeats = "Rows have values that a unique index allows once."

func (t *Table) saveIndex(ctx context.Context, tx store.Tx, added Index) (Index, error) {
	ix := added.Index
	r := indexRow{
		Key: ix.Key, CreatedAt: added.CreatedAt, UpdatedAt: added.UpdatedAt, Table: t.seq, Type: string(ix.Type),
		Columns: ix.Columns, Orders: notNil(ix.Orders), Lengths: notNil(ix.Lengths), Status: added.Status, Error: added.Error,
	}
	if err := store.Insert(ctx, tx, indexesTable, &r); err != nil {
		if errors.Is(err, store.ErrConflict) {
			err = because(IndexExists, ix.Key, err)
		}
		return added, err
	}
	added.seq = r.Seq
	return added, nil
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// repeated tells whether rows have the same values in the columns of an index.
func (t *Table) repeated(ctx context.Context, tx store.Tx, ix schema.Index) (bool, error) {
	d := tx.Dialect()
	var terms, there []string
	for _, key := range ix.Columns {
		c := t.operand(key)
		term := d.Name(c.name)
		there = append(there, term+` IS NOT NULL`)
		if c.fold {
			term = d.Fold(term)
		}
		terms = append(terms, term)
	}
	rows, err := tx.Query(ctx, `SELECT 1 FROM `+d.Name(t.name)+` WHERE `+strings.Join(there, ` AND `)+
		` GROUP BY `+strings.Join(terms, `, `)+` HAVING count(*) > 1 LIMIT 1`)
	if err != nil {
		return false, err
	}
	found := rows.Next()
	return found, errors.Join(rows.Err(), rows.Close())
}

// DeleteIndex removes an index.
func (c *Catalog) DeleteIndex(ctx context.Context, tx store.Tx, t *Table, key string, now int64) error {
	ix, err := t.Index(key)
	if err != nil {
		return err
	}
	if ix.unfinished() && tx.Dialect() == sqlb.Postgres {
		return c.deleteLater(ctx, tx, ix, now)
	}
	if err := t.idle(tx); err != nil {
		return err
	}
	if err := dropIndex(ctx, tx, t.seq, ix.seq, ix.Type); err != nil {
		return err
	}
	if err := t.withoutIndex(tx.Dialect(), key).changeHashes(ctx, tx, t); err != nil {
		return err
	}
	return c.forgetIndex(ctx, tx, ix, now)
}

// deleteLater leaves an index that is being made to who makes it.
func (c *Catalog) deleteLater(ctx context.Context, tx store.Tx, ix *Index, now int64) error {
	if _, err := store.Exec(ctx, tx, sqlb.Update{
		Table: indexesTable, Where: sqlb.Eq("seq", ix.seq),
		Set: []sqlb.Assign{sqlb.Set("status", Deleting), sqlb.Set("updated_at", now)},
	}); err != nil {
		return err
	}
	if c.builder != nil {
		tx.OnCommit(func() { c.builder.want(tx.Project()) })
	}
	return c.raise(ctx, tx, now)
}

// forgetIndex removes an index from the catalog.
func (c *Catalog) forgetIndex(ctx context.Context, tx store.Tx, ix *Index, now int64) error {
	if _, err := store.DeleteWhere(ctx, tx, indexesTable, sqlb.Eq("seq", ix.seq)); err != nil {
		return err
	}
	return c.raise(ctx, tx, now)
}

// renameInIndexes gives a column its new key in the indexes that have it.
func (t *Table) renameInIndexes(ctx context.Context, tx store.Tx, from, to string, now int64) error {
	for i := range t.Indexes {
		ix := &t.Indexes[i]
		if !ix.Uses(from) {
			continue
		}
		columns := slices.Clone(ix.Columns)
		columns[slices.Index(columns, from)] = to
		text, err := json.Marshal(columns)
		if err != nil {
			return err
		}
		if _, err := store.Exec(ctx, tx, sqlb.Update{
			Table: indexesTable, Where: sqlb.Eq("seq", ix.seq),
			Set: []sqlb.Assign{sqlb.Set("columns", string(text)), sqlb.Set("updated_at", now)},
		}); err != nil {
			return err
		}
	}
	return nil
}
