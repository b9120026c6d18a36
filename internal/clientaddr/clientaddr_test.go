package clientaddr_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"moorfast/internal/clientaddr"
)

// The spoof matrix (N-1). 203.0.113.* are clients, 10.* and ::1 our proxies,
// and 6.6.6.6 is what somebody would like us to believe.
func TestClient(t *testing.T) {
	long := strings.Repeat("6.6.6.6, ", 1000)
	for _, c := range []struct {
		name, peer string
		xff        []string
		want       string
	}{
		{"no proxy", "203.0.113.9", nil, "203.0.113.9"},
		{"no proxy, and a header of the client", "203.0.113.9", []string{"6.6.6.6"}, "203.0.113.9"},
		{"no proxy, and a header that names a proxy", "203.0.113.9", []string{"10.0.0.1"}, "203.0.113.9"},
		{"no proxy, and a long header", "203.0.113.9", []string{long}, "203.0.113.9"},
		{"no proxy, and many headers", "203.0.113.9", []string{"6.6.6.6", "10.0.0.1", "6.6.6.6"}, "203.0.113.9"},
		{"one proxy", "10.0.0.1", []string{"203.0.113.9"}, "203.0.113.9"},
		{"one proxy that says nothing", "10.0.0.1", nil, "10.0.0.1"},
		{"one proxy, and the client wrote first", "10.0.0.1", []string{"6.6.6.6, 203.0.113.9"}, "203.0.113.9"},
		{"the client wrote a proxy's address first", "10.0.0.1", []string{"10.0.0.7, 203.0.113.9"}, "203.0.113.9"},
		{"the client wrote in a header of its own", "10.0.0.1", []string{"6.6.6.6", "203.0.113.9"}, "203.0.113.9"},
		{"the client wrote much", "10.0.0.1", []string{long + "203.0.113.9"}, "203.0.113.9"},
		{"the client wrote rubbish first", "10.0.0.1", []string{"'; --, 203.0.113.9"}, "203.0.113.9"},
		{"two proxies", "10.0.0.1", []string{"203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"two proxies, and the client wrote first", "10.0.0.1", []string{"6.6.6.6, 203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"three proxies in three headers", "::1", []string{"6.6.6.6,203.0.113.9", "10.0.0.3", "10.0.0.2"}, "203.0.113.9"},
		{"a proxy that is not ours between", "10.0.0.1", []string{"6.6.6.6, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"only proxies", "10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"a malformed entry ends the walk", "10.0.0.1", []string{"6.6.6.6, oops, 10.0.0.2"}, "10.0.0.2"},
		{"a malformed last entry", "10.0.0.1", []string{"203.0.113.9, unknown"}, "10.0.0.1"},
		{"an empty last entry", "10.0.0.1", []string{"203.0.113.9,"}, "10.0.0.1"},
		{"an empty header", "10.0.0.1", []string{""}, "10.0.0.1"},
		{"an empty header after one that is not", "10.0.0.1", []string{"6.6.6.6", ""}, "10.0.0.1"},
		{"an obfuscated hop", "10.0.0.1", []string{"6.6.6.6, _hidden"}, "10.0.0.1"},
		{"a hop too long", "10.0.0.1", []string{"6.6.6.6, " + strings.Repeat("1", 65)}, "10.0.0.1"},
		{"a name", "10.0.0.1", []string{"localhost"}, "10.0.0.1"},
		{"a number", "10.0.0.1", []string{"101058054"}, "10.0.0.1"},
		{"octal", "10.0.0.1", []string{"0313.0.0161.011"}, "10.0.0.1"},
		{"endless proxies", "10.0.0.1", []string{"6.6.6.6, " + strings.Repeat("10.0.0.2, ", 1000) + "10.0.0.3"}, "10.0.0.2"},
		{"a port", "10.0.0.1", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		{"IPv6", "10.0.0.1", []string{"2001:db8::9"}, "2001:db8::9"},
		{"IPv6 in brackets", "10.0.0.1", []string{"[2001:db8::9]"}, "2001:db8::9"},
		{"IPv6 with a port", "10.0.0.1", []string{"[2001:db8::9]:443"}, "2001:db8::9"},
		{"IPv6 with a zone", "10.0.0.1", []string{"fe80::9%eth0"}, "fe80::9"},
		{"IPv4 in brackets", "10.0.0.1", []string{"[203.0.113.9]"}, "10.0.0.1"},
		{"IPv4 in IPv6", "10.0.0.1", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"a proxy as IPv4 in IPv6", "::ffff:10.0.0.1", []string{"203.0.113.9, ::ffff:10.0.0.2"}, "203.0.113.9"},
		{"a proxy with a zone", "fd00::1%eth0", []string{"203.0.113.9"}, "203.0.113.9"},
		{"spaces and tabs", "10.0.0.1", []string{" 6.6.6.6 ,\t203.0.113.9 "}, "203.0.113.9"},
		{"quotes", "10.0.0.1", []string{`"203.0.113.9"`}, "10.0.0.1"},
		{"a NUL", "10.0.0.1", []string{"203.0.113.9\x00"}, "10.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := rule(t).Client(request(c.peer, http.Header{"X-Forwarded-For": c.xff}))
			if got.Addr != netip.MustParseAddr(c.want) {
				t.Errorf("peer %s, header %.80q: got %v, want %s", c.peer, c.xff, got.Addr, c.want)
			}
		})
	}
}

func TestProtoAndHost(t *testing.T) {
	for _, c := range []struct {
		name, peer string
		header     http.Header
		want       string
	}{
		{"no proxy", "203.0.113.9", headers("X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example"), "http://api.example"},
		{"a proxy that replaces", "10.0.0.1", headers("X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "shop.example:8443"), "https://shop.example:8443"},
		{"a proxy that appends", "10.0.0.1", headers("X-Forwarded-For", "6.6.6.6, 203.0.113.9", "X-Forwarded-Proto", "https, http"), "http://api.example"},
		{"two proxies that append", "10.0.0.1", headers("X-Forwarded-For", "6.6.6.6, 203.0.113.9, 10.0.0.2", "X-Forwarded-Proto", "http, https, http"), "https://api.example"},
		{"two proxies, of which one replaces", "10.0.0.1", headers("X-Forwarded-For", "203.0.113.9, 10.0.0.2", "X-Forwarded-Proto", "https"), "https://api.example"},
		{"a proxy without an address", "10.0.0.1", headers("X-Forwarded-Proto", "https"), "https://api.example"},
		{"websocket", "10.0.0.1", headers("X-Forwarded-Proto", "WSS"), "https://api.example"},
		{"an unknown scheme", "10.0.0.1", headers("X-Forwarded-Proto", "gopher"), "http://api.example"},
		{"a host that is none", "10.0.0.1", headers("X-Forwarded-Host", "evil.example/path?"), "http://api.example"},
		{"a host too long", "10.0.0.1", headers("X-Forwarded-Host", strings.Repeat("a", 300)), "http://api.example"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := rule(t).Client(request(c.peer, c.header))
			if got.Proto+"://"+got.Host != c.want {
				t.Errorf("got %s://%s, want %s", got.Proto, got.Host, c.want)
			}
		})
	}
}

func TestTheHostIsBelievedWhereAsked(t *testing.T) {
	r := rule(t)
	r.Host = false
	got := r.Client(request("10.0.0.1", headers("X-Forwarded-For", "203.0.113.9", "X-Forwarded-Host", "evil.example")))
	if got.Host != "api.example" {
		t.Errorf("host %q", got.Host)
	}
}

func TestForwardedHeader(t *testing.T) {
	r := rule(t)
	r.Headers = []string{"forwarded", "x-forwarded-for"}
	got := r.Client(request("10.0.0.1", http.Header{
		"Forwarded":       {`for=6.6.6.6;proto=http, For="[2001:db8::9]:4711";Proto=https;host="shop.example", for=10.0.0.2`},
		"X-Forwarded-For": {"6.6.6.6"},
	}))
	want := clientaddr.Client{Addr: netip.MustParseAddr("2001:db8::9"), Proto: "https", Host: "shop.example", Forwarded: true}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestIgnoredHeadersAreReported(t *testing.T) {
	if got := rule(t).Client(request("203.0.113.9", headers("X-Forwarded-For", "6.6.6.6"))); !got.Ignored || got.Forwarded {
		t.Errorf("got %+v", got)
	}
	if got := rule(t).Client(request("10.0.0.1", headers("X-Forwarded-For", "6.6.6.6"))); got.Ignored || !got.Forwarded {
		t.Errorf("got %+v", got)
	}
}

func TestNetworks(t *testing.T) {
	for entry, want := range map[string]string{
		"10.1.2.3": "[10.1.2.3/32]", " 10.0.0.0/8 ": "[10.0.0.0/8]", "10.1.2.3/8": "[10.0.0.0/8]",
		"2001:db8::/32": "[2001:db8::/32]", "2001:0DB8::1": "[2001:db8::1/128]",
		"::ffff:10.1.2.3": "[10.1.2.3/32]", "::ffff:10.0.0.0/104": "[10.0.0.0/8]",
		"loopback": "[127.0.0.0/8 ::1/128]", "Private": "[10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7]",
		"10.0.0.0/33": "", "10.0.0": "", "": "", "*": "", "::ffff:0:0/90": "", "fe80::1%eth0": "", "10.0.0.1:80": "",
		"10.0.0.0/08": "", "0x0a.0.0.1": "", "example.com": "",
	} {
		got, err := clientaddr.Networks(entry)
		if want == "" && err == nil || want != "" && (err != nil || fmt.Sprint(got) != want) {
			t.Errorf("%q: got %v, %v; want %s", entry, got, err, want)
		}
	}
	if got, err := clientaddr.Trusted("none"); got != nil || err != nil {
		t.Errorf("none: %v, %v", got, err)
	}
	if _, err := clientaddr.Trusted("10.0.0.0/8, , oops"); err == nil || !strings.Contains(err.Error(), "oops") {
		t.Errorf("got %v, want both entries named", err)
	}
}

// A peer that is no proxy is the client, whatever it sends. And an address from
// a header has only proxies right of it.
func FuzzClient(f *testing.F) {
	f.Add("203.0.113.9", "6.6.6.6", "10.0.0.1")
	f.Add("10.0.0.1", "6.6.6.6, 203.0.113.9", "10.0.0.2")
	f.Add("::1", "[::1]:80,,", `"`)
	f.Fuzz(func(t *testing.T, peer, first, second string) {
		addr, err := netip.ParseAddr(peer)
		if err != nil {
			return
		}
		r := rule(t)
		q := request(peer, headers("X-Forwarded-For", first, "X-Forwarded-For", second, "X-Forwarded-Host", first, "X-Forwarded-Proto", second))
		got := r.Client(q)
		if got.Addr.Zone() != "" || got.Addr.Is4In6() {
			t.Errorf("%v is not in plain form", got.Addr)
		}
		addr = addr.Unmap().WithZone("")
		trusted := func(a netip.Addr) bool { return contains(r.Trusted, a) }
		if !trusted(addr) {
			if got.Addr != addr || got.Host != "api.example" || got.Proto != "http" || got.Forwarded {
				t.Errorf("an untrusted peer is believed: %+v", got)
			}
			return
		}
		if got.Addr == addr {
			return
		}
		entries := strings.Split(first+","+second, ",")
		for i := len(entries) - 1; i >= 0; i-- {
			hop := rule(t).Client(request("10.0.0.1", headers("X-Forwarded-For", entries[i]))).Addr
			if hop == got.Addr {
				return
			}
			if !trusted(hop) {
				break
			}
		}
		t.Errorf("%v is not the first untrusted hop of %q", got.Addr, entries)
	})
}

func BenchmarkClient(b *testing.B) {
	r := rule(b)
	q := request("10.0.0.1", headers("X-Forwarded-For", "6.6.6.6, 203.0.113.9, 10.0.0.2", "X-Forwarded-Proto", "https"))
	b.ReportAllocs()
	for b.Loop() {
		r.Client(q)
	}
}

func rule(t testing.TB) clientaddr.Rule {
	t.Helper()
	trusted, err := clientaddr.Trusted("10.0.0.0/8, ::1, fd00::/8")
	if err != nil {
		t.Fatal(err)
	}
	return clientaddr.Rule{Trusted: trusted, Headers: []string{"x-forwarded-for"}, Host: true}
}

func request(peer string, header http.Header) clientaddr.Request {
	return clientaddr.Request{Peer: netip.MustParseAddr(peer), Host: "api.example", Header: header.Values}
}

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func contains(list []netip.Prefix, addr netip.Addr) bool {
	for _, p := range list {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
