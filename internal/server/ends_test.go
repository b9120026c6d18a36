package server_test

import (
	"testing"
	"time"

	"moorfast/internal/server/servertest"
)

// TestSessionsAndTheirTokensEndAtOnce shows a session, a token of it, and a token
// that a server made for the user without one, before and after what ends them.
func TestSessionsAndTheirTokensEndAtOnce(t *testing.T) {
	for _, test := range []struct {
		name    string
		end     func(p servertest.Project, user, other *servertest.Client)
		session [2]string // of another device: what GET /account then says
		token   [2]string // of that session
		server  [2]string // of no session
	}{
		{
			"the other device signs out", func(_ servertest.Project, _, other *servertest.Client) {
				other.Must("DELETE", "/account/sessions/current", nil)
			},
			[2]string{"401", "general_unauthorized_scope"},
			[2]string{"401", "general_unauthorized_scope"},
			[2]string{"200", ""},
		},
		{
			"all sessions are ended", func(_ servertest.Project, user, _ *servertest.Client) {
				user.Must("DELETE", "/account/sessions", nil)
			},
			[2]string{"401", "general_unauthorized_scope"},
			[2]string{"401", "general_unauthorized_scope"},
			[2]string{"200", ""},
		},
		{
			"the password changes", func(_ servertest.Project, user, _ *servertest.Client) {
				user.Must("PATCH", "/account/password", servertest.M{"password": wrong, "oldPassword": right})
			},
			[2]string{"401", "general_unauthorized_scope"},
			[2]string{"401", "general_unauthorized_scope"},
			[2]string{"401", "user_jwt_invalid"},
		},
		{
			"a server sets the password", func(p servertest.Project, _, _ *servertest.Client) {
				p.Key.Must("PATCH", "/users/walter/password", servertest.M{"password": wrong})
			},
			[2]string{"401", "general_unauthorized_scope"},
			[2]string{"401", "general_unauthorized_scope"},
			[2]string{"401", "user_jwt_invalid"},
		},
		{
			"the user is blocked", func(p servertest.Project, _, _ *servertest.Client) {
				p.Key.Must("PATCH", "/users/walter/status", servertest.M{"status": false})
			},
			[2]string{"403", "user_blocked"},
			[2]string{"403", "user_blocked"},
			[2]string{"403", "user_blocked"},
		},
		{
			"a second factor is asked for", func(p servertest.Project, user, _ *servertest.Client) {
				p.Key.Must("PATCH", "/users/walter/verification", servertest.M{"emailVerification": true})
				user.Must("PATCH", "/account/mfa", servertest.M{"mfa": true})
			},
			[2]string{"401", "user_more_factors_required"},
			[2]string{"401", "user_more_factors_required"},
			[2]string{"200", ""},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := servertest.New(t)
			p := s.Found()
			user, other := s.Guest("X-Appwrite-Project", p.ID), s.Guest("X-Appwrite-Project", p.ID)
			user.Must("POST", "/account", servertest.M{"userId": "walter", "email": "walter@example.com", "password": right})
			none := s.Guest("X-Appwrite-Project", p.ID, "X-Appwrite-JWT", p.Key.Must("POST", "/users/walter/jwts", nil).Text("jwt"))
			user.Must("POST", signIn, login("walter@example.com", right))
			other.Must("POST", signIn, login("walter@example.com", right))
			of := s.Guest("X-Appwrite-Project", p.ID, "X-Appwrite-JWT", other.Must("POST", "/account/jwts", nil).Text("jwt"))
			stolen := other.Copy()
			for _, c := range []*servertest.Client{user, stolen, of, none} {
				c.Must("GET", "/account", nil)
			}
			s.Clock.Advance(2 * time.Second)
			test.end(p, user, other)
			for what, c := range map[string]struct {
				by   *servertest.Client
				want [2]string
			}{"session": {stolen, test.session}, "token": {of, test.token}, "token of a server": {none, test.server}} {
				a := c.by.Do("GET", "/account", nil)
				if got := [2]string{status(a), a.Text("type")}; got != c.want {
					t.Errorf("%s: got %v, want %v", what, got, c.want)
				}
			}
		})
	}
}

func status(a servertest.Answer) string {
	return map[int]string{200: "200", 401: "401", 403: "403"}[a.Status]
}
