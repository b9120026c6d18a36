package account

import (
	"context"
	"errors"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/users"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/token"
)

// How long tokens live.
const (
	linkLife = time.Hour
	codeLife = 15 * time.Minute
)

// digits is how long a code is that people type.
const digits = 6

// answer is a new token as the client sees it: its secret goes another way,
// except to a server, which delivers it itself.
func answer(call *api.Call, t *users.Token, secret, phrase string) model.Token {
	if !call.Actor.Server() {
		secret = ""
	}
	return t.Model(secret, phrase)
}

func (s *Service) newToken(call *api.Call, userID string, kind users.TokenKind, secret string, life time.Duration) *users.Token {
	t := users.NewToken(call.NewID(), userID, kind, secret, call.Micros(), call.Now().Add(life).UnixMicro())
	t.IP = call.Client.Addr.String()
	t.UserAgent = call.Client.UserAgent[:min(len(call.Client.UserAgent), 1024)]
	return t
}

// invite issues a token that signs in the user whom find finds, or a new one.
func (s *Service) invite(ctx context.Context, call *api.Call, kind users.TokenKind, secret string, life time.Duration,
	find func(tx store.Tx) (*users.User, error), fresh *users.User,
) (*users.User, *users.Token, error) {
	var t *users.Token
	r, err := api.Write(ctx, call, func(tx store.Tx) (*users.User, error) {
		r, err := find(tx)
		switch {
		case errors.Is(err, apierr.UserNotFound):
			r = fresh
			if call.Project.IsConsole() {
				if err := s.Console.SignUp(person(call, r)); err != nil {
					return nil, err
				}
			}
			if err := s.admit(ctx, tx, call, r, apierr.UserCountExceeded); err != nil {
				return nil, err
			}
		case err != nil:
			return nil, err
		case !r.Active:
			return nil, apierr.UserBlocked
		}
		t = s.newToken(call, r.ID, kind, secret, life)
		call.Subject(r.ID, r.Name, r.EmailText())
		return r, s.Users.Issue(ctx, tx, t)
	})
	if call.Project.IsConsole() {
		s.Console.Made(fresh.ID, err == nil)
	}
	return r, t, err
}

// byEmail is [Service.invite] for an address.
func (s *Service) byEmail(ctx context.Context, call *api.Call, userID, address string, kind users.TokenKind, secret string, life time.Duration) (*users.User, *users.Token, error) {
	fresh := users.NewUser(userID, call.Micros())
	fresh.SetEmail(address)
	find := func(tx store.Tx) (*users.User, error) { return s.Users.ByEmail(ctx, tx, address) }
	return s.invite(ctx, call, kind, secret, life, find, fresh)
}

func phrase(wanted bool) string {
	if !wanted {
		return ""
	}
	return token.NewPhrase()
}

type magicParams struct {
	UserID api.NewID `param:"userId"`
	Email  api.Email `param:"email"`
	URL    string    `param:"url" min:"0" max:"2048" default:"\"\"" doc:"Page that the link in the mail leads to."`
	Phrase bool      `param:"phrase" default:"false" doc:"Also make two words that the mail and the app show alike."`
}

func (s *Service) createMagicURLToken(ctx context.Context, call *api.Call, in magicParams) (model.Token, error) {
	if err := call.CheckURL("url", in.URL); err != nil {
		return model.Token{}, err
	}
	if s.Mailer == nil {
		return model.Token{}, apierr.SMTPDisabled
	}
	secret := token.NewHex(64)
	r, t, err := s.byEmail(ctx, call, string(in.UserID), string(in.Email), users.MagicURLToken, secret, linkLife)
	if err != nil {
		return model.Token{}, err
	}
	page := in.URL
	if page == "" {
		page = home(call) + "/console/auth/magic-url"
	}
	words := phrase(in.Phrase)
	err = s.Mailer.Send(ctx, call.Project, Mail{
		Kind: MagicMail, To: r.EmailText(), Name: r.Name, Locale: call.Locale, Phrase: words,
		Link: link(page, map[string]string{"userId": r.ID, "secret": secret, "expire": model.Time(t.ExpiresAt), "project": call.Project.ID}),
	})
	return answer(call, t, secret, words), err
}

