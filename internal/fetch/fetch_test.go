package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// server is a local server, and how often somebody connected to it.
type server struct {
	*httptest.Server
	port  int
	conns atomic.Int32
}

func serve(t *testing.T, tls bool, handler http.HandlerFunc) *server {
	t.Helper()
	s := &server{Server: httptest.NewUnstartedServer(handler)}
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.conns.Add(1)
		}
	}
	if s.Start(); tls {
		s.Close()
		s.Server = httptest.NewTLSServer(handler)
	}
	t.Cleanup(s.Close)
	u, _ := url.Parse(s.URL)
	s.port, _ = strconv.Atoi(u.Port())
	return s
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func (s *server) use() Use { return Use{Ports: []int{s.port}, Timeout: 5 * time.Second} }

func names(m map[string]string) func(context.Context, string) ([]netip.Addr, error) {
	return func(_ context.Context, host string) ([]netip.Addr, error) {
		if a, ok := m[host]; ok {
			return []netip.Addr{netip.MustParseAddr(a)}, nil
		}
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
}

func TestGet(t *testing.T) {
	s := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, r.Header.Get("Accept"), " ", r.Host)
	})
	use := s.use()
	use.Accept = "image/*"
	c := New(Options{Allow: loopback, Resolve: names(map[string]string{"pictures.example.org": "127.0.0.1"})})
	r, err := c.Get(t.Context(), fmt.Sprintf("http://Pictures.example.org.:%d/a?b#c", s.port), use)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("image/* pictures.example.org:%d", s.port); r.Status != 418 || string(r.Body) != want || r.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("got %d %q, want 418 %q", r.Status, r.Body, want)
	}
	if want := fmt.Sprintf("http://pictures.example.org:%d/a?b", s.port); r.URL != want {
		t.Errorf("it came from %s, want %s", r.URL, want)
	}
}

// No spelling of a local address reaches a local listener.
func TestSpellingsOfLocalAddresses(t *testing.T) {
	s := serve(t, false, func(http.ResponseWriter, *http.Request) {})
	// A resolver as careless as the worst of systems: it reads every number, and
	// every other name leads home.
	c := New(Options{Resolve: func(_ context.Context, host string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}})
	hosts := []string{
		"127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "127.000.000.001", "0127.0.0.1", "0177.0.0.1", "0177.0.0.01", "017700000001",
		"0x7f.0.0.1", "0x7f.1", "0x7f000001", "0x7F000001", "0X7f000001", "0x7f.0x0.0x0.0x1", "2130706433", "2130706433.", "127.0.0.0x1",
		"0", "0.0.0.0", "0x0", "00", "0x", "127.255.255.255", "425.510.425.510", "4294967295", "localhost", "LOCALHOST", "localhost.",
		"localhost..", "foo.localhost", "localhost.localdomain", "ip6-localhost", "local", "127.0.0.1.example.org",
		"[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:0001]", "[0:0:0:0:0:ffff:127.0.0.1]",
		"[::127.0.0.1]", "[::7f00:1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:7f00:1::1]",
		"[2001:0:7f00:1::]", "[fe80::1]", "[fe80::1%25lo]", "[::1%25lo]", "[fec0::1]", "[fd00::1]", "[::ffff:0:127.0.0.1]", "[100::1]",
		"10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376",
		"metadata", "metadata.google.internal", "METADATA.google.internal.", "instance-data",
		"127。0。0。1", "127．0．0．1", "①②⑦.⓪.⓪.①", "１２７.0.0.1", "loc\u00adalhost", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "localhost\u3002", "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
		"user@127.0.0.1", "user:secret@localhost", "example.org@127.0.0.1", "127.0.0.1\\@example.org", "example.org\\@127.0.0.1",
		"example.org%40127.0.0.1", "127.0.0.1%2eexample.org", "%31%32%37.0.0.1", "127.0.0.1%00.example.org", "", "[", "[]", "[::1", "::1", "a b", "a..b", "-", "*",
	}
	if len(hosts) < 60 {
		t.Fatalf("there are %d spellings", len(hosts))
	}
	for _, host := range hosts {
		for _, address := range []string{
			fmt.Sprintf("http://%s:%d/", host, s.port), fmt.Sprintf("HTTP://%s:%d", host, s.port),
			fmt.Sprintf("http:///%s:%d/", host, s.port), fmt.Sprintf("//%s:%d/", host, s.port),
		} {
			r, err := c.Get(t.Context(), address, s.use())
			if !errors.Is(err, ErrRefused) {
				t.Errorf("%q: got %v and the error %v", address, r, err)
			}
		}
	}
	for _, address := range []string{
		fmt.Sprintf("ftp://127.0.0.1:%d/", s.port), "file:///etc/passwd", "gopher://127.0.0.1/", "data:text/plain,x", "javascript:1", "unix:///x", "http:127.0.0.1",
		fmt.Sprintf("http://example.org\t:%d/", s.port), fmt.Sprintf("http://example.org:%d\r\nHost: a/", s.port),
		"http://example.org:22/", "http://example.org:0/", "http://example.org:65616/", "http://example.org:+80/", "http://example.org:８０/",
		"http://example.org/" + strings.Repeat("a", maxURL),
	} {
		if _, err := c.Get(t.Context(), address, s.use()); !errors.Is(err, ErrRefused) {
			t.Errorf("%.60q: the error %v", address, err)
		}
	}
	if n := s.conns.Load(); n != 0 {
		t.Errorf("there were %d connections", n)
	}
}

