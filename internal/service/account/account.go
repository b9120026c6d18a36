// Package account serves a user's own account: signing up and in, the profile,
// sessions, tokens, and the factors that prove who he is.
package account

import (
	"context"
	"net/url"
	"slices"
	"sync"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/access"
	"moorfast/internal/core/users"
	"moorfast/internal/identity"
	"moorfast/internal/model"
	"moorfast/internal/project"
	"moorfast/internal/store"
)

// Tokens hands out the keys that tokens are signed with.
type Tokens interface {
	TokenKey(project, typ string) ([]byte, error)
}

// Mailer sends what a user is to get by mail.
type Mailer interface {
	Send(ctx context.Context, p *project.Project, m Mail) error
}

// Mail is one mail to a user. What its kind has no use for is "".
type Mail struct {
	Kind     MailKind
	To, Name string
	Locale   string
	Link     string
	Code     string
	Phrase   string
}

// MailKind names a template of the contract.
type MailKind string

// The kinds of mails.
const (
	VerificationMail MailKind = "verification"
	MagicMail        MailKind = "magicSession"
	RecoveryMail     MailKind = "recovery"
	CodeMail         MailKind = "otpSession"
	ChallengeMail    MailKind = "mfaChallenge"
)

// Texter sends a code to a phone.
type Texter interface {
	Text(ctx context.Context, p *project.Project, number, code, locale string) error
}

// Service serves the account endpoints.
type Service struct {
	Users     *users.Users
	Passwords users.Passwords
	Tokens    Tokens
	Console   *access.Policy
	Mailer    Mailer // nil where mail is not set up
	Texter    Texter // nil where there is no provider of text messages

	// HideUnknown has recovery answer for every address as if there were a user
	// with it, on projects as it does on the console (P-3).
	HideUnknown bool

	root sync.Mutex // held by whoever is becoming the console's root
}

// Endpoints is the table of this service.
func (s *Service) Endpoints() []api.Endpoint {
	return slices.Concat(s.profile(), s.sessions(), s.tokens(), s.verifications(), s.factors(), s.targets(), s.providers())
}

const (
	clients = identity.Session | identity.JWT | identity.Admin
	anyone  = clients | identity.Guest | identity.Key
)

type none struct{}

// me is the id of the user whose account the call is about. An admin at work on
// a project is a user of the console, and none of the project.
func me(call *api.Call) (string, error) {
	if call.Actor.User == nil || call.Actor.Kind == identity.Admin {
		return "", apierr.UserUnauthorized
	}
	return call.Actor.User.ID, nil
}

// change changes the caller's own account, and returns it.
func (s *Service) change(ctx context.Context, call *api.Call, fn func(tx store.Tx, r *users.User) error) (model.Account, error) {
	id, err := me(call)
	if err != nil {
		return model.Account{}, err
	}
	return api.Write(ctx, call, func(tx store.Tx) (model.Account, error) {
		r, err := s.Users.Get(ctx, tx, id)
		if err != nil {
			return model.Account{}, err
		}
		if err := fn(tx, r); err != nil {
			return model.Account{}, err
		}
		return s.model(ctx, tx, call, r)
	})
}

func (s *Service) model(ctx context.Context, tx store.Tx, call *api.Call, r *users.User) (model.Account, error) {
	targets, err := s.Users.Targets(ctx, tx, r.ID)
	return r.Account(targets[r.ID], call.Actor.Impersonator), err
}

// myself reads the caller's own row.
func (s *Service) myself(ctx context.Context, call *api.Call) (*users.User, error) {
	id, err := me(call)
	if err != nil {
		return nil, err
	}
	return api.Read(ctx, call, func(tx store.Tx) (*users.User, error) { return s.Users.Get(ctx, tx, id) })
}

// person is who stands at the console's door.
func person(call *api.Call, r *users.User) access.Person {
	return access.Person{Email: r.EmailText(), Addr: call.Client.Addr, Invited: r.Invited, Setup: call.Client.Setup, At: call.Now()}
}

// link adds to the query of an address.
func link(address string, query map[string]string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	for name, value := range query {
		q.Set(name, value)
	}
	u.RawQuery = q.Encode()
	return u.String()
}
