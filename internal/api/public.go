package api

import (
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// PublicURL is a [WebURL] whose host is public: what is kept to be called later
// is not to lead to what is inside.
type PublicURL string

// Check allows what WebURL allows, of public hosts.
func (s PublicURL) Check() error {
	if err := WebURL(s).Check(); err != nil {
		return err
	}
	if u, err := url.Parse(string(s)); err != nil || !Public(u.Hostname()) {
		return Reject("Value must be a public domain")
	}
	return nil
}

// Public tells whether a host's name is below a suffix of the public list. The
// names of one's own network, and addresses, are below none.
func Public(host string) bool {
	host = strings.ToLower(host)
	suffix, official := publicsuffix.PublicSuffix(host)
	return (official || strings.Contains(suffix, ".")) && len(host) > len(suffix)+1
}
