package teams

import (
	"context"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/access"
	"moorfast/internal/core/teams"
	"moorfast/internal/core/users"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/token"
)

type acceptParams struct {
	TeamID       api.ID `param:"teamId"`
	MembershipID api.ID `param:"membershipId"`
	UserID       api.ID `param:"userId"`
	Secret       string `param:"secret" max:"256"`
}

// updateMembershipStatus accepts an invitation, and signs in who is not.
func (s *Service) updateMembershipStatus(ctx context.Context, call *api.Call, in acceptParams) (model.Membership, error) {
	var entered login
	joined, err := api.Write(ctx, call, func(tx store.Tx) (p place, err error) {
		if p, err = s.invited(ctx, tx, call, in); err != nil {
			return p, err
		}
		r, err := s.Users.Get(ctx, tx, p.m.UserID)
		if err != nil {
			return p, err
		}
		if err := s.welcome(call, p.m, r); err != nil {
			return p, err
		}
		p.m.Join(call.Micros())
		if err := s.Teams.Change(ctx, tx, p.m, true); err != nil {
			return p, err
		}
		if err := s.arrived(ctx, tx, call, p.m, r); err != nil || call.Actor.User != nil {
			return p, err
		}
		entered = newLogin(call, p.m, r)
		return p, s.Users.Open(ctx, tx, entered.Session, call.Project.Auths.SessionLimit)
	})
	if err != nil {
		return model.Membership{}, err
	}
	if entered.Session != nil {
		call.SetSession(entered.cookie, time.UnixMicro(entered.ExpiresAt))
	}
	return s.model(ctx, call, joined, everything) // it is his own
}

// invited finds the invitation that a secret accepts.
func (s *Service) invited(ctx context.Context, tx store.Tx, call *api.Call, in acceptParams) (p place, err error) {
	if p.m, err = s.Teams.Membership(ctx, tx, string(in.MembershipID)); err != nil {
		return p, err
	}
	if p.team, err = s.Teams.Get(ctx, tx, string(in.TeamID)); err != nil {
		return p, err
	}
	email, stranger := "", false
	if u := call.Actor.User; u != nil {
		email, stranger = u.Email, u.ID != p.m.UserID
	}
	switch {
	case p.m.TeamID != p.team.ID:
		return p, apierr.TeamMembershipMismatch
	case !token.Matches(in.Secret, p.m.Secret.Reveal()):
		return p, apierr.TeamInvalidSecret
	case stranger || p.m.UserID != string(in.UserID):
		return p, apierr.TeamInviteMismatch.Detail("Invite does not belong to current user (%s)", email)
	case p.m.Confirm:
		return p, apierr.MembershipAlreadyConfirmed
	case p.m.ExpiresAt > 0 && p.m.ExpiresAt < call.Micros():
		return p, apierr.TeamInvalidSecret.Detail("The invitation has expired. Ask for another.")
	}
	return p, nil
}

// welcome decides whether an invited user may come in. A secret that was sent
// to him proves who he is. One that the inviter handed over proves nothing,
// since the inviter has it too: it is for who has signed in already, and for an
// account that it was made for and that nobody was ever in. Else whoever owns an
// organization could invite anybody, and enter in his name.
func (s *Service) welcome(call *api.Call, m *teams.Membership, r *users.User) error {
	_, factor := proof(m, r)
	switch {
	case !r.Active:
		return apierr.UserBlocked
	case call.Actor.User == nil && factor == users.FactorToken && !untouched(r):
		return apierr.UserUnauthorized.Detail("Sign in to accept this invitation.")
	case !call.Project.IsConsole():
		return nil
	}
	who := access.Person{Email: r.EmailText(), Addr: call.Client.Addr, Invited: r.Invited}
	if untouched(r) {
		return s.Console.SignUp(who)
	}
	return s.Console.SignIn(who)
}

// proof is what the secret of an invitation proves: the provider and the factor
// of a session that is opened with it.
func proof(m *teams.Membership, r *users.User) (provider, factor string) {
	switch m.SentTo {
	case "":
	case r.EmailText():
		return users.ByEmail, users.FactorEmail
	case r.PhoneText():
		return users.ByPhone, users.FactorPhone
	}
	return users.ByToken, users.FactorToken
}

// untouched reports whether an invitation made an account, and nobody has ever
// been in it.
func untouched(r *users.User) bool {
	return r.Invited && !r.Password.Set() && r.PasswordUpdate == nil &&
		!r.EmailVerified && !r.PhoneVerified && r.AccessedAt <= r.Registration
}

// arrived notes what an accepted invitation says of its user: that what was sent
// to him has reached him, and that he was here.
func (s *Service) arrived(ctx context.Context, tx store.Tx, call *api.Call, m *teams.Membership, r *users.User) error {
	_, factor := proof(m, r)
	r.EmailVerified = r.EmailVerified || factor == users.FactorEmail
	r.PhoneVerified = r.PhoneVerified || factor == users.FactorPhone
	r.AccessedAt = max(call.Micros(), r.Registration+1) // from now on he is not untouched
	return s.Users.Update(ctx, tx, r, "email_verification", "phone_verification", "accessed_at")
}

// login is a session that is about to be opened, with what only its holder gets.
type login struct {
	*users.Session
	cookie string
}

func newLogin(call *api.Call, m *teams.Membership, r *users.User) login {
	expires := call.Now().Add(time.Duration(call.Project.Auths.SessionDuration) * time.Second)
	session, secret := users.NewSession(call.NewID(), r.ID, call.Micros(), expires.UnixMicro())
	provider, factor := proof(m, r)
	session.Provider, session.ProviderUID, session.Factors = provider, m.SentTo, []string{factor}
	session.From(call.Client.Addr.String(), call.Client.UserAgent)
	return login{session, token.Cookie{UserID: r.ID, Secret: secret}.Encode()}
}
