package account

import (
	"context"
	"errors"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/users"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/token"
)

type recoveryParams struct {
	Email api.Email `param:"email"`
	URL   string    `param:"url" max:"2048" doc:"Page that the link in the mail leads to."`
}

func (s *Service) createRecovery(ctx context.Context, call *api.Call, in recoveryParams) (model.Token, error) {
	if err := call.CheckURL("url", in.URL); err != nil {
		return model.Token{}, err
	}
	if s.Mailer == nil {
		return model.Token{}, apierr.SMTPDisabled
	}
	secret := token.NewSecret()
	t := s.newToken(call, "", users.RecoveryToken, secret, linkLife)
	r, err := api.Write(ctx, call, func(tx store.Tx) (*users.User, error) {
		r, err := s.Users.ByEmail(ctx, tx, string(in.Email))
		switch {
		case err != nil:
			return nil, err
		case !r.Active:
			return nil, apierr.UserBlocked
		}
		t.UserID = r.ID
		call.Subject(r.ID, r.Name, r.EmailText())
		return r, s.Users.Issue(ctx, tx, t)
	})
	// Who asks the console for an address learns nothing about it (P-3).
	hide := (s.HideUnknown || call.Project.IsConsole()) && !call.Actor.Server()
	if hide && (errors.Is(err, apierr.UserNotFound) || errors.Is(err, apierr.UserBlocked)) {
		t.UserID = call.NewID()
		return t.Model("", ""), nil
	}
	if err != nil {
		return model.Token{}, err
	}
	err = s.Mailer.Send(ctx, call.Project, Mail{
		Kind: RecoveryMail, To: r.EmailText(), Name: r.Name, Locale: call.Locale,
		Link: link(in.URL, map[string]string{"userId": r.ID, "secret": secret, "expire": model.Time(t.ExpiresAt)}),
	})
	if hide {
		t.UserID = call.NewID() // or it would be the same each time, as it is for nobody
	}
	return answer(call, t, secret, ""), err
}

type updateRecoveryParams struct {
	UserID   api.ID       `param:"userId"`
	Secret   string       `param:"secret" max:"256"`
	Password api.Password `param:"password"`
}

func (s *Service) updateRecovery(ctx context.Context, call *api.Call, in updateRecoveryParams) (model.Token, error) {
	userID := string(in.UserID)
	r, err := api.Read(ctx, call, func(tx store.Tx) (*users.User, error) {
		r, err := s.Users.Get(ctx, tx, userID)
		if err != nil {
			return nil, err
		}
		_, err = s.Users.Holds(ctx, tx, userID, in.Secret, users.RecoveryToken)
		return r, err
	})
	if err != nil {
		return model.Token{}, err
	}
	hash, err := s.Passwords.New(ctx, call.Project.Auths, string(in.Password), r)
	if err != nil {
		return model.Token{}, err
	}
	return s.redeem(ctx, call, userID, in.Secret, users.RecoveryToken, func(tx store.Tx, r *users.User) error {
		r.EmailVerified = true // the link was in a mail to it
		if err := s.Users.Update(ctx, tx, r, "email_verification"); err != nil {
			return err
		}
		return s.Users.ChangePassword(ctx, tx, call.Project.Auths, r, hash, "")
	})
}

// redeem uses a token of a user for what fn does.
func (s *Service) redeem(ctx context.Context, call *api.Call, userID, secret string, kind users.TokenKind, fn func(store.Tx, *users.User) error) (model.Token, error) {
	t, err := api.Write(ctx, call, func(tx store.Tx) (*users.Token, error) {
		r, err := s.Users.Get(ctx, tx, userID)
		if err != nil {
			return nil, err
		}
		t, err := s.Users.Redeem(ctx, tx, userID, secret, kind)
		if err != nil {
			return nil, err
		}
		return t, fn(tx, r)
	})
	if errors.Is(err, apierr.UserInvalidToken) {
		err = errors.Join(s.miss(ctx, call, userID), err)
	}
	if err != nil {
		return model.Token{}, err
	}
	return answer(call, t, secret, ""), nil
}

type verificationParams struct {
	URL string `param:"url" max:"2048" doc:"Page that the link in the mail leads to."`
}

func (s *Service) createEmailVerification(ctx context.Context, call *api.Call, in verificationParams) (model.Token, error) {
	if err := call.CheckURL("url", in.URL); err != nil {
		return model.Token{}, err
	}
	if s.Mailer == nil {
		return model.Token{}, apierr.SMTPDisabled
	}
	r, err := s.myself(ctx, call)
	switch {
	case err != nil:
		return model.Token{}, err
	case r.Email == nil:
		return model.Token{}, apierr.UserEmailNotFound
	case r.EmailVerified:
		return model.Token{}, apierr.UserEmailAlreadyVerified
	}
	secret := token.NewSecret()
	t := s.newToken(call, r.ID, users.VerificationToken, secret, linkLife)
	if err := s.issue(ctx, call, t); err != nil {
		return model.Token{}, err
	}
	err = s.Mailer.Send(ctx, call.Project, Mail{
		Kind: VerificationMail, To: r.EmailText(), Name: r.Name, Locale: call.Locale,
		Link: link(in.URL, map[string]string{"userId": r.ID, "secret": secret, "expire": model.Time(t.ExpiresAt)}),
	})
	return answer(call, t, secret, ""), err
}

func (s *Service) issue(ctx context.Context, call *api.Call, t *users.Token) error {
	_, err := api.Write(ctx, call, func(tx store.Tx) (api.None, error) { return api.None{}, s.Users.Issue(ctx, tx, t) })
	return err
}

