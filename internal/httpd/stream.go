package httpd

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"moorfast/internal/api"
)

// streamBuffer is how much of a stream is read and sent at once, in bytes.
const streamBuffer = 256 << 10

var streamBuffers = sync.Pool{New: func() any { return new([streamBuffer]byte) }}

// stallTimeout is how long a client may take none of what is sent.
const stallTimeout = time.Minute

// stream sends bytes as they are read. What fails before the first of them is
// an error like any other; what fails later breaks the connection, so that no
// client takes a part for the whole.
func (x *exchange) stream(out api.Stream) {
	if out.Body == nil {
		x.begin(out)
		return
	}
	defer out.Body.Close()
	buf := streamBuffers.Get().(*[streamBuffer]byte)
	defer streamBuffers.Put(buf)
	n, err := 0, error(nil)
	if x.r.Method != http.MethodHead {
		if n, err = io.ReadFull(out.Body, buf[:min(out.Size, streamBuffer)]); err != nil {
			x.fail(err)
			return
		}
	}
	x.begin(out)
	if x.r.Method == http.MethodHead {
		return
	}
	// The deadline of the request is over long before a slow client has it all.
	conn := http.NewResponseController(x.w)
	_ = conn.SetReadDeadline(time.Time{})
	for left := out.Size; ; {
		_ = conn.SetWriteDeadline(time.Now().Add(stallTimeout))
		if _, err := x.w.Write(buf[:n]); err != nil {
			return // the client has gone
		}
		if left -= int64(n); left <= 0 {
			break
		}
		if n, err = io.ReadFull(out.Body, buf[:min(left, streamBuffer)]); err != nil {
			x.s.Log.ErrorContext(x.r.Context(), "read a stream", "err", err, "endpoint", x.endpoint.Name, "project", x.project.ID)
			panic(http.ErrAbortHandler)
		}
	}
	_ = conn.SetWriteDeadline(time.Time{})
}

// begin sends what comes before the bytes.
func (x *exchange) begin(out api.Stream) {
	x.headers()
	h := x.w.Header()
	if out.Type != "" {
		h.Set("Content-Type", out.Type)
	}
	if out.Status != http.StatusNotModified {
		h.Set("Content-Length", strconv.FormatInt(out.Size, 10))
	}
	status := out.Status
	if status == 0 {
		status = x.endpoint.Status
	}
	x.observe(status, nil)
	x.w.WriteHeader(status)
}
