// Package diskcache keeps what was derived from files, such as previews, on the
// local disk until it is old, pushed out, or its file is gone.
//
// Nothing shows there: the names are keyed hashes, and each entry is a sealed
// stream whose key is sealed for its place. An entry that does not open is one
// that is not there, so nothing is synced, and what another put in its place is
// removed. A cache that can not write keeps nothing, and says so to nobody but
// its statistics.
package diskcache

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"moorfast/internal/id"
	"moorfast/internal/project"
	"moorfast/internal/seal"
	"moorfast/internal/vault"
)

const (
	// MaxEntry bounds an entry: what is larger is not kept.
	MaxEntry = 32 << 20

	fileMode = 0o600
	dirMode  = 0o700
	incoming = "incoming"             // what is being written; no hash reads so
	dropped  = incoming + "/dropped-" // what is being taken apart

	// touchEvery is how exact the time of the last use is.
	touchEvery = time.Hour
)

// Options say what a cache may take.
type Options struct {
	Vault    *vault.Vault
	MaxBytes int64         // on the disk; at least 1 MiB
	MaxAge   time.Duration // since an entry was made; at least a minute
	Now      func() time.Time
}

// Cache is a directory of entries. All methods may be called at the same time.
type Cache struct {
	Options
	root *os.Root

	bytes    atomic.Int64 // as far as this process knows
	sweeping atomic.Bool
	sweeps   sync.WaitGroup
}

// Open opens the cache in a directory, which is made if it is not there, and
// looks at what is in it.
func Open(dir string, o Options) (*Cache, error) {
	if o.Vault == nil || o.Now == nil || o.MaxBytes < 1<<20 || o.MaxAge < time.Minute {
		return nil, errors.New("diskcache: a vault, a clock, at least 1 MiB and a minute are needed")
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, fmt.Errorf("make cache: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	c := &Cache{Options: o, root: root}
	if err := errors.Join(c.clearUp(), c.sweep()); err != nil {
		root.Close()
		return nil, err
	}
	return c, nil
}

// Close waits for the work in the background to end.
func (c *Cache) Close() error {
	c.sweeps.Wait()
	return c.root.Close()
}

// Bytes returns how much room the entries take, as far as this process knows.
func (c *Cache) Bytes() int64 { return c.bytes.Load() }

// Get returns the entry of a project, in a group such as a file, if it is there.
func (c *Cache) Get(ctx context.Context, projectID, group, key string) ([]byte, bool) {
	if ctx.Err() != nil {
		return nil, false
	}
	name, err := c.name(projectID, group, key)
	if err != nil {
		return nil, false
	}
	data, used, err := c.read(name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) && !passing(err) {
			c.remove(name)
		}
		return nil, false
	}
	body, made, err := c.open(projectID, name, data)
	now := c.Now()
	if err != nil || now.Sub(made) >= c.MaxAge || made.After(now.Add(touchEvery)) {
		// Unless the vault could not be asked, it never opens again.
		if err == nil || errors.Is(err, vault.ErrRefused) || errors.Is(err, seal.ErrRefused) || errors.Is(err, seal.ErrKey) {
			c.remove(name)
		}
		return nil, false
	}
	if age := now.Sub(used); age >= touchEvery || age < 0 {
		_ = c.root.Chtimes(name, now, now) // if not, it goes earlier
	}
	return body, true
}

// read returns a file of the cache, and when it was last used.
func (c *Cache) read(name string) ([]byte, time.Time, error) {
	f, err := c.root.Open(name)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, time.Time{}, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, time.Time{}, errEntry
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, time.Time{}, errEntry // it is shorter by now
	}
	return data, info.ModTime(), nil
}

var errEntry = errors.New("not an entry")

// An entry is a line with what the vault sealed, the key of the stream and when
// it was made in seconds, and then the stream.
const (
	maxLine  = 512
	timeSize = 8
)

var maxFile = maxLine + seal.SealedSize(MaxEntry)

func (c *Cache) place(projectID, name string) vault.Place {
	return vault.Place{Project: projectID, Table: "cache", Column: "key", Row: name}
}

func (c *Cache) open(projectID, name string, data []byte) (body []byte, made time.Time, err error) {
	line, stream, ok := bytes.Cut(data, []byte{'\n'})
	if !ok || len(line) > maxLine {
		return nil, made, seal.ErrRefused
	}
	secret, err := c.Vault.Open(c.place(projectID, name), string(line))
	if err != nil {
		return nil, made, err
	}
	text := secret.Reveal()
	if len(text) < timeSize {
		return nil, made, seal.ErrKey
	}
	made = time.Unix(int64(binary.BigEndian.Uint64([]byte(text[:timeSize]))), 0)
	key, err := seal.ParseKey(vault.Hide(text[timeSize:]))
	if err != nil {
		return nil, made, err
	}
	r, err := seal.Decrypt(bytes.NewReader(stream), key)
	if err != nil {
		return nil, made, err
	}
	out := bytes.NewBuffer(make([]byte, 0, len(stream)+bytes.MinRead))
	_, err = out.ReadFrom(r)
	return out.Bytes(), made, err
}

// Put keeps an entry, unless it is too large or there is no room: then it does
// nothing. It returns other failures, of which nothing has to come.
func (c *Cache) Put(ctx context.Context, projectID, group, key string, body []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	room := disk(maxLine + seal.SealedSize(int64(len(body))))
	if len(body) > MaxEntry || room > c.MaxBytes/4 {
		return nil
	}
	if c.bytes.Load()+room > c.MaxBytes-c.MaxBytes/10 {
		c.sweepLater()
	}
	if c.bytes.Add(room) > c.MaxBytes {
		c.bytes.Add(-room)
		return nil // the sweep is not done yet
	}
	kept, err := c.put(projectID, group, key, body)
	if !kept {
		c.bytes.Add(-room)
	}
	if full(err) {
		return nil
	}
	return err
}

