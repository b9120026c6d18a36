package fetch

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

const maxURL = 4096 // bytes

// target is an address that passed the rules for addresses as they are written.
// Where its host leads is checked when it is dialled.
type target struct {
	url  *url.URL // whose host is in ASCII and lower case, with the port if it was given
	host string
	port string
}

func (t target) origin() string { return t.url.Scheme + "://" + t.host + ":" + t.port }

// metadataNames are the hosts by which clouds offer their metadata, wherever
// they lead.
var metadataNames = []string{
	"metadata", "metadata.google.internal", "metadata.goog", "metadata.azure.internal", "metadata.azure.com",
	"metadata.tencentyun.com", "metadata.packet.net", "metadata.platformequinix.com",
	"instance-data", "instance-data.ec2.internal", "rancher-metadata", "rancher-metadata.rancher.internal",
	"kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
}

// parse reads an address and refuses those that are written to deceive: with
// credentials, with numbers for a host that systems read in different ways, with
// a port that is not for this use.
func parse(text string, use Use) (target, error) {
	if len(text) > maxURL {
		return target{}, refuse("the address has more than %d bytes", maxURL)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return target{}, refuse("the address has spaces, control characters or backslashes")
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" {
		return target{}, refuse("the address can not be read")
	}
	u.Scheme = strings.ToLower(u.Scheme)
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return target{}, refuse("the scheme is neither http nor https")
	case u.User != nil || strings.Contains(u.Host, "@"):
		return target{}, refuse("the address has credentials in it")
	}
	t := target{url: u, port: u.Port()}
	if t.host, err = host(u.Hostname()); err != nil {
		return target{}, err
	}
	if t.port == "" {
		t.port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	n, err := strconv.ParseUint(t.port, 10, 16)
	if err != nil || !use.AnyPort && !slices.Contains(use.Ports, int(n)) {
		return target{}, refuse("port %.6s is not for this use", t.port)
	}
	given := u.Port() != ""
	t.port = strconv.FormatUint(n, 10)
	u.Host = t.host
	if strings.Contains(t.host, ":") {
		u.Host = "[" + t.host + "]"
	}
	if given {
		u.Host += ":" + t.port
	}
	u.Fragment, u.RawFragment = "", ""
	return t, nil
}

// host returns a host name in ASCII and lower case, without the final dot.
func host(name string) (string, error) {
	if addr, err := netip.ParseAddr(name); err == nil {
		if addr.Zone() != "" || addr.Is4In6() {
			return "", refuse("the host is an address with a zone, or IPv4 in the form of IPv6")
		}
		return addr.String(), nil
	}
	// The mapping turns every dot and digit of Unicode into the one of ASCII, so
	// that what comes after sees what a resolver would.
	ascii, err := idna.Lookup.ToASCII(name)
	if err != nil {
		// Underscores are in use, and not in the profile.
		if ascii = strings.ToLower(name); strings.ContainsFunc(name, notNameRune) {
			return "", refuse("the host is no name")
		}
	}
	ascii = strings.TrimSuffix(strings.ToLower(ascii), ".")
	if len(ascii) > 253 || strings.ContainsFunc(ascii, notNameRune) {
		return "", refuse("the host is no name")
	}
	labels := strings.Split(ascii, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 {
			return "", refuse("the host is no name")
		}
	}
	if numeric(labels[len(labels)-1]) {
		// "127.1", "0x7f.1", "017700000001", "2130706433": a name can not end in
		// a number, and an address is written in one way.
		if addr, err := netip.ParseAddr(ascii); err == nil && addr.Is4() {
			return addr.String(), nil
		}
		return "", refuse("the host ends in a number and is no address")
	}
	if slices.Contains(metadataNames, ascii) {
		return "", refuse("the host is one of a cloud's metadata")
	}
	return ascii, nil
}

func notNameRune(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.')
}

// numeric reports whether a label is a number in any base that systems read.
func numeric(label string) bool {
	digits, base := label, 10
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		if hex == "" {
			return true
		}
		digits, base = hex, 16
	}
	for _, r := range digits {
		if !('0' <= r && r <= '9' || base == 16 && 'a' <= r && r <= 'f') {
			return false
		}
	}
	return true
}

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
}
