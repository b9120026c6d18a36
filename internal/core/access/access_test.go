package access_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"moorfast/internal/apierr"
	"moorfast/internal/core/access"
)

// C-1 and C-3: what a list lets in at the sign-up form.
func TestSignUp(t *testing.T) {
	email, addr := apierr.UserEmailNotWhitelisted, apierr.UserIPNotWhitelisted
	for _, c := range []struct {
		name, emails, addrs string
		who, from           string
		want                error
	}{
		{"no lists", "", "", "a@x.io", "203.0.113.9", nil},
		{"no lists and no e-mail", "", "", "", "203.0.113.9", nil},
		{"the address is listed", "a@x.io", "", "a@x.io", "203.0.113.9", nil},
		{"the address is not listed", "a@x.io", "", "b@x.io", "203.0.113.9", email},
		{"one of several", "a@x.io,b@x.io,c@y.io", "", "c@y.io", "203.0.113.9", nil},
		{"another letter case", "A@X.io", "", "a@x.IO", "203.0.113.9", nil},
		{"spaces around entries", " a@x.io , b@x.io ", "", "b@x.io", "203.0.113.9", nil},
		{"an empty entry", "a@x.io,,b@x.io,", "", "b@x.io", "203.0.113.9", nil},
		{"an empty entry lets nobody in", "a@x.io,,", "", "", "203.0.113.9", email},
		{"the domain is listed", "*@x.io", "", "anyone@x.io", "203.0.113.9", nil},
		{"the domain is listed in another case", "*@X.IO", "", "anyone@x.io", "203.0.113.9", nil},
		{"a domain below the listed one", "*@x.io", "", "anyone@mail.x.io", "203.0.113.9", email},
		{"a domain that ends like the listed one", "*@x.io", "", "anyone@evilx.io", "203.0.113.9", email},
		{"a domain that starts like the listed one", "*@x.io", "", "anyone@x.io.evil.com", "203.0.113.9", email},
		{"the listed domain before the last @", "*@x.io", "", `"a@x.io"@evil.com`, "203.0.113.9", email},
		{"a * of the client", "a@x.io", "", "*@x.io", "203.0.113.9", email},
		{"nothing before the @", "*@x.io", "", "@x.io", "203.0.113.9", email},
		{"no e-mail at all", "*@x.io", "", "", "203.0.113.9", email},
		{"a plus address is another address", "a@x.io", "", "a+b@x.io", "203.0.113.9", email},
		{"a letter that folds into ASCII", "*@kx.io", "", "a@\u212ax.io", "203.0.113.9", email},
		{"denied", "!a@x.io", "", "a@x.io", "203.0.113.9", email},
		{"not the denied one", "!a@x.io", "", "b@x.io", "203.0.113.9", nil},
		{"a denied address of a listed domain", "*@x.io,!a@x.io", "", "a@x.io", "203.0.113.9", email},
		{"a denied domain", "!*@x.io", "", "a@x.io", "203.0.113.9", email},
		{"denied wins whatever the order", "!a@x.io,a@x.io", "", "a@x.io", "203.0.113.9", email},
		{"from a listed address", "", "203.0.113.9", "a@x.io", "203.0.113.9", nil},
		{"from an address that is not listed", "", "203.0.113.9", "a@x.io", "203.0.113.10", addr},
		{"spaces around addresses", "", "10.0.0.1, 203.0.113.9 ", "a@x.io", "203.0.113.9", nil},
		{"from a listed network", "", "203.0.113.0/24", "a@x.io", "203.0.113.9", nil},
		{"from beside a listed network", "", "203.0.113.0/24", "a@x.io", "203.0.114.9", addr},
		{"IPv6 in another spelling", "", "2001:0DB8:0:0::9", "a@x.io", "2001:db8::9", nil},
		{"from an IPv6 network", "", "2001:db8::/32", "a@x.io", "2001:db8:1::9", nil},
		{"from beside an IPv6 network", "", "2001:db8::/32", "a@x.io", "2001:db9::9", addr},
		{"the list has IPv4 in IPv6", "", "::ffff:203.0.113.9", "a@x.io", "203.0.113.9", nil},
		{"the client has IPv4 in IPv6", "", "203.0.113.9", "a@x.io", "::ffff:203.0.113.9", nil},
		{"the client has a zone", "", "fe80::9", "a@x.io", "fe80::9%eth0", nil},
		{"all of IPv4 is not IPv6", "", "0.0.0.0/0", "a@x.io", "2001:db8::9", addr},
		{"from loopback", "", "loopback", "a@x.io", "::1", nil},
		{"from a private network", "", "private", "a@x.io", "192.168.7.7", nil},
		{"loopback is not private", "", "private", "a@x.io", "127.0.0.1", addr},
		{"denied inside a listed network", "", "10.0.0.0/8,!10.6.0.0/16", "a@x.io", "10.6.6.6", addr},
		{"only a denied network", "", "!10.6.0.0/16", "a@x.io", "203.0.113.9", nil},
		{"from nowhere", "", "203.0.113.9", "a@x.io", "", addr},
		{"both lists let in", "*@x.io", "203.0.113.9", "a@x.io", "203.0.113.9", nil},
		{"the e-mail list is asked first", "*@x.io", "203.0.113.9", "a@y.io", "203.0.113.10", email},
		{"then the address list", "*@x.io", "203.0.113.9", "a@x.io", "203.0.113.10", addr},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := access.New(access.Settings{Emails: emails(t, c.emails), Addrs: addrs(t, c.addrs)})
			from, _ := netip.ParseAddr(c.from)
			if got := p.SignUp(access.Person{Email: c.who, Addr: from}); !errors.Is(got, c.want) {
				t.Errorf("%s from %s: got %v, want %v", c.who, c.from, got, c.want)
			}
		})
	}
}

