package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"moorfast/internal/store"
)

// ErrReadOnly says that a store which was opened to be read cannot be changed.
var ErrReadOnly = errors.New("sqlite: the store was opened for reading")

// OpenReader opens a data directory to be read alone: beside the process that it
// belongs to, or without one. It makes, migrates and locks nothing. A directory
// without a database is a [fs.ErrNotExist].
func OpenReader(o Options) (store.DB, error) {
	o = o.withDefaults()
	root, err := filepath.EvalSymlinks(o.Dir)
	if err == nil {
		root, err = filepath.Abs(root)
	}
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	r := &reader{DB{options: o, files: &files{root: root}}}
	r.pool = newPool(o.OpenProjects, r.openDatabase)
	if err := r.Ping(context.Background()); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// reader is a [DB] without writers.
type reader struct{ DB }

// openDatabase opens the file of a project, if there is one.
func (r *reader) openDatabase(project string) (*database, error) {
	if err := store.CheckProject(project); err != nil {
		return nil, err
	}
	path := r.files.path(project)
	if _, err := os.Lstat(path); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return newDatabase(path, project, r.opened.Add(1)<<40, r.options)
}

// Update implements [store.DB] by refusing.
func (r *reader) Update(context.Context, string, func(store.Tx) error) error { return ErrReadOnly }

// Drop implements [store.DB] by refusing.
func (r *reader) Drop(context.Context, string) error { return ErrReadOnly }

// Close implements [store.DB].
func (r *reader) Close() error { return r.pool.close() }
