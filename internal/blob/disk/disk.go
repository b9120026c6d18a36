// Package disk keeps objects as files below one directory. It is an engine of
// [blob.Store].
//
// An object is written beside the others under a name that no key has, synced,
// renamed to its key, and its directory synced: what a Put has acknowledged
// survives a loss of power, and what it has not leaves no trace.
package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"syscall"
	"time"

	"moorfast/internal/blob"
	"moorfast/internal/id"
)

const (
	// incoming holds what is being written. No key begins like this.
	incoming = "~incoming"
	// abandoned is the age at which a file there is nobody's: every write to one
	// makes it young again, and none takes that long.
	abandoned = time.Hour

	fileMode = 0o600
	dirMode  = 0o700
)

// bufferSize is above that of most objects, which are written at once then.
const bufferSize = 256 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// Store is a directory of objects. Several processes may share it. A deletion
// is not synced: after a loss of power an object may be there again.
type Store struct {
	root *os.Root
	dirs dirs
}

var _ blob.Store = (*Store)(nil)

// Open opens the store in a directory, which is made if it is not there, and
// removes what earlier processes left unfinished.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, translate("make directory", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, translate("open directory", err)
	}
	s := &Store{root: root}
	s.dirs.root = root
	if err := s.prepare(); err != nil {
		root.Close()
		return nil, err
	}
	return s, nil
}

// Close ends the use of the directory. Objects that are open stay readable.
func (s *Store) Close() error { return s.root.Close() }

func (s *Store) prepare() error {
	if err := s.root.Mkdir(incoming, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return translate("make directory of unfinished objects", err)
	}
	// Ages are told by the clock of the file system, which set the other times.
	f, name, err := s.create()
	if err != nil {
		return err
	}
	info, err := f.Stat()
	f.Close()
	if err := errors.Join(err, s.root.Remove(name)); err != nil {
		return translate("look at the clock of the file system", err)
	}
	entries, err := fs.ReadDir(s.root.FS(), incoming)
	if err != nil {
		return translate("list unfinished objects", err)
	}
	for _, entry := range entries {
		old, err := entry.Info()
		if err != nil || info.ModTime().Sub(old.ModTime()) < abandoned {
			continue // it is gone, or another process is writing it
		}
		if err := s.root.Remove(incoming + "/" + entry.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return translate("remove an unfinished object", err)
		}
	}
	return nil
}

// create makes an unfinished object.
func (s *Store) create() (*os.File, string, error) {
	name := incoming + "/" + id.Secret(32)
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, "", translate("create object", err)
	}
	return f, name, nil
}

// Put implements [blob.Store].
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (size int64, err error) {
	if err := blob.CheckKey(key); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	f, name, err := s.create()
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			f.Close() // again, mostly
			err = errors.Join(err, s.discard(name))
		}
	}()
	if size, err = fill(ctx, f, r); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, translate("sync object", err)
	}
	if err := f.Close(); err != nil {
		return 0, translate("close object", err)
	}
	if err := ctx.Err(); err != nil { // the last moment at which nothing has happened
		return 0, err
	}
	return size, s.publish(name, key)
}

func (s *Store) discard(name string) error {
	if err := s.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return translate("remove a failed object", err)
	}
	return nil
}

// fill writes all of r. It does not use io.Copy, for which a file has ways of
// its own that neither ask ctx nor know our buffers.
func fill(ctx context.Context, f *os.File, r io.Reader) (size int64, err error) {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	for ended := false; !ended; {
		var n int
		if n, ended, err = blob.Fill(r, buf[:]); err != nil {
			return 0, err
		}
		if _, err := f.Write(buf[:n]); err != nil {
			return 0, translate("write object", err)
		}
		size += int64(n)
		if err := ctx.Err(); err != nil {
			return 0, err
		}
	}
	return size, nil
}

// publish gives an object its key. A Delete may remove the directory in
// between, but not once the object is in it.
func (s *Store) publish(name, key string) error {
	dir := path.Dir(key)
	for attempt := 0; ; attempt++ {
		made, err := s.dirs.ensure(dir)
		if err == nil {
			err = s.root.Rename(name, key)
		}
		if errors.Is(err, fs.ErrNotExist) && attempt < 100 {
			s.dirs.forget(dir)
			continue
		}
		if err != nil {
			return translate("name object", err)
		}
		if err := s.dirs.settle(dir, made); err != nil {
			// It may be durable or not: what was not acknowledged is taken back.
			return errors.Join(translate("sync directory of object", err), s.discard(key))
		}
		return nil
	}
}

// Ping implements [blob.Store]: it makes and removes a file.
func (s *Store) Ping(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, name, err := s.create()
	if err != nil {
		return err
	}
	_, err = f.Write([]byte{0}) // a full disk still makes empty files
	f.Close()
	if err := errors.Join(err, s.root.Remove(name)); err != nil {
		return translate("write to directory", err)
	}
	return nil
}

// translate names what was done, and finds the errors that have nothing to do
// with the object.
func translate(doing string, err error) error {
	for _, state := range []error{syscall.ENOSPC, syscall.EROFS, syscall.EDQUOT, syscall.EIO, syscall.EMFILE, syscall.ENFILE} {
		if errors.Is(err, state) {
			return fmt.Errorf("%w: %s: %w", blob.ErrUnavailable, doing, strip(err))
		}
	}
	return fmt.Errorf("%s: %w", doing, strip(err))
}

// strip leaves the path out, which has a key in it.
func strip(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}

// parents yields the directories above a path, from the nearest to the root,
// which is ".".
func parents(name string) (all []string) {
	for name != "." {
		name = path.Dir(name)
		all = append(all, name)
	}
	return all
}
