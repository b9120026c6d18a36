package sqlite

import (
	"context"
	"errors"

	"github.com/ncruces/go-sqlite3"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/vault"
)

// A tx is a transaction, from its turn on a connection until that ends.
type tx struct {
	conn     *conn
	database *database
	readonly bool
	version  uint64 // of what a view sees

	open   *rows
	failed error // the first error of a statement; after it, there is no second
	over   bool
	hooks  []func()
}

func (t *tx) Project() string       { return t.database.project }
func (t *tx) Dialect() sqlb.Dialect { return sqlb.SQLite }
func (t *tx) Vault() *vault.Vault   { return t.database.vault }
func (t *tx) OnCommit(fn func())    { t.hooks = append(t.hooks, fn) }

// The number is of the commits of this process, and so of no use to a reader.
func (t *tx) Version() (uint64, bool) { return t.version, t.readonly && t.database.writer != nil }

func (t *tx) Exec(ctx context.Context, sql string, args ...any) (n int64, err error) {
	s, err := t.start(ctx, sql, args)
	if err != nil {
		return 0, err
	}
	n, err = t.conn.exec(s)
	if err != nil {
		return 0, t.fail(ctx, err)
	}
	return n, nil
}

// LastInsert is the key of the row that was inserted last. It says what the SQL
// function last_insert_rowid does, without a statement.
func (t *tx) LastInsert() int64 {
	t.conn.inside = true
	n := t.conn.sqlite.LastInsertRowID()
	t.conn.inside = false
	return n
}

// exec runs a statement to its end, and counts the rows it changed.
func (c *conn) exec(s *statement) (n int64, err error) {
	defer c.guard(&err)
	// A statement that changes no row leaves the count of the one before.
	before := c.sqlite.TotalChanges()
	err = s.Exec()
	if cleared := s.ClearBindings(); err == nil {
		err = cleared
	}
	if err == nil && c.sqlite.TotalChanges() != before {
		n = c.sqlite.Changes()
	}
	return n, err
}

func (t *tx) Query(ctx context.Context, sql string, args ...any) (store.Rows, error) {
	s, err := t.start(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	t.open = &rows{tx: t, ctx: ctx, statement: s}
	return t.open, nil
}

// start gets a statement ready. After an error the transaction only fails, for
// that is what PostgreSQL does, and a service must not learn it there.
func (t *tx) start(ctx context.Context, sql string, args []any) (*statement, error) {
	switch {
	case t.over:
		return nil, errOver
	case t.failed != nil:
		return nil, t.failed
	case t.open != nil:
		return nil, t.fail(ctx, errOpenRows)
	}
	s, err := t.conn.prepare(ctx, sql, args)
	if err != nil {
		return nil, t.fail(ctx, err)
	}
	return s, nil
}

func (t *tx) fail(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, sqlite3.INTERRUPT) && ctx.Err() != nil:
		err = timeout(ctx)
	case errors.Is(err, sqlite3.READONLY) && t.readonly:
		err = errView
	default:
		err = translate(err)
	}
	if t.failed == nil {
		t.failed = err
	}
	return err
}

// end makes sure that nothing runs on the connection, and nothing can.
func (t *tx) end() {
	if t.open != nil {
		t.open.end()
	}
	t.over = true
}

// rows are the result of a running statement.
type rows struct {
	tx        *tx
	ctx       context.Context
	statement *statement // nil once closed
	err       error
}

func (r *rows) Next() bool {
	if r.statement == nil || r.err != nil {
		return false
	}
	more, err := r.tx.conn.step(r.statement)
	if err != nil {
		r.err = r.tx.fail(r.ctx, err)
	}
	if !more {
		r.end() // another step would run the statement again
	}
	return more
}

func (c *conn) step(s *statement) (more bool, err error) {
	defer c.guard(&err)
	more = s.Step()
	if !more {
		err = s.Err()
	}
	return more, err
}

func (r *rows) Err() error { return r.err }

func (r *rows) Close() error {
	r.end()
	return nil
}

func (r *rows) end() {
	if r.statement != nil {
		r.tx.conn.reset(r.statement)
		r.statement, r.tx.open = nil, nil
	}
}

// A column is read without a guard, which would cost more than the reading. If
// SQLite panics there, the connection stays marked as inside.

func (r *rows) Null(i int) bool {
	r.tx.conn.inside = true
	null := r.statement.ColumnType(i) == sqlite3.NULL
	r.tx.conn.inside = false
	return null
}

func (r *rows) Int(i int) int64 {
	r.tx.conn.inside = true
	n := r.statement.ColumnInt64(i)
	r.tx.conn.inside = false
	return n
}

func (r *rows) Float(i int) float64 {
	r.tx.conn.inside = true
	f := r.statement.ColumnFloat(i)
	r.tx.conn.inside = false
	return f
}

func (r *rows) Text(i int) []byte {
	r.tx.conn.inside = true
	text := r.statement.ColumnRawText(i)
	r.tx.conn.inside = false
	return text
}

func (r *rows) Blob(i int) []byte {
	r.tx.conn.inside = true
	blob := r.statement.ColumnRawBlob(i)
	r.tx.conn.inside = false
	return blob
}
