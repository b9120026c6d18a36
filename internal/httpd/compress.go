package httpd

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// Compression says which answers are compressed.
type Compression struct {
	Enabled bool
	MinSize int // bytes; smaller answers go as they are
}

// resetter is a compressor that can be used again.
type resetter interface {
	io.WriteCloser
	Reset(io.Writer)
}

// encodings are those we offer, the best first. Compressors are large, and so
// they are kept.
var encodings = []struct {
	name string
	pool *sync.Pool
}{
	{"zstd", &sync.Pool{New: func() any {
		w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<18))
		if err != nil {
			panic(err) // the options are constants
		}
		return w
	}}},
	{"gzip", &sync.Pool{New: func() any { return gzip.NewWriter(nil) }}},
	{"deflate", &sync.Pool{New: func() any { return zlib.NewWriter(nil) }}}, // RFC 9110 §8.4.1.2: the zlib format
}

// encode compresses a body where the client takes it, and it is worth it.
func (c Compression) encode(h http.Header, r *http.Request, body []byte) []byte {
	if !c.Enabled || len(body) < c.MinSize || h.Get("Content-Encoding") != "" {
		return body
	}
	h.Add("Vary", "Accept-Encoding")
	accepted := r.Header.Get("Accept-Encoding")
	for _, e := range encodings {
		if !accepts(accepted, e.name) {
			continue
		}
		var b bytes.Buffer
		w := e.pool.Get().(resetter)
		defer e.pool.Put(w)
		w.Reset(&b)
		if _, err := w.Write(body); err != nil {
			return body
		}
		if err := w.Close(); err != nil {
			return body
		}
		h.Set("Content-Encoding", e.name)
		h.Set("X-Utopia-Compression", "true")
		return b.Bytes()
	}
	return body
}

// accepts reports whether a header such as "gzip;q=0, br" takes an encoding.
func accepts(header, name string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, q, _ := strings.Cut(part, ";")
		if strings.TrimSpace(coding) == name {
			q = strings.ReplaceAll(q, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}
