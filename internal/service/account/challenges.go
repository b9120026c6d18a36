package account

import (
	"context"
	"errors"
	"slices"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/users"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/token"
	"moorfast/internal/vault"
)

type challengeParams struct {
	Factor string `param:"factor" oneof:"email,phone,totp,recoveryCode,custom" fold:"true"`
}

// createChallenge asks the caller for a factor, and sends the code of it where
// it is one that is sent.
func (s *Service) createChallenge(ctx context.Context, call *api.Call, in challengeParams) (model.MFAChallenge, error) {
	if !allowed(call, in.Factor) {
		return model.MFAChallenge{}, apierr.UserAuthMethodUnsupported.Detail("The requested factor is disabled by the MFA factors policy")
	}
	r, err := s.myself(ctx, call)
	if err != nil {
		return model.MFAChallenge{}, err
	}
	c := &users.Challenge{
		ID: call.NewID(), UserID: r.ID, Factor: in.Factor,
		CreatedAt: call.Micros(), UpdatedAt: call.Micros(), ExpiresAt: call.Now().Add(linkLife).UnixMicro(),
	}
	code := token.NewCode(digits)
	deliver, err := s.delivery(call, r, in.Factor, code)
	if err != nil {
		return model.MFAChallenge{}, err
	}
	if deliver != nil {
		c.Code = vault.Hide(code)
	}
	_, err = api.Write(ctx, call, func(tx store.Tx) (api.None, error) { return api.None{}, s.Users.Ask(ctx, tx, c) })
	if err == nil && deliver != nil {
		err = deliver(ctx)
	}
	return c.Model(), err
}

func allowed(call *api.Call, factor string) bool {
	policy := call.Project.Auths.MFAFactors
	switch factor {
	case users.FactorTOTP:
		return policy.TOTP
	case users.FactorEmail:
		return policy.Email
	case users.FactorPhone:
		return policy.Phone
	case users.FactorCustom:
		return policy.Custom
	}
	return true
}

// delivery returns what brings a code to the user, or nil where the factor has
// a code already.
func (s *Service) delivery(call *api.Call, r *users.User, factor, code string) (func(context.Context) error, error) {
	switch factor {
	case users.FactorEmail:
		switch {
		case s.Mailer == nil:
			return nil, apierr.SMTPDisabled
		case r.Email == nil:
			return nil, apierr.UserEmailNotFound
		case !r.EmailVerified:
			return nil, apierr.UserEmailNotVerified
		}
		return func(ctx context.Context) error {
			return s.Mailer.Send(ctx, call.Project, Mail{Kind: ChallengeMail, To: r.EmailText(), Name: r.Name, Locale: call.Locale, Code: code})
		}, nil
	case users.FactorPhone:
		switch {
		case s.Texter == nil:
			return nil, apierr.PhoneDisabled
		case r.Phone == nil:
			return nil, apierr.UserPhoneNotFound
		case !r.PhoneVerified:
			return nil, apierr.UserPhoneNotVerified
		}
		return func(ctx context.Context) error {
			return s.Texter.Text(ctx, call.Project, r.PhoneText(), code, call.Locale)
		}, nil
	case users.FactorCustom:
		// The app's own server reads the code and delivers it.
		return func(context.Context) error { return nil }, nil
	}
	return nil, nil
}

type answerParams struct {
	ChallengeID string `param:"challengeId" max:"256"`
	OTP         string `param:"otp" max:"256"`
}

// updateChallenge takes the answer to a challenge; the factor then counts as
// proved, and as just proved, in the caller's session.
func (s *Service) updateChallenge(ctx context.Context, call *api.Call, in answerParams) (model.Session, error) {
	id, err := me(call)
	if err != nil {
		return model.Session{}, err
	}
	out, err := api.Write(ctx, call, func(tx store.Tx) (model.Session, error) {
		c, err := s.Users.Challenge(ctx, tx, id, in.ChallengeID)
		if err != nil {
			return model.Session{}, err
		}
		r, err := s.Users.Get(ctx, tx, id)
		if err != nil {
			return model.Session{}, err
		}
		if err := s.Users.Answer(ctx, tx, r, c, in.OTP); err != nil {
			return model.Session{}, err
		}
		row, err := s.Users.Session(ctx, tx, id, call.Actor.SessionID)
		if err != nil {
			return model.Session{}, err
		}
		if !slices.Contains(row.Factors, c.Factor) {
			row.Factors = append(row.Factors, c.Factor)
		}
		row.ChallengedAt = call.Micros()
		err = s.Users.UpdateSession(ctx, tx, row, "factors", "challenged_at")
		return s.Users.Show(row, call.Locale, true, ""), err
	})
	if errors.Is(err, apierr.UserInvalidToken) {
		missed := api.Aside(ctx, call, func(tx store.Tx) error { return s.Users.MissChallenge(ctx, tx, in.ChallengeID) })
		err = errors.Join(missed, err)
	}
	return out, err
}
