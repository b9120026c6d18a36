// Package clientaddr tells who is at the other end of a request, and by which
// scheme and host it asked, when proxies may stand between.
//
// A forwarding header is text that anybody can send. It is believed only from a
// peer that is a trusted proxy, and only back to the first hop that is not one:
// what stands left of that hop was written by the client.
package clientaddr

import (
	"net/netip"
	"strings"
)

// Rule says which peers are proxies of ours, and in which headers they write.
type Rule struct {
	Trusted []netip.Prefix
	Headers []string // for the address, in order of preference; "forwarded" is RFC 7239

	// Host lets X-Forwarded-Host be believed, by the same rule. It is apart
	// because common proxies set the other headers and hand this one on as the
	// client wrote it.
	Host bool
}

// Request is what a transport knows of a request by itself.
type Request struct {
	Peer   netip.Addr // of the connection
	TLS    bool       // of the connection
	Host   string
	Header func(name string) []string // all values, in the order received
}

// Client is who asks, as far as trusted hops tell.
type Client struct {
	Addr  netip.Addr // without zone; never an IPv4 address in IPv6 form
	Proto string     // "http" or "https"
	Host  string

	// Forwarded reports whether a trusted proxy spoke for the client. Ignored
	// reports a forwarding header that was not believed, which is a proxy
	// missing in the settings, or somebody trying.
	Forwarded, Ignored bool
}

// The walk is bounded, so a long header costs no more than a short one.
const (
	maxHops  = 32
	maxEntry = 64
	maxHost  = 255
)

// Client applies the rule. Whatever a proxy wrote wrongly ends the walk at the
// last hop that is known.
func (r Rule) Client(q Request) Client {
	c := Client{Addr: plain(q.Peer), Proto: "http", Host: q.Host}
	if q.TLS {
		c.Proto = "https"
	}
	values, forwarded := r.values(q)
	if !r.trusts(c.Addr) {
		c.Ignored = len(values) > 0
		return c
	}
	walk := hops{values: values}
	hop := 0 // from the right, of the address taken
	for n := 0; n < maxHops; n++ {
		entry, ok := walk.next()
		if !ok {
			break
		}
		if forwarded {
			entry = element(entry, "for")
		}
		addr, ok := parseHop(entry)
		if !ok {
			break
		}
		c.Addr, c.Forwarded, hop = addr, true, n
		if !r.trusts(addr) {
			break
		}
	}
	proto, host := at(q.Header("X-Forwarded-Proto"), hop), ""
	if r.Host {
		host = at(q.Header("X-Forwarded-Host"), hop)
	}
	if forwarded {
		said := at(values, hop)
		proto, host = element(said, "proto"), element(said, "host")
	}
	c.take(proto, host)
	return c
}

// values returns those of the first header that is there.
func (r Rule) values(q Request) (values []string, forwarded bool) {
	for _, name := range r.Headers {
		if values = q.Header(name); len(values) > 0 {
			return values, strings.EqualFold(name, "forwarded")
		}
	}
	return nil, false
}

func (r Rule) trusts(addr netip.Addr) bool {
	for _, p := range r.Trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// take uses what a trusted hop says of scheme and host, if it makes sense.
func (c *Client) take(proto, host string) {
	switch strings.ToLower(proto) {
	case "http", "ws":
		c.Proto, c.Forwarded = "http", true
	case "https", "wss":
		c.Proto, c.Forwarded = "https", true
	}
	if host != "" && len(host) <= maxHost && !strings.ContainsFunc(host, notHost) {
		c.Host, c.Forwarded = host, true
	}
}

func notHost(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return false
	}
	return !strings.ContainsRune(".-_:[]", c)
}

// at returns the entry that the hop wrote: proxies append to every header, or
// replace it, so entries are counted from the right and a shorter list ends in
// the one of the outermost proxy.
func at(values []string, hop int) string {
	walk := hops{values: values}
	entry, _ := walk.next()
	for ; hop > 0; hop-- {
		more, ok := walk.next()
		if !ok {
			break
		}
		entry = more
	}
	return entry
}

// hops yields the comma-separated entries of header values from right to left.
type hops struct {
	values []string
	inside bool // rest is of a value that has entries left
	rest   string
}

func (h *hops) next() (entry string, ok bool) {
	if !h.inside {
		if len(h.values) == 0 {
			return "", false
		}
		last := len(h.values) - 1
		h.rest, h.values, h.inside = h.values[last], h.values[:last], true
	}
	comma := strings.LastIndexByte(h.rest, ',')
	entry = h.rest[comma+1:]
	h.inside = comma >= 0
	h.rest = h.rest[:max(comma, 0)]
	return strings.Trim(entry, " \t"), true
}

// element returns a parameter of an element of the Forwarded header (RFC 7239
// §4), without quotes. A comma inside of quotes is not valid in what we read of
// it, so that the entries could be split before.
func element(entry, name string) string {
	for pair := range strings.SplitSeq(entry, ";") {
		key, value, ok := strings.Cut(strings.Trim(pair, " \t"), "=")
		if ok && strings.EqualFold(key, name) {
			if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
				value = value[1 : len(value)-1]
			}
			return value
		}
	}
	return ""
}

// parseHop reads an address, with or without brackets and port. Anything else,
// "unknown" and obfuscated names included, is no address.
func parseHop(s string) (netip.Addr, bool) {
	if s == "" || len(s) > maxEntry {
		return netip.Addr{}, false
	}
	if addr, err := netip.ParseAddr(s); err == nil {
		return plain(addr), true
	}
	if addr, err := netip.ParseAddrPort(s); err == nil {
		return plain(addr.Addr()), true
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok {
			addr, err := netip.ParseAddr(inner)
			return plain(addr), err == nil && addr.Is6()
		}
	}
	return netip.Addr{}, false
}

// plain gives an address the one form it is compared in.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }
