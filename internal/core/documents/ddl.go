package documents

import (
	"strconv"

	"moorfast/internal/schema"
	"moorfast/internal/store/sqlb"
)

// Tables of the catalog.
const (
	versionTable   = "catalog_version"
	databasesTable = "databases"
	tablesTable    = "db_tables"
	columnsTable   = "db_columns"
	indexesTable   = "db_indexes"
)

// Tables are the statements that make the tables of the catalog.
func Tables(d sqlb.Dialect) []string {
	timestamps := ` created_at ` + d.Int() + ` NOT NULL, updated_at ` + d.Int() + ` NOT NULL, `
	return []string{
		// One row. Whatever changes the catalog raises it, so that who has read the
		// catalog before knows whether that still holds.
		`CREATE TABLE catalog_version (version ` + d.Int() + ` NOT NULL)`,
		`INSERT INTO catalog_version (version) VALUES (0)`,

		`CREATE TABLE databases (
			seq ` + d.Serial() + `, id ` + d.Text() + ` NOT NULL UNIQUE,` + timestamps + `
			name ` + d.Text() + ` NOT NULL, enabled ` + d.Int() + ` NOT NULL, type ` + d.Text() + ` NOT NULL)`,
		`CREATE TABLE db_tables (
			seq ` + d.Serial() + `, id ` + d.Text() + ` NOT NULL,` + timestamps + `
			database_seq ` + d.Int() + ` NOT NULL REFERENCES databases(seq),
			name ` + d.Text() + ` NOT NULL, enabled ` + d.Int() + ` NOT NULL, row_security ` + d.Int() + ` NOT NULL,
			permissions ` + d.Text() + ` NOT NULL, last_column ` + d.Int() + ` NOT NULL,
			UNIQUE (database_seq, id))`,
		`CREATE TABLE db_columns (
			seq ` + d.Serial() + `, id ` + d.Text() + ` NOT NULL,` + timestamps + `
			table_seq ` + d.Int() + ` NOT NULL REFERENCES db_tables(seq), number ` + d.Int() + ` NOT NULL,
			type ` + d.Text() + ` NOT NULL, format ` + d.Text() + ` NOT NULL, size ` + d.Int() + ` NOT NULL,
			required ` + d.Int() + ` NOT NULL, is_array ` + d.Int() + ` NOT NULL, encrypt ` + d.Int() + ` NOT NULL,
			options ` + d.Text() + ` NOT NULL, status ` + d.Text() + ` NOT NULL, error ` + d.Text() + ` NOT NULL,
			UNIQUE (table_seq, id))`,
		`CREATE TABLE db_indexes (
			seq ` + d.Serial() + `, id ` + d.Text() + ` NOT NULL,` + timestamps + `
			table_seq ` + d.Int() + ` NOT NULL REFERENCES db_tables(seq),
			type ` + d.Text() + ` NOT NULL, columns ` + d.Text() + ` NOT NULL, orders ` + d.Text() + ` NOT NULL,
			lengths ` + d.Text() + ` NOT NULL, status ` + d.Text() + ` NOT NULL, error ` + d.Text() + ` NOT NULL,
			UNIQUE (table_seq, id))`,

		// A list of permissions is found by its hash, because PostgreSQL does not
		// index long texts.
		`CREATE TABLE acl (id ` + d.Serial() + `, hash ` + d.Blob() + ` NOT NULL UNIQUE, perms ` + d.Text() + ` NOT NULL)`,
		// Who may read: the only action that lists have to find rows by.
		`CREATE TABLE acl_readers (
			role ` + d.Text() + ` NOT NULL, acl ` + d.Int() + ` NOT NULL REFERENCES acl(id) ON DELETE CASCADE,
			PRIMARY KEY (role, acl))` + withoutRowid(d),
		`CREATE INDEX acl_readers_acl ON acl_readers (acl, role)`,
		// How many rows of a table have a list.
		`CREATE TABLE acl_rows (
			table_seq ` + d.Int() + ` NOT NULL, acl ` + d.Int() + ` NOT NULL REFERENCES acl(id),
			n ` + d.Int() + ` NOT NULL, PRIMARY KEY (table_seq, acl))` + withoutRowid(d),
		`CREATE INDEX acl_rows_acl ON acl_rows (acl)`,
	}
}

// withoutRowid keeps a table in its primary key.
func withoutRowid(d sqlb.Dialect) string {
	if d == sqlb.SQLite {
		return " WITHOUT ROWID"
	}
	return ""
}

