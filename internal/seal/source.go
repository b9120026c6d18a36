package seal

import (
	"errors"
	"io"
	"sync"
)

// failure remembers why a stream could not be read, so that a disk that fails
// is not taken for a stream that was changed.
type failure struct {
	mu  sync.Mutex
	err error
}

func (f *failure) note(err error) {
	if err == nil || errors.Is(err, io.EOF) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

// refuse returns the error of the source if it had one, and says otherwise that
// the stream is refused.
func (f *failure) refuse(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	if errors.Is(err, ErrKey) {
		return ErrKey
	}
	return ErrRefused
}

// opened gives the errors of a reader their meaning.
type opened struct {
	io.Reader
	in *failure
}

func (o *opened) Read(p []byte) (int, error) {
	n, err := o.Reader.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // a bare EOF is the end, and nothing else is
		err = o.in.refuse(err)
	}
	return n, err
}

// source is read in order.
type source struct {
	r io.Reader
	failure
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.note(err)
	return n, err
}

// sourceAt is read at any offset.
type sourceAt struct {
	at io.ReaderAt
	failure
}

func (s *sourceAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.at.ReadAt(p, off)
	s.note(err)
	return n, err
}
