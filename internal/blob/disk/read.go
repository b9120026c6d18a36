package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"moorfast/internal/blob"
)

// object is an open file, which stays what it was when its key gets another.
type object struct {
	*os.File
	size int64
}

// Size implements [blob.Object].
func (o object) Size() int64 { return o.size }

// Open implements [blob.Store].
func (s *Store) Open(ctx context.Context, key string) (blob.Object, error) {
	if err := blob.CheckKey(key); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// It may be replaced in between, but not all the time.
	for range 100 {
		o, err := s.openFile(key)
		if o != nil || err != nil {
			return o, err
		}
	}
	return nil, fmt.Errorf("%w: the object is being replaced all the time", blob.ErrUnavailable)
}

// openFile looks at what is there before it opens it, because opening a pipe
// would wait, and compares after: what is not a file itself, such as a link, is
// not ours, wherever it leads to. It returns nil if the two differ.
func (s *Store) openFile(key string) (blob.Object, error) {
	before, err := s.root.Lstat(key)
	if err != nil {
		return nil, missing("look at object", err)
	}
	if !before.Mode().IsRegular() {
		return nil, blob.ErrNotFound
	}
	f, err := s.root.Open(key)
	if err != nil {
		return nil, missing("open object", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, translate("look at object", err)
	}
	if !os.SameFile(before, info) {
		f.Close()
		return nil, nil
	}
	return object{f, info.Size()}, nil
}

func missing(doing string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return blob.ErrNotFound
	}
	return translate(doing, err)
}

// Delete implements [blob.Store].
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if err := blob.CheckKey(key); err != nil {
			return err
		}
	}
	for _, key := range keys {
		if err := ctx.Err(); err != nil {
			return err
		}
		// A directory is no object, and an empty one would be removed.
		info, err := s.root.Lstat(key)
		if err == nil && info.IsDir() {
			continue
		}
		if err == nil {
			err = s.root.Remove(key)
		}
		if err != nil {
			if err = missing("delete object", err); errors.Is(err, blob.ErrNotFound) {
				continue
			}
			return err
		}
		s.dirs.prune(key)
	}
	return nil
}

// List implements [blob.Store].
func (s *Store) List(ctx context.Context, prefix string, fn func(blob.Info) error) error {
	if err := blob.CheckPrefix(prefix); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	start := path.Dir(prefix + "x") // the deepest directory that has them all
	if info, err := s.root.Lstat(start); err != nil || !info.IsDir() {
		if err != nil && !errors.Is(missing("", err), blob.ErrNotFound) {
			return translate("list objects", err)
		}
		return nil
	}
	var stop error // of the caller, and not of the file system
	err := fs.WalkDir(s.root.FS(), start, func(name string, entry fs.DirEntry, err error) error {
		if stop = ctx.Err(); stop != nil {
			return errStop
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // it was deleted meanwhile
		case err != nil:
			return err
		case entry.IsDir():
			towards := name == "." || strings.HasPrefix(prefix, name+"/")
			if name == incoming || !towards && !strings.HasPrefix(name+"/", prefix) {
				return fs.SkipDir
			}
			return nil
		case !entry.Type().IsRegular() || !strings.HasPrefix(name, prefix) || blob.CheckKey(name) != nil:
			return nil //nolint:nilerr // what is no object is passed over
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if stop = fn(blob.Info{Key: name, Size: info.Size(), ModifiedAt: info.ModTime()}); stop != nil {
			return errStop
		}
		return nil
	})
	switch {
	case stop != nil:
		return stop
	case err != nil:
		return translate("list objects", err)
	}
	return nil
}

// errStop ends a walk. The error of the caller might be one that means
// something to it.
var errStop = errors.New("stop")
