package documents

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"moorfast/internal/schema"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

const relationsTable = "db_relations"

// RelationTables are the statements that make the part of the catalog that
// knows relationships.
func RelationTables(d sqlb.Dialect) []string {
	return []string{
		`CREATE TABLE db_relations (
			seq ` + d.Serial() + `, id ` + d.Text() + ` NOT NULL, created_at ` + d.Int() + ` NOT NULL, updated_at ` + d.Int() + ` NOT NULL,
			parent_seq ` + d.Int() + ` NOT NULL REFERENCES db_tables(seq), parent_table ` + d.Text() + ` NOT NULL,
			child_seq ` + d.Int() + ` NOT NULL REFERENCES db_tables(seq), child_table ` + d.Text() + ` NOT NULL,
			type ` + d.Text() + ` NOT NULL, two_way ` + d.Int() + ` NOT NULL, child_key ` + d.Text() + ` NOT NULL, on_delete ` + d.Text() + ` NOT NULL)`,
		`CREATE INDEX db_relations_parent ON db_relations (parent_seq)`,
		`CREATE INDEX db_relations_child ON db_relations (child_seq)`,
	}
}

// relationRow is a relation between two tables of one database. Which rows are
// related is in a table of the store of its own.
type relationRow struct {
	Seq         int64  `col:"seq"`
	Key         string `col:"id"` // of the parent's column
	CreatedAt   int64  `col:"created_at"`
	UpdatedAt   int64  `col:"updated_at"`
	Parent      int64  `col:"parent_seq"`
	ParentTable string `col:"parent_table"`
	Child       int64  `col:"child_seq"`
	ChildTable  string `col:"child_table"`
	Type        string `col:"type"`
	TwoWay      bool   `col:"two_way"`
	ChildKey    string `col:"child_key"`
	OnDelete    string `col:"on_delete"`
}

// A link is a relation as one of its sides sees it.
type link struct {
	schema.Relation
	seq   int64 // of the relation
	key   string
	name  string // of the store's table of related rows
	own   string // its column with the rows of this side
	other string // and of the other
	to    Ref
	rows  string // the store's table with the rows of the other side
}

func linksTable(relation int64) string { return "links_" + strconv.FormatInt(relation, 10) }

// The columns of the store's tables of related rows.
const (
	parentColumn = "parent"
	childColumn  = "child"
)

// sides are the links of a relation that a table has: one, or both where rows
// of the table relate to others of it.
func (r relationRow) sides(database string, table int64) (links []link) {
	l := link{
		Relation: schema.Relation{Type: schema.RelationType(r.Type), TwoWay: r.TwoWay, OnDelete: schema.OnDelete(r.OnDelete)},
		seq:      r.Seq, name: linksTable(r.Seq),
	}
	if r.Parent == table {
		l.Table, l.TwoWayKey, l.Side, l.key = r.ChildTable, r.ChildKey, schema.Parent, r.Key
		l.own, l.other, l.to, l.rows = parentColumn, childColumn, Ref{database, r.ChildTable}, rowsTable(r.Child)
		links = append(links, l)
	}
	if r.Child == table {
		l.Table, l.TwoWayKey, l.Side, l.key = r.ParentTable, r.Key, schema.Child, r.ChildKey
		l.own, l.other, l.to, l.rows = childColumn, parentColumn, Ref{database, r.ParentTable}, rowsTable(r.Parent)
		links = append(links, l)
	}
	return links
}

// shown reports whether the side has a column.
func (l *link) shown() bool { return l.Side == schema.Parent || l.TwoWay }

func relationsOf(table int64) sqlb.Cond {
	return sqlb.Or(sqlb.Eq("parent_seq", table), sqlb.Eq("child_seq", table))
}

func loadLinks(ctx context.Context, tx store.Tx, database string, table int64) (links []link, err error) {
	rows, err := store.List[relationRow](ctx, tx, sqlb.Select{From: relationsTable, Where: relationsOf(table), Order: []sqlb.Order{{Column: "seq"}}})
	for _, r := range rows {
		links = append(links, r.sides(database, table)...)
	}
	return links, err
}

