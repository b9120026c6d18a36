package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"moorfast/internal/store/sqlb"
)

// A row type is a struct whose fields name their column:
//
//	type teamRow struct {
//		Seq        int64        `col:"seq"`
//		ID         string       `col:"id"`
//		Name       string       `col:"name"`
//		Roles      []string     `col:"roles"`
//		InviteSalt vault.Secret `col:"invite_salt"`
//	}
//
// Columns hold strings, booleans, integers, floats, []byte and [time.Time] (UTC
// microseconds) as they are. A pointer to one of these is NULL when it is nil;
// without a pointer, NULL reads as the zero value. A [vault.Secret] is sealed
// for its row, which it knows by the column "id". Every other type, and any type
// with the option in `col:"name,json"`, is JSON text. The fields of an embedded
// struct are fields of the row. A column "seq" is counted up by the database.

// Insert adds row to table, and fills its "seq" field if it has one. It returns
// an [ErrConflict] when a unique key is taken.
func Insert[R any](ctx context.Context, tx Tx, table string, row *R) error {
	p := planOf[R]()
	v := reflect.ValueOf(row).Elem()
	args, err := p.values(tx, table, v, p.written)
	if err != nil {
		return err
	}
	sql := p.statements(tx.Dialect(), table).insert
	if p.seq == nil {
		_, err = tx.Exec(ctx, sql, args...)
	} else {
		err = insertSeq(ctx, tx, sql, args, p.seq.of(v))
	}
	if err != nil {
		return fmt.Errorf("insert %s: %w", table, err)
	}
	return nil
}

func insertSeq(ctx context.Context, tx Tx, sql string, args []any, seq reflect.Value) error {
	return Each(ctx, tx, sql, args, func(rows Rows) error {
		seq.SetInt(rows.Int(0))
		return nil
	})
}

// Get returns the row of table with that id, or [ErrNotFound].
func Get[R any](ctx context.Context, tx Tx, table, id string) (row R, err error) {
	p := planOf[R]()
	rows, err := tx.Query(ctx, p.statements(tx.Dialect(), table).get, id)
	if err != nil {
		return row, fmt.Errorf("get %s: %w", table, err)
	}
	err = p.one(tx, table, rows, p.fields, reflect.ValueOf(&row).Elem())
	if err != nil {
		return row, fmt.Errorf("get %s: %w", table, err)
	}
	return row, nil
}

// Find returns a row of table for which where holds, or [ErrNotFound].
func Find[R any](ctx context.Context, tx Tx, table string, where sqlb.Cond) (row R, err error) {
	p := planOf[R]()
	sql, args := sqlb.Select{Columns: p.names, From: table, Where: where, Limit: 1}.SQL(tx.Dialect())
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return row, fmt.Errorf("find %s: %w", table, err)
	}
	err = p.one(tx, table, rows, p.fields, reflect.ValueOf(&row).Elem())
	if err != nil {
		return row, fmt.Errorf("find %s: %w", table, err)
	}
	return row, nil
}

// List returns the rows that s selects. When s names columns, only their fields
// are filled; a secret needs the "id" beside it.
func List[R any](ctx context.Context, tx Tx, s sqlb.Select) ([]R, error) {
	p := planOf[R]()
	fields := p.fields
	if len(s.Columns) == 0 {
		s.Columns = p.names
	} else {
		fields = p.named(s.Columns)
	}
	sql, args := s.SQL(tx.Dialect())
	var list []R
	err := Each(ctx, tx, sql, args, func(rows Rows) error {
		list = append(list, *new(R))
		return p.scan(tx, s.From, rows, fields, reflect.ValueOf(&list[len(list)-1]).Elem())
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", s.From, err)
	}
	return list, nil
}

// Count returns how many rows of table where holds for. It stops counting at
// limit, unless that is 0.
func Count(ctx context.Context, tx Tx, table string, where sqlb.Cond, limit int) (n int, err error) {
	sql, args := sqlb.Count{From: table, Where: where, Cap: limit}.SQL(tx.Dialect())
	err = Each(ctx, tx, sql, args, func(rows Rows) error {
		n = int(rows.Int(0))
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", table, err)
	}
	return n, nil
}

// Update writes all columns of row to the row of table with its id. It returns
// [ErrNotFound] when there is none.
func Update[R any](ctx context.Context, tx Tx, table string, row *R) error {
	p := planOf[R]()
	sql := p.statements(tx.Dialect(), table).update
	return p.update(ctx, tx, table, sql, p.changed, reflect.ValueOf(row).Elem())
}

// UpdateColumns is [Update] for the named columns only.
func UpdateColumns[R any](ctx context.Context, tx Tx, table string, row *R, columns ...string) error {
	p := planOf[R]()
	fields := p.named(columns)
	sql := updateSQL(tx.Dialect(), table, fields)
	return p.update(ctx, tx, table, sql, fields, reflect.ValueOf(row).Elem())
}

func (p *plan) update(ctx context.Context, tx Tx, table, sql string, fields []*field, row reflect.Value) error {
	args, err := p.values(tx, table, row, fields)
	if err != nil {
		return err
	}
	n, err := tx.Exec(ctx, sql, append(args, p.id.of(row).String())...)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("update %s: %w", table, err)
	}
	return nil
}

// Delete removes the row of table with that id. It returns [ErrNotFound] when
// there is none.
func Delete(ctx context.Context, tx Tx, table, id string) error {
	n, err := DeleteWhere(ctx, tx, table, sqlb.Eq("id", id))
	if err == nil && n == 0 {
		err = fmt.Errorf("delete %s: %w", table, ErrNotFound)
	}
	return err
}

// DeleteWhere removes the rows of table for which where holds, and returns how
// many they were.
func DeleteWhere(ctx context.Context, tx Tx, table string, where sqlb.Cond) (int64, error) {
	n, err := Exec(ctx, tx, sqlb.Delete{From: table, Where: where})
	if err != nil {
		return 0, fmt.Errorf("delete %s: %w", table, err)
	}
	return n, nil
}

// Exec runs a built statement and returns how many rows it changed.
func Exec(ctx context.Context, tx Tx, s sqlb.Statement) (int64, error) {
	sql, args := s.SQL(tx.Dialect())
	return tx.Exec(ctx, sql, args...)
}

// Each runs a statement, calls fn at each of its rows, and closes them. An error
// of fn ends it.
func Each(ctx context.Context, tx Tx, sql string, args []any, fn func(Rows) error) error {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := fn(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return finish(rows)
}

// finish closes rows that were read, and returns what went wrong on the way.
func finish(rows Rows) error {
	err := rows.Err()
	if closed := rows.Close(); err == nil {
		err = closed
	}
	return err
}
