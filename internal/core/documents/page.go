package documents

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync/atomic"

	"moorfast/internal/query"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// page returns the rows of a page as JSON, with commas between them and room for
// a header before them, and how many they are.
func (t *Table) page(ctx context.Context, tx store.Tx, by By, plan *query.Plan, where sqlb.Cond, shapes []*shape) (out []byte, n int64, err error) {
	if len(shapes) > 0 {
		return t.expandedPage(ctx, tx, by, plan, where, shapes)
	}
	keys, random, err := t.keys(ctx, tx, plan, where, seqColumn)
	if err != nil {
		return nil, 0, err
	}
	p := t.selected(plan.Selects)
	sql, args := t.selectPage(tx.Dialect(), &p, keys, random)
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, 0, fmt.Errorf("list rows of %s: %w", t.name, err)
	}
	defer done(rows, &err)
	return t.encode(tx, by, rows, &p, keys.Limit, plan.Cursor.Before && !random)
}

// keys selects a column of the rows of a page. random says that the rows are to
// come in any order.
func (t *Table) keys(ctx context.Context, tx store.Tx, plan *query.Plan, where sqlb.Cond, column string) (keys sqlb.Select, random bool, err error) {
	orders, random := t.orders(plan)
	keys = sqlb.Select{Columns: []string{column}, From: t.name, Where: where, Order: orders, Limit: number(plan.Limit), Offset: number(plan.Offset)}
	if plan.Cursor.ID == "" || random {
		return keys, random, nil
	}
	after, err := t.seek(ctx, tx, plan.Cursor, orders)
	keys.Where = and(where, after)
	if plan.Cursor.Before {
		keys.Order = sqlb.Reverse(orders)
	}
	return keys, false, err
}

// encode appends all of rows, of which there are at most limit.
func (t *Table) encode(tx store.Tx, by By, rows store.Rows, p *projection, limit int, reverse bool) (out []byte, n int64, err error) {
	out = make([]byte, headerSize, headerSize+t.sizes.guess(limit))
	var ends []int // of the rows in out
	e := encoder{t, by.Form, tx}
	for ; rows.Next(); n++ {
		if n > 0 {
			out = append(out, ',')
		}
		if out, err = e.row(out, rows, p); err != nil {
			return nil, 0, err
		}
		if reverse {
			ends = append(ends, len(out))
		}
	}
	if err := rows.Err(); err != nil {
		return nil, 0, fmt.Errorf("list rows of %s: %w", t.name, err)
	}
	t.sizes.learn(len(out), n)
	if reverse {
		out = append(out[:headerSize], reversed(out, headerSize, ends)...)
	}
	return out, n, nil
}

// sizes remembers how long rows are, so that the room for a list is made once.
type sizes struct{ row atomic.Int64 }

// guess returns the room for some rows. What is unlikely to be needed is left to
// append.
func (s *sizes) guess(rows int) int { return min(int(s.row.Load())*min(rows, 1000), 1<<20) + 256 }

func (s *sizes) learn(length int, rows int64) {
	if rows > 0 {
		s.row.Store(int64(length)/rows + 16)
	}
}

func and(a, b sqlb.Cond) sqlb.Cond {
	if a == nil {
		return b
	}
	return sqlb.And(a, b)
}

// reversed returns the rows of out, of which the ends are given, from the other
// end.
func reversed(out []byte, begin int, ends []int) []byte {
	list := make([]byte, 0, len(out)-begin)
	for i, end := range slices.Backward(ends) {
		start := begin
		if i > 0 {
			start = ends[i-1] + 1
		}
		if len(list) > 0 {
			list = append(list, ',')
		}
		list = append(list, out[start:end]...)
	}
	return list
}

