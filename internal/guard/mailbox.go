package guard

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"moorfast/internal/email"
)

// Mailbox is one spelling for all addresses that may be of one mailbox: of any
// case, form of Unicode, and with any tag after a plus. Of a provider that makes
// more of a plus than that, two people share a count, and nothing else.
func Mailbox(address string) string {
	address = strings.ToLower(norm.NFKC.String(strings.TrimSpace(address)))
	if at := strings.LastIndexByte(address, '@'); at > 0 {
		if plus := strings.IndexByte(address[:at], '+'); plus > 0 {
			address = address[:plus] + address[at:]
		}
	}
	return email.Canonical(address)
}
