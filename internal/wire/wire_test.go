package wire_test

import (
	"bufio"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"moorfast/internal/wire"
)

// serve runs a guarded server, and returns its address and what it served.
func serve(t *testing.T, change func(*http.Server)) (addr string, served chan string) {
	t.Helper()
	served = make(chan string, 1000)
	s := &http.Server{
		ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 64 << 10, ErrorLog: log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			served <- r.Method + " " + r.URL.Path + " " + strconv.Itoa(len(body))
		}),
	}
	if change != nil {
		change(s)
	}
	wire.Guard(s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(wire.Listener(l))
	t.Cleanup(func() { s.Close() })
	return l.Addr().String(), served
}

// send writes bytes, and returns the status of the first answer, and whether the
// connection was closed after it.
func send(t *testing.T, addr, text string) (status int, closed bool) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		return 0, true
	}
	io.Copy(io.Discard, response.Body)
	conn.SetDeadline(time.Now().Add(150 * time.Millisecond))
	_, err = r.ReadByte()
	return response.StatusCode, errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
}

const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

func TestRequestsThatAnotherServerMayReadOtherwiseAreRefused(t *testing.T) {
	addr, served := serve(t, nil)
	for name, text := range map[string]string{
		"both lengths":                 "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"both lengths, turned":         "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 60\r\n\r\n0\r\n\r\n" + smuggled,
		"both lengths, other letters":  "POST / HTTP/1.1\r\nHost: a\r\ncontent-LENGTH: 4\r\ntransfer-ENCODING: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"two lengths":                  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 36\r\n\r\n" + smuggled,
		"a list of lengths":            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 36\r\n\r\n" + smuggled,
		"a length with a sign":         "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n" + smuggled,
		"a negative length":            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n" + smuggled,
		"a length in hex":              "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x0\r\n\r\n" + smuggled,
		"a length that is too long":    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n" + smuggled,
		"a space before the colon":     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"a space in a length's name":   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 36\r\n\r\n" + smuggled,
		"a tab before the name":        "POST / HTTP/1.1\r\nHost: a\r\n\tTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"a folded line":                "POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n" + smuggled,
		"a folded coding":              "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"an unknown coding":            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled,
		"two codings":                  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + smuggled,
		"a list of codings":            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"a coding with a vertical tab": "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n" + smuggled,
		"a bare LF":                    "POST / HTTP/1.1\r\nHost: a\nContent-Length: 0\r\n\r\n" + smuggled,
		"a bare LF in the first line":  "GET / HTTP/1.1\nHost: a\r\n\r\n" + smuggled,
		"a bare LF at the end":         "GET / HTTP/1.1\r\nHost: a\r\n\n" + smuggled,
		"a bare CR":                    "GET / HTTP/1.1\r\nHost: a\r\nX: a\rContent-Length: 36\r\n\r\n" + smuggled,
		"a NUL":                        "GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n" + smuggled,
		"no host":                      "GET / HTTP/1.1\r\n\r\n" + smuggled,
		"two hosts":                    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + smuggled,
		"a host with a space":          "GET / HTTP/1.1\r\nHost: a b\r\n\r\n" + smuggled,
		"no version":                   "GET /\r\n\r\n" + smuggled,
		"a version there is not":       "GET / HTTP/1.2x\r\nHost: a\r\n\r\n" + smuggled,
		"a later version":              "GET / HTTP/3.0\r\nHost: a\r\n\r\n" + smuggled,
		"HTTP/2 in the clear":          "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"two spaces":                   "GET  / HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled,
		"a method that is no name":     "G(T / HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled,
		"a line without a colon":       "GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n" + smuggled,
		"an empty name":                "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n" + smuggled,
	} {
		t.Run(name, func(t *testing.T) {
			status, closed := send(t, addr, text)
			if status != 400 && status != 501 && status != 505 || !closed {
				t.Errorf("%q\ngot %d, closed %v, want 400 and closed", text, status, closed)
			}
		})
	}
	for len(served) > 0 {
		t.Errorf("served: %s", <-served)
	}
}

