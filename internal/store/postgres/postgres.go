// Package postgres is the store on a PostgreSQL server, shared by several
// nodes: one schema for the platform, and one for each project.
//
// It uses nothing that a pooler in transaction mode, or a distributed relative
// of PostgreSQL, takes away: no session state, no prepared statements by name,
// no advisory locks, no notifications. Updates are serializable, so that what
// is correct with the one writer of SQLite is correct here; those that collide
// run again.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"moorfast/internal/clock"
	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/vault"
)

// Options say where the server is and what is on it.
type Options struct {
	URL   string       // as libpq reads it; may name several hosts
	Vault *vault.Vault // seals the secrets of rows

	// Migrations lists what a project's schema needs; see [store.Platform].
	Migrations func(project string) []migrate.Migration
	// Now dates migrations. Without it they carry the machine's time.
	Now func() time.Time

	// Prefix begins the names of all schemas, so that installations can share a
	// database: a letter, then up to 20 letters and digits. Empty is "moorfast".
	Prefix      string
	Connections int // to the server at once; 0 is 20
}

// DB is the [store.DB] of a server.
type DB struct {
	options Options
	pool    *pgxpool.Pool

	mu       sync.Mutex
	projects map[string]*project
}

var _ store.DB = (*DB)(nil)

// Open connects to the server, and makes or migrates the platform's schema.
func Open(ctx context.Context, o Options) (*DB, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	config.MaxConns = int32(min(o.Connections, 1<<16))
	// A context that ends cancels the statement, and keeps the connection.
	config.ConnConfig.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: 5 * time.Second}
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	db := &DB{options: o, pool: pool, projects: make(map[string]*project)}
	if err := db.Ping(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// View implements [store.DB].
func (db *DB) View(ctx context.Context, project string, fn func(store.Tx) error) error {
	p, err := db.ready(ctx, project)
	if err != nil {
		return err
	}
	return db.view(ctx, p, fn)
}

// Update implements [store.DB]. When it collides with another, fn runs again.
func (db *DB) Update(ctx context.Context, project string, fn func(store.Tx) error) error {
	p, err := db.ready(ctx, project)
	if err != nil {
		return err
	}
	return db.update(ctx, p, fn)
}

// Drop implements [store.DB]. It waits for the transactions that have used the
// project's tables, on all nodes.
func (db *DB) Drop(ctx context.Context, project string) error {
	if project == store.Platform {
		return errors.New("postgres: the platform's schema is not dropped")
	}
	p, err := db.project(project)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready = false
	return db.execute(ctx, "DROP SCHEMA IF EXISTS "+p.schema+" CASCADE")
}

// Projects implements [store.DB].
func (db *DB) Projects(ctx context.Context) (list []string, err error) {
	prefix := db.options.Prefix + "_p_"
	err = db.View(ctx, store.Platform, func(tx store.Tx) error {
		const sql = `SELECT nspname FROM pg_catalog.pg_namespace WHERE starts_with(nspname, ?)`
		return store.Each(ctx, tx, sql, []any{prefix}, func(rows store.Rows) error {
			list = append(list, projectOf(strings.TrimPrefix(string(rows.Text(0)), prefix)))
			return nil
		})
	})
	return list, err
}

// Ping implements [store.DB] by a look into the platform's schema.
func (db *DB) Ping(ctx context.Context) error {
	return db.View(ctx, store.Platform, func(tx store.Tx) error {
		_, err := tx.Exec(ctx, "SELECT count(*) FROM migrations")
		return err
	})
}

// Close implements [store.DB].
func (db *DB) Close() error {
	db.pool.Close()
	return nil
}

func (o Options) withDefaults() (Options, error) {
	if o.Migrations == nil {
		o.Migrations = func(string) []migrate.Migration { return nil }
	}
	if o.Now == nil {
		o.Now = clock.System{}.Now
	}
	if o.Connections <= 0 {
		o.Connections = 20
	}
	if o.Prefix == "" {
		o.Prefix = "moorfast"
	}
	// Without "_" in it, no prefix can name the schemas of another.
	ok := len(o.Prefix) <= 21 && o.Prefix[0] >= 'a'
	for _, c := range o.Prefix {
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9')
	}
	if !ok {
		return o, fmt.Errorf("postgres: %q is no prefix for schemas", o.Prefix)
	}
	return o, nil
}
