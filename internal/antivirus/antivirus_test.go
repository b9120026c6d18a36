package antivirus

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// The file of the European Institute for Computer Antivirus Research, in two
// halves so that no scanner takes this source for it.
const eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-` + `STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

// daemon speaks the protocol of clamd.
type daemon struct {
	limit   int           // StreamMaxLength
	answer  func() string // instead of the right one
	silent  bool
	network string
}

func (d daemon) start(t *testing.T) Client {
	t.Helper()
	network, addr := d.network, "127.0.0.1:0"
	if network == "" {
		network = "tcp"
	}
	if network == "unix" {
		addr = filepath.Join(t.TempDir(), "clamd.sock")
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go d.serve(conn)
		}
	}()
	return Client{Network: network, Addr: l.Addr().String()}
}

func (d daemon) serve(conn net.Conn) {
	defer conn.Close()
	var command []byte
	for b := make([]byte, 1); len(command) < 100; {
		if _, err := conn.Read(b); err != nil {
			return
		}
		if b[0] == 0 {
			break
		}
		command = append(command, b[0])
	}
	if d.silent {
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	reply := "UNKNOWN COMMAND"
	switch string(command) {
	case "zPING":
		reply = "PONG"
	case "zVERSION":
		reply = "ClamAV 1.4.1/27500/Mon Jan  1 10:00:00 2027"
	case "zINSTREAM":
		reply = d.scan(conn)
	}
	if d.answer != nil {
		reply = d.answer()
	}
	_, _ = conn.Write([]byte(reply + "\x00"))
}

func (d daemon) scan(conn net.Conn) string {
	var all []byte
	for {
		var length [4]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return "stream: ERROR"
		}
		n := int(binary.BigEndian.Uint32(length[:]))
		if n == 0 {
			break
		}
		if d.limit > 0 && len(all)+n > d.limit {
			return "INSTREAM size limit exceeded. ERROR"
		}
		chunk := make([]byte, n)
		if _, err := io.ReadFull(conn, chunk); err != nil {
			return "stream: ERROR"
		}
		all = append(all, chunk...)
	}
	if bytes.Contains(all, []byte(eicar)) {
		return "stream: Eicar-Test-Signature FOUND"
	}
	return "stream: OK"
}

func TestScan(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		c := daemon{network: network}.start(t)
		for _, test := range []struct {
			name, content, want string
		}{
			{"nothing", "", ""},
			{"a clean one", strings.Repeat("clean", 100_000), ""},
			{"a whole chunk", strings.Repeat("x", chunkSize), ""},
			{"the test file", eicar, "Eicar-Test-Signature"},
			{"the test file across the border of two chunks", strings.Repeat("x", chunkSize-30) + eicar, "Eicar-Test-Signature"},
			{"the test file at the end", strings.Repeat("x", 3*chunkSize-len(eicar)) + eicar, "Eicar-Test-Signature"},
			{"the test file, but for a letter", eicar[1:], ""},
		} {
			for way, r := range map[string]io.Reader{
				"whole": strings.NewReader(test.content), "in halves": iotest.HalfReader(strings.NewReader(test.content)), "with its end": iotest.DataErrReader(strings.NewReader(test.content)),
			} {
				if got, err := c.Scan(t.Context(), r); err != nil || got != test.want {
					t.Errorf("%s, %s, over %s: %q, %v; want %q", test.name, way, network, got, err, test.want)
				}
			}
		}
	}
}

func TestTooLargeIsSaid(t *testing.T) {
	c := daemon{limit: 100_000}.start(t)
	for _, n := range []int{100_001, 20 << 20} { // the connection is closed while the second is sent
		if _, err := c.Scan(t.Context(), bytes.NewReader(make([]byte, n))); !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrUnavailable) || n < 1<<20 && !errors.Is(err, ErrTooLarge) {
			t.Errorf("scan %d bytes: %v", n, err)
		}
	}
	if got, err := c.Scan(t.Context(), bytes.NewReader(make([]byte, 100_000))); err != nil || got != "" {
		t.Errorf("scan what is allowed: %q, %v", got, err)
	}
}

