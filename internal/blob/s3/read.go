package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"moorfast/internal/blob"
)

// Open implements [blob.Store].
func (s *Store) Open(ctx context.Context, key string) (blob.Object, error) {
	if err := blob.CheckKey(key); err != nil {
		return nil, err
	}
	info, err := s.core.StatObject(ctx, s.bucket, s.prefix+key, minio.StatObjectOptions{})
	if err != nil {
		return nil, translate(ctx, "look at object", err)
	}
	return &object{ctx: ctx, store: s, name: s.prefix + key, etag: info.ETag, size: info.Size}, nil
}

// windowSize is how far the reading in order looks ahead.
const windowSize = 128 << 10

var windows = sync.Pool{New: func() any { return new([windowSize]byte) }}

var (
	errNegative = errors.New("s3: negative offset")
	errClosed   = errors.New("s3: object is closed")
)

// object reads in order from one open request, and at other places by requests
// of their own. Each asks for the version that was opened, by its ETag.
type object struct {
	ctx   context.Context // an io.ReaderAt is given none; it bounds what Open began
	store *Store
	name  string
	etag  string
	size  int64

	mu     sync.Mutex
	closed bool
	body   *body             // of the request in order; nil if there is none
	window *[windowSize]byte // what was read of it last
	from   int64             // offset of the window
	filled int               // bytes in it
	last   int64             // where a read of its own ended: one that begins there goes on in order
}

// Size implements [blob.Object].
func (o *object) Size() int64 { return o.size }

// Close implements [blob.Object].
func (o *object) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.end()
	if o.window != nil {
		windows.Put(o.window)
		o.window, o.filled = nil, 0
	}
	return nil
}

func (o *object) end() {
	if o.body != nil {
		o.body.close()
		o.body = nil
	}
}

// ReadAt implements [io.ReaderAt].
func (o *object) ReadAt(p []byte, off int64) (n int, err error) {
	switch {
	case off < 0:
		return 0, errNegative
	case len(p) == 0:
		return 0, nil
	case off >= o.size:
		return 0, io.EOF
	}
	rest := p[:min(int64(len(p)), o.size-off)]
	n, inOrder, err := o.readOn(rest, off)
	if !inOrder && err == nil {
		n, err = o.readApart(rest, off)
	}
	if err == nil && len(rest) < len(p) {
		err = io.EOF
	}
	return n, err
}

// readOn serves what is, or comes next, in the request in order.
func (o *object) readOn(p []byte, off int64) (n int, inOrder bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return 0, true, errClosed
	}
	if !o.within(off) {
		if off != 0 && off != o.last && o.size > windowSize {
			return 0, false, nil
		}
		o.end()
		o.from, o.filled = off, 0
		if o.size <= windowSize {
			o.from = 0 // all of it, whatever is asked for first
		}
	}
	for n < len(p) {
		at := off + int64(n)
		if at < o.from+int64(o.filled) {
			n += copy(p[n:], o.window[at-o.from:o.filled])
			continue
		}
		if err := o.advance(); err != nil {
			return n, true, err
		}
	}
	return n, true, nil
}

// within reports whether an offset is in the window or where it ends.
func (o *object) within(off int64) bool {
	return o.window != nil && off >= o.from && off <= o.from+int64(o.filled)
}

// advance moves the window on. What breaks is begun again where it broke.
func (o *object) advance() error {
	if o.window == nil {
		o.window = windows.Get().(*[windowSize]byte)
	}
	o.from += int64(o.filled)
	o.filled = 0
	want := int(min(windowSize, o.size-o.from))
	for attempt := 1; ; attempt++ {
		var err error
		if o.body == nil {
			o.body, err = o.get(o.from+int64(o.filled), o.size)
		}
		if err == nil {
			var n int
			n, err = o.body.readFull(o.window[o.filled:want])
			o.filled += n
		}
		if err == nil {
			if o.from+int64(o.filled) == o.size {
				o.end()
			}
			return nil
		}
		o.end()
		if attempt == attempts || errors.Is(err, blob.ErrNotFound) || o.ctx.Err() != nil {
			return err
		}
	}
}

// readApart serves a place by a request of its own.
func (o *object) readApart(p []byte, off int64) (n int, err error) {
	for attempt := 1; ; attempt++ {
		var b *body
		b, err = o.get(off+int64(n), off+int64(len(p)))
		if err == nil {
			var m int
			m, err = b.readFull(p[n:])
			b.close()
			n += m
		}
		if err == nil || attempt == attempts || errors.Is(err, blob.ErrNotFound) || o.ctx.Err() != nil {
			break
		}
	}
	o.mu.Lock()
	o.last = off + int64(n)
	o.mu.Unlock()
	return n, err
}

// body is an answer being read.
type body struct {
	ctx    context.Context // of the object
	r      io.ReadCloser
	cancel context.CancelFunc
}

// get asks for the bytes from one offset to before another.
func (o *object) get(from, to int64) (*body, error) {
	var options minio.GetObjectOptions
	if err := errors.Join(options.SetRange(from, to-1), options.SetMatchETag(o.etag)); err != nil {
		return nil, fmt.Errorf("read object: %w", err)
	}
	ctx, cancel := context.WithCancel(o.ctx)
	r, info, _, err := o.store.core.GetObject(ctx, o.store.bucket, o.name, options)
	if err != nil {
		cancel()
		return nil, translate(o.ctx, "read object", err)
	}
	// A store may not know the condition, or the range.
	if info.ETag != o.etag || info.Size != to-from {
		cancel()
		r.Close()
		return nil, blob.ErrNotFound
	}
	return &body{o.ctx, r, cancel}, nil
}

// readFull fills p, and gives up where nothing comes for a while.
func (b *body) readFull(p []byte) (n int, err error) {
	stalled := time.AfterFunc(stallTimeout, b.cancel)
	defer stalled.Stop()
	for n < len(p) {
		m, err := b.r.Read(p[n:])
		n += m
		if m > 0 {
			stalled.Reset(stallTimeout)
		}
		if n < len(p) && err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			if over := b.ctx.Err(); over != nil {
				return n, over
			}
			if errors.Is(err, context.Canceled) {
				return n, fmt.Errorf("%w: read object: nothing came for %v", blob.ErrUnavailable, stallTimeout)
			}
			return n, fmt.Errorf("%w: read object: %w", blob.ErrUnavailable, strip(err))
		}
	}
	return n, nil
}

func (b *body) close() {
	b.cancel()
	b.r.Close()
}
