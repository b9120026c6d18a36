package fetch

import (
	"net/netip"
	"testing"
)

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"1.1.1.1": true, "8.8.8.8": true, "93.184.216.34": true, "192.0.1.1": true, "100.63.255.255": true, "100.128.0.0": true,
		"172.15.255.255": true, "172.32.0.0": true, "198.17.255.255": true, "198.20.0.0": true, "223.255.255.255": true,
		"2606:4700:4700::1111": true, "2a00:1450:4001::1": true, "2001:200::1": true, "2620:4f:8000::1": true,

		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "100.127.255.255": false, "127.0.0.1": false,
		"127.255.255.254": false, "169.254.0.1": false, "169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.0.0.1": false, "192.0.0.171": false, "192.0.2.1": false, "192.88.99.1": false, "192.168.0.1": false, "198.18.0.1": false,
		"198.19.255.255": false, "198.51.100.1": false, "203.0.113.1": false, "224.0.0.1": false, "239.255.255.255": false,
		"240.0.0.1": false, "255.255.255.255": false, "168.63.129.16": false,
		"::": false, "::1": false, "::7f00:1": false, "::ffff:127.0.0.1": false, "::ffff:8.8.8.8": false, "::ffff:0:8.8.8.8": false,
		"64:ff9b::808:808": false, "64:ff9b::7f00:1": false, "64:ff9b:1::1": false, "100::1": false, "100:0:0:1::1": false,
		"2001::1": false, "2001:0:53aa:64c::1": false, "2001:2::1": false, "2001:10::1": false, "2001:20::1": false, "2001:db8::1": false,
		"2002:7f00:1::": false, "2002:808:808::": false, "3ffe::1": false, "3fff::1": false, "5f00::1": false,
		"fc00::1": false, "fd00:ec2::254": false, "fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false,
		"2606:4700:4700::1111%eth0": false,
	} {
		if got := Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("Public(%s) = %v, want %v", text, got, want)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

func TestExceptions(t *testing.T) {
	c := New(Options{Allow: []netip.Prefix{
		netip.MustParsePrefix("10.1.2.3/16"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fd00::/8"),
		netip.MustParsePrefix("fd00:ec2::254/128"),
	}})
	for text, want := range map[string]bool{
		"10.1.255.1": true, "10.2.0.1": false, "169.254.1.1": true, "8.8.8.8": true, "fd12::1": true, "fd12::1%eth0": false,
		"169.254.169.254": false, // a network does not open the metadata in it
		"fd00:ec2::254":   true,  // and the address does
		"::ffff:10.1.0.1": false, // an exception is for addresses, and not for spellings
		"64:ff9b::a01:1":  false,
	} {
		if got := c.may(netip.MustParseAddr(text)); got != want {
			t.Errorf("may dial %s: %v, want %v", text, got, want)
		}
	}
}

// What netip's own predicates call local is never public, in whatever form it
// comes, and neither is an address with a local one packed into it.
func FuzzPublic(f *testing.F) {
	for _, s := range []string{"127.0.0.1", "10.0.0.1", "8.8.8.8", "::1", "fe80::1", "2002:7f00:1::", "64:ff9b::1", "::ffff:1.1.1.1", "2606:4700::1"} {
		f.Add(netip.MustParseAddr(s).AsSlice())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok || !Public(a) {
			return
		}
		switch {
		case a.IsPrivate(), a.IsLoopback(), a.IsLinkLocalUnicast(), a.IsMulticast(), a.IsUnspecified(), a.IsInterfaceLocalMulticast(), !a.IsGlobalUnicast():
			t.Errorf("%v is public", a)
		case a.Is4In6():
			t.Errorf("%v is public in the form of IPv6", a)
		}
		if a.Is4() {
			return
		}
		s := a.As16()
		if s[0] == 0x20 && s[1] == 2 || s[0]>>5 != 1 || s[0] == 0x20 && s[1] == 1 && s[2] < 2 {
			t.Errorf("%v is public, and carries another", a)
		}
	})
}
