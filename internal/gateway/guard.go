package gateway

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/guard"
	"moorfast/internal/identity"
)

// begin asks the guard whether a secret may be tried, where the endpoint checks
// one. The function that it returns is told how that ended.
func (g *Gateway) begin(ctx context.Context, e *api.Endpoint, call *api.Call) (end func(error), err error) {
	none := func(error) {}
	if g.Guard == nil || e.Rules.Proof == api.NoProof || call.Actor.Server() {
		return none, nil
	}
	try, wait := g.Guard.Begin(g.attempt(ctx, e, call), call.Now())
	if wait > 0 {
		seconds := int(math.Ceil(wait.Seconds()))
		call.SetHeader("Retry-After", strconv.Itoa(seconds))
		return nil, apierr.RateLimitExceeded.Detail("There were too many attempts that failed. Try again in %d seconds.", seconds)
	}
	ended := false
	return func(err error) {
		if !ended {
			ended = true
			try.End(result(err), call.Now())
		}
	}, nil
}

// result is what an answer says of the secret: an error that is not about it says
// nothing.
func result(err error) guard.Result {
	switch {
	case err == nil:
		return guard.Succeeded
	case errors.Is(err, apierr.UserInvalidCredentials), errors.Is(err, apierr.UserInvalidToken):
		return guard.Failed
	}
	return guard.Undecided
}

func (g *Gateway) attempt(ctx context.Context, e *api.Endpoint, call *api.Call) guard.Attempt {
	a := guard.Attempt{Project: call.Project.ID, Addr: call.Client.Addr}
	known := func(id string) bool { return g.knows(ctx, a.Project, a.Addr, id, call.Now()) }
	switch e.Rules.Proof {
	case api.OfEmail:
		address := call.Param("email")
		a.Account = "email " + guard.Mailbox(address)
		a.Known = func() bool {
			id, err := g.Users.Search(ctx, a.Project, strings.ToLower(address), "")
			return err == nil && known(id)
		}
	case api.OfUserID:
		id := call.Param("userId")
		a.Account = "user " + id
		a.Known = func() bool { return known(id) }
	case api.OfCaller:
		id := call.Actor.UserID()
		a.Account = "user " + id
		a.Known = func() bool { return known(id) }
	case api.NoProof:
	}
	return a
}

// knows tells whether a user is signed in from the network of an address. When it
// can not be told, he is not.
func (g *Gateway) knows(ctx context.Context, project string, addr netip.Addr, id string, now time.Time) bool {
	if id == "" {
		return false
	}
	user, err := g.Users.Identity(ctx, project, id)
	return err == nil && user != nil && signedInFrom(user, guard.Network(addr), now)
}

func signedInFrom(user *identity.User, network netip.Prefix, now time.Time) bool {
	for _, s := range user.Sessions {
		from, err := netip.ParseAddr(s.IP)
		if err == nil && !s.ExpiresAt.Before(now) && guard.Network(from) == network {
			return true
		}
	}
	return false
}