// A name that is public when it is looked at and local when it is dialled gets
// nowhere: it is resolved once, and the address that passed is the one dialled.
func TestRebinding(t *testing.T) {
	s := serve(t, false, func(http.ResponseWriter, *http.Request) {})
	var asked int
	var dialled []string
	c := New(Options{Resolve: func(context.Context, string) ([]netip.Addr, error) {
		asked++
		if asked == 1 {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::ffff:93.184.216.34")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}})
	c.dial = func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		return nil, errors.New("there is no network")
	}
	address := fmt.Sprintf("http://rebind.example.org:%d/", s.port)
	if _, err := c.Get(t.Context(), address, s.use()); err == nil {
		t.Error("the first fetch has no error")
	}
	if want := []string{fmt.Sprintf("93.184.216.34:%d", s.port)}; !slices.Equal(dialled, want) || asked != 1 {
		t.Errorf("asked %d times and dialled %v, want once and %v", asked, dialled, want)
	}
	if _, err := c.Get(t.Context(), address, s.use()); !errors.Is(err, ErrRefused) || len(dialled) != 1 {
		t.Errorf("the second fetch: %v, dialled %v", err, dialled)
	}
	if n := s.conns.Load(); n != 0 {
		t.Errorf("there were %d connections", n)
	}
}

// Even if the first check were passed, the one before the connection is not.
func TestTheAddressDialledIsChecked(t *testing.T) {
	s := serve(t, false, func(http.ResponseWriter, *http.Request) {})
	for _, network := range []string{"tcp", "tcp4"} {
		if _, err := New(Options{}).connect(t.Context(), network, s.Listener.Addr().String()); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", network, err)
		}
	}
	if n := s.conns.Load(); n != 0 {
		t.Errorf("there were %d connections", n)
	}
}

func TestDialRefusesWhatIsNotTCP(t *testing.T) {
	c := New(Options{Allow: loopback})
	for _, d := range [][2]string{{"udp", "127.0.0.1:53"}, {"unix", "/run/x"}, {"tcp", "127.0.0.1"}, {"tcp", "metadata:80"}, {"tcp", "10.0.0.1:25"}} {
		if _, err := c.Dial(t.Context(), d[0], d[1]); !errors.Is(err, ErrRefused) {
			t.Errorf("%v: %v", d, err)
		}
	}
}

// For what another program fetches, one local address among several is too many.
func TestCheck(t *testing.T) {
	c := New(Options{Resolve: func(_ context.Context, host string) ([]netip.Addr, error) {
		list := []netip.Addr{netip.MustParseAddr("93.184.216.34"), netip.MustParseAddr("10.0.0.1")}
		return list[:map[string]int{"one.example.org": 1, "two.example.org": 2}[host]], nil
	}})
	for address, want := range map[string]error{
		"https://one.example.org/": nil, "https://two.example.org/": ErrRefused, "https://one.example.org:22/": ErrRefused,
		"http://127.0.0.1/": ErrRefused, "file:///etc/passwd": ErrRefused,
	} {
		if err := c.Check(t.Context(), address, Use{}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
	}
}

// Each hop of a chain is held to the rules of the first.
func TestRedirects(t *testing.T) {
	inner := serve(t, false, func(http.ResponseWriter, *http.Request) {})
	plain := serve(t, false, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "plain") })
	s := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		to := r.URL.Query().Get("to")
		if n, err := strconv.Atoi(r.URL.Query().Get("hops")); err == nil && n > 0 {
			to = fmt.Sprintf("/?hops=%d", n-1)
		}
		if to != "" {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
			return
		}
		fmt.Fprint(w, "here")
	})
	secure := serve(t, true, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", s.URL)
		w.WriteHeader(http.StatusMovedPermanently)
	})
	c := New(Options{
		Allow:   []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		Resolve: names(map[string]string{"a.example.org": "127.0.0.1", "inner.example.org": "127.0.0.2"}),
	})
	base := fmt.Sprintf("http://a.example.org:%d/", s.port)
	to := func(u string) string { return base + "?to=" + url.QueryEscape(u) }
	for _, tt := range []struct {
		name, address string
		redirects     int
		want          error
		body          string
	}{
		{"none", base, 0, nil, "here"},
		{"one, where none is followed", base + "?hops=1", 0, nil, ""},
		{"one", base + "?hops=1", 1, nil, "here"},
		{"three", base + "?hops=3", 3, nil, "here"},
		{"four", base + "?hops=4", 3, ErrRedirects, ""},
		{"four, where more were asked for than there are", base + "?hops=4", 10, ErrRedirects, ""},
		{"to another server", to(plain.URL), 1, nil, "plain"},
		{"to a local name", to(fmt.Sprintf("http://inner.example.org:%d/", inner.port)), 1, ErrRefused, ""},
		{"to a local address", to(fmt.Sprintf("http://127.0.0.2:%d/", inner.port)), 1, ErrRefused, ""},
		{"to another spelling", to(fmt.Sprintf("http://2130706433:%d/", inner.port)), 1, ErrRefused, ""},
		{"to another port", to("http://a.example.org:22/"), 1, ErrRefused, ""},
		{"to another scheme", to("file:///etc/passwd"), 1, ErrRefused, ""},
		{"with credentials", to(fmt.Sprintf("http://a:b@a.example.org:%d/", s.port)), 1, ErrRefused, ""},
		{"out of TLS", secure.URL, 1, ErrRefused, ""},
	} {
		use := Use{Ports: []int{s.port, inner.port, plain.port, secure.port}, Redirects: tt.redirects, AnyCertificate: true}
		r, err := c.Get(t.Context(), tt.address, use)
		if !errors.Is(err, tt.want) || err == nil && string(r.Body) != tt.body {
			t.Errorf("%s: got %v and %v, want %q and %v", tt.name, r, err, tt.body, tt.want)
		}
	}
	if n := inner.conns.Load(); n != 0 {
		t.Errorf("there were %d connections to the inner server", n)
	}
}