// linkOf finds the link of a column, or returns nil.
func (t *Table) linkOf(c *Column) *link {
	for i := range t.links {
		if l := &t.links[i]; c.relation != 0 && l.seq == c.relation && l.key == c.Key && l.shown() {
			return l
		}
	}
	return nil
}

func (t *Table) relationOf(c *Column) *schema.Relation {
	if l := t.linkOf(c); l != nil {
		return &l.Relation
	}
	return nil
}

// NewRelation is a relation that is about to be made. The keys default to the
// ids of the tables.
type NewRelation struct {
	Related   string // the id of the other table
	Key       string
	Type      schema.RelationType
	TwoWay    bool
	TwoWayKey string
	OnDelete  schema.OnDelete
}

// CreateRelation adds a relationship to a table, and to the related one if it
// goes both ways. It returns the table's column.
func (c *Catalog) CreateRelation(ctx context.Context, tx store.Tx, t *Table, n NewRelation, now int64) (Column, error) {
	related, err := c.TableToChange(ctx, tx, Ref{t.Database.ID, n.Related})
	if err != nil {
		return Column{}, err
	}
	if n.Key == "" {
		n.Key = related.ID
	}
	if n.TwoWayKey == "" {
		n.TwoWayKey = t.ID
	}
	if err := errors.Join(t.checkRelation(related, n), t.idle(tx), related.idle(tx)); err != nil {
		return Column{}, err
	}
	r := relationRow{
		Key: n.Key, CreatedAt: now, UpdatedAt: now, Parent: t.seq, ParentTable: t.ID, Child: related.seq, ChildTable: related.ID,
		Type: string(n.Type), TwoWay: n.TwoWay, ChildKey: n.TwoWayKey, OnDelete: string(n.OnDelete),
	}
	if err := store.Insert(ctx, tx, relationsTable, &r); err != nil {
		return Column{}, err
	}
	for _, sql := range createLinks(tx.Dialect(), r) {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return Column{}, fmt.Errorf("create %s: %w", linksTable(r.Seq), err)
		}
	}
	added, err := t.insertRelation(ctx, tx, n.Key, r, now)
	if err == nil && n.TwoWay {
		_, err = related.insertRelation(ctx, tx, n.TwoWayKey, r, now)
	}
	if err != nil {
		return added, err
	}
	added.Relation = &r.sides(t.Database.ID, t.seq)[0].Relation
	return added, c.raise(ctx, tx, now)
}

// insertRelation adds a side of a relation to the columns of the table.
func (t *Table) insertRelation(ctx context.Context, tx store.Tx, key string, r relationRow, now int64) (Column, error) {
	return t.saveNew(ctx, tx, Column{Column: relationKind.Column(key), CreatedAt: now, UpdatedAt: now, Status: Available, relation: r.Seq})
}

var relationKind, _ = schema.KindOf(schema.Relationship, schema.NoFormat)

// checkRelation tests whether both tables have room for a relation.
func (t *Table) checkRelation(related *Table, n NewRelation) error {
	if t.Schema.Taken(n.Key) {
		return &Error{Kind: ColumnExists, Name: n.Key}
	}
	if err := t.named(t.Schema.CheckRoom(relationKind.Column(n.Key))); err != nil {
		return err
	}
	for i := range t.links {
		l := &t.links[i]
		if n.Type == schema.ManyToMany && l.Type == schema.ManyToMany && l.Table == related.ID {
			return &Error{Kind: ColumnExists, Name: n.Key, Message: "The tables have a relation of the type manyToMany already."}
		}
	}
	if !n.TwoWay {
		return nil
	}
	if related.Schema.Taken(n.TwoWayKey) || related.seq == t.seq && n.Key == n.TwoWayKey {
		return &Error{Kind: ColumnExists, Name: n.TwoWayKey}
	}
	return related.named(related.Schema.CheckRoom(relationKind.Column(n.TwoWayKey)))
}

