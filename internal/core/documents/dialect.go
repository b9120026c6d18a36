package documents

import (
	"context"
	"errors"
	"fmt"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// insert runs an INSERT of one row, and returns the number that it got. SQLite
// is asked for the number afterwards: a RETURNING costs it more than the insert.
func insert(ctx context.Context, tx store.Tx, sql string, args []any) (seq int64, err error) {
	if tx.Dialect() == sqlb.Postgres {
		seq, _, err = one(ctx, tx, sql+` RETURNING `+tx.Dialect().Name(seqColumn), args...)
	} else if _, err = tx.Exec(ctx, sql, args...); err == nil {
		if engine, ok := tx.(interface{ LastInsert() int64 }); ok {
			return engine.LastInsert(), nil
		}
		seq, _, err = one(ctx, tx, `SELECT last_insert_rowid()`)
	}
	if err != nil {
		return 0, fmt.Errorf("insert a row: %w", err)
	}
	return seq, nil
}

// lock keeps the rows "r" of a SELECT from changing until the transaction ends.
func lock(d sqlb.Dialect) string {
	if d == sqlb.Postgres {
		return d.ForUpdate() + ` OF r`
	}
	return ""
}

// done closes rows at the end of a function, whose error it is where that has
// none of its own.
func done(rows store.Rows, err *error) {
	if closed := rows.Close(); *err == nil {
		*err = closed
	}
}

// absent is the error of a row that is not there, unless the search went wrong.
func absent(rows store.Rows, id string) error {
	if err := rows.Err(); err != nil {
		return fmt.Errorf("find a row: %w", err)
	}
	return &Error{Kind: NoRow, Name: id}
}

// one reads a number.
func one(ctx context.Context, tx store.Tx, sql string, args ...any) (n int64, found bool, err error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return 0, false, err
	}
	if found = rows.Next(); found {
		n = rows.Int(0)
	}
	return n, found, errors.Join(rows.Err(), rows.Close())
}

// eachText is a table "j" of the texts in an argument that is a JSON array. One
// argument for many values keeps statements the same whatever their number.
func eachText(d sqlb.Dialect) string {
	if d == sqlb.Postgres {
		return `json_array_elements_text(CAST(? AS json)) AS j(value)`
	}
	return `json_each(?) AS j`
}

// eachInt is [eachText] for numbers.
func eachInt(d sqlb.Dialect) string {
	if d == sqlb.Postgres {
		return `(SELECT CAST(e.value AS bigint) AS value FROM json_array_elements_text(CAST(? AS json)) AS e(value)) AS j`
	}
	return `json_each(?) AS j`
}

// eachMember is a table "j" of the names and values in an argument that is a JSON
// object.
func eachMember(d sqlb.Dialect) string {
	if d == sqlb.Postgres {
		return `json_each_text(CAST(? AS json)) AS j(key, value)`
	}
	return `json_each(?) AS j`
}
