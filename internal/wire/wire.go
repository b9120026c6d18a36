// Package wire is what stands before the handler on a connection: it refuses
// requests that another server on the way may have read otherwise than we do.
//
// net/http is lenient where RFC 9112 lets it be: it takes lines that end in a
// bare LF, joins folded ones, and drops Content-Length where there is
// Transfer-Encoding too. A proxy that reads such a request differently has let
// pass what it never saw (request smuggling, N-10).
package wire

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
)

// MaxFields is how many header fields a request may have.
const MaxFields = 128

// maxHead is how much of a request is kept to be looked at. The server refuses
// longer heads.
const maxHead = 80 << 10 // bytes

// Guard has a server look at each request before its handler does. The server
// is to be given the connections of [Listener]; by TLS, where a head can not be
// seen, the connection of a request that might be misread ends with it.
func Guard(s *http.Server) {
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if kept, ok := c.(*conn); ok {
			return context.WithValue(ctx, connKey{}, kept)
		}
		return ctx
	}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		if kept, ok := c.(*conn); ok && state == http.StateIdle {
			kept.next()
		}
	}
	next := s.Handler
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fields := 0
		for _, values := range r.Header {
			fields += len(values)
		}
		if fields > MaxFields {
			refuse(w, http.StatusRequestHeaderFieldsTooLarge)
			return
		}
		if r.ProtoMajor != 1 && r.TLS == nil {
			refuse(w, http.StatusBadRequest) // HTTP/2 without TLS, of which only the first line was understood
			return
		}
		if r.ProtoMajor == 1 {
			seen, fine := look(r)
			if !fine {
				refuse(w, http.StatusBadRequest)
				return
			}
			if !seen && len(r.TransferEncoding) > 0 {
				w.Header().Set("Connection", "close") // RFC 9112 §6.1
			}
		}
		next.ServeHTTP(w, r)
	})
}

func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Connection", "close")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.Error(w, http.StatusText(status), status)
}

// look finds what is wrong with the head of a request, if it was seen.
func look(r *http.Request) (seen, fine bool) {
	kept, ok := r.Context().Value(connKey{}).(*conn)
	if !ok {
		return false, true
	}
	head := kept.take()
	// What was sent ahead, behind another request, is not seen from its beginning;
	// what came as soon as that was answered may lack the byte by which the server
	// has waited for it.
	line, rest, ok := bytes.Cut(head, []byte("\n"))
	begin := []byte(r.Method + " " + r.RequestURI + " ")
	if !ok || !bytes.HasPrefix(line, begin) && !bytes.HasPrefix(line, begin[1:]) {
		return false, true
	}
	return true, strict(line, rest)
}

// strict reports whether the lines of a head leave no doubt (RFC 9112 §2.2, §5.2, §6.1).
func strict(line, rest []byte) bool {
	if !ends(line) {
		return false
	}
	var length, coding bool
	for {
		var ok bool
		if line, rest, ok = bytes.Cut(rest, []byte("\n")); !ok || !ends(line) {
			return false
		}
		if len(line) == 1 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			return false
		}
		name, _, _ := strings.Cut(string(line), ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "content-length":
			length = true
		case "transfer-encoding":
			coding = true
		}
	}
	return !coding || !length
}

// ends reports whether a line ends in CR, and has no other.
func ends(line []byte) bool { return len(line) > 0 && bytes.IndexByte(line, '\r') == len(line)-1 }

type connKey struct{}

// conn keeps the bytes of a connection up to the end of a head.
type conn struct {
	net.Conn

	mu   sync.Mutex
	head []byte
	full bool // the head has ended
}

// Listener returns l with connections that [Guard] can look at.
func Listener(l net.Listener) net.Listener { return listener{l} }

type listener struct{ net.Listener }

// Accept implements [net.Listener].
func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

// Read implements [net.Conn].
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.full && n > 0 {
		from := max(len(c.head)-3, 0)
		c.head = append(c.head, b[:n]...)
		c.full = len(c.head) > maxHead || ended(c.head[from:])
	}
	return n, err
}

// ended reports whether a head ends somewhere in b, for a lenient reader.
func ended(b []byte) bool {
	return bytes.Contains(b, []byte("\n\r\n")) || bytes.Contains(b, []byte("\n\n"))
}

// take returns what was kept, for the request that is being served. A head that
// a lenient reader ends early is cut where it does.
func (c *conn) take() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	head := c.head
	c.head, c.full = nil, true
	return head
}

// next forgets, for the request that comes next.
func (c *conn) next() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.head, c.full = nil, false
}
