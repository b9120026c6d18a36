package access_test

import (
	"net/netip"
	"testing"

	"moorfast/internal/core/access"
)

func TestAVerdictSaysWhy(t *testing.T) {
	s := access.Settings{
		Emails: emails(t, "*@example.org,!bad@example.org"), Addrs: addrs(t, "10.0.0.0/8,!10.9.0.0/16"),
		Enforce: access.EnforceAuth, RootOnly: true, InvitesBypassList: true,
	}
	for _, c := range []struct {
		email, ip                        string
		claimed                          bool
		signUp, invited, signIn, request bool
		why                              string // of the sign-in
	}{
		{"ana@example.org", "10.1.1.1", false, true, true, true, true, "the lists let it in"},
		{"Ana@Example.org", "", true, false, true, true, true, "the lists let it in"},
		{"bad@example.org", "10.1.1.1", false, false, true, false, true, "the e-mail list denies the address or its domain"},
		{"ana@example.com", "10.1.1.1", false, false, true, false, true, "the e-mail list has neither the address nor its domain"},
		{"ana@example.org", "::ffff:10.9.1.1", false, false, false, false, true, "the address list denies a network that it is in"},
		{"ana@example.org", "192.0.2.1", false, false, false, false, true, "no network of the address list has it in"},
	} {
		p := access.New(s)
		addr, _ := netip.ParseAddr(c.ip)
		got := p.Judge(c.email, addr, c.claimed)
		if got[0].Allowed != c.signUp || got[1].Allowed != c.invited || got[2].Allowed != c.signIn || got[3].Allowed != c.request || got[2].Why != c.why {
			t.Errorf("%s from %s: %+v", c.email, c.ip, got)
		}
		// What is explained is what is done.
		if addr.IsValid() {
			who := access.Person{Email: c.email, Addr: addr}
			if (p.SignIn(who) == nil) != got[2].Allowed || (p.Request(who) == nil) != got[3].Allowed {
				t.Errorf("%s from %s is treated otherwise", c.email, c.ip)
			}
			if who.Invited = true; (p.SignUp(who) == nil) != got[1].Allowed {
				t.Errorf("%s from %s, invited, is treated otherwise", c.email, c.ip)
			}
		}
	}
}

func TestAnExceptionLetsAnAddressInUntilItIsWithdrawn(t *testing.T) {
	p := access.New(access.Settings{Addrs: addrs(t, "10.0.0.0/8"), Enforce: access.EnforceAll})
	away := netip.MustParseAddr("192.0.2.7")
	withdraw := p.Admit(netip.MustParsePrefix("192.0.2.0/24"))
	other := p.Admit(netip.MustParsePrefix("198.51.100.0/24"))
	if p.Request(access.Person{Addr: away}) != nil || p.Visit(away) != nil {
		t.Error("it is kept out")
	}
	if e := p.Effective(); len(e.Exceptions) != 2 {
		t.Errorf("effective: %+v", e)
	}
	withdraw()
	withdraw()
	if p.Request(access.Person{Addr: away}) == nil || p.Visit(away) == nil {
		t.Error("it still comes in")
	}
	if p.Visit(netip.MustParseAddr("198.51.100.1")) != nil {
		t.Error("another exception ended, too")
	}
	other()
}