// home is the address that the client reached us at.
func home(call *api.Call) string {
	if call.Client.Secure {
		return "https://" + call.Client.Host
	}
	return "http://" + call.Client.Host
}

type emailTokenParams struct {
	UserID api.NewID `param:"userId"`
	Email  api.Email `param:"email"`
	Phrase bool      `param:"phrase" default:"false" doc:"Also make two words that the mail and the app show alike."`
}

func (s *Service) createEmailToken(ctx context.Context, call *api.Call, in emailTokenParams) (model.Token, error) {
	if s.Mailer == nil {
		return model.Token{}, apierr.SMTPDisabled
	}
	code := token.NewCode(digits)
	r, t, err := s.byEmail(ctx, call, string(in.UserID), string(in.Email), users.EmailToken, code, codeLife)
	if err != nil {
		return model.Token{}, err
	}
	words := phrase(in.Phrase)
	err = s.Mailer.Send(ctx, call.Project, Mail{
		Kind: CodeMail, To: r.EmailText(), Name: r.Name, Locale: call.Locale, Code: code, Phrase: words,
	})
	return answer(call, t, code, words), err
}

type phoneTokenParams struct {
	UserID api.NewID `param:"userId"`
	Phone  api.Phone `param:"phone"`
}

func (s *Service) createPhoneToken(ctx context.Context, call *api.Call, in phoneTokenParams) (model.Token, error) {
	number := string(in.Phone)
	code, mock := mockCode(call, number)
	if !mock && s.Texter == nil {
		return model.Token{}, apierr.PhoneDisabled
	}
	fresh := users.NewUser(string(in.UserID), call.Micros())
	fresh.SetPhone(number)
	find := func(tx store.Tx) (*users.User, error) { return s.Users.ByPhone(ctx, tx, number) }
	r, t, err := s.invite(ctx, call, users.PhoneToken, code, codeLife, find, fresh)
	if err != nil {
		return model.Token{}, err
	}
	if !mock {
		err = s.Texter.Text(ctx, call.Project, number, code, call.Locale)
	}
	// The contract wraps the code of a phone as if it were a session's cookie.
	return answer(call, t, token.Cookie{UserID: r.ID, Secret: code}.Encode(), ""), err
}

// mockCode returns the code for a number: a random one, or the one that the
// project has fixed for a number of its tests.
func mockCode(call *api.Call, number string) (code string, mock bool) {
	for _, m := range call.Project.Auths.MockNumbers {
		if m.Phone == number {
			return m.OTP, true
		}
	}
	return token.NewCode(digits), false
}

func (s *Service) tokens() []api.Endpoint {
	audit := api.Audit{Event: "session.create", Resource: "user/{userId}"}
	toEmail := []string{"url:{url},email:{param-email}", "url:{url},ip:{ip}"}
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "account.createMagicURLToken", Method: "POST", Path: "/v1/account/tokens/magic-url", Aliases: []string{"/v1/account/sessions/magic-url"},
			Status: 201, Model: "token", Summary: "Send a link that signs in to an e-mail address.",
			Auth: anyone, Scopes: []string{"sessions.write"}, Rules: api.Rules{AuthMethod: "usersAuthMagicURL"}, Audit: audit,
			Limit: api.Limit{N: 60, Keys: toEmail},
		}, s.createMagicURLToken),
		api.New(api.Spec{
			Name: "account.createEmailToken", Method: "POST", Path: "/v1/account/tokens/email",
			Status: 201, Model: "token", Summary: "Send a code that signs in to an e-mail address.",
			Auth: anyone, Scopes: []string{"sessions.write"}, Rules: api.Rules{AuthMethod: "emailOtp"}, Audit: audit,
			Limit: api.Limit{N: 10, Keys: toEmail},
		}, s.createEmailToken),
		api.New(api.Spec{
			Name: "account.createPhoneToken", Method: "POST", Path: "/v1/account/tokens/phone", Aliases: []string{"/v1/account/sessions/phone"},
			Status: 201, Model: "token", Summary: "Send a code that signs in to a phone.",
			Auth: anyone, Scopes: []string{"sessions.write"}, Rules: api.Rules{AuthMethod: "phone"}, Audit: audit,
			Limit: api.Limit{N: 10, Keys: []string{"url:{url},phone:{param-phone}", "url:{url},ip:{ip}"}},
		}, s.createPhoneToken),
	}
}
