package fetch

import (
	"net/netip"
)

// refused4 are the networks of IPv4 that are not the public internet, from the
// IANA special-purpose address registry and what went before it.
var refused4 = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // carrier-grade NAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, and the metadata of most clouds
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments, NAT64 discovery, the metadata of some clouds
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // relays of 6to4
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, and broadcast
)

// global6 is all of IPv6 that was ever handed out. What lies outside is refused
// without a list: loopback, mapped and compatible IPv4, NAT64 (64:ff9b::/96 and
// 64:ff9b:1::/48), discard, unique local, link-local, site-local, multicast.
var global6 = netip.MustParsePrefix("2000::/3")

// refused6 are the networks within that are not the public internet, or that
// carry an IPv4 address to somebody who unpacks it.
var refused6 = prefixes(
	"2001::/23",     // protocol assignments: Teredo, ORCHID, benchmarks, anycast
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4
	"3ffe::/16",     // the former 6bone
	"3fff::/20",     // documentation
)

// metadata are the addresses at which clouds tell a machine its secrets. An
// exception for a network does not open them; one for the single address does.
var metadata = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"),
	netip.MustParseAddr("169.254.170.2"),   // credentials of containers
	netip.MustParseAddr("169.254.169.123"), // time, and a neighbour of the first
	netip.MustParseAddr("100.100.100.200"),
	netip.MustParseAddr("192.0.0.192"),
	netip.MustParseAddr("168.63.129.16"), // a public address that answers only from inside
	netip.MustParseAddr("fd00:ec2::254"),
	netip.MustParseAddr("fd20:ce::254"),
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, s := range texts {
		list[i] = netip.MustParsePrefix(s)
	}
	return list
}

// Public reports whether an address is global unicast on the public internet.
// IPv4 in the form of IPv6 is not: whoever has such an address unmaps it first.
func Public(a netip.Addr) bool {
	switch {
	case !a.IsValid() || a.Zone() != "" || is(metadata, a):
		return false
	case a.Is4():
		return !within(refused4, a)
	}
	return global6.Contains(a) && !within(refused6, a)
}

// allowed reports whether the operator made an exception for an address.
func (c *Client) allowed(a netip.Addr) bool {
	for _, p := range c.allow {
		if p.Contains(a) && (p.IsSingleIP() || !is(metadata, a)) {
			return true
		}
	}
	return false
}

// may reports whether an address may be dialled.
func (c *Client) may(a netip.Addr) bool {
	return a.IsValid() && a.Zone() == "" && (Public(a) || c.allowed(a))
}

func within(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func is(list []netip.Addr, a netip.Addr) bool {
	for _, m := range list {
		if m == a {
			return true
		}
	}
	return false
}
