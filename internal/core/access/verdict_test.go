package access_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"moorfast/internal/apierr"
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

// countryOf places addresses for tests.
func countryOf(addr netip.Addr) string {
	return map[string]string{"192.0.2.7": "KP", "198.51.100.7": "CH"}[addr.String()]
}

func TestCountriesAreAskedFirst(t *testing.T) {
	denied, err := access.ParseCountries(" kp, RU,")
	if err != nil {
		t.Fatal(err)
	}
	s := access.Settings{Countries: denied, CountryOf: countryOf, Emails: emails(t, "*@example.org"), Enforce: access.EnforceSignUp}
	for _, c := range []struct {
		ip, email            string
		signUp, region, why  string
		request, atAllVisits bool
	}{
		{"192.0.2.7", "ana@example.com", "general_region_access_denied", "general_region_access_denied", "the list of countries denies the one that the address is in", true, false},
		{"198.51.100.7", "ana@example.com", "user_email_not_whitelisted", "", "the e-mail list has neither the address nor its domain", true, true},
		{"198.51.100.7", "ana@example.org", "", "", "the lists let it in", true, true},
		{"203.0.113.7", "ana@example.org", "", "", "the lists let it in", true, true}, // from nowhere that is known
	} {
		addr, who := netip.MustParseAddr(c.ip), access.Person{Email: c.email, Addr: netip.MustParseAddr(c.ip)}
		p := access.New(s)
		if got := p.SignUp(who); typeOf(got) != c.signUp {
			t.Errorf("sign-up of %s from %s: got %v, want %s", c.email, c.ip, got, c.signUp)
		}
		if got := p.Region(addr); typeOf(got) != c.region {
			t.Errorf("region of %s: got %v, want %s", c.ip, got, c.region)
		}
		if got := p.Judge(c.email, addr, false)[0]; got.Why != c.why || got.Type != c.signUp {
			t.Errorf("verdict on %s from %s: %+v", c.email, c.ip, got)
		}
		if (p.Request(who) == nil) != c.request || p.Visit(addr) != nil {
			t.Errorf("%s from %s: a list for sign-ups reaches requests", c.email, c.ip)
		}
		all := s
		all.Enforce = access.EnforceAll
		if (access.New(all).Visit(addr) == nil) != c.atAllVisits {
			t.Errorf("%s: a visit is treated otherwise", c.ip)
		}
	}
	if got := access.New(s).Explain(); !strings.Contains(got, "from any country but KP, RU") {
		t.Errorf("explained: %s", got)
	}
	p := access.New(s)
	defer p.Admit(netip.MustParsePrefix("192.0.2.7/32"))()
	if err := p.Region(netip.MustParseAddr("192.0.2.7")); err != nil {
		t.Errorf("an exception does not let it in: %v", err)
	}
	if e := p.Effective(); !slices.Equal(e.CountriesDenied, []string{"KP", "RU"}) {
		t.Errorf("effective: %+v", e)
	}
}

func typeOf(err error) string {
	if err == nil {
		return ""
	}
	return apierr.From(err).Type
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
