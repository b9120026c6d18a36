package gateway

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"moorfast/internal/apierr"
	"moorfast/internal/identity"
	"moorfast/internal/project"
	"moorfast/internal/secevent"
	"moorfast/internal/token"
)

// The prefixes that tell the types of API keys apart.
const (
	standardKey     = "standard"
	ephemeralKey    = "ephemeral"
	dynamicKey      = "dynamic" // the older name of ephemeral
	accountKey      = "account"
	organizationKey = "organization"
)

// errNoKey says that a text is no API key that this server knows.
var errNoKey = errors.New("no such key")

// key makes an application of who shows an API key. A project's key wins over a
// session that came with it. A text that is no key makes a guest, who then
// lacks the scopes.
func (g *Gateway) key(ctx context.Context, p *project.Project, c *Credentials, actor identity.Actor, now time.Time) (identity.Actor, *identity.APIKey, error) {
	guest := identity.Actor{Kind: identity.Guest, Roles: identity.RolesOf(nil)}.
		As(identity.RoleGuests, identity.ScopesOf(identity.RoleGuests), false)
	kind, _, prefixed := strings.Cut(c.Key, "_")
	if !prefixed {
		kind = standardKey // keys of before there were types
	}
	var key *identity.APIKey
	var err error
	switch kind {
	case standardKey:
		if p.IsConsole() {
			return guest, nil, apierr.ProjectIDMissing
		}
		if key, err = g.Projects.Key(ctx, p.ID, c.Key); err == nil && key == nil {
			err = errNoKey
		}
	case ephemeralKey, dynamicKey:
		key, err = g.ephemeral(p, c.Key[len(kind)+1:], now)
	case accountKey:
		if actor.User != nil {
			return guest, nil, apierr.UserKeyAndSessionSet
		}
		if c.KeyUser == "" {
			return guest, nil, apierr.UserIDMissing
		}
		err = errNoKey
	case organizationKey:
		if c.Organization == "" {
			return guest, nil, apierr.OrganizationIDMissing
		}
		err = errNoKey
	default:
		err = errNoKey
	}
	switch {
	case errors.Is(err, errNoKey):
		return guest, nil, nil
	case err != nil:
		return guest, nil, err
	case !key.ExpiresAt.IsZero() && !key.ExpiresAt.After(now):
		return guest, nil, apierr.ProjectKeyExpired
	case !key.Holds(c.Client.Addr):
		g.Events.Emit(ctx, secevent.Event{Kind: secevent.KeyElsewhere, Project: p.ID, Address: addr(c.Client.Addr), Details: map[string]string{"keyId": key.ID}})
		return guest, nil, apierr.UserUnauthorized.Detail("The API key may not be used from this address.")
	}
	scopes := append(slices.Clip(key.Scopes), identity.ScopesOf(identity.RoleKeys)...)
	application := identity.Actor{Kind: identity.Key, KeyID: key.ID}.As("applications", scopes, true)
	return application, key, nil
}

// ephemeral reads a key that is a token: it says itself what it may do.
func (g *Gateway) ephemeral(p *project.Project, text string, now time.Time) (*identity.APIKey, error) {
	secret, err := g.Tokens.TokenKey(p.ID, token.EphemeralKey.Name)
	if err != nil {
		return nil, err
	}
	var claims struct {
		ProjectID string   `json:"projectId"`
		Scopes    []string `json:"scopes"`
	}
	if err := (token.Signer{Kind: token.EphemeralKey, Project: p.ID, Key: secret}).Verify(text, now, &claims); err != nil || claims.ProjectID != p.ID {
		return nil, apierr.ProjectKeyExpired
	}
	return &identity.APIKey{ID: "ephemeral", Scopes: claims.Scopes, AccessedAt: now}, nil
}