func TestCredentialsStayAtTheirOrigin(t *testing.T) {
	var got http.Header
	other := serve(t, false, func(_ http.ResponseWriter, r *http.Request) { got = r.Header })
	s := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/same":
			w.Header().Set("Location", "/end")
		case "/end":
			got = r.Header
			return
		default:
			w.Header().Set("Location", other.URL)
		}
		w.Header().Set("Set-Cookie", "a=b")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	c := New(Options{Allow: loopback})
	use := Use{Ports: []int{s.port, other.port}, Redirects: 1}
	header := map[string]string{"Authorization": "Bearer x", "Cookie": "c=d", "X-Signature": "e"}
	if _, err := c.Do(t.Context(), Request{Method: "GET", URL: s.URL + "/same", Header: header}, use); err != nil {
		t.Fatal(err)
	}
	if got.Get("Authorization") == "" || got.Get("X-Signature") == "" || got.Get("Cookie") != "c=d" {
		t.Errorf("to the same origin went %v", got)
	}
	if _, err := c.Do(t.Context(), Request{Method: "GET", URL: s.URL + "/other", Header: header}, use); err != nil {
		t.Fatal(err)
	}
	if got.Get("Authorization") != "" || got.Get("X-Signature") != "" || got.Get("Cookie") != "" {
		t.Errorf("to another origin went %v", got)
	}
	if _, err := c.Do(t.Context(), Request{Method: "POST", URL: s.URL + "/other", Body: []byte("x")}, use); !errors.Is(err, ErrRefused) {
		t.Errorf("a body to another origin: %v", err)
	}
	for _, name := range []string{"Host", "content-length", "Transfer-Encoding"} {
		if _, err := c.Do(t.Context(), Request{Method: "GET", URL: s.URL, Header: map[string]string{name: "x"}}, use); !errors.Is(err, ErrRefused) {
			t.Errorf("header %s: %v", name, err)
		}
	}
}