// rowsTable is the table of the store that has the rows of a table. The number
// is never given again, so nothing can mistake a new table for an old one.
func rowsTable(seq int64) string { return "rows_" + strconv.FormatInt(seq, 10) }

// columnName is what the store calls a column: renaming one is a matter of the
// catalog, and what clients may call one is not a matter of the store.
func columnName(number int64) string { return "c" + strconv.FormatInt(number, 10) }

func indexName(table, index int64) string {
	return rowsTable(table) + "_i" + strconv.FormatInt(index, 10)
}

// The columns of the store that every table has: moments are milliseconds.
const (
	seqColumn     = "_seq"
	idColumn      = "_id"
	createdColumn = "_created"
	updatedColumn = "_updated"
	aclColumn     = "_acl"
)

// createRows makes the store's table for the rows of a table. Every index ends
// in the columns that a list sorts by last and that say who may see a row, so
// that it is asked instead of the rows.
func createRows(d sqlb.Dialect, table int64, columns []Column) []string {
	name := rowsTable(table)
	sql := `CREATE TABLE ` + d.Name(name) + ` (` +
		d.Name(seqColumn) + ` ` + d.Serial() + `, ` +
		d.Name(idColumn) + ` ` + d.Text() + ` NOT NULL UNIQUE, ` +
		d.Name(createdColumn) + ` ` + d.Int() + ` NOT NULL, ` +
		d.Name(updatedColumn) + ` ` + d.Int() + ` NOT NULL, ` +
		d.Name(aclColumn) + ` ` + d.Int() + ` NOT NULL`
	for i := range columns {
		for _, ddl := range storeColumns(d, &columns[i]) {
			sql += `, ` + ddl
		}
	}
	on := func(suffix, columns string) string {
		return `CREATE INDEX ` + d.Name(name+suffix) + ` ON ` + d.Name(name) + ` (` + columns + `)`
	}
	tail := d.Name(seqColumn) + `, ` + d.Name(aclColumn)
	return []string{
		sql + `)`,
		on("_acl", d.Name(aclColumn)+`, `+d.Name(seqColumn)),
		on("_created", d.Name(createdColumn)+`, `+tail),
		on("_updated", d.Name(updatedColumn)+`, `+tail),
	}
}

func columnDDL(d sqlb.Dialect, c *Column) string {
	return d.Name(columnName(c.Number)) + ` ` + columnType(d, &c.Column)
}

func columnType(d sqlb.Dialect, c *schema.Column) string {
	switch {
	case c.Array || c.Type.IsText() || c.Type.IsSpatial():
		return d.Text()
	case c.Type == schema.Float:
		return d.Real()
	}
	return d.Int()
}

// createIndex makes the store's index for an index of a table.
func createIndex(d sqlb.Dialect, t *Table, ix *Index) string {
	return createKind(ix) + d.Name(indexName(t.seq, ix.seq)) + ` ON ` + d.Name(t.name) + ` ` + indexTerms(d, t, ix)
}

// createIndexBeside makes the index on PostgreSQL while others write. The schema
// is what stands before the names of tables.
func createIndexBeside(t *Table, ix *Index, schema string) string {
	return createKind(ix) + `CONCURRENTLY ` + indexName(t.seq, ix.seq) + ` ON ` + schema + t.name + ` ` + indexTerms(sqlb.Postgres, t, ix)
}

func createKind(ix *Index) string {
	if ix.Type == schema.UniqueIndex {
		return `CREATE UNIQUE INDEX `
	}
	return `CREATE INDEX `
}

// indexTerms are what the store's index looks at.
func indexTerms(d sqlb.Dialect, t *Table, ix *Index) string {
	switch ix.Type {
	case schema.SpatialIndex:
		return boxTerms(d, t, ix)
	case schema.FulltextIndex:
		return wordTerms(t, ix)
	}
	sql := `(`
	orders := ix.AllOrders()
	for i, key := range ix.Columns {
		if i > 0 {
			sql += `, `
		}
		c := t.operand(key)
		sql += sqlb.Order{Column: c.name, Desc: orders[i] == schema.Desc, Nullable: c.nullable, Fold: c.fold}.SQL(d)
	}
	if ix.Type != schema.UniqueIndex {
		sql += `, ` + d.Name(seqColumn) + `, ` + d.Name(aclColumn)
	}
	return sql + `)`
}
