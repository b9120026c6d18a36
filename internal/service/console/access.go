package console

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/access"
	"moorfast/internal/identity"
	"moorfast/internal/store"
)

type accessParams struct {
	Email string `param:"email" max:"254" default:"\"\"" doc:"E-mail address of somebody, to learn what that person may do."`
	IP    ip     `param:"ip" default:"\"\"" doc:"Address that somebody comes from; empty is any."`
}

// ip is an IPv4 or IPv6 address, or empty.
type ip string

// Check allows an address of either family.
func (a ip) Check() error {
	if _, err := netip.ParseAddr(string(a)); a != "" && err != nil {
		return api.Reject("Value must be a valid IP address")
	}
	return nil
}

// Access is the policy, and what it says of somebody where one was asked about.
type Access struct {
	Policy   access.Effective `json:"policy"`
	Claimed  bool             `json:"claimed"`
	Verdicts []access.Verdict `json:"verdicts"`
}

// Explain is the answer to who may use the console.
func Explain(p *access.Policy, claimed bool, email, addr string) (Access, error) {
	a := Access{Policy: p.Effective(), Claimed: claimed, Verdicts: []access.Verdict{}}
	if email == "" && addr == "" {
		return a, nil
	}
	var from netip.Addr
	if addr != "" {
		var err error
		if from, err = netip.ParseAddr(addr); err != nil {
			return a, fmt.Errorf("%.60q is not an address", addr)
		}
	}
	a.Verdicts = p.Judge(email, from, claimed)
	return a, nil
}

func (s *Service) access(ctx context.Context, call *api.Call, in accessParams) (Access, error) {
	if !owner(&call.Actor) {
		return Access{}, apierr.UserUnauthorized
	}
	claimed, err := api.Read(ctx, call, func(tx store.Tx) (bool, error) { return s.Claimed(ctx, tx) })
	if err != nil {
		return Access{}, err
	}
	return Explain(s.Policy, claimed, in.Email, string(in.IP))
}

// owner reports whether the actor owns an organization.
func owner(actor *identity.Actor) bool {
	return actor.User != nil && actor.Impersonator == nil && slices.ContainsFunc(actor.User.Memberships, func(m identity.Membership) bool {
		return slices.Contains(m.Roles, identity.RoleOwner)
	})
}