func TestBodiesAreSent(t *testing.T) {
	s := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		b := new(bytes.Buffer)
		b.ReadFrom(r.Body)
		fmt.Fprint(w, r.Method, " ", b, " ", r.Header.Get("Content-Type"))
	})
	r, err := New(Options{Allow: loopback}).Do(t.Context(), Request{
		Method: "POST", URL: s.URL, Header: map[string]string{"Content-Type": "application/json"}, Body: []byte("{}"),
	}, s.use())
	if err != nil || string(r.Body) != "POST {} application/json" {
		t.Errorf("got %v, %v", r, err)
	}
}

func packed(n int) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(make([]byte, n))
	w.Close()
	return b.Bytes()
}

func TestSizes(t *testing.T) {
	for _, tt := range []struct {
		name, coding string
		body         []byte
		flush        bool // so that the length is not known
		want         error
		size         int
	}{
		{"at the limit", "", make([]byte, 1000), false, nil, 1000},
		{"over the limit", "", make([]byte, 1001), false, ErrTooLarge, 0},
		{"over the limit, of unknown length", "", make([]byte, 1001), true, ErrTooLarge, 0},
		{"packed", "gzip", packed(1000), false, nil, 1000},
		{"packed, over the limit", "gzip", packed(1001), false, ErrTooLarge, 0},
		{"a bomb", "gzip", packed(900_000), true, ErrTooLarge, 0},
		{"many packed nothings", "gzip", bytes.Repeat(packed(0), 100), true, ErrTooLarge, 0},
		{"cut", "gzip", packed(1000)[:15], true, ErrUnreachable, 0},
		{"not packed", "gzip", []byte("hello, hello"), false, ErrUnreachable, 0},
		{"packed otherwise", "br", []byte("x"), false, ErrUnreachable, 0},
	} {
		s := serve(t, false, func(w http.ResponseWriter, _ *http.Request) {
			if tt.coding != "" {
				w.Header().Set("Content-Encoding", tt.coding)
			}
			if tt.flush {
				w.(http.Flusher).Flush()
			}
			w.Write(tt.body)
		})
		use := s.use()
		use.MaxBytes = 1000
		r, err := New(Options{Allow: loopback}).Get(t.Context(), s.URL, use)
		if !errors.Is(err, tt.want) || err == nil && len(r.Body) != tt.size {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
	s := serve(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("a", maxHeader+1))
	})
	if _, err := New(Options{Allow: loopback}).Get(t.Context(), s.URL, s.use()); !errors.Is(err, ErrUnreachable) {
		t.Errorf("long headers: %v", err)
	}
}

