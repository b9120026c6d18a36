package sqlite

import (
	"context"

	"github.com/ncruces/go-sqlite3"
)

// Measure runs a statement, and tells how many rows it returns, and how many steps
// of SQLite's machine that takes: some for each row that is looked at.
func (t *tx) Measure(ctx context.Context, sql string, args ...any) (rows, steps int64, err error) {
	s, err := t.start(ctx, sql, args)
	if err != nil {
		return 0, 0, err
	}
	rows, steps, err = t.conn.measure(s)
	if err != nil {
		return 0, 0, t.fail(ctx, err)
	}
	return rows, steps, nil
}

func (c *conn) measure(s *statement) (rows, steps int64, err error) {
	defer c.guard(&err)
	s.Status(sqlite3.STMTSTATUS_VM_STEP, true)
	for s.Step() {
		rows++
	}
	err = s.Err()
	steps = int64(s.Status(sqlite3.STMTSTATUS_VM_STEP, true))
	c.reset(s)
	return rows, steps, err
}
