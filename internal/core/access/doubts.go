package access

import (
	"net/netip"
	"slices"
)

// Shut reports whether the lists let nobody in at all.
func (s Settings) Shut() bool {
	return s.Emails.shut() || s.Addrs.shut()
}

// Useless lists the entries that let in nobody, because others deny all they
// name, and those that let in everybody.
func (s Settings) Useless() (nobody, everybody []string) {
	for _, address := range s.Emails.allow.addresses {
		if s.Emails.deny.has(address) {
			nobody = append(nobody, address)
		}
	}
	for _, domain := range s.Emails.allow.domains {
		if slices.Contains(s.Emails.deny.domains, domain) {
			nobody = append(nobody, "*@"+domain)
		}
	}
	for _, p := range s.Addrs.allow {
		if p.Bits() == 0 {
			everybody = append(everybody, p.String())
		}
		if covered(p, s.Addrs.deny) {
			nobody = append(nobody, p.String())
		}
	}
	return nobody, everybody
}

func (l Emails) shut() bool {
	if l.allow.empty() {
		return false
	}
	for _, address := range l.allow.addresses {
		if !l.deny.has(address) {
			return false
		}
	}
	return !slices.ContainsFunc(l.allow.domains, func(d string) bool { return !slices.Contains(l.deny.domains, d) })
}

func (l Addrs) shut() bool {
	allow := l.allow
	if len(allow) == 0 {
		allow = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	}
	return !slices.ContainsFunc(allow, func(p netip.Prefix) bool { return !covered(p, l.deny) })
}

// everybody reports whether the list names all addresses of a family.
func (l Addrs) everybody() bool {
	return slices.ContainsFunc(l.allow, func(p netip.Prefix) bool { return p.Bits() == 0 })
}

// covered reports whether one of the networks holds all of p.
func covered(p netip.Prefix, by []netip.Prefix) bool {
	return slices.ContainsFunc(by, func(d netip.Prefix) bool { return d.Bits() <= p.Bits() && d.Contains(p.Addr()) })
}
