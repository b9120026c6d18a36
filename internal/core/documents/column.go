package documents

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"moorfast/internal/core/listing"
	"moorfast/internal/query"
	"moorfast/internal/schema"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// Column is a column of a table. Moments are microseconds.
type Column struct {
	schema.Column
	Number    int64 // what the store calls it by
	CreatedAt int64
	UpdatedAt int64
	Status    string
	Error     string

	seq      int64
	relation int64 // of a relationship
}

// Available is the status of a column or an index that can be used. The others are
// of indexes: one that could not be made, one that is not made yet, and one that
// was deleted before it was made.
const (
	Available  = "available"
	Failed     = "failed"
	Processing = "processing"
	Deleting   = "deleting"
)

type columnRow struct {
	Seq       int64         `col:"seq"`
	Key       string        `col:"id"`
	CreatedAt int64         `col:"created_at"`
	UpdatedAt int64         `col:"updated_at"`
	Table     int64         `col:"table_seq"`
	Number    int64         `col:"number"`
	Type      string        `col:"type"`
	Format    string        `col:"format"`
	Size      int64         `col:"size"`
	Required  bool          `col:"required"`
	Array     bool          `col:"is_array"`
	Encrypt   bool          `col:"encrypt"`
	Options   columnOptions `col:"options,json"`
	Status    string        `col:"status"`
	Error     string        `col:"error"`
}

// columnOptions are what only some columns have.
type columnOptions struct {
	Ints     *schema.Range[int64]   `json:"ints,omitempty"`
	Floats   *schema.Range[float64] `json:"floats,omitempty"`
	Elements []string               `json:"elements,omitempty"`
	Default  json.RawMessage        `json:"default,omitempty"`
	Relation int64                  `json:"relation,omitempty"`
}

func (r columnRow) column() Column {
	kind, _ := schema.KindOf(schema.Type(r.Type), schema.Format(r.Format))
	c := kind.Column(r.Key)
	c.Size, c.Required, c.Array, c.Encrypt = r.Size, r.Required, r.Array, r.Encrypt
	if r.Options.Ints != nil {
		c.Ints = *r.Options.Ints
	}
	if r.Options.Floats != nil {
		c.Floats = *r.Options.Floats
	}
	c.Elements, c.Default = r.Options.Elements, r.Options.Default
	c.Unavailable = r.Status != Available
	return Column{Column: c, Number: r.Number, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Status: r.Status, Error: r.Error, seq: r.Seq, relation: r.Options.Relation}
}

func (t *Table) columnRow(c *Column) columnRow {
	r := columnRow{
		Seq: c.seq, Key: c.Key, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, Table: t.seq, Number: c.Number,
		Type: string(c.Type), Format: string(c.Format), Size: c.Size, Required: c.Required, Array: c.Array, Encrypt: c.Encrypt,
		Options: columnOptions{Elements: c.Elements, Default: c.Default, Relation: c.relation}, Status: c.Status, Error: c.Error,
	}
	if c.Ints != schema.AllInts {
		r.Options.Ints = &c.Ints
	}
	if c.Floats != schema.AllFloats {
		r.Options.Floats = &c.Floats
	}
	return r
}

// Column finds a column by its key.
func (t *Table) Column(key string) (*Column, error) {
	i, ok := t.Schema.Position(key)
	if !ok {
		return nil, &Error{Kind: NoColumn, Name: key}
	}
	return &t.Columns[i], nil
}

var columnList = listing.Table{
	Name: columnsTable, Resource: "Column",
	Columns: map[string]listing.Column{
		"key": {Name: "id", Type: query.Text}, "type": {Name: "type", Type: query.Text},
		"size": {Name: "size", Type: query.Integer}, "required": {Name: "required", Type: query.Boolean},
		"array": {Name: "is_array", Type: query.Boolean}, "status": {Name: "status", Type: query.Text},
		"error": {Name: "error", Type: query.Text},
	},
}

// ListColumns lists columns of the table.
func (t *Table) ListColumns(ctx context.Context, tx store.Tx, p listing.Page) ([]Column, int, error) {
	p.Where = sqlb.Eq("table_seq", t.seq)
	rows, total, err := listing.Read[columnRow](ctx, tx, columnList, p)
	columns := make([]Column, len(rows))
	for i, r := range rows {
		columns[i] = r.column()
		columns[i].Relation = t.relationOf(&columns[i])
	}
	return columns, total, err
}

// CreateColumn adds a column at a time. Rows that are there already have null in
// it.
func (c *Catalog) CreateColumn(ctx context.Context, tx store.Tx, t *Table, column schema.Column, now int64) (Column, error) {
	if err := errors.Join(t.checkNewColumn(column), t.idle(tx)); err != nil {
		return Column{}, err
	}
	added, err := t.insertColumn(ctx, tx, column, now)
	if err != nil {
		return added, err
	}
	if err := t.addStoreColumns(ctx, tx, &added); err != nil {
		return added, err
	}
	return added, c.raise(ctx, tx, now)
}

func (t *Table) checkNewColumn(column schema.Column) error {
	if t.Schema.Taken(column.Key) {
		return &Error{Kind: ColumnExists, Name: column.Key}
	}
	if err := supported(&column); err != nil {
		return err
	}
	if err := column.Check(); err != nil {
		return err
	}
	return t.named(t.Schema.CheckRoom(column))
}

// named says of a rule about the whole table which table that is.
func (t *Table) named(err error) error {
	var e *schema.Error
	if errors.As(err, &e) && e.Name == "" {
		named := *e
		named.Name = t.ID
		return &named
	}
	return err
}

