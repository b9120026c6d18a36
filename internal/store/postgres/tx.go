package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/vault"
)

const (
	attempts = 40 // of an update that collides with others
	// endTimeout bounds the end of a transaction, which no context interrupts.
	endTimeout = 15 * time.Second
)

// view runs fn in a transaction that sees one state.
func (db *DB) view(ctx context.Context, p *project, fn func(store.Tx) error) error {
	t, err := db.begin(ctx, p, p.view)
	if err != nil {
		return err
	}
	t.readonly = true
	err = t.run(fn)
	if err == nil {
		t.committed()
	}
	return err
}

// update runs fn in transactions until one of them is not in the way of another.
func (db *DB) update(ctx context.Context, p *project, fn func(store.Tx) error) error {
	for attempt := 1; ; attempt++ {
		t, err := db.attempt(ctx, p, attempt, fn)
		switch {
		case err == nil:
			t.committed()
			return nil
		case t == nil || !t.collided:
			return err
		case attempt == attempts:
			return fmt.Errorf("%w: %d attempts: %w", store.ErrUnavailable, attempt, err)
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// attempt runs fn in one transaction. Those that have collided before run one
// at a time, so that many that want the same row do not only meet again.
func (db *DB) attempt(ctx context.Context, p *project, attempt int, fn func(store.Tx) error) (*tx, error) {
	if attempt > 1 {
		select {
		case p.again <- struct{}{}:
			defer func() { <-p.again }()
		case <-ctx.Done():
			return nil, timeout(ctx)
		}
	}
	t, err := db.begin(ctx, p, p.update)
	if err != nil {
		return nil, err
	}
	return t, t.run(fn)
}

// pause waits a random time, longer from attempt to attempt.
func pause(ctx context.Context, attempt int) error {
	longest := time.Millisecond << min(attempt, 4)
	timer := time.NewTimer(rand.N(longest)) //nolint:gosec // nothing to guess
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return timeout(ctx)
	}
}

// A tx is one attempt at a transaction. The server hears of it with its first
// statement, which saves a round trip.
type tx struct {
	db       *DB
	project  *project
	conn     *pgxpool.Conn
	begin    string // until it is sent
	readonly bool

	open     *rows
	failed   error // the first error of a statement; after it, there is no second
	collided bool  // with another transaction, and may be tried again
	over     bool
	hooks    []func()
}

func (t *tx) Project() string       { return t.project.id }
func (t *tx) Dialect() sqlb.Dialect { return sqlb.Postgres }
func (t *tx) Vault() *vault.Vault   { return t.db.options.Vault }
func (t *tx) OnCommit(fn func())    { t.hooks = append(t.hooks, fn) }

// Version has none to give: other nodes change the project, too.
func (t *tx) Version() (uint64, bool) { return 0, false }

func (db *DB) begin(ctx context.Context, p *project, begin string) (*tx, error) {
	conn, err := db.acquire(ctx)
	if err != nil {
		return nil, err
	}
	return &tx{db: db, project: p, conn: conn, begin: begin}, nil
}

func (db *DB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	if ctx.Err() != nil {
		return nil, timeout(ctx)
	}
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return nil, translate(ctx, err)
	}
	return conn, nil
}

// run gives the transaction to fn, ends it, and gives the connection back,
// however fn ends.
func (t *tx) run(fn func(store.Tx) error) (err error) {
	verb := "ROLLBACK"
	defer func() {
		if ended := t.end(verb); err == nil {
			err = ended
		}
	}()
	if err = fn(t); err == nil {
		err = t.failed
	}
	if err == nil {
		verb = "COMMIT"
	}
	return err
}

// end sends the last statement. A transaction of which the server has not
// heard needs none.
func (t *tx) end(verb string) (err error) {
	defer t.conn.Release() // which closes a connection that is still in a transaction
	if t.open != nil {
		err = t.open.Close()
	}
	t.over = true
	if t.begin != "" {
		return nil
	}
	if err != nil {
		verb = "ROLLBACK"
	}
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	results, failed := t.conn.Conn().PgConn().Exec(ctx, verb).ReadAll()
	var refused *pgconn.PgError
	switch {
	case err != nil || verb == "ROLLBACK":
		return err
	case errors.As(failed, &refused):
		return t.fail(ctx, failed)
	case failed != nil && t.readonly:
		return translate(ctx, failed)
	case failed != nil:
		return fmt.Errorf("%w: %w: %w", store.ErrUnavailable, errUnknown, failed)
	case len(results) != 1 || results[0].CommandTag.String() != verb:
		return errEnded
	}
	return nil
}

func (t *tx) committed() {
	for _, hook := range t.hooks {
		hook()
	}
}

func (t *tx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	r, err := t.send(ctx, sql, args)
	if err != nil {
		return 0, err
	}
	tag, err := r.close()
	if err != nil {
		return 0, t.fail(ctx, err)
	}
	if tag.Insert() || tag.Update() || tag.Delete() {
		return tag.RowsAffected(), nil
	}
	return 0, nil
}

func (t *tx) Query(ctx context.Context, sql string, args ...any) (store.Rows, error) {
	r, err := t.send(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	t.open = &rows{tx: t, ctx: ctx, result: r}
	return t.open, nil
}

// send starts a statement, and with the first one the transaction.
func (t *tx) send(ctx context.Context, sql string, args []any) (*result, error) {
	switch {
	case t.over:
		return nil, errOver
	case t.failed != nil:
		return nil, t.failed
	case t.open != nil:
		return nil, t.fail(ctx, errOpenRows)
	case ctx.Err() != nil:
		return nil, t.fail(ctx, ctx.Err())
	}
	s, err := newStatement(sql, args)
	if err != nil {
		return nil, t.fail(ctx, err)
	}
	conn := t.conn.Conn().PgConn()
	if t.begin == "" {
		return &result{reader: conn.ExecParams(ctx, s.sql, s.values, nil, s.formats, nil)}, nil
	}
	batch := &pgconn.Batch{}
	batch.ExecParams(t.begin, nil, nil, nil, nil)
	batch.ExecParams(t.project.path, nil, nil, nil, nil)
	batch.ExecParams(s.sql, s.values, nil, s.formats, nil)
	t.begin = ""
	r := &result{batch: conn.ExecBatch(ctx, batch)}
	for range 3 {
		if !r.batch.NextResult() {
			return nil, t.fail(ctx, r.batch.Close())
		}
		r.reader = r.batch.ResultReader()
	}
	return r, nil
}

// fail keeps the first error, for a transaction in which a statement has failed
// can only fail.
func (t *tx) fail(ctx context.Context, err error) error {
	if t.failed == nil {
		var e *pgconn.PgError
		t.collided = errors.As(err, &e) && (e.Code == serializationFailure || e.Code == deadlockDetected)
		if t.readonly && e != nil && e.Code == readOnlyTransaction {
			err = errView
		}
		t.failed = translate(ctx, err)
	}
	return t.failed
}
