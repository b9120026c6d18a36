package sqlite

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/ncruces/go-sqlite3/vfs"
	"github.com/ncruces/go-sqlite3/vfs/adiantum"

	"moorfast/internal/store"
)

// A file is open, as SQLite writes it, or sealed: each block of 4 KiB of it and of
// its log is encrypted by Adiantum, under a key of the project. That hides what is
// in a file that was stolen. It does not show that somebody changed a block, or
// put an older one back; see decision 19.

const (
	sealedVFS    = "moorfast-sealed"
	sealedSuffix = ".converting" // beside a file that is being sealed or opened

	magic = "SQLite format 3\x00" // what an open file begins with
)

var registerSealed = sync.OnceFunc(func() { vfs.Register(sealedVFS, adiantum.Wrap(vfs.Find(""), nil)) })

// form is how a file is kept.
type form uint8

const (
	empty form = iota // not written yet, or not there
	plain
	sealed
)

func formOf(path string) (form, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	if err != nil {
		return empty, err
	}
	defer f.Close()
	var head [len(magic)]byte
	switch n, err := io.ReadFull(f, head[:]); {
	case n == 0 && errors.Is(err, io.EOF):
		return empty, nil
	case err != nil:
		return empty, fmt.Errorf("read the head of %s: %w", path, err)
	case string(head[:]) == magic:
		return plain, nil
	}
	return sealed, nil
}

// Sealed tells whether the files of a data directory are encrypted as a whole, by
// that of the platform.
func Sealed(dir string) (bool, error) {
	root, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	f, err := formOf((&files{root: root}).path(store.Platform))
	return f == sealed, err
}

// keyOf returns the key of a project's file as it is, or, where nothing is in it
// yet, as it is to be; nil is for an open file.
func (o Options) keyOf(path, project string) ([]byte, error) {
	f, err := formOf(path)
	if err != nil || f == plain || f == empty && !o.Sealed {
		return nil, err
	}
	return o.fileKey(project)
}

func (o Options) fileKey(project string) ([]byte, error) {
	if o.Vault == nil {
		return nil, errors.New("sqlite: the database is sealed, and no key is here")
	}
	return o.Vault.DatabaseKey(project)
}

// address is how SQLite is told which file to open, and how.
func address(path string, key []byte) (uri, unlock string) {
	registerLog()
	// SQLite gives the log the mode of the database.
	uri = "file:" + url.PathEscape(path) + "?modeof=" + url.PathEscape(path) + "&vfs="
	if key == nil {
		return uri + logVFS, ""
	}
	registerSealed()
	return uri + sealedVFS, "PRAGMA hexkey = '" + hex.EncodeToString(key) + "';"
}

// convert seals or opens the files that are not as they are to be. A file is
// replaced by its copy when that is complete and on the disk, so a crash leaves
// the one or the other.
func (db *DB) convert() error {
	projects, err := db.files.projects()
	if err != nil {
		return err
	}
	want := plain
	if db.options.Sealed {
		want = sealed
	}
	for _, project := range append(projects, store.Platform) {
		path := db.files.path(project)
		f, err := formOf(path)
		if err != nil {
			return err
		}
		if f == empty || f == want {
			continue
		}
		if err := db.convertFile(path, project, f); err != nil {
			return fmt.Errorf("sqlite: convert the database of project %s: %w", project, err)
		}
	}
	return nil
}

// stepPages is how much is copied between two reports of progress: 4 MiB.
const stepPages = 1024

func (db *DB) convertFile(path, project string, from form) error {
	key, err := db.options.fileKey(project)
	if err != nil {
		return err
	}
	defer clear(key)
	source, target := key, []byte(nil)
	if from == plain {
		source, target = nil, key
	}
	if err := db.copyFile(path, source, target, project); err != nil {
		return errors.Join(err, remove(path+sealedSuffix))
	}
	// The log of the old file says nothing to the new one: its checksums do not
	// fit what the other key makes of it.
	if err := os.Rename(path+sealedSuffix, path); err != nil {
		return err
	}
	if err := errors.Join(remove(path+logSuffix), remove(path+indexSuffix), syncDir(filepath.Dir(path))); err != nil || from == plain {
		return err
	}
	return db.options.Vault.ForgetDatabase(context.Background(), project)
}

func (db *DB) copyFile(path string, source, target []byte, project string) error {
	c, err := open(path, source, settings)
	if err != nil {
		return err
	}
	defer c.discard()
	copied := path + sealedSuffix
	if err := errors.Join(remove(copied), private(copied)); err != nil {
		return err
	}
	uri, _ := address(copied, target)
	if target != nil {
		uri += "&hexkey=" + hex.EncodeToString(target)
	}
	if err := c.copyTo(uri, func(done, total int) {
		if db.options.Progress != nil {
			db.options.Progress(project, done, total)
		}
	}); err != nil {
		return err
	}
	return syncFile(copied)
}

// copyTo copies the whole database, in steps.
func (c *conn) copyTo(uri string, tell func(done, total int)) (err error) {
	defer c.guard(&err)
	b, err := c.sqlite.BackupInit("main", uri)
	if err != nil {
		return translate(err)
	}
	defer func() { err = errors.Join(err, translate(b.Close())) }()
	for {
		done, err := b.Step(stepPages)
		if err != nil {
			return translate(err)
		}
		tell(b.PageCount()-b.Remaining(), b.PageCount())
		if done {
			return nil
		}
	}
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|noFollow, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
