// Package antivirus asks a ClamAV daemon whether a stream has something in it
// that it knows.
//
// It speaks the daemon's own protocol (clamd(8), INSTREAM): one connection for
// each question, and the content in chunks with their length before them.
package antivirus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

var (
	// ErrUnavailable says that the daemon was not reached, or did not answer.
	ErrUnavailable = errors.New("antivirus: scanner unavailable")
	// ErrTooLarge says that the stream is longer than the daemon scans
	// (StreamMaxLength in its configuration).
	ErrTooLarge = errors.New("antivirus: stream too large to scan")
	// ErrReply says that the daemon answered, but neither that the stream is
	// clean nor that it is not.
	ErrReply = errors.New("antivirus: scanner failed")
)

const (
	chunkSize = 64 << 10
	maxReply  = 4 << 10

	dialTimeout = 5 * time.Second
	// stepTimeout is how long the daemon may take for one chunk, and scanTimeout
	// for the scan after the last. Its own limit (MaxScanTime) is two minutes.
	stepTimeout = 30 * time.Second
	scanTimeout = 150 * time.Second
)

// Client is where a daemon listens. It holds no connection.
type Client struct {
	Network string // "tcp" or "unix"
	Addr    string // host:port, or a path

	// Wait bounds each wait for the daemon, instead of the usual limits, if it
	// is not zero.
	Wait time.Duration
}

var chunks = sync.Pool{New: func() any { return new([4 + chunkSize]byte) }}

// Scan reads r to its end and returns the name of what the daemon knows in it,
// or "" if it knows nothing. An error is never to be taken for a clean stream.
// One of r is returned as it is.
func (c Client) Scan(ctx context.Context, r io.Reader) (signature string, err error) {
	s, err := c.dial(ctx)
	if err != nil {
		return "", err
	}
	defer s.close()
	sent := s.write([]byte("zINSTREAM\x00"))
	if sent == nil {
		sent, err = s.stream(r)
	}
	if err != nil {
		return "", err
	}
	// A daemon that has heard enough says why, and closes: what was sent after
	// that fails, and the answer is there to be read all the same.
	reply, err := s.reply(scanTimeout)
	switch {
	case err == nil:
		return parse(reply, sent != nil)
	case sent != nil:
		return "", s.failed("send", sent)
	}
	return "", s.failed("read answer", err)
}

// Ping reports whether the daemon answers.
func (c Client) Ping(ctx context.Context) error {
	reply, err := c.ask(ctx, "PING")
	if err == nil && reply != "PONG" {
		return fmt.Errorf("%w: its answer to a ping is another", ErrReply)
	}
	return err
}

// Version returns what the daemon says of itself and of its signatures.
func (c Client) Version(ctx context.Context) (string, error) {
	reply, err := c.ask(ctx, "VERSION")
	if err == nil && !strings.HasPrefix(reply, "ClamAV ") {
		return "", fmt.Errorf("%w: its answer has no version", ErrReply)
	}
	return reply, err
}

func (c Client) ask(ctx context.Context, command string) (string, error) {
	s, err := c.dial(ctx)
	if err != nil {
		return "", err
	}
	defer s.close()
	if err := s.write([]byte("z" + command + "\x00")); err != nil {
		return "", s.failed("send", err)
	}
	reply, err := s.reply(stepTimeout)
	if err != nil {
		return "", s.failed("read answer", err)
	}
	return reply, nil
}

// session is one connection. It ends with its context.
type session struct {
	ctx  context.Context // it lasts for one call
	conn net.Conn
	stop func() bool
	wait time.Duration
}

func (c Client) dial(ctx context.Context) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := &session{ctx: ctx, wait: c.Wait}
	conn, err := (&net.Dialer{Timeout: s.limit(dialTimeout)}).DialContext(ctx, c.Network, c.Addr)
	if err != nil {
		return nil, s.failed("reach it", err)
	}
	s.conn = conn
	s.stop = context.AfterFunc(ctx, s.interrupt)
	return s, nil
}

func (s *session) close() {
	s.stop()
	s.conn.Close()
}

func (s *session) limit(usual time.Duration) time.Duration {
	if s.wait > 0 {
		return s.wait
	}
	return usual
}

// interrupt ends what waits for the daemon, and what would.
func (s *session) interrupt() { _ = s.conn.SetDeadline(time.Unix(1, 0)) }

func (s *session) write(b []byte) error {
	late := time.AfterFunc(s.limit(stepTimeout), s.interrupt)
	defer late.Stop()
	_, err := s.conn.Write(b)
	return err
}

// stream sends r in chunks, with their length before them, and a length of zero
// at the end.
func (s *session) stream(r io.Reader) (sent, failed error) {
	buf := chunks.Get().(*[4 + chunkSize]byte)
	defer chunks.Put(buf)
	for ended := false; !ended; {
		n := 0
		if n, ended, failed = fill(r, buf[4:]); failed != nil {
			return nil, failed
		}
		if n == 0 {
			break
		}
		binary.BigEndian.PutUint32(buf[:4], uint32(n))
		if sent := s.write(buf[:4+n]); sent != nil {
			return sent, nil
		}
	}
	return s.write(make([]byte, 4)), nil
}

// fill reads until buf is full or r has ended. A body that was cut short says
// so once, as [io.ErrUnexpectedEOF], which io.ReadFull would take for its own.
func fill(r io.Reader, buf []byte) (n int, ended bool, err error) {
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

// reply reads up to the zero byte that ends an answer.
func (s *session) reply(usual time.Duration) (string, error) {
	late := time.AfterFunc(s.limit(usual), s.interrupt)
	defer late.Stop()
	buf := make([]byte, 0, 256)
	for len(buf) < maxReply {
		n, err := s.conn.Read(buf[len(buf):min(cap(buf), len(buf)+256)])
		buf = buf[:len(buf)+n]
		if i := strings.IndexByte(string(buf), 0); i >= 0 {
			return string(buf[:i]), nil
		}
		if err != nil {
			return "", err
		}
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
	}
	return "", errors.New("the answer has no end")
}

// failed tells why the daemon could not be used, without its address.
func (s *session) failed(doing string, err error) error {
	if over := s.ctx.Err(); over != nil {
		return over
	}
	var network *net.OpError
	if errors.As(err, &network) {
		err = network.Err
	}
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, doing, err)
}

// parse reads the answer to a stream, of which the daemon may not have had all.
// What it names is text of a database of signatures, and not of whoever sent the
// stream.
func parse(reply string, cut bool) (signature string, err error) {
	if strings.HasPrefix(reply, "INSTREAM size limit exceeded") {
		return "", ErrTooLarge
	}
	result, ok := strings.CutPrefix(reply, "stream: ")
	if !ok {
		return "", fmt.Errorf("%w: %.100q", ErrReply, reply)
	}
	if name, found := strings.CutSuffix(result, " FOUND"); found && name != "" {
		return name, nil
	}
	if result == "OK" && !cut {
		return "", nil
	}
	return "", fmt.Errorf("%w: %.100q", ErrReply, reply)
}
