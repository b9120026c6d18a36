package email

import "strings"

// provider is how one provider of mailboxes reads the part before the "@".
type provider struct {
	domain string // the canonical one
	tag    byte   // what comes after it is the user's to choose; 0 is none
	last   bool   // of several tags, the last one counts
	dots   bool   // dots make no difference
}

var (
	gmail    = provider{domain: "gmail.com", tag: '+', dots: true}
	outlook  = provider{domain: "outlook.com", tag: '+'}
	yahoo    = provider{domain: "yahoo.com", tag: '-', last: true}
	icloud   = provider{domain: "icloud.com", tag: '+'}
	proton   = provider{domain: "protonmail.com"}
	fastmail = provider{domain: "fastmail.com"}
)

// providers are those whose rules the contract knows, by their domains.
var providers = map[string]provider{
	"gmail.com": gmail, "googlemail.com": gmail,
	"outlook.com": outlook, "hotmail.com": outlook, "live.com": outlook, "msn.com": outlook,
	"outlook.co.uk": outlook, "hotmail.co.uk": outlook, "live.co.uk": outlook,
	"yahoo.com": yahoo, "yahoo.co.uk": yahoo, "yahoo.ca": yahoo, "ymail.com": yahoo, "rocketmail.com": yahoo,
	"icloud.com": icloud, "me.com": icloud, "mac.com": icloud,
	"protonmail.com": proton, "proton.me": proton, "pm.me": proton,
	"fastmail.com": fastmail, "fastmail.fm": fastmail,
}

// Canonical returns the one spelling for all that reach the mailbox of address,
// in lower case. Of a provider whose rules are not known, it is the address.
func Canonical(address string) string {
	address = strings.ToLower(address)
	local, domain := split(address)
	p, ok := providers[domain]
	if !ok {
		return address
	}
	cut := -1
	switch {
	case p.tag != 0 && p.last:
		cut = strings.LastIndexByte(local, p.tag)
	case p.tag != 0:
		cut = strings.IndexByte(local, p.tag)
	}
	if cut >= 0 {
		local = local[:cut]
	}
	if p.dots {
		local = strings.ReplaceAll(local, ".", "")
	}
	if local == "" {
		return address // "+tag@gmail.com" has no mailbox
	}
	return local + "@" + p.domain
}
