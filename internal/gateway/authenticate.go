package gateway

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/access"
	"moorfast/internal/identity"
	"moorfast/internal/project"
	"moorfast/internal/token"
)

// Projects is where the gateway finds the project of a call, and its keys.
type Projects interface {
	// Find returns a project, or nil where there is none of that id.
	Find(ctx context.Context, id string) (*project.Project, error)

	// Key returns the API key that a secret is, or nil where it is none of the
	// project's.
	Key(ctx context.Context, project, secret string) (*identity.APIKey, error)

	// Touch notes that the project was used, and its key by an SDK, where this
	// has not been noted for a day.
	Touch(ctx context.Context, p *project.Project, key *identity.APIKey, sdk string)
}

// Users is where the gateway finds who a user is.
type Users interface {
	// Identity returns a user of a project, or nil where there is none of that
	// id. What it returns is shared, and as of the last commit.
	Identity(ctx context.Context, project, id string) (*identity.User, error)

	// Search returns the id of the user with an e-mail address or a phone
	// number, or "" where there is none.
	Search(ctx context.Context, project, email, phone string) (string, error)

	// Touch notes that the user was here, in a session or in "", where this has not
	// been noted for a while.
	Touch(ctx context.Context, project string, u *identity.User, session string)
}

// Tokens hands out the keys that tokens are checked with.
type Tokens interface {
	TokenKey(project, typ string) ([]byte, error)
}

// ConsolePolicy decides who may use the console; see package access.
type ConsolePolicy interface {
	Visit(addr netip.Addr) error
	Region(addr netip.Addr) error
	Request(who access.Person) error
	Factors(proof access.Proof, enrolling bool) error
}

// Credentials are what a transport found in a request to tell who sent it.
type Credentials struct {
	Project      string // "" means the console
	PathProject  string // a project that an older path names; it wins
	Team         string // the organization that a console request is about, or ""
	About        string // the project that it is about, which is owned by one
	Admin        bool   // the mode
	Key          string
	KeyUser      string
	JWT          string
	Cookie       func(project string) string // the session's text, from wherever it came
	Impersonate  Target
	Client       api.Client
	Locale       string
	Organization string
	Unchanged    time.Time
	Format       string
}

// Target is whom a caller wants to act as.
type Target struct{ ID, Email, Phone string }

// Find returns the project that a request is for.
func (g *Gateway) Find(ctx context.Context, c *Credentials) (*project.Project, error) {
	id := c.Project
	if id == "" {
		id = project.Console
	}
	if c.PathProject != "" {
		c.Admin = c.Admin || id == project.Console
		id = c.PathProject
	}
	p, err := g.Projects.Find(ctx, id)
	switch {
	case err != nil:
		return nil, Translate(err)
	case p == nil:
		return nil, apierr.ProjectNotFound
	case p.IsConsole() && c.Admin:
		return nil, apierr.BadRequest.Detail("Admin mode is not allowed for console project.")
	}
	return p, nil
}

// Authenticate finds out who sent a request for an endpoint to project p.
func (g *Gateway) Authenticate(ctx context.Context, e *api.Endpoint, p *project.Project, c *Credentials) (*api.Call, error) {
	call, err := g.authenticate(ctx, e, p, c)
	if err != nil {
		g.tellRefused(ctx, p, c.Client, "", e, err)
		g.refuse(e, p, c, err)
	}
	return call, err
}

func (g *Gateway) authenticate(ctx context.Context, e *api.Endpoint, p *project.Project, c *Credentials) (*api.Call, error) {
	call := &api.Call{
		Project: p, Client: c.Client, Locale: c.Locale, Shown: c.Key != "" || c.JWT != "",
		Organization: c.Organization, Unchanged: c.Unchanged, Format: c.Format, Unnamed: c.Project == "" && c.PathProject == "",
	}
	home := p.ID // whose users may sign in here
	if c.Admin {
		home = project.Console
	}
	if c.Client.Outside && home == project.Console && !e.Rules.Open {
		return nil, apierr.RouteNotFound
	}
	now := g.Units.Now()
	actor, err := g.user(ctx, home, c, now)
	if err != nil {
		return nil, Translate(err)
	}
	if home == project.Console && c.Key == "" && !e.Rules.Open {
		if err := g.console(e, actor, c.Client, now); err != nil {
			return nil, err
		}
	}
	var key *identity.APIKey
	switch {
	case c.Key != "":
		actor, key, err = g.key(ctx, p, c, actor, now)
	case c.Admin:
		actor, err = admin(actor, p)
	default:
		actor, err = g.signedIn(ctx, e, actor, p, c)
	}
	if err != nil {
		return nil, Translate(err)
	}
	call.Actor = actor
	g.touch(ctx, home, call, key)
	return call, nil
}