func TestTime(t *testing.T) {
	done := make(chan struct{})
	defer close(done)
	wait := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/drip" {
			for range 1000 {
				fmt.Fprint(w, "a")
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
		}
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}
	s := serve(t, false, wait)
	use := s.use()
	use.Timeout = 100 * time.Millisecond
	c := New(Options{Allow: loopback, Most: 1})
	for _, path := range []string{"/silent", "/drip"} {
		if _, err := c.Get(t.Context(), s.URL+path, use); !errors.Is(err, ErrTimeout) {
			t.Errorf("%s: %v", path, err)
		}
	}
	// One that waits for its turn is not waited for longer.
	go c.Get(t.Context(), s.URL, s.use())
	for len(c.turns) == 0 {
		time.Sleep(time.Millisecond)
	}
	if _, err := c.Get(t.Context(), s.URL, use); !errors.Is(err, ErrTimeout) {
		t.Errorf("waiting: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(Options{Allow: loopback}).Get(ctx, s.URL, use); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Whoever sets a proxy in the environment does not see what we fetch.
func TestNoProxy(t *testing.T) {
	proxy := serve(t, false, func(http.ResponseWriter, *http.Request) {})
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	c := New(Options{Resolve: names(nil)})
	if _, err := c.Get(t.Context(), "http://example.org/", Use{}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	if n := proxy.conns.Load(); n != 0 {
		t.Errorf("there were %d connections to the proxy", n)
	}
}

func TestCertificates(t *testing.T) {
	s := serve(t, true, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	c := New(Options{Allow: loopback})
	if _, err := c.Get(t.Context(), s.URL, s.use()); !errors.Is(err, ErrUnreachable) {
		t.Errorf("an unknown certificate: %v", err)
	}
	use := s.use()
	use.AnyCertificate = true
	if r, err := c.Get(t.Context(), s.URL, use); err != nil || string(r.Body) != "ok" {
		t.Errorf("any certificate: %v, %v", r, err)
	}
}

// Whatever is parsed has one host, which a second look reads in the same way.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"http://example.org/a", "https://[2606:4700::1]:443/?q#f", "http://127.1", "http://①.example.org", "http://a@b", "HTTP://A.B.:80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := parse(s, Use{Ports: []int{80, 443}})
		if err != nil {
			if !errors.Is(err, ErrRefused) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		b, err := parse(a.url.String(), Use{Ports: []int{80, 443}})
		if err != nil || a.host != b.host || a.port != b.port || a.origin() != b.origin() {
			t.Errorf("%q is %v, and that is %v (%v)", s, a, b, err)
		}
		u, err := url.Parse(a.url.String())
		if err != nil || u.User != nil || u.Hostname() != a.host {
			t.Errorf("%q: the host is %q, and others read %v", s, a.host, u)
		}
	})
}

func TestAnAddressOfTheOperatorsMayBeAnywhere(t *testing.T) {
	s := serve(t, false, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	if _, err := Anywhere(1).Get(t.Context(), s.URL, Use{}); !errors.Is(err, ErrRefused) {
		t.Errorf("at a port that was not asked for: %v", err)
	}
	if r, err := Anywhere(1).Get(t.Context(), s.URL, Use{AnyPort: true}); err != nil || r.Status != http.StatusNoContent {
		t.Errorf("at any port: %v", err)
	}
	if _, err := New(Options{}).Get(t.Context(), s.URL, Use{AnyPort: true}); !errors.Is(err, ErrRefused) {
		t.Errorf("at an address of somebody else's: %v", err)
	}
}
