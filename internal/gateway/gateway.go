// Package gateway takes every call through the same steps, whatever the
// transport it came by: who calls, may they, how often, with what, and then the
// endpoint's own code. So a check can not be forgotten in one of the transports.
package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/audit"
	"moorfast/internal/guard"
	"moorfast/internal/identity"
	"moorfast/internal/limit"
	"moorfast/internal/project"
	"moorfast/internal/secevent"
	"moorfast/internal/store"
	"moorfast/internal/vault"
)

// Gateway invokes endpoints.
type Gateway struct {
	Units    api.Units
	Limiter  *limit.Limiter
	Projects Projects
	Users    Users
	Tokens   Tokens
	Console  ConsolePolicy

	// Guard slows down who guesses secrets; nil slows down nobody.
	Guard *guard.Guard

	// Strict asks for a proof that is not older than [fresh] before a sensitive
	// change (S-7).
	Strict bool

	// Events is told what an operator wants to hear of; nil tells nobody.
	Events *secevent.Bus
}

// Invoke serves one call of one endpoint, for a caller that [Gateway.Authenticate]
// has found. Its errors are rows of apierr, or have no place in an answer.
func (g *Gateway) Invoke(ctx context.Context, e *api.Endpoint, call *api.Call, values *api.Values) (any, error) {
	call.Start(e, g.Units)
	out, err := g.invoke(ctx, e, call, values)
	if err == nil {
		err = Translate(call.Settle(ctx))
	}
	if err != nil {
		g.tellRefused(ctx, call.Project, call.Client, call.Actor.UserID(), e, err)
		return nil, g.note(ctx, e, call, err)
	}
	g.tellDone(ctx, e, call)
	return out, nil
}

func (g *Gateway) invoke(ctx context.Context, e *api.Endpoint, call *api.Call, values *api.Values) (any, error) {
	if err := g.admit(e, call); err != nil {
		return nil, err
	}
	if err := g.recordable(e, call); err != nil {
		return nil, Translate(err)
	}
	if err := values.Finish(ctx, call); err != nil {
		return nil, err
	}
	in, err := e.Bind(call, values)
	if err != nil {
		return nil, err
	}
	forget, err := g.limit(ctx, e, call)
	if err != nil {
		return nil, err
	}
	end, err := g.begin(ctx, e, call)
	if err != nil {
		return nil, err
	}
	defer end(errCut)
	out, err := e.Run(ctx, call, in)
	end(err)
	if err != nil {
		return nil, Translate(err)
	}
	forget(e.Status)
	return out, nil
}

// errCut says that an endpoint did not come to its end.
var errCut = errors.New("gateway: the endpoint was cut off")

// admit decides, before anything is decoded, whether the actor may call the
// endpoint at all.
func (g *Gateway) admit(e *api.Endpoint, call *api.Call) error {
	actor, p := call.Actor, call.Project
	switch {
	case early(e) && p.IsConsole():
		return notConsole(call)
	case !actor.Server() && !p.Enabled(project.Protocol, "rest"):
		return apierr.APIDisabled
	case !actor.Server() && !p.Enabled(project.Service, e.Rules.Service):
		return apierr.ServiceDisabled
	case !actor.Has(e.Scopes...):
		return missingScopes(actor, e.Scopes)
	case e.Rules.Where == api.ProjectOnly && p.IsConsole():
		return notConsole(call)
	case e.Rules.Where == api.ConsoleOnly && !p.IsConsole():
		return apierr.AccessForbidden
	}
	if err := g.admitUser(e, call); err != nil {
		return err
	}
	m := e.Rules.AuthMethod
	if m == "" {
		return nil
	}
	if p.IsConsole() {
		if err := g.Console.Region(call.Client.Addr); err != nil {
			return err
		}
	}
	if !actor.Server() && !p.Enabled(project.Method, m) {
		return apierr.UserAuthMethodUnsupported.Detail("%s authentication is disabled for this project", authMethods[m])
	}
	return nil
}

// notConsole refuses a call for a project that came to the console, in the words
// that clients look for.
func notConsole(call *api.Call) error {
	if call.Unnamed {
		return apierr.AccessForbidden.Detail("No Appwrite project was specified. Please specify your project ID when initializing your Appwrite SDK.")
	}
	return apierr.AccessForbidden.Detail("This endpoint is not available for the console project. The Appwrite Console is a reserved project ID " +
		"and cannot be used with the Appwrite SDKs and APIs. Please check if your project ID is correct.")
}

// early tells whether an endpoint is for data that the console's project cannot
// have. The contract says so before it looks at who calls, and elsewhere after.
func early(e *api.Endpoint) bool {
	return e.Rules.Where == api.ProjectOnly && (e.Rules.Service == "databases" || e.Rules.Service == "tablesdb")
}

// authMethods are the ways to sign in, as messages call them.
var authMethods = map[string]string{
	"emailPassword": "Email / Password", "usersAuthMagicURL": "Magic URL", "emailOtp": "Email OTP",
	"anonymous": "Anonymous", "invites": "Invites", "JWT": "JWT", "phone": "Phone",
}

// challengeLife is for how long a proved factor counts as just proved.
const challengeLife = 30 * time.Minute

// fresh is how old the proof of who calls may be for a sensitive change.
const fresh = 15 * time.Minute

func (g *Gateway) admitUser(e *api.Endpoint, call *api.Call) error {
	user := call.Actor.User
	if user == nil {
		return nil
	}
	session, inSession := user.Session(call.Actor.SessionID, call.Now())
	switch {
	case user.Blocked:
		return apierr.UserBlocked
	case user.PasswordReset:
		return apierr.UserPasswordResetRequired
	case user.MFA && inSession && len(session.Factors) < 2 && !e.Rules.MFA:
		return apierr.UserMoreFactorsRequired
	case e.Rules.NoSession && call.Actor.Kind&(identity.Key|identity.Admin) == 0:
		return apierr.UserSessionAlreadyExists
	case e.Rules.Challenged && inSession && call.Now().Sub(session.ChallengedAt) > challengeLife:
		return apierr.UserChallengeRequired
	case g.Strict && e.Rules.Sensitive && !provedSince(session, inSession, call.Now().Add(-fresh)):
		return apierr.UserChallengeRequired
	}
	return nil
}

// provedSince tells whether a session was opened, or a factor proved in it, since
// then. Without a session there is no telling.
func provedSince(s identity.SessionInfo, there bool, then time.Time) bool {
	return there && (!s.CreatedAt.Before(then) || !s.ChallengedAt.Before(then))
}

func missingScopes(actor identity.Actor, scopes []string) error {
	name := "User"
	if actor.User != nil && actor.User.Email != "" {
		name = actor.User.Email
	}
	list, err := json.Marshal(scopes)
	if err != nil {
		return err
	}
	return apierr.UnauthorizedScope.Detail("%s (role: %s) missing scopes (%s)", name, actor.Role(), list)
}

// Translate finds the row for what the store could not do. Other errors stay.
func Translate(err error) error {
	var row *apierr.Error
	switch {
	case errors.As(err, &row):
		return err
	case errors.Is(err, store.ErrArgument):
		return apierr.ArgumentInvalid.Detail("A text is not in UTF-8, or holds a NUL, so that it cannot be kept.").Because(err)
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, audit.ErrUnwritable), errors.Is(err, vault.ErrNotSaved):
		return apierr.Unavailable.Because(err)
	case errors.Is(err, store.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return apierr.DatabaseTimeout.Because(err)
	}
	return err
}
