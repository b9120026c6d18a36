package users

import (
	"context"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/core/users"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/token"
)

type listSessionsParams struct {
	UserID api.ID `param:"userId"`
	Total  bool   `param:"total" default:"true"`
}

func (s *Service) listSessions(ctx context.Context, call *api.Call, in listSessionsParams) (model.SessionList, error) {
	return api.Read(ctx, call, func(tx store.Tx) (model.SessionList, error) {
		if _, err := s.Users.Get(ctx, tx, string(in.UserID)); err != nil {
			return model.SessionList{}, err
		}
		list, err := s.Users.Sessions(ctx, tx, string(in.UserID))
		models := make([]model.Session, len(list))
		for i := range list {
			models[i] = s.Users.Show(&list[i], call.Locale, false, "")
		}
		out := model.SessionList{Sessions: models}
		if in.Total {
			out.Total = len(models)
		}
		return out, err
	})
}

type createSessionParams struct {
	UserID api.NewID `param:"userId"`
}

// createSession signs a user in for a server, which hands the secret on.
func (s *Service) createSession(ctx context.Context, call *api.Call, in createSessionParams) (model.Session, error) {
	userID := string(in.UserID)
	expires := call.Now().Add(time.Duration(call.Project.Auths.SessionDuration) * time.Second)
	session, secret := users.NewSession(call.NewID(), userID, call.Micros(), expires.UnixMicro())
	session.Provider, session.Factors = users.ByServer, []string{users.FactorServer}
	session.From(call.Client.Addr.String(), call.Client.UserAgent)
	_, err := api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		if _, err := s.Users.Get(ctx, tx, userID); err != nil {
			return api.None{}, err
		}
		return api.None{}, s.Users.Open(ctx, tx, session, call.Project.Auths.SessionLimit)
	})
	if err != nil {
		return model.Session{}, err
	}
	return s.Users.Show(session, call.Locale, false, token.Cookie{UserID: userID, Secret: secret}.Encode()), nil
}

type sessionParams struct {
	UserID    api.ID `param:"userId"`
	SessionID api.ID `param:"sessionId"`
}

func (s *Service) deleteSession(ctx context.Context, call *api.Call, in sessionParams) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		if _, err := s.Users.Get(ctx, tx, string(in.UserID)); err != nil {
			return api.None{}, err
		}
		session, err := s.Users.Session(ctx, tx, string(in.UserID), string(in.SessionID))
		if err != nil {
			return api.None{}, err
		}
		return api.None{}, s.Users.Close(ctx, tx, session)
	})
}

func (s *Service) deleteSessions(ctx context.Context, call *api.Call, in userParams) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		if _, err := s.Users.Get(ctx, tx, string(in.UserID)); err != nil {
			return api.None{}, err
		}
		return api.None{}, s.Users.CloseAll(ctx, tx, string(in.UserID), "")
	})
}

type tokenParams struct {
	UserID api.ID `param:"userId"`
	Length int    `param:"length" min:"4" max:"128" default:"6" doc:"Length of the secret."`
	Expire int    `param:"expire" min:"60" max:"31536000" default:"900" doc:"For how long the token is valid, in seconds."`
}

// createToken makes a token with which a user signs in, for a server to hand on.
func (s *Service) createToken(ctx context.Context, call *api.Call, in tokenParams) (model.Token, error) {
	secret := token.NewHex(in.Length)
	expires := call.Now().Add(time.Duration(in.Expire) * time.Second)
	t := users.NewToken(call.NewID(), string(in.UserID), users.GenericToken, secret, call.Micros(), expires.UnixMicro())
	t.IP, t.UserAgent = call.Client.Addr.String(), call.Client.UserAgent[:min(len(call.Client.UserAgent), 1024)]
	_, err := api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		if _, err := s.Users.Get(ctx, tx, string(in.UserID)); err != nil {
			return api.None{}, err
		}
		return api.None{}, s.Users.Issue(ctx, tx, t)
	})
	if err != nil {
		return model.Token{}, err
	}
	return t.Model(secret, ""), nil
}

