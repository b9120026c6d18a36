package documents

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"moorfast/internal/schema"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// Usage is how much there is of something, of what is there still.
type Usage struct {
	Points []int64 // what was there at each moment
	Total  int64   // now
}

// Usages are what there is of databases, or in one.
type Usages struct{ Databases, Tables, Rows, Bytes Usage }

// A Span is some moments, equally far apart.
type Span struct {
	first, every int64 // milliseconds
	n            int
}

// SpanUntil returns n moments, of which the last is now.
func SpanUntil(now time.Time, every time.Duration, n int) Span {
	step := every.Milliseconds()
	return Span{first: now.UnixMilli() - int64(n-1)*step, every: step, n: n}
}

// add counts what was made at a moment, from the next of the span's on.
func (s Span) add(u *Usage, milli, amount int64) {
	if u.Points == nil {
		u.Points = make([]int64, s.n)
	}
	u.Total += amount
	next := max(0, (milli-s.first+s.every-1)/s.every)
	for i := next; i < int64(s.n); i++ {
		u.Points[i] += amount
	}
}

// Usage tells how much there is in a database, or with "" in all. Bytes are
// those of rows, without what the store needs to find them.
func (c *Catalog) Usage(ctx context.Context, tx store.Tx, database string, s Span) (u Usages, err error) {
	databases, err := store.List[Database](ctx, tx, sqlb.Select{From: databasesTable})
	if err != nil {
		return u, err
	}
	var where sqlb.Cond
	if database != "" {
		db, err := c.Database(ctx, tx, database)
		if err != nil {
			return u, err
		}
		databases, where = []Database{db}, sqlb.Eq("database_seq", db.Seq)
	}
	tables, err := store.List[tableRow](ctx, tx, sqlb.Select{From: tablesTable, Where: where})
	if err != nil {
		return u, err
	}
	for _, db := range databases {
		s.add(&u.Databases, db.CreatedAt/1000, 1)
	}
	for _, t := range tables {
		s.add(&u.Tables, t.CreatedAt/1000, 1)
		columns, err := store.List[columnRow](ctx, tx, sqlb.Select{From: columnsTable, Where: sqlb.Eq("table_seq", t.Seq)})
		if err != nil {
			return u, err
		}
		if err := s.rows(ctx, tx, t.Seq, rowBytes(tx.Dialect(), columns), &u); err != nil {
			return u, err
		}
	}
	return u, nil
}

// Usage tells how many rows the table has.
func (t *Table) Usage(ctx context.Context, tx store.Tx, s Span) (Usage, error) {
	var u Usages
	err := s.rows(ctx, tx, t.seq, "0", &u)
	return u.Rows, err
}

// rows counts those of a table, and the bytes that a term says each has. It
// reads them once, whatever the number of moments.
func (s Span) rows(ctx context.Context, tx store.Tx, table int64, bytes string, u *Usages) error {
	name := rowsTable(table)
	d := tx.Dialect()
	created := d.Name(createdColumn)
	sql := `SELECT CASE WHEN ` + created + ` <= ? THEN 0 ELSE (` + created + ` - ? + ? - 1) / ? END AS step, count(*), ` +
		`CAST(sum(` + bytes + `) AS ` + d.Int() + `) FROM ` + d.Name(name) + ` GROUP BY 1`
	err := store.Each(ctx, tx, sql, []any{s.first, s.first, s.every, s.every}, func(rows store.Rows) error {
		at := s.first + rows.Int(0)*s.every
		s.add(&u.Rows, at, rows.Int(1))
		s.add(&u.Bytes, at, rows.Int(2))
		return nil
	})
	if err != nil {
		return fmt.Errorf("count %s: %w", name, err)
	}
	return nil
}

// systemBytes are those of a row's number, its two moments, and the number of its
// list of permissions.
const systemBytes = 4 * 8

// rowBytes is a term for how many bytes a row has.
func rowBytes(d sqlb.Dialect, columns []columnRow) string {
	terms := []string{strconv.Itoa(systemBytes), `octet_length(` + d.Name(idColumn) + `)`}
	for _, r := range columns {
		switch c := r.column(); {
		case c.Type == schema.Relationship: // is kept elsewhere
		case columnType(d, &c.Column) == d.Text():
			terms = append(terms, `coalesce(octet_length(`+d.Name(columnName(c.Number))+`), 0)`)
		default:
			terms = append(terms, `8`)
		}
	}
	return strings.Join(terms, ` + `)
}
