package schema

import (
	"strings"

	"moorfast/internal/rawjson"
)

// Table is the columns and indexes of a table. It does not change: what changes
// a table makes a new one.
type Table struct {
	Columns []Column
	Indexes []Index

	// BlindIndexes says that an index may have encrypted columns, of which the
	// store keeps hashes for it.
	BlindIndexes bool

	positions map[string]int
}

// NewTable makes a table of columns and indexes that were checked.
func NewTable(columns []Column, indexes []Index) *Table {
	t := &Table{Columns: columns, Indexes: indexes, positions: make(map[string]int, len(columns))}
	for i := range columns {
		t.positions[columns[i].Key] = i
	}
	return t
}

// Position finds a column by its key.
func (t *Table) Position(key string) (int, bool) {
	i, ok := t.positions[key]
	return i, ok
}

// Column finds a column by its key, or returns nil.
func (t *Table) Column(key string) *Column {
	if i, ok := t.positions[key]; ok {
		return &t.Columns[i]
	}
	return nil
}

// Taken reports whether a new column cannot have the key: two that differ in
// case only would be one to a client that does not care.
func (t *Table) Taken(key string) bool {
	for i := range t.Columns {
		if strings.EqualFold(t.Columns[i].Key, key) {
			return true
		}
	}
	return false
}

// Width is how much of [MaxWidth] the columns take.
func (t *Table) Width() int64 {
	width := int64(systemWidth)
	for i := range t.Columns {
		width += t.Columns[i].Width()
	}
	return width
}

// CheckRoom tests whether the table has room for a column that is not among its
// columns.
func (t *Table) CheckRoom(c Column) error {
	if len(t.Columns) >= MaxColumns || t.Width()+c.Width() > MaxWidth {
		return &Error{Kind: TooManyColumns}
	}
	return nil
}

// Draft is the data of a row as a client sent it, checked: one value for each
// column of the table, in its order, as [Column.Value] returns them.
type Draft struct {
	Values []any
	Given  []bool // the client sent the column; otherwise its value is its default

	// What the client sent of the system's own columns, as JSON; nil is nothing.
	CreatedAt, UpdatedAt []byte
	ID, Permissions      []byte
}

// Draft checks the data of a new row, a JSON object.
func (t *Table) Draft(data []byte) (Draft, error) {
	d, err := t.read(data, true)
	if err != nil {
		return d, err
	}
	for i := range t.Columns {
		if c := &t.Columns[i]; !d.Given[i] && c.Default != nil {
			if d.Values[i], err = c.Value(c.Default); err != nil {
				return d, err
			}
		}
	}
	return d, nil
}

// DraftChange checks the data that is going to change a row, a JSON object. What
// is not in it stays.
func (t *Table) DraftChange(data []byte) (Draft, error) { return t.read(data, false) }

// read checks what data has, in the order in which clients are told: first a
// value that is missing, then one that is too much, then one that is wrong.
func (t *Table) read(data []byte, whole bool) (Draft, error) {
	n := len(t.Columns)
	d := Draft{Values: make([]any, n), Given: make([]bool, n)}
	raws, order := make([][]byte, n), make([]int, 0, n)
	var unknown error
	err := rawjson.Members(data, func(name, value []byte) error {
		i, ok := t.positions[string(name)]
		switch {
		case ok:
			if !d.Given[i] {
				order = append(order, i)
			}
			raws[i], d.Given[i] = value, true
		case !d.system(string(name), value) && unknown == nil:
			unknown = structure(`Unknown attribute: "` + string(name) + `"`)
		}
		return nil
	})
	if err != nil {
		return d, structure("Data is not a valid object")
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Required && (whole || d.Given[i]) && (raws[i] == nil || rawjson.KindOf(raws[i]) == rawjson.Null) {
			return d, missing(c.Key)
		}
	}
	if unknown != nil {
		return d, unknown
	}
	for _, i := range order {
		if d.Values[i], err = t.Columns[i].Value(raws[i]); err != nil {
			return d, err
		}
	}
	return d, nil
}

// system takes a value of the system's own columns. Clients send whole rows
// back, so those that they cannot change are no mistake.
func (d *Draft) system(name string, value []byte) bool {
	switch name {
	case "$id":
		d.ID = value
	case "$permissions":
		d.Permissions = value
	case "$createdAt":
		d.CreatedAt = value
	case "$updatedAt":
		d.UpdatedAt = value
	case "$sequence", "$databaseId", "$tableId", "$collectionId":
	default:
		return false
	}
	return true
}