// C-6 and C-7: what the lists reach.
func TestReach(t *testing.T) {
	email, addr := apierr.UserEmailNotWhitelisted, apierr.UserIPNotWhitelisted
	inside, outside := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("203.0.113.9")
	type answers struct{ signUp, signIn, request, invite, change error }
	for _, c := range []struct {
		name    string
		enforce access.Enforce
		bypass  bool
		who     access.Person
		want    answers
	}{
		{"listed and inside", access.EnforceAll, false, access.Person{Email: "a@x.io", Addr: inside}, answers{}},
		{"outside, signup", access.EnforceSignUp, false, access.Person{Email: "a@x.io", Addr: outside}, answers{signUp: addr}},
		{"outside, auth", access.EnforceAuth, false, access.Person{Email: "a@x.io", Addr: outside}, answers{signUp: addr, signIn: addr}},
		{"outside, all", access.EnforceAll, false, access.Person{Email: "a@x.io", Addr: outside}, answers{signUp: addr, signIn: addr, request: addr}},
		{"not listed, signup", access.EnforceSignUp, false, access.Person{Email: "a@y.io", Addr: inside}, answers{signUp: email, invite: email, change: email}},
		{"not listed, all", access.EnforceAll, false, access.Person{Email: "a@y.io", Addr: inside}, answers{email, email, email, email, email}},
		{"not listed and invited, all", access.EnforceAll, false, access.Person{Email: "a@y.io", Addr: inside, Invited: true}, answers{email, email, email, email, email}},
		{"not listed and invited, exempt", access.EnforceAll, true, access.Person{Email: "a@y.io", Addr: inside, Invited: true}, answers{}},
		{"exempt from the e-mail list only", access.EnforceAll, true, access.Person{Email: "a@y.io", Addr: outside, Invited: true}, answers{addr, addr, addr, nil, nil}},
		{"not invited is not exempt", access.EnforceAll, true, access.Person{Email: "a@y.io", Addr: inside}, answers{email, email, email, nil, email}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := access.New(access.Settings{
				Emails: emails(t, "*@x.io"), Addrs: addrs(t, "10.0.0.0/8"),
				Enforce: c.enforce, InvitesBypassList: c.bypass,
			})
			got := answers{p.SignUp(c.who), p.SignIn(c.who), p.Request(c.who), p.Invite(c.who.Email), p.ChangeEmail(c.who)}
			if got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestListsThatAreRefused(t *testing.T) {
	for _, text := range []string{
		"*", "dev-*@x.io", "*@*.x.io", "*@", "@x.io", "x.io", "a@b@c", "a b@x.io", ",", " ", "!", "!*", "a@x.io,*",
	} {
		if _, err := access.ParseEmails(text); err == nil {
			t.Errorf("%q is a list of e-mail addresses", text)
		}
	}
	for _, text := range []string{
		"10.0.0.0/33", "*", "10.0.0", "localhost", ",", "!", "10.0.0.1 10.0.0.2", "10.0.0.1-10.0.0.9", "10.0.0.1,x",
	} {
		if _, err := access.ParseAddrs(text); err == nil {
			t.Errorf("%q is a list of addresses", text)
		}
	}
	_, err := access.ParseAddrs("10.0.0.0/33,10.0.0.1,oops")
	if err == nil || !strings.Contains(err.Error(), "10.0.0.0/33") || !strings.Contains(err.Error(), "oops") {
		t.Errorf("got %v, want both wrong entries", err)
	}
}

func TestExplain(t *testing.T) {
	for want, s := range map[string]access.Settings{
		"anyone may sign up; no e-mail or address list":                                                                                      {},
		"the first account may sign up, later ones by invitation; no e-mail or address list":                                                 {RootOnly: true},
		"anyone may sign up; e-mail *@x.io, 2 addresses but not 1 address, for sign-up only":                                                 {Emails: emails(t, "*@x.io,a@y.io,b@y.io,!c@x.io")},
		"anyone may sign up; from 10.0.0.0/8, 203.0.113.9, for sign-up and sign-in":                                                          {Addrs: addrs(t, "10.0.0.0/8,203.0.113.9"), Enforce: access.EnforceAuth},
		"anyone may sign up; e-mail any but *@x.io, for sign-up, sign-in and every request; the e-mail list is not asked for invited people": {Emails: emails(t, "!*@x.io"), Enforce: access.EnforceAll, InvitesBypassList: true},
		"anyone may sign up; from 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5 and 1 more, for sign-up only":                             {Addrs: addrs(t, "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6")},
	} {
		if got := access.New(s).Explain(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// A list with an allowing entry never lets in what no entry names.
func FuzzEmails(f *testing.F) {
	f.Add("a@x.io, *@y.io,!b@y.io", "b@y.io")
	f.Add(",,", "")
	f.Add("!a@x.io", "a@x.io")
	f.Fuzz(func(t *testing.T, text, email string) {
		list, err := access.ParseEmails(text)
		if err != nil {
			return
		}
		if list.Empty() != (text == "") {
			t.Errorf("%q is a list that says nothing", text)
		}
		allows := list.Allows(email)
		if !list.Empty() && allows != list.Allows(" "+email+" ") {
			t.Errorf("%q asks for the spaces around %q", text, email)
		}
		lower := strings.ToLower(text)
		_, domain, _ := strings.Cut(strings.ToLower(strings.TrimSpace(email)), "@")
		if allows && !strings.HasPrefix(strings.TrimLeft(text, " ,"), "!") && text != "" && !strings.Contains(lower, domain) {
			t.Errorf("%q lets %q in", text, email)
		}
	})
}

func FuzzAddrs(f *testing.F) {
	f.Add("10.0.0.0/8, ::1,!10.6.0.0/16", "10.6.6.6")
	f.Add("private,loopback", "::ffff:127.0.0.1")
	f.Fuzz(func(t *testing.T, text, from string) {
		list, err := access.ParseAddrs(text)
		if err != nil {
			return
		}
		if list.Empty() != (text == "") {
			t.Errorf("%q is a list that says nothing", text)
		}
		addr, err := netip.ParseAddr(from)
		if err != nil {
			return
		}
		mapped := netip.AddrFrom16(addr.As16())
		if addr.Is4() && list.Allows(addr) != list.Allows(mapped) {
			t.Errorf("%q: %v and %v differ", text, addr, mapped)
		}
	})
}

func emails(t testing.TB, text string) access.Emails {
	t.Helper()
	list, err := access.ParseEmails(text)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func addrs(t testing.TB, text string) access.Addrs {
	t.Helper()
	list, err := access.ParseAddrs(text)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestDoubts(t *testing.T) {
	for _, c := range []struct {
		emails, addrs string
		shut, open    bool
		useless       int
	}{
		{"", "", false, true, 0},
		{"!a@x.io", "!10.0.0.0/8", false, true, 0},
		{"*@x.io", "", false, false, 0},
		{"", "0.0.0.0/0", false, true, 1},
		{"", "::/0,10.0.0.1", false, true, 1},
		{"", "10.0.0.0/8", false, false, 0},
		{"", "10.0.0.0/8,!10.0.0.0/7", true, false, 1},
		{"", "!0.0.0.0/0,!::/0", true, true, 0},
		{"", "!0.0.0.0/0", false, true, 0},
		{"*@x.io,!*@x.io", "", true, false, 1},
		{"*@x.io,!*@x.io,a@y.io", "", false, false, 1},
		{"a@x.io,!*@x.io", "", true, false, 1},
	} {
		s := access.Settings{Emails: emails(t, c.emails), Addrs: addrs(t, c.addrs)}
		nobody, everybody := s.Useless()
		if s.Shut() != c.shut || s.Open() != c.open || len(nobody)+len(everybody) != c.useless {
			t.Errorf("%q %q: shut %v, open %v, useless %v %v", c.emails, c.addrs, s.Shut(), s.Open(), nobody, everybody)
		}
	}
}

func FuzzCountries(f *testing.F) {
	for _, text := range []string{"RU,KP", " de ,", "!CH", "ß,UK", ","} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := access.ParseCountries(text)
		if err != nil {
			return
		}
		again, err := access.ParseCountries(strings.Join(access.New(access.Settings{Countries: list}).Effective().CountriesDenied, ","))
		if err != nil || again.String() != list.String() {
			t.Errorf("%q is %s, and that is %s, %v", text, list, again, err)
		}
	})
}
