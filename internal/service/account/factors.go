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
)

type mfaParams struct {
	MFA bool `param:"mfa"`
}

// updateMFA switches a second factor on or off. The session that switches it on
// has what it needs to go on: the factors that are set up count as proved there.
func (s *Service) updateMFA(ctx context.Context, call *api.Call, in mfaParams) (model.Account, error) {
	if !in.MFA && call.Project.Auths.MinWithMFA > 0 {
		// The password may be one that is too short alone.
		return model.Account{}, apierr.AccessForbidden.Detail("The second factor of an account can be replaced here, and not given up.")
	}
	return s.change(ctx, call, func(tx store.Tx, r *users.User) error {
		r.MFA = in.MFA
		if err := s.Users.Update(ctx, tx, r, "mfa"); err != nil || !in.MFA {
			return err
		}
		has, err := s.Users.Factors(ctx, tx, r)
		if err != nil {
			return err
		}
		var proved []string
		for factor, on := range map[string]bool{users.FactorTOTP: has.TOTP, users.FactorEmail: has.Email, users.FactorPhone: has.Phone} {
			if on {
				proved = append(proved, factor)
			}
		}
		slices.Sort(proved)
		return s.addFactors(ctx, tx, call, proved...)
	})
}

// addFactors adds factors to the caller's session, where there is one.
func (s *Service) addFactors(ctx context.Context, tx store.Tx, call *api.Call, factors ...string) error {
	row, err := s.Users.Session(ctx, tx, call.Actor.UserID(), call.Actor.SessionID)
	if errors.Is(err, apierr.UserSessionNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range factors {
		if !slices.Contains(row.Factors, f) {
			row.Factors = append(row.Factors, f)
		}
	}
	return s.Users.UpdateSession(ctx, tx, row, "factors")
}

type authenticatorParams struct {
	Type string `param:"type" oneof:"totp" fold:"true"`
}

func (s *Service) createAuthenticator(ctx context.Context, call *api.Call, _ authenticatorParams) (model.MFAType, error) {
	id, err := me(call)
	if err != nil {
		return model.MFAType{}, err
	}
	secret := token.NewTOTP()
	_, err = api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		return api.None{}, s.Users.NewAuthenticator(ctx, tx, id, secret)
	})
	if err != nil {
		return model.MFAType{}, err
	}
	return model.MFAType{Secret: secret, URI: token.TOTPURI(secret, call.Project.Name, call.Actor.User.Email)}, nil
}

type verifyAuthenticatorParams struct {
	Type string `param:"type" oneof:"totp" fold:"true"`
	OTP  string `param:"otp" max:"256"`
}

func (s *Service) updateAuthenticator(ctx context.Context, call *api.Call, in verifyAuthenticatorParams) (model.Account, error) {
	return s.change(ctx, call, func(tx store.Tx, r *users.User) error {
		a, err := s.Users.Authenticator(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		if a.Verified {
			return apierr.UserAuthenticatorVerified
		}
		if err := s.Users.TakeCode(ctx, tx, a, in.OTP); err != nil {
			return err
		}
		return s.addFactors(ctx, tx, call, users.FactorTOTP)
	})
}

func (s *Service) deleteAuthenticator(ctx context.Context, call *api.Call, _ authenticatorParams) (api.None, error) {
	id, err := me(call)
	if err != nil {
		return api.None{}, err
	}
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		a, err := s.Users.Authenticator(ctx, tx, id)
		if err != nil {
			return api.None{}, err
		}
		return api.None{}, s.Users.DeleteAuthenticator(ctx, tx, a)
	})
}

func (s *Service) listFactors(ctx context.Context, call *api.Call, _ none) (model.MFAFactors, error) {
	id, err := me(call)
	if err != nil {
		return model.MFAFactors{}, err
	}
	return api.Read(ctx, call, func(tx store.Tx) (model.MFAFactors, error) {
		r, err := s.Users.Get(ctx, tx, id)
		if err != nil {
			return model.MFAFactors{}, err
		}
		f, err := s.Users.Factors(ctx, tx, r)
		return f.Model(call.Project.Auths.MFAFactors.Custom), err
	})
}

func (s *Service) getRecoveryCodes(ctx context.Context, call *api.Call, _ none) (model.MFARecoveryCodes, error) {
	r, err := s.myself(ctx, call)
	if err != nil {
		return model.MFARecoveryCodes{}, err
	}
	return r.CodesModel()
}

func (s *Service) createRecoveryCodes(ctx context.Context, call *api.Call, _ none) (model.MFARecoveryCodes, error) {
	return s.newCodes(ctx, call, func(had int) error {
		if had > 0 {
			return apierr.UserRecoveryCodesExist
		}
		return nil
	})
}

func (s *Service) updateRecoveryCodes(ctx context.Context, call *api.Call, _ none) (model.MFARecoveryCodes, error) {
	return s.newCodes(ctx, call, func(had int) error {
		if had == 0 {
			return apierr.UserRecoveryCodesNotFound
		}
		return nil
	})
}

func (s *Service) newCodes(ctx context.Context, call *api.Call, may func(had int) error) (model.MFARecoveryCodes, error) {
	id, err := me(call)
	if err != nil {
		return model.MFARecoveryCodes{}, err
	}
	return api.Write(ctx, call, func(tx store.Tx) (model.MFARecoveryCodes, error) {
		r, err := s.Users.Get(ctx, tx, id)
		if err != nil {
			return model.MFARecoveryCodes{}, err
		}
		had, err := r.Codes()
		if err != nil {
			return model.MFARecoveryCodes{}, err
		}
		if err := may(len(had)); err != nil {
			return model.MFARecoveryCodes{}, err
		}
		codes, err := s.Users.NewCodes(ctx, tx, r)
		return model.MFARecoveryCodes{RecoveryCodes: codes}, err
	})
}
