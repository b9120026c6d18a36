package documents

import (
	"context"
	"errors"
	"fmt"

	"moorfast/internal/core/listing"
	"moorfast/internal/query"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// Database is a set of tables. Moments are microseconds.
type Database struct {
	Seq       int64  `col:"seq"`
	ID        string `col:"id"`
	CreatedAt int64  `col:"created_at"`
	UpdatedAt int64  `col:"updated_at"`
	Name      string `col:"name"`
	Enabled   bool   `col:"enabled"` // for who is no server
	Type      string `col:"type"`    // which family of endpoints made it
}

var databaseList = listing.Table{
	Name: databasesTable, Resource: "Database", Search: []string{"id", "name"},
	Columns: map[string]listing.Column{"name": {Name: "name", Type: query.Text}},
}

// CreateDatabase adds a database.
func (c *Catalog) CreateDatabase(ctx context.Context, tx store.Tx, db Database) (Database, error) {
	err := store.Insert(ctx, tx, databasesTable, &db)
	if errors.Is(err, store.ErrConflict) {
		return db, because(DatabaseExists, db.ID, err)
	}
	return db, err
}

// Database returns a database.
func (c *Catalog) Database(ctx context.Context, tx store.Tx, id string) (Database, error) {
	db, err := store.Get[Database](ctx, tx, databasesTable, id)
	if errors.Is(err, store.ErrNotFound) {
		return db, because(NoDatabase, id, err)
	}
	return db, err
}

// Databases lists databases.
func (c *Catalog) Databases(ctx context.Context, tx store.Tx, p listing.Page) ([]Database, int, error) {
	return listing.Read[Database](ctx, tx, databaseList, p)
}

// UpdateDatabase changes a database at a time.
func (c *Catalog) UpdateDatabase(ctx context.Context, tx store.Tx, id string, now int64, change func(*Database)) (Database, error) {
	db, err := c.Database(ctx, tx, id)
	if err != nil {
		return db, err
	}
	change(&db)
	db.UpdatedAt = now
	if err := store.Update(ctx, tx, databasesTable, &db); err != nil {
		return db, err
	}
	return db, c.raise(ctx, tx, now)
}

// DeleteDatabase removes a database with all that is in it.
func (c *Catalog) DeleteDatabase(ctx context.Context, tx store.Tx, id string, now int64) error {
	db, err := c.Database(ctx, tx, id)
	if err != nil {
		return err
	}
	tables, err := store.List[tableRow](ctx, tx, sqlb.Select{From: tablesTable, Where: sqlb.Eq("database_seq", db.Seq)})
	if err != nil {
		return err
	}
	for _, t := range tables {
		if err := dropTable(ctx, tx, t.Seq); err != nil {
			return err
		}
	}
	if err := forgetLists(ctx, tx); err != nil {
		return err
	}
	if err := store.Delete(ctx, tx, databasesTable, id); err != nil {
		return err
	}
	return c.raise(ctx, tx, now)
}

// raise gives the catalog a new version. Versions go with time, so that a
// project's database that was made anew does not have those of the one before.
func (c *Catalog) raise(ctx context.Context, tx store.Tx, now int64) error {
	_, err := tx.Exec(ctx, `UPDATE catalog_version SET version = CASE WHEN version >= ? THEN version + 1 ELSE ? END`, now, now)
	if err != nil {
		return fmt.Errorf("raise the catalog's version: %w", err)
	}
	return nil
}

func version(ctx context.Context, tx store.Tx) (v int64, err error) {
	rows, err := tx.Query(ctx, `SELECT version FROM catalog_version`)
	if err != nil {
		return 0, fmt.Errorf("read the catalog's version: %w", err)
	}
	if rows.Next() {
		v = rows.Int(0)
	}
	return v, errors.Join(rows.Err(), rows.Close())
}