// createLinks makes the store's table of related rows. A row that may relate to
// one is in it once, whoever writes at the same time, and what relates to a row
// that goes is gone with it.
func createLinks(d sqlb.Dialect, r relationRow) []string {
	name := linksTable(r.Seq)
	column := func(c string, table int64) string {
		return c + ` ` + d.Int() + ` NOT NULL REFERENCES ` + d.Name(rowsTable(table)) + `(` + d.Name(seqColumn) + `) ON DELETE CASCADE`
	}
	unique := func(c string, once bool) string {
		kind := `CREATE INDEX `
		if once {
			kind = `CREATE UNIQUE INDEX `
		}
		return kind + d.Name(name+`_`+c) + ` ON ` + d.Name(name) + ` (` + c + `)`
	}
	kind := schema.RelationType(r.Type)
	return []string{
		`CREATE TABLE ` + d.Name(name) + ` (` + column(parentColumn, r.Parent) + `, ` + column(childColumn, r.Child) +
			`, PRIMARY KEY (` + parentColumn + `, ` + childColumn + `))` + withoutRowid(d),
		unique(parentColumn, kind == schema.OneToOne || kind == schema.ManyToOne),
		unique(childColumn, kind == schema.OneToOne || kind == schema.OneToMany),
	}
}

// RelationChange is what may change of a relation. What is "" stays.
type RelationChange struct {
	OnDelete schema.OnDelete
	NewKey   string
}

// UpdateRelation changes a relationship of a table.
func (c *Catalog) UpdateRelation(ctx context.Context, tx store.Tx, t *Table, key string, change RelationChange, now int64) (Column, error) {
	old, err := t.Column(key)
	if err != nil {
		return Column{}, err
	}
	l := t.linkOf(old)
	if l == nil {
		return Column{}, &Error{Kind: ColumnOther, Name: key}
	}
	column, relation := *old, l.Relation
	column.UpdatedAt, column.Relation = now, &relation
	set := []sqlb.Assign{sqlb.Set("updated_at", now)}
	if change.OnDelete != "" {
		relation.OnDelete = change.OnDelete
		set = append(set, sqlb.Set("on_delete", string(change.OnDelete)))
	}
	if change.NewKey != "" {
		column.Key = change.NewKey
		if l.Side == schema.Parent {
			set = append(set, sqlb.Set("id", change.NewKey))
		} else {
			set = append(set, sqlb.Set("child_key", change.NewKey))
		}
	}
	if err := t.checkChange(ctx, tx, old, &column); err != nil {
		return column, err
	}
	if err := t.saveColumn(ctx, tx, &column); err != nil {
		return column, err
	}
	if _, err := store.Exec(ctx, tx, sqlb.Update{Table: relationsTable, Set: set, Where: sqlb.Eq("seq", l.seq)}); err != nil {
		return column, err
	}
	return column, c.raise(ctx, tx, now)
}

// deleteRelation removes a relation with both of its columns.
func (c *Catalog) deleteRelation(ctx context.Context, tx store.Tx, seq, now int64) error {
	r, err := store.Find[relationRow](ctx, tx, relationsTable, sqlb.Eq("seq", seq))
	if err == nil {
		err = dropRelation(ctx, tx, r)
	}
	if err != nil {
		return err
	}
	return c.raise(ctx, tx, now)
}

// dropRelations removes all relations of a table that is about to go.
func dropRelations(ctx context.Context, tx store.Tx, table int64) error {
	rows, err := store.List[relationRow](ctx, tx, sqlb.Select{From: relationsTable, Where: relationsOf(table)})
	for _, r := range rows {
		err = errors.Join(err, dropRelation(ctx, tx, r))
	}
	return err
}

func dropRelation(ctx context.Context, tx store.Tx, r relationRow) error {
	if _, err := tx.Exec(ctx, `DROP TABLE `+tx.Dialect().Name(linksTable(r.Seq))); err != nil {
		return fmt.Errorf("drop %s: %w", linksTable(r.Seq), err)
	}
	side := func(table int64, key string) sqlb.Cond {
		return sqlb.And(sqlb.Eq("table_seq", table), sqlb.Eq("id", key), sqlb.Eq("type", string(schema.Relationship)))
	}
	if _, err := store.DeleteWhere(ctx, tx, columnsTable, side(r.Parent, r.Key)); err != nil {
		return err
	}
	if r.TwoWay {
		if _, err := store.DeleteWhere(ctx, tx, columnsTable, side(r.Child, r.ChildKey)); err != nil {
			return err
		}
	}
	_, err := store.DeleteWhere(ctx, tx, relationsTable, sqlb.Eq("seq", r.Seq))
	return err
}
