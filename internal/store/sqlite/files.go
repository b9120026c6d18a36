package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"moorfast/internal/store"
)

const (
	suffix        = ".db"
	logSuffix     = "-wal" // beside an open database: the changes it does not hold yet
	indexSuffix   = "-shm" // beside an open database: where in the log a page is
	droppedSuffix = ".dropped"
)

// files is the data directory.
type files struct {
	root string // free of symbolic links, because SQLite is told to refuse them
	lock *os.File
}

func openFiles(dir string) (*files, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	root, err := filepath.Abs(dir)
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	f := &files{root: root}
	if f.lock, err = lock(filepath.Join(root, "lock")); err != nil {
		return nil, err
	}
	if err := f.tidy(); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %w", err), f.close())
	}
	return f, nil
}

// lock takes the file at path for this process. The kernel gives it back when
// the process ends, however it ends.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	taken, err := lockFile(f)
	if err == nil && !taken {
		err = fmt.Errorf("%w: %s", ErrLocked, filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// close gives the directory back. It may be called again.
func (f *files) close() error {
	if err := f.lock.Close(); !errors.Is(err, fs.ErrClosed) {
		return err
	}
	return nil
}

// tidy makes the directory of projects, finishes drops that a crash cut short, and
// removes copies that it left unfinished.
func (f *files) tidy() error {
	dir := filepath.Join(f.root, "projects")
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if info, err := os.Lstat(dir); err != nil {
		return err
	} else if !info.IsDir() {
		return fmt.Errorf("%s is not a directory", dir)
	}
	for _, pattern := range []string{filepath.Join(dir, "*"+droppedSuffix), filepath.Join(dir, "*"+sealedSuffix+"*"), filepath.Join(f.root, "*"+sealedSuffix+"*")} {
		left, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, path := range left {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *files) path(project string) string {
	if project == store.Platform {
		return filepath.Join(f.root, "platform"+suffix)
	}
	return filepath.Join(f.root, "projects", project+suffix)
}

// prepare makes the file of a project's database where it is missing, and
// returns its path.
func (f *files) prepare(project string) (string, error) {
	if err := store.CheckProject(project); err != nil {
		return "", err
	}
	path := f.path(project)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		// A log without its database is left of a dropped one. Played into the new
		// database, it would bring back the rows of a project that is gone.
		for _, name := range []string{path + logSuffix, path + indexSuffix} {
			if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
		}
	}
	if err := private(path); err != nil {
		return "", err
	}
	return path, syncDir(filepath.Dir(path))
}

// private makes a file, where it is missing, that its owner alone can read.
// SQLite would make it as the umask allows.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// remove deletes the files of a project. The rename is the moment it is gone.
func (f *files) remove(project string) error {
	path := f.path(project)
	err := os.Rename(path, path+droppedSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return unavailable("drop", err)
	}
	for _, name := range []string{path + logSuffix, path + indexSuffix, path + droppedSuffix} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unavailable("drop", err)
		}
	}
	return nil
}

// projects lists the projects that have a database.
func (f *files) projects() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(f.root, "projects"))
	if err != nil {
		return nil, unavailable("list projects", err)
	}
	var list []string
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), suffix)
		if ok && e.Type().IsRegular() && store.CheckProject(id) == nil {
			list = append(list, id)
		}
	}
	return list, nil
}
