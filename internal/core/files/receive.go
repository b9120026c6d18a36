package files

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the contract's signature of a file, which protects nothing
	"encoding"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/id"
	"moorfast/internal/seal"
	"moorfast/internal/store"
	"moorfast/internal/vault"
)

// The ways to store a file smaller.
const (
	None = "none"
	Gzip = "gzip"
	Zstd = "zstd"
)

// maxCompressed is the size of the largest file that is compressed. It is the
// contract's.
const maxCompressed = 20_000_000

// headSize is how much of a file is looked at for its type.
const headSize = 3072

// Received is bytes of an upload that are stored, and that nothing refers to
// yet. Close removes them, unless they were made part of a file.
type Received struct {
	Name string // of the file
	Span Span
	ID   string // that goes on; "" for the one that the parameters name

	project     string
	files       *Files
	object      string
	key         vault.Secret // not set where the object is not sealed
	compression string
	size        int64
	stored      int64
	head        []byte    // if this is where the file begins
	sum         hash.Hash // of the file up to the end of this; nil where it is not known
	kept        bool
}

// Receive takes in what a client sends for a file of a bucket: for the actor of
// the call, who may be refused before anything is stored.
func (f *Files) Receive(ctx context.Context, call *api.Call, bucketID string, part api.Part) (*Received, error) {
	r := &Received{Name: part.Name, project: call.Project.ID, files: f, sum: md5.New()} //nolint:gosec // see above
	if part.Range != "" {
		var err error
		if r.Span, err = ParseSpan(part.Range); err != nil {
			return nil, err
		}
		if r.ID = part.ID; r.ID != "" && !id.Valid(r.ID) {
			return nil, apierr.UploadIDInvalid
		}
		if r.Span.Start > 0 {
			r.sum = nil
		}
	}
	limit, sealed := r.Span.Size, false
	_, err := api.Read(ctx, call, func(tx store.Tx) (api.None, error) {
		b, err := GetBucket(ctx, tx, &call.Actor, bucketID)
		if err != nil {
			return api.None{}, err
		}
		if part.Range == "" {
			limit = b.MaximumFileSize
		}
		r.compression, sealed = b.compression(r.Span.Total), b.Encryption
		if r.ID != "" {
			if err := r.resume(ctx, tx, b); err != nil {
				return api.None{}, err
			}
		}
		return api.None{}, b.CheckUpload(&call.Actor, part.Name, r.Span.Total)
	})
	if err != nil {
		return nil, err
	}
	if err := r.store(ctx, part.Body, limit, sealed); err != nil {
		return nil, err
	}
	if part.Range != "" && r.size != r.Span.Size {
		return nil, errors.Join(apierr.ContentRangeInvalid, r.Close())
	}
	return r, nil
}

func (b *Bucket) compression(total int64) string {
	if total > maxCompressed {
		return None
	}
	return b.Compression
}

// resume takes the hash up where the parts before this one have left it.
func (r *Received) resume(ctx context.Context, tx store.Tx, b *Bucket) error {
	file, err := find(ctx, tx, b, r.ID)
	if errors.Is(err, apierr.FileNotFound) {
		return nil // the first part may still be on its way
	}
	if err != nil {
		return err
	}
	if r.Span.Start > 0 && file.Hashed == r.Span.Number()-1 {
		r.sum, err = resumeHash(file.Hash)
	}
	return err
}

func resumeHash(state vault.Secret) (hash.Hash, error) {
	sum := md5.New() //nolint:gosec // see above
	if !state.Set() {
		return sum, nil
	}
	return sum, sum.(encoding.BinaryUnmarshaler).UnmarshalBinary([]byte(state.Reveal()))
}

// hashState is what [resumeHash] goes on from.
func hashState(sum hash.Hash) (vault.Secret, error) {
	state, err := sum.(encoding.BinaryMarshaler).MarshalBinary()
	return vault.Hide(string(state)), err
}

func signature(sum hash.Hash) string { return hex.EncodeToString(sum.Sum(nil)) }

// errLimit says that a client sends more than it may.
var errLimit = errors.New("files: longer than allowed")

// store writes at most limit bytes of body to an object.
func (r *Received) store(ctx context.Context, body io.Reader, limit int64, sealed bool) (err error) {
	r.object = newObject(r.project)
	p := newPipeline(io.LimitReader(body, limit+1), func(b []byte) error {
		if r.size += int64(len(b)); r.size > limit {
			return errLimit
		}
		if r.sum != nil {
			r.sum.Write(b)
		}
		if n := headSize - len(r.head); n > 0 && r.Span.Start == 0 {
			r.head = append(r.head, b[:min(n, len(b))]...)
		}
		return nil
	})
	defer p.release()
	var end io.WriteCloser = nopCloser{&p.out}
	if sealed {
		var key seal.Key
		if end, key, err = seal.Encrypt(&p.out); err != nil {
			return fmt.Errorf("seal an upload: %w", err)
		}
		r.key = key.Secret()
	}
	p.stages = []io.Closer{end}
	p.in = end
	if r.compression != None {
		w := compressor(r.compression, end)
		p.in, p.stages = w, []io.Closer{w, end}
	}
	r.stored, err = r.files.blobs.Put(ctx, r.object, p)
	if errors.Is(err, errLimit) {
		if r.Span.Total > 0 {
			return apierr.ContentRangeInvalid
		}
		return apierr.FileSizeInvalid
	}
	if err != nil {
		return fmt.Errorf("store an upload: %w", outcome(err))
	}
	return nil
}

// Close removes what was received, unless it was kept.
func (r *Received) Close() error {
	if r == nil || r.kept {
		return nil
	}
	return r.files.blobs.Delete(context.WithoutCancel(r.files.stopping), r.object)
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// pipeline is a reader of what its stages make of src. It needs no goroutine:
// whoever reads it moves the bytes.
type pipeline struct {
	src    io.Reader
	each   func([]byte) error // sees the bytes as they came
	in     io.Writer
	stages []io.Closer // ended in this order
	*chunk
	done bool
}

const chunkSize = 64 << 10

// chunk is what goes into the stages at a time, and what comes out of them.
type chunk struct {
	buf [chunkSize]byte
	out bytes.Buffer
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

func newPipeline(src io.Reader, each func([]byte) error) *pipeline {
	return &pipeline{src: src, each: each, chunk: chunks.Get().(*chunk)}
}

func (p *pipeline) Read(b []byte) (int, error) {
	for p.out.Len() == 0 && !p.done {
		if err := p.step(); err != nil {
			return 0, err
		}
	}
	return p.out.Read(b)
}

// step takes one chunk through the stages.
func (p *pipeline) step() error {
	n, err := 0, error(nil)
	for n < len(p.buf) && err == nil {
		var m int
		m, err = p.src.Read(p.buf[n:])
		n += m
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if n > 0 {
		if err := p.each(p.buf[:n]); err != nil {
			return err
		}
		if _, err := p.in.Write(p.buf[:n]); err != nil {
			return err
		}
	}
	if err == nil {
		return nil
	}
	p.done = true
	for _, stage := range p.stages {
		if err := stage.Close(); err != nil {
			return err
		}
	}
	return nil
}

// release gives back what the pipeline has borrowed. Nothing is read after that.
func (p *pipeline) release() {
	p.out.Reset()
	chunks.Put(p.chunk)
	p.chunk = nil
}

// compressor returns a writer that makes less of what it is given.
func compressor(how string, w io.Writer) io.WriteCloser {
	if how == Gzip {
		return gzip.NewWriter(w)
	}
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		panic(err) // the options are constants
	}
	return z
}