func TestAReaderThatFails(t *testing.T) {
	c := daemon{}.start(t)
	for _, failure := range []error{errors.New("broken"), io.ErrUnexpectedEOF} {
		for _, n := range []int{0, 10, chunkSize, chunkSize + 1} {
			r := io.MultiReader(bytes.NewReader(make([]byte, n)), iotest.ErrReader(failure))
			if got, err := c.Scan(t.Context(), r); !errors.Is(err, failure) || errors.Is(err, ErrUnavailable) || got != "" {
				t.Errorf("after %d bytes: %q, %v", n, got, err)
			}
		}
	}
}

// The body of a request that was cut short says so once, and then ends: half a
// virus is not to be taken for a clean file.
func TestABodyThatWasCutIsNotClean(t *testing.T) {
	c := daemon{}.start(t)
	for _, n := range []int{0, 10, chunkSize, chunkSize + 1} {
		r := io.MultiReader(bytes.NewReader(make([]byte, n)), &cutShort{})
		if got, err := c.Scan(t.Context(), r); !errors.Is(err, io.ErrUnexpectedEOF) || got != "" {
			t.Errorf("after %d bytes: %q, %v", n, got, err)
		}
	}
}

type cutShort struct{ said bool }

func (c *cutShort) Read([]byte) (int, error) {
	if c.said {
		return 0, io.EOF
	}
	c.said = true
	return 0, io.ErrUnexpectedEOF
}

func TestAnAnswerThatIsNoneIsNotClean(t *testing.T) {
	for _, reply := range []string{"", "OK", "stream: ", "stream: ERROR", "stream: FOUND", "stream:  FOUND", "stream: OK ", "other: OK", "UNKNOWN COMMAND", strings.Repeat("x", 2*maxReply), "\x00stream: OK"} {
		c := daemon{answer: func() string { return reply }}.start(t)
		got, err := c.Scan(t.Context(), strings.NewReader("x"))
		if err == nil && got == "" || err != nil && !errors.Is(err, ErrReply) && !errors.Is(err, ErrUnavailable) {
			t.Errorf("answer %.20q: %q, %v", reply, got, err)
		}
		if err := c.Ping(t.Context()); err == nil {
			t.Errorf("answer %.20q to a ping", reply)
		}
	}
}

func TestPingAndVersion(t *testing.T) {
	c := daemon{}.start(t)
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if v, err := c.Version(t.Context()); err != nil || !strings.HasPrefix(v, "ClamAV 1.4.1/") {
		t.Errorf("version %q, %v", v, err)
	}
}

func TestADaemonThatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	silent := daemon{silent: true}.start(t)
	silent.Wait = 50 * time.Millisecond
	for name, c := range map[string]Client{
		"gone": {Network: "tcp", Addr: addr}, "no socket": {Network: "unix", Addr: filepath.Join(t.TempDir(), "none")}, "silent": silent,
	} {
		_, err := c.Scan(t.Context(), strings.NewReader("x"))
		for doing, err := range map[string]error{"scan": err, "ping": c.Ping(t.Context())} {
			if !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), addr) {
				t.Errorf("%s, %s: %v", doing, name, err)
			}
		}
	}
}

func TestAContextEndsAScan(t *testing.T) {
	c := daemon{silent: true}.start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Scan(ctx, strings.NewReader("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("scan: %v", err)
	}
	if err := c.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ping: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, reply := range []string{"stream: OK", "stream: Eicar-Test-Signature FOUND", "INSTREAM size limit exceeded. ERROR", "stream: ERROR", "stream: FOUND", "stream: OK FOUND", ""} {
		f.Add(reply, false)
		f.Add(reply, true)
	}
	f.Fuzz(func(t *testing.T, reply string, cut bool) {
		signature, err := parse(reply, cut)
		if clean := err == nil && signature == ""; clean != (reply == "stream: OK" && !cut) {
			t.Errorf("%q is clean: %v", reply, clean)
		}
		if err != nil && signature != "" {
			t.Errorf("%q is %q and %v", reply, signature, err)
		}
	})
}
