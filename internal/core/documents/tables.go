package documents

import (
	"context"
	"errors"
	"fmt"

	"moorfast/internal/core/listing"
	"moorfast/internal/perm"
	"moorfast/internal/query"
	"moorfast/internal/schema"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// NewTable is a table that is about to be made.
type NewTable struct {
	ID          string
	Name        string
	Enabled     bool
	RowSecurity bool
	Permissions perm.Set
	Columns     []schema.Column
	Indexes     []schema.Index
}

// CreateTable adds a table to a database at a time.
func (c *Catalog) CreateTable(ctx context.Context, tx store.Tx, database string, n NewTable, now int64) (*Table, error) {
	db, err := c.Database(ctx, tx, database)
	if err != nil {
		return nil, err
	}
	row := tableRow{
		ID: n.ID, CreatedAt: now, UpdatedAt: now, Database: db.Seq, Name: n.Name,
		Enabled: n.Enabled, RowSecurity: n.RowSecurity, Permissions: n.Permissions.JSON(),
	}
	if err := store.Insert(ctx, tx, tablesTable, &row); err != nil {
		if errors.Is(err, store.ErrConflict) {
			err = because(TableExists, n.ID, err)
		}
		return nil, err
	}
	t, err := c.loadRow(ctx, tx, db, row, 0)
	if err != nil {
		return nil, err
	}
	if err := t.addColumns(ctx, tx, n.Columns, now); err != nil {
		return nil, err
	}
	for _, sql := range createRows(tx.Dialect(), t.seq, t.Columns) {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return nil, fmt.Errorf("create %s: %w", t.name, err)
		}
	}
	if err := t.addIndexes(ctx, tx, n.Indexes, now); err != nil {
		return nil, err
	}
	return t, c.raise(ctx, tx, now)
}

// addColumns adds columns to a table that has no rows in the store yet.
func (t *Table) addColumns(ctx context.Context, tx store.Tx, columns []schema.Column, now int64) error {
	for _, column := range columns {
		if err := t.checkNewColumn(column); err != nil {
			return err
		}
		added, err := t.insertColumn(ctx, tx, column, now)
		if err != nil {
			return err
		}
		t.Columns = append(t.Columns, added)
		t.prepare(tx.Dialect())
	}
	return nil
}

// addIndexes adds indexes to a table that has no rows yet.
func (t *Table) addIndexes(ctx context.Context, tx store.Tx, indexes []schema.Index, now int64) error {
	for _, ix := range indexes {
		if err := t.checkNewIndex(ix); err != nil {
			return err
		}
		before := *t
		added, err := t.insertIndex(ctx, tx, ix, now)
		if err != nil {
			return err
		}
		t.Indexes = append(t.Indexes, added)
		t.prepare(tx.Dialect())
		if err := t.changeHashes(ctx, tx, &before); err != nil {
			return err
		}
		if err := makeIndex(ctx, tx, t, &added); err != nil {
			return err
		}
	}
	return nil
}

var tableList = listing.Table{
	Name: tablesTable, Resource: "Table", Search: []string{"id", "name"},
	Columns: map[string]listing.Column{
		"name": {Name: "name", Type: query.Text}, "enabled": {Name: "enabled", Type: query.Boolean},
		"rowSecurity":      {Name: "row_security", Type: query.Boolean},
		"documentSecurity": {Name: "row_security", Type: query.Boolean},
	},
}

// Tables lists tables of a database.
func (c *Catalog) Tables(ctx context.Context, tx store.Tx, database string, p listing.Page) ([]*Table, int, error) {
	db, err := c.Database(ctx, tx, database)
	if err != nil {
		return nil, 0, err
	}
	p.Where = sqlb.Eq("database_seq", db.Seq)
	rows, total, err := listing.Read[tableRow](ctx, tx, tableList, p)
	if err != nil {
		return nil, 0, err
	}
	tables := make([]*Table, len(rows))
	for i, row := range rows {
		if tables[i], err = c.Table(ctx, tx, Ref{database, row.ID}); err != nil {
			return nil, 0, err
		}
	}
	return tables, total, nil
}

// TableChange is what may change of a table besides its columns and indexes.
type TableChange struct {
	Name        string
	Enabled     bool
	RowSecurity bool
	Permissions perm.Set
}

// UpdateTable changes a table at a time.
func (c *Catalog) UpdateTable(ctx context.Context, tx store.Tx, ref Ref, now int64, change func(*TableChange)) (*Table, error) {
	t, err := c.TableToChange(ctx, tx, ref)
	if err != nil {
		return nil, err
	}
	n := TableChange{t.Name, t.Enabled, t.RowSecurity, t.Permissions}
	change(&n)
	if _, err := store.Exec(ctx, tx, sqlb.Update{
		Table: tablesTable, Where: sqlb.Eq("seq", t.seq),
		Set: []sqlb.Assign{
			sqlb.Set("updated_at", now), sqlb.Set("name", n.Name), sqlb.Set("enabled", n.Enabled),
			sqlb.Set("row_security", n.RowSecurity), sqlb.Set("permissions", n.Permissions.JSON()),
		},
	}); err != nil {
		return nil, err
	}
	changed := *t
	changed.Name, changed.Enabled, changed.RowSecurity, changed.Permissions = n.Name, n.Enabled, n.RowSecurity, n.Permissions
	changed.UpdatedAt = now
	return &changed, c.raise(ctx, tx, now)
}

// DeleteTable removes a table with its rows.
func (c *Catalog) DeleteTable(ctx context.Context, tx store.Tx, ref Ref, now int64) error {
	t, err := c.TableToChange(ctx, tx, ref)
	if err != nil {
		return err
	}
	if err := dropTable(ctx, tx, t.seq); err != nil {
		return err
	}
	if err := forgetLists(ctx, tx); err != nil {
		return err
	}
	return c.raise(ctx, tx, now)
}

// dropTable removes a table from the store and from the catalog.
func dropTable(ctx context.Context, tx store.Tx, seq int64) error {
	if err := dropRelations(ctx, tx, seq); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DROP TABLE `+tx.Dialect().Name(rowsTable(seq))); err != nil {
		return fmt.Errorf("drop %s: %w", rowsTable(seq), err)
	}
	words, err := store.List[indexRow](ctx, tx, sqlb.Select{
		From: indexesTable, Where: sqlb.And(sqlb.Eq("table_seq", seq), sqlb.Eq("type", string(schema.FulltextIndex))),
	})
	if err != nil {
		return err
	}
	for _, ix := range words {
		if err := dropIndex(ctx, tx, seq, ix.Seq, schema.FulltextIndex); err != nil {
			return err
		}
	}
	for _, sql := range []string{
		`DELETE FROM acl_rows WHERE table_seq = ?`,
		`DELETE FROM ` + indexesTable + ` WHERE table_seq = ?`,
		`DELETE FROM ` + columnsTable + ` WHERE table_seq = ?`,
		`DELETE FROM ` + tablesTable + ` WHERE seq = ?`,
	} {
		if _, err := tx.Exec(ctx, sql, seq); err != nil {
			return fmt.Errorf("forget %s: %w", rowsTable(seq), err)
		}
	}
	return nil
}
