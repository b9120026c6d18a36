package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/vault"
)

// A database is one open file: its writer, and its readers.
type database struct {
	path    string
	key     []byte // of the file, where it is sealed
	project string
	vault   *vault.Vault
	writer  *writer // nil where it is only read

	// commits counts what the writer has committed. It begins where no other
	// opening of the file has counted; see [store.Tx.Version].
	commits atomic.Uint64

	slots chan struct{} // one for each view that may run
	mu    sync.Mutex
	idle  []*conn // readers that no view uses, the last used at the end
}

func openDatabase(path, project string, commits uint64, o Options) (*database, error) {
	d, err := newDatabase(path, project, commits, o)
	if err != nil {
		return nil, err
	}
	if d.writer, err = startWriter(d); err != nil {
		return nil, err
	}
	ctx := context.Background()
	update := func(fn func(store.Tx) error) error { return d.writer.update(ctx, fn) }
	if err := migrate.Apply(ctx, update, o.Migrations(project), o.Now()); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// newDatabase is one that has no writer.
func newDatabase(path, project string, commits uint64, o Options) (*database, error) {
	key, err := o.keyOf(path, project)
	if err != nil {
		return nil, err
	}
	d := &database{path: path, key: key, project: project, vault: o.Vault, slots: make(chan struct{}, o.Readers)}
	d.commits.Store(commits)
	return d, nil
}

// view runs fn on a reader, in one transaction.
func (d *database) view(ctx context.Context, fn func(store.Tx) error) error {
	if ctx.Err() != nil {
		return timeout(ctx)
	}
	select {
	case d.slots <- struct{}{}:
	case <-ctx.Done():
		return timeout(ctx)
	}
	defer func() { <-d.slots }()

	c, err := d.reader()
	if err != nil {
		return err
	}
	// The number is taken before the view sees anything, so it is not newer.
	t := &tx{conn: c, database: d, readonly: true, version: d.commits.Load()}
	defer func() {
		t.end()
		if !c.lost() && c.run("COMMIT") == nil {
			d.put(c)
		} else {
			c.discard()
		}
	}()
	if err := c.run("BEGIN"); err != nil {
		return err
	}
	if err = fn(t); err == nil {
		err = t.failed
	}
	if err == nil {
		for _, hook := range t.hooks {
			hook()
		}
	}
	return err
}

// reader takes an idle reader, or opens one.
func (d *database) reader() (*conn, error) {
	d.mu.Lock()
	if n := len(d.idle); n > 0 {
		c := d.idle[n-1]
		d.idle = d.idle[:n-1]
		d.mu.Unlock()
		return c, nil
	}
	d.mu.Unlock()
	c, err := openReader(d.path, d.key)
	if err != nil {
		return nil, fmt.Errorf("open reader: %w", err)
	}
	return c, nil
}

func (d *database) put(c *conn) {
	d.mu.Lock()
	d.idle = append(d.idle, c)
	d.mu.Unlock()
}

// close is for a database that nobody uses. The writer goes last, so that it
// can bring the log into the database and remove it.
func (d *database) close() error {
	var errs []error
	for _, c := range d.idle {
		errs = append(errs, c.close())
	}
	d.idle = nil
	if d.writer != nil {
		errs = append(errs, d.writer.close())
	}
	clear(d.key)
	return errors.Join(errs...)
}