// console asks whether the caller may use the console (C-6), and has shown enough
// for it (C-13).
func (g *Gateway) console(e *api.Endpoint, actor identity.Actor, client api.Client, now time.Time) error {
	u := actor.User
	if u == nil {
		return g.Console.Visit(client.Addr)
	}
	if err := g.Console.Request(access.Person{Email: u.Email, Addr: client.Addr, Invited: u.Invited}); err != nil || e.Rules.MFA {
		return err
	}
	session, inSession := u.Session(actor.SessionID, now)
	return g.Console.Factors(access.Proof{
		Owner: slices.ContainsFunc(u.Memberships, func(m identity.Membership) bool { return slices.Contains(m.Roles, identity.RoleOwner) }),
		MFA:   u.MFA, Shown: inSession && len(session.Factors) >= 2, Age: now.Sub(u.CreatedAt),
	}, e.Rules.Enrol)
}

// user finds the user by session or JWT, and makes a guest of everyone else.
func (g *Gateway) user(ctx context.Context, home string, c *Credentials, now time.Time) (identity.Actor, error) {
	guest := identity.Actor{Kind: identity.Guest}
	actor := guest
	if text := c.Cookie(home); text != "" {
		if cookie, err := token.ParseCookie(text); err == nil {
			user, err := g.Users.Identity(ctx, home, cookie.UserID)
			if err != nil {
				return guest, err
			}
			if id, ok := sessionOf(user, cookie.Secret, now); ok {
				actor = identity.Actor{Kind: identity.Session, User: user, SessionID: id}
			}
		}
	}
	if c.JWT == "" {
		return actor, nil
	}
	if actor.User != nil {
		return guest, apierr.UserJWTAndCookieSet
	}
	return g.jwt(ctx, home, c.JWT, now)
}

func sessionOf(user *identity.User, secret string, now time.Time) (id string, ok bool) {
	if user == nil {
		return "", false
	}
	for _, s := range user.Sessions {
		if token.Matches(secret, s.SecretHash) && !s.ExpiresAt.Before(now) {
			return s.ID, true
		}
	}
	return "", false
}

func (g *Gateway) jwt(ctx context.Context, home, text string, now time.Time) (identity.Actor, error) {
	guest := identity.Actor{Kind: identity.Guest}
	key, err := g.Tokens.TokenKey(home, token.UserJWT.Name)
	if err != nil {
		return guest, err
	}
	var claims struct {
		token.UserClaims

		IssuedAt int64 `json:"iat"`
	}
	if err := (token.Signer{Kind: token.UserJWT, Project: home, Key: key}).Verify(text, now, &claims); err != nil {
		return guest, apierr.UserJWTInvalid.Detail("Failed to verify JWT. %s", err)
	}
	user, err := g.Users.Identity(ctx, home, claims.UserID)
	if err != nil || user == nil {
		return guest, err
	}
	if claims.SessionID == "" {
		// Such a token ends by the clock, and with the password that was its user's
		// when it was made. It is no way to the console (S-5).
		if home == project.Console || !claims.Server || claims.IssuedAt < user.PasswordAt.Truncate(time.Second).Unix() {
			return guest, apierr.UserJWTInvalid.Detail("Failed to verify JWT. %s", token.ErrClaims)
		}
	} else if _, alive := user.Session(claims.SessionID, now); !alive {
		return guest, nil
	}
	return identity.Actor{Kind: identity.JWT, User: user, SessionID: claims.SessionID}, nil
}

