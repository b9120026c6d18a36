package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"moorfast/internal/store"
)

// errLooking says that a [Look] changes nothing.
var errLooking = errors.New("sqlite: the databases were opened to be looked at")

// look is a data directory that is only read.
type look struct {
	options Options
	files   *files
}

// Look opens a data directory to read it, beside a server or without one. It
// makes, migrates and locks nothing: what is there is seen as it is, and a
// project that has no database is an error.
func Look(o Options) (store.DB, error) {
	root, err := filepath.Abs(o.Dir)
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err == nil {
		_, err = os.Stat(filepath.Join(root, "platform"+suffix))
	}
	if err != nil {
		return nil, fmt.Errorf("sqlite: there is no data to look at: %w", err)
	}
	return &look{o.withDefaults(), &files{root: root}}, nil
}

// View implements [store.DB].
func (l *look) View(ctx context.Context, project string, fn func(store.Tx) error) (err error) {
	if err := store.CheckProject(project); err != nil {
		return err
	}
	path := l.files.path(project)
	if _, err := os.Lstat(path); err != nil {
		return fmt.Errorf("sqlite: look at project %s: %w", project, err)
	}
	d := &database{path: path, project: project, vault: l.options.Vault, slots: make(chan struct{}, 1)}
	defer func() {
		for _, c := range d.idle {
			err = errors.Join(err, c.close())
		}
	}()
	return d.view(ctx, fn)
}

// Update implements [store.DB], and always fails.
func (l *look) Update(context.Context, string, func(store.Tx) error) error { return errLooking }

// Drop implements [store.DB], and always fails.
func (l *look) Drop(context.Context, string) error { return errLooking }

// Projects implements [store.DB].
func (l *look) Projects(context.Context) ([]string, error) { return l.files.projects() }

// Ping implements [store.DB].
func (l *look) Ping(ctx context.Context) error {
	return l.View(ctx, store.Platform, func(store.Tx) error { return nil })
}

// Close implements [store.DB]. A look holds nothing open.
func (l *look) Close() error { return nil }
