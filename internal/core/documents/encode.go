package documents

import (
	"slices"
	"strconv"
	"strings"

	"moorfast/internal/datetime"
	"moorfast/internal/rawjson"
	"moorfast/internal/schema"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/vault"
)

// A field is a column of a table on its way between the store and a client.
type field struct {
	column *schema.Column
	name   string // of the store's column
	term   string // the same in a statement about rows "r"
	key    []byte // what stands before the value in JSON
	form   form
	box    []string // of a place, the store's columns with the box around it
	hash   string   // of a sealed text that is part of an index, the store's column with its hash
	link   *link    // of a relationship, which has no column of the store
}

// form is how the store keeps a column's value.
type form uint8

const (
	asText form = iota
	asJSON
	asInt
	asFloat
	asBool
	asTime
	asLinks
)

func newField(d sqlb.Dialect, c *schema.Column, number int64) field {
	f := field{column: c, name: columnName(number)}
	f.term = `r.` + d.Name(f.name)
	f.key = append(rawjson.AppendString([]byte{','}, c.Key), ':')
	switch {
	case c.Type == schema.Relationship:
		f.form = asLinks
	case c.Type.IsSpatial():
		f.form, f.box = asJSON, boxColumns(number)
	case c.Array:
		f.form = asJSON
	case c.Type == schema.Float:
		f.form = asFloat
	case c.Type == schema.Boolean:
		f.form = asBool
	case c.Type == schema.Datetime:
		f.form = asTime
	case c.Type.IsText():
		f.form = asText
	default:
		f.form = asInt
	}
	return f
}

// A projection is what of a row goes out.
type projection struct {
	fields                                  []*field
	sequence, created, updated, permissions bool
}

// The columns that every statement about rows begins with, before the fields of
// its projection.
const (
	idAt = iota
	seqAt
	createdAt
	updatedAt
	aclAt
	permsAt
	fieldsAt
)

func systemTerms(d sqlb.Dialect) string {
	r := func(name string) string { return `r.` + d.Name(name) }
	return strings.Join([]string{r(idColumn), r(seqColumn), r(createdColumn), r(updatedColumn), r(aclColumn), `a.perms`}, `, `)
}

// terms lists the columns that the projection is read from.
func (p *projection) terms(d sqlb.Dialect) string {
	var b strings.Builder
	b.WriteString(systemTerms(d))
	for _, f := range p.fields {
		b.WriteString(`, `)
		b.WriteString(f.term)
	}
	return b.String()
}

// everything is the projection of a client that selects nothing.
func (t *Table) everything() projection {
	p := projection{sequence: true, created: true, updated: true, permissions: true, fields: make([]*field, 0, len(t.fields))}
	for i := range t.fields {
		if t.fields[i].form != asLinks {
			p.fields = append(p.fields, &t.fields[i])
		}
	}
	return p
}

// selected is the projection of a client's selects, which were checked. What
// says where a row belongs is part of every one.
func (t *Table) selected(selects []string) projection {
	if len(selects) == 0 || slices.Contains(selects, "*") {
		return t.everything()
	}
	var p projection
	for _, name := range selects {
		switch name {
		case "$sequence":
			p.sequence = true
		case "$createdAt":
			p.created = true
		case "$updatedAt":
			p.updated = true
		case "$permissions":
			p.permissions = true
		default:
			if i, ok := t.Schema.Position(name); ok && t.fields[i].form != asLinks {
				p.fields = append(p.fields, &t.fields[i])
			}
		}
	}
	return p
}

// An encoder appends rows as JSON.
type encoder struct {
	table *Table
	as    Form
	tx    store.Tx
}

// row appends the current one of rows, which has the columns of the projection.
func (e encoder) row(dst []byte, rows store.Rows, p *projection) ([]byte, error) {
	dst = append(dst, `{"$id":`...)
	dst = rawjson.AppendString(dst, rows.Text(idAt))
	if p.sequence {
		dst = append(dst, `,"$sequence":"`...)
		dst = append(strconv.AppendInt(dst, rows.Int(seqAt), 10), '"')
	}
	dst = append(append(append(dst, `,"`...), e.as.Table...), `":"`...)
	dst = append(append(dst, e.table.ID...), `","$databaseId":"`...)
	dst = append(append(dst, e.table.Database.ID...), '"')
	if p.created {
		dst = append(dst, `,"$createdAt":"`...)
		dst = append(datetime.Append(dst, rows.Int(createdAt)), '"')
	}
	if p.updated {
		dst = append(dst, `,"$updatedAt":"`...)
		dst = append(datetime.Append(dst, rows.Int(updatedAt)), '"')
	}
	if p.permissions {
		dst = append(dst, `,"$permissions":`...)
		dst = append(dst, rows.Text(permsAt)...)
	}
	for i, f := range p.fields {
		dst = append(dst, f.key...)
		var err error
		if dst, err = e.value(dst, rows, fieldsAt+i, f); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func (e encoder) value(dst []byte, rows store.Rows, at int, f *field) ([]byte, error) {
	if rows.Null(at) {
		return append(dst, "null"...), nil
	}
	if f.column.Encrypt {
		return e.sealed(dst, rows, at, f)
	}
	switch f.form {
	case asText:
		return rawjson.AppendString(dst, rows.Text(at)), nil
	case asJSON:
		return append(dst, rows.Text(at)...), nil
	case asFloat:
		return rawjson.AppendFloat(dst, rows.Float(at)), nil
	case asBool:
		return strconv.AppendBool(dst, rows.Int(at) != 0), nil
	case asTime:
		dst = append(dst, '"')
		return append(datetime.Append(dst, rows.Int(at)), '"'), nil
	}
	return strconv.AppendInt(dst, rows.Int(at), 10), nil
}

func (e encoder) sealed(dst []byte, rows store.Rows, at int, f *field) ([]byte, error) {
	text, err := e.table.open(e.tx, f, string(rows.Text(idAt)), string(rows.Text(at)))
	switch {
	case err != nil:
		return dst, err
	case f.form == asJSON:
		return append(dst, text...), nil
	}
	return rawjson.AppendString(dst, text), nil
}

// place is where the sealed values of a column belong.
func (t *Table) place(tx store.Tx, f *field, row string) vault.Place {
	return vault.Place{Project: tx.Project(), Table: t.name, Column: f.name, Row: row}
}

func (t *Table) open(tx store.Tx, f *field, row, sealed string) (string, error) {
	secret, err := tx.Vault().Open(t.place(tx, f, row), sealed)
	return secret.Reveal(), err
}

func (t *Table) seal(tx store.Tx, f *field, row, text string) (string, error) {
	return tx.Vault().Seal(t.place(tx, f, row), vault.Hide(text))
}
