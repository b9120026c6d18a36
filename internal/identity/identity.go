// Package identity says who is calling, how they proved it, and what they may do.
package identity

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Kind is how an actor proved who they are.
type Kind uint8

// The kinds of proof, as a set.
const (
	Guest        Kind = 1 << iota // nothing was proved
	Session                       // a session cookie or header
	JWT                           // a token made from a session, or for a user
	Key                           // an API key of the project
	Admin                         // a console user working on a project
	Organization                  // an API key of an organization
)

// Names of roles that decide what an actor may do at all. They are the
// contract's, as are the scopes of each; see [ScopesOf].
const (
	RoleGuests    = "guests"
	RoleUsers     = "users"
	RoleKeys      = "keys"
	RoleOwner     = "owner"
	RoleDeveloper = "developer"
	RoleAdmin     = "admin"
)

// Actor is the authenticated caller of one request.
type Actor struct {
	Kind Kind

	// User is who acts, and nil for guests and keys. Impersonator is who really
	// calls, where a user acts as another.
	User         *User
	Impersonator *User
	SessionID    string // of User, where a session or its JWT was shown

	KeyID string // of the API key, "" where none was shown

	// Roles are what permissions are matched against: "any", "user:x", "team:y/owner".
	Roles []string

	role      string // of the contract, for messages
	scopes    []string
	unchecked bool
}

// As returns the actor with its role, the scopes it was granted, and whether
// permissions are left unchecked for it, as for keys and console admins.
func (a Actor) As(role string, scopes []string, unchecked bool) Actor {
	a.role, a.scopes, a.unchecked = role, scopes, unchecked
	return a
}

// UserID is the id of the user, or "".
func (a Actor) UserID() string {
	if a.User == nil {
		return ""
	}
	return a.User.ID
}

// Server reports whether the actor is a program with an API key, or a console
// admin of the project. Permissions are not checked for it, and it sees what
// models hide from others.
func (a Actor) Server() bool { return a.unchecked }

// Has reports whether the actor was granted one of the scopes; none means all may.
func (a Actor) Has(scopes ...string) bool {
	if len(scopes) == 0 {
		return true
	}
	for _, s := range scopes {
		if slices.Contains(a.scopes, s) {
			return true
		}
	}
	return false
}

// Grant returns the actor with one more scope.
func (a Actor) Grant(scope string) Actor {
	a.scopes = append(slices.Clip(a.scopes), scope)
	return a
}

// Role names the actor's role as the contract's messages do.
func (a Actor) Role() string { return a.role }

// Is reports whether the actor holds a permission role, such as "team:x/owner".
func (a Actor) Is(role string) bool { return slices.Contains(a.Roles, role) }

// User is a user as far as deciding about a request goes. It is shared between
// requests, and never changed.
type User struct {
	ID, Email, Name, Phone       string
	EmailVerified, PhoneVerified bool
	Blocked                      bool // its status is false
	PasswordReset                bool // it must set another password first
	MFA                          bool // and has a factor to show besides its password
	Impersonator                 bool
	Invited                      bool // an invitation made the account
	CreatedAt                    time.Time
	AccessedAt                   time.Time
	PasswordAt                   time.Time // when its password was last set, or zero
	Labels                       []string
	Sessions                     []SessionInfo
	Memberships                  []Membership // the confirmed ones
}

// SessionInfo is a session of a user.
type SessionInfo struct {
	ID           string
	SecretHash   string // SHA-256 of the secret, in hex
	ExpiresAt    time.Time
	UsedAt       time.Time // about when it was last used, where that can end it
	CreatedAt    time.Time // when its user signed in
	IP           string    // that it was opened from
	Factors      []string
	ChallengedAt time.Time // when a factor was last proved again
}

// Membership is a place in a team.
type Membership struct {
	ID, TeamID string
	Roles      []string
}

// Sees reports which of an organization's projects its member sees: all, or
// those that its roles name, such as "project-shop-developer".
func (m Membership) Sees() (all bool, projects []string) {
	for _, role := range m.Roles {
		for _, sees := range []string{RoleOwner, RoleDeveloper} {
			all = all || role == sees
			if rest, ok := strings.CutPrefix(role, "project-"); ok {
				if id, ok := strings.CutSuffix(rest, "-"+sees); ok {
					projects = append(projects, id)
				}
			}
		}
	}
	return all, projects
}

// SeesProject reports whether a member sees one of its organization's projects.
func (m Membership) SeesProject(id string) bool {
	all, some := m.Sees()
	return all || slices.Contains(some, id)
}

// APIKey is a key of a project.
type APIKey struct {
	ID         string
	Scopes     []string
	ExpiresAt  time.Time // zero for never
	AccessedAt time.Time
	SDKs       []string // that have used it

	// Networks are where it may be used from, and none is everywhere. A network
	// that is not valid contains no address.
	Networks []netip.Prefix
}

// Holds reports whether the key may be used from an address.
func (k *APIKey) Holds(addr netip.Addr) bool {
	return len(k.Networks) == 0 || slices.ContainsFunc(k.Networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// Session finds a session that is alive at t.
func (u *User) Session(id string, t time.Time) (SessionInfo, bool) {
	for _, s := range u.Sessions {
		if s.ID == id && !s.ExpiresAt.Before(t) {
			return s, true
		}
	}
	return SessionInfo{}, false
}

// Member finds the user's membership of a team.
func (u *User) Member(team string) (Membership, bool) {
	for _, m := range u.Memberships {
		if m.TeamID == team {
			return m, true
		}
	}
	return Membership{}, false
}

// RolesOf returns the permission roles of a user, or of a guest where u is nil,
// in the contract's order.
func RolesOf(u *User) []string {
	if u == nil {
		return []string{"any", RoleGuests}
	}
	verified := "/unverified"
	if u.EmailVerified || u.PhoneVerified {
		verified = "/verified"
	}
	roles := make([]string, 0, 5+3*len(u.Memberships)+len(u.Labels))
	roles = append(roles, "any", "user:"+u.ID, RoleUsers, "user:"+u.ID+verified, RoleUsers+verified)
	for _, m := range u.Memberships {
		roles = append(roles, "team:"+m.TeamID, "member:"+m.ID)
		for _, r := range m.Roles {
			roles = append(roles, "team:"+m.TeamID+"/"+r)
		}
	}
	for _, l := range u.Labels {
		roles = append(roles, "label:"+l)
	}
	return roles
}