// selectPage reads a projection of the rows whose keys a statement selects. The
// keys come first, from an index that has all that it takes, and then the rows
// that are on the page: sorting whole rows costs more than twice as much.
func (t *Table) selectPage(d sqlb.Dialect, p *projection, keys sqlb.Select, random bool) (string, []any) {
	limit := bounds(keys.Limit, keys.Offset)
	keys.Limit, keys.Offset = 0, 0
	if random {
		keys.Order = nil
	}
	inner, args := keys.SQL(d)
	if random {
		inner = `SELECT ` + d.Name(seqColumn) + ` FROM (` + inner + `) AS q ORDER BY random()`
	}
	inner += limit
	alias, key := `k`, `k.`+d.Name(seqColumn)
	if d == sqlb.Postgres {
		alias, key = `k(key)`, `k.key`
	}
	sql := `SELECT ` + p.terms(d) + ` FROM (` + inner + `) AS ` + alias + ` CROSS JOIN ` + d.Name(t.name) + ` AS r CROSS JOIN acl AS a` +
		` WHERE r.` + d.Name(seqColumn) + ` = ` + key + ` AND a.id = r.` + d.Name(aclColumn)
	if d == sqlb.Postgres {
		// SQLite joins in the order that is written here, so the order of the keys
		// is that of the rows.
		for i, o := range keys.Order {
			if i == 0 {
				sql += ` ORDER BY `
			} else {
				sql += `, `
			}
			sql += o.SQL(d)
		}
	}
	return sql, args
}

// orders is what rows of a list are sorted by. The last key tells all rows
// apart, so that pages neither repeat nor skip any.
func (t *Table) orders(plan *query.Plan) (orders []sqlb.Order, random bool) {
	tie := sqlb.Order{Column: seqColumn}
	for i, o := range plan.Orders {
		if o.Random {
			return nil, true
		}
		if o.Attribute == "" || o.Attribute == "$sequence" {
			return append(orders, sqlb.Order{Column: seqColumn, Desc: o.Desc}), false
		}
		if i == 0 && (o.Attribute == "$createdAt" || o.Attribute == "$updatedAt") {
			tie.Desc = o.Desc
		}
		by := t.operand(o.Attribute)
		orders = append(orders, sqlb.Order{Column: by.name, Desc: o.Desc, Nullable: by.nullable, Fold: by.fold})
	}
	return append(orders, tie), false
}

// seek returns the condition that a page begins behind the row of a cursor, or
// before it; then the orders are to be reversed, and the page after them.
func (t *Table) seek(ctx context.Context, tx store.Tx, c query.Cursor, orders []sqlb.Order) (cond sqlb.Cond, err error) {
	columns := make([]string, len(orders))
	for i, o := range orders {
		columns[i] = o.Column
	}
	sql, args := sqlb.Select{Columns: columns, From: t.name, Where: sqlb.Eq(idColumn, c.ID)}.SQL(tx.Dialect())
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer done(rows, &err)
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return nil, err
		}
		return nil, &Error{Kind: NoCursor, Name: c.ID}
	}
	values := make([]any, len(columns))
	for i := range columns {
		if rows.Null(i) {
			return nil, &Error{Kind: NullInOrder, Name: c.ID}
		}
		values[i] = t.cell(rows, i, columns[i])
	}
	if c.Before {
		orders = sqlb.Reverse(orders)
	}
	return sqlb.After(orders, values...), rows.Err()
}

// cell reads a value as an argument to compare with.
func (t *Table) cell(rows store.Rows, at int, column string) any {
	switch column {
	case idColumn:
		return string(rows.Text(at))
	case seqColumn, createdColumn, updatedColumn:
		return rows.Int(at)
	}
	for i := range t.fields {
		if f := &t.fields[i]; f.name == column {
			return f.argument(rows, at)
		}
	}
	return nil
}

// argument reads a value that is not null as the store takes it.
func (f *field) argument(rows store.Rows, at int) any {
	switch f.form {
	case asText, asJSON:
		return string(rows.Text(at))
	case asFloat:
		return rows.Float(at)
	}
	return rows.Int(at)
}

// bounds are the limit and the offset of a statement. They stand in its text: with
// a limit that is an argument, SQLite plans a statement anew each time it runs.
func bounds(limit, offset int) string {
	s := ` LIMIT ` + strconv.Itoa(limit)
	if offset > 0 {
		s += ` OFFSET ` + strconv.Itoa(offset)
	}
	return s
}

// number makes a limit or an offset an int.
func number(n int64) int { return int(min(n, math.MaxInt32)) }
