package sink

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"time"

	"moorfast/internal/audit"
)

// Syslog sends records as RFC 5424 says, each as a line of JSON: over UDP (RFC
// 5426), TCP and TLS with their length before them (RFC 5425, RFC 6587), or to a
// local socket.
type Syslog struct {
	Address string      // "tls://host:6514"
	TLS     *tls.Config // nil is the system's roots
	Format  Format
}

const (
	facility = 13 // log audit
	notice   = 5  // who was refused
	info     = 6
	dialFor  = 10 * time.Second

	// longestDatagram is what every receiver of datagrams takes of a message, and
	// more than a record has.
	longestDatagram = 8 << 10
)

// Name implements [audit.Sink].
func (s Syslog) Name() string { return "syslog " + s.Address }

// Send implements [audit.Sink]. Over UDP, nobody knows what has arrived.
func (s Syslog) Send(ctx context.Context, list []audit.Entry) error {
	conn, framed, err := s.dial(ctx)
	if err != nil {
		return fmt.Errorf("syslog: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // which is over
	defer stop()
	host, _ := os.Hostname()
	var b bytes.Buffer
	for i := range list {
		if err != nil {
			break
		}
		var m []byte
		if m, err = message(host, &list[i], s.Format); err != nil {
			break
		}
		if framed {
			b.WriteString(strconv.Itoa(len(m)) + " ")
			b.Write(m)
			continue
		}
		_, err = conn.Write(m[:min(len(m), longestDatagram)])
	}
	if err == nil && framed {
		_, err = conn.Write(b.Bytes())
	}
	return errors.Join(err, conn.Close())
}

func (s Syslog) dial(ctx context.Context) (conn net.Conn, framed bool, err error) {
	u, err := url.Parse(s.Address)
	if err != nil {
		return nil, false, err
	}
	d := &net.Dialer{Timeout: dialFor}
	switch u.Scheme {
	case "udp":
		conn, err = d.DialContext(ctx, "udp", u.Host)
		return conn, false, err
	case "tcp":
		conn, err = d.DialContext(ctx, "tcp", u.Host)
		return conn, true, err
	case "tls":
		c := &tls.Config{MinVersion: tls.VersionTLS12}
		if s.TLS != nil {
			c = s.TLS.Clone()
		}
		conn, err = (&tls.Dialer{NetDialer: d, Config: c}).DialContext(ctx, "tcp", u.Host)
		return conn, true, err
	case "unix":
		if conn, err = d.DialContext(ctx, "unixgram", u.Path); err == nil {
			return conn, false, nil
		}
		conn, err = d.DialContext(ctx, "unix", u.Path)
		return conn, true, err
	}
	return nil, false, fmt.Errorf("%q is no way to a syslog", u.Scheme)
}

// message is a record as RFC 5424 has it. The header has nothing in it that
// somebody else has chosen.
func message(host string, e *audit.Entry, f Format) ([]byte, error) {
	severity := info
	if e.Outcome != "" {
		severity = notice
	}
	if host == "" {
		host = "-"
	}
	body, err := json.Marshal(f.of(e))
	head := fmt.Sprintf("<%d>1 %s %.255s moorfast %d audit - ", facility*8+severity, time.UnixMicro(e.At).UTC().Format("2006-01-02T15:04:05.000000Z"), host, os.Getpid())
	return append([]byte(head), body...), err
}