// supported refuses what is no column of its table alone.
func supported(column *schema.Column) error {
	if column.Type == schema.Relationship {
		return &Error{Kind: Unsupported, Name: column.Key, Message: "A relationship is made with the table that it relates to."}
	}
	return nil
}

// insertColumn adds a column to the catalog only.
func (t *Table) insertColumn(ctx context.Context, tx store.Tx, column schema.Column, now int64) (Column, error) {
	return t.saveNew(ctx, tx, Column{Column: column, CreatedAt: now, UpdatedAt: now, Status: Available})
}

func (t *Table) saveNew(ctx context.Context, tx store.Tx, added Column) (Column, error) {
	row, err := store.Find[tableRow](ctx, tx, tablesTable, sqlb.Eq("seq", t.seq))
	if err != nil {
		return added, err
	}
	row.LastColumn++
	added.Number = row.LastColumn
	if _, err := store.Exec(ctx, tx, sqlb.Update{
		Table: tablesTable, Set: []sqlb.Assign{sqlb.Set("last_column", row.LastColumn)}, Where: sqlb.Eq("seq", t.seq),
	}); err != nil {
		return added, err
	}
	r := t.columnRow(&added)
	if err := store.Insert(ctx, tx, columnsTable, &r); err != nil {
		if errors.Is(err, store.ErrConflict) {
			err = because(ColumnExists, added.Key, err)
		}
		return added, err
	}
	added.seq = r.Seq
	return added, nil
}

// UpdateColumn changes a column of a kind at a time. The change may be to its
// key; then the indexes that have it follow.
func (c *Catalog) UpdateColumn(ctx context.Context, tx store.Tx, t *Table, key string, kind schema.Kind, now int64, change func(*schema.Column)) (Column, error) {
	old, err := t.Column(key)
	if err != nil {
		return Column{}, err
	}
	if old.Kind() != kind {
		return Column{}, &Error{Kind: ColumnOther, Name: key}
	}
	column := *old
	column.Elements = slices.Clone(column.Elements)
	change(&column.Column)
	if err := t.checkChange(ctx, tx, old, &column); err != nil {
		return column, err
	}
	column.UpdatedAt = now
	if err := t.saveColumn(ctx, tx, &column); err != nil {
		return column, err
	}
	if column.Key != key {
		if err := t.renameInIndexes(ctx, tx, key, column.Key, now); err != nil {
			return column, err
		}
	}
	return column, c.raise(ctx, tx, now)
}

func (t *Table) saveColumn(ctx context.Context, tx store.Tx, column *Column) error {
	_, err := store.Exec(ctx, tx, sqlb.Update{
		Table: columnsTable, Where: sqlb.Eq("seq", column.seq),
		Set: []sqlb.Assign{
			sqlb.Set("id", column.Key), sqlb.Set("updated_at", column.UpdatedAt), sqlb.Set("size", column.Size),
			sqlb.Set("required", column.Required), sqlb.Set("options", t.columnRow(column).Options.json()),
		},
	})
	if errors.Is(err, store.ErrConflict) {
		return because(ColumnExists, column.Key, err)
	}
	return err
}

func (o columnOptions) json() string {
	text, err := json.Marshal(o)
	if err != nil { // a float that is no number, which no check lets through
		panic(err)
	}
	return string(text)
}

// checkChange tests what a column is about to become.
func (t *Table) checkChange(ctx context.Context, tx store.Tx, old, column *Column) error {
	if column.Key != old.Key {
		others := schema.NewTable(slices.DeleteFunc(slices.Clone(t.Schema.Columns), func(c schema.Column) bool { return c.Key == old.Key }), nil)
		if others.Taken(column.Key) {
			return &Error{Kind: ColumnExists, Name: column.Key}
		}
	}
	if err := column.Check(); err != nil {
		return err
	}
	if grown := t.Schema.Width() - old.Width() + column.Width(); grown > schema.MaxWidth && column.Width() > old.Width() {
		return &schema.Error{Kind: schema.TooManyColumns, Name: t.ID}
	}
	if column.Size < old.Size && !column.Array && !column.Encrypt {
		return t.checkSize(ctx, tx, column)
	}
	return nil
}

// checkSize tests whether every row's text fits the new size of a column.
func (t *Table) checkSize(ctx context.Context, tx store.Tx, column *Column) error {
	d := tx.Dialect()
	rows, err := tx.Query(ctx, `SELECT 1 FROM `+d.Name(t.name)+` WHERE length(`+d.Name(columnName(column.Number))+`) > ? LIMIT 1`, column.Size)
	if err != nil {
		return err
	}
	longer := rows.Next()
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	if longer {
		return &Error{Kind: ColumnTooSmall, Name: column.Key}
	}
	return nil
}

// DeleteColumn removes a column with its values.
func (c *Catalog) DeleteColumn(ctx context.Context, tx store.Tx, t *Table, key string, now int64) error {
	column, err := t.Column(key)
	if err != nil {
		return err
	}
	for i := range t.Indexes {
		if t.Indexes[i].Uses(key) {
			return &Error{Kind: ColumnInUse, Name: key}
		}
	}
	if err := t.idle(tx); err != nil {
		return err
	}
	if column.relation != 0 {
		return c.deleteRelation(ctx, tx, column.relation, now)
	}
	if err := t.dropStoreColumns(ctx, tx, column); err != nil {
		return err
	}
	if _, err := store.DeleteWhere(ctx, tx, columnsTable, sqlb.Eq("seq", column.seq)); err != nil {
		return err
	}
	return c.raise(ctx, tx, now)
}