type jwtParams struct {
	UserID    api.ID `param:"userId"`
	SessionID api.ID `param:"sessionId" default:"\"recent\"" doc:"Session that the token is of, or \"recent\" for the last one."`
	Duration  int    `param:"duration" min:"0" max:"3600" default:"900" doc:"For how long the token is valid, in seconds."`
}

// createJWT makes a token that acts as a user. It ends with its session; one of
// a user without a session is marked, and lives for a short time only.
func (s *Service) createJWT(ctx context.Context, call *api.Call, in jwtParams) (model.JWT, error) {
	claims, err := api.Read(ctx, call, func(tx store.Tx) (token.UserClaims, error) {
		claims := token.UserClaims{UserID: string(in.UserID), Server: true}
		if _, err := s.Users.Get(ctx, tx, claims.UserID); err != nil {
			return claims, err
		}
		list, err := s.Users.Sessions(ctx, tx, claims.UserID)
		for _, session := range list {
			if in.SessionID == "recent" || session.ID == string(in.SessionID) {
				claims.SessionID, claims.Server = session.ID, false
			}
		}
		return claims, err
	})
	if err != nil {
		return model.JWT{}, err
	}
	life := time.Duration(in.Duration) * time.Second
	if claims.Server {
		life = min(life, token.MaxServerLife)
	}
	key, err := s.Tokens.TokenKey(call.Project.ID, token.UserJWT.Name)
	if err != nil {
		return model.JWT{}, err
	}
	signer := token.Signer{Kind: token.UserJWT, Project: call.Project.ID, Key: key}
	text, err := signer.Mint(claims, call.NewID(), call.Now(), life)
	return model.JWT{JWT: text}, err
}

func (s *Service) sessions() []api.Endpoint {
	write := []string{"users.write", "sessions.write"}
	ended := api.Audit{Event: "session.delete", Resource: "user/{userId}"}
	return []api.Endpoint{
		api.New(spec(api.Spec{
			Name: "users.listSessions", Method: "GET", Path: user + "/sessions", Model: "sessionList",
			Summary: "List the sessions of a user.", Scopes: []string{"users.read", "sessions.read"},
		}), s.listSessions),
		api.New(spec(api.Spec{
			Name: "users.createSession", Method: "POST", Path: user + "/sessions", Status: 201, Model: "session",
			Summary: "Sign a user in.", Scopes: write,
			Event: "users.[userId].sessions.[sessionId].create", Audit: api.Audit{Event: "session.create", Resource: "user/{userId}"},
		}), s.createSession),
		api.New(spec(api.Spec{
			Name: "users.deleteSessions", Method: "DELETE", Path: user + "/sessions",
			Summary: "End all sessions of a user.", Scopes: write,
			Event: "users.[userId].sessions.delete", Audit: ended,
		}), s.deleteSessions),
		api.New(spec(api.Spec{
			Name: "users.deleteSession", Method: "DELETE", Path: user + "/sessions/{sessionId}",
			Summary: "End a session of a user.", Scopes: write,
			Event: "users.[userId].sessions.[sessionId].delete", Audit: ended,
		}), s.deleteSession),
		api.New(spec(api.Spec{
			Name: "users.createToken", Method: "POST", Path: user + "/tokens", Status: 201, Model: "token",
			Summary: "Make a secret with which a user signs in once.",
			Event:   "users.[userId].tokens.[tokenId].create", Audit: api.Audit{Event: "tokens.create", Resource: "user/{userId}"},
		}), s.createToken),
		api.New(spec(api.Spec{
			Name: "users.createJWT", Method: "POST", Path: user + "/jwts", Status: 201, Model: "jwt",
			Summary: "Make a JSON Web Token that acts as a user.",
			Audit:   api.Audit{Event: "jwt.create", Resource: "user/{userId}"},
		}), s.createJWT),
	}
}
