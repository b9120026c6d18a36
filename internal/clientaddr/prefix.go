package clientaddr

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// The networks that have a word.
var words = map[string][]netip.Prefix{
	"loopback": {netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	"private": {
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fc00::/7"),
	},
}

// Networks reads one entry of a list of addresses: an address, a network in
// CIDR form, or the word "loopback" or "private" (RFC 1918 and RFC 4193). IPv4
// in IPv6 form is IPv4, and bits beyond the mask are ignored.
func Networks(entry string) ([]netip.Prefix, error) {
	entry = strings.TrimSpace(entry)
	if list, ok := words[strings.ToLower(entry)]; ok {
		return list, nil
	}
	if addr, err := netip.ParseAddr(entry); err == nil {
		if addr.Zone() != "" {
			return nil, errors.New("an address in a list has no zone")
		}
		addr = addr.Unmap()
		return []netip.Prefix{netip.PrefixFrom(addr, addr.BitLen())}, nil
	}
	p, err := netip.ParsePrefix(entry)
	if err != nil {
		return nil, fmt.Errorf("%.60q is not an address, a network such as 10.0.0.0/8, or loopback or private", entry)
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return nil, fmt.Errorf("%.60q mixes IPv4 and IPv6", entry)
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return []netip.Prefix{p.Masked()}, nil
}

// Trusted reads a comma-separated list of proxies. The word "none" alone is the
// empty list.
func Trusted(list string) ([]netip.Prefix, error) {
	if strings.EqualFold(strings.TrimSpace(list), "none") {
		return nil, nil
	}
	var all []netip.Prefix
	var errs []error
	for entry := range strings.SplitSeq(list, ",") {
		p, err := Networks(entry)
		if err != nil {
			errs = append(errs, err)
		}
		all = append(all, p...)
	}
	return all, errors.Join(errs...)
}
