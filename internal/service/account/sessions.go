package account

import (
	"context"
	"errors"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/users"
	"moorfast/internal/identity"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/token"
)

// login is a session that is about to be opened, with what only its holder gets.
type login struct {
	*users.Session
	cookie string
}

// newLogin makes a session for the client that calls.
func newLogin(call *api.Call, userID, provider, uid string, factors ...string) login {
	s, secret := users.NewSession(call.NewID(), userID, call.Micros(), expiry(call))
	s.Provider, s.ProviderUID, s.Factors = provider, uid, factors
	s.From(call.Client.Addr.String(), call.Client.UserAgent)
	call.Subject(userID, "", "")
	return login{s, token.Cookie{UserID: userID, Secret: secret}.Encode()}
}

func expiry(call *api.Call) int64 {
	return call.Now().Add(time.Duration(call.Project.Auths.SessionDuration) * time.Second).UnixMicro()
}

func (s *Service) open(ctx context.Context, tx store.Tx, call *api.Call, l login) error {
	return s.Users.Open(ctx, tx, l.Session, call.Project.Auths.SessionLimit)
}

// hand gives an opened session to the client: in a cookie, and to a server in
// the answer as well.
func (s *Service) hand(call *api.Call, l login) model.Session {
	call.SetSession(l.cookie, time.UnixMicro(l.ExpiresAt))
	secret := ""
	if call.Actor.Server() {
		secret = l.cookie
	}
	return s.Users.Show(l.Session, call.Locale, true, secret)
}

// welcome decides whether a user who has proved himself may come in.
func (s *Service) welcome(call *api.Call, r *users.User) error {
	if !r.Active {
		return apierr.UserBlocked
	}
	if call.Project.IsConsole() {
		return s.Console.SignIn(person(call, r))
	}
	return nil
}

type emailSessionParams struct {
	Email    api.Email    `param:"email"`
	Password api.Password `param:"password"`
}

func (s *Service) createEmailPasswordSession(ctx context.Context, call *api.Call, in emailSessionParams) (model.Session, error) {
	r, err := api.Read(ctx, call, func(tx store.Tx) (*users.User, error) {
		r, err := s.Users.ByEmail(ctx, tx, string(in.Email))
		if errors.Is(err, apierr.UserNotFound) {
			return nil, nil // and it takes as long to say so
		}
		return r, err
	})
	if err != nil {
		return model.Session{}, err
	}
	next, err := s.Passwords.Verify(ctx, r, string(in.Password))
	if err != nil {
		return model.Session{}, err
	}
	if err := s.welcome(call, r); err != nil {
		return model.Session{}, err
	}
	shown := proof{was: r.PasswordUpdate, next: next}
	l := newLogin(call, r.ID, users.ByEmail, string(in.Email), users.FactorPassword)
	call.Subject(r.ID, r.Name, r.EmailText())
	_, err = api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		r, err := s.Users.Get(ctx, tx, r.ID)
		if err != nil {
			return api.None{}, err
		}
		if err := s.apply(ctx, tx, call, r, shown); err != nil {
			return api.None{}, err
		}
		return api.None{}, s.open(ctx, tx, call, l)
	})
	if err != nil {
		return model.Session{}, err
	}
	return s.hand(call, l), nil
}

func (s *Service) createAnonymousSession(ctx context.Context, call *api.Call, _ none) (model.Session, error) {
	if call.Project.IsConsole() {
		return model.Session{}, apierr.UserAnonymousConsole
	}
	r := users.NewUser(call.NewID(), call.Micros())
	l := newLogin(call, r.ID, users.ByAnonymous, "", users.FactorAnonymous)
	_, err := api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		if err := s.admit(ctx, tx, call, r, apierr.UserCountExceeded); err != nil {
			return api.None{}, err
		}
		return api.None{}, s.open(ctx, tx, call, l)
	})
	if err != nil {
		return model.Session{}, err
	}
	return s.hand(call, l), nil
}

type tokenSessionParams struct {
	UserID api.NewID `param:"userId"`
	Secret string    `param:"secret" max:"256"`
}

// proofs are the kinds of tokens that sign a user in, with the provider and the
// factor of the session.
var proofs = map[users.TokenKind]struct{ provider, factor string }{
	users.MagicURLToken: {users.ByMagicURL, users.FactorEmail},
	users.EmailToken:    {users.ByToken, users.FactorEmail},
	users.PhoneToken:    {users.ByPhone, users.FactorPhone},
	users.GenericToken:  {users.ByToken, users.FactorToken},
}

// createSession signs in with a token, whichever of the endpoints it came by.
func (s *Service) createSession(ctx context.Context, call *api.Call, in tokenSessionParams) (model.Session, error) {
	userID := string(in.UserID)
	var l login
	_, err := api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		r, err := s.Users.Get(ctx, tx, userID)
		if errors.Is(err, apierr.UserNotFound) {
			return api.None{}, apierr.UserInvalidToken
		}
		if err != nil {
			return api.None{}, err
		}
		t, err := s.Users.Redeem(ctx, tx, userID, in.Secret, users.MagicURLToken, users.EmailToken, users.PhoneToken, users.GenericToken)
		if err != nil {
			return api.None{}, err
		}
		if err := s.welcome(call, r); err != nil {
			return api.None{}, err
		}
		if err := s.reached(ctx, tx, r, t.Kind); err != nil {
			return api.None{}, err
		}
		how := proofs[t.Kind]
		l = newLogin(call, userID, how.provider, "", how.factor)
		return api.None{}, s.open(ctx, tx, call, l)
	})
	if errors.Is(err, apierr.UserInvalidToken) {
		err = errors.Join(s.miss(ctx, call, userID), err)
	}
	if err != nil {
		return model.Session{}, err
	}
	return s.hand(call, l), nil
}

