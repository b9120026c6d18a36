package seal

import (
	"errors"
	"io"
	"sync"

	"filippo.io/age"
)

var errNegative = errors.New("seal: negative offset")

// DecryptAt opens a stream of the given size to be read at any offset, and
// returns how long its content is. It reads the last chunk first, so a stream
// that was cut is refused at once. Reads may be at the same time; each allocates
// a chunk, so those that go on should be long ones, or [DecryptFrom].
func DecryptAt(src io.ReaderAt, size int64, k Key) (io.ReaderAt, int64, error) {
	o, err := openAt(src, size, k)
	if err != nil {
		return nil, 0, err
	}
	return o, o.size, nil
}

func openAt(src io.ReaderAt, size int64, k Key) (*openedAt, error) {
	if size < SealedSize(0) {
		return nil, ErrRefused
	}
	in := &sourceAt{at: src}
	r, plain, err := age.DecryptReaderAt(in, size, identity{k})
	if err != nil {
		return nil, in.refuse(err)
	}
	return &openedAt{r, plain, &in.failure}, nil
}

// openedAt keeps the promises of [io.ReaderAt] past the end too.
type openedAt struct {
	r    io.ReaderAt
	size int64
	in   *failure
}

func (o *openedAt) ReadAt(p []byte, off int64) (int, error) {
	switch {
	case off < 0:
		return 0, errNegative
	case off >= o.size:
		return 0, io.EOF
	}
	n, err := o.r.ReadAt(p, off)
	if err != nil && err != io.EOF { //nolint:errorlint // a bare EOF is the end, and nothing else is
		err = o.in.refuse(err)
	}
	return n, err
}

// DecryptFrom opens a stream of the given size to be read in order from an
// offset of its content. Past the end it is empty.
func DecryptFrom(src io.ReaderAt, size int64, k Key, offset int64) (io.Reader, error) {
	if offset < 0 {
		return nil, errNegative
	}
	o, err := openAt(src, size, k)
	if err != nil {
		return nil, err
	}
	return &from{at: o, off: min(offset, o.size)}, nil
}

// batch is how much is opened at once: age allocates a chunk for every call.
const batch = 8 * chunkSize

var batches = sync.Pool{New: func() any { return new([batch]byte) }}

// from reads in order. Between two reads it holds a buffer of the pool only if
// there is something in it.
type from struct {
	at   *openedAt
	off  int64
	buf  *[batch]byte
	rest []byte // of buf, opened and not yet read
}

func (f *from) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(f.rest) == 0 && len(p) >= batch {
		n, err := f.at.ReadAt(p[:len(p)-len(p)%batch], f.off)
		f.off += int64(n)
		return n, err
	}
	if err := f.fill(); err != nil {
		return 0, err
	}
	n := copy(p, f.rest)
	f.use(n)
	return n, nil
}

// WriteTo implements [io.WriterTo], so that io.Copy needs no buffer.
func (f *from) WriteTo(w io.Writer) (total int64, err error) {
	for {
		if err := f.fill(); err != nil {
			if err == io.EOF { //nolint:errorlint // a bare EOF is the end, and nothing else is
				err = nil
			}
			return total, err
		}
		n, err := w.Write(f.rest)
		total += int64(n)
		f.use(n)
		if err != nil {
			return total, err
		}
	}
}

// fill opens what comes next, up to the end of a chunk so that none is opened
// twice.
func (f *from) fill() error {
	if len(f.rest) > 0 {
		return nil
	}
	if f.off >= f.at.size {
		return io.EOF
	}
	if f.buf == nil {
		f.buf = batches.Get().(*[batch]byte)
	}
	n, err := f.at.ReadAt(f.buf[:batch-f.off%chunkSize], f.off)
	f.rest = f.buf[:n]
	f.off += int64(n)
	if n > 0 {
		return nil // an error comes again
	}
	f.release()
	return err
}

func (f *from) use(n int) {
	if f.rest = f.rest[n:]; len(f.rest) == 0 {
		f.release()
	}
}

func (f *from) release() {
	clear(f.buf[:]) // nothing of one file waits in the buffer of another
	batches.Put(f.buf)
	f.buf, f.rest = nil, nil
}
