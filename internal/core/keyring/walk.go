package keyring

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/vault"
)

// A table is one of a project's database that has columns of text.
type table struct {
	name   string
	id     string // the column that names its rows, or ""
	texts  []string
	locate bool // its rows have a place in the store
}

// tables reads the schema of the database that tx is in.
func tables(ctx context.Context, tx store.Tx) (list []table, err error) {
	sql := `SELECT l.name, c.name, l.wr FROM pragma_table_list AS l, pragma_table_xinfo(l.name) AS c
		WHERE l.schema = 'main' AND l.type = 'table' AND l.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND c.type = 'TEXT' ORDER BY l.name, c.cid`
	if tx.Dialect() == sqlb.Postgres {
		sql = `SELECT c.table_name, c.column_name, 0 FROM information_schema.columns AS c
			JOIN information_schema.tables AS t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
			WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.data_type = 'text'
			ORDER BY c.table_name, c.ordinal_position`
	}
	err = store.Each(ctx, tx, sql, nil, func(rows store.Rows) error {
		name, column := string(rows.Text(0)), string(rows.Text(1))
		if len(list) == 0 || list[len(list)-1].name != name {
			list = append(list, table{name: name, locate: rows.Int(2) == 0})
		}
		t := &list[len(list)-1]
		switch column {
		case "id", "_id":
			t.id = column
		}
		t.texts = append(t.texts, column)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	return list, nil
}

// A value is a sealed text, and where it was found.
type value struct {
	table, column, row string
	where              string // its row's place in the store
	sealed             string
	again              string // sealed again
}

func (v *value) place(project string) Place { return Place{project, v.table, v.column, v.row} }

func (v *value) at(project string) vault.Place {
	return vault.Place{Project: project, Table: v.table, Column: v.column, Row: v.row}
}

// of tells which texts are meant: those that begin with one of the prefixes of
// keys, or with what all sealed texts do.
func of(d sqlb.Dialect, prefixes []string, column string) (string, []any) {
	if prefixes == nil {
		return `substr(` + d.Name(column) + `, 1, 4) = ?`, []any{"mf1."}
	}
	args := make([]any, len(prefixes))
	for i, p := range prefixes {
		args[i] = p
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", ")
	return fmt.Sprintf(`substr(%s, 1, %d) IN (%s)`, d.Name(column), vault.PrefixSize, marks), args
}

// count counts sealed values by place and key, and returns how many there are.
// The place has no row.
func (k *Keyring) count(ctx context.Context, prefixes map[string][]string, found func(at Place, key string, n int64)) (total int64, err error) {
	err = k.each(ctx, func(project string) error {
		if prefixes != nil && len(prefixes[project]) == 0 {
			return nil
		}
		n, err := k.countIn(ctx, project, prefixes[project], found)
		total += n
		return err
	})
	return total, err
}

func (k *Keyring) countIn(ctx context.Context, project string, prefixes []string, found func(at Place, key string, n int64)) (total int64, err error) {
	type counted struct {
		at  Place
		key string
		n   int64
	}
	var all []counted
	err = k.view(ctx, project, func(tx store.Tx) error {
		all, total = nil, 0
		list, err := tables(ctx, tx)
		if err != nil {
			return err
		}
		d := tx.Dialect()
		for _, t := range list {
			for _, column := range t.texts {
				cond, args := of(d, prefixes, column)
				sql := fmt.Sprintf(`SELECT substr(%[1]s, 1, %[2]d), count(*) FROM %[3]s WHERE %[4]s GROUP BY substr(%[1]s, 1, %[2]d)`,
					d.Name(column), vault.PrefixSize, d.Name(t.name), cond)
				err := store.Each(ctx, tx, sql, args, func(rows store.Rows) error {
					c := counted{Place{project, t.name, column, ""}, vault.KeyOf(string(rows.Text(0))), rows.Int(1)}
					if c.key != "" { // or it only begins like one
						all = append(all, c)
						total += c.n
					}
					return nil
				})
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	for _, c := range all {
		found(c.at, c.key, c.n)
	}
	return total, err
}

// batch is how many rows are read at a time, and blocks how many pages of a
// table of PostgreSQL.
const (
	batch  = 500
	blocks = 64
)

// walk calls fn with the sealed values of a project, some at a time, outside of
// any transaction. It goes by the place of rows in the store, which every table
// has an order by: a row that moves meanwhile may be missed, or come again.
func (k *Keyring) walk(ctx context.Context, project string, prefixes []string, fn func([]value) error) error {
	var list []table
	err := k.view(ctx, project, func(tx store.Tx) (err error) {
		list, err = tables(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	for _, t := range list {
		// Most tables have nothing sealed, and are read through at once.
		columns, err := k.sealedColumns(ctx, project, t, prefixes)
		if err != nil {
			return err
		}
		if len(columns) == 0 {
			continue
		}
		if err := k.walkTable(ctx, project, t, columns, prefixes, fn); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	return nil
}

func (k *Keyring) sealedColumns(ctx context.Context, project string, t table, prefixes []string) (columns []string, err error) {
	err = k.view(ctx, project, func(tx store.Tx) error {
		columns = nil
		if gone, err := dropped(ctx, tx, t); err != nil || gone {
			return err
		}
		d := tx.Dialect()
		for _, column := range t.texts {
			cond, args := of(d, prefixes, column)
			err := store.Each(ctx, tx, `SELECT 1 FROM `+d.Name(t.name)+` WHERE `+cond+` LIMIT 1`, args, func(store.Rows) error {
				columns = append(columns, column)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return columns, err
}

// dropped reports whether a table, or one of its columns, is gone since the
// schema was read.
func dropped(ctx context.Context, tx store.Tx, t table) (bool, error) {
	sql := `SELECT name FROM pragma_table_xinfo(?)`
	if tx.Dialect() == sqlb.Postgres {
		sql = `SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ?`
	}
	var now []string
	err := store.Each(ctx, tx, sql, []any{t.name}, func(rows store.Rows) error {
		now = append(now, string(rows.Text(0)))
		return nil
	})
	return slices.ContainsFunc(t.texts, func(c string) bool { return !slices.Contains(now, c) }), err
}

// walkTable reads a table in steps, each in a view of its own so that no view
// stays open for long.
func (k *Keyring) walkTable(ctx context.Context, project string, t table, columns, prefixes []string, fn func([]value) error) error {
	last := int64(-1 << 62)
	if !t.locate {
		last = 0
	}
	for more, first := true, true; more; first = false {
		var values []value
		err := k.view(ctx, project, func(tx store.Tx) (err error) {
			values, more = nil, false
			if gone, err := dropped(ctx, tx, t); err != nil || gone {
				return err
			}
			from := last
			if tx.Dialect() == sqlb.Postgres && first {
				from = 0
			}
			values, last, more, err = read(ctx, tx, t, columns, prefixes, from)
			return err
		})
		if err != nil {
			return err
		}
		if len(values) > 0 {
			if err := fn(values); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// read reads the values of the rows from a place on, and returns the place to go
// on from, and whether there may be more.
func read(ctx context.Context, tx store.Tx, t table, columns, prefixes []string, from int64) (values []value, next int64, more bool, err error) {
	d := tx.Dialect()
	var conds []string
	var args []any
	for _, column := range columns {
		cond, a := of(d, prefixes, column)
		conds, args = append(conds, cond), append(args, a...)
	}
	where := `(` + strings.Join(conds, ` OR `) + `)`
	place, tail := `''`, ``
	switch {
	case d == sqlb.Postgres:
		place = `CAST(ctid AS text)`
		where += fmt.Sprintf(` AND ctid >= '(%d,0)' AND ctid < '(%d,0)'`, from, from+blocks)
		next = from + blocks
		size := `SELECT pg_relation_size(CAST(? AS regclass)) / CAST(current_setting('block_size') AS bigint)`
		if err := store.Each(ctx, tx, size, []any{d.Name(t.name)}, func(rows store.Rows) error {
			more = rows.Int(0) > next
			return nil
		}); err != nil {
			return nil, 0, false, err
		}
	case t.locate:
		place = `rowid`
		where += ` AND rowid > ?`
		args = append(args, from)
		tail = fmt.Sprintf(` ORDER BY rowid LIMIT %d`, batch)
	}
	id := `''`
	if t.id != "" {
		id = d.Name(t.id)
	}
	sql := `SELECT ` + place + `, ` + id
	for _, column := range columns {
		sql += `, ` + d.Name(column)
	}
	rows := 0
	err = store.Each(ctx, tx, sql+` FROM `+d.Name(t.name)+` WHERE `+where+tail, args, func(r store.Rows) error {
		rows++
		where := string(r.Text(0))
		if d != sqlb.Postgres && t.locate {
			next = r.Int(0)
			where = fmt.Sprint(next)
		}
		for i, column := range columns {
			if r.Null(2 + i) {
				continue
			}
			text := string(r.Text(2 + i))
			if key := vault.KeyOf(text); key == "" || prefixes != nil && !slices.Contains(prefixes, text[:vault.PrefixSize]) {
				continue
			}
			values = append(values, value{table: t.name, column: column, row: string(r.Text(1)), where: where, sealed: text})
		}
		return nil
	})
	if d != sqlb.Postgres {
		more = t.locate && rows == batch
	}
	return values, next, more, err
}

// replace writes values that were sealed again, each only if it is still what
// was read. It returns how many it wrote.
func replace(ctx context.Context, tx store.Tx, values []value) (n int64, err error) {
	d := tx.Dialect()
	for len(values) > 0 {
		same := 1
		for same < len(values) && values[same].table == values[0].table && values[same].column == values[0].column {
			same++
		}
		group := values[:same]
		values = values[same:]
		column, name := d.Name(group[0].column), d.Name(group[0].table)
		if d == sqlb.Postgres {
			list := make([][3]string, len(group))
			for i, v := range group {
				list[i] = [3]string{v.where, v.sealed, v.again}
			}
			text, err := json.Marshal(list)
			if err != nil {
				return n, err
			}
			changed, err := tx.Exec(ctx, `UPDATE `+name+` AS r SET `+column+` = j.again FROM (
				SELECT CAST(e.value->>0 AS tid) AS place, e.value->>1 AS sealed, e.value->>2 AS again
				FROM json_array_elements(CAST(? AS json)) AS e(value)) AS j
				WHERE r.ctid = j.place AND r.`+column+` = j.sealed`, string(text))
			if err != nil {
				return n, err
			}
			n += changed
			continue
		}
		for _, v := range group {
			changed, err := tx.Exec(ctx, `UPDATE `+name+` SET `+column+` = ? WHERE rowid = CAST(? AS INTEGER) AND `+column+` = ?`, v.again, v.where, v.sealed)
			if err != nil {
				return n, err
			}
			n += changed
		}
	}
	return n, nil
}