// reached notes that a user's address or number is his: what was sent there
// came back.
func (s *Service) reached(ctx context.Context, tx store.Tx, r *users.User, kind users.TokenKind) error {
	switch kind {
	case users.MagicURLToken, users.EmailToken:
		r.EmailVerified = true
		return s.Users.Update(ctx, tx, r, "email_verification")
	case users.PhoneToken:
		r.PhoneVerified = true
		return s.Users.Update(ctx, tx, r, "phone_verification")
	}
	return nil
}

// miss counts a wrong secret of a user.
func (s *Service) miss(ctx context.Context, call *api.Call, userID string) error {
	return api.Aside(ctx, call, func(tx store.Tx) error { return s.Users.Miss(ctx, tx, userID) })
}

func (s *Service) listSessions(ctx context.Context, call *api.Call, _ none) (model.SessionList, error) {
	id, err := me(call)
	if err != nil {
		return model.SessionList{}, err
	}
	return api.Read(ctx, call, func(tx store.Tx) (model.SessionList, error) {
		list, err := s.Users.Sessions(ctx, tx, id)
		models := make([]model.Session, len(list))
		for i := range list {
			models[i] = s.Users.Show(&list[i], call.Locale, list[i].ID == call.Actor.SessionID, "")
		}
		return model.SessionList{Total: len(models), Sessions: models}, err
	})
}

type sessionParams struct {
	SessionID api.ID `param:"sessionId" default:"\"current\""`
}

// session finds one of the caller's sessions, which may be "current".
func (s *Service) session(ctx context.Context, tx store.Tx, call *api.Call, id string) (*users.Session, error) {
	user, err := me(call)
	if err != nil {
		return nil, err
	}
	if id == "current" {
		id = call.Actor.SessionID
	}
	return s.Users.Session(ctx, tx, user, id)
}

func (s *Service) getSession(ctx context.Context, call *api.Call, in sessionParams) (model.Session, error) {
	return api.Read(ctx, call, func(tx store.Tx) (model.Session, error) {
		row, err := s.session(ctx, tx, call, string(in.SessionID))
		if err != nil {
			return model.Session{}, err
		}
		return s.Users.Show(row, call.Locale, row.ID == call.Actor.SessionID, ""), nil
	})
}

func (s *Service) updateSession(ctx context.Context, call *api.Call, in sessionParams) (model.Session, error) {
	return api.Write(ctx, call, func(tx store.Tx) (model.Session, error) {
		row, err := s.session(ctx, tx, call, string(in.SessionID))
		if err != nil {
			return model.Session{}, err
		}
		row.ExpiresAt = expiry(call)
		if call.Project.IsConsole() { // where its life is counted from the sign-in (S-2)
			row.ExpiresAt = row.CreatedAt + int64(call.Project.Auths.SessionDuration)*time.Second.Microseconds()
		}
		err = s.Users.UpdateSession(ctx, tx, row, "expires_at")
		return s.Users.Show(row, call.Locale, row.ID == call.Actor.SessionID, ""), err
	})
}

func (s *Service) deleteSession(ctx context.Context, call *api.Call, in sessionParams) (api.None, error) {
	row, err := api.Write(ctx, call, func(tx store.Tx) (*users.Session, error) {
		row, err := s.session(ctx, tx, call, string(in.SessionID))
		if err != nil {
			return nil, err
		}
		return row, s.Users.Close(ctx, tx, row)
	})
	if err == nil && row.ID == call.Actor.SessionID {
		call.ClearSession()
	}
	return api.None{}, err
}

func (s *Service) deleteSessions(ctx context.Context, call *api.Call, _ none) (api.None, error) {
	id, err := me(call)
	if err != nil {
		return api.None{}, err
	}
	_, err = api.Write(ctx, call, func(tx store.Tx) (api.None, error) { return api.None{}, s.Users.CloseAll(ctx, tx, id, "") })
	if err == nil {
		call.ClearSession()
	}
	return api.None{}, err
}

type jwtParams struct {
	Duration int `param:"duration" min:"0" max:"3600" default:"900" doc:"For how long the token is valid, in seconds."`
}

func (s *Service) createJWT(ctx context.Context, call *api.Call, in jwtParams) (model.JWT, error) {
	id, err := me(call)
	switch {
	case err != nil:
		return model.JWT{}, err
	case call.Actor.Kind == identity.JWT:
		return model.JWT{}, apierr.UserJWTCreationDenied
	case call.Actor.SessionID == "":
		return model.JWT{}, apierr.UserSessionNotFound
	}
	key, err := s.Tokens.TokenKey(call.Project.ID, token.UserJWT.Name)
	if err != nil {
		return model.JWT{}, err
	}
	signer := token.Signer{Kind: token.UserJWT, Project: call.Project.ID, Key: key}
	claims := token.UserClaims{UserID: id, SessionID: call.Actor.SessionID}
	text, err := signer.Mint(claims, call.NewID(), call.Now(), time.Duration(in.Duration)*time.Second)
	return model.JWT{JWT: text}, err
}
