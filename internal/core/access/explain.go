package access

import (
	"fmt"
	"net/netip"
	"strings"
)

// Explain says in one line who may sign up and sign in, and from where. It
// counts e-mail addresses rather than naming them.
func (p *Policy) Explain() string {
	line := p.settings.explain()
	if p.settings.Setup {
		line += "; the first account shows a setup token"
	}
	switch p.settings.MFA {
	case MFAOwners:
		line += "; owners show a second factor"
	case MFAAll:
		line += "; everybody shows a second factor"
	}
	if p.settings.MFA != MFAOff && p.settings.MFAGrace > 0 {
		line += fmt.Sprintf(", from when an account is %v old", p.settings.MFAGrace)
	}
	return line
}

func (s Settings) explain() string {
	signUp := "anyone may sign up"
	if s.RootOnly {
		signUp = "the first account may sign up, later ones by invitation"
	}
	if s.Emails.Empty() && s.Addrs.Empty() && s.Countries.Empty() {
		return signUp + "; no e-mail or address list"
	}
	var limits []string
	if !s.Emails.Empty() {
		limits = append(limits, "e-mail "+s.Emails.String())
	}
	if !s.Addrs.Empty() {
		limits = append(limits, "from "+s.Addrs.String())
	}
	if !s.Countries.Empty() {
		limits = append(limits, "from any country but "+s.Countries.String())
	}
	reach := map[Enforce]string{
		EnforceSignUp: "for sign-up only",
		EnforceAuth:   "for sign-up and sign-in",
		EnforceAll:    "for sign-up, sign-in and every request",
	}[s.Enforce]
	line := fmt.Sprintf("%s; %s, %s", signUp, strings.Join(limits, ", "), reach)
	if s.InvitesBypassList && !s.Emails.Empty() {
		line += "; the e-mail list is not asked for invited people"
	}
	return line
}

// String names domains, and counts addresses.
func (l Emails) String() string {
	return describe(l.allow.names(), l.deny.names())
}

func (s emailSet) names() []string {
	var names []string
	for _, d := range s.domains {
		names = append(names, "*@"+d)
	}
	switch n := len(s.addresses); {
	case n == 1:
		names = append(names, "1 address")
	case n > 1:
		names = append(names, fmt.Sprintf("%d addresses", n))
	}
	return names
}

// String names networks.
func (l Addrs) String() string {
	names := func(list []netip.Prefix) []string {
		var s []string
		for _, p := range list {
			if p.IsSingleIP() {
				s = append(s, p.Addr().String())
			} else {
				s = append(s, p.String())
			}
		}
		return s
	}
	return describe(names(l.allow), names(l.deny))
}

// A line is read at a glance: of a long list it tells the beginning.
const shown = 5

func describe(allow, deny []string) string {
	join := func(list []string) string {
		if more := len(list) - shown; more > 0 {
			return fmt.Sprintf("%s and %d more", strings.Join(list[:shown], ", "), more)
		}
		return strings.Join(list, ", ")
	}
	switch {
	case len(deny) == 0:
		return join(allow)
	case len(allow) == 0:
		return "any but " + join(deny)
	}
	return join(allow) + " but not " + join(deny)
}
