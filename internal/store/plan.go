package store

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"

	"moorfast/internal/store/sqlb"
	"moorfast/internal/vault"
)

// A plan is what the mapper knows of a row type. It is made once.
type plan struct {
	fields  []*field
	names   []string // of fields, in their order
	written []*field // by an insert: all but seq
	changed []*field // by an update: all but seq and id
	id, seq *field

	texts atomic.Pointer[[]statements]
}

// A field is one column of a row type.
type field struct {
	name  string
	index []int
	codec codec
}

func (f *field) of(row reflect.Value) reflect.Value {
	if len(f.index) == 1 {
		return row.Field(f.index[0])
	}
	return row.FieldByIndex(f.index)
}

var plans sync.Map // reflect.Type to *plan

func planOf[R any]() *plan {
	t := reflect.TypeFor[R]()
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := newPlan(t)
	plans.Store(t, p)
	return p
}

// newPlan panics on a type that cannot be a row: that is a mistake in the
// program, and the first test that touches the table shows it.
func newPlan(t reflect.Type) *plan {
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("store: row type %v is not a struct", t))
	}
	p := &plan{}
	for _, sf := range reflect.VisibleFields(t) {
		tag, ok := sf.Tag.Lookup("col")
		if !ok {
			continue
		}
		if !sf.IsExported() {
			panic(fmt.Sprintf("store: %v.%s has a column and is not exported", t, sf.Name))
		}
		name, option, _ := strings.Cut(tag, ",")
		f := &field{name: name, index: sf.Index, codec: codecOf(sf.Type, option == "json")}
		p.add(t, f, sf.Type)
	}
	if len(p.fields) == 0 {
		panic(fmt.Sprintf("store: row type %v has no columns", t))
	}
	for _, f := range p.fields {
		if f.codec.secret && p.id == nil {
			panic(fmt.Sprintf("store: %v.%s is a secret, and the row has no id to bind it to", t, f.name))
		}
	}
	return p
}

func (p *plan) add(t reflect.Type, f *field, ft reflect.Type) {
	for _, other := range p.fields {
		if other.name == f.name {
			panic(fmt.Sprintf("store: %v has the column %s twice", t, f.name))
		}
	}
	p.fields = append(p.fields, f)
	p.names = append(p.names, f.name)
	switch f.name {
	case "seq":
		if ft.Kind() != reflect.Int64 {
			panic(fmt.Sprintf("store: %v: the column seq must be an int64", t))
		}
		p.seq = f
		return
	case "id":
		if ft.Kind() != reflect.String {
			panic(fmt.Sprintf("store: %v: the column id must be a string", t))
		}
		p.id = f
	default:
		p.changed = append(p.changed, f)
	}
	p.written = append(p.written, f)
}

// named returns the fields of columns, and panics on one that is not there.
func (p *plan) named(columns []string) []*field {
	fields := make([]*field, len(columns))
	for i, name := range columns {
		for _, f := range p.fields {
			if f.name == name {
				fields[i] = f
			}
		}
		if fields[i] == nil {
			panic(fmt.Sprintf("store: the row has no column %q", name))
		}
	}
	return fields
}

// values returns the arguments that write fields of a row.
func (p *plan) values(tx Tx, table string, row reflect.Value, fields []*field) ([]any, error) {
	args := make([]any, len(fields), len(fields)+1)
	for i, f := range fields {
		v := f.of(row)
		var err error
		if f.codec.secret {
			args[i], err = p.seal(tx, table, f.name, row, v)
		} else {
			args[i], err = f.codec.put(v)
		}
		if err != nil {
			return nil, fmt.Errorf("write %s.%s: %w", table, f.name, err)
		}
	}
	return args, nil
}

func (p *plan) seal(tx Tx, table, column string, row, v reflect.Value) (any, error) {
	secret := v.Addr().Interface().(*vault.Secret)
	if !secret.Set() {
		return nil, nil
	}
	return tx.Vault().Seal(p.place(tx, table, column, row), *secret)
}

// one reads the first of rows into row, and closes them.
func (p *plan) one(tx Tx, table string, rows Rows, fields []*field, row reflect.Value) error {
	if !rows.Next() {
		if err := finish(rows); err != nil {
			return err
		}
		return ErrNotFound
	}
	if err := p.scan(tx, table, rows, fields, row); err != nil {
		return errors.Join(err, rows.Close())
	}
	return rows.Close()
}

// scan reads the current one of rows into row.
func (p *plan) scan(tx Tx, table string, rows Rows, fields []*field, row reflect.Value) error {
	secrets := false
	for i, f := range fields {
		if f.codec.secret {
			secrets = true
			continue
		}
		if err := f.codec.get(rows, i, f.of(row)); err != nil {
			return fmt.Errorf("read %s.%s: %w", table, f.name, err)
		}
	}
	if !secrets {
		return nil
	}
	// A secret opens at its row only, so the id has to be there first.
	for i, f := range fields {
		if !f.codec.secret || rows.Null(i) {
			continue
		}
		secret, err := tx.Vault().Open(p.place(tx, table, f.name, row), string(rows.Text(i)))
		if err != nil {
			return fmt.Errorf("open %s.%s: %w", table, f.name, err)
		}
		*f.of(row).Addr().Interface().(*vault.Secret) = secret
	}
	return nil
}

func (p *plan) place(tx Tx, table, column string, row reflect.Value) vault.Place {
	return vault.Place{Project: tx.Project(), Table: table, Column: column, Row: p.id.of(row).String()}
}

// statements are the texts for one table. A row type has one or two tables, so
// a list is enough to find them in.
type statements struct {
	d                   sqlb.Dialect
	table               string
	insert, get, update string
}

func (p *plan) statements(d sqlb.Dialect, table string) *statements {
	known := p.texts.Load()
	if known != nil {
		for i := range *known {
			if s := &(*known)[i]; s.d == d && s.table == table {
				return s
			}
		}
	}
	list := []statements{p.newStatements(d, table)}
	if known != nil {
		list = append(list, *known...)
	}
	p.texts.Store(&list) // of two at once, one is forgotten and made again
	return &list[0]
}

func (p *plan) newStatements(d sqlb.Dialect, table string) statements {
	insert := sqlb.Insert{Into: table, Columns: columns(p.written), Rows: [][]any{nil}}
	if p.seq != nil {
		insert.Returning = []string{p.seq.name}
	}
	s := statements{d: d, table: table}
	s.insert, _ = insert.SQL(d)
	if p.id != nil {
		s.get, _ = sqlb.Select{Columns: p.names, From: table, Where: sqlb.Eq("id", "")}.SQL(d)
		s.update = updateSQL(d, table, p.changed)
	}
	return s
}

func updateSQL(d sqlb.Dialect, table string, fields []*field) string {
	s := sqlb.Update{Table: table, Where: sqlb.Eq("id", "")}
	for _, f := range fields {
		s.Set = append(s.Set, sqlb.Set(f.name, nil))
	}
	text, _ := s.SQL(d)
	return text
}

func columns(fields []*field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}
