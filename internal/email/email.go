// Package email knows what an e-mail address says of its owner: which other
// spellings reach the same mailbox, and what sort of provider it is with.
package email

import (
	"net/mail"
	"strings"
)

// MaxLength is the longest address (RFC 5321 §4.5.3.1.3, less the brackets).
const MaxLength = 254

// Valid reports whether s is an address as people have them: local@domain, with
// a dot in the domain, and neither a name nor a comment around it.
func Valid(s string) bool {
	if len(s) > MaxLength {
		return false
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return false
	}
	local, domain := split(s)
	return len(local) <= 64 && strings.Contains(strings.Trim(domain, "."), ".") && !strings.HasPrefix(domain, "[")
}

// Facts are what the contract keeps of an address beside it.
type Facts struct {
	Canonical   string // the one spelling of its mailbox
	IsCanonical bool   // it is spelt so
	Free        bool   // anybody can have one there, as far as the list goes
	Disposable  bool   // it will not last, as far as the list goes
	Corporate   bool   // it is neither
}

// About returns the facts of an address. The lists behind them are short ones,
// of well-known providers: what they do not name passes for corporate.
func About(address string) Facts {
	canonical := Canonical(address)
	_, domain := split(strings.ToLower(address))
	f := Facts{
		Canonical:   canonical,
		IsCanonical: strings.ToLower(address) == canonical,
		Free:        free()[domain],
		Disposable:  isDisposable(domain),
	}
	f.Corporate = !f.Free && !f.Disposable
	return f
}

// split cuts an address at its last "@": a quoted local part may have others.
func split(address string) (local, domain string) {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return address, ""
	}
	return address[:i], address[i+1:]
}
