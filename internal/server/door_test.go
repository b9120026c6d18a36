package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"moorfast/internal/config"
	"moorfast/internal/server"
)

// said is what a program has written, for those who wait for a line.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

// find waits for what a pattern's group matches.
func (s *said) find(t *testing.T, pattern string) string {
	t.Helper()
	for range 500 {
		s.mu.Lock()
		found := regexp.MustCompile(pattern).FindStringSubmatch(s.text.String())
		s.mu.Unlock()
		if found != nil {
			return found[1]
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%q was not said:\n%s", pattern, s.text.String())
	return ""
}

// run runs the whole program until the test ends.
func run(t *testing.T, dir string, env ...string) *said {
	t.Helper()
	c, err := config.Load(config.Sources{Flags: map[string]string{"data": dir, "listen": "127.0.0.1:0"}, Environ: env})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	out, ended := new(said), make(chan error, 1)
	go func() { ended <- server.Run(ctx, c, slog.New(slog.NewTextHandler(t.Output(), nil)), out) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return out
}

func TestTLSIsServedAndPlainHTTPLeadsThere(t *testing.T) {
	dir := t.TempDir()
	out := run(t, dir, "MOORFAST_TLS=local", "MOORFAST_LISTEN_HTTP=127.0.0.1:0", "_APP_DOMAIN=app.test")
	api := out.find(t, `API: +(https://\S+)/v1 `)
	plain := out.find(t, `redirect: (http://\S+)`)
	root := out.find(t, `have to trust (\S+):`)
	if root != filepath.Join(dir, "tls", "local", "root.pem") {
		t.Errorf("the authority is in %s", root)
	}
	pem, err := os.ReadFile(root)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	do := func(method, url string, headers ...string) *http.Response {
		t.Helper()
		r, err := http.NewRequest(method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(headers); i += 2 {
			if headers[i] == "Host" {
				r.Host = headers[i+1]
			}
			r.Header.Set(headers[i], headers[i+1])
		}
		response, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		io.Copy(io.Discard, response.Body)
		return response
	}
	if r := do("GET", api+"/v1/health/version"); r.StatusCode != 200 || r.Header.Get("Strict-Transport-Security") != "max-age=10886400" || r.ProtoMajor != 2 {
		t.Errorf("%d by %s, with %q", r.StatusCode, r.Proto, r.Header.Get("Strict-Transport-Security"))
	}
	secure := strings.TrimPrefix(api, "https://127.0.0.1")
	for _, c := range []struct {
		method, host string
		status       int
		location     string
	}{
		{"GET", "", 301, api + "/v1/health?a=b"},
		{"HEAD", "", 301, api + "/v1/health?a=b"},
		{"GET", "app.test", 301, "https://app.test/v1/health?a=b"},
		{"GET", "app.test:80", 301, "https://app.test" + secure + "/v1/health?a=b"},
		{"GET", "localhost", 301, "https://localhost/v1/health?a=b"}, // nothing is served here, to nobody
		{"POST", "", 500, ""},
		{"DELETE", "localhost", 500, ""},
	} {
		r := do(c.method, plain+"/v1/health?a=b", "Host", c.host, "X-Forwarded-Proto", "https")
		if r.StatusCode != c.status || r.Header.Get("Location") != c.location || r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s by plain HTTP to %q: %d to %q, want %d to %q", c.method, c.host, r.StatusCode, r.Header.Get("Location"), c.status, c.location)
		}
	}
	if r, err := http.Get(strings.Replace(api, "https", "http", 1)); err == nil {
		r.Body.Close()
		if r.StatusCode != http.StatusBadRequest {
			t.Errorf("plain HTTP at the port of TLS: %d", r.StatusCode)
		}
	}
}

// N-10: the whole program, by a raw connection.
func TestTheProgramRefusesWhatIsReadInTwoWays(t *testing.T) {
	api := run(t, t.TempDir()).find(t, `API: +http://(\S+)/v1 `)
	for text, want := range map[string]string{
		"GET /v1/health/version HTTP/1.1\r\nHost: a\r\n\r\n":                                                             "HTTP/1.1 200 ",
		"GET /v1/health/version HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n": "HTTP/1.1 400 ",
		"GET /v1/health/version HTTP/1.1\r\nHost: a\nX: y\r\n\r\n":                                                       "HTTP/1.1 400 ",
		"GET /v1/health/version HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: y\r\n", 200) + "\r\n":                      "HTTP/1.1 431 ",
		"GET /v1/health/version HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("y", 80<<10) + "\r\n\r\n":                   "HTTP/1.1 431 ",
		"GET /v1/health/version?" + strings.Repeat("a=b&", 2000) + " HTTP/1.1\r\nHost: a\r\n\r\n":                        "HTTP/1.1 400 ",
		"POST /v1/account HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n":  "HTTP/1.1 413 ",
	} {
		conn, err := net.Dial("tcp", api)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		io.WriteString(conn, text)
		answer := make([]byte, len(want))
		io.ReadFull(conn, answer)
		if string(answer) != want {
			t.Errorf("%.80q: got %q, want %q", text, answer, want)
		}
		conn.Close()
	}
}

func TestACertificateThatCanNotBeUsedStopsTheStart(t *testing.T) {
	dir := t.TempDir()
	c, err := config.Load(config.Sources{Flags: map[string]string{"data": dir, "listen": "127.0.0.1:0"}, Environ: []string{
		"MOORFAST_TLS=file", "MOORFAST_TLS_CERT=" + dir + "/none", "MOORFAST_TLS_KEY=" + dir + "/none",
	}})
	if err != nil {
		t.Fatal(err)
	}
	err = server.Run(context.Background(), c, slog.New(slog.DiscardHandler), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "MOORFAST_TLS=file: ") {
		t.Errorf("got %v", err)
	}
}
