package access

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"moorfast/internal/clientaddr"
)

// Emails is a list of e-mail addresses and "*@domain" patterns, each of which
// may be denied by a "!" before it. Its zero value lets everybody in.
type Emails struct{ allow, deny emailSet }

type emailSet struct {
	addresses []string
	domains   []string // of "*@domain": this domain and none below it
}

// ParseEmails reads a comma-separated list, in which spaces, letter case and
// empty entries do not matter. An entry that could never match is an error,
// and so is a list without entries: it would mean the opposite of what it says.
func ParseEmails(text string) (Emails, error) {
	var list Emails
	err := entries(text, func(entry string, deny bool) error {
		set := &list.allow
		if deny {
			set = &list.deny
		}
		local, domain, ok := strings.Cut(lower(entry), "@")
		if !ok || local == "" || domain == "" || strings.ContainsAny(domain, "@*") || strings.ContainsAny(entry, " \t\r\n") {
			return fmt.Errorf("%.80q is neither an e-mail address nor *@domain", entry)
		}
		switch {
		case local == "*":
			set.domains = append(set.domains, domain)
		case strings.Contains(local, "*"):
			return fmt.Errorf("%.80q has a * that is not all of the part before the @", entry)
		default:
			set.addresses = append(set.addresses, local+"@"+domain)
		}
		return nil
	})
	return list, err
}

// Allows reports whether an address is let in: it is not denied, and it is
// allowed if anything is.
func (l Emails) Allows(email string) bool {
	email = lower(strings.TrimSpace(email))
	return !l.deny.has(email) && (l.allow.empty() || l.allow.has(email))
}

// Empty reports whether the list says nothing.
func (l Emails) Empty() bool { return l.allow.empty() && l.deny.empty() }

func (s emailSet) empty() bool { return len(s.addresses) == 0 && len(s.domains) == 0 }

func (s emailSet) has(email string) bool {
	at := strings.LastIndexByte(email, '@')
	return slices.Contains(s.addresses, email) || at > 0 && slices.Contains(s.domains, email[at+1:])
}

// lower folds ASCII only. Unicode has letters outside of it that fold into it,
// such as the Kelvin sign, and a domain with one is another domain.
func lower(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, s)
}

// Addrs is a list of network addresses, networks and the words "loopback" and
// "private", each of which may be denied by a "!" before it. Its zero value
// lets everybody in.
type Addrs struct{ allow, deny []netip.Prefix }

// ParseAddrs reads a comma-separated list in which spaces and empty entries do
// not matter. What is not an address is an error, and so is a list without
// entries.
func ParseAddrs(text string) (Addrs, error) {
	var list Addrs
	err := entries(text, func(entry string, deny bool) error {
		networks, err := clientaddr.Networks(entry)
		if deny {
			list.deny = append(list.deny, networks...)
		} else {
			list.allow = append(list.allow, networks...)
		}
		return err
	})
	return list, err
}

// Allows reports whether a client is let in: it is not denied, and it is
// allowed if anything is. An unknown address is let in by an empty list only.
func (l Addrs) Allows(addr netip.Addr) bool {
	if !addr.IsValid() {
		return l.Empty()
	}
	addr = addr.Unmap().WithZone("")
	in := func(list []netip.Prefix) bool {
		return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(addr) })
	}
	return !in(l.deny) && (len(l.allow) == 0 || in(l.allow))
}

// Empty reports whether the list says nothing.
func (l Addrs) Empty() bool { return len(l.allow) == 0 && len(l.deny) == 0 }

// entries calls add for each entry, and joins what is wrong with them.
func entries(text string, add func(entry string, deny bool) error) error {
	var errs []error
	found := false
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		found = true
		entry, deny := strings.CutPrefix(entry, "!")
		if err := add(strings.TrimSpace(entry), deny); err != nil {
			errs = append(errs, err)
		}
	}
	if !found && text != "" {
		errs = append(errs, errors.New("the list has no entries"))
	}
	return errors.Join(errs...)
}
