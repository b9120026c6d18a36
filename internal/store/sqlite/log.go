package sqlite

import (
	"errors"
	"sync"

	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// SQLite writes the log in small pieces: for each page a header of 24 bytes, and
// then the page. They follow each other, so they are gathered, and given to the
// kernel together before the log is synced.
//
// That changes nothing for anybody else: with synchronous=FULL a commit is shown
// to readers after the log was synced, and what was not committed is read by
// nobody but the connection that wrote it.

const (
	logVFS    = "moorfast"
	logBuffer = 64 << 10
)

var registerLog = sync.OnceFunc(func() { vfs.Register(logVFS, logFiles{vfs.Find("")}) })

// logFiles opens files as the operating system has them, but for logs.
type logFiles struct{ vfs.VFS }

// OpenFilename implements [vfs.VFSFilename].
func (l logFiles) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	file, flags, err := vfsutil.WrapOpenFilename(l.VFS, name, flags)
	// Where a write may damage what is beside it, SQLite writes more after the sync.
	if err != nil || flags&vfs.OPEN_WAL == 0 || file.DeviceCharacteristics()&vfs.IOCAP_POWERSAFE_OVERWRITE == 0 {
		return file, flags, err
	}
	return &logFile{File: file}, flags, nil
}

// A logFile gathers what is written one piece after the other.
type logFile struct {
	vfs.File
	from    int64 // where waiting begins in the file
	waiting []byte
}

// WriteAt implements [vfs.File].
func (f *logFile) WriteAt(p []byte, off int64) (int, error) {
	if off != f.from+int64(len(f.waiting)) || len(f.waiting)+len(p) > logBuffer {
		if err := f.flush(); err != nil {
			return 0, err
		}
		if len(p) > logBuffer {
			return f.File.WriteAt(p, off)
		}
		f.from = off
	}
	if f.waiting == nil {
		f.waiting = make([]byte, 0, logBuffer)
	}
	f.waiting = append(f.waiting, p...)
	return len(p), nil
}

// flush writes what waits. What cannot be written is forgotten: SQLite undoes the
// transaction that it belongs to.
func (f *logFile) flush() error {
	if len(f.waiting) == 0 {
		return nil
	}
	_, err := f.File.WriteAt(f.waiting, f.from)
	f.waiting, f.from = f.waiting[:0], 0
	return err
}

// ReadAt implements [vfs.File].
func (f *logFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.flush(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

// Sync implements [vfs.File].
func (f *logFile) Sync(flags vfs.SyncFlag) error {
	if err := f.flush(); err != nil {
		return err
	}
	return f.File.Sync(flags)
}

// Truncate implements [vfs.File].
func (f *logFile) Truncate(size int64) error {
	if err := f.flush(); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

// Size implements [vfs.File].
func (f *logFile) Size() (int64, error) {
	if err := f.flush(); err != nil {
		return 0, err
	}
	return f.File.Size()
}

// Close implements [vfs.File].
func (f *logFile) Close() error { return errors.Join(f.flush(), f.File.Close()) }

// Unwrap implements [vfs.FileUnwrap].
func (f *logFile) Unwrap() vfs.File { return f.File }