func (c *Cache) put(projectID, group, key string, body []byte) (kept bool, err error) {
	name, err := c.name(projectID, group, key)
	if err != nil {
		return false, err
	}
	line, stream, err := c.seal(projectID, name, body)
	if err != nil {
		return false, fmt.Errorf("seal cache entry: %w", err)
	}
	for _, dir := range []string{incoming, path.Dir(name)} {
		if err := c.root.MkdirAll(dir, dirMode); err != nil {
			return false, fmt.Errorf("make cache entry: %w", err)
		}
	}
	temporary := incoming + "/" + id.Secret(16)
	if err := c.write(temporary, line, stream); err != nil {
		return false, errors.Join(fmt.Errorf("write cache entry: %w", err), c.discard(temporary))
	}
	replaced := c.sizeOf(name)
	if err := c.root.Rename(temporary, name); err != nil {
		if discarded := c.discard(temporary); discarded != nil || errors.Is(err, fs.ErrNotExist) {
			return false, discarded // its group was dropped in between
		}
		return false, fmt.Errorf("name cache entry: %w", err)
	}
	c.bytes.Add(-replaced)
	return true, nil
}

// seal makes the two parts of an entry.
func (c *Cache) seal(projectID, name string, body []byte) (line string, stream []byte, err error) {
	out := bytes.NewBuffer(make([]byte, 0, seal.SealedSize(int64(len(body)))))
	w, key, err := seal.Encrypt(out)
	if err != nil {
		return "", nil, err
	}
	if _, err := w.Write(body); err != nil {
		return "", nil, err
	}
	if err := w.Close(); err != nil {
		return "", nil, err
	}
	made := binary.BigEndian.AppendUint64(nil, uint64(c.Now().Unix()))
	line, err = c.Vault.Seal(c.place(projectID, name), vault.Hide(string(made)+key.Secret().Reveal()))
	return line + "\n", out.Bytes(), err
}

func (c *Cache) write(name, line string, stream []byte) error {
	f, err := c.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, first := f.WriteString(line)
	_, second := f.Write(stream)
	now := c.Now() // by which ages are told
	return errors.Join(first, second, f.Close(), c.root.Chtimes(name, now, now))
}

func (c *Cache) discard(name string) error {
	if err := c.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove cache entry: %w", err)
	}
	return nil
}

// remove removes an entry that is of no use.
func (c *Cache) remove(name string) {
	size := c.sizeOf(name)
	if c.root.Remove(name) == nil {
		c.bytes.Add(-size)
	}
}

func (c *Cache) sizeOf(name string) int64 {
	info, err := c.root.Lstat(name)
	if err != nil {
		return 0
	}
	return disk(info.Size())
}

// Drop removes all entries of a group. Whoever puts one at the same time has to
// know that its file is gone.
func (c *Cache) Drop(ctx context.Context, projectID, group string) error {
	dir, err := c.groupDir(projectID, group)
	if err != nil {
		return err
	}
	return c.drop(ctx, dir)
}

// DropProject removes all entries of a project, also of one whose keys have
// been destroyed.
func (c *Cache) DropProject(ctx context.Context, projectID string) error {
	dir, err := c.projectDir(projectID)
	if err != nil {
		return err
	}
	return c.drop(ctx, dir)
}

// drop takes a directory away at once, and then apart.
func (c *Cache) drop(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.root.MkdirAll(incoming, dirMode); err != nil {
		return fmt.Errorf("drop cache entries: %w", err)
	}
	gone := dropped + id.Secret(16)
	if err := c.root.Rename(dir, gone); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("drop cache entries: %w", err)
	}
	var size int64
	_ = fs.WalkDir(c.root.FS(), gone, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			if info, err := entry.Info(); err == nil {
				size += disk(info.Size())
			}
		}
		return nil // what can not be counted is removed all the same
	})
	// A put that had found the directory may still name its entry in it.
	err := c.root.RemoveAll(gone)
	for attempt := 0; errors.Is(err, syscall.ENOTEMPTY) && attempt < 100; attempt++ {
		err = c.root.RemoveAll(gone)
	}
	if err != nil {
		return fmt.Errorf("drop cache entries: %w", err)
	}
	c.bytes.Add(-size)
	return nil
}

// The name of an entry is three hashes: of its project, its group and its key.
// That of the project is made with a key of the console, which outlives it.
func (c *Cache) name(projectID, group, key string) (string, error) {
	dir, err := c.groupDir(projectID, group)
	if err != nil {
		return "", err
	}
	hash, err := c.Vault.Lookup(projectID, "cache key", group+"\x00"+key)
	return dir + "/" + cut(hash), err
}

func (c *Cache) groupDir(projectID, group string) (string, error) {
	dir, err := c.projectDir(projectID)
	if err != nil {
		return "", err
	}
	hash, err := c.Vault.Lookup(projectID, "cache group", group)
	return dir + "/" + cut(hash), err
}

func (c *Cache) projectDir(projectID string) (string, error) {
	hash, err := c.Vault.Lookup(project.Console, "cache project", projectID)
	return cut(hash), err
}

// cut leaves 128 bits of a hash, which nobody can choose names for.
func cut(hash string) string { return hash[:min(len(hash), 32)] }

// disk rounds a size up to what a file system gives it.
func disk(size int64) int64 {
	const block = 4 << 10
	return (size + block - 1) / block * block
}

// full reports whether an error is that of a disk that takes no more.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EROFS)
}

// passing reports whether an error says nothing of the entry.
func passing(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, fs.ErrClosed) || errors.Is(err, fs.ErrPermission)
}
