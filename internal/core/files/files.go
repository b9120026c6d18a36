// Package files keeps buckets and what is in them: it takes uploads in, in one
// piece or in parts, seals them on the way to where they are stored, and reads
// them from any offset.
//
// Each part of a file is an object of its own, which nothing else ever has the
// name of, sealed with a key of its own. The row of the part has both, and the
// vault binds the key to that row: docs/decisions/0013.
package files

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/blob"
	"moorfast/internal/store"
)

// Scanner looks for viruses. The signature is that of the one it found, or "".
type Scanner interface {
	Scan(ctx context.Context, r io.Reader) (signature string, err error)
}

// Files keeps the files of all projects.
type Files struct {
	units   api.Units
	blobs   blob.Store
	scanner Scanner
	log     *slog.Logger

	removals sync.WaitGroup
	stopping context.Context
	stop     context.CancelFunc
}

// New returns the files whose bytes lie in blobs. Without a scanner, none is
// looked at.
func New(units api.Units, blobs blob.Store, scanner Scanner, log *slog.Logger) *Files {
	f := &Files{units: units, blobs: blobs, scanner: scanner, log: log}
	f.stopping, f.stop = context.WithCancel(context.Background())
	return f
}

// outcome finds the row for what the store of the bytes could not do.
func outcome(err error) error {
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return apierr.FileNotFound.Detail("The content of the file is not where it was stored.").Because(err)
	case errors.Is(err, blob.ErrUnavailable):
		return apierr.Unavailable.Because(err)
	}
	return err
}

// Close ends what runs in the background, and the store of the bytes. What it
// leaves, [Files.Sweep] finds.
func (f *Files) Close() error {
	f.stop()
	f.removals.Wait()
	if c, ok := f.blobs.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Try stores an object, reads it, and deletes it.
func (f *Files) Try(ctx context.Context) error {
	const want = "moorfast"
	key := newObject(store.Platform)
	if _, err := f.blobs.Put(ctx, key, strings.NewReader(want)); err != nil {
		return err
	}
	object, err := f.blobs.Open(ctx, key)
	if err == nil {
		got := make([]byte, len(want))
		_, err = object.ReadAt(got, 0)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if err == nil && string(got) != want {
			err = errors.New("files: an object has other bytes than it was given")
		}
		err = errors.Join(err, object.Close())
	}
	return errors.Join(err, f.blobs.Delete(ctx, key))
}

var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// newObject names an object that was never there: 160 bits by chance, in
// folders by their first two letters.
func newObject(project string) string {
	var b [20]byte
	rand.Read(b[:])
	name := lower.EncodeToString(b[:])
	return project + "/" + name[:2] + "/" + name
}

// objectProject is the project that an object belongs to.
func objectProject(key string) string {
	project, _, _ := strings.Cut(key, "/")
	return project
}