// signedIn gives a user, or a guest, the scopes and roles of the project. In
// the console's own project, a member of the organization that a request is
// about has the scopes of its roles there, too.
func (g *Gateway) signedIn(ctx context.Context, e *api.Endpoint, actor identity.Actor, p *project.Project, c *Credentials) (identity.Actor, error) {
	if actor.User == nil {
		actor.Roles = identity.RolesOf(nil)
		return actor.As(identity.RoleGuests, identity.ScopesOf(identity.RoleGuests), false), nil
	}
	actor, err := g.impersonate(ctx, actor, p, c.Impersonate)
	if err != nil {
		return actor, err
	}
	actor.Roles = identity.RolesOf(actor.User)
	scopes := identity.ScopesOf(identity.RoleUsers)
	if p.IsConsole() {
		more, err := g.organizationScopes(ctx, e, actor.User, c)
		if err != nil {
			return actor, err
		}
		scopes = append(slices.Clip(scopes), more...)
	}
	actor = actor.As(identity.RoleUsers, scopes, false)
	if actor.Impersonator != nil || actor.User.Impersonator {
		actor = actor.Grant("users.read")
	}
	return actor, nil
}

// organizationScopes are those of a user's roles in the organization that a
// console request is about: the owner of the project that it names, but for
// endpoints of an organization's own projects, to which others are not there.
func (g *Gateway) organizationScopes(ctx context.Context, e *api.Endpoint, u *identity.User, c *Credentials) (scopes []string, err error) {
	team := c.Team
	if c.About != "" && e.Rules.Service != "organization" {
		about, err := g.Projects.Find(ctx, c.About)
		if err != nil || about == nil {
			return nil, err
		}
		team = about.TeamID
	}
	m, _ := u.Member(team)
	for _, role := range m.Roles {
		if rest, ok := strings.CutPrefix(role, "project-"+c.About+"-"); ok && c.About != "" {
			role = rest
		}
		scopes = append(scopes, identity.ScopesOf(role)...)
	}
	return scopes, nil
}

// admin makes a console user an admin of a project: only a member of the
// organization that owns it is one, with a role there that reaches the project.
func admin(actor identity.Actor, p *project.Project) (identity.Actor, error) {
	if actor.User == nil {
		actor.Roles = identity.RolesOf(nil)
		return actor.As(identity.RoleGuests, identity.ScopesOf(identity.RoleGuests), false), nil
	}
	m, ok := actor.User.Member(p.TeamID)
	if !ok {
		return actor, apierr.UserUnauthorized
	}
	if !m.SeesProject(p.ID) {
		return actor, apierr.ProjectNotFound
	}
	roles := identity.RolesOf(actor.User)
	scopes := []string{"teams.read", "projects.read"}
	label := ""
	for _, role := range m.Roles {
		if rest, ok := strings.CutPrefix(role, "project-"); ok {
			if role, ok = strings.CutPrefix(rest, p.ID+"-"); !ok {
				continue
			}
		}
		scopes = append(scopes, identity.ScopesOf(role)...)
		roles = append(roles, role)
		label = role
	}
	actor.Kind, actor.Roles = identity.Admin, roles
	return actor.As(label, scopes, true), nil
}

// impersonate lets a user who may do so act as another. Who is not there is
// ignored, so that nobody is found out this way.
func (g *Gateway) impersonate(ctx context.Context, actor identity.Actor, p *project.Project, t Target) (identity.Actor, error) {
	if !actor.User.Impersonator || t == (Target{}) {
		return actor, nil
	}
	id := t.ID
	if id == "" {
		var err error
		if id, err = g.Users.Search(ctx, p.ID, strings.ToLower(t.Email), t.Phone); err != nil || id == "" {
			return actor, err
		}
	}
	target, err := g.Users.Identity(ctx, p.ID, id)
	if err != nil || target == nil {
		return actor, err
	}
	actor.Impersonator, actor.User = actor.User, target
	return actor, nil
}

// touch notes who was here. It is no part of the call: a failure is not told.
func (g *Gateway) touch(ctx context.Context, home string, call *api.Call, key *identity.APIKey) {
	g.Projects.Touch(ctx, call.Project, key, call.Client.SDK)
	if u := call.Actor.User; u != nil && call.Actor.Impersonator == nil {
		g.Users.Touch(ctx, home, u, call.Actor.SessionID)
	}
}