func TestAChunkThatIsNoChunkEndsTheConnection(t *testing.T) {
	for name, body := range map[string]string{
		"a bare LF":             "1\nx\r\n0\r\n\r\n",
		"a size with a sign":    "+1\r\nx\r\n0\r\n\r\n",
		"a size that overflows": "10000000000000000\r\nx\r\n0\r\n\r\n",
		"a size with 0x":        "0x1\r\nx\r\n0\r\n\r\n",
		"no line break after":   "1\r\nxy0\r\n\r\n",
		"a negative size":       "-1\r\nx\r\n0\r\n\r\n",
	} {
		addr, served := serve(t, nil)
		status, closed := send(t, addr, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"+body+smuggled)
		if !closed {
			t.Errorf("%s: %d, and the connection goes on", name, status)
		}
		for len(served) > 0 {
			if what := <-served; strings.Contains(what, "smuggled") {
				t.Errorf("%s: what came behind was served", name)
			}
		}
	}
}

func TestHonestRequestsPass(t *testing.T) {
	addr, served := serve(t, nil)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { conn.Close() }()
	r := bufio.NewReader(conn)
	long := strings.Repeat("x\n\n", 30_000) // lines that would not do in a head
	for i, c := range []struct{ text, want string }{
		{"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a 0"},
		{"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n\n\n\n\n\n", "POST /b 5"},
		{"POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: " + strconv.Itoa(len(long)) + "\r\n\r\n" + long, "POST /c 90000"},
		{"POST /d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "POST /d 1"},
		{"PUT /e?f HTTP/1.1\r\nHost: a\r\nX: \r\nContent-Length: 0\r\n\r\n", "PUT /e 0"},
	} {
		conn.SetDeadline(time.Now().Add(2 * time.Second))
		if _, err := io.WriteString(conn, c.text); err != nil {
			t.Fatal(i, err)
		}
		response, err := http.ReadResponse(r, nil)
		if err != nil || response.StatusCode != 200 {
			t.Fatalf("%d: %v, %v", i, response, err)
		}
		io.Copy(io.Discard, response.Body)
		if response.Close { // it came too soon to be seen, and has no length
			conn.Close()
			if conn, err = net.Dial("tcp", addr); err != nil {
				t.Fatal(err)
			}
			r = bufio.NewReader(conn)
		}
		if got := <-served; got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
		if i%2 == 1 {
			time.Sleep(20 * time.Millisecond) // with and without a pause between
		}
	}
	// Three that were sent at once, the middle one with a body that looks like a head.
	io.WriteString(conn, "GET /x HTTP/1.1\r\nHost: a\r\n\r\nPOST /y HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\na\nb: c\nGET /z HTTP/1.1\r\nHost: a\r\n\r\n")
	for _, want := range []string{"GET /x 0", "POST /y 7", "GET /z 0"} {
		if got := <-served; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestHeadsAreBounded(t *testing.T) {
	addr, served := serve(t, nil)
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"many fields", "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: y\r\n", wire.MaxFields) + "\r\n", 200},
		{"too many fields", "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: y\r\n", wire.MaxFields+1) + "\r\n", 431},
		{"a long field", "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("y", 60<<10) + "\r\n\r\n", 200},
		{"a field that is too long", "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("y", 69<<10) + "\r\n\r\n", 431},
		{"a path that is too long", "GET /" + strings.Repeat("y", 69<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
	} {
		status, closed := send(t, addr, c.text)
		if status != c.want || closed != (c.want != 200) {
			t.Errorf("%s: got %d, closed %v, want %d", c.name, status, closed, c.want)
		}
	}
	if n := len(served); n != 2 {
		t.Errorf("%d were served, want 2", n)
	}
}

func TestASlowHeadIsCutOff(t *testing.T) {
	addr, served := serve(t, func(s *http.Server) { s.ReadHeaderTimeout = 200 * time.Millisecond })
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	begun := time.Now()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n")
	for time.Since(begun) < 2*time.Second {
		if _, err := io.WriteString(conn, "X: y\r\n"); err != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if took := time.Since(begun); took > time.Second || len(served) > 0 {
		t.Errorf("it was cut off after %v, and %d were served", took, len(served))
	}
}

// FuzzHeads looks for a head that is served although a strict reader would not
// take it.
func FuzzHeads(f *testing.F) {
	for _, text := range []string{"Host: a\r\n", "Host: a\r\nContent-Length: 1\r\n", "Host: a\nX: y\r\n", "Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n"} {
		f.Add(text)
	}
	var addr string
	var served chan string
	f.Fuzz(func(t *testing.T, fields string) {
		if len(fields) > 1000 || strings.Contains(fields, "\n\n") || strings.Contains(fields, "\n\r\n") || strings.HasPrefix(fields, "\r\n") || strings.HasPrefix(fields, "\n") {
			return // the head ends early, and the rest is another request
		}
		addr, served = serve(t, nil)
		status, _ := send(t, addr, "GET / HTTP/1.1\r\n"+fields+"\r\n0\r\n\r\n")
		lower := strings.ToLower(fields)
		if status == 200 && (strings.Count(fields, "\n") != strings.Count(fields, "\r\n") || strings.Contains(fields, "\n ") ||
			strings.Contains(lower, "\ncontent-length:") && strings.Contains(lower, "\ntransfer-encoding:")) {
			t.Errorf("served %q", fields)
		}
		for len(served) > 0 {
			<-served
		}
	})
}
