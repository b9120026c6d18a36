// Package sqlite is the store in files: one SQLite database for the platform,
// and one for each project.
//
// Every open file has one writer, which commits the transactions that wait for
// it together, and several readers. A commit is on the disk before Update
// returns. The files and their directory belong to one process at a time.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"moorfast/internal/clock"
	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/vault"
)

// ErrLocked says that another process has the data directory open.
var ErrLocked = errors.New("sqlite: the data directory is in use by another process")

// Options say where the files are and what is in them.
type Options struct {
	Dir   string       // made, for this user only, when it is not there
	Vault *vault.Vault // seals the secrets of rows

	// Sealed says that the files are encrypted as a whole. Those that are otherwise
	// are converted when the store is opened, which Progress is told of, in pages.
	Sealed   bool
	Progress func(project string, done, total int)

	// Migrations lists what a project's database needs; see [store.Platform].
	Migrations func(project string) []migrate.Migration
	// Now dates migrations. Without it they carry the machine's time.
	Now func() time.Time

	OpenProjects int // databases kept open while nobody uses them; 0 is 256
	Readers      int // concurrent views of a project; 0 is twice GOMAXPROCS
}

// DB is the [store.DB] of a data directory.
type DB struct {
	options Options
	files   *files
	pool    *pool
	opened  atomic.Uint64 // how many times a database was opened
}

var _ store.DB = (*DB)(nil)

// Open takes the data directory for this process, or returns [ErrLocked], and
// opens the platform's database.
func Open(o Options) (*DB, error) {
	o = o.withDefaults()
	files, err := openFiles(o.Dir)
	if err != nil {
		return nil, err
	}
	db := &DB{options: o, files: files}
	if err := db.convert(); err != nil {
		return nil, errors.Join(err, files.close())
	}
	db.pool = newPool(o.OpenProjects, db.openDatabase)
	if err := db.Ping(context.Background()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// View implements [store.DB].
func (db *DB) View(ctx context.Context, project string, fn func(store.Tx) error) error {
	d, err := db.pool.acquire(ctx, project)
	if err != nil {
		return err
	}
	defer db.pool.release(d)
	return d.database.view(ctx, fn)
}

// Update implements [store.DB]. fn runs in the caller's goroutine, when its turn
// in the batch has come.
func (db *DB) Update(ctx context.Context, project string, fn func(store.Tx) error) error {
	d, err := db.pool.acquire(ctx, project)
	if err != nil {
		return err
	}
	defer db.pool.release(d)
	return d.database.writer.update(ctx, fn)
}

// Drop implements [store.DB]. It waits for the project's transactions to end.
// Dropping a project that has no database does nothing.
func (db *DB) Drop(ctx context.Context, project string) error {
	if project == store.Platform {
		return errors.New("sqlite: the platform's database is not dropped")
	}
	if err := store.CheckProject(project); err != nil {
		return err
	}
	return db.pool.remove(ctx, project, func() error { return db.files.remove(project) })
}

// Projects implements [store.DB].
func (db *DB) Projects(context.Context) ([]string, error) { return db.files.projects() }

// Ping implements [store.DB] by a look into the platform's database.
func (db *DB) Ping(ctx context.Context) error {
	return db.View(ctx, store.Platform, func(tx store.Tx) error {
		_, err := tx.Exec(ctx, "SELECT count(*) FROM migrations")
		return err
	})
}

// Close implements [store.DB], and gives the data directory back.
func (db *DB) Close() error {
	return errors.Join(db.pool.close(), db.files.close())
}

// openDatabase opens the file of a project, and migrates what is in it.
func (db *DB) openDatabase(project string) (*database, error) {
	path, err := db.files.prepare(project)
	if err != nil {
		return nil, unavailable("open", err)
	}
	d, err := openDatabase(path, project, db.opened.Add(1)<<40, db.options)
	if err != nil {
		return nil, fmt.Errorf("open project %s: %w", project, err)
	}
	return d, nil
}

func (o Options) withDefaults() Options {
	if o.Migrations == nil {
		o.Migrations = func(string) []migrate.Migration { return nil }
	}
	if o.Now == nil {
		o.Now = clock.System{}.Now
	}
	if o.OpenProjects <= 0 {
		o.OpenProjects = 256
	}
	if o.Readers <= 0 {
		o.Readers = 2 * runtime.GOMAXPROCS(0)
	}
	return o
}
