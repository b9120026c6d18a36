package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
)

// A project is a schema on the server.
type project struct {
	id     string
	schema string // quoted

	// The statements that begin a transaction. A path that ends with it leaves no
	// trace on a connection that a pooler gives to others. Naming pg_temp last
	// keeps a temporary table from standing in for one of ours.
	path         string
	view, update string

	again chan struct{} // held by an update that runs again

	mu    sync.Mutex
	ready bool // made, and migrated
}

// project returns what the DB knows of a project, which need not exist.
func (db *DB) project(id string) (*project, error) {
	if err := store.CheckProject(id); err != nil {
		return nil, err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	p := db.projects[id]
	if p == nil {
		p = newProject(id, db.options.Prefix)
		db.projects[id] = p
	}
	return p, nil
}

func newProject(id, prefix string) *project {
	schema := `"` + schemaOf(id, prefix) + `"`
	return &project{
		id:     id,
		schema: schema,
		path:   "SET LOCAL search_path = " + schema + ", pg_temp",
		view:   "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
		update: "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE",
		again:  make(chan struct{}, 1),
	}
}

// schemaOf names a project's schema. A project id has no "_", so no two share a
// name, and at 60 bytes at most the server keeps them whole.
func schemaOf(id, prefix string) string {
	if id == store.Platform {
		return prefix + "_platform"
	}
	return prefix + "_p_" + strings.ReplaceAll(id, "-", "_")
}

func projectOf(name string) string { return strings.ReplaceAll(name, "_", "-") }

// ready returns a project whose schema is made and migrated.
func (db *DB) ready(ctx context.Context, id string) (*project, error) {
	p, err := db.project(id)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ready {
		return p, nil
	}
	if err := db.prepare(ctx, p); err != nil {
		return nil, fmt.Errorf("open project %s: %w", id, err)
	}
	p.ready = true
	return p, nil
}

func (db *DB) prepare(ctx context.Context, p *project) error {
	create := "CREATE SCHEMA IF NOT EXISTS " + p.schema
	err := db.execute(ctx, create)
	if errors.Is(err, store.ErrConflict) {
		err = db.execute(ctx, create) // another node made it at the same time
	}
	if err != nil {
		return err
	}
	update := func(fn func(store.Tx) error) error { return db.update(ctx, p, fn) }
	return migrate.Apply(ctx, update, db.options.Migrations(p.id), db.options.Now())
}

// execute runs one statement that is about schemas, in a transaction of its own.
func (db *DB) execute(ctx context.Context, sql string) error {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	_, err = conn.Conn().PgConn().Exec(ctx, sql).ReadAll()
	return translate(ctx, err)
}

// Alone runs one statement of a project that no transaction can have, such as one
// that makes an index while others write. The names of tables in it need the
// schema before them.
func (db *DB) Alone(ctx context.Context, project string, sql func(schema string) string) error {
	p, err := db.ready(ctx, project)
	if err != nil {
		return err
	}
	return db.execute(ctx, sql(p.schema+"."))
}
