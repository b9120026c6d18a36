// Package blob keeps objects: bytes under a key, written once and read at any
// offset. Its engines are blob/disk and blob/s3; blob/blobtest is what both
// promise.
//
// What an object holds is the caller's: the engines neither seal it nor look at
// it, and a key says nothing of the file it belongs to.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

var (
	// ErrNotFound says that there is no object under a key, or that the one that
	// was opened has been replaced or deleted.
	ErrNotFound = errors.New("blob: not found")
	// ErrUnavailable says that the store can not do its work now: its disk is
	// full or read-only, or it was not reached.
	ErrUnavailable = errors.New("blob: store unavailable")
	// ErrKey says that a key or a prefix is none that a store takes.
	ErrKey = errors.New("blob: bad key")
)

// Store keeps objects. All methods may be called at the same time.
//
// No key is the beginning of another's path: where there is "a/b", there is
// never "a/b/c".
type Store interface {
	// Put stores all of r, replacing what was under the key. It is durable when
	// Put returns nil. A failure, also one of r, which is returned as it is,
	// leaves what was there before. Of several at the same time, one whole
	// object stays.
	Put(ctx context.Context, key string, r io.Reader) (size int64, err error)
	// Open finds an object, or returns [ErrNotFound]. It may be read until ctx
	// ends.
	Open(ctx context.Context, key string) (Object, error)
	// Delete removes objects. What is not there is no error.
	Delete(ctx context.Context, keys ...string) error
	// List calls fn for every object whose key begins with the prefix, in any
	// order, and stops at its first error, which it returns.
	List(ctx context.Context, prefix string, fn func(Info) error) error
	// Ping reports whether the store is there.
	Ping(ctx context.Context) error
}

// Object is an object being read. It is the one that was opened or an error,
// never a mix of two. ReadAt may be called at the same time, until Close.
type Object interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Info is an object as it is listed.
type Info struct {
	Key        string
	Size       int64
	ModifiedAt time.Time
}

// The bounds of keys, which every file system and every store can keep.
const (
	MaxKey     = 512 // bytes
	maxSegment = 128
)

// CheckKey returns an [ErrKey] unless key is a path of at least one segment of
// [a-z0-9._-], none of which is "." or "..", such as "project/ab/abcdef". It
// never repeats the key.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKey {
		return fmt.Errorf("%w: its length is not 1 to %d", ErrKey, MaxKey)
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment == "." || segment == ".." || len(segment) > maxSegment {
			return fmt.Errorf("%w: a segment is empty, a dot, or over %d bytes", ErrKey, maxSegment)
		}
		if strings.ContainsFunc(segment, foreign) {
			return fmt.Errorf("%w: a segment has other characters than [a-z0-9._-]", ErrKey)
		}
	}
	return nil
}

// CheckPrefix returns an [ErrKey] unless keys can begin with the prefix. All
// begin with the empty one.
func CheckPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	// What is left of a last segment may still become one.
	whole := strings.TrimSuffix(prefix, "/")
	if last := whole[strings.LastIndexByte(whole, '/')+1:]; whole == prefix && (last == "." || last == "..") {
		whole += "x"
	}
	if len(prefix) > MaxKey {
		return fmt.Errorf("%w: it is over %d bytes", ErrKey, MaxKey)
	}
	return CheckKey(whole)
}

func foreign(c rune) bool {
	return !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-')
}

// Fill reads until buf is full or r has ended, for the engines. An end is what
// r itself calls one: a body that was cut short says so once, as
// [io.ErrUnexpectedEOF], and io.ReadFull would take that for its own.
func Fill(r io.Reader, buf []byte) (n int, ended bool, err error) {
	for idle := 0; n < len(buf); idle++ {
		m, err := r.Read(buf[n:])
		n += m
		switch {
		case err == io.EOF: // only the bare one
			return n, true, nil
		case err != nil:
			return n, false, err
		case m > 0:
			idle = 0
		case idle == 100:
			return n, false, io.ErrNoProgress
		}
	}
	return n, false, nil
}
