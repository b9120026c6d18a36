package account

import (
	"cmp"

	"moorfast/internal/api"
)

// opened is the record of a session that was opened.
var opened = api.Audit{Event: "session.create", Resource: "user/{userId}"}

const sessionCreated = "users.[userId].sessions.[sessionId].create"

// signIn is what the endpoints that open a session share. Who is signed in has
// no use for them; a server may open a session for somebody else.
func signIn(spec api.Spec) api.Spec {
	spec.Method, spec.Status, spec.Model = cmp.Or(spec.Method, "POST"), 201, "session"
	spec.Auth, spec.Scopes = anyone, []string{"sessions.write"}
	spec.Rules.NoSession = true
	spec.Event, spec.Audit = sessionCreated, opened
	return spec
}

func (s *Service) sessions() []api.Endpoint {
	ended := api.Audit{Event: "session.delete", Resource: "user/{user.$id}"}
	perUserAndClient := []string{"ip:{ip},userId:{param-userId}"}
	return []api.Endpoint{
		api.New(signIn(api.Spec{
			Name: "account.createEmailPasswordSession", Path: "/v1/account/sessions/email", Aliases: []string{"/v1/account/sessions"},
			Summary: "Sign in with an e-mail address and a password.",
			Rules:   api.Rules{AuthMethod: "emailPassword", Proof: api.OfEmail},
			Limit:   api.Limit{N: 10, Keys: []string{"url:{url},email:{param-email}"}, Forget: []int{201}},
		}), s.createEmailPasswordSession),
		api.New(signIn(api.Spec{
			Name: "account.createAnonymousSession", Path: "/v1/account/sessions/anonymous",
			Summary: "Sign in as a new user of whom nothing is known.",
			Rules:   api.Rules{AuthMethod: "anonymous"},
			Limit:   api.Limit{N: 50, Keys: []string{"ip:{ip}"}},
		}), s.createAnonymousSession),
		api.New(signIn(api.Spec{
			Name: "account.createSession", Path: "/v1/account/sessions/token",
			Summary: "Sign in with a token.",
			Rules:   api.Rules{Proof: api.OfUserID},
			Limit:   api.Limit{N: 10, Keys: perUserAndClient, Forget: []int{201}},
		}), s.createSession),
		api.New(signIn(api.Spec{
			Name: "account.updateMagicURLSession", Method: "PUT", Path: "/v1/account/sessions/magic-url",
			Summary: "Sign in with the token of a magic URL.",
			Rules:   api.Rules{Proof: api.OfUserID},
			Limit:   api.Limit{N: 10, Keys: perUserAndClient, Forget: []int{201}},
		}), s.createSession),
		api.New(signIn(api.Spec{
			Name: "account.updatePhoneSession", Method: "PUT", Path: "/v1/account/sessions/phone",
			Summary: "Sign in with a code that was sent to a phone.",
			Rules:   api.Rules{Proof: api.OfUserID},
			Limit:   api.Limit{N: 10, Keys: perUserAndClient},
		}), s.createSession),
		api.New(own(api.Spec{
			Name: "account.listSessions", Method: "GET", Path: "/v1/account/sessions", Model: "sessionList",
			Summary: "List the user's sessions.",
		}), s.listSessions),
		api.New(own(api.Spec{
			Name: "account.deleteSessions", Method: "DELETE", Path: "/v1/account/sessions",
			Summary: "End all sessions of the user.", Rules: api.Rules{Enrol: true},
			Event: "users.[userId].sessions.[sessionId].delete", Audit: ended,
			Limit: api.Limit{N: 100, Keys: perClient},
		}), s.deleteSessions),
		api.New(own(api.Spec{
			Name: "account.getSession", Method: "GET", Path: "/v1/account/sessions/{sessionId}", Model: "session",
			Summary: "Get one of the user's sessions, or the current one.", Rules: api.Rules{Enrol: true},
		}), s.getSession),
		api.New(own(api.Spec{
			Name: "account.updateSession", Method: "PATCH", Path: "/v1/account/sessions/{sessionId}", Model: "session",
			Summary: "Extend a session.",
			Event:   "users.[userId].sessions.[sessionId].update",
			Audit:   api.Audit{Event: "session.update", Resource: "user/{user.$id}"},
			Limit:   api.Limit{N: 10, Keys: perClient},
		}), s.updateSession),
		api.New(own(api.Spec{
			Name: "account.deleteSession", Method: "DELETE", Path: "/v1/account/sessions/{sessionId}",
			Summary: "End a session.",
			Rules:   api.Rules{MFA: true},
			Event:   "users.[userId].sessions.[sessionId].delete", Audit: ended,
			Limit: api.Limit{N: 100, Keys: perClient},
		}), s.deleteSession),
		api.New(own(api.Spec{
			Name: "account.createJWT", Method: "POST", Path: "/v1/account/jwts", Aliases: []string{"/v1/account/jwt"}, Status: 201, Model: "jwt",
			Summary: "Make a JSON Web Token that acts as the user.",
			Rules:   api.Rules{AuthMethod: "JWT"},
			Limit:   api.Limit{N: 120, Per: minute, Keys: perUser},
		}), s.createJWT),
	}
}
