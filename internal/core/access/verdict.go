package access

import (
	"net/netip"
	"slices"
	"sync"

	"moorfast/internal/apierr"
)

// exceptions are networks that may come in although the list of addresses keeps
// them out, until a process ends or they are taken back.
type exceptions struct {
	mu   sync.RWMutex
	list []netip.Prefix
}

// Admit lets a network in, whatever the list of addresses says, until the result
// is called. It is for an operator at the host who has locked himself out.
func (p *Policy) Admit(network netip.Prefix) (withdraw func()) {
	p.exceptions.mu.Lock()
	defer p.exceptions.mu.Unlock()
	p.exceptions.list = append(p.exceptions.list, network)
	return sync.OnceFunc(func() {
		p.exceptions.mu.Lock()
		defer p.exceptions.mu.Unlock()
		if i := slices.Index(p.exceptions.list, network); i >= 0 {
			p.exceptions.list = slices.Delete(slices.Clone(p.exceptions.list), i, i+1)
		}
	})
}

func (p *Policy) addr(addr netip.Addr) bool { return p.settings.Addrs.Allows(addr) || p.admitted(addr) }

func (p *Policy) admitted(addr netip.Addr) bool {
	p.exceptions.mu.RLock()
	defer p.exceptions.mu.RUnlock()
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(p.exceptions.list, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// Effective is the policy as it holds now.
type Effective struct {
	RootOnly          bool     `json:"rootOnly"`
	Enforce           string   `json:"enforce"`
	EmailsAllowed     []string `json:"emailsAllowed"` // empty is everybody
	EmailsDenied      []string `json:"emailsDenied"`
	AddressesAllowed  []string `json:"addressesAllowed"` // empty is everywhere
	AddressesDenied   []string `json:"addressesDenied"`
	CountriesDenied   []string `json:"countriesDenied"`
	Exceptions        []string `json:"exceptions"` // of addresses, until the server ends
	InvitesBypassList bool     `json:"invitesBypassList"`
	Summary           string   `json:"summary"`
}

// Effective returns the policy in full, for those who may see it.
func (p *Policy) Effective() Effective {
	p.exceptions.mu.RLock()
	defer p.exceptions.mu.RUnlock()
	s := p.settings
	return Effective{
		RootOnly: s.RootOnly, Enforce: s.Enforce.String(), InvitesBypassList: s.InvitesBypassList, Summary: p.Explain(),
		EmailsAllowed: s.Emails.allow.entries(), EmailsDenied: s.Emails.deny.entries(),
		AddressesAllowed: texts(s.Addrs.allow), AddressesDenied: texts(s.Addrs.deny), CountriesDenied: append([]string{}, s.Countries.deny...), Exceptions: texts(p.exceptions.list),
	}
}

func (s emailSet) entries() []string {
	list := append([]string{}, s.addresses...)
	for _, d := range s.domains {
		list = append(list, "*@"+d)
	}
	return list
}

func texts(list []netip.Prefix) []string {
	all := make([]string, len(list))
	for i, p := range list {
		all[i] = p.String()
	}
	return all
}

// Verdict is whether somebody may do something at the console, and why not.
type Verdict struct {
	Action  string `json:"action"` // "signUp", "invited", "signIn" or "request"
	Allowed bool   `json:"allowed"`
	Type    string `json:"type,omitempty"` // of the error that refuses it
	Why     string `json:"why"`
}

// Judge says what a person may do from an address. Claimed tells whether the
// console has its first account. An address that is not valid is any.
func (p *Policy) Judge(email string, addr netip.Addr, claimed bool) []Verdict {
	listed := p.judge(email, addr, false)
	signUp := listed
	if signUp.Allowed && p.settings.RootOnly && claimed {
		signUp = Verdict{Type: apierr.UserCountExceeded.Type, Why: "the first account was made, and later ones are invited"}
	}
	verdicts := []Verdict{named("signUp", signUp), named("invited", p.judge(email, addr, true))}
	for _, a := range []struct {
		name string
		from Enforce
	}{{"signIn", EnforceAuth}, {"request", EnforceAll}} {
		v := listed
		if p.settings.Enforce < a.from {
			v = Verdict{Allowed: true, Why: "the lists reach " + p.settings.Enforce.String() + " only"}
		}
		verdicts = append(verdicts, named(a.name, v))
	}
	return verdicts
}

func named(action string, v Verdict) Verdict {
	v.Action = action
	return v
}

func (p *Policy) judge(email string, addr netip.Addr, invited bool) Verdict {
	emails, addrs := p.settings.Emails, p.settings.Addrs
	address := lower(email)
	if addr.IsValid() && p.abroad(addr) && !p.admitted(addr) {
		return Verdict{Type: apierr.RegionAccessDenied.Type, Why: "the list of countries denies the one that the address is in"}
	}
	switch {
	case email == "" || invited && p.settings.InvitesBypassList:
	case emails.deny.has(address):
		return Verdict{Type: apierr.UserEmailNotWhitelisted.Type, Why: "the e-mail list denies the address or its domain"}
	case !emails.allow.empty() && !emails.allow.has(address):
		return Verdict{Type: apierr.UserEmailNotWhitelisted.Type, Why: "the e-mail list has neither the address nor its domain"}
	}
	addr = addr.Unmap().WithZone("")
	switch {
	case !addr.IsValid() || p.admitted(addr):
	case slices.ContainsFunc(addrs.deny, func(n netip.Prefix) bool { return n.Contains(addr) }):
		return Verdict{Type: apierr.UserIPNotWhitelisted.Type, Why: "the address list denies a network that it is in"}
	case !addrs.Allows(addr):
		return Verdict{Type: apierr.UserIPNotWhitelisted.Type, Why: "no network of the address list has it in"}
	}
	switch {
	case p.admitted(addr):
		return Verdict{Allowed: true, Why: "an exception lets the address in, until it ends or the server does"}
	case emails.Empty() && addrs.Empty() && p.settings.Countries.Empty():
		return Verdict{Allowed: true, Why: "there is no list"}
	}
	return Verdict{Allowed: true, Why: "the lists let it in"}
}
