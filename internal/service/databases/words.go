package databases

import (
	"moorfast/internal/core/documents"
)

// words are how one family calls things.
type words struct {
	sdk     string // in names of SDK methods: "tablesDB"
	service string // the switch that turns the family off
	path    string
	form    documents.Form
	made    string // the type of the databases that it makes

	table, column, row string // as models and paths have them, with an "s" for many
	Table, Column, Row string // as names of SDK methods have them
	security           string // the flag of a table whose rows have permissions
	index              string // the model of an index

	// params are the names of parameters that are not those of tables.
	params map[string]string

	scopes   scopes
	refusals refusals
}

// scopes let callers in. One of a list is enough.
type scopes struct {
	databases, tables, columns, indexes, rows, transactions access
}

type access struct{ read, write []string }

var databaseScopes = access{[]string{"databases.read"}, []string{"databases.write"}}

var tablesDB = &words{
	sdk: "tablesDB", service: "tablesdb", path: "/v1/tablesdb", form: documents.AsTables, made: "tablesdb",
	table: "table", column: "column", row: "row",
	Table: "Table", Column: "Column", Row: "Row",
	security: "rowSecurity", index: "columnIndex",
	scopes: scopes{
		databases: databaseScopes,
		tables: access{
			[]string{"tables.read", "collections.read"},
			[]string{"tables.write", "collections.write"},
		},
		columns: access{
			[]string{"tables.read", "collections.read", "columns.read", "attributes.read"},
			[]string{"tables.write", "collections.write", "columns.write", "attributes.write"},
		},
		indexes: access{
			[]string{"tables.read", "collections.read", "indexes.read"},
			[]string{"tables.write", "collections.write", "indexes.write"},
		},
		rows:         access{[]string{"rows.read", "documents.read"}, []string{"rows.write", "documents.write"}},
		transactions: access{[]string{"documents.read", "rows.read"}, []string{"documents.write", "rows.write"}},
	},
	refusals: tableRefusals,
}

var legacy = &words{
	sdk: "databases", service: "databases", path: "/v1/databases", form: documents.AsCollections, made: "legacy",
	table: "collection", column: "attribute", row: "document",
	Table: "Collection", Column: "Attribute", Row: "Document",
	security: "documentSecurity", index: "index",
	params: map[string]string{
		"tableId": "collectionId", "rowId": "documentId", "column": "attribute", "rows": "documents", "columns": "attributes",
		"rowSecurity": "documentSecurity", "relatedTableId": "relatedCollectionId",
	},
	scopes: scopes{
		databases:    databaseScopes,
		tables:       access{[]string{"collections.read"}, []string{"collections.write"}},
		columns:      access{[]string{"collections.read"}, []string{"collections.write"}},
		indexes:      access{[]string{"collections.read"}, []string{"collections.write"}},
		rows:         access{[]string{"documents.read"}, []string{"documents.write"}},
		transactions: access{[]string{"rows.read"}, []string{"documents.write"}},
	},
	refusals: collectionRefusals,
}
