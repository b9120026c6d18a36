// Package documents keeps what users of a project store: databases of tables,
// tables of rows, and who may do what with each row.
//
// A table of a user is a table of the store, with a column of the right type for
// each of its own. Permissions of rows are kept apart: each different list of
// them is one entry of the table acl, which rows refer to, so that a list finds
// what its reader may see by numbers that are part of every index.
//
// A row crosses the package as JSON: what comes in is bound column by column,
// and what goes out is appended column by column.
package documents

import "moorfast/internal/cache"

// Catalog knows the databases and tables of all projects. It keeps what it has
// read of a table, and uses it as long as the transaction at hand sees the same
// version of the project's catalog.
type Catalog struct {
	tables *cache.Cache[tableKey, *Table]
	totals *cache.Cache[totalKey, int64]
	watch  Watch
	blind  bool // columns that are sealed may be part of an index

	builder *Builder // of indexes that are made later; nil makes all at once
}

// How many tables and totals of all projects are kept in memory.
const (
	heldTables = 4096
	heldTotals = 4096
)

// New returns a catalog.
func New() *Catalog {
	return &Catalog{
		tables: cache.New[tableKey, *Table](heldTables, 0, nil),
		totals: cache.New[totalKey, int64](heldTotals, 0, nil),
	}
}

// Form is how a client calls what it stores.
type Form struct {
	Rows  string // the list of rows in an answer: "rows", "documents"
	Table string // the attribute of a row: "$tableId", "$collectionId"
}

// The forms.
var (
	AsTables      = Form{Rows: "rows", Table: "$tableId"}
	AsCollections = Form{Rows: "documents", Table: "$collectionId"}
)
