package files

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"moorfast/internal/blob"
	"moorfast/internal/seal"
	"moorfast/internal/store"
)

// Open reads the bytes of a complete file from one offset up to another, of
// which it looks up where they are now. They are read as the reader is, and
// after the transaction.
func (f *Files) Open(ctx context.Context, tx store.Tx, file *File, from, to int64) (io.ReadCloser, error) {
	parts, err := listParts(ctx, tx, file, from, to)
	if err != nil {
		return nil, err
	}
	return f.read(ctx, parts, from, to), nil
}

// read joins the bytes of parts from one offset of their file up to another.
func (f *Files) read(ctx context.Context, parts []part, from, to int64) *reader {
	return &reader{ctx: ctx, files: f, parts: parts, at: from, end: to}
}

// reader reads one part after the other. What was changed on the disk is an
// error, and none of its bytes are returned.
type reader struct {
	ctx   context.Context //nolint:containedctx // an io.Reader has no other way to end with its request
	files *Files
	parts []part
	at    int64
	end   int64

	object blob.Object // of the part that is being read, or nil
	in     io.Reader
	close  func()
}

// errShort says that a part has fewer bytes than its row says.
var errShort = errors.New("files: a part is shorter than it was")

func (r *reader) Read(b []byte) (int, error) {
	for {
		if r.at >= r.end {
			return 0, io.EOF
		}
		if r.in == nil {
			err := r.next()
			if r.moved(err) {
				continue
			}
			if err != nil {
				return 0, err
			}
		}
		p := &r.parts[0]
		left := min(r.end, p.Start+p.Size) - r.at
		if left == 0 {
			if err := r.leave(); err != nil {
				return 0, err
			}
			r.parts = r.parts[1:]
			continue
		}
		n, err := r.in.Read(b[:min(int64(len(b)), left)])
		r.at += int64(n)
		if n == 0 && r.moved(err) {
			continue
		}
		err = outcome(err)
		if errors.Is(err, io.EOF) {
			if err = nil; n == 0 {
				err = fmt.Errorf("part %d of file %d: %w", p.Number, p.File, errShort)
			}
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// moved reports whether a part was not found because it was stored again under
// another name while this was reading, and then goes on with that.
func (r *reader) moved(err error) bool {
	if !errors.Is(err, blob.ErrNotFound) {
		return false
	}
	old := &r.parts[0]
	var now *part
	err = r.files.units.DB.View(r.ctx, objectProject(old.Object), func(tx store.Tx) (err error) {
		now, err = findPart(r.ctx, tx, *old)
		return err
	})
	if err != nil || now == nil || now.Object == old.Object || now.Start != old.Start || now.Size != old.Size || r.leave() != nil {
		return false
	}
	*old = *now
	return true
}

// next opens the part that has the next byte.
func (r *reader) next() (err error) {
	for len(r.parts) > 0 && r.parts[0].Start+r.parts[0].Size <= r.at {
		r.parts = r.parts[1:]
	}
	if len(r.parts) == 0 || r.parts[0].Start > r.at {
		return fmt.Errorf("files: the bytes from %d are nowhere", r.at)
	}
	p := r.parts[0]
	if r.object, err = r.files.blobs.Open(r.ctx, p.Object); err != nil {
		return fmt.Errorf("open part %d of file %d: %w", p.Number, p.File, outcome(err))
	}
	if r.object.Size() != p.Stored {
		return errors.Join(fmt.Errorf("part %d of file %d: %w", p.Number, p.File, errShort), r.leave())
	}
	skip := r.at - p.Start
	open := skip // what the seal can skip
	if p.Compression != None {
		open = 0
	}
	if p.Key.Set() {
		key, err := seal.ParseKey(p.Key)
		if err != nil {
			return errors.Join(err, r.leave())
		}
		r.in, err = seal.DecryptFrom(r.object, r.object.Size(), key, open)
		if err != nil {
			return errors.Join(fmt.Errorf("open part %d of file %d: %w", p.Number, p.File, err), r.leave())
		}
	} else {
		r.in = io.NewSectionReader(r.object, open, r.object.Size()-open)
	}
	if p.Compression == None {
		return nil
	}
	if err := r.decompress(p.Compression); err != nil {
		return errors.Join(fmt.Errorf("decompress part %d of file %d: %w", p.Number, p.File, err), r.leave())
	}
	if _, err := io.CopyN(io.Discard, r.in, skip); err != nil {
		return errors.Join(fmt.Errorf("decompress part %d of file %d: %w", p.Number, p.File, err), r.leave())
	}
	return nil
}

func (r *reader) decompress(how string) error {
	if how == Gzip {
		z, err := gzip.NewReader(r.in)
		r.in = z
		return err
	}
	z, err := zstd.NewReader(r.in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return err
	}
	r.in, r.close = z, z.Close
	return nil
}

// leave closes the part that is being read.
func (r *reader) leave() error {
	if r.close != nil {
		r.close()
	}
	r.in, r.close = nil, nil
	if r.object == nil {
		return nil
	}
	err := r.object.Close()
	r.object = nil
	return err
}

// Close releases what is open.
func (r *reader) Close() error { return r.leave() }