type confirmParams struct {
	UserID api.ID `param:"userId"`
	Secret string `param:"secret" max:"256"`
}

func (s *Service) updateEmailVerification(ctx context.Context, call *api.Call, in confirmParams) (model.Token, error) {
	return s.redeem(ctx, call, string(in.UserID), in.Secret, users.VerificationToken, func(tx store.Tx, r *users.User) error {
		r.EmailVerified = true
		return s.Users.Update(ctx, tx, r, "email_verification")
	})
}

func (s *Service) createPhoneVerification(ctx context.Context, call *api.Call, _ none) (model.Token, error) {
	r, err := s.myself(ctx, call)
	if err != nil {
		return model.Token{}, err
	}
	code, mock := mockCode(call, r.PhoneText())
	switch {
	case !mock && s.Texter == nil:
		return model.Token{}, apierr.PhoneDisabled
	case r.Phone == nil:
		return model.Token{}, apierr.UserPhoneNotFound
	case r.PhoneVerified:
		return model.Token{}, apierr.UserPhoneAlreadyVerified
	}
	t := s.newToken(call, r.ID, users.PhoneToken, code, linkLife)
	if err := s.issue(ctx, call, t); err != nil {
		return model.Token{}, err
	}
	if !mock {
		err = s.Texter.Text(ctx, call.Project, r.PhoneText(), code, call.Locale)
	}
	return answer(call, t, code, ""), err
}

func (s *Service) updatePhoneVerification(ctx context.Context, call *api.Call, in confirmParams) (model.Token, error) {
	return s.redeem(ctx, call, string(in.UserID), in.Secret, users.PhoneToken, func(tx store.Tx, r *users.User) error {
		r.PhoneVerified = true
		return s.Users.Update(ctx, tx, r, "phone_verification")
	})
}

func (s *Service) verifications() []api.Endpoint {
	const email, phone = "/v1/account/verifications/email", "/v1/account/verifications/phone"
	created := api.Audit{Event: "verification.create", Resource: "user/{user.$id}"}
	updated := api.Audit{Event: "verification.update", Resource: "user/{userId}"}
	perTarget := []string{"url:{url},userId:{param-userId}"}
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "account.createRecovery", Method: "POST", Path: "/v1/account/recovery", Status: 201, Model: "token",
			Summary: "Send a link that sets another password.",
			Auth:    anyone, Scopes: []string{"sessions.write"},
			Event: "users.[userId].recovery.[tokenId].create",
			Audit: api.Audit{Event: "recovery.create", Resource: "user/{response.userId}"},
			Limit: api.Limit{N: 10, Keys: []string{"url:{url},email:{param-email}", "url:{url},ip:{ip}"}},
		}, s.createRecovery),
		api.New(api.Spec{
			Name: "account.updateRecovery", Method: "PUT", Path: "/v1/account/recovery", Model: "token",
			Summary: "Set another password, with the secret of a recovery.",
			Rules:   api.Rules{Proof: api.OfUserID},
			Auth:    anyone, Scopes: []string{"sessions.write"},
			Event: "users.[userId].recovery.[tokenId].update",
			Audit: api.Audit{Event: "recovery.update", Resource: "user/{userId}"},
			Limit: api.Limit{N: 10, Keys: perTarget},
		}, s.updateRecovery),
		api.New(own(api.Spec{
			Name: "account.createEmailVerification", Methods: []string{"account.createVerification"}, Method: "POST",
			Path: email, Aliases: []string{"/v1/account/verification"}, Status: 201, Model: "token",
			Summary: "Send a link that verifies the user's e-mail address.",
			Event:   "users.[userId].verification.[tokenId].create", Audit: created,
			Limit: api.Limit{N: 10, Keys: perUser},
		}), s.createEmailVerification),
		api.New(api.Spec{
			Name: "account.updateEmailVerification", Methods: []string{"account.updateVerification"}, Method: "PUT",
			Path: email, Aliases: []string{"/v1/account/verification"}, Model: "token",
			Summary: "Verify an e-mail address, with the secret of its mail.",
			Rules:   api.Rules{Proof: api.OfUserID},
			Auth:    anyone, Scopes: []string{"public"},
			Event: "users.[userId].verification.[tokenId].update", Audit: updated,
			Limit: api.Limit{N: 10, Keys: perTarget},
		}, s.updateEmailVerification),
		api.New(own(api.Spec{
			Name: "account.createPhoneVerification", Method: "POST",
			Path: phone, Aliases: []string{"/v1/account/verification/phone"}, Status: 201, Model: "token",
			Summary: "Send a code that verifies the user's phone number.",
			Rules:   api.Rules{AuthMethod: "phone"},
			Event:   "users.[userId].verification.[tokenId].create", Audit: created,
			Limit: api.Limit{N: 10, Keys: []string{"url:{url},userId:{userId}", "url:{url},ip:{ip}"}},
		}), s.createPhoneVerification),
		api.New(api.Spec{
			Name: "account.updatePhoneVerification", Method: "PUT",
			Path: phone, Aliases: []string{"/v1/account/verification/phone"}, Model: "token",
			Summary: "Verify a phone number, with the code that was sent to it.",
			Rules:   api.Rules{Proof: api.OfUserID},
			Auth:    anyone, Scopes: []string{"public"},
			Event: "users.[userId].verification.[tokenId].update", Audit: updated,
			Limit: api.Limit{N: 10, Keys: []string{"userId:{param-userId}"}},
		}, s.updatePhoneVerification),
	}
}
