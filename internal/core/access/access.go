// Package access is the one place that decides who may use the console: by
// e-mail address, by network address, and by how many accounts there may be.
//
// Every path that makes a console account, signs one in, or serves one asks the
// same [Policy], so that no path forgets (C-2).
package access

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"moorfast/internal/apierr"
)

// Enforce is how far the lists reach. Each value includes the ones before it.
type Enforce int

// How far the lists can reach.
const (
	EnforceSignUp Enforce = iota // making an account, which is all Appwrite looks at
	EnforceAuth                  // and each sign-in and exchange of a token
	EnforceAll                   // and each request and realtime connection
)

var enforceNames = [...]string{"signup", "auth", "all"}

func (e Enforce) String() string { return enforceNames[e] }

// ParseEnforce reads "signup", "auth" or "all".
func ParseEnforce(s string) (Enforce, error) {
	for i, name := range enforceNames {
		if s == name {
			return Enforce(i), nil
		}
	}
	return 0, fmt.Errorf("it is one of %s", strings.Join(enforceNames[:], ", "))
}

// Settings are what an operator decides.
type Settings struct {
	RootOnly          bool // one account may sign up; the others are invited
	Emails            Emails
	Addrs             Addrs
	Countries         Countries
	CountryOf         func(netip.Addr) string // the code of a country, or ""; needed where Countries are named
	Enforce           Enforce
	InvitesBypassList bool // the e-mail list does not hold for invited people
	Setup             bool // the first account has to show a token; see [Policy.AwaitSetup]
	MFA               MFA  // who has to show a second factor

	MFAGrace time.Duration // that a new account has, to get one
}

// Open reports whether anybody may make an account, from anywhere.
func (s Settings) Open() bool {
	return !s.RootOnly && s.Countries.Empty() && s.Emails.allow.empty() && (len(s.Addrs.allow) == 0 || s.Addrs.everybody())
}

// Person is somebody at the door.
type Person struct {
	Email   string     // of the account, as stored
	Addr    netip.Addr // of the client, see package clientaddr
	Invited bool       // an owner's invitation made the account, or makes it now
	Setup   string     // the setup token that was shown, for [Policy.SignUp]
	At      time.Time  // now, for the same
}

// Policy answers for one set of settings. Its methods return nil, or the row of
// [apierr] to show.
type Policy struct {
	settings   Settings
	exceptions exceptions
	setup      setup
}

// New returns the policy of s.
func New(s Settings) *Policy { return &Policy{settings: s} }

// SignUp says whether a console account may be made: by a form, a provider, a
// link or a code. If the path is not an invitation, the caller then checks the
// root limit in the transaction that makes the account; see [Policy.RootOnly],
// and takes the setup token there; see [Policy.Take].
func (p *Policy) SignUp(who Person) error {
	if err := p.lists(who); err != nil {
		return err
	}
	return p.setup.admits(who)
}

// SignIn says whether somebody may sign in, or exchange one token for another.
func (p *Policy) SignIn(who Person) error { return p.from(EnforceAuth, who) }

// Request says whether a signed-in person may do anything at all: every
// request of a console session, and every one in admin mode, asks it.
func (p *Policy) Request(who Person) error { return p.from(EnforceAll, who) }

// Invite says whether an address may be invited. The inviter learns from it
// that the invitation could never be used.
func (p *Policy) Invite(email string) error {
	return p.email(Person{Email: email, Invited: true})
}

// ChangeEmail says whether an account may take the address who.Email: it is a
// way to an account that could not be made.
func (p *Policy) ChangeEmail(who Person) error { return p.email(who) }

// RootOnly reports whether at most one account may sign up. Who makes the
// account claims a row that is unique in the same transaction (C-4) and answers
// [apierr.UserConsoleCountExceeded] on the sign-up form, or
// [apierr.UserCountExceeded] on other paths, if it is taken. The row outlives
// the account (C-9). Invitations are not limited (C-7).
func (p *Policy) RootOnly() bool { return p.settings.RootOnly }

func (p *Policy) from(e Enforce, who Person) error {
	if p.settings.Enforce < e {
		return nil
	}
	return p.lists(who)
}

// lists asks for the country, then the e-mail list, then the address list: the
// order of refusals is Appwrite's.
func (p *Policy) lists(who Person) error {
	if err := p.Region(who.Addr); err != nil {
		return err
	}
	if err := p.email(who); err != nil {
		return err
	}
	if !p.addr(who.Addr) {
		return apierr.UserIPNotWhitelisted
	}
	return nil
}

func (p *Policy) email(who Person) error {
	if who.Invited && p.settings.InvitesBypassList || p.settings.Emails.Allows(who.Email) {
		return nil
	}
	return apierr.UserEmailNotWhitelisted
}

// Visit says whether somebody who has not signed in may reach the console at
// all. Who they are is not known yet, so that the address alone decides.
func (p *Policy) Visit(addr netip.Addr) error {
	if p.settings.Enforce < EnforceAll {
		return nil
	}
	if err := p.Region(addr); err != nil {
		return err
	}
	if !p.addr(addr) {
		return apierr.UserIPNotWhitelisted
	}
	return nil
}
