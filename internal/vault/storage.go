package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"moorfast/internal/durable"
	"moorfast/internal/failpoint"
)

// Storage keeps the keyring. It is opaque to it, and useless without a root
// key, but losing it loses everything that was sealed.
type Storage interface {
	// Load returns the ring and a version that differs whenever the ring does.
	// A storage that has none returns nil, 0 and no error, and changes nothing.
	Load(ctx context.Context) (data []byte, version int64, err error)

	// Save replaces the ring if its version still is old, and is durable when
	// it returns nil. Otherwise it returns [ErrChanged] and changes nothing.
	Save(ctx context.Context, data []byte, old int64) error
}

// ErrChanged says that another process changed the ring since it was loaded.
var ErrChanged = errors.New("vault: the keyring has changed")

// maxRing bounds the ring in memory: some 300,000 projects.
const maxRing = 256 << 20

// RingFile keeps the keyring in a file.
type RingFile struct{ path string }

// NewRingFile returns the storage of a ring at path. Its directory is made when
// the ring is first saved, for the owner only.
func NewRingFile(path string) *RingFile { return &RingFile{path} }

// Path returns where the ring lies.
func (f *RingFile) Path() string { return f.path }

// Load implements [Storage]. It reads, and nothing else.
func (f *RingFile) Load(ctx context.Context) ([]byte, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	if info.Size() > maxRing {
		return nil, 0, errors.New("vault: the keyring is over 256 MiB")
	}
	data, err := os.ReadFile(f.path)
	if err != nil {
		return nil, 0, err
	}
	return data, versionOf(data), nil
}

// Save implements [Storage]. A crash leaves the old ring or the new one.
func (f *RingFile) Save(ctx context.Context, data []byte, old int64) error {
	if len(data) > maxRing {
		return errors.New("vault: the keyring would be over 256 MiB")
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return err
	}
	unlock, err := durable.Lock(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	defer unlock()
	now, version, err := f.Load(ctx)
	if err != nil {
		return err
	}
	if version != old {
		return ErrChanged
	}
	if bytes.Equal(now, data) {
		return nil
	}
	return durable.Replace(f.path, data, func() { failpoint.Hit(failpoint.RingWritten) })
}

// versionOf makes a version of the content, so that the file holds nothing but
// the ring. It is never 0, which means that there is none.
func versionOf(data []byte) int64 {
	sum := sha256.Sum256(data)
	return int64(binary.BigEndian.Uint64(sum[:])>>1) | 1
}
